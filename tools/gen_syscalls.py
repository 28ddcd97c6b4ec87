#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kernel/syscall.tbl -> dispatch tables and everything else that lists calls.

    gen_syscalls.py [--table T] [--abi DIR] [--out build/gen]   generate
    gen_syscalls.py --readme                     print the status table (markdown)
    gen_syscalls.py --check-readme README.md     is it what stands in the README?
    gen_syscalls.py --update-readme README.md    put it there
    gen_syscalls.py --check-tests tests/user     does each named test use its call?

Generated, under OUT:
    kernel/abi/syscall_nr.h   LINUX_NR_name, EXO_NR_name
    kernel/abi/pledge.h       PLEDGE_name bits
    kernel/syscall_protos.h   the handlers: long sys_name(...)
    kernel/syscall_table.h .c dispatch tables, number map, names, pledge masks, legacy forms
    syscall_shapes.h          arguments and plausible values, for the fuzzer
A bad row stops it with the line number. A handler that nobody wrote is a link
error, because the table names it.
"""
import argparse
import glob
import os
import re
import sys

from genfile import HEAD, read_constants, read_sizes, write_if_changed

SLOTS = 256
NATIVE = 1024
MAP_SIZE = 512
BEGIN, END = "<!-- syscalls:begin -->", "<!-- syscalls:end -->"

# type word: (C type, letter to print it with, kind for the fuzzer)
SCALARS = {
    "fd": ("int", "d", "FD"), "dirfd": ("int", "d", "DIRFD"),
    "int": ("int", "d", "INT"), "uint": ("unsigned int", "u", "INT"),
    "long": ("long", "d", "LONG"), "ulong": ("unsigned long", "x", "LONG"),
    "u32": ("u32", "x", "INT"), "u64": ("u64", "x", "LONG"),
    "pid": ("int", "d", "PID"), "uid": ("u32", "d", "ID"), "gid": ("u32", "d", "ID"),
    "sig": ("int", "d", "SIG"), "mode": ("u32", "o", "MODE"),
    "size": ("size_t", "u", "SIZE"), "off": ("s64", "d", "OFF"), "addr": ("vaddr_t", "x", "ADDR"),
    "path": ("const char __user *", "s", "PATH"), "str": ("const char __user *", "s", "STR"),
    "strv": ("const u64 __user *", "x", "STRV"),
}
KINDS = ["NONE", "FD", "DIRFD", "INT", "LONG", "PID", "ID", "SIG", "MODE", "SIZE", "OFF", "ADDR", "PATH", "STR",
         "STRV", "FLAGS", "ENUM", "IN", "OUT", "INOUT"]
WORDS = {"int": 4, "u32": 4, "u64": 8}  # what in: out: inout: may point at, besides structures
BLOCKS = ("never", "maybe", "always")


class TableError(Exception):
    pass


class Arg:
    """One typed argument: c (declaration type), letter, kind, obj, size, count, prefix."""

    def __init__(self, text):
        m = re.fullmatch(r"(\S+) (\w+)", text)
        if not m:
            raise TableError("argument %r: want TYPE NAME" % text)
        self.name = m.group(2)
        word, *rest = m.group(1).split(":")
        self.obj = self.count = self.prefix = None
        if word in SCALARS and not rest:
            self.c, self.letter, self.kind = SCALARS[word]
        elif word in ("flags", "lflags", "enum") and len(rest) == 1 and re.fullmatch(r"[A-Z][A-Z0-9_]*", rest[0]):
            self.c = "unsigned long" if word == "lflags" else "int"
            self.letter = "d" if word == "enum" else "x"
            self.kind = "ENUM" if word == "enum" else "FLAGS"
            self.prefix = rest[0]
        elif word in ("buf_in", "buf_out") and len(rest) == 1:
            self.c = "const void __user *" if word == "buf_in" else "void __user *"
            self.letter, self.kind, self.count = "x", "IN" if word == "buf_in" else "OUT", rest[0]
        elif word in ("in", "out", "inout") and len(rest) in (1, 2):
            self.obj = rest[0]
            base = self.obj if self.obj in WORDS else "struct " + self.obj
            self.c = ("const " if word == "in" else "") + base + " __user *"
            self.letter, self.kind = "x", word.upper()
            self.count = rest[1] if len(rest) == 2 else None
        else:
            raise TableError("argument %r: unknown type" % text)

    def decl(self):
        return self.c + ("" if self.c.endswith("*") else " ") + self.name


class Call:
    def __init__(self, line, nr, name, slot, args, status, blocks, pledge, test):
        self.line, self.nr, self.name, self.slot, self.args = line, nr, name, slot, args
        self.status, self.blocks, self.pledge, self.test = status, blocks, pledge, test
        self.note = self.target = None  # partial's note; (target name, [expressions]) of a legacy form
        self.rare = False  # found by number beside the old forms: no slot

    @property
    def native(self):
        return self.nr >= NATIVE

    @property
    def live(self):
        """There is a handler."""
        return self.placed and self.status in ("full", "partial")

    @property
    def placed(self):
        """It can be dispatched to: by slot, or by number."""
        return bool(self.slot) or self.rare


def split_args(text):
    if text == "-":
        return None
    return [Arg(a.strip()) for a in text.split(",")] if text else []


def parse_row(line, promises):
    cols = [c.strip() for c in line.split("|")]
    if len(cols) != 8:
        raise TableError("want 8 columns, have %d" % len(cols))
    number, name, slot, args, status, blocks, pledge, test = cols
    if not number.isdigit() or not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        raise TableError("bad number or name")
    call = Call(line, int(number), name, 0, split_args(args), status, blocks, pledge.split(), test)
    if call.args is not None:
        check_args(call.args)
    m = re.fullmatch(r"legacy:(\w+)\((.*)\)", slot)
    if m:
        if status or blocks or pledge or test:
            raise TableError("a legacy form has its target's status, blocks, pledge and test: leave them empty")
        if call.args is None:
            raise TableError("a legacy form needs its arguments")
        call.target = (m.group(1), [a.strip() for a in m.group(2).split(",")] if m.group(2) else [])
        return call
    if slot == "rare":
        call.rare = True
    elif slot != "-":
        if not slot.isdigit() or not 1 <= int(slot) < SLOTS:
            raise TableError("slot: want 1..%d, rare, legacy:TARGET(...) or -" % (SLOTS - 1))
        call.slot = int(slot)
    m = re.fullmatch(r'(full|none|partial "([^"]+)")', status)
    if not m:
        raise TableError('status: want full, partial "what is missing" or none')
    call.status, call.note = ("partial", m.group(2)) if m.group(2) else (status, None)
    if call.status != "none" and not call.placed:
        raise TableError("%s without a slot" % call.status)
    if call.status != "none" and call.args is None:
        raise TableError("%s needs its arguments" % call.status)
    if not re.fullmatch(r"[a-z]\w*(:\w+)?" if call.status == "full" else r"[a-z]\w*(:\w+)?|-", test):
        raise TableError("%s needs a test" % call.status if call.status == "full" else "bad test")
    if call.status == "none" and test != "-":
        raise TableError("none has no test")
    if blocks not in BLOCKS:
        raise TableError("blocks: want never, maybe or always")
    if not call.pledge or not all(p in promises or p in ("always", "-") for p in call.pledge):
        raise TableError("pledge: unknown promise")
    if len(call.pledge) > 1 and {"always", "-"} & set(call.pledge):
        raise TableError("pledge: always and - stand alone")
    return call


def check_args(args):
    names = [a.name for a in args]
    if len(args) > 6 or len(set(names)) != len(names):
        raise TableError("more than six arguments, or a name twice")
    for a in args:
        if a.count and not a.count.isdigit() and a.count not in names:
            raise TableError("argument %s: no argument %s for its length" % (a.name, a.count))


def parse(text, constants, name="syscall.tbl"):
    """(promises, calls); TableError names the line."""
    promises, calls, no = [], [], 0
    try:
        for no, line in enumerate(text.splitlines(), 1):
            if line.startswith("%promises "):
                promises += line.split()[1:]
            elif line.strip() and not line.startswith("#"):
                call = parse_row(line, promises)
                call.line = no
                calls.append(call)
        check_calls(promises, calls, constants)
    except TableError as e:
        raise TableError("%s:%d: %s" % (name, getattr(e, "line", no), e))
    return promises, calls


def fail(call, text):
    """Stop, with the line of a row that was read before."""
    e = TableError(text)
    e.line = call.line
    raise e


def check_calls(promises, calls, constants):
    if len(promises) > 62 or len(set(promises)) != len(promises):
        raise TableError("more than 62 promises, or one twice")
    last, names, slots = -1, {}, {}
    for c in calls:
        if c.nr <= last:
            fail(c, "number %d is not above the one before" % c.nr)
        last = c.nr
        if not c.native and c.nr >= MAP_SIZE:
            fail(c, "number %d: Linux's end at %d, our own begin at %d" % (c.nr, MAP_SIZE, NATIVE))
        if c.rare and (c.native or not c.live):
            fail(c, "rare: for calls of Linux's that are there")
        if c.native and c.nr != NATIVE + c.slot:
            fail(c, "number of a call of our own is %d + slot" % NATIVE)
        if c.name in names:
            fail(c, "name %s stands twice" % c.name)
        names[c.name] = c
        if c.slot and (c.native, c.slot) in slots:
            fail(c, "slot %d is taken by %s" % (c.slot, slots[c.native, c.slot].name))
        slots[c.native, c.slot] = c
    for c in calls:
        if c.target:
            check_legacy(c, names, constants)


def check_legacy(c, names, constants):
    target = names.get(c.target[0])
    if not target or not target.placed or target.native:
        fail(c, "legacy target %s has no slot" % c.target[0])
    if len(c.target[1]) != len(target.args or ()):
        fail(c, "%s takes %d arguments" % (target.name, len(target.args or ())))
    for expr in c.target[1]:
        for word in re.findall(r"[A-Za-z_]\w*", expr):
            m = re.fullmatch(r"a([0-5])", word)
            if m and int(m.group(1)) >= len(c.args):
                fail(c, "%s: the call has %d arguments" % (word, len(c.args)))
            if not m and word not in constants:
                fail(c, "%s: no such constant in kernel/abi" % word)


# ---- what is generated ----

def gen_nr_h(head, calls):
    out = [head + "#pragma once\n", "/* Linux x86_64's numbers */"]
    out += ["#define LINUX_NR_%-24s %d" % (c.name, c.nr) for c in calls if not c.native]
    out += ["\n/* Calls of our own: %d + slot */" % NATIVE, "#define EXO_NR_BASE %d" % NATIVE]
    out += ["#define EXO_NR_%-24s %d" % (c.name, c.nr) for c in calls if c.native]
    return "\n".join(out) + "\n"


def gen_pledge_h(head, promises):
    out = [head + "#pragma once\n", "#include <kernel/lib/types.h>\n",
           "/* OpenBSD's promises; a call's mask has those of which any permits it. */"]
    out += ["#define PLEDGE_%-10s BIT(%d)" % (p.upper(), i) for i, p in enumerate(promises)]
    out += ["#define PLEDGE_ALWAYS     BIT(63) /* permitted whatever is promised */",
            "#define PLEDGE_COUNT      %d" % len(promises),
            "\n/* pledge_names[n]: the word for BIT(n). */",
            "extern const char *const pledge_names[PLEDGE_COUNT];"]
    return "\n".join(out) + "\n"


def gen_protos_h(head, calls):
    structs = sorted({a.obj for c in calls if c.live for a in c.args if a.obj and a.obj not in WORDS})
    out = [head + "#pragma once\n", "#include <kernel/lib/types.h>\n"]
    out += ["struct %s;" % s for s in structs]
    out += ["", "/*", " * The arguments are what the program had in its registers: nothing is checked.",
            " * Return: the result or -errno. Registers: the current thread's trap frame.", " */"]
    for c in calls:
        if c.live:
            decl = "long sys_%s(%s);" % (c.name, ", ".join(a.decl() for a in c.args) or "void")
            out.append(wrap(decl))
    out += ["", "/* In every slot without a handler: logs the name once per program, -ENOSYS. */",
            "long sys_enosys(void);"]
    return "\n".join(out) + "\n"


def wrap(decl):
    """Break a declaration at commas, at most 100 columns."""
    lines, line = [], ""
    for part in re.findall(r"[^,]+,? ?", decl):
        if len(line) + len(part.rstrip()) > (100 if not lines else 92):
            lines.append(line.rstrip())
            line = ""
        line += part
    return "\n\t".join(lines + [line.rstrip()])


TABLE_H = """#pragma once

