#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every source file is built into something, and none is empty.

    check_linked.py --map build/debug/exo.map SOURCE...
        after the link of the kernel: each SOURCE's object stands in the linker's
        map, and so does every other source in the kernel's folders (*_test.c only
        when one was given)
    check_linked.py [--root DIR] [--database FILE]
        before any build: each source of the tree is named in make's own database
        (`make -pqRr`), in a dependency file under build/, or, for programs and
        tests, has a target with its name

An empty file is one with nothing but comments, blank lines and directives.
NOT_LINKED lists what is compiled for another purpose, with the reason.
"""
import argparse
import os
import re
import subprocess
import sys

KERNEL = ("boot", "drivers", "kernel", "arch", "mm", "ipc", "fs", "security")
PROGRAMS = ("user", "tests")
SUFFIXES = (".c", ".asm", ".S", ".cpp")
NOT_LINKED = {
    "arch/x86_64/offsets.c": "compiled to assembly for nasm's offsets.inc",
    "arch/x86_64/vdso/vdso.c": "a shared object of its own, which vdso_image.asm takes into the kernel",
}


def find_sources(root, tops):
    found = []
    for top in tops:
        for folder, dirs, files in os.walk(os.path.join(root, top)):
            dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d not in ("build", "golden", "corpus"))
            found += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files) if f.endswith(SUFFIXES)]
    return found


def is_empty(path, text):
    """Nothing there that makes code or data."""
    if path.endswith(".asm"):
        code = re.sub(r";[^\n]*", "", text)
        code = re.sub(r"^\s*(%|\[|bits\b|default\b|section\b|extern\b|global\b)[^\n]*", "", code, flags=re.M | re.I)
    else:
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", code, flags=re.M)
    return not code.strip()


def objects_of(source):
    """How an object of this source may be called, from the last folder it is built in."""
    return ("/" + source + ".o", "/" + os.path.splitext(source)[0] + ".o")


def map_objects(text):
    """The object files that a linker map says were loaded."""
    return set(re.findall(r"^LOAD (\S+)", text, re.M))


def check_map(sources, given, objects):
    """Sources whose object is not in the map."""
    with_tests = any(s.endswith("_test.c") or s.startswith("tests/") for s in given)
    out = []
    for source in sorted(set(sources) | set(given)):
        if source in NOT_LINKED or (source not in given and source.endswith("_test.c") and not with_tests):
            continue
        if not any(o.endswith(objects_of(source)) for o in objects):
            out.append("%s: nothing links it" % source)
    return out


def dependency_names(root):
    """Every file that a dependency file under build/ names as a prerequisite."""
    names = set()
    for folder, _, files in os.walk(os.path.join(root, "build")):
        for f in files:
            if f.endswith(".d"):
                with open(os.path.join(folder, f), encoding="utf-8", errors="replace") as d:
                    for rule in d.read().replace("\\\n", " ").splitlines():
                        names.update(os.path.normpath(w) for w in rule.partition(":")[2].split())
    return names


def check_tree(sources, words):
    """Sources that nothing in the make database or the dependency files names."""
    words = {w[2:] if w.startswith("./") else w for w in words}
    built = [w for w in words if w.startswith("build/")]
    stems = {re.sub(r"(\.c|\.asm)?(\.o)?$", "", os.path.basename(w)) for w in built}
    out = []
    for source in sources:
        stem = os.path.splitext(os.path.basename(source))[0]
        named = source in words or any(w.endswith(objects_of(source)) for w in built)
        if source.split("/")[0] in PROGRAMS:
            named = named or stem in stems
        if not named and source not in NOT_LINKED:
            out.append("%s: nothing builds it" % source)
    return out


def make_words(root):
    """What `make -p` knows: variables, rules, targets."""
    run = subprocess.run(["make", "-pqRr", "--no-print-directory"], cwd=root, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, universal_newlines=True)
    return set(re.findall(r"[^\s:=]+", run.stdout))


def main(argv=None):
    ap = argparse.ArgumentParser(description="every source is linked, none is empty")
    ap.add_argument("--root", default=".")
    ap.add_argument("--map", action="append", default=[], help="linker map of the kernel")
    ap.add_argument("--database", help="words instead of make's database, for tests")
    ap.add_argument("sources", nargs="*")
    args = ap.parse_args(argv)
    out = []
    try:
        if args.map:
            objects = set()
            for name in args.map:
                with open(name) as f:
                    objects |= map_objects(f.read())
            sources = find_sources(args.root, KERNEL)
            out = check_map(sources, args.sources, objects)
            sources = sorted(set(sources) | set(args.sources))
        else:
            sources = args.sources or find_sources(args.root, KERNEL + PROGRAMS)
            if args.database:
                with open(args.database) as f:
                    words = set(f.read().split())
            else:
                words = make_words(args.root)
            out = check_tree(sources, words | dependency_names(args.root))
        for source in sources:
            with open(os.path.join(args.root, source), encoding="utf-8", errors="replace") as f:
                if is_empty(source, f.read()):
                    out.append("%s: empty" % source)
    except OSError as e:
        sys.stderr.write("check_linked: %s\n" % e)
        return 2
    for line in out:
        print(line)
    if out:
        print("check_linked: %d complaints" % len(out))
    return 1 if out else 0


if __name__ == "__main__":
    sys.exit(main())
