# SPDX-License-Identifier: MIT
"""`report`: each part is there and says something of the machine that was started."""
import os
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ReportTest(unittest.TestCase):
    def test_report(self) -> None:
        done = subprocess.run([os.path.join(ROOT, "tools/exo"), "run", "--machine", "q35", "--smp", "2", "report"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout
        for part in ("system", "boot line", "processors", "memory", "interrupts", "PCI devices: .*", "consoles", "log"):
            self.assertRegex(text, rf"(?m)^== {part}$")
        self.assertRegex(text, r"(?m)^0000\t808629c0\t\w+\t060000$")  # q35's host bridge
        self.assertRegex(text, r"(?m)^00fa\t80862922\t\w+\t010601$")  # its AHCI, function 2 of device 31
        self.assertRegex(text, r"(?m)^LOC: +[1-9]\d* +[1-9]\d* +Local timer interrupts")
        self.assertIn("smp: 2 CPUs", text)


if __name__ == "__main__":
    unittest.main()
