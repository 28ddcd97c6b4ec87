# SPDX-License-Identifier: MIT
"""The benchmark in wall time: both guests with two CPUs under plain TCG, in turn,
ROUNDS times (the other one first in every second round), each row by its median of
rounds. An emulator's times say little about hardware (tools/bench.py counts
instructions for that); they show what the count hides: TLB flushes, saved registers,
cache misses, the cost of two CPUs.

What could deceive is said: how far a row's rounds lie apart, which rows lack a round
or an answer, and how much of this machine other programs took meanwhile.
"""
import json
import os
import resource
import statistics
import sys
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import bench_guest
from bench_guest import EXO, OUT, Guest, GuestError

ROUNDS = 5
NOISY = 0.5   # spread from which on a row's median means nothing
BUSY = 0.05   # share of the machine from which on others disturb
HEAD = f"""Wall time on two emulated CPUs, in nanoseconds: median of {ROUNDS} boots of each guest in turn, and
the distance of the extremes in per cent of it. Absolute times mean little here: this is QEMU's
TCG, and other work on this machine shows in the spread."""


class Time(NamedTuple):
    ns: float
    spread: float  # (largest - least) / median
    least: float
    largest: float


class Line(NamedTuple):
    """A row of the table."""
    name: str
    ours: Optional[Time]
    linux: Optional[Time]    # None also for rows that are not for Linux
    ratio: Optional[float]   # of the medians
    counts: bool             # in the mean: a one-CPU row that Linux has too

    @property
    def noisy(self) -> bool:
        return any(t is not None and t.spread >= NOISY for t in (self.ours, self.linux))

    @property
    def overlaps(self) -> bool:
        """Neither is the slower one in every round."""
        return bool(self.ours and self.linux and self.ours.least <= self.linux.largest
                    and self.linux.least <= self.ours.largest)


Round = Dict[str, float]


def one_round(guest: Guest, words: Sequence[str]) -> Round:
    """Nanoseconds of each row; *_late rows are that already."""
    lines = {line["name"]: line for line in
             bench_guest.boot(guest, ["--wall", *words], smp=2, icount=False)}
    hz = lines["clock"]["hz"]
    return {name: line["median"] * (1 if name.endswith("_late") else 1e9 / hz)
            for name, line in lines.items() if "median" in line}


def times(rounds: Sequence[Round], name: str) -> Optional[Time]:
    """None: some round has no figure."""
    values = sorted(r[name] for r in rounds if name in r)
    if not values or len(values) < len(rounds):
        return None
    middle = statistics.median(values)
    return Time(middle, (values[-1] - values[0]) / middle if middle else 0.0, values[0], values[-1])


def order(keys: Sequence[str], i: int) -> List[str]:
    """Who runs when in round i: what drifts (a machine that warms up) meets both alike."""
    return list(keys if i % 2 == 0 else reversed(keys))


def measure(words: Sequence[str]) -> Dict[str, List[Round]]:
    """Guest's key -> its rounds."""
    guests = {"exo": EXO, "linux": bench_guest.linux()}
    rounds: Dict[str, List[Round]] = {key: [] for key in guests}
    for i in range(ROUNDS):
        for key in order(list(guests), i):
            print(f"bench: round {i + 1} of {ROUNDS}: {guests[key].name}", file=sys.stderr, flush=True)
            rounds[key].append(one_round(guests[key], words))
    return rounds


def lines_of(rounds: Dict[str, List[Round]], rows: Dict) -> List[Line]:
    found = []
    for name in dict.fromkeys(n for key in ("exo", "linux") for r in rounds[key] for n in r):
        row = rows.get(name)
        ours = times(rounds["exo"], name)
        linux = times(rounds["linux"], name) if row and not row.own else None
        ratio = ours.ns / linux.ns if ours and linux and linux.ns else None
        found.append(Line(name, ours, linux, ratio,
                          bool(ratio and row.in_mean and not name.endswith("_2cpu"))))
    return found


def missing(lines: Sequence[Line], rows: Dict, words: Sequence[str]) -> List[str]:
    """Rows that were asked for and lack a figure of ours, or Linux's where there is one."""
    got = {line.name: line for line in lines}
    return [name for name, row in rows.items() if (not words or name in words) and row.measured and
            (name not in got or got[name].ours is None or (not row.own and got[name].linux is None))]


# ---- who else was at work ----

def cpu_seconds() -> Tuple[float, float]:
    """Of the machine since its boot: busy, and all (man proc_stat(5), the first line)."""
    with open("/proc/stat") as f:
        v = [int(n) for n in f.readline().split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    return (sum(v) - v[3] - v[4]) / tick, sum(v) / tick


def own_seconds() -> float:
    """Of this program and of the machines that it started and that have ended."""
    return sum(u.ru_utime + u.ru_stime for u in
               (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Others:
    """The share of this machine's CPUs that others take while it stands."""

    def __init__(self) -> None:
        self._begin = (*cpu_seconds(), own_seconds())

    def share(self) -> float:
        busy, total = (now - then for now, then in zip(cpu_seconds(), self._begin))
        own = own_seconds() - self._begin[2]
        return max(0.0, busy - own) / total if total else 0.0


# ---- the table ----

def show(t: Optional[Time]) -> str:
    return f"{'':>12} {'':>5}" if t is None else f"{t.ns:12.0f} {t.spread:5.0%}"


def print_table(lines: Sequence[Line]) -> None:
    print(HEAD)
    print(f"{'row':24} {'ours':>12} {'':>5} {'Linux':>12} {'':>5} {'ratio':>6}")
    for line in lines:
        print(f"{line.name:24} {show(line.ours)} {show(line.linux)} "
              f"{'' if line.ratio is None else f'{line.ratio:6.2f}'}{'  noisy' if line.noisy else ''}")


def verdict(lines: Sequence[Line], lacking: Sequence[str], others: float) -> Tuple[List[str], int]:
    """The last lines, and the status: 1 when a one-CPU row is slower than Linux."""
    from bench import mean
    counted = [line for line in lines if line.counts]
    slow = [line for line in counted if line.ratio and line.ratio > 1]
    noisy = [line.name for line in counted if line.noisy]
    said = [f"other programs took {others:.0%} of this machine meanwhile"
            + (": measure again when it is quiet" if others >= BUSY else "")]
    if noisy:
        said.append(f"rounds more than {NOISY:.0%} apart: {', '.join(noisy)}")
    if lacking:
        said.append(f"without a figure: {', '.join(lacking)}")
    slower = ", ".join(line.name + (" (not in every round)" if line.overlaps else "") for line in slow)
    said.append(f"geometric mean of {len(counted)} one-CPU rows: "
                f"{mean([line.ratio for line in counted if line.ratio]):.3f}; slower than Linux: {slower or 'none'}")
    return said, 1 if slow else 0


def main(words: Sequence[str], rows: Dict) -> int:
    """`rows`: bench.read_rows()."""
    unknown = set(words) - set(rows)
    if unknown:
        raise GuestError(f"no row {', '.join(sorted(unknown))}")
    others = Others()
    rounds = measure(words)
    lines = lines_of(rounds, rows)
    print_table(lines)
    said, status = verdict(lines, missing(lines, rows, words), others.share())
    print("\n".join(said))
    with open(os.path.join(OUT, "wall.jsonl"), "w") as f:
        for line in lines:
            f.write(json.dumps({"name": line.name, **{key: t and t._asdict() for key, t in
                                                      (("exo", line.ours), ("linux", line.linux))}}) + "\n")
    return status
