# SPDX-License-Identifier: MIT
"""Off means off and reboot means reset, on each machine and by each way; QEMU tells
by QMP what the guest did (SHUTDOWN's reason), the log which way it was."""
import json
import os
import socket
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import ctl  # noqa: E402
import qemu  # noqa: E402

KERNEL = os.path.join(ROOT, "build/release/exo.elf")
BASE = os.path.join(ROOT, "build/initrd.cpio")
LIMIT_S = 40.0


class PowerTest(unittest.TestCase):
    def end_of(self, command: str, machine: str, boot: str = "pvh", words: str = "") -> tuple:
        """The reason that QEMU gives for its end, and the log."""
        with tempfile.TemporaryDirectory(prefix="exo-power.") as work:
            path = os.path.join(work, "qmp")
            m = qemu.Machine(KERNEL, [BASE], f"exo.agent panic=exit {words}")
            m.machine, m.boot, m.mem_mib = machine, boot, 128
            m.extra = ["-qmp", f"unix:{path},server=on,wait=off"]
            with qemu.Session(m) as s, socket.socket(socket.AF_UNIX) as qmp:
                qemu.wait_hello(s, LIMIT_S)
                qmp.connect(path)
                events = qmp.makefile("rw", encoding="utf-8")
                events.readline()  # the greeting
                events.write('{"execute": "qmp_capabilities"}\n')
                events.flush()
                s.sock.setblocking(True)
                s.sock.sendall(ctl.pack_run(["/bin/busybox", *command.split()], {"PATH": "/bin"}, "/"))
                qmp.settimeout(LIMIT_S)
                for line in events:
                    event = json.loads(line)
                    if event.get("event") == "SHUTDOWN":
                        return event["data"]["reason"], s.log()
                self.fail("QEMU ended without a reason:\n" + s.log())

    def test_power_off(self) -> None:
        for machine, boot in (("pc", "pvh"), ("q35", "pvh"), ("microvm", "pvh"), ("q35", "uefi")):
            with self.subTest(machine=machine, boot=boot):
                reason, log = self.end_of("poweroff -f", machine, boot)
                self.assertEqual(reason, "guest-shutdown", log)
                self.assertIn("machine: power off by ACPI", log)

    def test_reboot(self) -> None:
        for machine, boot, words, by in (
                ("q35", "pvh", "", "ACPI's register"), ("microvm", "pvh", "", "ACPI's register"),
                ("q35", "uefi", "", "ACPI's register"),
                ("pc", "pvh", "", "the keyboard's controller"),  # its FADT names no register
                ("q35", "pvh", "reboot=kbd", "the keyboard's controller"),
                ("pc", "pvh", "reboot=triple", "a triple fault"),
                ("microvm", "pvh", "reboot=triple", "a triple fault")):
            with self.subTest(machine=machine, boot=boot, words=words):
                reason, log = self.end_of("reboot -f", machine, boot, words)
                self.assertEqual(reason, "guest-reset", log)
                resets = [line for line in log.splitlines() if "machine: reset by" in line]
                self.assertEqual(len(resets), 1, log)
                self.assertIn(by, resets[0])


if __name__ == "__main__":
    unittest.main()