#include <kernel/lib/types.h>

#define SYSCALL_SLOTS       %d
#define SYSCALL_MAP_SIZE    %d
#define SYSCALL_NATIVE_BASE %du

/*
 * How a handler is called: six registers, of which it takes what its own
 * prototype names (psABI section 3.2.3: arguments in registers, no count).
 */
typedef long (*syscall_fn_t)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/* Every entry is callable; slot 0 and those without a handler are sys_enosys. */
extern const syscall_fn_t syscall_table[SYSCALL_SLOTS];
extern const syscall_fn_t syscall_native_table[SYSCALL_SLOTS];

/* Linux's number -> slot; 0: unknown, or an old form that is to be rewritten. */
extern const u8 syscall_slot_of[SYSCALL_MAP_SIZE];

/* By slot: promises of which any permits the call (PLEDGE_*), 0: none does. */
extern const u64 syscall_pledge[SYSCALL_SLOTS];
extern const u64 syscall_native_pledge[SYSCALL_SLOTS];

/* The same of a rare call of Linux's: one that has a handler but no slot. */
u64 syscall_rare_pledge(u64 nr);

/**
 * syscall_rewrite_legacy - turn an old form into its general one
 * @nr, @args: the call; overwritten when it is an old form (open -> openat)
 * Seccomp filters and traces want the numbers as they were before.
 * Return: true if it was one; *@nr then has a slot.
 */
