#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The form that STYLE.md asks for, where a tool can see it.

    check_style.py [--root DIR] [-v] [FILE...]         the tree, or these files of it
    check_style.py [--cc CC] -- CFLAGS...              also compile each kernel header alone

Errors: SPDX line; head block; #pragma once; foo.c includes foo.h first;
prototypes in a .c; struct, union, enum and object pointer typedefs; lines over
100 columns (tools, tests and scripts 120); spaces for indentation; trailing space;
conditionals inside a function; #if 0; a to-do without an issue number;
functions over 90 lines; an empty file. Counted only: functions over 45 lines,
external functions whose name does not begin with the file's noun.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

COLUMNS, COLUMNS_TOOLS, TAB = 100, 120, 8
LONG, TOO_LONG = 45, 90
C_LIKE = (".c", ".h")
SUFFIXES = C_LIKE + (".asm", ".inc", ".py", ".sh", ".mk", ".ld", ".tbl")
NAMES = ("Makefile", "layers.txt")
SPDX = "SPDX-License-Identifier: MIT"
WORDS = ("TO" + "DO", "FIX" + "ME", "XX" + "X")  # not themselves in this file
TO_DO = re.compile(r"(?<!\|)\b(%s)\b(?![^\n]*#\d+)" % "|".join(WORDS))
KERNEL = ("boot/", "kernel/", "arch/", "mm/", "ipc/", "fs/", "security/")
PROTOTYPE = re.compile(r"^(?!static\b|typedef\b|return\b|else\b|struct \w+ \{)[a-z_][\w \t\*]*[ \*](\w+)[ \t]*"
                       r"\([^;{}=]*\)[^;{}=()]*(?:\([^;{}]*\))?;", re.M)


def blank_comments(text):
    """Comments and strings become blanks of the same shape; columns and lines stay."""
    def blank(m):
        t = m.group(0)
        if t[0] in "\"'":
            return t[0] + " " * (len(t) - 2) + t[-1]
        return re.sub(r"[^\n\t]", " ", t)
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def functions(code):
    """(name, external, first line, lines of body) of each definition: a brace in column 0."""
    out = []
    for m in re.finditer(r"^\{[ \t]*$(.*?)^\}", code, re.M | re.S):
        head = code[:m.start()].rstrip()
        head = head[max(head.rfind(c) for c in ";}") + 1:]
        head = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "", head, flags=re.M).strip()
        name = re.search(r"(\w+)[ \t]*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)|__\w+\([^()]*\)", "", head))
        if name:
            out.append((name.group(1), not re.search(r"\bstatic\b", head), line_of(code, m.start()),
                        m.group(1).count("\n") - 1))
    return out


def check_head(path, text):
    lines = text.split("\n")
    ext = os.path.splitext(path)[1]
    if ext in C_LIKE + (".ld",):
        if lines[0] != "/* %s */" % SPDX:
            yield 1, "first line: /* %s */" % SPDX
        elif not re.match(r"/\*", "\n".join(lines[1:]).lstrip()):
            yield 2, "no head block: what the file is, its invariants, its sources"
    elif ext in (".asm", ".inc"):
        if lines[0] != "; " + SPDX:
            yield 1, "first line: ; %s" % SPDX
        elif not any(re.match(r"; *\w", ln) for ln in lines[1:4]):
            yield 2, "no head block: what the file is, its invariants, its sources"
    else:
        at = 1 if lines[0].startswith("#!") else 0
        if len(lines) <= at or lines[at] != "# " + SPDX:
            yield at + 1, "line %d: # %s" % (at + 1, SPDX)
        elif not any(re.match(r'(#|r?""")[ \t]*\S', ln) for ln in lines[at + 1:at + 4]):
            yield at + 2, "no head block: what the file is"


def check_lines(path, text):
    limit = COLUMNS_TOOLS if path.startswith(("tools/", "tests/")) or not path.endswith(C_LIKE) else COLUMNS
    for no, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield no, "space at the end of the line"
        if len(line.expandtabs(TAB)) > limit and not path.endswith((".tbl", ".txt")):
            yield no, "%d columns, at most %d" % (len(line.expandtabs(TAB)), limit)
        if TO_DO.search(line):
            yield no, "something left to do without its issue number (#N)"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield text.count("\n"), "ends with one newline, no blank line"


def check_c(path, text, exists):
    code = blank_comments(text)
    if path.endswith(".h") and not re.search(r"^#pragma once$", code, re.M):
        yield 1, "no #pragma once"
    if path.endswith(".c"):
        own = path[:-1] + "h"
        first = re.search(r'^#include[ \t]+[<"]([^">]+)[">]', text, re.M)
        if exists(own) and (not first or first.group(1) not in (own, os.path.basename(own))):
            yield line_of(text, first.start()) if first else 1, "the first include is <%s>" % own
        # Its own function, which only assembly calls, may be declared before it is defined.
        here = {name for name, external, _, _ in functions(code) if external}
        for m in PROTOTYPE.finditer(code) if path.startswith(KERNEL) else ():
            if m.group(1) not in here and not m.group(1).startswith("__"):  # __: the compiler calls it
                yield line_of(code, m.start()), "prototype of %s() belongs into a header" % m.group(1)
    for m in re.finditer(r"^[ \t]*typedef[ \t]+(?:const[ \t]+)?(struct|union|enum)\b|"
                         r"^[ \t]*typedef[ \t]+[^;()]*\*[^;()]*;", code, re.M):
        yield line_of(code, m.start()), "typedef of a structure, union, enum or pointer"
    for m in re.finditer(r"^[ \t]*#[ \t]*if[ \t]+0\b", code, re.M):
        yield line_of(code, m.start()), "#if 0"
    for m in re.finditer(r"^(?: {8}|\t+ {8})[ \t]*[^\s\\]", code, re.M):
        yield line_of(code, m.start()), "spaces where a tab belongs"
    for m in re.finditer(r"^\{[ \t]*$(.*?)^\}", code, re.M | re.S):
        for c in re.finditer(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else)\b", m.group(1), re.M):
            yield line_of(code, m.start(1) + c.start()), "#%s inside a function" % c.group(1)
    for name, _, line, length in functions(code):
        if length > TOO_LONG:
            yield line, "%s() has %d lines, at most %d" % (name, length, TOO_LONG)


