# SPDX-License-Identifier: MIT
"""Plays a session with a program on a terminal: play.py PROGRAM [ARG...] reads the
script from standard input as JSON, a list of pairs [text awaited, keys then
typed]. What the terminal showed goes to standard output, at the end the
program's status. Status 1, with what was awaited, when something did not come.
It runs in Exo-OS as on Linux; the terminal is a pty of that system."""
import json
import os
import pty
import select
import signal
import sys
import time
from typing import List, Tuple

PATIENCE_S = 30.0  # for each text: the machine may be slow, nothing is measured


def spawn(argv: List[str]) -> Tuple[int, int]:
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", PS1="$ ", LC_ALL="C")
        try:
            os.execvp(argv[0], argv)
        except OSError as e:
            os.write(2, f"{argv[0]}: {e.strerror}\n".encode())
        os._exit(127)
    return pid, fd


class Terminal:
    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.seen = b""
        self.at = 0  # what is awaited stands at or after this

    def read_until(self, text: bytes) -> bool:
        """With b"": until the program has closed the terminal."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            at = self.seen.find(text, self.at) if text else -1
            if at >= 0:
                self.at = at + len(text)
                return True
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # EIO: the other side is closed
                data = b""
            if not data:
                return not text
            self.seen += data


def main() -> int:
    script = json.load(sys.stdin)
    pid, fd = spawn(sys.argv[1:])
    t = Terminal(fd)
    missed = None
    for awaited, keys in script + [["", ""]]:
        if not t.read_until(awaited.encode()):
            missed = awaited or "(the end)"
            break
        os.write(fd, keys.encode())
    if missed is not None:
        os.kill(pid, signal.SIGKILL)
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.stdout.buffer.write(t.seen)
    print(f"\n[status {status}]")
    if missed is not None:
        print(f"[never came: {missed!r}]")
        return 1
    return 0


sys.exit(main())
