#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes and reads initrd archives (cpio "newc", as Linux's initramfs).

Needs no root: owners, modes and device nodes exist only in the archive. Equal
input gives equal bytes: names are sorted by the caller's order, inode numbers
count up, times come from SOURCE_DATE_EPOCH (0 without it) unless a file keeps
its own. Archives may be concatenated: each ends with its own trailer, padded
to 512 bytes, and a later entry replaces an earlier one of the same name.

The guest tree is merged as Debian's is: /bin, /sbin, /lib, /lib64 are links
into /usr, and `guest_path` puts names of either style below /usr.

    mkinitrd.py -o OUT [--busybox FILE] [--tree DIR:GUEST]... [--file HOST:GUEST[:MODE]]...
                [--dir GUEST[:MODE]]... [--link GUEST:TARGET]... [--node GUEST:MODE:c|b:MAJ:MIN]...
    mkinitrd.py --list ARCHIVE
"""
import os
import stat
import struct
import sys
from typing import BinaryIO, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

MAGIC = b"070701"
TRAILER = "TRAILER!!!"
HEADER_LEN = 110
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
MAX_FILE = 0xFFFFFFFF  # newc has 32-bit sizes


def source_date_epoch() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH", "0"))


def guest_path(path: str) -> str:
    """The archive name of an absolute or relative guest path: no leading slash,
    no "." or "..", and /bin/x as usr/bin/x. The root itself is "."."""
    parts = [p for p in path.split("/") if p not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"{path}: '..' in a guest path")
    if len(parts) > 1 and parts[0] in MERGED:
        parts.insert(0, "usr")
    return "/".join(parts) or "."


class Writer:
    """Writes one archive. Parents that nobody added are made with mode 0755,
    because an unpacker need not invent them; those in `existing` are there
    already, from an archive before this one, and keep their modes."""

    def __init__(self, out: BinaryIO, mtime: Optional[int] = None,
                 existing: Iterable[str] = ()) -> None:
        self._out = out
        self._len = 0
        self._ino = 0
        self._dirs = {".", *existing}
        self.added: Set[str] = set()
        self.mtime = source_date_epoch() if mtime is None else mtime

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._len += len(data)

    def _pad(self, to: int) -> None:
        self._write(b"\0" * (-self._len % to))

    def _entry(self, name: str, mode: int, data: bytes = b"", *, mtime: Optional[int] = None,
               uid: int = 0, gid: int = 0, rdev: Tuple[int, int] = (0, 0),
               nlink: int = 1, ino: Optional[int] = None) -> None:
        if len(data) > MAX_FILE:
            raise ValueError(f"{name}: too large for a cpio archive ({len(data)} bytes)")
        if ino is None:
            self._ino += 1
            ino = self._ino
        self.added.add(name)
        raw = name.encode("utf-8", "surrogateescape") + b"\0"
        fields = (ino, mode, uid, gid, nlink, self.mtime if mtime is None else mtime,
                  len(data), 0, 0, rdev[0], rdev[1], len(raw), 0)
        self._write(MAGIC + b"".join(b"%08X" % (f & 0xFFFFFFFF) for f in fields) + raw)
        self._pad(4)
        if data:
            self._write(data)
            self._pad(4)

    def _parents(self, name: str) -> None:
        parent = os.path.dirname(name)
        if parent and parent not in self._dirs:
            self.dir(parent)

    def dir(self, path: str, mode: int = 0o755, **kw: int) -> None:
        name = guest_path(path)
        if name in MERGED:  # the image has a link of that name; a directory would hide it
            name = "usr/" + name
        self._parents(name)
        self._dirs.add(name)
        self._entry(name, stat.S_IFDIR | mode, nlink=2, **kw)

    def file(self, path: str, data: bytes, mode: int = 0o644, **kw: int) -> None:
        name = guest_path(path)
        self._parents(name)
        self._entry(name, stat.S_IFREG | mode, data, **kw)

    def symlink(self, path: str, target: str, **kw: int) -> None:
        name = guest_path(path)
        self._parents(name)
        self._entry(name, stat.S_IFLNK | 0o777,
                    target.encode("utf-8", "surrogateescape"), **kw)

    def node(self, path: str, mode: int, kind: str, major: int, minor: int) -> None:
        name = guest_path(path)
        self._parents(name)
        fmt = stat.S_IFCHR if kind == "c" else stat.S_IFBLK
        self._entry(name, fmt | mode, rdev=(major, minor))

    def hardlinks(self, paths: List[str], data: bytes, mode: int = 0o644, **kw: int) -> None:
        """One file under several names. newc repeats the header with the same
        inode number; the data comes with the last."""
        names = [guest_path(p) for p in paths]
        for name in names:
            self._parents(name)
        self._ino += 1
        ino = self._ino
        for name in names[:-1]:
            self._entry(name, stat.S_IFREG | mode, ino=ino, nlink=len(names), **kw)
        self._entry(names[-1], stat.S_IFREG | mode, data, ino=ino, nlink=len(names), **kw)

    def tree(self, host: str, guest: str, keep_times: bool = False) -> None:
        """The folder or file `host` as `guest`, owned by root. Sockets and FIFOs
        have no meaning in an image and are refused by name."""
        info = os.lstat(host) if os.path.islink(host) else os.stat(host)
        mode = stat.S_IMODE(info.st_mode)
        kw = {"mtime": int(info.st_mtime)} if keep_times else {}
        if stat.S_ISLNK(info.st_mode):
            self.symlink(guest, os.readlink(host), **kw)
        elif stat.S_ISDIR(info.st_mode):
            if guest_path(guest) != ".":
                self.dir(guest, mode, **kw)
            for name in sorted(os.listdir(host)):
                self.tree(os.path.join(host, name), guest.rstrip("/") + "/" + name, keep_times)
        elif stat.S_ISREG(info.st_mode):
            with open(host, "rb") as f:
                self.file(guest, f.read(), mode, **kw)
        else:
            raise ValueError(f"{host}: neither a file, a folder nor a link")

    def finish(self) -> None:
        self._entry(TRAILER, 0, mtime=0, ino=0)
        # One block over whole pages: qemu.py (concatenate) says why.
        self._write(b"\0" * ((512 - self._len) % 4096))


class Entry(NamedTuple):
    name: str
    mode: int
    mtime: int
    ino: int
    nlink: int
    rdev: Tuple[int, int]
    data: bytes


class BadArchive(Exception):
    pass


def entries(buf: bytes) -> Iterator[Entry]:
    """The entries of one or more concatenated archives."""
    at = 0
    view = memoryview(buf)
    while at < len(buf):
        if buf[at] == 0:  # padding between archives
            at += 1
            continue
        head = buf[at:at + HEADER_LEN]
        if len(head) < HEADER_LEN or head[:6] != MAGIC:
            raise BadArchive(f"no cpio header at offset {at}")
        try:
            (ino, mode, _uid, _gid, nlink, mtime, size, _, _, rmaj, rmin, namelen,
             _check) = (int(head[i:i + 8], 16) for i in range(6, HEADER_LEN, 8))
        except ValueError:
            raise BadArchive(f"bad number in the header at offset {at}") from None
        name_at = at + HEADER_LEN
        data_at = (name_at + namelen + 3) & ~3
        end = data_at + size
        if end > len(buf) or namelen == 0:
            raise BadArchive(f"entry at offset {at} is cut short")
        name = bytes(view[name_at:name_at + namelen - 1]).decode("utf-8", "surrogateescape")
        at = (end + 3) & ~3
        if name != TRAILER:
            yield Entry(name, mode, mtime, ino, nlink, (rmaj, rmin), bytes(view[data_at:end]))


def names(path: str) -> Dict[str, int]:
    """Name -> mode of every entry, without reading the files' bodies."""
    found: Dict[str, int] = {}
    with open(path, "rb") as f:
        buf = f.read()
    at = buf.find(MAGIC)
    while at >= 0:
        size, namelen = int(buf[at + 54:at + 62], 16), int(buf[at + 94:at + 102], 16)
        name_at = at + HEADER_LEN
        name = buf[name_at:name_at + namelen - 1].decode("utf-8", "surrogateescape")
        at = ((name_at + namelen + 3) & ~3) + ((size + 3) & ~3)
        if name == TRAILER:
            at = buf.find(MAGIC, at)  # the next archive, after the padding
            continue
        found[name] = int(buf[name_at - HEADER_LEN + 14:name_at - HEADER_LEN + 22], 16)
    return found


