#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Symbol table of the kernel for its own traces, made by a second link.

    gen_ksym.py --empty -o ksym.c                first link: same shape, no symbols
    gen_ksym.py --kernel first.elf -o ksym.c     second link: the functions of the first
    gen_ksym.py --verify first.elf final.elf     no function moved in between

The table is sorted by address and goes into .ksymtab, which linker.ld puts
behind everything that has code, so that its size moves no function; --verify
proves it, and that every entry is what the final kernel says.

Beside ksym.c goes ksym_table.h with the declarations:

    ksym_base       address the offsets count from, the lowest function's
    ksym_count      entries
    ksym_offsets[]  u32, ascending
    ksym_name_at[]  u32, where each name starts in ksym_names[]
    ksym_names[]    NUL-terminated names, one after another
"""
import argparse
import bisect
import os
import re
import subprocess
import sys

from genfile import HEAD, write_if_changed

NM = os.environ.get("NM", "nm")


TABLE_H = HEAD % ("gen_ksym.py", "itself") + """#pragma once

#include <kernel/lib/types.h>

extern const u64 ksym_base;      /* what the offsets count from */
extern const u32 ksym_count;     /* 0 in the first link */
extern const u32 ksym_offsets[]; /* ascending */
extern const u32 ksym_name_at[]; /* start of each name in ksym_names */
extern const char ksym_names[];
"""


class SymbolError(Exception):
    pass


def parse_nm(text):
    """[(address, name)] of functions, ascending, one name for an address."""
    best = {}
    for line in text.splitlines():
        m = re.fullmatch(r"([0-9a-f]+) ([tTwW]) (\S+)", line.strip())
        if not m:
            continue
        address, kind, name = int(m.group(1), 16), m.group(2), m.group(3)
        if address == 0 or name.startswith((".L", "$", "__ksym")):
            continue
        # Of several names not the linker script's (__text_start), then the global one, then the
        # shortest: foo rather than foo.cold or foo_end.
        rank = (name.startswith("__"), kind not in "TW", len(name), name)
        if address not in best or rank < best[address]:
            best[address] = rank
    return [(a, best[a][-1]) for a in sorted(best)]


def read_symbols(elf):
    out = subprocess.run([NM, "--defined-only", elf], stdout=subprocess.PIPE, universal_newlines=True)
    if out.returncode:
        raise SymbolError("%s failed on %s" % (NM, elf))
    return parse_nm(out.stdout)


def higher_half(symbols):
    """Without the boot code that runs at its physical address."""
    return [s for s in symbols if s[0] >> 63]


def emit(symbols):
    base = symbols[0][0] if symbols else 0
    if symbols and symbols[-1][0] - base >= 1 << 32:
        raise SymbolError("functions span more than 4 GiB")
    starts, at = [], 0
    for _, name in symbols:
        starts.append(at)
        at += len(name.encode()) + 1
    where = '__attribute__((section(".ksymtab"), used))'
    out = [HEAD % ("gen_ksym.py", "the first link") + '#include "ksym_table.h"\n',
           "const u64 ksym_base %s = %#xull;" % (where, base),
           "const u32 ksym_count %s = %d;" % (where, len(symbols))]
    for name, values in (("ksym_offsets", [a - base for a, _ in symbols]), ("ksym_name_at", starts)):
        out.append("const u32 %s[] %s = {" % (name, where))
        out += ["\t%d," % v for v in values] or ["\t0,"]
        out.append("};")
    out.append("const char ksym_names[] %s =" % where)
    out += ['\t"%s\\0"' % n for _, n in symbols]
    out.append('\t"";')
    return "\n".join(out) + "\n"


def lookup(symbols, address):
    """What the kernel's own search answers: for the test."""
    i = bisect.bisect_right([a for a, _ in symbols], address) - 1
    return symbols[i][1] if i >= 0 else None


def verify(first, final):
    """The functions that are not where the table says; an empty list is good."""
    if not first:
        return ["the first link has no functions in the higher half"]
    now = dict((a, n) for a, n in final)
    wrong = ["%s at %#x: the final link has %s" % (n, a, now.get(a, "nothing")) for a, n in first if now.get(a) != n]
    known = set(n for _, n in first)
    wrong += ["%s at %#x is not in the table" % (n, a) for a, n in final if n not in known]
    return wrong


def main(argv=None):
    ap = argparse.ArgumentParser(description="kernel symbol table")
    ap.add_argument("--empty", action="store_true")
    ap.add_argument("--kernel", metavar="ELF")
    ap.add_argument("--verify", nargs=2, metavar=("FIRST", "FINAL"))
    ap.add_argument("-o", "--out")
    args = ap.parse_args(argv)
    try:
        if args.verify:
            wrong = verify(*(higher_half(read_symbols(e)) for e in args.verify))
            if wrong:
                raise SymbolError("%d symbols moved between the links:\n  %s" % (len(wrong), "\n  ".join(wrong[:10])))
        elif args.out and (args.empty or args.kernel):
            symbols = [] if args.empty else higher_half(read_symbols(args.kernel))
            if args.kernel and not symbols:
                raise SymbolError("%s has no functions in the higher half" % args.kernel)
            write_if_changed(os.path.join(os.path.dirname(args.out), "ksym_table.h"), TABLE_H)
            write_if_changed(args.out, emit(symbols))
        else:
            ap.error("want --verify, or -o with --empty or --kernel")
    except (OSError, SymbolError) as e:
        sys.stderr.write("gen_ksym: %s\n" % e)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