def check_text(path, text, exists=lambda p: False):
    """[(line, complaint)] of one file; path is relative to the tree."""
    if not text.strip():
        return [(1, "empty file")]
    out = list(check_head(path, text)) + list(check_lines(path, text))
    if path.startswith("tests/host/"):  # small, and named for what they test
        out = [c for c in out if not c[1].startswith("no head block")]
    if path.endswith(C_LIKE):
        out += check_c(path, text, exists)
    return sorted(out)


def soft_counts(path, text):
    """(long functions, external functions without the file's noun), as lists of texts."""
    funcs = functions(blank_comments(text))
    noun = os.path.splitext(os.path.basename(path))[0].split("_")[0]
    nouns = (noun, noun[:-1]) if noun.endswith("s") else (noun,)
    long = ["%s: %s() has %d lines" % (path, n, ln) for n, _, _, ln in funcs if LONG < ln <= TOO_LONG]
    other = ["%s: %s()" % (path, n) for n, ext, _, _ in funcs
             if ext and path.endswith(".c") and path.startswith(KERNEL) and not path.endswith("_test.c") and
             not n.startswith(nouns + ("sys_", "main"))]
    return long, other


# ---- headers alone ----

def digest(path):
    try:
        with open(path, "rb") as f:
            return hashlib.sha1(f.read()).hexdigest()
    except OSError:
        return ""


def compile_header(root, header, command):
    """(complaint or "", [files it depends on])"""
    src = '#include "%s"\n' % header
    deps = subprocess.run(command + ["-M", "-x", "c", "-"], input=src, cwd=root, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True)
    run = subprocess.run(command + ["-fsyntax-only", "-x", "c", "-"], input=src, cwd=root, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, universal_newlines=True)
    names = deps.stdout.replace("\\\n", " ").split()[1:]
    first = [ln for ln in run.stdout.splitlines() if "error" in ln]
    return (first or ["does not compile"])[0] if run.returncode else "", [n for n in names if n != "-"]


def check_headers(root, headers, command, cache_path):
    """Complaints; what compiled before and depends on nothing that changed is not compiled again."""
    key = hashlib.sha1(" ".join(command).encode()).hexdigest()
    try:
        with open(cache_path) as f:
            cache = json.load(f)
        cache = cache if cache.get("key") == key else {}
    except (OSError, ValueError):
        cache = {}
    known = cache.get("headers", {})
    todo = [h for h in headers if h not in known or
            any(digest(os.path.join(root, d)) != s for d, s in known[h].items())]
    known = {h: known[h] for h in headers if h not in todo}
    out = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for h, (why, deps) in zip(todo, pool.map(lambda h: compile_header(root, h, command), todo)):
            if why:
                out.append("%s:1: alone: %s" % (h, why))
            else:
                known[h] = {d: digest(os.path.join(root, d)) for d in deps if not d.startswith("/")}
    os.makedirs(os.path.dirname(cache_path), exist_ok=True)
    with open(cache_path, "w") as f:
        json.dump({"key": key, "headers": known}, f)
    return out


def find_files(root):
    found = []
    for folder, dirs, files in os.walk(root):
        dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d not in ("build", "golden", "corpus"))
        found += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files)
                  if f.endswith(SUFFIXES) or f in NAMES]
    return found


def main(argv=None):
    argv = list(sys.argv[1:] if argv is None else argv)
    flags = argv[argv.index("--") + 1:] if "--" in argv else None
    ap = argparse.ArgumentParser(description="check the form of source files")
    ap.add_argument("--root", default=".")
    ap.add_argument("--cc", default="gcc")
    ap.add_argument("--cache", default="build/lint/headers.json")
    ap.add_argument("-v", "--verbose", action="store_true", help="list what is only counted")
    ap.add_argument("files", nargs="*")
    args = ap.parse_args(argv[:argv.index("--")] if flags is not None else argv)
    complaints, long, other = [], [], []
    paths = args.files or find_files(args.root)
    for path in paths:
        with open(os.path.join(args.root, path), encoding="utf-8", errors="replace") as f:
            text = f.read()
        complaints += ["%s:%d: %s" % (path, no, what) for no, what in
                       check_text(path, text, lambda p: os.path.exists(os.path.join(args.root, p)))]
        if path.endswith(C_LIKE):
            more = soft_counts(path, text)
            long += more[0]
            other += more[1]
    if flags is not None:
        command = args.cc.split() + flags + ["-I.", "-Ibuild/gen", "-Iarch/x86_64/include"]
        headers = [p for p in paths if p.endswith(".h") and p.startswith(KERNEL)]
        complaints += check_headers(args.root, headers, command, os.path.join(args.root, args.cache))
    for line in complaints + (long + other if args.verbose else []):
        print(line)
    print("check_style: %d files, %d complaints; %d functions of %d to %d lines, %d external names without the file's "
          "noun" % (len(paths), len(complaints), len(long), LONG + 1, TOO_LONG, len(other)))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
