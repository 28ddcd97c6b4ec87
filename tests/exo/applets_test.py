# SPDX-License-Identifier: MIT
"""Busybox's applets print the same on Exo-OS as on Linux: tests/user/applets.sh here, against
tests/golden/applets.txt (make -f tests/user/user_tests.mk applets-golden), or against a run on
this host when its busybox is another version."""
import difflib
import os
import shlex
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "tests/user/applets.sh")
NATIVE = os.path.join(ROOT, "tests/user/applets_native.sh")
BUSYBOX = os.path.join(ROOT, "build/pkg/busybox")  # the image's
GOLDEN = os.path.join(ROOT, "tests/golden/applets.txt")
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", "--timeout", "180",
       *shlex.split(os.environ.get("EXO_RUN", ""))]


def output(*args: str) -> str:
    return subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=200).stdout.decode("utf-8", "replace")


class AppletsTest(unittest.TestCase):
    def linux(self) -> str:
        with open(GOLDEN, encoding="utf-8") as f:
            golden = f.read()
        version = output(BUSYBOX).split("\n", 1)[0]
        if version == golden.split("\n", 1)[0]:
            return golden
        here = output("unshare", "-m", "-p", "-f", NATIVE) if os.geteuid() == 0 else ""
        if not here.startswith(version):
            self.skipTest(f"no golden output of {version}, and it cannot be made here")
        return here

    def test_same_as_linux(self) -> None:
        want = self.linux()
        got = output(*EXO, "--dir", SCRIPT + ":/root/applets.sh", "sh", "/root/applets.sh")
        diff = list(difflib.unified_diff(want.splitlines(), got.splitlines(), "Linux", "Exo-OS",
                                         lineterm=""))
        self.assertFalse(diff, "\n" + "\n".join(diff[:60]))


if __name__ == "__main__":
    unittest.main()
