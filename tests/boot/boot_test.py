# SPDX-License-Identifier: MIT
"""What must not boot, and what the kernel says then: one sentence on COM1, and
with panic=exit QEMU ends with the panic status. Nothing here may hang silently.
The counterpart, a gzip'd image, must boot; and a panic's report must name what
a reader needs."""
import gzip
import os
import re
import socket
import sys
import tempfile
import time
import unittest
from typing import Callable, NamedTuple, Optional, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import ctl  # noqa: E402
import mkinitrd  # noqa: E402
import qemu  # noqa: E402

KERNEL = os.path.join(ROOT, "build/release/exo.elf")
BASE = os.path.join(ROOT, "build/initrd.cpio")
LIMIT_S = 40.0  # for a machine that shares the host with another


def base() -> bytes:
    with open(BASE, "rb") as f:
        return f.read()


def holed(data: bytes) -> bytes:
    """With 64 zeros in the middle."""
    half = len(data) // 2
    return data[:half] + bytes(64) + data[half + 64:]


def in_busybox() -> bytes:
    """Cut in the middle of the data of a file, its largest."""
    data = base()
    at = data.index(b"\x7fELF", data.index(b"busybox"))
    return data[:at + 100000]


class Case(NamedTuple):
    """`sentence`: a pattern of what follows "PANIC: ", or of a whole line when
    the machine can say no more and does not end (`ends`)."""
    name: str
    sentence: str
    initrd: Optional[Callable[[], bytes]] = base
    words: str = ""
    mem_mib: int = 128
    machine: str = "pc"
    boot: str = "pvh"
    qemu_args: Tuple[str, ...] = ()
    ends: bool = True


CASES = (
    # QEMU lays a larger initrd over the kernel then.
    Case("memory_4M", r"pmm: too little memory: 3 MiB\b.*needs 64 MiB", lambda: bytes(4096), mem_mib=4),
    Case("memory_8M", r"pmm: too little memory: 7 MiB\b", mem_mib=8),
    Case("memory_32M", r"pmm: too little memory: 31 MiB\b", mem_mib=32),
    Case("memory_below_initrd", r"pmm: too little memory: 95 MiB\b.*room for its initrd",
         lambda: base() + bytes(70 << 20), mem_mib=96),
    Case("no_initrd", r"initrd: the loader PVH gave none: the file is not there, or memory", None),
    Case("no_module", r"initrd: the loader GRUB [0-9.]+.* gave none: the file is not there, or memory",
         None, boot="bios"),
    Case("module_cut", r"initrd: the cpio archive is malformed or cut short at byte",
         in_busybox, boot="bios"),
    Case("module_of_zeros", r"initrd: there is no file in it", lambda: bytes(4096), boot="bios"),
    Case("initrd_cut_in_a_file", r"initrd: the cpio archive is malformed or cut short at byte",
         in_busybox),
    Case("initrd_cut_in_a_header", r"initrd: the cpio archive is malformed or cut short at byte 0 ",
         lambda: base()[:50]),
    Case("initrd_garbage", r"initrd: neither cpio nor gzip at byte 0 of 65536",
         lambda: bytes(range(1, 255)) * 258 + b"...."),
    Case("gzip_cut", r"initrd: the gzip data is malformed or cut short",
         lambda: gzip.compress(base(), 1)[:300000]),
    Case("gzip_damaged", r"initrd: the gzip data is malformed or cut short",
         lambda: holed(gzip.compress(base(), 1))),
    Case("gzip_of_no_archive", r"initrd: the gzip data holds no cpio archive",
         lambda: gzip.compress(b"no archive\n")),
    Case("no_acpi_pc", r"acpi: the firmware's tables are missing", qemu_args=("-M", "acpi=off")),
    Case("no_acpi_microvm", r"acpi: the firmware's tables are missing", machine="microvm",
         qemu_args=("-M", "acpi=off")),
    Case("no_clock", r"time: no HPET, PIT or ACPI timer", machine="microvm",
         qemu_args=("-M", "pit=off,rtc=off")),
    Case("no_long_mode", r"exo: this CPU has no 64-bit mode; .*", qemu_args=("-cpu", "qemu32"),
         ends=False),
    Case("init_not_there", r"init: cannot run /nonexistent \(error 2\)", words="init=/nonexistent"),
    Case("init_not_executable", r"init: cannot run /etc/passwd \(error 13\)",
         words="init=/etc/passwd"),
    Case("init_is_a_folder", r"init: cannot run /etc \(error 13\)", words="init=/etc"),
    Case("init_ends", r"init ended with status 1: nothing is left to run", words="init=/bin/false"),
)


