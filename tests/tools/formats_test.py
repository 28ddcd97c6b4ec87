# SPDX-License-Identifier: MIT
"""The formats that the tools read and write: KTAP, cpio newc, control frames."""
import io
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import ctl  # noqa: E402
import ktap  # noqa: E402
import mkinitrd  # noqa: E402
import package  # noqa: E402
import qemu  # noqa: E402


class KtapTest(unittest.TestCase):
    TEXT = (b"KTAP version 1\n1..4\n# seed=7\nok 1 a.b\nnot good\n# why\nnot ok 2 a.c\n"
            b"ok 3 d # SKIP one node\nok 4 - e # odd\n")

    def cases(self, pieces) -> list:
        self.parser = ktap.Parser()
        return [c for piece in pieces for c in self.parser.feed(piece)]

    def test_whole_and_in_single_bytes(self) -> None:
        for pieces in ([self.TEXT], [self.TEXT[i:i + 1] for i in range(len(self.TEXT))]):
            found = self.cases(pieces)
            self.assertEqual([(c.name, c.verdict) for c in found],
                             [("a.b", "passed"), ("a.c", "failed"), ("d", "skipped"),
                              ("e", "passed")])
            self.assertEqual(found[1].detail, ["not good", "# why"])
            self.assertEqual(found[2].detail, ["one node"])
            self.assertEqual(found[3].detail, ["# odd"])
            self.assertEqual(self.parser.finish(), [])

    def test_short_of_the_plan(self) -> None:
        self.cases([b"1..3\nok 1 a\n"])
        self.assertEqual(self.parser.finish(139), ["1 results of 3 planned", "killed by signal 11"])

    def test_no_plan_and_bail_out(self) -> None:
        self.cases([b"ok 1 a\nBail out! no memory\n"])
        self.assertEqual(self.parser.finish(),
                         ["bailed out: no memory", "no plan (1..N) after 1 results"])

    def test_plans_add_up_and_last_line_needs_no_newline(self) -> None:
        self.cases([b"1..1\nok 1 a\n1..1\nnot ok 1 b"])
        self.assertEqual(self.parser.finish(), [])