def add_busybox(w: Writer, binary: str) -> None:
    """busybox as shipped, and a link for each applet, where busybox itself says
    they belong. /sbin/init is ours and `linuxrc` is not a command."""
    import subprocess
    with open(binary, "rb") as f:
        w.file("/bin/busybox", f.read(), 0o755)
    listing = subprocess.run([binary, "--list-full"], check=True, stdout=subprocess.PIPE)
    for applet in sorted(listing.stdout.decode().split()):
        if applet in ("sbin/init", "linuxrc", "bin/busybox"):
            continue
        name = guest_path(applet)
        up = "" if os.path.dirname(name) == "usr/bin" else "../bin/"
        w.symlink(name, up + "busybox")


def tzif_utc() -> bytes:
    """A time zone file (RFC 8536 section 3) that says UTC: no transitions, one
    type with offset 0, not daylight saving, named "UTC"."""
    counts = (0, 0, 0, 0, 1, len(b"UTC\0"))
    return struct.pack(">4s16x6I", b"TZif", *counts) + struct.pack(">iBB", 0, 0, 0) + b"UTC\0"


def base_dirs(w: Writer) -> None:
    """The skeleton that every image has (Filesystem Hierarchy Standard 3.0)."""
    for path in ("/dev", "/proc", "/sys", "/run", "/mnt", "/home", "/opt", "/srv", "/var",
                 "/var/log", "/var/lib", "/var/cache", "/var/spool", "/usr/bin", "/usr/sbin",
                 "/usr/lib", "/usr/lib64", "/usr/local/bin", "/usr/share", "/etc"):
        w.dir(path)
    for path, mode in (("/root", 0o700), ("/tmp", 0o1777), ("/var/tmp", 0o1777)):
        w.dir(path, mode)
    for name in ("bin", "sbin", "lib", "lib64"):
        w.symlink("/" + name, "usr/" + name)
    w.symlink("/var/run", "/run")
    w.symlink("/etc/mtab", "/proc/self/mounts")
    w.file("/etc/localtime", tzif_utc())
    # For a kernel without devtmpfs; one that has it covers these.
    for name, mode, major, minor in (("console", 0o600, 5, 1), ("tty", 0o666, 5, 0),
                                     ("null", 0o666, 1, 3), ("zero", 0o666, 1, 5),
                                     ("full", 0o666, 1, 7), ("random", 0o666, 1, 8),
                                     ("urandom", 0o666, 1, 9), ("ttyS0", 0o660, 4, 64),
                                     ("ttyS1", 0o660, 4, 65)):
        w.node("/dev/" + name, mode, "c", major, minor)


