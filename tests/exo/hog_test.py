# SPDX-License-Identifier: MIT
"""Programs that take all of something (tests/user/hog.c) in small machines: each ends
by an error or by the OOM killer, the log says why, and the next program runs."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from typing import Dict, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOG = os.path.join(ROOT, "build/user/tests/hog")
LIMIT_S = 240

KILLED, BUS = 137, 135
# Kind: status and a line it prints.
ENDS: Dict[str, Tuple[int, str]] = {
    "anon": (KILLED, ""), "big": (KILLED, ""), "brk": (KILLED, ""), "shared": (KILLED, ""),
    "locked": (KILLED, ""), "tables": (KILLED, ""), "tmpfs": (0, "tmpfs: errno 28"),
    "files": (0, "others live"), "tmpfs-mmap": (BUS, ""), "pipes": (0, "errno "),
    "sockets": (0, "errno "), "fds": (0, "errno "), "threads": (0, "errno 11"),
    "signals": (0, "errno 11"), "crowd": (0, "some went"), "forks": (0, ""),
    "asleep": (0, "the sleeper: killed"), "vfork": (0, "the sleeper: killed"),
    "adjusted": (0, "the small one: killed\nthe large one: lives"),
}


class HogTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        os.mkdir(self.dir + "/in")
        shutil.copy2(HOG, self.dir + "/in")

    def run_hogs(self, kinds, *options: str) -> str:
        """One after the other in one machine, which must be as before after each."""
        script = "".join(f"echo begin {k}; /t/hog {k}; echo status $?; "
                         f"busybox expr 40 + 2; " for k in kinds)
        script += "grep MemFree /proc/meminfo; grep MemTotal /proc/meminfo"
        done = subprocess.run([os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg",
                               "--log", self.dir + "/log", "--dir", f"{self.dir}/in:/t", *options,
                               "sh", "-c", script], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S)
        out = done.stdout.decode()
        with open(self.dir + "/log", errors="replace") as f:
            log = f.read()
        self.assertEqual(done.returncode, 0, out + done.stderr.decode()[-2000:] + log[-3000:])
        parts = re.findall(r"begin (\S+)\n(.*?)status (\d+)\n42\n", out, re.DOTALL)
        self.assertEqual([p[0] for p in parts], list(kinds), out + log[-3000:])
        for kind, said, status in parts:
            with self.subTest(kind=kind):
                self.assertEqual(int(status), ENDS[kind][0], said + log[-3000:])
                self.assertIn(ENDS[kind][1], said)
        self.assertNotRegex(log, r"\b(BUG|WARN|panic)\b")
        free, total = (int(n) for n in re.findall(r"Mem(?:Free|Total): +(\d+) kB", out))
        self.assertGreater(free, total * 3 // 4, "memory did not come back")
        return log

    def test_memory(self) -> None:
        kinds = ["anon", "big", "brk", "shared", "locked", "tables", "asleep", "vfork", "adjusted"]
        log = self.run_hogs(kinds, "--mem", "64M")
        self.assertEqual(len(re.findall(r"oom: killed process \d+ \(hog\): \d+ KiB", log)),
                         len(kinds), log)

    def test_what_is_shared(self) -> None:
        self.run_hogs(["tmpfs", "files", "tmpfs-mmap", "pipes", "sockets", "fds"], "--mem", "64M")

    def test_crowds(self) -> None:
        self.run_hogs(["threads", "signals", "crowd", "forks"], "--mem", "64M")

    def test_cpus_and_nodes(self) -> None:
        self.run_hogs(["anon", "shared", "tables", "crowd", "forks", "pipes"], "--machine", "q35",
                      "--smp", "4", "--numa", "2", "--mem", "128M")

    def test_one_program(self) -> None:
        """The machine's own program is the victim."""
        done = subprocess.run([os.path.join(ROOT, "tools/exo"), "run", "--mem", "64M", HOG, "big"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT_S)
        self.assertEqual(done.returncode, KILLED, done.stderr)


if __name__ == "__main__":
    unittest.main()
