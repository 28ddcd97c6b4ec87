# SPDX-License-Identifier: MIT
"""tools/usb.py on made-up /sys and /proc: what is refused, and why; writing to a file."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import usb  # noqa: E402


class UsbTest(unittest.TestCase):
    def setUp(self) -> None:
        work = tempfile.TemporaryDirectory(prefix="exo-usb.")
        self.addCleanup(work.cleanup)
        self.root = work.name
        self.put("proc/self/mounts", "/dev/sdz1 /boot ext4 rw 0 0\nproc /proc proc rw 0 0\n")
        self.put("proc/swaps", "Filename Type Size Used Priority\n/dev/sdy2 partition 1 0 -2\n")
        self.disk("sdb", "usb1/1-1/host0", "1", 4)
        self.disk("sda", "ata1/host1", "0", 400)
        self.disk("sdy", "usb1/1-2/host2", "1", 4)
        self.disk("sdz", "usb1/1-3/host3", "1", 4)

    def put(self, path: str, text: str) -> None:
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def disk(self, name: str, place: str, removable: str, mib: int) -> None:
        device = os.path.join(self.root, "sys/devices", place)
        self.put(f"sys/devices/{place}/vendor", "ACME\n")
        self.put(f"sys/devices/{place}/model", "Stick 3000 \n")
        self.put(f"sys/block/{name}/size", f"{mib * 2048}\n")
        self.put(f"sys/block/{name}/removable", removable + "\n")
        for part in (1, 2):
            self.put(f"sys/block/{name}/{name}{part}/partition", f"{part}\n")
            os.makedirs(os.path.join(self.root, f"sys/block/{name}/{name}{part}/holders"))
        os.symlink(device, os.path.join(self.root, f"sys/block/{name}/device"))

    def refused(self, name: str, why: str, image_len: int = 1 << 20) -> None:
        sys_root, proc_root = os.path.join(self.root, "sys"), os.path.join(self.root, "proc")
        with self.assertRaisesRegex(usb.Refused, why):
            disk = usb.look(name, sys_root)
            usb.check(disk, image_len, usb.users(disk, sys_root, proc_root))

    def test_refusals(self) -> None:
        self.refused("sdb1", "not a whole disk")
        self.refused("nothing", "not a whole disk")
        self.refused("sda", "neither removable nor on USB")
        self.refused("sdz", "/dev/sdz1 is mounted on /boot")
        self.refused("sdy", "/dev/sdy2 is swap space")
        self.refused("sdb", "does not fit", 5 << 20)
        os.mkdir(os.path.join(self.root, "sys/block/sdb/sdb2/holders/dm-0"))
        self.refused("sdb", "dm-0 stands on sdb2")

    def test_good_stick(self) -> None:
        disk = usb.look("sdb", os.path.join(self.root, "sys"))
        self.assertEqual(usb.users(disk, os.path.join(self.root, "sys"), os.path.join(self.root, "proc")), [])
        usb.check(disk, 4 << 20, [])
        self.assertEqual(disk.text(), "/dev/sdb: ACME Stick 3000, 0.0 GB, on usb, 2 partitions")

    def test_writes_and_compares(self) -> None:
        image, device = (os.path.join(self.root, n) for n in ("image", "device"))
        data = os.urandom((1 << 20) + 12345)
        with open(image, "wb") as f:
            f.write(data)
        with open(device, "wb") as f:
            f.truncate(3 << 20)
        usb.write(image, device)
        with open(device, "rb") as f:
            self.assertEqual(f.read(), data + bytes((3 << 20) - len(data)))

    def test_command(self) -> None:
        tool = os.path.join(ROOT, "tools/usb.py")
        for args, status, why in ((["/dev/null"], 1, "is not a disk"), ([], 2, "usage"),
                                  (["build/exo.iso"], 2, "usage")):
            done = subprocess.run([sys.executable, tool, *args], stdin=subprocess.DEVNULL, cwd=ROOT,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, status, done.stdout)
            self.assertIn(why, done.stdout)


if __name__ == "__main__":
    unittest.main()
