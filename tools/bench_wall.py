# SPDX-License-Identifier: MIT
"""The benchmark in wall time: both guests with two CPUs under plain TCG, one after
the other, ROUNDS times, each row by its median of rounds. An emulator's times say
little about hardware (tools/bench.py counts instructions for that); they show what
the count hides: TLB flushes, saved registers, cache misses, the cost of two CPUs.
"""
import json
import os
import statistics
import sys
from typing import Dict, List, NamedTuple, Optional, Sequence

import bench_guest
from bench_guest import EXO, OUT, Guest, GuestError

ROUNDS = 5
HEAD = f"""Wall time on two emulated CPUs, in nanoseconds: median of {ROUNDS} boots of each guest in turn, and
the distance of the extremes in per cent of it. Absolute times mean little here: this is QEMU's
TCG, and other work on this machine shows in the spread."""


class Time(NamedTuple):
    ns: float
    spread: float  # (largest - least) / median


def one_round(guest: Guest, words: Sequence[str]) -> Dict[str, float]:
    """Nanoseconds of each row; *_late rows are that already."""
    lines = {line["name"]: line for line in
             bench_guest.boot(guest, ["--wall", *words], smp=2, icount=False)}
    hz = lines["clock"]["hz"]
    return {name: line["median"] * (1 if name.endswith("_late") else 1e9 / hz)
            for name, line in lines.items() if "median" in line}


def times(rounds: List[Dict[str, float]], name: str) -> Optional[Time]:
    values = sorted(r[name] for r in rounds if name in r)
    if len(values) < len(rounds):
        return None
    middle = statistics.median(values)
    return Time(middle, (values[-1] - values[0]) / middle if middle else 0.0)


def measure(words: Sequence[str]) -> Dict[str, Dict[str, Optional[Time]]]:
    """Row -> guest's key -> time."""
    guests = {"exo": EXO, "linux": bench_guest.linux()}
    rounds: Dict[str, List[Dict[str, float]]] = {key: [] for key in guests}
    for i in range(ROUNDS):
        for key, guest in guests.items():
            print(f"bench: round {i + 1} of {ROUNDS}: {guest.name}", file=sys.stderr, flush=True)
            rounds[key].append(one_round(guest, words))
    names = list(dict.fromkeys(name for r in rounds["exo"] for name in r))
    return {name: {key: times(rounds[key], name) for key in guests} for name in names}


def show(t: Optional[Time]) -> str:
    return f"{'':>12} {'':>5}" if t is None else f"{t.ns:12.0f} {t.spread:5.0%}"


def main(words: Sequence[str], rows: Dict) -> int:
    """`rows`: bench.read_rows(). Status 1 when a one-CPU row is slower than Linux."""
    from bench import mean
    unknown = set(words) - set(rows)
    if unknown:
        raise GuestError(f"no row {', '.join(sorted(unknown))}")
    found = measure(words)
    print(HEAD)
    print(f"{'row':24} {'ours':>12} {'':>5} {'Linux':>12} {'':>5} {'ratio':>6}")
    ratios, slow = [], []
    for name, t in found.items():
        row = rows.get(name)
        ours, linux = t["exo"], t["linux"] if row and not row.own else None
        ratio = ours.ns / linux.ns if ours and linux and linux.ns else None
        print(f"{name:24} {show(ours)} {show(linux)} {'' if ratio is None else f'{ratio:6.2f}'}")
        if ratio and row.in_mean and not name.endswith("_2cpu"):
            ratios.append(ratio)
            slow += [name] if ratio > 1 else []
    print(f"geometric mean of {len(ratios)} one-CPU rows: {mean(ratios):.3f}; slower than Linux: "
          f"{', '.join(slow) or 'none'}")
    with open(os.path.join(OUT, "wall.jsonl"), "w") as f:
        for name, t in found.items():
            f.write(json.dumps({"name": name, **{k: v._asdict() if v else None for k, v in t.items()}}) + "\n")
    return 1 if slow else 0