class BootTest(unittest.TestCase):
    def start(self, initrd: Optional[bytes], words: str = "", mem_mib: int = 128,
              machine: str = "pc", boot: str = "pvh",
              qemu_args: Tuple[str, ...] = ()) -> qemu.Session:
        m = qemu.Machine(KERNEL, [], f"exo.agent panic=exit {words}")
        m.mem_mib, m.machine, m.boot, m.extra = mem_mib, machine, boot, list(qemu_args)
        s = qemu.Session(m, extra=initrd or b"")
        self.addCleanup(s.close)
        return s

    def status(self, s: qemu.Session) -> int:
        """Of QEMU, once it ended; the log when it does not."""
        try:
            return s.proc.wait(LIMIT_S)
        except qemu.subprocess.TimeoutExpired:
            self.fail("the machine hangs, and this is its log:\n" + s.log())

    def line(self, s: qemu.Session, pattern: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not re.search(pattern, s.log(), re.M):
            if time.monotonic() > deadline or s.proc.poll() is not None:
                self.fail(f"no {pattern!r} in this log:\n" + s.log())
            time.sleep(0.05)

    def check(self, c: Case) -> None:
        s = self.start(c.initrd() if c.initrd else None, c.words, c.mem_mib, c.machine,
                       c.boot, c.qemu_args)
        if not c.ends:
            self.line(s, f"^{c.sentence}$")
            return
        self.assertEqual(self.status(s), qemu.PANIC_STATUS, s.log())
        self.assertRegex(s.log(), r"\bPANIC: " + c.sentence)
        self.assertEqual(s.log().count("PANIC"), 1, s.log())

    def power_off(self, s: qemu.Session) -> None:
        qemu.wait_hello(s, LIMIT_S)
        s.sock.send(ctl.pack(ctl.OFF))
        self.assertIn(self.status(s), (0, qemu.OFF_STATUS), s.log())

    def test_gzip_boots(self) -> None:
        self.power_off(self.start(gzip.compress(base(), 1)))

    def test_gzip_after_cpio_boots(self) -> None:
        import io
        out = io.BytesIO()
        w = mkinitrd.Writer(out)
        w.file("first", b"1\n")
        w.finish()
        self.power_off(self.start(out.getvalue() + gzip.compress(base(), 1)))

    def test_apic_ids(self) -> None:
        """A CPU with the APIC id 256 is online. SeaBIOS switches x2APIC on for it, which
        the kernel then keeps whatever the boot line says."""
        cpus = ("-smp", "1,sockets=2,cores=129,threads=1,maxcpus=258",
                "-device", "max-x86_64-cpu,socket-id=1,core-id=0,thread-id=0")
        for words, pattern in (("", r"lapic: x2APIC.*smp: 2 CPUs"),
                               ("apic=xapic", r"firmware has switched x2APIC on.*smp: 2 CPUs")):
            s = self.start(base(), words, machine="q35", qemu_args=cpus)
            self.power_off(s)
            self.assertRegex(s.log(), re.compile(pattern, re.S))

    def test_panic_report(self) -> None:
        """A machine check, which QEMU's monitor can cause at any time."""
        with tempfile.TemporaryDirectory() as work:
            path = os.path.join(work, "monitor")
            s = self.start(base(), qemu_args=("-monitor", f"unix:{path},server=on,wait=off"))
            qemu.wait_hello(s, LIMIT_S)
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(path)
                # Bank 1: valid, uncorrected, enabled, context corrupt (SDM vol. 3 §15.3.2.2).
                monitor.sendall(b"mce 0 1 0xb200000000000000 0x4 0 0\n")
                self.assertEqual(self.status(s), qemu.PANIC_STATUS, s.log())
        report = s.log()[s.log().index("PANIC: "):]
        for pattern in (r"^PANIC: machine check: bank 1 reports 0xb200000000000000$",
                        r"on CPU 0, 1 online$", r'thread \d+ "\w+" of task \d+$',
                        r"rip .*vector 18 ", r"rax [0-9a-f]{16}  rbx [0-9a-f]{16} ", r"r15 ",
                        r"rflags 0x[0-9a-f]+", r"cr0 0x[0-9a-f]+ PE .*\bPG$",
                        r"cr4 0x[0-9a-f]+ .*\bMCE\b", r"cr2 .*cr3 ", r"trace: ", r"the log before:$",
                        r"^<6>.*Exo-OS .* release, booted by PVH"):
            self.assertRegex(report, re.compile(pattern, re.M))


def _add(c: Case) -> None:
    setattr(BootTest, f"test_{c.name}", lambda self: self.check(c))


for _case in CASES:
    _add(_case)

if __name__ == "__main__":
    unittest.main()
