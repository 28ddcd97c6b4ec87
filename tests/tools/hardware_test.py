# SPDX-License-Identifier: MIT
"""tools/hardware.py: what it reads out of a report, and that it complains of others."""
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import hardware  # noqa: E402

REPORT = """Exo-OS hardware report, version 1

== processors
2
processor	: 0
model name	: Some CPU

== memory
MemTotal:         258920 kB

== interrupts
  1:          3          0   i8042

== log
[    0.000000] Exo-OS 0.1 release, booted by GRUB 2.06
[    0.000000] screen: 1024 x 768 pixels, 128 x 48 characters
[    0.000000] lapic: x2APIC, boot CPU has id 0
[    0.000000] time: TSC 2596126 kHz, APIC timer 1000006 kHz, by HPET
"""


class HardwareTest(unittest.TestCase):
    def test_cells(self) -> None:
        self.assertEqual(hardware.cells(REPORT), ["Some CPU", "2", "253 MiB", "GRUB 2.06", "x2APIC", "HPET",
                                                  "1024 x 768 pixels", "PS/2"])
        text = REPORT.replace("1024 x 768 pixels", "80 x 25 of text").replace("x2APIC", "xAPIC")
        self.assertEqual(hardware.cells(text)[4:7], ["xAPIC", "HPET", "80 x 25 text"])
        text = REPORT.replace("== log", "== log\nusb: keyboard on port 1").replace("screen:", "")
        self.assertEqual(hardware.cells(text)[6:], ["none", "PS/2, USB"])

    def test_no_report(self) -> None:
        for text in ("", REPORT[1:], REPORT.replace("model name", ""), REPORT.replace("MemTotal", "")):
            with self.assertRaises(hardware.ReportError):
                hardware.cells(text)


if __name__ == "__main__":
    unittest.main()
