# SPDX-License-Identifier: MIT
"""What `exo run` does for programs that are not trusted: the words of --pledge, --unveil,
--learn and --loader as a command of the guest (user/sandbox), and the kernel's audit lines
as text for the user."""
import json
import posixpath
import re
import stat
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from mkinitrd import Entry

TOOL = "/bin/sandbox"
AUDIT = re.compile(r"\[ *[\d.]+\] (?:NOTICE: )?audit: (\w+): (.*)$", re.M)
LEARNED = re.compile(r"(.{1,15})\[\d+\] (promise|path) (.*)$")
LETTERS = "rwxc"
# What the dynamic loaders of glibc and musl need, and no promise of the program's own.
LOADER_PROMISES = ["rpath", "prot_exec"]
LOADER_RULES = ["rx:/lib", "rx:/lib64", "rx:/usr/lib", "rx:/usr/lib64", "r:/etc/ld.so.cache", "r:/etc/ld.so.preload",
                "r:/etc/ld-musl-x86_64.path"]


def is_loader_path(path: str) -> bool:
    name = posixpath.basename(path)
    return ".so" in name or name.startswith("ld-") or path.startswith("/etc/ld")


def check_rule(text: str) -> str:
    """`--unveil PERMS:PATH`, or ValueError."""
    perms, colon, path = text.partition(":")
    if not colon or not path.startswith("/") or any(p not in LETTERS for p in perms):
        raise ValueError(f"--unveil {text}: wants PERMS:/PATH, PERMS of the letters {LETTERS}")
    return text


def wrap(argv: List[str], pledge: Optional[str], rules: List[str], learn: bool, loader: bool) -> List[str]:
    """The command that runs `argv` so."""
    if pledge is None and not rules and not learn:
        return argv
    command = [TOOL, "run"]
    promises = pledge
    if loader and promises is not None:
        promises = " ".join([promises, *LOADER_PROMISES])
    if learn:
        promises = "learn"
    if promises is not None:
        command += ["-p", promises]
    if not learn:
        for rule in [*rules, *(LOADER_RULES if loader and rules else [])]:
            command += ["-u", check_rule(rule)]
    return [*command, "--", *argv]


class Learned(NamedTuple):
    promises: List[str]
    rules: List[str]
    loader_promises: List[str]
    loader_rules: List[str]


def audit_lines(log: str) -> List[Tuple[str, str]]:
    """(kind, text) of each audit line of a kernel log."""
    return AUDIT.findall(log.replace("\r", ""))


def merge(rules: Dict[str, str], path: str, perms: str) -> None:
    have = rules.get(path, "")
    rules[path] = "".join(p for p in LETTERS if p in have or p in perms)


def learned(log: str) -> Learned:
    """What a run with "learn" needed; the loader's needs, and those of the program's own
    start, apart."""
    promises: Dict[str, None] = {}
    own: Dict[str, str] = {}
    loader: Dict[str, str] = {}
    for kind, text in audit_lines(log):
        m = LEARNED.match(text) if kind == "learn" else None
        if not m:
            continue
        if m.group(2) == "promise":
            promises.update(dict.fromkeys(m.group(3).split()))
            continue
        perms, _, path = m.group(3).partition(":")
        # Process numbers differ from run to run; the link to the program is permitted anyway.
        if re.fullmatch(r"/proc/\d+/exe", path):
            continue
        path = re.sub(r"^/proc/\d+.*", "/proc", path)
        merge(loader if is_loader_path(path) else own, path, perms)
    apart = [p for p in ("prot_exec",) if p in promises and loader]
    for p in apart:
        del promises[p]
    return Learned(list(promises), [f"{own[p]}:{p}" for p in sorted(own)], apart,
                   [f"{loader[p]}:{p}" for p in sorted(loader)])


def changes(layer: Iterable[Entry], there: Callable[[str], bool]) -> List[Tuple[str, str]]:
    """(created | changed | deleted, path) of each name in a layer over the root (boot word
    exo.layer). Folders that were there are in it only for what is below them."""
    out = []
    for e in layer:
        kind, path = stat.S_IFMT(e.mode), "/" + e.name
        if e.name == ".":
            continue
        if kind == stat.S_IFCHR and e.rdev == (0, 0):
            out.append(("deleted", path))
        elif not there(path):
            out.append(("created", path + "/" * (kind == stat.S_IFDIR)))
        elif kind != stat.S_IFDIR:
            out.append(("changed", path))
    return sorted(out, key=lambda c: c[1])


def quote(text: str) -> str:
    import shlex
    return shlex.quote(text)


def learned_text(result: Learned) -> str:
    out = ["learned; to hold the program to this:",
           "  --pledge " + quote(" ".join(result.promises))]
    out += ["  --unveil " + quote(rule) for rule in result.rules]
    if result.loader_rules or result.loader_promises:
        out.append("and, for its dynamic loader, --loader, or:")
        if result.loader_promises:
            out.append("  promises " + " ".join(result.loader_promises))
        out += ["  --unveil " + quote(rule) for rule in result.loader_rules]
    return "\n".join(out) + "\n"


def denials(log: str) -> List[Dict[str, str]]:
    return [{"kind": kind, "text": text} for kind, text in audit_lines(log) if kind != "learn"]


def write_audit(path: str, log: str) -> None:
    """One JSON object a line."""
    with open(path, "w", encoding="utf-8") as f:
        for d in denials(log):
            f.write(json.dumps(d) + "\n")
