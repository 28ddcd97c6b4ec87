#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's picture: a real session in `exo boot`, drawn as SVG.

    tools/session.py [-o tools/session.svg] [COMMAND...]

Boots the machine on a pseudo-terminal, types each COMMAND at its prompt as a person would, and
draws what the terminal shows in the end. Nothing in the picture is written by hand: a small
terminal (lines, cursor, erase, colours) turns the bytes into cells, and the cells into text.
"""
import argparse
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import List, Tuple
from xml.sax.saxutils import escape

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROWS, COLUMNS = 34, 96
PROMPT = re.compile(r"root@exo:\S*# $")
LIMIT_S = 60.0
COMMANDS = [
    "uname -srv; nproc; free -m | head -n 2",
    "for i in 1 2 3; do echo $i; done | sort -r | tr '\\n' ' '; echo",
    "find / -xdev | wc -l; awk -F: '$3 == 0 { print $1, $7 }' /etc/passwd",
    "sleep 100 | cat &",
    "jobs; kill %1",
    "ps | head -n 6",
    "dmesg | grep boot: | tail -n 1 | cut -c1-90",
    "echo \"naïve 日本語\" | tee /tmp/x; type cd vi",
]
COLOURS = ["#2e3440", "#bf616a", "#a3be8c", "#ebcb8b", "#81a1c1", "#b48ead", "#88c0d0", "#e5e9f0"]
BACK, FRONT = "#1d2129", "#d8dee9"
CELL_W, CELL_H, FONT_PX, EDGE = 8.4, 18, 14, 14

Cell = Tuple[str, str]  # character ("": the right half of a wide one), colour


class Terminal:
    """Rows of cells, and the cursor; what is written beyond the last row scrolls."""

    TOKEN = re.compile(r"\x1b\[([0-9;?]*)([@-~])|\x1b[()#].|\x1b.|[\s\S]")

    def __init__(self) -> None:
        self.cells: List[List[Cell]] = [[(" ", FRONT)] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.colour = FRONT
        self.rest = ""

    def feed(self, text: str) -> None:
        text = self.rest + text
        self.rest = ""
        if re.search(r"\x1b(\[[0-9;?]*)?$", text):  # a sequence cut in two
            at = text.rindex("\x1b")
            text, self.rest = text[:at], text[at:]
        for m in self.TOKEN.finditer(text):
            if m.group(2):
                self._control(m.group(2), [int(n) for n in re.findall(r"\d+", m.group(1))])
            elif m.group(0)[0] != "\x1b":
                self._character(m.group(0))

    def _newline(self) -> None:
        self.row += 1
        if self.row == ROWS:
            del self.cells[0]
            self.cells.append([(" ", FRONT)] * COLUMNS)
            self.row -= 1

    def _character(self, c: str) -> None:
        import unicodedata
        if c == "\n":
            self._newline()
        elif c == "\r":
            self.column = 0
        elif c == "\b":
            self.column = max(0, self.column - 1)
        elif c == "\t":
            self.column = min(COLUMNS - 1, (self.column // 8 + 1) * 8)
        elif c >= " ":
            width = 2 if unicodedata.east_asian_width(c) in "WF" else 1
            if self.column + width > COLUMNS:
                self.column = 0
                self._newline()
            self.cells[self.row][self.column] = (c, self.colour)
            if width == 2:
                self.cells[self.row][self.column + 1] = ("", self.colour)
            self.column += width

    def _control(self, final: str, n: List[int]) -> None:
        first = n[0] if n else 0
        if final == "A":
            self.row = max(0, self.row - max(1, first))
        elif final == "B":
            self.row = min(ROWS - 1, self.row + max(1, first))
        elif final == "C":
            self.column = min(COLUMNS - 1, self.column + max(1, first))
        elif final == "D":
            self.column = max(0, self.column - max(1, first))
        elif final == "H":
            self.row, self.column = (min(ROWS, max(1, first)) - 1,
                                     min(COLUMNS, max(1, n[1] if len(n) > 1 else 1)) - 1)
        elif final == "J":
            self._erase(self.column)
            for row in range(self.row + 1, ROWS):
                self.cells[row] = [(" ", FRONT)] * COLUMNS
        elif final == "K":
            self._erase(self.column)
        elif final == "m":
            for code in n or [0]:
                if 30 <= code <= 37:
                    self.colour = COLOURS[code - 30]
                elif code in (0, 39):
                    self.colour = FRONT

    def _erase(self, from_column: int) -> None:
        row = self.cells[self.row]
        row[from_column:] = [(" ", FRONT)] * (COLUMNS - from_column)

    def line(self, row: int) -> str:
        return "".join(c for c, _ in self.cells[row])


class Machine:
    """`exo boot` with this terminal as its console."""

    def __init__(self) -> None:
        self.terminal = Terminal()
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.proc = subprocess.Popen([os.path.join(ROOT, "tools/exo"), "boot", "--accel", "tcg", "--smp", "2"],
                                     stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
                                     start_new_session=True)
        os.close(theirs)

    def until_prompt(self) -> None:
        deadline = time.monotonic() + LIMIT_S
        quiet = False
        while not quiet or not PROMPT.search(self.terminal.line(self.terminal.row)[:self.terminal.column]):
            if time.monotonic() > deadline:
                sys.exit("session: no prompt; the last line: " + self.terminal.line(self.terminal.row))
            quiet = not select.select([self.fd], [], [], 0.5)[0]
            if not quiet:
                self.terminal.feed(self.decode(os.read(self.fd, 65536)))

    def run(self, command: str) -> None:
        os.write(self.fd, command.encode() + b"\r")
        time.sleep(0.3)
        self.until_prompt()

    def end(self) -> None:
        os.write(self.fd, b"poweroff\r")
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        self.proc.wait()


def spans(row: List[Cell]) -> List[Tuple[int, str, str]]:
    """(column, text, colour) of each piece; a wide character is one of its own."""
    out: List[Tuple[int, str, str]] = []
    for column, (c, colour) in enumerate(row):
        wide = column + 1 < len(row) and row[column + 1][0] == ""
        if c == "" or c == " " and (not out or out[-1][2] != colour):
            continue
        if out and out[-1][2] == colour and not wide and out[-1][0] + len(out[-1][1]) == column:
            out[-1] = (out[-1][0], out[-1][1] + c, colour)
        else:
            out.append((column, c, colour))
    return [(column, text.rstrip(), colour) for column, text, colour in out if text.strip()]


def draw(terminal: Terminal) -> str:
    rows = max(r + 1 for r in range(ROWS) if terminal.line(r).strip())
    width, height = COLUMNS * CELL_W + 2 * EDGE, rows * CELL_H + 2 * EDGE
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
           f'viewBox="0 0 {width:g} {height:g}">',
           "<!-- made by tools/session.py from a real run -->",
           f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>',
           f'<g font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="{FONT_PX}" '
           'xml:space="preserve">']
    for r in range(rows):
        y = EDGE + r * CELL_H + FONT_PX
        for column, text, colour in spans(terminal.cells[r]):
            prompt = re.match(r"root@exo:\S*#( |$)", text)
            if prompt:  # in a colour of its own
                out.append(_text(column, y, prompt.group(0).rstrip(), COLOURS[2]))
                column, text = column + prompt.end(), text[prompt.end():]
            if text:
                out.append(_text(column, y, text, colour))
    return "\n".join(out + ["</g>", "</svg>", ""])


def _text(column: int, y: int, text: str, colour: str) -> str:
    x = EDGE + column * CELL_W
    length = f' textLength="{len(text) * CELL_W:.1f}"' if text.isascii() else ""
    return f'<text x="{x:.1f}" y="{y}" fill="{colour}"{length}>{escape(text)}</text>'


def main() -> None:
    p = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    p.add_argument("-o", "--output", default=os.path.join(ROOT, "tools/session.svg"))
    p.add_argument("commands", nargs="*", metavar="COMMAND")
    a = p.parse_args()
    machine = Machine()
    machine.until_prompt()
    machine.terminal = Terminal()  # without the boot's own lines
    machine.terminal.feed("root@exo:~# ")
    for command in a.commands or COMMANDS:
        machine.run(command)
    terminal = machine.terminal
    with open(a.output, "w", encoding="utf-8") as f:
        f.write(draw(terminal))
    machine.end()


if __name__ == "__main__":
    main()
