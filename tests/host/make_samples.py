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


# ---- Multiboot2: the information at 0, one module behind it ----

def mb2_tag(kind, body):
    data = struct.pack("<II", kind, 8 + len(body)) + body
    return data + b"\0" * (-len(data) % 8)


def mb2_info(*tags):
    body = b"".join(tags) + mb2_tag(0, b"")
    return (struct.pack("<II", 8 + len(body), 0) + body).ljust(0x600, b"\0")


def mb2_samples():
    plain = struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", *e, 0) for e in (
        (0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0x100000, 0x7ee0000, 1), (0x7fe0000, 0x20000, 3)))
    efi = struct.pack("<II", 48, 1) + b"".join(struct.pack("<IIQQQQQ", t, 0, a, 0, n, attr, 0) for t, a, n, attr in (
        (3, 0, 1, 15), (7, 0x1000, 0x9f, 15), (7, 0x100000, 0x700, 15), (10, 0x800000, 8, 15),
        (2, 0x808000, 8, 15), (4, 0x810000, 0xf0, 15), (7, 0x900000, 0x1000, 15 | 1 << 18),
        (5, 0x1900000, 0x100, 15 | 1 << 63), (9, 0x1a00000, 0x10, 15), (8, 0x1a10000, 1, 15),
        (14, 0x100000000, 0x10, 15), (11, 0xfffc0000, 0x40, 1 << 63), (7, 0x1b00000, 1, 1)))
    words = mb2_tag(1, b"loglevel=7 init=/bin/sh\0")
    name = mb2_tag(2, b"GRUB 2.06\0")
    module = mb2_tag(3, struct.pack("<II", 0x500, 0x540) + b"initrd\0")
    rgb = struct.pack("<QIIIBBH6B", 0x80000000, 4096, 1024, 768, 32, 1, 0, 16, 8, 8, 8, 0, 8)
    text = struct.pack("<QIIIBBH", 0xb8000, 160, 80, 25, 16, 2, 0)
    rsdp = b"RSD PTR " + bytes(12)
    put("multiboot2", "bios", mb2_info(words, name, module, mb2_tag(6, plain), mb2_tag(8, text),
                                       mb2_tag(14, rsdp)))
    put("multiboot2", "efi", mb2_info(words, name, module, mb2_tag(6, plain), mb2_tag(17, efi),
                                      mb2_tag(8, rgb), mb2_tag(15, rsdp + bytes(16)),
                                      mb2_tag(14, rsdp), mb2_tag(99, b"what is this")))
    put("multiboot2", "empty", mb2_info())


def usb_samples():
    keyboard = bytes((9, 2, 34, 0, 1, 1, 8, 0xa0, 50, 9, 4, 0, 0, 1, 3, 1, 1, 0,
                      9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0, 7, 5, 0x81, 3, 8, 0, 10))
    hub = bytes((9, 2, 25, 0, 1, 1, 0, 0xe0, 0, 9, 4, 0, 0, 1, 9, 0, 0, 0, 7, 5, 0x81, 3, 2, 0, 255))
    put("usb", "keyboard", keyboard)
    put("usb", "hub", hub)
    put("usb", "reports", bytes((0, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 5, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1)))


# ---- terminal: two bytes of size, then what programs send ----

def term_samples():
    vi = ("\033[?1049h\033[1;25r\033[H\033[2J~\r\n~\033[24;1H\033[7m[No Name]\033[m\033[K\033[2;1H\033[L\033[M"
          "\033[3@\033[2P\033M\033D\033[?25l\033[?25h\033[6n\033[c\033[?1049l")
    colours = "".join(f"\033[{n}mx" for n in range(110)) + "\033[38;5;200m\033[48;2;1;2;3my\033[0m"
    odd = ("\033(0lqk\033(B\016\017\t\033H\033[g\033[3g\033[?6h\033[2;3r\033[99S\033[99TV\033#8\033c"
           "\u20ac\U0001f600\u0301")
    for name, text in (("vi", vi), ("colours", colours), ("odd", odd)):
        put("term", name, b"\x59\x0b" + text.encode())


# ---- ACPI: 1 KiB of low memory, then memory from 0xe0000 (see acpi_fuzz.c) ----

def summed(data, at):
    data = bytearray(data)
    data[at] = -sum(data) & 0xff
    return bytes(data)


def table(sig, body, rev=1):
    head = struct.pack("<4sIBB6s8sIII", sig, 36 + len(body), rev, 0, b"EXOOS ", b"SAMPLE  ", 1, 0, 1)
    return summed(head + body, 9)


def acpi_madt():
    body = struct.pack("<II", 0xfee00000, 1)
    for i in range(4):
        body += struct.pack("<BBBBI", 0, 8, i, i, 1 if i < 3 else 2)   # the last: online capable
    body += struct.pack("<BBBBI", 0, 8, 4, 4, 0)                       # not usable
    body += struct.pack("<BBHIII", 9, 16, 0, 300, 1, 300)
    body += struct.pack("<BBHIII", 9, 16, 0, 2, 1, 2)                  # as the local APIC 2
    body += struct.pack("<BBBBII", 1, 12, 5, 0, 0xfec00000, 0)
    body += struct.pack("<BBBBII", 1, 12, 6, 0, 0xfec01000, 24)
    body += struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)
    body += struct.pack("<BBBBIH", 2, 10, 0, 9, 9, 0xd)                # level, high
    body += struct.pack("<BBBBIH", 2, 10, 0, 5, 5, 0xf)                # level, low
    body += struct.pack("<BBHI", 3, 8, 0xf, 23)
    body += struct.pack("<BBBHB", 4, 6, 0xff, 0, 1)
    body += struct.pack("<BBHIBBBB", 10, 12, 5, 300, 1, 0, 0, 0)
    body += struct.pack("<BB6s", 0x7f, 8, b"vendor")                   # unknown
    return body


