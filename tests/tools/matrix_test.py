# SPDX-License-Identifier: MIT
"""tools/matrix.py: every pair of factors stands in some row, and a machine that is
not what was asked for is found out."""
import itertools
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import matrix  # noqa: E402

LOG = """lapic: x2APIC, boot CPU has id 0
booted by GRUB 2.06
smp: 2 CPUs
numa: node 0: 128 MiB
numa: node 1: 120 MiB
time: TSC 1 kHz, APIC timer 1 kHz, by HPET
"""


class MatrixTest(unittest.TestCase):
    def test_every_pair(self) -> None:
        rows = matrix.rows()
        self.assertLess(len(rows), 24)
        for (a, values_a), (b, values_b) in itertools.combinations(matrix.FACTORS.items(), 2):
            for pair in itertools.product(values_a, values_b):
                self.assertTrue(any((getattr(r, a), getattr(r, b)) == pair for r in rows), (a, b, pair))
        self.assertEqual(len({r.name for r in rows}), len(rows))
        self.assertTrue(all(r.mem_mib >= 96 for r in rows if r.boot == "uefi"))

    def test_what_is_wrong(self) -> None:
        row = matrix.Row(2, 256, "bios", 2, "q35", "x2apic", True)
        good = "2\n245\n1\n1000\n1\n"
        self.assertEqual(matrix.wrong(row, good, 0, LOG), [])
        for output, status, log in ((good, 1, LOG), ("2\n", 0, LOG), (good.replace("2\n", "1\n", 1), 0, LOG),
                                    (good.replace("245", "100"), 0, LOG), (good.replace("245", "257"), 0, LOG),
                                    (good.replace("\n1\n", "\n2\n", 1), 0, LOG), (good[:-2] + "0\n", 1, LOG),
                                    (good, 0, LOG.replace("x2APIC", "xAPIC")),
                                    (good, 0, LOG.replace("GRUB", "PVH")),
                                    (good, 0, LOG.replace("HPET", "PIT")),
                                    (good, 0, LOG.replace("smp: 2", "smp: 1")),
                                    (good, 0, LOG.replace("node 1: 120", "node 1: 0"))):
            self.assertTrue(matrix.wrong(row, output, status, log), (output, status, log))


if __name__ == "__main__":
    unittest.main()
