#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run host test programs one after the other, pass their KTAP on, and end
with one line "N passed, N failed, N skipped". A program that dies, or prints
fewer results than it announced, counts as one failure more.

    run.py 'PROGRAM ARG...' ...
"""
import re
import shlex
import subprocess
import sys


def run(command, count):
    planned = seen = failed = 0
    no_tsan = False
    proc = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace")
    for line in proc.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        no_tsan |= "FATAL: ThreadSanitizer: unexpected memory mapping" in line
        plan = re.match(r"1\.\.(\d+)$", line)
        result = re.match(r"(not )?ok \d+ .*?(# SKIP.*)?$", line)
        if plan:
            planned = int(plan.group(1))
        elif result:
            seen += 1
            kind = "failed" if result.group(1) else "skipped" if result.group(2) else "passed"
            failed += kind == "failed"
            count[kind] += 1
    status = proc.wait()
    if no_tsan and not planned:
        print("ok - %s # SKIP this kernel places memory where TSan cannot run" % command)
        count["skipped"] += 1
    elif seen != planned or (status and not failed):
        print("not ok - %s: status %d, %d of %d results" % (command, status, seen, planned))
        count["failed"] += 1


def main():
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for command in sys.argv[1:]:
        run(command, count)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    return 1 if count["failed"] else 0


sys.exit(main())