def acpi_srat():
    body = struct.pack("<IQ", 1, 0)
    for i in range(3):
        body += struct.pack("<BBBBIB3sI", 0, 16, i // 2, i, 1, 0, b"\0\0\0", 0)
    body += struct.pack("<BBHIIIII", 2, 24, 0, 0x10203, 300, 1, 0, 0)
    for dom, base, size, flags in ((0, 0, 0xa0000, 1), (0, 0x100000, 0x7ff00000, 1),
                                   (1, 0x100000000, 0x80000000, 1), (1, 0x200000000, 0x80000000, 3),
                                   (1, 0x300000000, 0x80000000, 0), (0, 0, 0, 1)):
        body += struct.pack("<BBIHQQIIQ", 1, 40, dom, 0, base, size, 0, flags, 0)
    return body


def gas(space, width, address):
    return struct.pack("<BBBBQ", space, width, 0, 0, address)


def acpi_fadt(dsdt, long_form):
    f = bytearray(268 - 36)

    def at(off, fmt, *v):
        struct.pack_into(fmt, f, off - 36, *v)
    at(40, "<I", dsdt)
    at(46, "<H", 9)
    at(48, "<I", 0xb2)
    at(52, "<B", 2)
    at(64, "<I", 0x604)
    at(76, "<I", 0x608)
    at(108, "<BH", 0x32, 2)
    at(112, "<I", 1 << 10 | 1 << 8)
    if not long_form:
        return bytes(f[:116 - 36])
    f[116 - 36:128 - 36] = gas(1, 8, 0xcf9)
    at(128, "<B", 0xf)
    at(140, "<Q", dsdt)
    f[172 - 36:184 - 36] = gas(1, 16, 0x604)
    f[244 - 36:256 - 36] = gas(0, 8, 0xfea00000)
    return bytes(f)


def acpi_image(xsdt, long_form=True):
    """RSDP at 0xe0010, the other tables behind it."""
    dsdt = table(b"DSDT", b"\x10\x20_SB_" + b"\x08_S4_\x12\x06\x04\x0a\x06\0\0\0" +
                 b"\x08_S5_\x12\x07\x04\x0a\x05\x0a\x07\0\0" + b"_S5_")
    base = 0xe0000
    image = bytearray(0x40)
    addr = {}

    def add(name, data):
        addr[name] = base + len(image)
        image.extend(data + b"\0" * (-len(data) % 16))
    add("DSDT", dsdt)
    add("FACP", table(b"FACP", acpi_fadt(addr["DSDT"], long_form), 6 if long_form else 1))
    add("SRAT", table(b"SRAT", acpi_srat(), 3))
    add("HPET", table(b"HPET", struct.pack("<I12sBHB", 0x8086a201, gas(0, 64, 0xfed00000), 0, 128, 0)))
    add("SLIT", table(b"SLIT", struct.pack("<Q4B", 2, 10, 20, 21, 10)))
    add("APIC", table(b"APIC", acpi_madt(), 5))
    add("ROOT", table(b"XSDT" if xsdt else b"RSDT", b"".join(
        struct.pack("<Q" if xsdt else "<I", addr[n]) for n in ("FACP", "SRAT", "HPET", "SLIT", "APIC"))))
    rsdp = struct.pack("<8sB6sBI", b"RSD PTR ", 0, b"EXOOS ", 2 if xsdt else 0, 0 if xsdt else addr["ROOT"])
    rsdp = summed(rsdp, 8)
    if xsdt:
        rsdp = summed(rsdp + struct.pack("<IQB3s", 36, addr["ROOT"], 0, b""), 32)
    image[0x10:0x10 + len(rsdp)] = rsdp
    return bytes(1024) + bytes(image)


def acpi_samples():
    put("acpi", "xsdt", acpi_image(True))
    put("acpi", "rsdt", acpi_image(False))
    put("acpi", "old_fadt", acpi_image(False, False))


def shell_samples():
    """Every ninth case of the shell's conformance list."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../shell/cases.txt"), "rb") as f:
        scripts = [b.partition(b"\n")[2] for b in f.read().split(b"#### ")[1:]]
    for i in range(0, len(scripts), 9):
        put("shell", "case%d" % i, scripts[i])
    put("shell", "compound", b"if a; then b & elif ! c|d; then { e; } else (f); fi; for i in x y; do :; done\n"
        b"while a; do b; done; until c; do d; done; case $x in a|b) c;; (d) e;& esac; f() { g; } >h 2>&1\n")
    put("shell", "expansions",
        b"echo $a ${b} "
        b"\"${c-d$e}\" ${f:=g} ${h%%i} `j \\`k\\`` $((l+m)) $(n $(o)) ~ 'p'\"q\"\\r\n")


acpi_samples()
shell_samples()
put("manifest", "all",
    b"# c\nexec /bin/x # d\nfallback /y\nargs -a \"b c\" \"\\\"\"\nname -x\n"
    b"env A=1\ndir /\ntty /dev/console\nrespawn never\n")
put("manifest", "limits",
    b"exec /x\nneeds a b\nhandle 3 rw /dev/null\npledge stdio rpath\nunveil rwxc:/tmp r:/\n"
    b"cpus 0-3,7\nnice -5\nbackoff 10 100\ngiveup 3\nstop 500\n")
gzip_samples()
cpio_samples()
elf_samples()
bootline_samples()
pvh_samples()
mb2_samples()
term_samples()
usb_samples()
