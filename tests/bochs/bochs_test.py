# SPDX-License-Identifier: MIT
"""The image in Bochs (tools/bochs.py): to the prompt from CD and from disk, with one CPU
and several, and what the machine shows of itself there. Slow, so not in `make test`:
make test-bochs, make torture."""
import os
import re
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import bochs  # noqa: E402

BOOT_S = 240.0
COMMAND_S = 60.0
BAD_LOG = re.compile(r"\b(BUG|WARN|CRIT|ALERT|EMERG)\b:|\bPANIC\b|cannot|unexpected")


@unittest.skipUnless(bochs.there(), "Bochs is not installed: tools/setup --bochs")
class BochsTest(unittest.TestCase):
    def boot(self, cpus: int, medium: str, words: str = "", mem_mib: int = 256) -> bochs.Session:
        m = bochs.Machine()
        m.cpus, m.medium, m.mem_mib = cpus, medium, mem_mib
        s = bochs.Session(m)
        self.addCleanup(s.__exit__)
        s.to_prompt(BOOT_S, words)
        return s

    def look(self, s: bochs.Session, cpus: int, apic: str = "x2APIC") -> None:
        self.assertEqual(s.run("nproc", COMMAND_S).split(), [str(cpus)])
        log = s.run("dmesg", COMMAND_S)
        self.assertRegex(log, r"booted by GRUB")
        self.assertRegex(log, f"lapic: {apic}")
        self.assertRegex(log, r"screen: 80 x 25 of text")
        self.assertFalse([line for line in log.splitlines() if BAD_LOG.search(line)])
        self.assertRegex(s.run("cat /proc/interrupts", COMMAND_S), r"(?m)LOC: +[1-9].*Local timer interrupts" +
                         (r" \(x2APIC\)$" if apic == "x2APIC" else "$"))
        # Same file, same sum, on every CPU at once.
        sums = s.run("for i in 1 2 3 4; do sha256sum /bin/busybox & done | sort -u | wc -l", COMMAND_S)
        self.assertEqual(sums.split(), ["1"])
        out = s.run("for i in 1 2 3; do echo $i; done | sort -r | tr '\\n' ' '; sleep 1; date +%Y", COMMAND_S)
        self.assertEqual(out.split(), ["3", "2", "1", "2026"])
        self.assertEqual(s.complaints(), [])

    def test_cd(self) -> None:
        self.look(self.boot(1, "cd"), 1)

    def test_deadline(self) -> None:
        """What QEMU's TCG has not: timers by the TSC's deadline."""
        s = self.boot(2, "cd", "tsc_deadline")
        self.assertRegex(s.said, r"time: TSC \d+ kHz, APIC timer .*\(not used: TSC deadline\)")
        self.look(s, 2)

    def test_xapic_memtest(self) -> None:
        s = self.boot(2, "hd", "apic=xapic memtest", 64)
        self.assertRegex(s.said, r"(?m)memtest: no errors$")
        self.look(s, 2, "xAPIC")

    def test_disk_4_cpus(self) -> None:
        s = self.boot(4, "hd")
        self.look(s, 4)
        s.type("poweroff -f\n")
        with self.assertRaisesRegex(bochs.MachineError, "soft power off"):  # a panic, for Bochs
            s.wait(r"no way to power off", COMMAND_S)


if __name__ == "__main__":
    unittest.main()
