# SPDX-License-Identifier: MIT
"""`tools/exo run` as a user sees it: a machine for each case. Needs a kernel.

EXO_RUN holds options for every run; with those of a Linux kernel (--kernel FILE
--append "console=ttyS0 rdinit=/sbin/init panic=-1") the tool is tested alone."""
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg",
       *shlex.split(os.environ.get("EXO_RUN", ""))]
LIMIT_S = 120


def exo(*args: str, stdin=b"", **kw) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*EXO, *args], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=LIMIT_S, **kw)


class RunTest(unittest.TestCase):
    def check(self, done, out: bytes, status: int) -> None:
        self.assertEqual((done.stdout, done.returncode), (out, status), done.stderr.decode())

    def test_pipeline_and_status(self) -> None:
        script = "for i in 1 2 3; do echo $i; done | sort -r; exit 7"
        self.check(exo("/bin/busybox", "sh", "-c", script), b"3\n2\n1\n", 7)

    def test_small_memory(self) -> None:
        self.check(exo("--mem", "64M", "sh", "-c", "echo small; exit 7"), b"small\n", 7)

    def test_machines(self) -> None:
        for machine in ("pc", "q35", "microvm"):
            with self.subTest(machine=machine):
                self.check(exo("--machine", machine, "echo", machine), machine.encode() + b"\n", 0)

    def test_cpus_and_nodes(self) -> None:
        self.check(exo("--machine", "pc", "--smp", "4", "--numa", "2", "--mem", "512M", "echo", "ok"),
                   b"ok\n", 0)

    def test_megabyte(self) -> None:
        data = os.urandom(1_000_000)
        done = exo("busybox", "cat", stdin=data)
        self.assertTrue(done.stdout == data, done.stderr.decode())
        self.assertEqual(done.returncode, 0)

    def test_closed_input(self) -> None:
        self.check(exo("cat"), b"", 0)
        done = subprocess.run(["sh", "-c", shlex.join([*EXO, "cat"]) + " <&-"], timeout=LIMIT_S,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.check(done, b"", 0)

    def test_standard_error_is_its_own(self) -> None:
        done = exo("sh", "-c", "echo out; echo err >&2")
        self.assertEqual((done.stdout, done.stderr), (b"out\n", b"err\n"))

    def test_signals_as_status(self) -> None:
        self.check(exo("sh", "-c", "kill -9 $$"), b"", 137)
        self.check(exo("sh", "-c", "kill -SEGV $$"), b"", 139)

    def test_not_there(self) -> None:
        done = exo("no-such-program")
        self.assertEqual(done.returncode, 127)
        self.assertIn(b"no-such-program: No such file", done.stderr)
        self.assertEqual(exo("/etc/passwd").returncode, 126)

    def test_timeout(self) -> None:
        began = time.monotonic()
        self.check(exo("--timeout", "8", "sleep", "1000"), b"", 124)
        self.assertLess(time.monotonic() - began, 20)

    def test_failed_machine(self) -> None:
        self.assertEqual(exo("--kernel", "/no/such/kernel", "true").returncode, 125)
        self.assertEqual(exo("--machine", "microvm", "--numa", "2", "true").returncode, 125)
        done = exo("--append", "init=/no/such rdinit=/no/such", "true")
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"\n  | ", done.stderr)  # the end of the log

    def test_host_program_and_environment(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            path = os.path.join(top, "hello")
            with open(path, "w") as f:
                f.write('#!/bin/sh\necho "$0 $1 $X"\n')
            os.chmod(path, 0o755)
            self.check(exo("--env", "X=y z", "./hello", "a b", cwd=top), b"./hello a b y z\n", 0)
            self.check(exo(path, "1"), f"{path} 1 \n".encode(), 0)
            self.assertEqual(os.listdir(top), ["hello"])

    def test_folders_in_and_out(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            os.makedirs(top + "/in/sub")
            data = os.urandom(100_000)
            with open(top + "/in/sub/data", "wb") as f:
                f.write(data)
            done = exo("--dir", f"{top}/in:/data", "--out", f"/tmp/res:{top}/out",
                       "--out", f"/tmp/one:{top}/one",
                       "sh", "-c", "cp -r /data /tmp/res; ln -s sub/data /tmp/res/link; echo 1 > /tmp/one")
            self.check(done, b"", 0)
            for name in ("/out/sub/data", "/out/link"):
                with open(top + name, "rb") as f:
                    self.assertTrue(f.read() == data, name)
            with open(top + "/one") as f:
                self.assertEqual(f.read(), "1\n")
            done = exo("--out", f"/no/such:{top}/x", "sh", "-c", "exit 0")
            self.assertEqual(done.returncode, 125)
            self.assertIn(b"No such file", done.stderr)

    def test_layer_over_the_root(self) -> None:
        """Changes of a run in a layer of their own, fetched after it; the program sees one tree."""
        script = ("set -e; echo new >/root/new; echo more >>/etc/passwd; rm /etc/group; mkdir /etc/dir; "
                  "test ! -e /etc/group; test ! -e /.layer; grep -q more /etc/passwd; "
                  "grep -q '^layer / overlay rw' /proc/mounts; ! grep -q ' /sys/' /proc/mounts; "
                  "test -c /dev/null; test -d /sys/devices; ps >/dev/null; echo done")
        with tempfile.TemporaryDirectory() as top:
            done = exo("--append", "exo.layer", "--out", f"/proc/self/fd/9/.:{top}/layer", "sh", "-c", script)
            self.assertEqual((done.returncode, done.stdout), (0, b"done\n"), done.stderr)
            self.assertIn(b"etc/group is a device", done.stderr)  # the whiteout
            names = sorted(os.path.relpath(os.path.join(at, n), f"{top}/layer")
                           for at, dirs, files in os.walk(f"{top}/layer") for n in dirs + files)
            self.assertEqual(names, ["etc", "etc/dir", "etc/passwd", "root", "root/new"])

    def test_package(self) -> None:
        done = exo("--package", "bash-static", "/usr/bin/bash-static", "-c", "echo $((6*7)) $BASH")
        self.check(done, b"42 /usr/bin/bash-static\n", 0)
        # Dynamic programs; one of them replaces a link to busybox in the image.
        self.check(exo("--package", "lua5.4", "lua5.4", "-e", "print(6*7)"), b"42\n", 0)
        done = exo("--package", "lua5.4", "tar", "--version")
        self.assertTrue(done.stdout.startswith(b"tar (GNU tar)"), done)

    def test_clocks_that_differ(self) -> None:
        done = exo("--smp", "2", "--append", "tsc_unsteady",
                   os.path.join(ROOT, "build/user/tests/vdso_test"))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_log(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            self.check(exo("--log", top + "/log", "true"), b"", 0)
            self.assertGreater(os.path.getsize(top + "/log"), 100)

    def test_nobody_reads_the_output(self) -> None:
        command = shlex.join([*EXO, "yes"]) + " | head -n 1"
        done = subprocess.run(["bash", "-c", command + "; exit ${PIPESTATUS[0]}"], timeout=LIMIT_S,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.check(done, b"y\n", 141)

    def start(self, *args: str) -> "subprocess.Popen[bytes]":
        proc = subprocess.Popen([*EXO, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        self.addCleanup(proc.kill)
        return proc

    def test_interrupt_goes_to_the_program(self) -> None:
        proc = self.start("sh", "-c", "trap 'echo got; exit 9' INT; echo ready; while :; do sleep 0.1; done")
        self.assertEqual(proc.stdout.readline(), b"ready\n")
        proc.send_signal(signal.SIGINT)
        out, err = proc.communicate(timeout=LIMIT_S)
        self.assertEqual((out, proc.returncode), (b"got\n", 9), err)

    def test_second_interrupt_ends_the_machine(self) -> None:
        proc = self.start("sh", "-c", "trap '' INT; echo ready; sleep 1000")
        self.assertEqual(proc.stdout.readline(), b"ready\n")
        proc.send_signal(signal.SIGINT)
        time.sleep(0.5)
        proc.send_signal(signal.SIGINT)
        proc.communicate(timeout=LIMIT_S)
        self.assertEqual(proc.returncode, 130)

    def test_a_killed_tool_leaves_no_machine(self) -> None:
        proc = self.start("sh", "-c", "echo ready; sleep 1000")
        self.assertEqual(proc.stdout.readline(), b"ready\n")
        with open(f"/proc/{proc.pid}/task/{proc.pid}/children") as f:
            children = f.read().split()
        self.assertTrue(children)
        proc.kill()
        proc.communicate(timeout=LIMIT_S)
        deadline = time.monotonic() + 5
        while any(os.path.exists(f"/proc/{c}/fd") and os.access(f"/proc/{c}/fd/0", os.F_OK)
                  for c in children):
            self.assertLess(time.monotonic(), deadline, "QEMU outlives the tool")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
