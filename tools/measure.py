#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The numbers of the README about starting and size, each with how it was made:

    instructions from reset to the first user instruction   (icount; repeatable)
    memory in use after boot                                 256 MiB less MemFree
    wall time of a hello world, there and back               median of 7, TCG

What the firmware executes before the kernel's entry is in the first number:
15 thousand instructions on microvm (shared/perf/README.md).
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg"]
FIRST_USER = "build/user/first_user"


def first_user() -> int:
    subprocess.run(["make", "-s", "-C", ROOT, FIRST_USER], check=True)
    with tempfile.TemporaryDirectory() as tmp:
        log = os.path.join(tmp, "log")
        # It ends as init, so the machine fails: the log has the answer.
        subprocess.run([*EXO, "--icount", "--append", f"init=/root/{FIRST_USER}", "--log", log,
                        FIRST_USER], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        with open(log, encoding="utf-8", errors="replace") as f:
            m = re.search(r"first user instruction at TSC (\d+)", f.read())
    if not m:
        sys.exit("measure: the first user program did not run")
    return int(m.group(1))


def memory_kib() -> int:
    out = subprocess.run([*EXO, "--mem", "256M", "cat", "/proc/meminfo"], check=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout.decode()
    m = re.search(r"MemFree:\s+(\d+) kB", out)
    if not m:
        sys.exit("measure: no MemFree in /proc/meminfo")
    return 256 * 1024 - int(m.group(1))


def hello_s(runs: int = 7) -> "list[float]":
    times = []
    for _ in range(runs):
        began = time.monotonic()
        subprocess.run([*EXO, "echo", "hello"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        times.append(time.monotonic() - began)
    return sorted(times)


def main() -> None:
    subprocess.run([*EXO, "true"], check=True, stdin=subprocess.DEVNULL)  # builds what is missing
    print(f"instructions from reset to the first user instruction: {first_user() / 1e6:.1f}e6")
    print(f"memory in use after boot: {memory_kib() / 1024:.1f} MiB of 256")
    times = hello_s()
    print(f"hello world there and back: {statistics.median(times):.2f} s "
          f"({times[0]:.2f} to {times[-1]:.2f})")


if __name__ == "__main__":
    main()
