#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A console font (PSF version 1 or 2, gzip'd or not) as C for arch/x86_64/font.h.

    gen_font.py FONT.psf.gz -o build/gen/font_data.c

Only fonts of 8 x 16 pixels are taken. A glyph may stand for several characters;
sequences of characters, which the tables of some fonts have, are left out.
Source: the PSF formats as man psfgettable(1) and kbd's documentation describe them.
"""
import argparse
import gzip
import struct
import sys
from typing import Dict, List, NamedTuple, Tuple

from genfile import HEAD, write_if_changed

WIDTH, HEIGHT = 8, 16


class Font(NamedTuple):
    glyphs: List[bytes]     # a byte a row
    chars: Dict[int, int]   # character -> glyph


class FontError(Exception):
    pass


def _table_1(data: bytes, n: int) -> Dict[int, int]:
    """16-bit words: characters of a glyph, FFFEh before sequences, FFFFh at its end."""
    chars: Dict[int, int] = {}
    glyph, sequence = 0, False
    for word, in struct.iter_unpack("<H", data[:len(data) & ~1]):
        if word == 0xFFFF:
            glyph, sequence = glyph + 1, False
            if glyph == n:
                break
        elif word == 0xFFFE:
            sequence = True
        elif not sequence:
            chars.setdefault(word, glyph)
    return chars


def _table_2(data: bytes, n: int) -> Dict[int, int]:
    """UTF-8: characters of a glyph, FEh before sequences, FFh at its end."""
    chars: Dict[int, int] = {}
    for glyph, entry in enumerate(data.split(b"\xff")[:n]):
        for c in entry.split(b"\xfe")[0].decode("utf-8"):
            chars.setdefault(ord(c), glyph)
    return chars


def _header(data: bytes) -> Tuple[int, int, int, int, int, int]:
    """Offset of the glyphs, their number, bytes of each, height, width, table version or 0."""
    if data[:2] == b"\x36\x04":
        mode, size = data[2], data[3]
        return 4, 512 if mode & 1 else 256, size, size, 8, 1 if mode & 6 else 0
    if data[:4] == b"\x72\xb5\x4a\x86":
        _, offset, flags, n, size, height, width = struct.unpack_from("<7I", data, 4)
        return offset, n, size, height, width, 2 if flags & 1 else 0
    raise FontError("not a PSF font")


def parse(data: bytes) -> Font:
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    offset, n, size, height, width, table = _header(data)
    if (width, height, size) != (WIDTH, HEIGHT, HEIGHT) or not table:
        raise FontError(f"the font is {width} x {height}, table {table}; 8 x 16 with a table is needed")
    glyphs = [data[offset + i * size:offset + (i + 1) * size] for i in range(n)]
    if len(glyphs[-1]) != size:
        raise FontError("the font is cut short")
    rest = data[offset + n * size:]
    return Font(glyphs, _table_1(rest, n) if table == 1 else _table_2(rest, n))


def c_text(font: Font, name: str) -> str:
    rows = "".join("\t{ " + ", ".join(f"{b:#04x}" for b in g) + " },\n" for g in font.glyphs)
    chars = "".join(f"\t{{ {c:#06x}, {g} }},\n" for c, g in sorted(font.chars.items()) if c < 0x10000)
    n = sum(c < 0x10000 for c in font.chars)
    return HEAD % ("gen_font.py", name) + (
        '#include "arch/x86_64/font.h"\n\n'
        f"const u8 font_glyphs[][FONT_HEIGHT] = {{\n{rows}}};\n\n"
        f"const struct font_char font_chars[] = {{\n{chars}}};\n"
        f"const u32 font_nr_chars = {n};\n")


def main() -> int:
    p = argparse.ArgumentParser(description="a console font as C")
    p.add_argument("font")
    p.add_argument("-o", "--output", required=True)
    a = p.parse_args()
    try:
        with open(a.font, "rb") as f:
            font = parse(f.read())
    except (OSError, EOFError, struct.error, UnicodeDecodeError, FontError) as e:
        print(f"gen_font: {a.font}: {e}", file=sys.stderr)
        return 1
    write_if_changed(a.output, c_text(font, a.font.rsplit("/", 1)[-1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
