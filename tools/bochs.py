#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""build/exo.iso in Bochs, which has its own opinion about CPUs, APICs, BIOS and
timers. COM1 is a terminal, so that what the guest says is read and the guest is
typed at; the screen is another one, which nobody looks at.

    tools/bochs.py            the console of COM1 at this terminal's output, until it ends
    tools/bochs.py --report   prints what `report` says in there (for tools/hardware)
"""
import argparse
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import tty
from typing import List

import qemu
from qemu import MachineError

BOCHS = "bochs-bin"
IMAGE = os.path.join(qemu.ROOT, "build/exo.iso")
SHARE = "/usr/share/bochs"
PROMPT = r"root@exo:~# "


class Machine:
    """Fields are plain and may be set one by one."""

    def __init__(self, image: str = IMAGE) -> None:
        self.image = image
        self.medium = "cd"  # or hd
        self.cpu = "corei7_skylake_x"  # x2APIC, XSAVE with AVX-512, SMEP, SMAP, INVPCID
        self.cpus = 1
        self.mem_mib = 256

    def config(self, com1: str, log: str) -> str:
        kind = "type=cdrom, status=inserted" if self.medium == "cd" else "type=disk, mode=volatile"
        return "\n".join([
            "config_interface: textconfig",
            "display_library: term",
            "vga: extension=none",  # that library has text only
            "sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy",
            f"romimage: file={SHARE}/BIOS-bochs-latest",
            f"vgaromimage: file={SHARE}/VGABIOS-lgpl-latest",
            # A slow CPU: firmware and GRUB wait for seconds, which then are fewer instructions.
            f"cpu: model={self.cpu}, count={self.cpus}, ips=20000000, reset_on_triple_fault=0, "
            "ignore_bad_msrs=0",
            f"memory: guest={self.mem_mib}, host={self.mem_mib}",
            "clock: sync=none, time0=1767225600",  # 2026-01-01
            "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
            f"ata0-master: {kind}, path={self.image}",
            f"boot: {'cdrom' if self.medium == 'cd' else 'disk'}",
            f"com1: enabled=1, mode=term, dev={com1}",
            f"log: {log}", "panic: action=fatal", "error: action=report", "info: action=ignore", "",
        ])


def there() -> bool:
    """Whether all of Bochs is installed: tools/setup --bochs."""
    done = subprocess.run(["sh", "-c", f"command -v {BOCHS}"], stdout=subprocess.DEVNULL)
    return not done.returncode and all(os.path.exists(f"{SHARE}/{f}")
                                       for f in ("BIOS-bochs-latest", "VGABIOS-lgpl-latest"))


class Session:
    """A running one; use as a context manager. `said`: all the text that came on COM1."""

    def __init__(self, m: Machine) -> None:
        if not there():
            raise MachineError("Bochs is not installed; run tools/setup --bochs")
        self.work = tempfile.TemporaryDirectory(prefix="exo-bochs.")
        self.said, self.raw = "", b""
        self.port, port = pty.openpty()
        self.screen, screen = pty.openpty()
        tty.setraw(port)  # nothing is echoed before Bochs has set it
        self.log_path = os.path.join(self.work.name, "log")
        path = os.path.join(self.work.name, "bochsrc")
        with open(path, "w", encoding="utf-8") as f:
            f.write(m.config(os.ttyname(port), self.log_path))
        # Debian's Bochs stands in its debugger at first.
        commands = os.path.join(self.work.name, "commands")
        with open(commands, "w", encoding="utf-8") as f:
            f.write("continue\n")
        self.proc = subprocess.Popen(
            qemu.die_with_us([BOCHS, "-q", "-f", path, "-rc", commands]), stdin=screen, stdout=screen, stderr=screen,
            start_new_session=True, cwd=self.work.name, env={**os.environ, "TERM": "xterm"})
        os.close(screen)
        self.own_port = port  # kept open: Bochs may open it late

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exc: object) -> None:
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        for fd in (self.port, self.own_port, self.screen):
            os.close(fd)
        self.work.cleanup()

    def pump(self, limit_s: float) -> bool:
        """What comes within that time at most. False: nothing."""
        new = b""
        for fd in select.select([self.port, self.screen], [], [], limit_s)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:  # Bochs has closed its end
                time.sleep(0.05)
                continue
            if fd == self.port:
                new += data
        self.raw += new
        if new:
            self.said = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[78=>])|\r", "", self.raw.decode("utf-8", "replace"))
        return bool(new)

    def wait(self, pattern: str, limit_s: float, key: str = "", start: int = 0) -> "re.Match[str]":
        """Until `said` from `start` on matches; `key` is typed each second while it does not."""
        deadline, typed = time.monotonic() + limit_s, time.monotonic()
        while True:
            found = re.compile(pattern, re.M).search(self.said, start)
            if found:
                return found
            if self.proc.poll() is not None and not self.pump(0):
                raise MachineError(f"Bochs ended with status {self.proc.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                raise MachineError(f"no {pattern!r} within {limit_s:g} s:\n{self.log()}")
            if key and time.monotonic() > typed + 1:
                self.type(key)
                typed = time.monotonic()
            self.pump(0.2)

    def type(self, text: str) -> None:
        os.write(self.port, text.encode())

    def type_slowly(self, text: str, limit_s: float) -> None:
        """Each character when the one before has been echoed: GRUB moves the cursor
        for each, and the port holds only 16 bytes meanwhile."""
        deadline = time.monotonic() + limit_s
        for c in text:
            had = len(self.raw)
            self.type(c)
            while len(self.raw) == had and time.monotonic() < deadline:
                self.pump(0.2)
            while self.pump(0.1):
                pass

    def to_prompt(self, limit_s: float, words: str = "") -> None:
        """Through the menu, or by GRUB's prompt with `words` on the boot line; then a shell
        that neither echoes nor edits takes the place of ours."""
        self.wait(r"highlighted", limit_s)
        if words:
            self.type("c")
            start = 0
            for line in (f"multiboot2 /boot/exo.elf {words}", "module2 /boot/initrd.cpio", "boot"):
                start = self.wait(r"^grub> ", limit_s, start=start).end()
                self.type_slowly(line + "\n", limit_s)
        self.wait(r"Exo-OS 0\.1", limit_s, key="" if words else "\n")
        self.wait(PROMPT, limit_s)
        self.type("stty -echo; exec busybox sh -c 'echo sh-$((6 * 7)); while read -r l; do eval \"$l\"; done'\n")
        self.wait(r"^sh-42$", limit_s)

    def run(self, command: str, limit_s: float) -> str:
        """A line at the prompt. Return: its output."""
        start = len(self.said)
        self.type(command + "; echo end-$((6 * 7))\n")
        end = self.wait(r"^end-42$", limit_s, start=start)
        return self.said[start:end.start()]

    def log(self) -> str:
        """The end of what Bochs and the guest say."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                own = f.read().splitlines()[-20:]
        except OSError:
            own = []
        return "\n".join(["Bochs:", *own, "COM1:", *self.said.splitlines()[-30:]])

    def complaints(self) -> List[str]:
        """Bochs' own lines on what the guest did that hardware would not like."""
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return [line.rstrip() for line in f if re.match(r"\d+[ep]\[", line)]


def main() -> int:
    p = argparse.ArgumentParser(description="build/exo.iso in Bochs")
    p.add_argument("--report", action="store_true")
    p.add_argument("--cpus", type=int, default=1)
    p.add_argument("--limit", type=float, default=600.0, metavar="SECONDS")
    a = p.parse_args()
    m = Machine()
    m.cpus = a.cpus
    deadline = time.monotonic() + a.limit
    try:
        with Session(m) as s:
            if a.report:
                s.to_prompt(a.limit)
                sys.stdout.write(s.run("report", a.limit).strip() + "\n")
                return 0
            while time.monotonic() < deadline and s.proc.poll() is None:
                had = len(s.said)
                s.pump(0.5)
                sys.stdout.write(s.said[had:])
                sys.stdout.flush()
    except MachineError as e:
        print(f"bochs: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
