#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kernel/abi/errno.tbl -> errno.h and errno_names.[ch].

    gen_errno.py [--table kernel/abi/errno.tbl] [--out build/gen]

Writes OUT/kernel/abi/errno.h, OUT/errno_names.h and OUT/errno_names.c, each
only when its content changes, so that nothing is rebuilt for nothing.
Refuses a table with a name twice, a bad number or an alias of nothing.
"""
import argparse
import os
import re
import sys

from genfile import HEAD, write_if_changed

INTERNAL = 512  # numbers from here up never reach a program


def parse(text, name="errno.tbl"):
    """The rows of a table as (name, number, text); ValueError says what is wrong."""
    rows, seen = [], set()
    for no, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(None, 2)
        if len(fields) != 3 or not re.fullmatch(r"E[A-Z0-9_]+", fields[0]) or not fields[1].isdigit():
            raise ValueError("%s:%d: want NAME NUMBER TEXT" % (name, no))
        if fields[0] in seen:
            raise ValueError("%s:%d: %s stands twice" % (name, no, fields[0]))
        if '"' in fields[2] or "\\" in fields[2]:
            raise ValueError("%s:%d: text has a quote or backslash" % (name, no))
        seen.add(fields[0])
        rows.append((fields[0], int(fields[1]), fields[2].strip()))
    if not rows:
        raise ValueError("%s: no rows" % name)
    return rows


def header(rows, table):
    out = [HEAD % ("gen_errno.py", table) + "#pragma once\n"]
    internal, first = False, {}
    for name, number, text in rows:
        if number >= INTERNAL and not internal:
            internal = True
            out.append("\n/* Private to the kernel: turned into a restart or EINTR on the way out. */")
        # An alias by name, as in <errno.h>, so that a user program may include both.
        out.append("#define %-22s %3s /* %s */" % (name, first.get(number, number), text))
        first.setdefault(number, name)
    return "\n".join(out) + "\n"


def names_h(table):
    return HEAD % ("gen_errno.py", table) + """#pragma once

/* "ENOENT" for 2 or -2; NULL for a number that has no name. */
const char *errno_name(int err);

/* "no such file or directory" for 2 or -2; NULL likewise. */
const char *errno_text(int err);
"""


def names_c(rows, table):
    first = {}
    for name, number, text in rows:
        first.setdefault(number, (name, text))
    plain = "\n".join('\t[%d] = { "%s", "%s" },' % (n, first[n][0], first[n][1])
                      for n in sorted(first) if n < INTERNAL)
    inner = "\n".join('\t[%d] = { "%s", "%s" },' % (n - INTERNAL, first[n][0], first[n][1])
                      for n in sorted(first) if n >= INTERNAL)
    return HEAD % ("gen_errno.py", table) + """#include "errno_names.h"

#include <kernel/lib/types.h>

struct errno_entry {
	const char *name;
	const char *text;
};

static const struct errno_entry errno_table[] = {
%s
};

static const struct errno_entry errno_internal_table[] = {
%s
};

static const struct errno_entry errno_none;

static const struct errno_entry *errno_find(int err)
{
	unsigned int n = err < 0 ? 0u - (unsigned int)err : (unsigned int)err;

	if (n < ARRAY_SIZE(errno_table))
		return &errno_table[n];
	if (n >= %du && n - %du < ARRAY_SIZE(errno_internal_table))
		return &errno_internal_table[n - %du];
	return &errno_none;
}

const char *errno_name(int err)
{
	return errno_find(err)->name;
}

const char *errno_text(int err)
{
	return errno_find(err)->text;
}
""" % (plain, inner, INTERNAL, INTERNAL, INTERNAL)


def main(argv=None):
    ap = argparse.ArgumentParser(description="generate errno.h and errno_names.[ch]")
    ap.add_argument("--table", default="kernel/abi/errno.tbl")
    ap.add_argument("--out", default="build/gen")
    args = ap.parse_args(argv)
    try:
        with open(args.table) as f:
            rows = parse(f.read(), args.table)
    except (OSError, ValueError) as e:
        sys.stderr.write("gen_errno: %s\n" % e)
        return 1
    table = "kernel/abi/errno.tbl"
    write_if_changed(os.path.join(args.out, "kernel/abi/errno.h"), header(rows, table))
    write_if_changed(os.path.join(args.out, "errno_names.h"), names_h(table))
    write_if_changed(os.path.join(args.out, "errno_names.c"), names_c(rows, table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