class CpioTest(unittest.TestCase):
    def write(self, fill, **kw) -> bytes:
        out = io.BytesIO()
        w = mkinitrd.Writer(out, mtime=0, **kw)
        fill(w)
        w.finish()
        return out.getvalue()

    @staticmethod
    def sample(w: mkinitrd.Writer) -> None:
        w.dir("/bin")
        w.file("/bin/tool", b"#!/bin/sh\n", 0o4755)
        w.file("/deep/er/file", b"12345")
        w.symlink("/lib64/ld.so", "../lib/ld.so")
        w.node("/dev/null", 0o666, "c", 1, 3)
        w.hardlinks(["/a", "/b"], b"shared", 0o600)

    def test_round_trip(self) -> None:
        found = {e.name: e for e in mkinitrd.entries(self.write(self.sample))}
        self.assertEqual(sorted(found), ["a", "b", "deep", "deep/er", "deep/er/file", "dev",
                                         "dev/null", "usr", "usr/bin", "usr/bin/tool",
                                         "usr/lib64", "usr/lib64/ld.so"])
        self.assertEqual(found["usr/bin/tool"].mode, stat.S_IFREG | 0o4755)
        self.assertEqual(found["dev/null"].rdev, (1, 3))
        self.assertEqual((found["a"].data, found["b"].data, found["a"].ino == found["b"].ino),
                         (b"", b"shared", True))

    @unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
    def test_cpio_agrees(self) -> None:
        data = self.write(self.sample)
        out = subprocess.run(["cpio", "-itv", "--quiet"], input=data, check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(out.stderr, b"")
        lines = {line.split()[-1]: line for line in out.stdout.decode().splitlines()}
        self.assertEqual(len(lines), 12)
        self.assertTrue(lines["usr/bin/tool"].startswith("-rwsr-xr-x"))
        self.assertIn("root", lines["dev/null"])
        self.assertIn("1,   3", lines["dev/null"])
        with tempfile.TemporaryDirectory() as top:
            subprocess.run(["cpio", "-id", "--quiet", "a", "b", "deep/er/file"], input=data,
                           cwd=top, check=True)
            for name in "ab":
                with open(os.path.join(top, name), "rb") as f:
                    self.assertEqual(f.read(), b"shared")

    def test_equal_input_gives_equal_bytes(self) -> None:
        self.assertEqual(self.write(self.sample), self.write(self.sample))

    def test_concatenation_and_names(self) -> None:
        data = self.write(self.sample) + self.write(lambda w: w.file("/etc/x", b"y"))
        self.assertEqual(len(data) % 512, 0)
        with tempfile.NamedTemporaryFile() as f:
            f.write(data)
            f.flush()
            names = mkinitrd.names(f.name)
        self.assertEqual(list(names), [e.name for e in mkinitrd.entries(data)])
        self.assertEqual(names["etc/x"], stat.S_IFREG | 0o644)

    def test_existing_folders_keep_their_modes(self) -> None:
        data = self.write(lambda w: w.file("/tmp/x/prog", b""), existing=["tmp"])
        self.assertEqual([e.name for e in mkinitrd.entries(data)], ["tmp/x", "tmp/x/prog"])

    def test_bad_archives(self) -> None:
        good = self.write(self.sample)
        for bad in (b"garbage", good[:200], b"070701" + b"z" * 104, good[:50]):
            with self.assertRaises(mkinitrd.BadArchive):
                list(mkinitrd.entries(bad))

    def test_guest_path(self) -> None:
        for path, name in (("/bin/ls", "usr/bin/ls"), ("./usr/bin/ls", "usr/bin/ls"),
                           ("/bin", "bin"), ("/", "."), ("//etc/./x/", "etc/x"),
                           ("/sbinx/a", "sbinx/a")):
            self.assertEqual(mkinitrd.guest_path(path), name)
        with self.assertRaises(ValueError):
            mkinitrd.guest_path("/a/../b")


class FrameTest(unittest.TestCase):
    def test_any_split(self) -> None:
        data = ctl.pack(ctl.STDOUT, b"abc") + ctl.pack(ctl.FILE) + ctl.pack_u32(ctl.EXIT, 0x700)
        for cut in range(len(data) + 1):
            d = ctl.Decoder()
            found = list(d.feed(data[:cut])) + list(d.feed(data[cut:]))
            self.assertEqual([f.kind for f in found], [ctl.STDOUT, ctl.FILE, ctl.EXIT])
            self.assertEqual(found[2].u32, 0x700)

    def test_nonsense(self) -> None:
        for bad in (b"\0" * 8, b"\xe0\1\1\0\0\0\0\0", b"\xe0\1\0\0\1\0\1\0"):
            with self.assertRaises(ctl.ProtocolError):
                list(ctl.Decoder().feed(bad))

    def test_run_limits(self) -> None:
        with self.assertRaises(ValueError):
            ctl.pack_run(["x" * 70000], {}, "/")
        with self.assertRaises(ValueError):
            ctl.pack_run(["a\0b"], {}, "/")

    def test_exit_code(self) -> None:
        self.assertEqual([ctl.exit_code(s) for s in (0, 0x700, 9, 11 | 0x80)], [0, 7, 137, 139])


class QemuTest(unittest.TestCase):
    def machine(self, **kw) -> qemu.Machine:
        m = qemu.Machine("/dev/null", ["/dev/null"])
        for key, value in kw.items():
            setattr(m, key, value)
        return m

    def test_sizes(self) -> None:
        self.assertEqual([qemu.parse_size(s) for s in ("64M", "2G", "512", "1GiB", "2048K")],
                         [64, 2048, 512, 1024, 2])
        for bad in ("", "x", "1X", "-1", "1K"):
            with self.assertRaises(qemu.MachineError):
                qemu.parse_size(bad)

    def test_numa_shares_everything_out(self) -> None:
        cmd = qemu.command(self.machine(smp=5, nodes=2, mem_mib=101), ["-kernel", "/k"], "null", "null")
        text = " ".join(cmd)
        self.assertIn("id=mem0,size=50M", text)
        self.assertIn("id=mem1,size=51M", text)
        self.assertIn("nodeid=0,memdev=mem0,cpus=0-1", text)
        self.assertIn("nodeid=1,memdev=mem1,cpus=2-4", text)
        self.assertIn("dist,src=0,dst=1,val=20", text)

    def test_refusals(self) -> None:
        for kw in ({"machine": "isapc"}, {"smp": 0}, {"nodes": 17}, {"nodes": 2, "machine": "microvm"},
                   {"icount": True, "smp": 2}, {"initrds": ["/no/such"]}):
            with self.assertRaises(qemu.MachineError, msg=str(kw)):
                qemu.command(self.machine(**kw), [], "null", "null")


class PackageTest(unittest.TestCase):
    def test_names(self) -> None:
        for good in ("lua5.4", "g++-12", "bash=5.2.15-2+b2"):
            self.assertTrue(package.NAME.fullmatch(good))
        for bad in ("-o", "a b", "../x", ""):
            self.assertFalse(package.NAME.fullmatch(bad))
        self.assertEqual(os.path.basename(package.archive_name(["b1", "a1", "b1"])), "a1+b1.cpio")


if __name__ == "__main__":
    unittest.main()