def main(argv: List[str]) -> int:
    import argparse
    p = argparse.ArgumentParser(description="make or list an initrd archive (cpio newc)")
    p.add_argument("-o", "--output")
    p.add_argument("--base", action="store_true", help="the empty tree: folders, links, nodes")
    p.add_argument("--busybox", metavar="FILE", help="busybox and a link for each applet")
    p.add_argument("--tree", action="append", default=[], metavar="HOST:GUEST")
    p.add_argument("--file", action="append", default=[], metavar="HOST:GUEST[:MODE]")
    p.add_argument("--dir", action="append", default=[], metavar="GUEST[:MODE]")
    p.add_argument("--link", action="append", default=[], metavar="GUEST:TARGET")
    p.add_argument("--node", action="append", default=[], metavar="GUEST:MODE:c|b:MAJOR:MINOR")
    p.add_argument("--list", metavar="ARCHIVE", help="print the names in an archive")
    a = p.parse_args(argv)
    if a.list:
        for name in names(a.list):
            print(name)
        return 0
    if not a.output:
        p.error("-o OUT or --list ARCHIVE")

    partial = a.output + ".part"
    with open(partial, "wb") as out:
        w = Writer(out)
        if a.base:
            base_dirs(w)
        for spec in a.dir:
            path, _, mode = spec.partition(":")
            w.dir(path, int(mode or "755", 8))
        if a.busybox:
            add_busybox(w, a.busybox)
        for spec in a.tree:
            host, _, guest = spec.rpartition(":")
            w.tree(host, guest)
        for spec in a.file:
            host, guest, *mode_text = spec.split(":")
            mode = int(mode_text[0], 8) if mode_text else stat.S_IMODE(os.stat(host).st_mode)
            with open(host, "rb") as f:
                w.file(guest, f.read(), mode)
        for spec in a.link:
            guest, _, target = spec.partition(":")
            w.symlink(guest, target)
        for spec in a.node:
            guest, mode, kind, major, minor = spec.split(":")
            w.node(guest, int(mode, 8), kind, int(major), int(minor))
        w.finish()
    os.replace(partial, a.output)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError, BadArchive) as e:
        sys.exit(f"mkinitrd: {e}")
