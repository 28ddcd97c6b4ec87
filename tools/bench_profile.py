# SPDX-License-Identifier: MIT
"""Where the instructions of a benchmark row go, by symbol or by source line: the row
is run in Exo-OS with a QEMU plugin (tests/bench/guest/profile.c) that counts each
instruction between the program's two marks, warm-up left out. What a row does besides
what it measures (the fork of cow_fault_4k) is counted too, and so are other processes.
"""
import bisect
import os
import re
import subprocess
from typing import Dict, List, Sequence, Tuple

import bench_guest
from bench_guest import EXO, OUT, GuestError

SHOWN = 30
KERNEL_BASE = 1 << 63
PLUGIN = os.path.join(OUT, "profile.so")


class Symbols:
    """Address -> name, by nm."""

    def __init__(self, *elfs: str) -> None:
        found: List[Tuple[int, str]] = []
        for elf in elfs:
            text = subprocess.run(["nm", elf], stdout=subprocess.PIPE, check=True).stdout.decode()
            found += [(int(m.group(1), 16), m.group(2))
                      for m in re.finditer(r"^([0-9a-f]+) [tTwW] (\S+)$", text, re.M)]
        found.sort()
        self._at = [a for a, _ in found]
        self._name = [n for _, n in found]

    def name(self, va: int) -> str:
        i = bisect.bisect_right(self._at, va) - 1
        return self._name[i] if i >= 0 else "?"

    def address(self, name: str) -> int:
        return self._at[self._name.index(name)]


def count(row: str) -> Tuple[Dict[int, int], dict]:
    """Executions of each address, and the row's JSON line."""
    bench = os.path.join(OUT, "bench")
    marks = Symbols(bench)
    out = os.path.join(OUT, "profile.counts")
    spec = (f"{PLUGIN},out={out},begin={marks.address('bench_mark_begin'):x},"
            f"end={marks.address('bench_mark_end'):x}")
    lines = bench_guest.boot(EXO, [row], more=["-plugin", spec])
    with open(out) as f:
        counts = {int(va, 16): int(n) for va, n in (line.split() for line in f)}
    if counts.pop(0):
        raise GuestError("the plugin's table was too small")
    return counts, next(line for line in lines if line["name"] == row)


def by_line(counts: Dict[int, int], kernel: str) -> Dict[str, int]:
    """Kernel instructions by the innermost function and line, inlined or not."""
    addresses = [va for va in counts if va >= KERNEL_BASE]
    text = subprocess.run(["addr2line", "-f", "-s", "-e", kernel], check=True, stdout=subprocess.PIPE,
                          input="\n".join(f"{va:x}" for va in addresses).encode()).stdout.decode().splitlines()
    found: Dict[str, int] = {}
    for va, func, line in zip(addresses, text[::2], text[1::2]):
        name = f"{func} {line.split(' ')[0]}"
        found[name] = found.get(name, 0) + counts[va]
    return found


def by_symbol(counts: Dict[int, int]) -> Dict[str, int]:
    kernel, program = Symbols(EXO.kernel), Symbols(os.path.join(OUT, "bench"))
    found: Dict[str, int] = {}
    for va, n in counts.items():
        name = kernel.name(va) if va >= KERNEL_BASE else "(user) " + program.name(va)
        found[name] = found.get(name, 0) + n
    return found


def main(rows: Sequence[str], lines: bool, shown: int = SHOWN) -> int:
    if not rows:
        raise GuestError("a profile is of one row: bench.py --profile ROW")
    for row in rows:
        counts, result = count(row)
        if "error" in result:
            raise GuestError(f"{row}: {result['error']}")
        runs, total = result["runs"], sum(counts.values())
        found = by_line(counts, EXO.kernel) if lines else by_symbol(counts)
        print(f"{row}: median {result['median']:g}; {total / runs:.1f} instructions a run in all, by "
              + ("source line (kernel):" if lines else "symbol:"))
        for name, n in sorted(found.items(), key=lambda item: -item[1])[:shown]:
            print(f"{n / runs:12.1f} {n / total:6.1%}  {name}")
    return 0
