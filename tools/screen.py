# SPDX-License-Identifier: MIT
"""A guest's screen and keyboard through QEMU's monitor: what is on the screen is
read back as text from the pixels, with the font that the kernel drew it with."""
import os
import socket
import tempfile
import time
from typing import Dict, List, Optional

import gen_font
import qemu

FONT = os.path.join(qemu.ROOT, "build/pkg/font.psf.gz")
_KEYS = {" ": "spc", "\n": "ret", "-": "minus", "=": "equal", ".": "dot", ",": "comma", "/": "slash",
         ";": "semicolon", "'": "apostrophe", "`": "grave_accent", "[": "bracket_left",
         "]": "bracket_right", "\\": "backslash", "\t": "tab", "\x1b": "esc", "\x7f": "backspace"}
_SHIFTED = dict(zip('!@#$%^&*()_+{}|:"~<>?', "1234567890-=[]\\;'`,./"))


def key_name(c: str) -> str:
    """What `sendkey` calls the key that gives `c` on a US keyboard."""
    if c in _SHIFTED:
        return "shift-" + key_name(_SHIFTED[c])
    if c.isupper():
        return "shift-" + c.lower()
    return _KEYS.get(c, c)


class Picture:
    """A binary PPM (Netpbm's ppm(5)), 8 bits a colour."""

    def __init__(self, data: bytes) -> None:
        magic, self.width, self.height, most, rest = self._header(data)
        if magic != b"P6" or most != 255:
            raise ValueError("not a binary PPM of 8 bits a colour")
        self.pixels = rest

    @staticmethod
    def _header(data: bytes):
        words = data.split(None, 4)
        skip = len(data) - 3 * int(words[1]) * int(words[2])
        return words[0], int(words[1]), int(words[2]), int(words[3]), data[skip:]

    def row_bits(self, x: int, y: int) -> int:
        """Of 8 pixels, a bit for each, set where it is bright."""
        at = 3 * (y * self.width + x)
        return sum(0x80 >> i for i in range(8) if sum(self.pixels[at + 3 * i:at + 3 * i + 3]) > 0x100)


class Reader:
    def __init__(self, font: str = FONT) -> None:
        with open(font, "rb") as f:
            parsed = gen_font.parse(f.read())
        self.chars: Dict[bytes, str] = {}
        for c, glyph in sorted(parsed.chars.items(), reverse=True):  # the lowest wins
            self.chars[parsed.glyphs[glyph]] = chr(c)

    def cell(self, picture: Picture, x: int, y: int) -> str:
        bits = bytes(picture.row_bits(8 * x, 16 * y + i) for i in range(16))
        if bits in self.chars:
            return self.chars[bits]
        return self.chars.get(bytes(255 - b for b in bits), "\N{REPLACEMENT CHARACTER}")  # reversed

    def text(self, picture: Picture) -> List[str]:
        return ["".join(self.cell(picture, x, y) for x in range(picture.width // 8)).rstrip()
                for y in range(picture.height // 16)]


class Monitor:
    """QEMU's human monitor on a socket; the arguments for QEMU are `args`."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="exo-screen.")
        self.path = os.path.join(self.folder.name, "monitor")
        self.args = ["-vga", "std", "-monitor", f"unix:{self.path},server=on,wait=off"]
        self.sock: Optional[socket.socket] = None
        self.reader = Reader()

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 10
        while True:
            try:
                self.sock.connect(self.path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self._answer()

    def close(self) -> None:
        if self.sock:
            self.sock.close()
        self.folder.cleanup()

    def _answer(self) -> str:
        assert self.sock
        data = b""
        while not data.endswith(b"(qemu) "):
            piece = self.sock.recv(65536)
            if not piece:
                raise qemu.MachineError("the machine is gone")
            data += piece
        return data.decode(errors="replace")

    def command(self, line: str) -> str:
        if not self.sock:
            self.connect()
        assert self.sock
        self.sock.sendall(line.encode() + b"\n")
        return self._answer()

    def type(self, text: str) -> None:
        for c in text:
            self.key(key_name(c))

    def key(self, name: str) -> None:
        self.command(f"sendkey {name} 20")
        time.sleep(0.06)  # QEMU releases it 20 ms later

    def picture(self) -> Picture:
        path = os.path.join(self.folder.name, "picture.ppm")
        self.command(f"screendump {path}")
        with open(path, "rb") as f:
            return Picture(f.read())

    def screen(self) -> List[str]:
        """The lines of a framebuffer's text."""
        return self.reader.text(self.picture())

    def vga_text(self) -> List[str]:
        """The lines of VGA's text memory."""
        words = [int(w, 16) for line in self.command("xp /2000hx 0xb8000").splitlines() if ":" in line
                 for w in line.split(":")[1].split()]
        text = bytes(w & 0xFF for w in words).decode("cp437")
        return [text[80 * y:80 * y + 80].rstrip() for y in range(len(text) // 80)]
