# SPDX-License-Identifier: MIT
"""The parts of tools/exo that need no machine."""
import importlib.machinery
import importlib.util
import os
import stat
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import mkinitrd  # noqa: E402
import qemu  # noqa: E402

_write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
_loader = importlib.machinery.SourceFileLoader("exo_tool", os.path.join(ROOT, "tools/exo"))
exo = importlib.util.module_from_spec(importlib.util.spec_from_loader("exo_tool", _loader))
_loader.exec_module(exo)
sys.dont_write_bytecode = _write_bytecode


def entry(name: str, mode: int, data: bytes = b"") -> mkinitrd.Entry:
    return mkinitrd.Entry(name, mode, 0, 1, 1, (0, 0), data)


DIR, FILE, LINK = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o6755, stat.S_IFLNK | 0o777


class UnpackTest(unittest.TestCase):
    """What a machine sends back is not to be trusted."""

    def setUp(self) -> None:
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.top = tmp.name
        self.out = os.path.join(self.top, "out")

    def test_tree(self) -> None:
        exo.unpack([entry(".", DIR), entry("d", DIR), entry("d/f", FILE, b"x"),
                    entry("l", LINK, b"d/f")], self.out)
        with open(self.out + "/l") as f:
            self.assertEqual(f.read(), "x")
        self.assertEqual(stat.S_IMODE(os.stat(self.out + "/d/f").st_mode), 0o755)

    def test_single_file_over_an_old_one(self) -> None:
        with open(self.out, "w") as f:
            f.write("old and longer")
        exo.unpack([entry(".", FILE, b"new")], self.out)
        with open(self.out) as f:
            self.assertEqual(f.read(), "new")

    def test_names_that_lead_out(self) -> None:
        for name in ("../evil", "/evil", "d/../../evil", "", "d//x"):
            with self.assertRaises(qemu.MachineError):
                exo.unpack([entry(".", DIR), entry("d", DIR), entry(name, FILE, b"x")], self.out)
        self.assertEqual(os.listdir(self.top), ["out"])

    def test_through_a_link(self) -> None:
        os.mkdir(self.top + "/elsewhere")
        with self.assertRaises(qemu.MachineError):
            exo.unpack([entry(".", DIR), entry("l", LINK, self.top.encode() + b"/elsewhere"),
                        entry("l/evil", FILE, b"x")], self.out)
        exo.unpack([entry(".", DIR), entry("l", FILE, b"x")], self.out)  # replaces the link
        self.assertEqual(os.listdir(self.top + "/elsewhere"), [])


class PlaceTest(unittest.TestCase):
    def setUp(self) -> None:
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.top = tmp.name
        base = os.path.join(self.top, "base.cpio")
        with open(base, "wb") as f:
            w = mkinitrd.Writer(f)
            w.dir("/root", 0o700)
            w.file("/bin/busybox", b"")
            w.finish()
        self.overlay = exo.Overlay(qemu.Machine("/dev/null", [base]))
        old = os.getcwd()
        self.addCleanup(os.chdir, old)
        os.chdir(self.top)
        os.mkdir("sub")
        for name in ("prog", "sub/prog"):
            with open(name, "w"):
                pass

    def place(self, program: str, guest: bool = False):
        return exo.place_program(self.overlay, program, guest), sorted(self.overlay._w.added)

    def test_image_wins(self) -> None:
        for name in ("busybox", "/bin/busybox", "/usr/bin/busybox", "./no-such", "/no/such"):
            self.assertEqual(self.place(name), (name, []))
        self.assertEqual(self.place("./prog", guest=True), ("./prog", []))

    def test_host_files(self) -> None:
        self.assertEqual(self.place("./prog"), ("./prog", ["root/prog"]))
        self.assertEqual(self.place("sub/prog")[0], "sub/prog")
        self.assertEqual(self.place("sub/../prog")[0], "./prog")
        absolute = os.path.join(self.top, "prog")
        name, added = self.place(absolute)
        self.assertEqual(name, absolute)
        self.assertIn(absolute.lstrip("/"), added)

    def test_interpreter(self) -> None:
        self.assertIsNone(exo.interpreter("prog"))
        self.assertIn("ld-linux", exo.interpreter("/bin/sh") or "ld-linux")

    def test_command_line(self) -> None:
        for words, mem, program, args in (
                (["busybox", "--help"], None, "busybox", ["--help"]),
                (["--mem", "64M", "--", "ls", "--", "-l"], "64M", "ls", ["--", "-l"]),
                (["--icount", "ls", "--mem", "2"], None, "ls", ["--mem", "2"]),
                (["--mem=1G", "--", "--odd"], "1G", "--odd", [])):
            a = exo.parse(["run", *words])
            self.assertEqual((a.mem, a.program, a.args), (mem, program, args))

    def test_options(self) -> None:
        self.assertEqual(exo.split_pair("a:b:/c", "--dir"), ("a:b", "/c"))
        for bad in ("a", ":b", "a:"):
            with self.assertRaises(exo.Usage):
                exo.split_pair(bad, "--dir")
        self.assertEqual(exo.environment(["A=b=c", "HOME=/x"])["A"], "b=c")
        self.assertEqual(exo.environment(["HOME=/x"])["HOME"], "/x")
        with self.assertRaises(exo.Usage):
            exo.environment(["A"])


if __name__ == "__main__":
    unittest.main()
