# SPDX-License-Identifier: MIT
"""The tool `events` in a machine: what it prints of a program's life, and its options."""
import json
import os
import shlex
import subprocess
import unittest
from typing import Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", "--timeout", "60",
       *shlex.split(os.environ.get("EXO_RUN", ""))]


def exo(script: str) -> Tuple[int, str, str]:
    done = subprocess.run([*EXO, "sh", "-c", script], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class EventsTest(unittest.TestCase):
    def test_a_programs_life(self) -> None:
        status, out, err = exo("events --json -t fork,exec,exit sh -c 'busybox true; exit 3'")
        self.assertEqual(status, 3, err)
        rows = [json.loads(line) for line in out.splitlines()]
        shell = rows[0]["child"]
        of_shell = [r["type"] for r in rows if r["pid"] == shell]
        self.assertEqual(of_shell[0], "exec")
        self.assertEqual(of_shell[-1], "exit")
        self.assertEqual([r["status"] for r in rows if r["type"] == "exit"][-1], 3 << 8)
        self.assertTrue(all(r["run_ns"] > 0 for r in rows if r["type"] == "exit"))
        self.assertEqual([r["time"] for r in rows], sorted(r["time"] for r in rows))

    def test_words(self) -> None:
        status, out, err = exo("events -t denied,fault sh -c 'pledge -p stdio cat /etc/passwd'; echo =$?;"
                               "events -n 2 -r 0.1; echo =$?; events -d 0.3; echo =$?")
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"\[ *\d+\.\d{6}\] denied  \d+ \(cat\) by pledge, call 257, missing 0x2\n=134\n")
        self.assertRegex(out, r"runtime 1 \(init\) user \d+ ns, system \d+ ns\n.*\n=0\n=0\n")

    def test_misuse(self) -> None:
        status, out, err = exo("events -t nothing 2>/dev/null; echo $?; events --help | head -n 1;"
                               " rm /dev/events; events")
        self.assertEqual((status, out), (1, "2\nusage: events [--json] [-t TYPE,...] [-n COUNT] [-r SECONDS] "
                                            "[-d SECONDS] [CMD [ARG...]]\n"), err)
        self.assertIn("/dev/events: No such file", err)


if __name__ == "__main__":
    unittest.main()