bool syscall_rewrite_legacy(u64 *nr, u64 args[6]);

/* Linux's number -> the old form itself, with its own arguments: what the entry
 * calls when nobody watches the thread; or a rare call's handler. NULL: neither. */
extern const syscall_fn_t syscall_legacy[SYSCALL_MAP_SIZE];

/* Name of a call by number, Linux's or ours; NULL: there is none. */
const char *syscall_name(u64 nr);

/*
 * Its arguments, "dfd xbuf ulen": a letter for how to print each (d signed,
 * u unsigned, x hexadecimal, o octal, s user string), then its name. NULL: not
 * known. Integers of 32 bits come as the program left the whole register.
 */
const char *syscall_args(u64 nr);
"""


def gen_table_c(head, promises, calls):
    out = [head, "#include <kernel/syscall_table.h>\n"]
    out += ["#include <kernel/abi/linux_fcntl.h>", "#include <kernel/abi/linux_sched.h>",
            "#include <kernel/abi/linux_signal.h>", "#include <kernel/abi/linux_time.h>",
            "#include <kernel/abi/pledge.h>", "#include <kernel/syscall_protos.h>\n",
            "#define HANDLER(f) ((syscall_fn_t)(void *)(f))\n"]
    for native, prefix in ((False, "syscall"), (True, "syscall_native")):
        mine = {c.slot: c for c in calls if c.native == native and c.slot}
        out.append("const syscall_fn_t %s_table[SYSCALL_SLOTS] = {" % prefix)
        out += ["\t[%d] = HANDLER(sys_%s)," % (s, mine[s].name if s in mine and mine[s].live else "enosys")
                for s in range(SLOTS)]
        out.append("};\n\nconst u64 %s_pledge[SYSCALL_SLOTS] = {" % prefix)
        out += ["\t[%d] = %s, /* %s */" % (s, " | ".join("PLEDGE_" + p.upper() for p in mine[s].pledge), mine[s].name)
                for s in sorted(mine) if mine[s].pledge != ["-"]]
        out.append("};\n")
    out.append("const u8 syscall_slot_of[SYSCALL_MAP_SIZE] = {")
    out += ["\t[%d] = %d, /* %s */" % (c.nr, c.slot, c.name) for c in calls if c.slot and not c.native]
    out.append("};\n\nconst char *const pledge_names[PLEDGE_COUNT] = {")
    out += ['\t"%s",' % p for p in promises]
    out.append("};\n")
    out.append(gen_rewrite(calls))
    out.append(gen_legacy(calls))
    out.append("struct syscall_text {\n\tconst char *name;\n\tconst char *args;\n};\n")
    for native, prefix, base in ((False, "linux", 0), (True, "native", NATIVE)):
        out.append("static const struct syscall_text %s_text[] = {" % prefix)
        for c in calls:
            if c.native == native:
                args = "NULL" if c.args is None else '"%s"' % " ".join(a.letter + a.name for a in c.args)
                out.append('\t[%d] = { "%s", %s },' % (c.nr - base, c.name, args))
        out.append("};\n")
    out.append("""static const struct syscall_text no_text;

