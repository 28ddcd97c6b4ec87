# SPDX-License-Identifier: MIT
"""exsh means what POSIX shells mean: each case of tests/shell/cases.txt run by it and by dash and
`bash --posix`, in an empty folder: the same output, the same status.

Where the two disagree with each other either will do; a case marked [dash] or [bash] takes that
one alone. In a case's script `exsh` is the shell under test."""
import os
import shutil
import subprocess
import tempfile
import unittest
from typing import Dict, List, NamedTuple, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CASES = os.path.join(ROOT, "tests/shell/cases.txt")
SHELL = os.path.join(ROOT, "build/user/shell/exsh")
ORACLES = {"dash": ["dash"], "bash": ["bash", "--posix"]}
LIMIT_S = 20


class Case(NamedTuple):
    name: str
    oracles: Tuple[str, ...]
    script: str


def cases() -> List[Case]:
    found: List[Case] = []
    with open(CASES, encoding="utf-8") as f:
        for block in f.read().split("#### ")[1:]:
            name, _, script = block.partition("\n")
            only = tuple(o for o in ORACLES if name.endswith(f"[{o}]"))
            found.append(Case(name, only or tuple(ORACLES), script))
    return found


def run(shell: List[str], script: str) -> Tuple[bytes, int]:
    """Standard output and status; what signal ended it as a shell would say it."""
    with tempfile.TemporaryDirectory(prefix="exsh.") as tmp:
        bin_dir, work = os.path.join(tmp, "bin"), os.path.join(tmp, "work")
        os.mkdir(bin_dir)
        os.mkdir(work)
        path = shutil.which(shell[0]) or shell[0]
        with open(os.path.join(bin_dir, "exsh"), "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nexec {' '.join([path, *shell[1:]])} \"$@\"\n")
        os.chmod(f.name, 0o755)
        env = {"PATH": bin_dir + ":/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": work}
        # From a file: standard input is the case's own, and empty.
        with open(os.path.join(tmp, "script"), "w", encoding="utf-8") as f:
            f.write(script)
        done = subprocess.run([*shell, f.name], cwd=work, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S,
                              start_new_session=True)
    return done.stdout, done.returncode


class ShellTest(unittest.TestCase):
    def check(self, case: Case, answers: Dict[str, Tuple[bytes, int]]) -> None:
        out, status = run([SHELL], case.script)
        # Where POSIX asks for an error, its number is free (XCU 2.8.1): 1 is as 2.
        if any(out == o and (status == s or {status, s} <= {1, 2}) for o, s in answers.values()):
            return
        said = "".join(f"\n  {name}: status {s}, {o!r}" for name, (o, s) in answers.items())
        self.fail(f"{case.name}:\n{case.script}\n  exsh: status {status}, {out!r}{said}")

    def test_as_other_shells(self) -> None:
        there = [o for o, cmd in ORACLES.items() if shutil.which(cmd[0])]
        if not there:
            self.skipTest("neither dash nor bash is here")
        for case in cases():
            use = [o for o in case.oracles if o in there]
            with self.subTest(case.name):
                self.check(case, {o: run(ORACLES[o], case.script) for o in use})


if __name__ == "__main__":
    unittest.main()
