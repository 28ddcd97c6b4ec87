#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gen_errno.py and gen_syscalls.py: what they make, and that they refuse bad tables."""
import contextlib
import glob
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import gen_errno  # noqa: E402
import gen_syscalls  # noqa: E402
from genfile import read_constants, read_sizes, write_if_changed  # noqa: E402

CONSTANTS = {"AT_FDCWD": -100}
HEAD = "%promises stdio rpath\n"
READ = "0 | read | 1 | fd fd, buf_out:len buf, size len | full | maybe | stdio | file_test\n"
OPENAT = '257 | openat | 2 | dirfd dirfd, path path | partial "no" | maybe | stdio rpath | -\n'
OPEN = "2 | open | legacy:openat(AT_FDCWD, a0) | path path |  |  |  |\n"
# Without these static programs and a shell change their output: measured on Linux, call by call.
TIER_1 = """
access arch_prctl chdir chmod chown clock_nanosleep clone close dup dup2 dup3 execve exit exit_group faccessat
fcntl fdatasync fork fstat fsync ftruncate futex getcwd getdents64 getegid geteuid getgid getgroups getpgrp
getpid getrandom getrusage gettid getuid ioctl kill link lseek lstat madvise mkdir mmap mprotect mremap msync
munmap nanosleep newfstatat open openat pause pipe pipe2 poll pread64 prlimit64 pselect6 pwrite64 read
readlink rename rmdir rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait select
set_tid_address setitimer setpgid sigaltstack stat statfs symlink tgkill tkill umask uname unlink utimensat
vfork wait4 write writev
"""
UNISTD = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"


def quiet(func, *args):
    err, out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        status = func(*args)
    return status, out.getvalue() + err.getvalue()


class ErrnoTest(unittest.TestCase):
    def test_bad_tables(self):
        for text in ("", "EPERM one text", "EPERM 1", "eperm 1 text", "EPERM 1 a\nEPERM 2 b", 'EPERM 1 "quoted"'):
            with self.assertRaises(ValueError):
                gen_errno.parse(text)

    def test_names_in_c(self):
        main = ("#include <assert.h>\n#include <string.h>\n#include <kernel/abi/errno.h>\n"
                '#include "errno_names.h"\nint main(void)\n{\n'
                'assert(!strcmp(errno_name(2), "ENOENT") && !strcmp(errno_name(-2), "ENOENT"));\n'
                'assert(!strcmp(errno_name(-EWOULDBLOCK), "EAGAIN"));\n'
                'assert(!strcmp(errno_name(-ERESTARTSYS), "ERESTARTSYS") && errno_text(EHWPOISON));\n'
                "assert(!errno_name(0) && !errno_name(41) && !errno_name(134) && !errno_name(515));\n"
                "assert(!errno_name(-2147483647 - 1) && !errno_name(2147483647));\nreturn 0;\n}\n")
        with tempfile.TemporaryDirectory() as tmp:
            gen = os.path.join(tmp, "gen")
            self.assertEqual(gen_errno.main(["--table", os.path.join(ROOT, "kernel/abi/errno.tbl"), "--out", gen]), 0)
            with open(os.path.join(tmp, "t.c"), "w") as f:
                f.write(main)
            subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined,address", "-I", ROOT, "-I", gen,
                            "-o", os.path.join(tmp, "t"), os.path.join(tmp, "t.c"), os.path.join(gen, "errno_names.c")],
                           check=True)
            subprocess.run([os.path.join(tmp, "t")], check=True)


class FileTest(unittest.TestCase):
    def test_unchanged_is_not_written(self):
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, "a/b")
            self.assertTrue(write_if_changed(path, "x"))
            self.assertFalse(write_if_changed(path, "x"))
            self.assertTrue(write_if_changed(path, "y"))

    def test_constants(self):
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, "a.h")
            with open(path, "w") as f:
                f.write("#define A 010\n#define B (A | 0x10u) /* text */\n#define C (-100)\n#define D \"x\"\n"
                        "#define E D\n#define F F\n#define G(x) x\n#define H (1l << 30)\n#define NOT sizeof(int)\n")
            self.assertEqual(read_constants([path]), {"A": 8, "B": 24, "C": -100, "H": 1 << 30})


