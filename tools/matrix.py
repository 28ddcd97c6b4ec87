#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The matrix of machines: every pair of what may vary stands in some row.

    loader       pvh (QEMU's -kernel), bios (SeaBIOS, GRUB), uefi (OVMF, GRUB)
    machine      pc, q35            CPUs     1, 2, 4, 8     nodes     1, 2, 4
    interrupts   xapic, x2apic      memory   the least (64 MiB, UEFI 96) to 4 GiB
    HPET         on, off

In each a few programs run, and log and /proc must show that the machine is what
was asked for. `rows()` is made the same each time, by taking the row that covers
most pairs that are still missing.

    matrix.py                      print the rows
    matrix.py --update-readme FILE put them between the marks there
    matrix.py --check-readme FILE  status 1 when they are not what stands there
"""
import argparse
import itertools
import re
import sys
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

LEAST = 0
FACTORS: Dict[str, Tuple] = {
    "cpus": (1, 2, 4, 8), "mem": (LEAST, 256, 1024, 4096), "boot": ("pvh", "bios", "uefi"),
    "nodes": (1, 2, 4), "machine": ("pc", "q35"), "apic": ("x2apic", "xapic"), "hpet": (True, False),
}
MARKS = "<!-- matrix:begin -->", "<!-- matrix:end -->"


class Row(NamedTuple):
    cpus: int
    mem: int  # MiB; LEAST: what the loader needs
    boot: str
    nodes: int
    machine: str
    apic: str
    hpet: bool
    profile: str = "debug"
    apic_256: bool = False  # a second CPU, whose APIC id is 256

    @property
    def mem_mib(self) -> int:
        return self.mem or (96 if self.boot == "uefi" else 64)

    @property
    def name(self) -> str:
        return "-".join([self.boot, self.machine, f"{self.cpus}x{self.nodes}", self.apic, f"{self.mem_mib}M",
                         *([] if self.hpet else ["nohpet"]), *([] if self.profile == "debug" else [self.profile]),
                         *(["id256"] if self.apic_256 else [])])

    def cells(self) -> List[str]:
        cpus = "1, and one with APIC id 256" if self.apic_256 else str(self.cpus)
        mem = f"{self.mem_mib} MiB" if self.mem_mib < 1024 else f"{self.mem_mib // 1024} GiB"
        return [self.boot, self.machine, cpus, str(self.nodes), self.apic, mem,
                "yes" if self.hpet else "no", self.profile]


HEAD = ["boot", "machine", "CPUs", "nodes", "interrupts", "memory", "HPET", "kernel"]


def pairs(values: Tuple) -> Iterator[Tuple]:
    return itertools.combinations(enumerate(values), 2)


def all_pairs() -> Set[Tuple]:
    return {p for values in itertools.product(*FACTORS.values()) for p in pairs(values)}


def rows() -> List[Row]:
    missing = all_pairs()
    out: List[Row] = []
    while missing:
        best = max(itertools.product(*FACTORS.values()), key=lambda v: sum(p in missing for p in pairs(v)))
        missing.difference_update(pairs(best))
        out.append(Row(*best))
    # The release kernel once, and a CPU that xAPIC mode cannot reach.
    out.append(Row(4, 1024, "uefi", 2, "q35", "x2apic", True, profile="release"))
    out.append(Row(1, 256, "bios", 1, "q35", "x2apic", True, apic_256=True))
    return out


# ---- what a machine must show of itself ----

SCRIPT = """
nproc
awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo
for i in 1 2 3 4 5 6 7 8; do sha256sum /bin/busybox & done | sort -u | wc -l
seq 1000 | sort -rn | head -n 1
grep -c x2APIC /proc/interrupts
"""


def wrong(row: Row, output: str, status: int, log: str) -> List[str]:
    """What is not as it should be; nothing when all is well."""
    out: List[str] = []
    cpus = 2 if row.apic_256 else row.cpus
    words = output.split()
    if len(words) == 5 and status == 1 and words[4] == "0":
        status = 0  # grep's
    if status or len(words) != 5:
        return [f"the program ended with status {status} and said: {output!r}"]
    if int(words[0]) != cpus:
        out.append(f"nproc says {words[0]}, not {cpus}")
    # Firmware and the kernel itself keep a part.
    if not row.mem_mib * 0.88 - 4 <= int(words[1]) <= row.mem_mib:
        out.append(f"MemTotal is {words[1]} MiB of {row.mem_mib}")
    if words[2:4] != ["1", "1000"]:
        out.append(f"the programs said {words[2:4]}")
    if (words[4] == "1") != (row.apic == "x2apic"):
        out.append("/proc/interrupts speaks of " + ("x2APIC" if words[4] == "1" else "no x2APIC"))
    for pattern in (rf"lapic: {'x2APIC' if row.apic == 'x2apic' else 'xAPIC'}, ",
                    rf"booted by {'PVH' if row.boot == 'pvh' else 'GRUB'}",
                    rf"smp: {cpus} CPUs" if cpus > 1 else r"acpi: 1 CPUs",
                    r"by HPET" if row.hpet else r"APIC timer \d+ kHz.*, by (?!HPET)"):
        if not re.search(pattern, log):
            out.append(f"no line of the log is like {pattern!r}")
    nodes = len(set(re.findall(r"numa: node (\d+): [1-9]\d* MiB", log))) or 1
    if nodes != row.nodes:
        out.append(f"{nodes} nodes with memory, not {row.nodes}")
    return out


# ---- text ----

def text(all_rows: List[Row], last: Dict[Row, str]) -> List[str]:
    """A table for people; `last`: a verdict for each row."""
    table = [HEAD + ["result"], *([*r.cells(), last.get(r, "not run")] for r in all_rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in table]


def markdown() -> str:
    lines = ["Generated by `tools/matrix.py --update-readme README.md`; `make test` boots each row.", "",
             "| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(r.cells()) + " |" for r in rows()]
    return "\n".join(lines) + "\n"


def readme(path: str, update: bool) -> int:
    with open(path, encoding="utf-8") as f:
        old = f.read()
    begin, end = (old.find(m) for m in MARKS)
    if begin < 0 or end < begin:
        print(f"matrix: {path} has no {' and '.join(MARKS)}", file=sys.stderr)
        return 1
    new = old[:begin + len(MARKS[0])] + "\n" + markdown() + old[end:]
    if update and new != old:
        with open(path, "w", encoding="utf-8") as f:
            f.write(new)
    elif new != old:
        print(f"matrix: the table in {path} is old: tools/matrix.py --update-readme {path}")
        return 1
    return 0


def main() -> int:
    p = argparse.ArgumentParser(description="the matrix of machines")
    p.add_argument("--update-readme", metavar="FILE")
    p.add_argument("--check-readme", metavar="FILE")
    a = p.parse_args()
    if a.update_readme or a.check_readme:
        return readme(a.update_readme or a.check_readme, bool(a.update_readme))
    for r in rows():
        print(r.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
