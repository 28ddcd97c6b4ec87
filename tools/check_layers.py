#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Layers, cycles and [pure] files: STYLE.md section 2, as tools/layers.txt writes it down.

    check_layers.py [--root DIR] [--layers FILE]

Refused:
  - an include that the file's layer may not make
  - a file that no layer claims, an include that leads nowhere
  - a cycle of headers
  - foo_priv.h from another folder or in <>; a quoted header of another folder
  - a [pure] file (first line of its head block) that reaches, through any chain
    of includes, an <arch/> header, a lock or an allocator
  - inline assembly or architecture macros in a layer marked pure
"""
import argparse
import fnmatch
import os
import re
import sys

SUFFIXES = (".c", ".h")
FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdalign.h", "limits.h", "float.h"}
HOSTED = ("test", "user")  # layers with a libc
CONTRACT = "arch/x86_64/include/"
IMPURE = re.compile(r"arch/x86_64/include/|kernel/core/(spinlock|mutex|waitq|lockdep)\.h|"
                    r"mm/(pmm|pcp|slab|kmalloc|kva)\.h")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^">]+)[">]', re.M)
ASM = re.compile(r"\b(__asm__|asm)\b[ \t]*(volatile|__volatile__|goto)?[ \t]*\(|\b__x86_64__\b|\b__amd64__\b")


class LayersError(Exception):
    pass


class Layer:
    def __init__(self, name, patterns):
        self.name, self.patterns = name, patterns
        self.may, self.headers, self.pure = set(), set(), False


def parse_layers(text):
    layers = []
    for no, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "layer" and len(words) > 2:
            layers.append(Layer(words[1], words[2:]))
        elif words[0] == "may" and layers:
            layers[-1].headers |= {w[1:-1] for w in words[1:] if w[0] == "<"}
            layers[-1].may |= {w for w in words[1:] if w[0] != "<"}
        elif words == ["pure"] and layers:
            layers[-1].pure = True
        else:
            raise LayersError("line %d: want layer, may or pure" % no)
    names = {la.name for la in layers} | {"*"}
    unknown = set().union(*(la.may for la in layers)) - names if layers else set()
    if unknown or len(names) != len(layers) + 1:
        raise LayersError("a layer twice, or an unknown one: %s" % " ".join(sorted(unknown)))
    return layers


def layer_of(layers, path):
    for la in layers:
        if any(fnmatch.fnmatchcase(path, p) for p in la.patterns):
            return la
    return None


def strip_comments(text):
    """Comments and string contents out, line numbers kept. Include lines stay whole."""
    def blank(m):
        t = m.group(0)
        return t if t[0] == "#" else "\n" * t.count("\n") if t[0] == "/" else '""'
    return re.sub(r'^[ \t]*#[ \t]*include[^\n]*|/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"',
                  blank, text, flags=re.S | re.M)


def is_pure(text):
    """Does the head block's first line say [pure]?"""
    m = re.match(r"/\*[^\n]*SPDX[^\n]*\n/\*\*?\s*\*?\s*([^\n]*)", text)
    return bool(m and "[pure]" in m.group(1))


def find_files(root):
    found = []
    for folder, dirs, files in os.walk(root):
        dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d != "build")
        found += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files) if f.endswith(SUFFIXES)]
    return found


def resolve(files, path, quote, name):
    """The tree's file that an include means, or the bare name (generated or libc's)."""
    if quote == '"':
        beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if beside in files:
            return beside
    for candidate in (name, CONTRACT + name):
        if candidate in files:
            return candidate
    return name


def check_include(layers, files, path, quote, name):
    """(what it means, complaint or None)"""
    mine = layer_of(layers, path)
    target = resolve(files, path, quote, name)
    theirs = layer_of(layers, target)
    if mine.name in HOSTED and target not in files:
        return target, None  # libc's, or a test's own arrangement
    if name in FREESTANDING:
        return target, None
    if name.endswith("_priv.h") and (quote != '"' or os.path.dirname(target) != os.path.dirname(path)):
        if mine.name != "test":
            return target, "%s is private to its folder" % name
    if quote == '"' and target in files and os.path.dirname(target) != os.path.dirname(path) and mine.name != "test":
        return target, '"%s" lies in another folder: <%s>' % (name, target)
    if theirs is None or (target not in files and "/" not in name and theirs.name in HOSTED):
        return target, "<%s> is neither in the tree nor a compiler header" % name
    if theirs is mine or "*" in mine.may or theirs.name in mine.may or target in mine.headers:
        return target, None
    return target, "layer %s may not include <%s> of layer %s" % (mine.name, name, theirs.name)


def find_cycle(graph):
    """A list of files that include one another in a circle, or None."""
    done, stack = set(), []

    def visit(node):
        if node in stack:
            return stack[stack.index(node):] + [node]
        if node in done:
            return None
        stack.append(node)
        for to in graph.get(node, ()):
            found = visit(to)
            if found:
                return found
        stack.pop()
        done.add(node)
        return None
    for node in sorted(graph):
        found = visit(node)
        if found:
            return found
    return None


def path_to_impure(graph, start):
    """The chain of includes from a [pure] file to what it must not reach, or None."""
    seen, queue = {start}, [[start]]
    while queue:
        chain = queue.pop(0)
        for to in graph.get(chain[-1], ()):
            if IMPURE.match(to):
                return chain + [to]
            if to not in seen:
                seen.add(to)
                queue.append(chain + [to])
    return None


def check(root, layers):
    """Complaints about the tree, "path:line: text"."""
    paths = find_files(root)
    files, graph, pure, out = set(paths), {}, [], []
    for path in paths:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
            text = f.read()
        la = layer_of(layers, path)
        if la is None:
            out.append("%s: no layer of layers.txt claims it" % path)
            continue
        if is_pure(text):
            pure.append(path)
        code = strip_comments(text)
        for m in INCLUDE.finditer(code):
            line = code.count("\n", 0, m.start()) + 1
            target, complaint = check_include(layers, files, path, m.group(1), m.group(2))
            if target in files:
                graph.setdefault(path, []).append(target)
            if complaint:
                out.append("%s:%d: %s" % (path, line, complaint))
        if la.pure:
            for m in ASM.finditer(code):
                out.append("%s:%d: %s belongs into arch/" % (path, code.count("\n", 0, m.start()) + 1,
                                                             m.group(0).strip(" (")))
    cycle = find_cycle(graph)
    if cycle:
        out.append("%s: headers in a circle: %s" % (cycle[0], " -> ".join(cycle)))
    for path in pure:
        chain = path_to_impure(graph, path)
        if chain:
            out.append("%s: is [pure], but reaches %s" % (path, " -> ".join(chain[1:])))
    return out


def main(argv=None):
    ap = argparse.ArgumentParser(description="check layers, include cycles and [pure] files")
    ap.add_argument("--root", default=".")
    ap.add_argument("--layers")
    args = ap.parse_args(argv)
    layers_file = args.layers or os.path.join(args.root, "tools/layers.txt")
    try:
        with open(layers_file) as f:
            layers = parse_layers(f.read())
        complaints = check(args.root, layers)
    except (OSError, LayersError) as e:
        sys.stderr.write("check_layers: %s: %s\n" % (layers_file, e))
        return 2
    for line in complaints:
        print(line)
    if complaints:
        print("check_layers: %d complaints" % len(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
