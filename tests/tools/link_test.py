#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gen_ksym.py and gen_offsets.py, with the host's gcc and ld."""
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import gen_ksym  # noqa: E402
import gen_offsets  # noqa: E402

CODE = ("int kernel_main(int x);\nstatic __attribute__((noinline, used)) int helper(int x) { return x * 3; }\n"
        "int kernel_main(int x) { return helper(x) + 1; }\n")
# Code, then the table: as linker.ld does.
LINK = """ENTRY(kernel_main)
SECTIONS {
	. = 0xffffffff80200000;
	.text : { *(.text .text.*) }
	.rodata : { *(.rodata .rodata.*) }
	.ksymtab : { *(.ksymtab) }
}
"""
FLAGS = ["-ffreestanding", "-fno-pie", "-mcmodel=kernel", "-fno-asynchronous-unwind-tables", "-Werror", "-Wall",
         "-Wextra", "-I", ROOT, "-c"]


class Folder(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)

    def path(self, name, text=None):
        path = os.path.join(self.tmp.name, name)
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
        return path


class KsymTest(Folder):
    def link(self, elf, ksym, code=CODE):
        objects = []
        for src in (self.path("code.c", code), ksym):
            objects.append(src + ".o")
            subprocess.run(["gcc", "-O1"] + FLAGS + ["-o", objects[-1], src], check=True)
        script = self.path("link.ld", LINK)
        subprocess.run(["ld", "-static", "-no-pie", "-T", script, "-o", elf] + objects, check=True)

    def test_two_links(self):
        ksym, first, final = self.path("ksym.c"), self.path("first.elf"), self.path("final.elf")
        self.assertEqual(gen_ksym.main(["--empty", "-o", ksym]), 0)
        self.link(first, ksym)
        self.assertEqual(gen_ksym.main(["--kernel", first, "-o", ksym]), 0)
        self.link(final, ksym)
        self.assertEqual(gen_ksym.main(["--verify", first, final]), 0)
        symbols = gen_ksym.read_symbols(final)
        self.assertEqual(sorted(n for _, n in symbols), ["helper", "kernel_main"])
        with open(ksym) as f:
            text = f.read()
        for _, name in symbols:
            self.assertIn('"%s\\0"' % name, text)

    def test_moved_code_is_seen(self):
        ksym, first, final = self.path("ksym.c"), self.path("first.elf"), self.path("final.elf")
        gen_ksym.main(["--empty", "-o", ksym])
        self.link(first, ksym)
        self.link(final, ksym, "void first_of_all(void);\nvoid first_of_all(void) { }\n" + CODE)
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(gen_ksym.main(["--verify", first, final]), 1)
        self.assertIn("moved between the links", err.getvalue())

    def test_choice_and_limits(self):
        text = ("ffffffff80000010 t inner\nffffffff80000010 T outer\nffffffff80000020 t longer.part.0\n"
                "ffffffff80000020 t longer\n0000000000100000 T boot\nffffffff80000030 D data\n")
        symbols = gen_ksym.higher_half(gen_ksym.parse_nm(text))
        self.assertEqual([n for _, n in symbols], ["outer", "longer"])
        self.assertEqual(gen_ksym.lookup(symbols, 0xffffffff8000001f), "outer")
        self.assertIsNone(gen_ksym.lookup(symbols, 0xffffffff8000000f))
        with self.assertRaises(gen_ksym.SymbolError):
            gen_ksym.emit([(0, "a"), (1 << 32, "b")])
        self.assertNotEqual(gen_ksym.verify([], []), [])


class OffsetsTest(Folder):
    SOURCE = ('#include "offsets_mark.h"\nstruct t { int a; long b; char c[9]; };\nvoid offsets(void);\n'
              "void offsets(void)\n{\n\tOFFSET(T_B, struct t, b);\n\tVALUE(T_SIZE, sizeof(struct t));\n"
              "\tVALUE(T_NEGATIVE, -5);\n\tVALUE(T_HIGH, 1ul << 63);\n}\n")

    def test_both_compilers(self):
        for cc in ("gcc", "clang"):
            src, out = self.path("offsets.c", self.SOURCE), self.path("offsets.inc")
            self.assertEqual(gen_offsets.main(["--source", src, "-o", out, "--", cc, "-O2", "-mcmodel=kernel",
                                               "-ffreestanding", "-fno-pie", "-Wall", "-Werror"]), 0)
            with open(out) as f:
                lines = [line.split() for line in f if line.startswith("%define")]
            self.assertEqual([(n, int(v)) for _, n, v in lines],
                             [("T_B", 8), ("T_SIZE", 32), ("T_NEGATIVE", -5), ("T_HIGH", -1 << 63)])
            asm = self.path("t.asm", '%include "offsets.inc"\nmov rax, [rdi + T_B]\n')
            subprocess.run(["nasm", "-f", "elf64", "-I", self.tmp.name + "/", "-o", asm + ".o", asm], check=True)

    def test_refusals(self):
        for text in ("nothing", '.ascii "->A $1"\n.ascii "->A $2"', '.ascii "->A %rax"'):
            with self.assertRaises(gen_offsets.OffsetError):
                gen_offsets.extract(text)


if __name__ == "__main__":
    unittest.main()