static const struct syscall_text *find_text(u64 nr)
{
	if (nr < ARRAY_SIZE(linux_text))
		return &linux_text[nr];
	if (nr >= SYSCALL_NATIVE_BASE && nr - SYSCALL_NATIVE_BASE < ARRAY_SIZE(native_text))
		return &native_text[nr - SYSCALL_NATIVE_BASE];
	return &no_text;
}

const char *syscall_name(u64 nr)
{
	return find_text(nr)->name;
}

const char *syscall_args(u64 nr)
{
	return find_text(nr)->args;
}""")
    return "\n".join(out) + "\n"


def legacy_exprs(c):
    """The six arguments of the general form, in terms of a0..a5."""
    exprs = [e if re.fullmatch(r"a\d|\d+", e) else "(u64)(%s)" % e for e in c.target[1]]
    return exprs + ["0"] * (6 - len(exprs))


def gen_legacy(calls):
    legacy = [c for c in calls if c.target]
    by_name = {c.name: c for c in calls}
    out = []
    for c in legacy:
        used = re.findall(r"\ba([0-5])\b", " ".join(c.target[1]))
        params = ", ".join("u64 a%s" % i for i in sorted(set(used))) or "void"
        if sorted(set(used)) != [str(i) for i in range(len(set(used)))]:
            fail(c, "a legacy form uses its first arguments, without gaps")
        target = by_name[c.target[0]]
        entry = "syscall_legacy[%d]" % target.nr if target.rare else "syscall_table[%d]" % target.slot
        out += [wrap("static long legacy_%s(%s)" % (c.name, params)), "{",
                "\treturn %s(%s); /* %s */" % (entry, ", ".join(legacy_exprs(c)), c.target[0]), "}\n"]
    out.append("const syscall_fn_t syscall_legacy[SYSCALL_MAP_SIZE] = {")
    out += ["\t[%d] = HANDLER(legacy_%s)," % (c.nr, c.name) for c in legacy]
    out += ["\t[%d] = HANDLER(sys_%s)," % (c.nr, c.name) for c in calls if c.rare]
    out += ["};\n", "u64 syscall_rare_pledge(u64 nr)", "{", "\tswitch (nr) {"]
    for c in calls:
        if c.rare and c.pledge != ["-"]:
            out += ["\tcase %d: /* %s */" % (c.nr, c.name),
                    "\t\treturn %s;" % " | ".join("PLEDGE_" + p.upper() for p in c.pledge)]
    out += ["\tdefault:", "\t\treturn 0;", "\t}", "}\n"]
    return "\n".join(out)


def gen_rewrite(calls):
    number = {c.name: c.nr for c in calls}
    out = ["static void set_args(u64 args[6], u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)", "{"]
    out += ["\targs[%d] = %s;" % (i, v) for i, v in enumerate("abcdef")]
    out += ["}\n", "bool syscall_rewrite_legacy(u64 *nr, u64 args[6])", "{"]
    used = sorted(set(re.findall(r"\ba([0-5])\b", " ".join(e for c in calls if c.target for e in c.target[1]))))
    if used:
        out += ["\tconst u64 %s;\n" % ", ".join("a%s = args[%s]" % (i, i) for i in used)]
    out += ["\tswitch (*nr) {"]
    for c in calls:
        if c.target:
            out += ["\tcase %d: /* %s */" % (c.nr, c.name),
                    "\t\tset_args(args, %s);" % ", ".join(legacy_exprs(c)),
                    "\t\t*nr = %d; /* %s */" % (number[c.target[0]], c.target[0]), "\t\treturn true;"]
    out += ["\tdefault:", "\t\treturn false;", "\t}", "}\n"]
    return "\n".join(out)


SHAPES_H = """#pragma once

