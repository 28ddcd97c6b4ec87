#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes build/exo.iso to a USB stick, after saying what the device is and asking.

    usb.py /dev/sdX [IMAGE]        what make usb DEV=/dev/sdX runs

Refused are what is no whole disk, not removable, in use (mounted, swap, part of
something else) or too small. The name has to be typed to go on; the stick is
read back and compared afterwards. Everything on it is lost.
"""
import os
import stat
import sys
from typing import BinaryIO, List, NamedTuple, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IMAGE = os.path.join(ROOT, "build/exo.iso")
CHUNK = 1 << 20


class Refused(Exception):
    """Why the device is not written to."""


class Disk(NamedTuple):
    name: str  # sdb
    size: int
    vendor: str
    model: str
    removable: bool
    bus: str   # "usb" or what else
    parts: List[str]

    def text(self) -> str:
        what = " ".join(w for w in (self.vendor, self.model) if w) or "a disk without a name"
        return (f"/dev/{self.name}: {what}, {self.size / 1e9:.1f} GB, on {self.bus}, "
                f"{len(self.parts)} partitions")


def _read(*path: str) -> str:
    try:
        with open(os.path.join(*path), encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def look(name: str, sys_root: str = "/sys") -> Disk:
    """The disk as /sys/block (Linux Documentation/ABI/stable/sysfs-block) shows it."""
    folder = os.path.join(sys_root, "block", name)
    if not os.path.isdir(folder):
        raise Refused(f"/dev/{name} is not a whole disk; a partition's disk is meant, such as /dev/sdb")
    place = os.path.realpath(os.path.join(folder, "device"))
    subsystem = os.path.join(folder, "device", "subsystem")
    bus = "usb" if "/usb" in place else \
        os.path.basename(os.path.realpath(subsystem)) if os.path.exists(subsystem) else "no bus"
    parts = sorted(n for n in os.listdir(folder) if os.path.exists(os.path.join(folder, n, "partition")))
    return Disk(name, int(_read(folder, "size") or 0) * 512, _read(folder, "device", "vendor"),
                _read(folder, "device", "model"), _read(folder, "removable") == "1", bus, parts)


def users(disk: Disk, sys_root: str = "/sys", proc_root: str = "/proc") -> List[str]:
    """Who uses it or a part of it."""
    names = {disk.name, *disk.parts}
    out = []
    for line in _read(proc_root, "self/mounts").splitlines():
        device, where = (line.split() + ["", ""])[:2]
        if device.startswith("/dev/") and os.path.basename(os.path.realpath(device)) in names:
            out.append(f"{device} is mounted on {where}")
    for line in _read(proc_root, "swaps").splitlines()[1:]:
        if os.path.basename(line.split()[0]) in names:
            out.append(f"{line.split()[0]} is swap space")
    for name in sorted(names):
        for folder in (os.path.join(sys_root, "block", disk.name, "holders"),
                       os.path.join(sys_root, "block", disk.name, name, "holders")):
            if os.path.isdir(folder):
                out += [f"{holder} stands on {name}" for holder in sorted(os.listdir(folder))]
    return sorted(set(out))


def check(disk: Disk, image_len: int, in_use: List[str]) -> None:
    if not disk.removable and disk.bus != "usb":
        raise Refused(f"{disk.text()}: it is neither removable nor on USB")
    if in_use:
        raise Refused(f"{disk.text()}: {'; '.join(in_use)}")
    if disk.size < image_len:
        raise Refused(f"{disk.text()}: the image has {image_len / 1e6:.0f} MB and does not fit")


def same(a: BinaryIO, b: BinaryIO, length: int) -> bool:
    while length > 0:
        n = min(CHUNK, length)
        if a.read(n) != b.read(n):
            return False
        length -= n
    return True


def write(image: str, device: str) -> None:
    """Copies, waits until it is on the medium, and compares."""
    length = os.path.getsize(image)
    # O_EXCL on a block device fails while somebody else has it for himself.
    flags = os.O_RDWR | (os.O_EXCL if stat.S_ISBLK(os.stat(device).st_mode) else 0)
    with open(image, "rb") as src, open(os.open(device, flags), "r+b", buffering=0) as dst:
        while True:
            data = memoryview(src.read(CHUNK))
            if not data:
                break
            while data:
                data = data[dst.write(data):]
        os.fsync(dst.fileno())
        os.posix_fadvise(dst.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        src.seek(0)
        dst.seek(0)
        if not same(src, dst, length):
            raise Refused(f"{device} reads back other than it was written: the stick is broken")


def main(argv: Optional[List[str]] = None) -> int:
    args = sys.argv[1:] if argv is None else argv
    if len(args) not in (1, 2) or not args[0].startswith("/dev/"):
        print("usage: make usb DEV=/dev/sdX", file=sys.stderr)
        return 2
    device, image = args[0], args[1] if len(args) == 2 else IMAGE
    try:
        if not stat.S_ISBLK(os.stat(device).st_mode):
            raise Refused(f"{device} is not a disk")
        disk = look(os.path.basename(os.path.realpath(device)))
        check(disk, os.path.getsize(image), users(disk))
        print(disk.text())
        print(f"Everything on it will be lost. Type {disk.name} to write {os.path.relpath(image)} to it: ", end="",
              flush=True)
        if sys.stdin.readline().strip() != disk.name:
            raise Refused("nothing was written")
        write(image, device)
    except (OSError, Refused) as e:
        print(f"usb: {e}", file=sys.stderr)
        return 1
    print(f"{device} is ready: boot from it, on BIOS or UEFI (Secure Boot off)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
