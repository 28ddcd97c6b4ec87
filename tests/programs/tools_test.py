# SPDX-License-Identifier: MIT
"""Debian's larger tools at their real work inside Exo-OS: git, builds, node, a debugger, load."""
import unittest

from programs_test import HELLO, Programs


class ToolsTest(Programs):
    def test_git(self) -> None:
        out, _ = self.guest(["git"], "sh", "-e", "git.sh", files=["git.sh"])
        self.same(out, ["commits 4", "fsck ok", "cloned merge", "grep 19"])

    def test_gdb(self) -> None:
        out, _ = self.guest(["gdb", "gcc", "libc6-dev"], "sh", "-ec",
                            "cat > hello.c; gcc -g hello.c -o hello; gdb -q -batch -ex 'break main' -ex run -ex bt "
                            "-ex next -ex 'info registers rip' -ex 'print 6*7' -ex continue ./hello", text=HELLO)
        for text in ("Breakpoint 1, main ()", "#0  main ()", "= 42", "hello from hello.c", "exited normally"):
            self.assertIn(text, out)

    def test_fio(self) -> None:
        """Writes and reads back with checksums, by each way that needs no new calls."""
        for engine in ("psync", "sync", "mmap", "vsync", "pvsync2", "posixaio"):
            with self.subTest(engine=engine):
                out, _ = self.guest(["fio"], "fio", "--name=j", f"--ioengine={engine}", "--rw=randrw", "--size=1M",
                                    "--bs=4k", "--verify=crc32c", "--directory=/tmp", "--thread", "--numjobs=2", smp=2)
                self.assertIn("err= 0", out)


if __name__ == "__main__":
    unittest.main()
