#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Speed in instructions: build/bench/bench in the release kernel under QEMU's
instruction clock (qemu.Machine.icount), beside Linux's figures and the budgets
of tests/bench/linux.tsv.

    bench.py [ROW...]

Prints a table: name, ours (median), Linux's min, ratio, budget, and "over" where
the budget is missed; ends with the geometric mean of the ratios, without *_late
(virtual nanoseconds) and memcpy_1m_user (user code). Fails when the clock does not
count instructions. Results go to build/bench/exo.jsonl too. `make bench` builds first.
"""
import json
import math
import os
import re
import subprocess
import sys
from typing import Dict, List, NamedTuple, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIGURES = os.path.join(ROOT, "tests/bench/linux.tsv")
OUT = os.path.join(ROOT, "build/bench")
LOOP = 2001  # instructions of the loop that proves the clock
LIMIT_S = 600


class Figures(NamedTuple):
    linux: Optional[float]
    budget: Optional[float]


def number(text: str) -> Optional[float]:
    return float(text) if text else None


def read_figures() -> Dict[str, Figures]:
    rows: Dict[str, Figures] = {}
    with open(FIGURES) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, linux, budget = line.rstrip("\n").split("\t")
                rows[name] = Figures(number(linux), number(budget))
    return rows


def run(rows: List[str]) -> List[dict]:
    """The program's lines, after a look at the clock."""
    log = os.path.join(OUT, "exo.log")
    cmd = [os.path.join(ROOT, "tools/exo"), "run", "--icount", "--timeout", str(LIMIT_S),
           "--log", log, os.path.join(OUT, "bench"), *rows]
    done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    with open(os.path.join(OUT, "exo.jsonl"), "wb") as f:
        f.write(done.stdout)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        sys.exit(f"bench: status {done.returncode} after {len(results)} rows; see {log}")
    clock = results.pop(0)
    if clock.get("loop") != LOOP:
        sys.exit(f"bench: a loop of {LOOP} instructions reads {clock.get('loop')}: no instruction clock")
    with open(log, errors="replace") as f:
        boot = re.findall(r"boot: .*", f.read())
    print("\n".join(boot) or "boot: the kernel says nothing about it")
    return results


def counts(name: str) -> bool:
    """Whether the row belongs to the geometric mean."""
    return not name.endswith("_late") and name != "memcpy_1m_user"


def show(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.10g}"


def main() -> int:
    figures = read_figures()
    unknown = set(sys.argv[1:]) - set(figures)
    if unknown:
        sys.exit(f"bench: no row {', '.join(sorted(unknown))} in {FIGURES}")
    logs: List[float] = []
    over = 0
    print(f"clock: {LOOP} ticks for {LOOP} instructions is what every run must show")
    results = run(sys.argv[1:])
    print(f"{'row':24} {'ours':>10} {'Linux':>10} {'ratio':>6} {'budget':>9}")
    for row in results:
        fig = figures.get(row["name"], Figures(None, None))
        if "error" in row:
            print(f"{row['name']:24} {row['error']:>10}")
            continue
        ours = row["median"]
        ratio = ours / fig.linux if fig.linux else None
        late = fig.budget is not None and ours > fig.budget
        over += late
        print(f"{row['name']:24} {show(ours):>10} {show(fig.linux):>10} "
              f"{'' if ratio is None else f'{ratio:.2f}':>6} {show(fig.budget):>9}"
              f"{'  over' if late else ''}")
        if ratio and counts(row["name"]):
            logs.append(math.log(ratio))
    mean = math.exp(sum(logs) / len(logs)) if logs else 0.0
    print(f"geometric mean of {len(logs)} ratios: {mean:.3f}; {over} rows over budget")
    return 0


if __name__ == "__main__":
    sys.exit(main())