class SyscallTest(unittest.TestCase):
    def parse(self, text):
        return gen_syscalls.parse(HEAD + text, CONSTANTS, "t")[1]

    def test_good(self):
        calls = self.parse(READ + OPEN + OPENAT)
        self.assertEqual([c.name for c in calls if c.live], ["read", "openat"])
        self.assertEqual(calls[0].args[1].decl(), "void __user *buf")

    def test_bad_rows(self):
        cases = {
            "8 columns": "0 | read | 1 | fd fd | full | maybe | stdio\n",
            "bad number": "x | read | 1 | fd fd | full | maybe | stdio | t\n",
            "slot: want": READ.replace("| 1 |", "| 256 |"),
            "needs a test": READ.replace("file_test", "-"),
            "what is missing": READ.replace("full", "partial"),
            "without a slot": READ.replace("| 1 |", "| - |"),
            "unknown type": READ.replace("size len", "sise len"),
            "want TYPE NAME": READ.replace("size len", "size"),
            "for its length": READ.replace("buf_out:len", "buf_out:length"),
            "name twice": READ.replace("fd fd,", "fd len,"),
            "unknown promise": READ.replace("stdio", "studio"),
            "stand alone": READ.replace("stdio", "always stdio"),
            "never, maybe": READ.replace("maybe", "perhaps"),
            "not above": READ + READ,
            "is taken by": READ + READ.replace("0 | read", "1 | write"),
            "stands twice": READ + READ.replace("0 | read | 1", "1 | read | 2"),
            "1024 + slot": READ.replace("0 | read", "1026 | read"),
            "Linux's end": READ.replace("0 | read", "512 | read"),
            "has no slot": OPEN,
            "takes 2 arguments": OPEN.replace("AT_FDCWD, a0", "a0") + OPENAT,
            "the call has 1 arguments": OPEN.replace("a0", "a1") + OPENAT,
            "no such constant": OPEN.replace("AT_FDCWD", "AT_FDCDW") + OPENAT,
            "leave them empty": OPEN.replace("|  |  |  |", "| full |  |  |") + OPENAT,
            "none has no test": READ.replace("full", "none"),
            "needs its arguments": '0 | read | 1 | - | partial "x" | maybe | stdio | -\n',
        }
        for message, text in cases.items():
            with self.subTest(message):
                with self.assertRaisesRegex(gen_syscalls.TableError, r"t:\d+: .*" + re.escape(message)):
                    self.parse(text)

    def test_readme_and_tests(self):
        os.chdir(ROOT)
        with tempfile.TemporaryDirectory() as tmp:
            readme = os.path.join(tmp, "README.md")
            with open(readme, "w") as f:
                f.write("before\n%s\nold\n%s\nafter\n" % (gen_syscalls.BEGIN, gen_syscalls.END))
            self.assertEqual(quiet(gen_syscalls.main, ["--check-readme", readme])[0], 1)
            self.assertEqual(quiet(gen_syscalls.main, ["--update-readme", readme])[0], 0)
            self.assertEqual(quiet(gen_syscalls.main, ["--check-readme", readme])[0], 0)
            with open(readme) as f:
                text = f.read()
            self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n"))
            with open(readme, "w") as f:
                f.write("no markers\n")
            self.assertEqual(quiet(gen_syscalls.main, ["--check-readme", readme])[0], 1)
            calls = self.parse(READ + READ.replace("0 | read | 1", "1 | write | 2"))
            self.assertEqual(len(gen_syscalls.check_tests(calls, tmp)), 2)
            with open(os.path.join(tmp, "file_test.c"), "w") as f:
                f.write("sys(SYS_read, 0); overwrite();\n")
            self.assertEqual(gen_syscalls.check_tests(calls, tmp), ["write: not in %s/file_test" % tmp])

    @unittest.skipUnless(os.path.exists(UNISTD), "no " + UNISTD)
    def test_numbers_are_linux(self):
        with open(UNISTD) as f:
            theirs = {name: int(nr) for name, nr in re.findall(r"#define __NR_(\w+) (\d+)", f.read())}
        calls = real_table()[1]
        ours = {c.name: c.nr for c in calls if not c.native}
        self.assertEqual({k: v for k, v in theirs.items() if v <= 462 and ours.get(k) != v}, {})

    def test_tier_1_is_there(self):
        calls = real_table()[1]
        live = {c.name for c in calls if c.live}
        live |= {c.name for c in calls if c.target and c.target[0] in live}
        self.assertEqual(set(TIER_1.split()) - live, set())

    def test_generated_c(self):
        """The tables do what they say, compiled, with every handler a stub that tells its arguments."""
        promises, calls, constants, sizes = real_table(True)
        stubs = ["#define STUB(n) long sys_##n(u64 a, u64 b, u64 c, u64 d); long sys_##n(u64 a, u64 b, u64 c, u64 d) "
                 "{ (void)a; (void)b; (void)c; (void)d; return (long)d; }"]
        stubs += ["STUB(%s)" % c.name for c in calls if c.live]
        main = """#include <assert.h>
#include <string.h>
#include <kernel/abi/pledge.h>
#include <kernel/abi/syscall_nr.h>
#include <kernel/syscall_table.h>
%s
long sys_enosys(void);
long sys_enosys(void) { return -38; }
int main(void)
{
	u64 nr = LINUX_NR_creat, a[6] = { 7, 0644, 99, 99, 99, 99 };

	assert(syscall_rewrite_legacy(&nr, a) && nr == LINUX_NR_openat);
	assert(a[0] == (u64)-100 && a[1] == 7 && a[2] == 01101 && a[3] == 0644 && a[4] == 0);
	assert(syscall_table[syscall_slot_of[nr]](a[0], a[1], a[2], a[3], 0, 0) == 0644);
	assert(!syscall_rewrite_legacy(&nr, a) && nr == LINUX_NR_openat);
	nr = ~0ull;
	assert(!syscall_rewrite_legacy(&nr, a) && !syscall_name(nr) && !syscall_name(335));
	assert(!strcmp(syscall_name(0), "read") && !strcmp(syscall_args(0), "dfd xbuf ulen"));
	assert(!strcmp(syscall_name(EXO_NR_pledge), "pledge") && !syscall_name(1024) && !syscall_args(134));
	assert(!strcmp(syscall_args(LINUX_NR_getpid), ""));
	for (int i = 0; i < SYSCALL_SLOTS; i++)
		assert(syscall_table[i] && syscall_native_table[i]);
	for (int i = 0; i < SYSCALL_MAP_SIZE; i++) {
		nr = (u64)i;
		if (syscall_rewrite_legacy(&nr, a))
			assert(!syscall_slot_of[i] && (syscall_slot_of[nr] || syscall_legacy[nr]) && syscall_legacy[i]);
		else
			assert(!syscall_legacy[i] || !syscall_slot_of[i]); /* a rare call */
	}
	assert(syscall_legacy[LINUX_NR_creat](7, 0644, 99, 99, 99, 99) == 0644);
	assert(syscall_table[0](0, 0, 0, 0, 0, 0) == -38);
	assert(syscall_pledge[syscall_slot_of[LINUX_NR_exit_group]] == PLEDGE_ALWAYS);
	assert(syscall_pledge[syscall_slot_of[LINUX_NR_clone]] == (PLEDGE_STDIO | PLEDGE_PROC));
	assert(syscall_pledge[syscall_slot_of[LINUX_NR_ptrace]] == 0);
	assert(!syscall_slot_of[LINUX_NR_futimesat] && syscall_rare_pledge(LINUX_NR_futimesat) == PLEDGE_FATTR);
	assert(syscall_legacy[LINUX_NR_futimesat](7, 8, 9, 0, 0, 0) == 0 && !syscall_rare_pledge(LINUX_NR_read));
	nr = LINUX_NR_utimes; /* an old form of a rare call */
	assert(syscall_rewrite_legacy(&nr, a) && nr == LINUX_NR_futimesat && a[0] == (u64)-100);
	assert(!strcmp(pledge_names[0], "stdio"));
	return 0;
}
""" % "\n".join(stubs)
        with tempfile.TemporaryDirectory() as tmp:
            gen_syscalls.generate(tmp, promises, calls, constants, sizes)
            paths = [os.path.join(tmp, n) for n in ("t.c", "t2.c", "t", "syscall_table.c")]
            with open(paths[0], "w") as f:
                f.write(main)
            with open(paths[1], "w") as f:  # the fuzzer's header beside libc's, and the prototypes with the ABI
                f.write("#include <fcntl.h>\n#include <sys/mman.h>\n#include <syscall_shapes.h>\n"
                        "int shapes_count(void);\nint shapes_count(void) { return syscall_shapes[0].arg_count; }\n")
            subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-I", ROOT, "-I", tmp, "-o", paths[2],
                            paths[0], paths[1], paths[3]], check=True)
            subprocess.run([paths[2]], check=True)


def real_table(everything=False):
    headers = sorted(glob.glob(os.path.join(ROOT, "kernel/abi/*.h")))
    constants = read_constants(headers)
    with open(os.path.join(ROOT, "kernel/syscall.tbl")) as f:
        promises, calls = gen_syscalls.parse(f.read(), constants)
    return (promises, calls, constants, read_sizes(headers)) if everything else (promises, calls)


if __name__ == "__main__":
    unittest.main()
