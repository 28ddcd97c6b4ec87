#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Model checking: every state of the models beside this file, by SPIN.

    verify.py [-v] [MODEL...]

A model must have no error in all its states; and each of its variants that is broken on
purpose (a -D word) must have one, which shows that the model would notice. Exit status 1 otherwise.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Dict, List, NamedTuple, Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 600

VARIANTS: Dict[str, Sequence[str]] = {
    "ring": ("NO_F1", "NO_F2", "NO_F3", "NO_F4", "NO_RECHECK", "NO_RECHECK_STALL", "NO_LOOK_UNDER_LOCK",
             "TAIL_FIRST", "ROOM_OF_5", "FULL_IS_EMPTY", "SILENT_CLOSE", "LATE_CLOSE"),
    "owner": ("NO_EPOCH", "CHILD_KEEPS", "CHILD_HANDLE", "NO_WAKE", "OWNER_FIRST"),
    "move": ("NO_SHOOTDOWN", "EARLY_PUBLISH", "NO_ACK", "NO_COUNT"),
}


class Result(NamedTuple):
    errors: int
    states: int
    complete: bool
    why: str


def run(command: List[str], folder: str) -> str:
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S)
    text = done.stdout.decode()
    if done.returncode or "syntax error" in text:
        raise SystemExit(f"verify: {' '.join(command)}:\n{text}")
    return text


def check(model: str, variant: str) -> Result:
    """All states of one model; the search ends at the first error."""
    words = [f"-D{variant}"] if variant else []
    with tempfile.TemporaryDirectory() as folder:
        run(["spin", *words, "-a", os.path.join(HERE, model + ".pml")], folder)
        run(["gcc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"], folder)
        text = run(["./pan", "-m1000000"], folder)
    errors = re.search(r"errors: (\d+)", text)
    states = re.search(r"(\d+) states, stored", text)
    why = re.search(r"pan:\d+: (.*)", text)
    if not errors or not states:
        raise SystemExit(f"verify: {model}: no result:\n{text}")
    complete = "Search not completed" not in text and "max search depth too small" not in text
    return Result(int(errors.group(1)), int(states.group(1)), complete, why.group(1) if why else "")


def main() -> int:
    p = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    p.add_argument("-v", "--verbose", action="store_true", help="how each broken variant is caught")
    p.add_argument("models", nargs="*", metavar="MODEL", help=" ".join(VARIANTS))
    a = p.parse_args()
    if not shutil.which("spin"):
        print("verify: needs spin (Debian's package of that name; tools/setup --verify installs it)")
        return 1
    bad = 0
    for model in a.models or VARIANTS:
        good = check(model, "")
        ok = good.errors == 0 and good.complete
        bad += not ok
        print(f"{'ok' if ok else 'NOT OK'} {model}: {good.states} states, {good.errors} errors {good.why}"
              f"{'' if good.complete else ', search not complete'}")
        for variant in VARIANTS[model]:
            broken = check(model, variant)
            bad += not broken.errors
            if not broken.errors or a.verbose:
                print(f"  {'caught' if broken.errors else 'NOT CAUGHT'} {variant}: {broken.why}")
        if not a.verbose:
            print(f"   {len(VARIANTS[model])} broken variants")
    print(f"verify: {'all as it must be' if not bad else f'{bad} not as they must be'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