#include <stdint.h>

enum shape_kind {
%s
};

struct shape_arg {
	uint8_t kind;           /* enum shape_kind */
	uint8_t length_arg;     /* IN, OUT, INOUT: 1 + the argument with the count; 0: fixed */
	uint16_t object_size;   /* bytes of one object; 1: a byte buffer */
	uint16_t fixed_count;   /* how many objects when length_arg is 0 */
	uint16_t value_count;   /* FLAGS, ENUM: how many values[] */
	const uint64_t *values;
};

struct syscall_shape {
	uint16_t nr;
	uint8_t arg_count;
	uint8_t blocks; /* 0 never, 1 maybe, 2 always */
	uint64_t pledge; /* bit n: shape_promises[n] permits it; bit 63: always */
	const char *name;
	struct shape_arg args[6];
};
"""


def gen_shapes_h(head, calls, constants, sizes, promises):
    by_name = {c.name: c for c in calls}
    bits = {p: 1 << n for n, p in enumerate(promises)}
    bits.update({"always": 1 << 63, "-": 0})
    shown = [c for c in calls if c.live or (c.target and by_name[c.target[0]].live)]
    out = [head + SHAPES_H % "\n".join("\tSHAPE_%s," % k for k in KINDS)]
    for prefix in sorted({a.prefix for c in shown for a in c.args if a.prefix}):
        values = sorted({v & (1 << 64) - 1 for n, v in constants.items() if n.startswith(prefix)})
        out.append("static const uint64_t shape_%s[] = {%s};" %
                   (prefix.lower(), ", ".join("%#xull" % v for v in values) or "0"))
    out.append("static const char *const shape_promises[] __attribute__((unused)) = {%s};" %
               ", ".join('"%s"' % p for p in promises))
    out.append("#define SHAPE_VALUES(v) sizeof(v) / sizeof((v)[0]), v\n")
    out.append("static const struct syscall_shape syscall_shapes[] = {")
    for c in shown:
        blocks = BLOCKS.index(by_name[c.target[0]].blocks if c.target else c.blocks)
        mask = sum(bits[p] for p in set((by_name[c.target[0]] if c.target else c).pledge))
        out.append('\t{ %d, %d, %d, %#xull, "%s", {' % (c.nr, len(c.args), blocks, mask, c.name))
        names = [a.name for a in c.args]
        for a in c.args:
            length = names.index(a.count) + 1 if a.count in names else 0
            if a.obj and a.obj not in WORDS and a.obj not in sizes:
                fail(c, "no static_assert in kernel/abi tells the size of struct %s" % a.obj)
            size = WORDS.get(a.obj) or sizes.get(a.obj) or int(a.count is not None)
            count = int(a.count) if a.count and not length else int(bool(size and not length))
            values = "SHAPE_VALUES(shape_%s)" % a.prefix.lower() if a.prefix else "0, 0"
            out.append("\t\t{ SHAPE_%s, %d, %d, %d, %s }," % (a.kind, length, size, count, values))
        out.append("\t} },")
    out.append("};\n")
    return "\n".join(out)


def gen_readme(calls):
    linux = [c for c in calls if not c.native]
    by_name = {c.name: c for c in calls}
    groups = {s: [c for c in linux if c.placed and c.status == s] for s in ("full", "partial", "none")}
    legacy = [c for c in linux if c.target]
    working = [c for c in legacy if by_name[c.target[0]].live]
    nameless = [c for c in linux if not c.placed and not c.target]

    def words(cs):
        return " ".join("`%s`" % c.name for c in cs) or "none"
    out = ["Generated from `kernel/syscall.tbl` by `tools/gen_syscalls.py --update-readme README.md`.", "",
           "| | calls |", "|---|---|",
           "| full (%d) | %s |" % (len(groups["full"]), words(groups["full"])),
           "| old forms of those (%d) | %s |" % (len(working), words(working)),
           "| not yet, `-ENOSYS` (%d) | %s |" % (len(groups["none"]), words(groups["none"])),
           "| not planned, `-ENOSYS` and named in the log | %d others |" % len(nameless),
           "| our own (%d of %d) | %s |" % (len([c for c in calls if c.native and c.live]),
                                           len([c for c in calls if c.native]),
                                           words([c for c in calls if c.native and c.live])),
           "", "| partial (%d) | what is missing or limited |" % len(groups["partial"]), "|---|---|"]
    notes = {}
    for c in groups["partial"]:
        notes.setdefault(c.note, []).append(c)
    out += ["| %s | %s |" % (words(cs), note) for note, cs in notes.items()]
    return "\n".join(out) + "\n"


# ---- checks against other files ----

def readme_part(path):
    with open(path) as f:
        text = f.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise TableError("%s: want the markers %s and %s, once each" % (path, BEGIN, END))
    start = text.index(BEGIN) + len(BEGIN)
    return text[:start], text[start:text.index(END)], text[text.index(END):]


def check_tests(calls, folder):
    """Each test named is there and mentions the call, an old form of it, or the word after the colon."""
    texts, wrong = {}, []
    for path in sorted(glob.glob(os.path.join(folder, "*.c")) + glob.glob(os.path.join(folder, "*.asm"))):
        with open(path) as f:
            texts[os.path.splitext(os.path.basename(path))[0]] = f.read()
    for c in calls:
        if c.test in ("", "-"):
            continue
        test, _, word = c.test.partition(":")
        names = [word] if word else [c.name] + [o.name for o in calls if o.target and o.target[0] == c.name]
        there = [t for t in texts if re.search(r"(?:\b|_)(%s)\b" % "|".join(names), texts[t])]
        if test not in there:
            wrong.append("%s: not in %s/%s%s" % (c.name, folder, test, ", but in " + " ".join(there) if there else ""))
    return wrong


def main(argv=None):
    ap = argparse.ArgumentParser(description="generate from kernel/syscall.tbl")
    ap.add_argument("--table", default="kernel/syscall.tbl")
    ap.add_argument("--abi", default="kernel/abi")
    ap.add_argument("--out", default="build/gen")
    ap.add_argument("--readme", action="store_true")
    ap.add_argument("--check-readme", metavar="FILE")
    ap.add_argument("--update-readme", metavar="FILE")
    ap.add_argument("--check-tests", metavar="DIR")
    args = ap.parse_args(argv)
    try:
        headers = sorted(glob.glob(os.path.join(args.abi, "*.h")))
        # AT_* of the auxiliary vector would pass for flags of the *at() calls.
        constants = read_constants(h for h in headers if not h.endswith("linux_auxv.h"))
        with open(args.table) as f:
            promises, calls = parse(f.read(), constants, args.table)
        if args.readme:
            sys.stdout.write(gen_readme(calls))
        if args.update_readme:
            before, _, after = readme_part(args.update_readme)
            write_if_changed(args.update_readme, before + "\n" + gen_readme(calls) + after)
        if args.check_readme and readme_part(args.check_readme)[1].strip() != gen_readme(calls).strip():
            raise TableError("%s: the system call table is old: tools/gen_syscalls.py --update-readme %s"
                             % (args.check_readme, args.check_readme))
        if args.check_tests and check_tests(calls, args.check_tests):
            raise TableError("\n  ".join(["kernel/syscall.tbl names tests that are not there:"] +
                                         check_tests(calls, args.check_tests)))
        if not (args.readme or args.update_readme or args.check_readme or args.check_tests):
            generate(args.out, promises, calls, constants, read_sizes(headers))
    except (OSError, TableError) as e:
        sys.stderr.write("gen_syscalls: %s\n" % e)
        return 1
    return 0


def generate(out, promises, calls, constants, sizes):
    head = HEAD % ("gen_syscalls.py", "kernel/syscall.tbl")
    for path, text in (
            ("kernel/abi/syscall_nr.h", gen_nr_h(head, calls)),
            ("kernel/abi/pledge.h", gen_pledge_h(head, promises)),
            ("kernel/syscall_protos.h", gen_protos_h(head, calls)),
            ("kernel/syscall_table.h", head + TABLE_H % (SLOTS, MAP_SIZE, NATIVE)),
            ("syscall_table.c", gen_table_c(head, promises, calls)),
            ("syscall_shapes.h", gen_shapes_h(head, calls, constants, sizes, promises))):
        write_if_changed(os.path.join(out, path), text)


if __name__ == "__main__":
    sys.exit(main())
