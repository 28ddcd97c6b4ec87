# SPDX-License-Identifier: MIT
"""The shell's cases (tests/shell/cases.txt) in one machine: the same output and status as the same
exsh gives on this Linux, which tests/tools/shell_test.py compares with dash and bash."""
import os
import shlex
import subprocess
import sys
import tempfile
import unittest
from typing import List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/tools"))
import shell_test  # noqa: E402
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", "--timeout", "300",
       *shlex.split(os.environ.get("EXO_RUN", ""))]
BUSYBOX = os.path.join(ROOT, "build/pkg/busybox")
# Each case in a folder of its own; NUL, the status and a newline after its output.
DRIVER = """
mkdir /tmp/bin && printf '#!/bin/sh\\nexec /bin/exsh "$@"\\n' >/tmp/bin/exsh && chmod +x /tmp/bin/exsh
export PATH=/tmp/bin:/usr/bin:/bin LC_ALL=C
n=0
while [ -f /root/cases/$n ]; do
	mkdir /tmp/w$n && cd /tmp/w$n || exit 125
	HOME=/tmp/w$n /bin/exsh /root/cases/$n </dev/null 2>/dev/null
	printf '\\0%s\\n' $?
	n=$((n + 1))
done
"""


class ShellInExoTest(unittest.TestCase):
    def in_machine(self, cases: List[shell_test.Case]) -> List[Tuple[bytes, int]]:
        with tempfile.TemporaryDirectory(prefix="exsh.") as tmp:
            for i, case in enumerate(cases):
                with open(os.path.join(tmp, str(i)), "w", encoding="utf-8") as f:
                    f.write(case.script)
            out = subprocess.run([*EXO, "--dir", tmp + ":/root/cases", "exsh", "-c", DRIVER],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=320).stdout
        answers: List[Tuple[bytes, int]] = []
        while out:
            said, _, out = out.partition(b"\0")
            status, _, out = out.partition(b"\n")
            answers.append((said, int(status or b"-1")))
        return answers

    def test_as_on_linux(self) -> None:
        cases = shell_test.cases()
        answers = self.in_machine(cases)
        self.assertEqual(len(answers), len(cases), f"the machine stopped behind {answers[-1:]}")
        for case, (out, status) in zip(cases, answers):
            want, code = shell_test.run([shell_test.SHELL], case.script)
            with self.subTest(case.name):
                self.assertEqual((out, status), (want, code if code >= 0 else 128 - code),
                                 f"{case.name}:\n{case.script}")


if __name__ == "__main__":
    unittest.main()
