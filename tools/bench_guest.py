# SPDX-License-Identifier: MIT
"""The machines of the benchmark: Exo-OS and a Linux guest, with the same QEMU, the
same process 1 (tests/bench/guest/init.c) and the same program. Nothing comes from
outside while they run, so under the instruction clock each run is the same.

Linux is Debian's cloud kernel, fetched by apt by its name (never installed). What
it measures under the instruction clock is kept in build/bench by kernel, QEMU and
programs, because it cannot change.
"""
import hashlib
import io
import json
import os
import re
import subprocess
from typing import List, NamedTuple, Optional, Sequence

import mkinitrd
import package
import qemu

OUT = os.path.join(qemu.ROOT, "build/bench")
META = "linux-image-cloud-amd64"  # Debian's name for the newest such kernel
IMAGE = re.compile(r"linux-image-(\S+-cloud-amd64)_(\S+)_amd64\.deb")
LIMIT_S = 1200.0
WORDS_MAX = 30   # of a boot line, in both kernels
MEM_MIB = 1024  # with less than 512 Linux turns its large pages off


class GuestError(Exception):
    """There is no such guest here, or it failed: what to tell the user."""


class Guest(NamedTuple):
    name: str     # Exo-OS; Linux 6.1.0-56-cloud-amd64 (6.1.192-2)
    key: str      # of its files in build/bench
    kernel: str
    line: str     # its own words of the boot line


EXO = Guest("Exo-OS", "exo", os.path.join(qemu.ROOT, "build/release/exo.elf"), "init=/init panic=exit")


def linux() -> Guest:
    """The kernel's image below build/bench; apt is asked only when there is none."""
    note = os.path.join(OUT, "linux-kernel")
    try:
        with open(note) as f:
            known = Guest(*f.read().splitlines())
        if os.path.exists(known.kernel):
            return known
    except (OSError, TypeError):
        pass
    os.makedirs(OUT, exist_ok=True)
    try:
        apt = package.Apt()
        debs = apt.or_update(lambda: apt.resolve([META]))
        found = next((m for m in map(IMAGE.fullmatch, debs) if m), None)
        if found is None:
            raise GuestError(f"{META} names no kernel of that kind")
        release = found.group(1)
        path = os.path.join(OUT, f"vmlinuz-{release}")
        package.one_file(f"linux-image-{release}", f"/boot/vmlinuz-{release}", path)
    except (package.PackageError, OSError, subprocess.CalledProcessError) as e:
        raise GuestError(f"apt gives no {META} (a package of Debian): {str(e).splitlines()[-1]}") from None
    known = Guest(f"Linux {release} ({found.group(2)})", f"linux-{release}", path,
                  "console=ttyS0 mitigations=off tsc=reliable panic=-1 rdinit=/init")
    with open(note, "w") as f:
        f.write("\n".join(known) + "\n")
    return known


def _initrd() -> bytes:
    out = io.BytesIO()
    w = mkinitrd.Writer(out)
    for name in ("init", "bench"):
        with open(os.path.join(OUT, name), "rb") as f:
            w.file("/" + name, f.read(), 0o755)
    w.dir("/dev")
    w.node("/dev/console", 0o600, "c", 5, 1)
    w.finish()
    return out.getvalue()


def _command(guest: Guest, words: Sequence[str], smp: int, icount: bool) -> List[str]:
    clock = qemu.icount_args() if icount else ["-accel", "tcg", "-cpu", "max"]
    return [qemu.QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-M", "pc",
            "-m", f"{MEM_MIB}M", "-smp", str(smp), "-kernel", guest.kernel,
            "-initrd", path_of(guest, "cpio"), "-append", " ".join([guest.line, "--", *words]),
            "-serial", f"file:{path_of(guest, 'log')}", "-serial", f"file:{path_of(guest, 'out')}",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *clock]


def path_of(guest: Guest, end: str) -> str:
    """A file of the guest's last run: log (its kernel's), out (its program's)."""
    return os.path.join(OUT, f"{guest.key}.{end}")


def boot(guest: Guest, words: Sequence[str], smp: int = 1, icount: bool = True,
         more: Sequence[str] = ()) -> List[dict]:
    """The lines of init and of `bench WORDS...`, from one boot of the guest."""
    if len(words) > WORDS_MAX:
        raise GuestError(f"at most {WORDS_MAX} rows, or all")
    with open(path_of(guest, "cpio"), "wb") as f:
        f.write(_initrd())
    cmd = qemu.die_with_us([*_command(guest, words, smp, icount), *more])
    try:
        status = subprocess.run(cmd, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False).returncode
    except subprocess.TimeoutExpired:
        raise GuestError(f"{guest.name} ran for {LIMIT_S:g} s without an end; see {path_of(guest, 'log')}") from None
    with open(path_of(guest, "out"), errors="replace") as f:
        text = f.read()
    try:
        lines = [json.loads(line) for line in text.splitlines()]
    except ValueError:
        lines = []
    if status not in (0, qemu.OFF_STATUS) or not lines or lines[-1] != {"name": "end", "status": 0}:
        raise GuestError(f"{guest.name} did not end well (QEMU's status {status}); "
                         f"see {path_of(guest, 'log')} and {path_of(guest, 'out')}")
    return lines[:-1]


def _digest(words: Sequence[str]) -> str:
    h = hashlib.sha256(" ".join([str(qemu.version()), str(MEM_MIB), *qemu.icount_args(), *words]).encode())
    for name in ("init", "bench"):
        with open(os.path.join(OUT, name), "rb") as f:
            h.update(f.read())
    return h.hexdigest()[:16]


def measured(guest: Guest, rows: Sequence[str], fresh: bool = False) -> List[dict]:
    """boot() under the instruction clock, or what it said the last time."""
    path = os.path.join(OUT, f"{guest.key}-{_digest([guest.line, *rows])}.jsonl")
    text: Optional[str] = None
    if not fresh and os.path.exists(path):
        with open(path) as f:
            text = f.read()
    if text is None:
        text = "".join(json.dumps(line) + "\n" for line in boot(guest, rows))
        with open(path + ".part", "w") as f:
            f.write(text)
        os.replace(path + ".part", path)
    return [json.loads(line) for line in text.splitlines()]
