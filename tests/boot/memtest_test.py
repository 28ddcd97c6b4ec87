# SPDX-License-Identifier: MIT
"""The boot word `memtest`. Memory that forgets is a file that QEMU's memory lies in and
that is written to from here while the guest tests it."""
import mmap
import os
import re
import sys
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import ctl  # noqa: E402
import qemu  # noqa: E402

KERNEL = os.path.join(ROOT, "build/release/exo.elf")
BASE = os.path.join(ROOT, "build/initrd.cpio")
LIMIT_S = 120.0
BAD = (0x3000000, 0x3400ff8)  # two words of a machine of 128 MiB, in pages and blocks of their own


class MemtestTest(unittest.TestCase):
    def start(self, nodes: int = 1) -> qemu.Machine:
        m = qemu.Machine(KERNEL, [BASE], "exo.agent panic=exit memtest")
        m.mem_mib, m.nodes, m.smp = 128, nodes, nodes
        return m

    def test_good(self) -> None:
        m = self.start(nodes=2)
        with qemu.Session(m) as s:
            qemu.wait_hello(s, LIMIT_S)
            log = s.log()
        tested = re.search(r"memtest: (\d+) MiB are free and tested", log)
        self.assertTrue(tested, log)
        self.assertGreater(int(tested.group(1)), 110)
        self.assertIn("memtest: 9 of 9: noise, inverse read", log)
        self.assertRegex(log, r"(?m)memtest: no errors$")

    def test_bad(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="exo-memory.", dir="/dev/shm") as f:
            f.truncate(128 << 20)
            m = self.start()
            m.extra = ["-object", f"memory-backend-file,id=ram,size=128M,share=on,mem-path={f.name}",
                       "-M", "memory-backend=ram"]
            done = threading.Event()
            with mmap.mmap(f.fileno(), 128 << 20) as memory, qemu.Session(m) as s:
                def forget() -> None:
                    while not done.wait(0.0002):
                        for at in BAD:
                            memory[at + 3] = 0xA5

                thread = threading.Thread(target=forget)
                thread.start()
                try:
                    qemu.wait_hello(s, LIMIT_S)
                    s.sock.setblocking(True)
                    s.sock.sendall(ctl.pack(ctl.OFF))
                    s.proc.wait(LIMIT_S)
                finally:
                    done.set()
                    thread.join()
                log = s.log()
        self.assertRegex(log, r"ERROR: memtest: at 0x3000000 \w{16} was written, \w{8}a5\w{6} is read")
        self.assertEqual(re.findall(r"memtest: bad memory: (\S+)", log),
                         ["0x3000000-0x3000fff", "0x3400000-0x3400fff"], log)
        self.assertRegex(log, r"memtest: \d+ words were wrong; 8 KiB in 2 ranges are left out")
        self.assertIn("machine: power off", log)


if __name__ == "__main__":
    unittest.main()
