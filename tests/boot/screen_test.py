# SPDX-License-Identifier: MIT
"""The machine as somebody sees it who sits before it: the image from CD, disk and
stick on BIOS and UEFI, typed at through QEMU's PS/2 and USB keyboards, and what is on the
screen read back from its pixels (tools/screen.py)."""
import os
import re
import sys
import time
import unittest
from typing import Callable, List, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import qemu  # noqa: E402
import screen  # noqa: E402

KERNEL = os.path.join(ROOT, "build/release/exo.elf")
BASE = os.path.join(ROOT, "build/initrd.cpio")
IMAGE = os.path.join(ROOT, "build/exo.iso")
LIMIT_S = 40.0
NO_PS2 = ("-M", "i8042=off", "-device", "qemu-xhci,id=xhci")
USB_ONLY = {"usb": ("-M", "i8042=off", "-device", "usb-kbd,bus=xhci.0"),  # beside the stick
            "hd": (*NO_PS2, "-device", "usb-kbd,bus=xhci.0")}
PROMPT = r"^root@exo:~# ?.?$"


class ScreenTest(unittest.TestCase):
    def start(self, m: qemu.Machine) -> None:
        self.monitor = screen.Monitor()
        self.addCleanup(self.monitor.close)
        m.extra += self.monitor.args
        self.session = qemu.Session(m)
        self.addCleanup(self.session.close)
        self.monitor.connect()
        self.look: Callable[[], List[str]] = self.monitor.screen

    def wait(self, pattern: str, key: str = "") -> List[str]:
        """Until a line of the screen matches; `key` is pressed while it does not."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            lines = self.look()
            if any(re.search(pattern, line) for line in lines):
                return lines
            if time.monotonic() > deadline or self.session.proc.poll() is not None:
                self.fail(f"no {pattern!r} on the screen:\n" + "\n".join(lines).rstrip() +
                          "\nand this is the log:\n" + self.session.log()[-4000:])
            if key:
                self.monitor.key(key)
            time.sleep(0.3)

    def vga(self, words: str, machine: str = "pc", devices: Sequence[str] = ()) -> None:
        """Text of 80 x 25, as the BIOS leaves it: a boot without GRUB."""
        m = qemu.Machine(KERNEL, [BASE], words)
        m.extra = list(devices)
        m.machine, m.mem_mib = machine, 128
        self.start(m)
        self.look = self.monitor.vga_text
        self.wait(PROMPT)

    def image(self, boot: str, medium: str, machine: str, devices: Sequence[str] = ()) -> None:
        m = qemu.Machine("", [])
        m.extra = list(devices)
        m.image, m.boot, m.medium, m.machine = IMAGE, boot, medium, machine
        self.start(m)
        self.wait(PROMPT, key="ret")  # of the menu
        if devices:
            self.keyboard_is_there()
        self.monitor.type("echo $((6 * 7)) \"$(tty)\" $(stty size); uname -o\n")
        self.wait(r"^42 /dev/(tty1|console) 48 128$")
        self.wait(r"^Linux$|^GNU/Linux$")

    def test_image_cd_bios(self) -> None:
        self.image("bios", "cd", "pc")
        self.sees_vi()
        self.looks_back()
        self.sees_panic()

    def test_image_disk_bios(self) -> None:
        self.image("bios", "hd", "pc")

    def test_image_stick_uefi(self) -> None:
        self.image("uefi", "usb", "q35")

    def test_image_usb_keyboard(self) -> None:
        """Stick and keyboard on USB, and nothing else, on UEFI and on BIOS."""
        for boot, medium in (("uefi", "usb"), ("bios", "hd")):
            with self.subTest(boot=boot, medium=medium):
                self.image(boot, medium, "q35", USB_ONLY[medium])
                self.session.close()

    def sees_vi(self) -> None:
        self.monitor.type("clear; vi /tmp/x\n")
        self.wait(r"^- /tmp/x 1/1 100%|^'/tmp/x'|^- /tmp/x")
        self.monitor.type("iabc\ndef")
        self.monitor.key("esc")
        self.monitor.type("kyyp:wq\n")
        self.wait(PROMPT)
        self.monitor.type("clear; cat /tmp/x; printf '\\303\\244\\342\\224\\200\\n'\n")
        lines = self.wait(r"^\u00e4\u2500$")
        self.assertEqual(lines[:3], ["abc", "abc", "def"])

    def looks_back(self) -> None:
        self.monitor.type("seq 100 300\n")
        lines = self.wait(r"^300$")
        self.assertNotIn("200", lines)
        for _ in range(3):
            self.monitor.key("shift-pgup")
        lines = self.wait(r"^200$")
        self.assertNotIn("300", lines)
        self.monitor.key("x")  # who types is back at the end
        self.wait(r"^300$")
        self.monitor.key("backspace")

    def sees_panic(self) -> None:
        self.monitor.command("mce 0 1 0xb200000000000000 0x4 0 0")
        lines = self.wait(r"^PANIC: machine check: bank 1 reports 0xb200000000000000$")
        self.assertTrue(any("trace: " in line for line in lines), lines)

    def test_layouts(self) -> None:
        """QEMU names keys as they are on a US keyboard: qwerty is typed."""
        for layout, sees in (("us", "qwerty;"), ("de", "qwertz\u00f6"), ("fr", "azertym")):
            with self.subTest(layout=layout):
                self.vga(f"keymap={layout}")
                self.monitor.type("qwerty;")
                self.wait(f"# {sees}.?$")
                self.session.close()

    def test_programs(self) -> None:
        """top, ps, a job stopped and brought back by keys, a listing, a count and an archive on the screen."""
        self.vga("console=tty1", "q35")
        self.monitor.type("top\n")
        self.wait(r"^Mem: \d+K used")
        self.wait(r"^ *PID +PPID")
        self.monitor.type("q")
        self.wait(PROMPT)
        self.monitor.type("clear; sleep 1000\n")
        time.sleep(1)
        self.monitor.key("ctrl-z")
        self.wait(r"Stopped +sleep 1000")
        self.monitor.type("clear; ps | head -2; jobs\n")
        self.wait(r"^ +1 root .*init")
        self.wait(r"^\[1\]\+ +Stopped +sleep 1000")
        self.monitor.type("clear; fg\n")
        self.wait(r"^sleep 1000$")
        self.monitor.key("ctrl-c")
        self.wait(PROMPT)
        self.monitor.type("echo st=$?\n")
        self.wait(r"^st=130$")
        self.monitor.type("clear; ls -lR / | grep -c busybox; find / -xdev | wc -l\n")
        lines = self.wait(r"^[1-9]\d\d+$")
        self.assertRegex("\n".join(lines), r"(?m)^[1-9]\d*$")
        self.monitor.type("clear; cd /tmp; tar czf t.tgz /etc/passwd && gzip -dc t.tgz | tar tv | "
                          "awk '{ print $6, NF }'\n")
        self.wait(r"^etc/passwd 6$")

    def test_keys(self) -> None:
        self.vga("console=tty1", "q35")
        self.monitor.type("sleep 1000\n")
        self.monitor.key("ctrl-c")
        self.monitor.type("echo st=$?\n")
        self.wait(r"^st=130$")
        self.monitor.key("up")  # the shell's history
        self.monitor.type(" again\n")
        self.wait(r"^st=0 again$")
        self.monitor.key("ctrl-alt-delete")
        self.assertEqual(self.session.proc.wait(LIMIT_S), 0)

    def sees_early_panic(self, sentence: str, m: qemu.Machine) -> None:
        """Before there is a terminal: on top of a screen wiped clean, the registers or
        the trace below."""
        m.append += " panic=halt"
        self.start(m)
        if m.boot == "pvh":
            self.look = self.monitor.vga_text
        lines = self.wait(r"^\[ +0\.000000\] EMERG: PANIC: " + sentence)
        self.assertRegex(lines[0], sentence)
        self.assertTrue(any("trace:" in line for line in self.wait("trace:")), lines)
        self.assertFalse([line for line in lines if re.search("SeaBIOS|GNU GRUB|Welcome|Booting", line)], lines)
        self.session.close()

    def test_early_panic(self) -> None:
        m = qemu.Machine(KERNEL, [BASE])
        m.mem_mib = 32
        self.sees_early_panic("pmm: too little memory: 31 MiB", m)
        m = qemu.Machine(KERNEL, [BASE])
        m.mem_mib, m.boot = 40, "bios"
        self.sees_early_panic("pmm: too little memory: 39 MiB", m)
        m = qemu.Machine(KERNEL, [BASE], "x" * 2048)
        m.mem_mib, m.boot = 128, "uefi"
        self.sees_early_panic("cannot start: what the loader passed is unusable: boot command line is longer", m)

    def keyboard_is_there(self) -> None:
        """Keys are lost until the driver has found the keyboard: one is pressed until it is seen."""
        self.wait(r"# j+.?$", key="j")
        self.monitor.key("ctrl-u")
        self.wait(PROMPT)

    def types(self, word: str) -> None:
        self.monitor.type(f"echo {word} $((6 * 7))\n")
        self.wait(f"^{word} 42$")

    def test_usb_keyboard(self) -> None:
        """No PS/2 keyboard; at a port, away and back, then a second one behind a hub."""
        self.vga("keymap=de", "q35", NO_PS2 + ("-device", "usb-kbd,bus=xhci.0,port=1,id=first"))
        self.keyboard_is_there()
        self.monitor.type("qwerty;")
        self.wait("# qwertz\u00f6.?$")
        self.session.close()
        self.vga("", "q35", NO_PS2 + ("-device", "usb-kbd,bus=xhci.0,port=1,id=first"))
        self.keyboard_is_there()
        self.types("First")
        self.monitor.command("device_del first")
        self.monitor.command("device_add usb-kbd,bus=xhci.0,port=2")
        self.keyboard_is_there()
        self.types("again")
        self.monitor.type("dmesg | grep -c usb:.keyboard\n")
        self.wait(r"^2$")

    def test_usb_messages(self) -> None:
        """MSI-X above; MSI alone, and none, where the driver looks by itself."""
        for device, sees in (("qemu-xhci,id=xhci", "told"), ("nec-usb-xhci,id=xhci,msix=off", "told"),
                             ("nec-usb-xhci,id=xhci,msix=off,msi=off", "silent")):
            with self.subTest(device=device):
                self.vga("", "q35", ("-M", "i8042=off", "-device", device, "-device", "usb-kbd,bus=xhci.0"))
                self.keyboard_is_there()
                self.monitor.type("awk '/xhci/ && $2 > 9 { n++ } END { print n ? \"told\" : \"silent\" }' "
                                  "/proc/interrupts\n")
                self.wait(f"^{sees}$")
                self.session.close()

    def test_usb_hub(self) -> None:
        self.vga("", "q35", NO_PS2 + ("-device", "usb-hub,bus=xhci.0,port=1",
                                      "-device", "usb-mouse,bus=xhci.0,port=1.1",
                                      "-device", "usb-kbd,bus=xhci.0,port=1.2,id=far"))
        self.keyboard_is_there()
        self.types("far")
        self.monitor.type("dmesg | grep usb:\n")
        self.wait(r"usb: keyboard on port \d+, behind a hub")
        self.monitor.command("device_del far")
        self.monitor.command("device_add usb-kbd,bus=xhci.0,port=1.3")
        self.keyboard_is_there()
        self.types("back")

    def test_console_word(self) -> None:
        """Without a word both consoles have a shell; with one the other is left alone."""
        self.vga("")
        self.monitor.type("cat /proc/consoles\n")
        lines = self.wait(r"^ttyS0 +-W- \(E   p  \)    4:64$")
        self.assertTrue(any(re.match(r"tty1 +-W- \(EC  p  \)    4:1$", line) for line in lines))
        deadline = time.monotonic() + LIMIT_S
        while "root@exo:~# " not in self.session.log() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertIn("root@exo:~# ", self.session.log())
        self.session.close()
        m = qemu.Machine(KERNEL, [BASE], "console=ttyS0")
        self.start(m)
        deadline = time.monotonic() + LIMIT_S
        while "root@exo:~# " not in self.session.log() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertIn("root@exo:~# ", self.session.log())
        self.assertFalse([line for line in self.monitor.vga_text() if "exo" in line.lower()])


if __name__ == "__main__":
    unittest.main()
