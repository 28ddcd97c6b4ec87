#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Speed in instructions: the same static program (tests/bench) in the release
kernel and in a Linux guest, both under QEMU's instruction clock on one CPU.

    bench.py [--twice] [--no-linux] [ROW...]   the table; --twice: everything is run
                                  two times and must agree to the last digit
    bench.py --profile ROW...     where the instructions go, by kernel symbol (--lines: by line)
    bench.py --wall [ROW...]      wall time, two CPUs, both guests in turn
    bench.py --machine            inside the kernel (EOI, IPI, caches, frames), and the boot
    bench.py --check              only Exo-OS, against tests/bench/baseline.jsonl
    bench.py --accept "REASON" [ROW...]   today's counts become the baseline
    bench.py --readme README.md   the table of the README, from the last results

Columns: name, ours (median), Linux's (min), their ratio, budget, and "over" where
the budget is missed. The geometric mean leaves out *_late (virtual nanoseconds)
and memcpy_1m_user (user code). The clock is proven first, in both guests. Results
are JSON lines in build/bench. `make bench` and `make bench-wall` build first.
"""
import argparse
import datetime
import json
import math
import os
import re
import subprocess
import sys
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import bench_guest
import qemu
from bench_guest import EXO, OUT, GuestError

ROOT = qemu.ROOT
ROWS = os.path.join(ROOT, "tests/bench/rows.tsv")
BASELINE = os.path.join(ROOT, "tests/bench/baseline.jsonl")
RESULTS = os.path.join(OUT, "results.json")  # what --readme shows
LOOP = 2001      # instructions of the loop that proves the clock
GROWTH = 1.05    # what --check lets pass
IN_KERNEL = ("cap_check",)  # rows of `kbench`: --machine measures them
MARKS = ("<!-- bench:begin -->\n", "<!-- bench:end -->\n")

Results = Dict[str, dict]  # a row's name -> its JSON line


class BenchError(Exception):
    """What to tell the user."""


class Row(NamedTuple):
    name: str
    what: str
    linux: Optional[float]   # recorded; None: the row is not for Linux
    budget: Optional[float]
    above: str               # budget counts from this row's instructions; "": from 0

    @property
    def own(self) -> bool:
        """Not for Linux: one of ours (rows of two CPUs have no recorded figures)."""
        return self.linux is None and not self.name.endswith("_2cpu") and self.name != "memcpy_1m_user"

    @property
    def measured(self) -> bool:
        """By the program; the others are of the kernel's inside (tools/bench_machine.py)."""
        return self.name not in IN_KERNEL

    @property
    def in_mean(self) -> bool:
        return not self.name.endswith("_late") and self.name != "memcpy_1m_user"


def number(text: str) -> Optional[float]:
    return float(text) if text else None


def read_rows() -> Dict[str, Row]:
    rows: Dict[str, Row] = {}
    with open(ROWS) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, what, linux, budget = line.rstrip("\n").split("\t")
                above, _, budget = budget.rpartition("+")
                rows[name] = Row(name, what, number(linux), number(budget), above)
    return rows


# ---- running ----

def by_name(lines: Sequence[dict], who: str) -> Results:
    """The lines of one run, after a look at its clock."""
    found = {line["name"]: line for line in lines}
    found.pop("boot", None)
    clock = found.pop("clock", {}).get("loop")
    if clock != LOOP:
        raise BenchError(f"{who}: a loop of {LOOP} instructions reads {clock}: no instruction clock")
    return found


def run_exo(words: Sequence[str]) -> Results:
    lines = bench_guest.boot(EXO, words)
    with open(os.path.join(OUT, "exo.jsonl"), "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)
    return by_name(lines, EXO.name)


def boot_line() -> str:
    with open(bench_guest.path_of(EXO, "log"), errors="replace") as f:
        found = re.findall(r"boot: \d.*", f.read())
    return found[-1].rstrip() if found else "boot: the kernel says nothing about it"


class Linux:
    """The guest's figures: measured, or those of rows.tsv with the reason why."""

    def __init__(self, rows: Dict[str, Row], words: Sequence[str], wanted: bool, fresh: bool) -> None:
        self.why = "not asked for"
        self.results: Results = {}
        self.name = "as recorded in tests/bench/rows.tsv"
        self._rows = rows
        if not wanted:
            return
        try:
            guest = bench_guest.linux()
            self.results = by_name(bench_guest.measured(guest, words, fresh), guest.name)
            self.name, self.why = guest.name, ""
        except GuestError as e:
            self.why = str(e)

    def of(self, name: str) -> Optional[float]:
        row = self._rows.get(name)
        if row is None or row.linux is None:
            return None
        if self.why:
            return row.linux
        return self.results.get(name, {}).get("min")


def differences(first: Results, second: Results) -> List[str]:
    return [f"{name}: {first.get(name)} and then {second.get(name)}"
            for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)]


