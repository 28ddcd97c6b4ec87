#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the inputs of the host tests: OUT/NAME/* is the corpus of the fuzz
entry NAME; OUT/gzip/X.gz with OUT/gzip/X.raw is for inflate_test.c.

    make_samples.py OUT
"""
import gzip
import os
import random
import struct
import sys
import zlib

OUT = sys.argv[1]
rnd = random.Random(1)


def put(kind, name, data):
    os.makedirs(os.path.join(OUT, kind), exist_ok=True)
    with open(os.path.join(OUT, kind, name), "wb") as f:
        f.write(data)


# ---- gzip ----

def member(raw, level=9, strategy=zlib.Z_DEFAULT_STRATEGY, flags=0, extra=b""):
    c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    body = c.compress(raw) + c.flush()
    head = struct.pack("<BBBBIBB", 0x1f, 0x8b, 8, flags, 0, 0, 3) + extra
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xffff)
    return head + body + struct.pack("<II", zlib.crc32(raw), len(raw) & 0xffffffff)


def gzip_samples():
    words = [bytes(rnd.randrange(97, 123) for _ in range(rnd.randrange(1, 9))) for _ in range(400)]
    text = b" ".join(rnd.choice(words) for _ in range(40000))
    noise = rnd.randbytes(100000)
    skewed = bytes(min(int(rnd.expovariate(0.15)), 255) for _ in range(200000))
    # Fibonacci frequencies make codes of 15 bits, longer than the fast table.
    fib, a, b = b"", 1, 1
    for i in range(22):
        fib += bytes([i]) * a
        a, b = b, a + b
    fib = bytes(rnd.sample(fib, len(fib)))
    far = noise[:32768] + noise[:32768] + b"x" + noise[:32768]
    all_header = 2 | 4 | 8 | 16
    extra = struct.pack("<H", 5) + b"extra" + b"name\0" + b"comment\0"
    cases = {
        "empty": (b"", member(b"")),
        "one": (b"x", member(b"x")),
        "text": (text, member(text)),
        "text1": (text, member(text, 1)),
        "stored": (noise, member(noise, 0)),
        "noise": (noise, member(noise)),
        "fixed": (text[:50000], member(text[:50000], 9, zlib.Z_FIXED)),
        "huffman": (skewed, member(skewed, 9, zlib.Z_HUFFMAN_ONLY)),
        "long_codes": (fib, member(fib, 9, zlib.Z_HUFFMAN_ONLY)),
        "rle": (b"ab" * 40000 + b"c" * 70000, member(b"ab" * 40000 + b"c" * 70000, 9)),
        "far": (far, member(far)),
        "header": (text[:1000], member(text[:1000], 9, flags=all_header, extra=extra)),
        "members": (text[:70000] + noise[:5], member(text[:70000]) + member(noise[:5], 0)),
        "trailing": (text[:777], member(text[:777]) + b"\0\0\0" + b"070701"),
        "gzip": (text[:5000], gzip.compress(text[:5000])),
    }
    for name, (raw, packed) in cases.items():
        put("gzip", name + ".gz", packed)
        put("gzip", name + ".raw", raw)
    for name in ("empty", "one", "header", "trailing", "gzip"):
        put("inflate", name, cases[name][1])
    put("inflate", "dynamic", member(text[:3000]))
    put("inflate", "stored", member(noise[:300], 0))


# ---- cpio ----

def entry(name, data=b"", mode=0o100644, ino=1, nlink=1, rdev=(0, 0)):
    n = name.encode() + b"\0"
    fields = [ino, mode, 0, 0, nlink, 1, len(data), 0, 0, rdev[0], rdev[1], len(n), 0]
    out = b"070701" + b"".join(b"%08X" % f for f in fields) + n
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)


def cpio_samples():
    tree = (entry(".", mode=0o40755, nlink=2) + entry("bin", mode=0o40755) +
            entry("bin/sh", b"busybox", 0o120777) + entry("a", b"hello", ino=7, nlink=2) +
            entry("b", ino=7, nlink=2) + entry("dev/null", mode=0o20666, rdev=(1, 3)))
    end = entry("TRAILER!!!", mode=0)
    put("cpio", "tree", tree + end)
    put("cpio", "two", tree + end + b"\0" * 301 + entry("c", b"xyz") + end + b"\0" * 64)
    put("cpio", "gzip_after", tree + end + b"\0" * 8 + gzip.compress(b"x"))
    put("cpio", "cut", (tree + end)[:-60])


# ---- ELF ----

def ehdr(kind, phnum, entry_va=0x401000):
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", kind, 62, 1, entry_va, 64, 0, 0,
                       64, 56, phnum, 64, 0, 0)


def phdr(kind, flags, off, va, filesz, memsz, align=0x1000):
    return struct.pack("<IIQQQQQQ", kind, flags, off, va, va, filesz, memsz, align)


def elf_samples():
    static = (phdr(1, 4, 0, 0x400000, 0x500, 0x500) + phdr(1, 5, 0x1000, 0x401000, 0x2000, 0x2000) +
              phdr(1, 6, 0x3e10, 0x404e10, 0x300, 0x900) + phdr(0x6474e551, 6, 0, 0, 0, 0, 16))
    put("elf", "static", ehdr(2, 4) + static)
    pie = (phdr(6, 4, 64, 64, 280, 280, 8) + phdr(3, 4, 0x200, 0x200, 28, 28, 1) +
           phdr(1, 5, 0, 0, 0x2000, 0x2000, 0x200000) + phdr(1, 6, 0x2000, 0x202000, 16, 0x4000) +
           phdr(0x6474e551, 7, 0, 0, 0, 0, 16))
    put("elf", "pie", ehdr(3, 5, 0x1100) + pie)
    for path in ("/bin/busybox", "/bin/true"):
        if os.path.exists(path):
            with open(path, "rb") as f:
                put("elf", os.path.basename(path), f.read(1024))


# ---- boot line ----

def bootline_samples():
    put("bootline", "plain", b"console=ttyS0 loglevel=7 quiet smp=2 mem=64M -- arg\0")
    put("bootline", "quotes", b' init="/bin/sh -c x" "a=b c" d="" "" =x e="open\tend')


# ---- PVH: the buffer is physical memory from 0, the start info lies at 0 ----

def pvh_samples():
    cmdline = b"loglevel=7 init=/bin/sh\0"
    mods = struct.pack("<QQQQ", 0x200, 64, 0, 0)
    maps = b"".join(struct.pack("<QQII", *e, 0) for e in (
        (0x100000, 0x7f00000, 1), (0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0xf0000, 0x10000, 2),
        (0xfffc0000, 0x40000, 2), (0x7fe0000, 0, 1)))
    for version in (0, 1):
        head = struct.pack("<IIIIQQQQII", 0x336ec578, version, 0, 1, 0x80, 0x60, 0xf5a00, 0xa0,
                           len(maps) // 24, 0)
        image = head.ljust(0x60, b"\0") + cmdline.ljust(0x20, b"\0") + mods + maps
        put("pvh", "v%d" % version, image.ljust(0x300, b"\0"))


gzip_samples()
cpio_samples()
elf_samples()
bootline_samples()
pvh_samples()
