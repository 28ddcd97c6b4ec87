#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_layers.py, check_style.py and check_linked.py: each rule fires on what it
forbids, and is quiet on what is right."""
import contextlib
import io
import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import check_layers  # noqa: E402
import check_linked  # noqa: E402
import check_style  # noqa: E402

SPDX = "/* SPDX-License-Identifier: MIT */\n"
HEAD = SPDX + "/*\n * A file for a test.\n */\n"
HEADER = HEAD + "#pragma once\n"


class Tree(unittest.TestCase):
    """A folder with the files of a dictionary."""

    def tree(self, files):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        for name, text in files.items():
            path = os.path.join(tmp.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        return tmp.name


class LayersTest(Tree):
    BASE = {"kernel/lib/types.h": HEADER, "arch/x86_64/include/arch/cpu.h": HEADER, "mm/pmm.h": HEADER,
            "kernel/core/spinlock.h": HEADER + "#include <arch/cpu.h>\n", "fs/file.h": HEADER,
            "arch/x86_64/regs.h": HEADER, "kernel/task/task.h": HEADER}

    def complaints(self, files):
        with open(os.path.join(ROOT, "tools/layers.txt")) as f:
            layers = check_layers.parse_layers(f.read())
        return check_layers.check(self.tree(dict(self.BASE, **files)), layers)

    def test_good(self):
        self.assertEqual(self.complaints({
            "mm/pmm.c": HEAD + '#include <mm/pmm.h>\n#include <arch/cpu.h>\n#include <stdint.h>\n'
                        '#include "pmm_priv.h"\n',
            "mm/pmm_priv.h": HEADER,
            "fs/file.c": HEAD + "#include <kernel/task/task.h>\n#include <errno_names.h>\n",
            "fs/sys_file.c": HEAD + "#include <fs/file.h>\n#include <kernel/syscall_protos.h>\n",
            "arch/x86_64/trap.c": HEAD + '#include "regs.h"\n#include <arch/cpu.h>\nvoid f(void) { __asm__("hlt"); }\n',
            "user/init/main.c": HEAD + "#include <stdio.h>\n#include <kernel/lib/types.h>\n",
            "mm/pmm_test.c": HEAD + "#include <fs/file.h>\n",
            "kernel/lib/list.c": SPDX + "/*\n * [pure] Lists.\n */\n#include <kernel/lib/types.h>\n",
            "mm/comment.c": HEAD + '/* #include <fs/file.h>, asm("x") */\n',
        }), [])

    def test_each_rule_fires(self):
        cases = {
            "layer mm may not include": {"mm/a.c": "#include <fs/file.h>\n"},
            "layer lib may not include": {"kernel/lib/a.h": "#include <arch/cpu.h>\n"},
            "layer core may not include": {"kernel/core/a.c": "#include <mm/pmm.h>\n"},
            "layer user may not include": {"user/a.c": "#include <mm/pmm.h>\n"},
            "layer fs may not include": {"fs/a.c": "#include <arch/x86_64/regs.h>\n"},
            "lies in another folder": {"fs/a.c": '#include "../mm/pmm.h"\n'},
            "private to its folder": {"fs/a.c": "#include <mm/pmm_priv.h>\n", "mm/pmm_priv.h": ""},
            "neither in the tree": {"fs/a.c": "#include <stdio.h>\n"},
            "no layer of layers.txt": {"strange/a.c": ""},
            "in a circle": {"fs/a.h": "#include <fs/b.h>\n", "fs/b.h": "#include <fs/a.h>\n"},
            "is [pure], but reaches kernel/core/spinlock.h":
                {"mm/a.c": SPDX + "/* [pure] A tree. */\n#include <kernel/core/spinlock.h>\n"},
            "is [pure], but reaches mm/b.h -> mm/pmm.h":
                {"mm/a.c": SPDX + "/*\n * [pure] A tree.\n */\n#include <mm/b.h>\n",
                 "mm/b.h": HEADER + "#include <mm/pmm.h>\n"},
            "__asm__ volatile belongs into arch/": {"mm/a.c": 'void f(void)\n{\n\t__asm__ volatile("nop");\n}\n'},
            "__x86_64__ belongs into arch/": {"mm/a.c": "#ifdef __x86_64__\n#endif\n"},
        }
        for message, files in cases.items():
            with self.subTest(message):
                found = self.complaints(files)
                self.assertTrue(any(message in c for c in found), found)

    def test_layers_file(self):
        for text in ("may x\n", "layer a b\n  may c\n", "layer a b\nlayer a c\n", "layer a\n", "nonsense\n"):
            with self.assertRaises(check_layers.LayersError):
                check_layers.parse_layers(text)

    def test_main(self):
        root = self.tree({"mm/a.c": HEAD + "#include <fs/file.h>\n", "fs/file.h": HEADER})
        with contextlib.redirect_stdout(io.StringIO()) as out:
            status = check_layers.main(["--root", root, "--layers", os.path.join(ROOT, "tools/layers.txt")])
        self.assertEqual(status, 1)
        self.assertIn("mm/a.c:5: layer mm may not include <fs/file.h> of layer fs", out.getvalue())


class StyleTest(Tree):
    FUNCTION = "int a_get(int x)\n{\n%s\treturn x;\n}\n"

    def expect(self, message, path, text, exists=lambda p: False):
        found = check_style.check_text(path, text, exists)
        self.assertTrue(any(message in what for _, what in found), (message, found))

    def test_good(self):
        text = HEAD + ("#include <mm/a.h>\n\n#define LONG \\\n\tdo { \\\n\t} while (0)\n\n"
                       "#if CONFIG_X\nint a_x;\n#endif\n\n"
                       "typedef long (*a_fn_t)(int x);\ntypedef unsigned long a_t;\n\n"
                       "/* typedef struct x y; extern int f(void); */\nstruct a {\n\tint x;\n};\n"
                       "static_assert(sizeof(struct a) == 4, \"#if 0\");\nKTEST(suite, name)\n{\n\ta_get(1);\n}\n"
                       "static int forward(int x);\nvoid a_entry(void);\n\nvoid a_entry(void)\n{\n}\n"
                       "struct a a_value = { .x = 1 };\nstatic int later(\n\tint x)\n{\n\treturn x; /* 'it' */\n}\n\n")
        text += self.FUNCTION % ""
        self.assertEqual(check_style.check_text("mm/a.c", text, lambda p: p == "mm/a.h"), [])
        self.assertEqual(check_style.check_text("mm/a.h", HEADER + "extern int a_x;\nint a_get(int x);\n"), [])
        self.assertEqual(check_style.check_text("a.py", "#!/x\n# SPDX-License-Identifier: MIT\n# What.\n"), [])
        self.assertEqual(check_style.check_text("a.asm", "; SPDX-License-Identifier: MIT\n; What.\nnop\n"), [])

    def test_each_rule_fires(self):
        good = HEAD + "int a_x;\n"
        for message, path, text in (
                ("empty file", "mm/a.c", "\n"),
                ("first line", "mm/a.c", "/* none */\n/*\n * Head.\n */\nint a_x;\n"),
                ("first line", "mm/a.asm", "; none\n; Head.\n"),
                ("line 2", "tools/a.py", "#!/usr/bin/env python3\n\"\"\"Head.\"\"\"\n"),
                ("no head block", "mm/a.c", SPDX + "int a_x;\n"),
                ("no head block", "mm/a.asm", "; SPDX-License-Identifier: MIT\nnop\n"),
                ("no #pragma once", "mm/a.h", good),
                ("prototype of f()", "mm/a.c", good + "extern int f(int x);\n"),
                ("prototype of f()", "mm/a.c", good + "struct a *f(struct b *b,\n\t    int x) __must_check;\n"),
                ("typedef of", "mm/a.c", good + "typedef struct a {\n\tint x;\n} a_t;\n"),
                ("typedef of", "mm/a.c", good + "typedef const enum a a_t;\n"),
                ("typedef of", "mm/a.c", good + "typedef char *a_t;\n"),
                ("101 columns", "mm/a.c", good + "\t/* " + "x" * 88 + "*/\n"),
                ("121 columns", "tools/a.py", "# SPDX-License-Identifier: MIT\n# Head.\n#" + "x" * 120 + "\n"),
                ("spaces where", "mm/a.c", good + "int f(void)\n{\n        return 1;\n}\n"),
                ("space at the end", "mm/a.c", good + "int a_y; \n"),
                ("#ifdef inside", "mm/a.c", good + self.FUNCTION % "#ifdef X\n#endif\n"),
                ("#if inside", "mm/a.c", good + self.FUNCTION % "#  if X\n#endif\n"),
                ("#if 0", "mm/a.c", good + "#if 0\n#endif\n"),
                ("left to do", "mm/a.c", good + "/* %s: more */\n" % ("TO" + "DO")),
                ("has 91 lines", "mm/a.c", good + self.FUNCTION % ("\tx++;\n" * 90)),
                ("ends with one newline", "mm/a.c", good + "\n"),
                ("ends with one newline", "mm/a.c", good + "int a_y;")):
            with self.subTest(message=message, path=path):
                self.expect(message, path, text)
        self.expect("the first include is <mm/a.h>", "mm/a.c", HEAD + "#include <mm/b.h>\n#include <mm/a.h>\n",
                    lambda p: p == "mm/a.h")

    def test_allowed_beside(self):
        text = HEAD + "/* %s(#12): more */\n" % ("TO" + "DO") + self.FUNCTION % ("\tx++;\n" * 89)
        self.assertEqual(check_style.check_text("mm/a.c", text), [])

    def test_counts(self):
        text = HEAD + self.FUNCTION % ("\tx++;\n" * 45)
        text += "int other(void)\n{\n}\n__cold __printf(1, 2)\nvoid\na_p(void)\n{\n}\n"
        long, other = check_style.soft_counts("mm/a.c", text)
        self.assertEqual((long, other), (["mm/a.c: a_get() has 46 lines"], ["mm/a.c: other()"]))

    def test_headers_alone(self):
        root = self.tree({"mm/good.h": HEADER + "#include <mm/base.h>\nbase_t good_x(void);\n",
                          "mm/base.h": HEADER + "typedef int base_t;\n", "mm/bad.h": HEADER + "base_t bad_x(void);\n"})
        cache = os.path.join(root, "build/headers.json")

        def check():
            return check_style.check_headers(root, ["mm/bad.h", "mm/base.h", "mm/good.h"], ["gcc", "-I."], cache)
        self.assertEqual([c.split(":")[0] for c in check()], ["mm/bad.h"])
        self.assertEqual([c.split(":")[0] for c in check()], ["mm/bad.h"], "a failure is not cached")
        with open(os.path.join(root, "mm/base.h"), "w") as f:
            f.write(HEADER)
        self.assertEqual([c.split(":")[0] for c in check()], ["mm/bad.h", "mm/good.h"], "a change below is noticed")

    def test_main(self):
        root = self.tree({"mm/a.c": HEAD + "int a_x; \n", "build/x.c": "\n"})
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(check_style.main(["--root", root]), 1)
        self.assertIn("mm/a.c:5: space at the end of the line", out.getvalue())
        self.assertIn("1 files, 1 complaints", out.getvalue())


class LinkedTest(Tree):
    FILES = {"mm/pmm.c": HEAD + "int pmm_x;\n", "mm/pmm_test.c": HEAD + "int t;\n",
             "user/init/main.c": HEAD + "int m;\n", "arch/x86_64/entry.asm": "; SPDX\nentry: ret\n",
             "tests/user/file_test.c": HEAD + "int f;\n"}
    MAP = "LOAD build/debug/obj/mm/pmm.c.o\nLOAD build/debug/obj/arch/x86_64/entry.asm.o\n"

    def run_check(self, files, *args):
        root = self.tree(dict(self.FILES, **files))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            status = check_linked.main(["--root", root] + [a.replace("ROOT", root) for a in args])
        return status, out.getvalue()

    def test_map(self):
        self.assertEqual(self.run_check({"map": self.MAP}, "--map", "ROOT/map", "mm/pmm.c"), (0, ""))
        status, out = self.run_check({"map": self.MAP, "mm/lost.c": HEAD + "int x;\n"}, "--map", "ROOT/map", "mm/pmm.c")
        self.assertEqual((status, out.splitlines()[0]), (1, "mm/lost.c: nothing links it"))
        status, out = self.run_check({"map": self.MAP}, "--map", "ROOT/map", "mm/pmm.c", "mm/pmm_test.c")
        self.assertEqual((status, out.splitlines()[0]), (1, "mm/pmm_test.c: nothing links it"))

    def test_tree(self):
        words = ("mm/pmm.c ./mm/pmm_test.c build/debug/obj/arch/x86_64/entry.asm.o build/user/tests/file_test "
                 "build/user/init/main.o\n")
        self.assertEqual(self.run_check({"words": words}, "--database", "ROOT/words"), (0, ""))
        status, out = self.run_check({"words": words, "fs/main.c": HEAD + "int x;\n", "tests/user/other_test.c": HEAD +
                                      "int x;\n"}, "--database", "ROOT/words")
        self.assertEqual(status, 1)
        self.assertIn("fs/main.c: nothing builds it\n", out)
        self.assertIn("tests/user/other_test.c: nothing builds it\n", out)
        status, out = self.run_check({"words": words, "fs/a.c": HEAD + "int x;\n",
                                      "build/debug/a.d": "build/debug/a.o: fs/a.c \\\n mm/pmm.h\n"},
                                     "--database", "ROOT/words")
        self.assertEqual((status, out), (0, ""))

    def test_empty(self):
        for text in ("", HEAD, HEAD + "#include <x.h>\n#define A \\\n\tb\n"):
            self.assertTrue(check_linked.is_empty("a.c", text))
        self.assertTrue(check_linked.is_empty("a.asm", "; x\nbits 64\nsection .text\nglobal a\n%include \"x\"\n"))
        self.assertFalse(check_linked.is_empty("a.asm", "a: ret\n"))
        self.assertFalse(check_linked.is_empty("a.c", HEAD + "int x;\n"))
        status, out = self.run_check({"map": self.MAP, "mm/pmm.c": HEAD}, "--map", "ROOT/map", "mm/pmm.c")
        self.assertEqual((status, out.splitlines()[0]), (1, "mm/pmm.c: empty"))

    def test_make_database(self):
        root = self.tree(dict(self.FILES, Makefile="S := $(wildcard mm/*.c)\nall: $(S)\n"))
        words = check_linked.make_words(root)
        self.assertIn("mm/pmm.c", words)


if __name__ == "__main__":
    unittest.main()