# ---- the table ----

def show(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.10g}"


def mean(ratios: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 0.0


def budget_of(row: Row, ours: Results) -> Optional[float]:
    """In instructions; None: there is none, or the row it counts from was not run."""
    if not row.above or row.budget is None:
        return row.budget
    base = ours.get(row.above, {}).get("median")
    return None if base is None else base + row.budget


def table(rows: Dict[str, Row], ours: Results, linux: Linux) -> Tuple[List[dict], str]:
    """Prints it. Return: its lines for --readme, and the last line."""
    lines: List[dict] = []
    print(f"{'row':24} {'ours':>10} {'Linux':>10} {'ratio':>6} {'budget':>9}")
    for name, result in ours.items():
        row = rows.get(name) or Row(name, "", None, None, "")
        value, theirs, budget = result.get("median"), linux.of(name), budget_of(row, ours)
        ratio = value / theirs if value and theirs else None
        over = budget is not None and value is not None and value > budget
        print(f"{name:24} {show(value) if value is not None else result['error']:>10} {show(theirs):>10} "
              f"{'' if ratio is None else f'{ratio:.2f}':>6} {show(budget):>9}{'  over' if over else ''}")
        lines.append({"name": name, "ours": value, "error": result.get("error"), "linux": theirs,
                      "ratio": ratio, "budget": budget, "over": over})
    ratios = [line["ratio"] for line in lines if line["ratio"] and rows[line["name"]].in_mean]
    slow = [line["name"] for line in lines
            if line["ratio"] and line["ratio"] > 0.8 and rows[line["name"]].in_mean]
    absent = [line["name"] for line in lines if line["ours"] is None]
    last = (f"geometric mean of {len(ratios)} ratios: {mean(ratios):.3f}; {sum(x['over'] for x in lines)} rows "
            f"over budget; above 0.8 of Linux: {', '.join(slow) or 'none'}; "
            f"not measured: {', '.join(absent) or 'none'}")
    print(last)
    return lines, last


def without_2cpu(rows: Dict[str, Row], words: Sequence[str]) -> List[str]:
    """The rows to run; those of two CPUs belong to --wall."""
    unknown = set(words) - set(rows)
    if unknown:
        raise BenchError(f"no row {', '.join(sorted(unknown))} in {ROWS}")
    return [w for w in words if not w.endswith("_2cpu")]


def compare(a: argparse.Namespace) -> int:
    rows = read_rows()
    words = without_2cpu(rows, a.row)
    ours = run_exo(words)
    ours = {n: r for n, r in ours.items() if not n.endswith("_2cpu")}
    linux = Linux(rows, words, not a.no_linux, a.twice)
    print(f"clock: a loop of {LOOP} instructions reads {LOOP} ticks in each run")
    print("Exo-OS " + boot_line())
    print(f"Linux's figures: {linux.name}" + (f" ({linux.why})" if linux.why else ""))
    lines, last = table(rows, ours, linux)
    wrong: List[str] = []
    if a.twice:
        again = run_exo(words)
        wrong = differences(ours, {n: again.get(n, {}) for n in ours})
        if not linux.why:
            second = Linux(rows, words, True, True)
            wrong += ["Linux: " + text for text in differences(linux.results, second.results)]
        print("\n".join(["two runs differ:", *wrong]) if wrong else "two runs agree to the last digit")
    if not a.row:
        with open(RESULTS, "w") as f:
            json.dump({"date": f"{datetime.date.today()}", "qemu": qemu_version(), "cpus": os.cpu_count(),
                       "linux": linux.name, "boot": boot_line(), "last": last, "rows": lines}, f, indent=1)
    return 1 if wrong else 0


def qemu_version() -> str:
    out = subprocess.run([qemu.QEMU, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    found = re.search(r"version ([\d.]+)", out)
    return found.group(1) if found else "?"


# ---- the baseline ----

def read_baseline() -> Results:
    with open(BASELINE) as f:
        return {line["name"]: line for line in map(json.loads, f)}


def check(_a: argparse.Namespace) -> int:
    base = read_baseline()
    ours = run_exo([])
    bad: List[str] = []
    for name, line in base.items():
        now = ours.get(name, {}).get("median")
        if now is None:
            bad.append(f"{name}: {ours.get(name, {}).get('error', 'not measured')}, was {show(line['median'])}")
        elif now > line["median"] * GROWTH:
            bad.append(f"{name}: {show(now)}, was {show(line['median'])} ({now / line['median'] - 1:+.0%})")
    new = [n for n, r in ours.items() if n not in base and "median" in r]
    faster = [n for n in base if ours.get(n, {}).get("median", math.inf) * GROWTH < base[n]["median"]]
    for title, names in (("not in the baseline", new), ("faster by more than 5 %", faster)):
        if names:
            print(f"bench: {title}: {', '.join(names)}")
    print(f"bench: {len(base)} rows compared with {os.path.relpath(BASELINE, ROOT)}, {len(bad)} slower")
    if bad:
        print("\n".join(["bench: slower by more than 5 %:", *("  " + text for text in bad),
                         'bench: if it must be, say why: tools/bench.py --accept "REASON" ROW...']))
    return 1 if bad else 0


def accept(a: argparse.Namespace) -> int:
    """The baseline's lines of the rows given, or of all, become today's."""
    rows = read_rows()
    without_2cpu(rows, a.row)
    base = read_baseline() if os.path.exists(BASELINE) else {}
    ours = run_exo([])
    today = f"{datetime.date.today()}"
    for name, result in ours.items():
        if "median" not in result or (a.row and name not in a.row):
            continue
        old = base.get(name)
        if old is None or old["median"] != result["median"]:
            base[name] = {"name": name, "median": result["median"], "date": today, "reason": a.accept}
    order = {name: i for i, name in enumerate(rows)}
    with open(BASELINE, "w") as f:
        for name in sorted(base, key=lambda n: order.get(n, len(order))):
            f.write(json.dumps(base[name]) + "\n")
    print(f"bench: {os.path.relpath(BASELINE, ROOT)} has {len(base)} rows")
    return 0


# ---- the README's table ----

def readme_text() -> str:
    with open(RESULTS) as f:
        got = json.load(f)
    base = read_baseline()
    out = [f"Generated by `tools/bench.py --readme README.md` after `make bench` on {got['date']}: QEMU {got['qemu']} "
           f"TCG, instruction clock, one CPU; beside it {got['linux']}, the same program and clock, "
           f"its minimum. {got['last'][0].upper()}{got['last'][1:]}.", "",
           "| row | instructions | Linux | ratio | budget | baseline's reason |", "|---|--:|--:|--:|--:|---|"]
    for row in got["rows"]:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        ours = row["error"] if row["ours"] is None else show(row["ours"])
        out.append(f"| `{row['name']}` | {ours} | {show(row['linux'])} | {ratio} | {show(row['budget'])}"
                   f"{' (over)' if row['over'] else ''} | {base.get(row['name'], {}).get('reason', '')} |")
    return "\n".join(out) + "\n"


def readme(a: argparse.Namespace) -> int:
    with open(a.readme) as f:
        text = f.read()
    begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    with open(a.readme, "w") as f:
        f.write(text[:begin] + readme_text() + text[end:])
    return 0


def main(argv: Sequence[str]) -> int:
    p = argparse.ArgumentParser(description="speed in instructions, beside Linux",
                                epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--twice", action="store_true")
    p.add_argument("--no-linux", action="store_true")
    p.add_argument("--lines", action="store_true")
    what = p.add_mutually_exclusive_group()
    what.add_argument("--profile", action="store_true")
    what.add_argument("--wall", action="store_true")
    what.add_argument("--machine", action="store_true")
    what.add_argument("--check", action="store_true")
    what.add_argument("--accept", metavar="REASON")
    what.add_argument("--readme", metavar="FILE")
    p.add_argument("row", nargs="*", metavar="ROW")
    a = p.parse_args(argv)
    if a.profile:
        import bench_profile
        return bench_profile.main(a.row, a.lines)
    if a.wall:
        import bench_wall
        return bench_wall.main(a.row, read_rows())
    if a.machine:
        import bench_machine
        return bench_machine.main()
    if a.check:
        return check(a)
    if a.accept:
        return accept(a)
    return readme(a) if a.readme else compare(a)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BenchError, GuestError, qemu.MachineError) as e:
        sys.exit(f"bench: {e}")
