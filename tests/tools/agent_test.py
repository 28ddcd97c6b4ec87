# SPDX-License-Identifier: MIT
"""init's agent on the host's Linux, over a socket pair: the control port's
contract (kernel/abi/ctl.h) case by case. Needs build/user/init.elf."""
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import ctl  # noqa: E402
import mkinitrd  # noqa: E402

INIT = os.path.join(ROOT, "build/user/init.elf")
ENV = {"PATH": "/usr/bin:/bin"}
LIMIT_S = 20.0


class Result:
    def __init__(self) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self.status = None
        self.error = None
        self.stdin_closed = False


@unittest.skipUnless(os.path.exists(INIT), "build/user/init.elf is not built")
class PortTest(unittest.TestCase):
    """An agent for each case, and this side of the conversation."""
    expect_status = 0

    def setUp(self) -> None:
        self.sock, theirs = socket.socketpair()
        fd = theirs.fileno()
        os.set_inheritable(fd, True)
        self.proc = subprocess.Popen([INIT, "--agent-fd", str(fd)], pass_fds=[fd])
        theirs.close()
        self.decoder = ctl.Decoder()
        self.frames = []
        hello = self.frame()
        self.assertEqual((hello.kind, hello.u32), (ctl.HELLO, ctl.VERSION))

    def tearDown(self) -> None:
        self.sock.close()
        self.assertEqual(self.proc.wait(timeout=5), self.expect_status)

    def frame(self, timeout: float = LIMIT_S) -> ctl.Frame:
        self.sock.settimeout(timeout)
        while not self.frames:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the agent closed the port")
            self.frames += self.decoder.feed(data)
        return self.frames.pop(0)

    def start(self, *argv: str, env=None, cwd: str = "/") -> None:
        self.sock.sendall(ctl.pack_run(argv, env or ENV, cwd))

    def sh(self, script: str, stdin: bytes = b"", **kw) -> Result:
        self.start("/bin/sh", "-c", script, **kw)
        return self.finish(stdin)

    def finish(self, stdin: bytes = b"", close: bool = True, on_output=None) -> Result:
        """Both ways at once, with the window, until EXIT or ERROR."""
        r, credit, at, closed = Result(), ctl.WINDOW, 0, False
        queue = bytearray()
        deadline = time.monotonic() + LIMIT_S
        while r.status is None and r.error is None:
            self.assertLess(time.monotonic(), deadline, "no EXIT in time")
            n = min(credit, len(stdin) - at, 16384)
            if n > 0 and len(queue) < 65536:
                queue += ctl.pack(ctl.STDIN, stdin[at:at + n])
                at, credit = at + n, credit - n
            if at == len(stdin) and close and not closed:
                queue += ctl.pack(ctl.STDIN)
                closed = True
            self.sock.setblocking(False)
            readable, writable, _ = select.select([self.sock], [self.sock] if queue else [], [], 1)
            if writable:
                try:
                    del queue[:self.sock.send(queue)]
                except BlockingIOError:
                    pass
            if readable:
                data = self.sock.recv(65536)
                self.assertTrue(data, "the agent closed the port")
                self.frames += self.decoder.feed(data)
            for f in self.frames:
                if f.kind == ctl.STDOUT:
                    r.out += f.data
                elif f.kind == ctl.STDERR:
                    r.err += f.data
                elif f.kind == ctl.CREDIT:
                    credit += f.u32
                    r.stdin_closed = r.stdin_closed or f.u32 == 0
                elif f.kind == ctl.EXIT:
                    r.status = ctl.exit_code(f.u32)
                elif f.kind == ctl.ERROR:
                    r.error = f.data.decode()
                else:
                    self.fail(f"unexpected frame {f}")
            self.frames = []
            if on_output:
                on_output(r)
        return r


class AgentTest(PortTest):
    # ---- running ----

    def test_output_and_status(self) -> None:
        r = self.sh("echo out; echo err >&2; exit 7")
        self.assertEqual((r.out, r.err, r.status), (b"out\n", b"err\n", 7))

    def test_arguments_environment_directory(self) -> None:
        self.start("printf", "%s|", "a b", "", "\udcff", env={"PATH": "/usr/bin", "X": "1"})
        self.assertEqual(self.finish().out, b"a b||\xff|")
        r = self.sh('echo "$X"; pwd', env={"X": "y z"}, cwd="/usr")
        self.assertEqual(r.out, b"y z\n/usr\n")

    def test_megabyte_echo(self) -> None:
        data = os.urandom(1_000_000)
        self.start("cat")
        r = self.finish(data)
        self.assertTrue(r.out == data, "cat changed its input")
        self.assertEqual(r.status, 0)

    def test_both_outputs_at_once(self) -> None:
        r = self.sh("head -c 500000 /dev/zero & head -c 400000 /dev/zero >&2; wait")
        self.assertEqual((len(r.out), len(r.err), r.status), (500000, 400000, 0))

    def test_closed_stdin_ends_the_program(self) -> None:
        self.start("cat")
        r = self.finish()
        self.assertEqual((r.out, r.status), (b"", 0))

    def test_unread_input(self) -> None:
        """A program that ends early, and one that closes its input first."""
        r = self.sh("exit 3", os.urandom(300_000))
        self.assertEqual(r.status, 3)
        r = self.sh("exec <&-; sleep 0.2; exit 4", os.urandom(300_000))
        self.assertEqual((r.status, r.stdin_closed), (4, True))

    def test_status_of_signals(self) -> None:
        for sig in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM):
            self.assertEqual(self.sh(f"kill -{int(sig)} $$").status, 128 + sig)

    def test_not_found_and_not_executable(self) -> None:
        self.start("no-such-program-here")
        r = self.finish()
        self.assertEqual(r.status, 127)
        self.assertIn(b"no-such-program-here: No such file", r.err)
        self.start("/etc/passwd")
        self.assertEqual(self.finish().status, 126)
        self.start("/")
        self.assertEqual(self.finish().status, 126)
        self.start("true", cwd="/no/such")
        self.assertEqual(self.finish().status, 126)

    def test_signal_frame(self) -> None:
        self.start("/bin/sh", "-c", "trap 'echo got; exit 9' INT; echo ready; while :; do sleep 0.05; done")
        sent = []

        def interrupt(r: Result) -> None:
            if b"ready" in r.out and not sent:
                self.sock.setblocking(True)
                self.sock.sendall(ctl.pack_u32(ctl.SIGNAL, signal.SIGINT))
                sent.append(1)
        r = self.finish(close=False, on_output=interrupt)
        self.assertEqual((r.out, r.status), (b"ready\ngot\n", 9))

    def test_signal_reaches_one_that_does_not_read(self) -> None:
        """A full window of input does not delay a SIGNAL behind it."""
        self.start("sleep", "60")
        for _ in range(4):
            self.sock.sendall(ctl.pack(ctl.STDIN, bytes(16384)))
        self.sock.sendall(ctl.pack_u32(ctl.SIGNAL, signal.SIGTERM))
        self.assertEqual(self.finish(close=False).status, 128 + signal.SIGTERM)

    def test_grandchild_keeps_the_pipe(self) -> None:
        began = time.monotonic()
        r = self.sh("echo before; sleep 30 & exit 5")
        self.assertEqual((r.out, r.status), (b"before\n", 5))
        self.assertLess(time.monotonic() - began, 5)

    def test_endless_grandchild(self) -> None:
        r = self.sh("yes & sleep 0.1; exit 6")
        self.assertEqual(r.status, 6)
        self.assertEqual(self.sh("echo next").out.splitlines()[-1], b"next")

    def test_one_after_the_other(self) -> None:
        for i in range(50):
            r = self.sh(f"cat; exit {i}", b"x" * i)
            self.assertEqual((bytes(r.out), r.status), (b"x" * i, i))

    def test_busy_and_bad_run(self) -> None:
        self.start("sleep", "0.3")
        self.start("true")
        self.assertIn("busy", self.finish(close=False).error)
        self.assertEqual(self.finish(close=False).status, 0)
        for payload in (b"", b"\0" * 16, b"\1" + bytes(16), b"\2" + bytes(15) + b"a\0b\0",
                        b"\1" + bytes(15) + b"a\0b\0c\0", b"\xff" * 40):
            self.sock.sendall(ctl.pack(ctl.RUN, payload))
            self.assertIn("Invalid argument", self.finish(close=False).error)

    def test_stale_frames_are_dropped(self) -> None:
        self.sock.sendall(ctl.pack(ctl.STDIN, b"lost") + ctl.pack_u32(ctl.SIGNAL, 15))
        self.start("cat")
        self.assertEqual(self.finish(b"kept").out, b"kept")

    def test_no_descriptor_or_signal_leaks_into_the_program(self) -> None:
        r = self.sh("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status")
        lines = r.out.decode().split("\n")
        self.assertEqual(int(lines[0]), 4)  # 0, 1, 2 and the folder itself
        # Of the standard signals: libcs keep some of the real-time ones to themselves.
        standard = [int(line.split()[1], 16) & 0x7fffffff for line in lines[1:3]]
        self.assertEqual(standard, [0, 0], lines)

    # ---- files ----

    def get(self, path: str):
        self.sock.sendall(ctl.pack(ctl.GET, path.encode()))
        data = bytearray()
        while True:
            f = self.frame()
            if f.kind == ctl.ERROR:
                return f.data.decode()
            self.assertEqual(f.kind, ctl.FILE)
            if not f.data:
                return list(mkinitrd.entries(bytes(data)))
            data += f.data

    def test_get_tree(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            big = os.urandom(200_001)
            os.mkdir(top + "/d")
            with open(top + "/d/big", "wb") as f:
                f.write(big)
            os.chmod(top + "/d/big", 0o750)
            os.symlink("d/big", top + "/link")
            open(top + "/empty", "w").close()
            found = {e.name: e for e in self.get(top)}
            self.assertEqual(sorted(found), [".", "d", "d/big", "empty", "link"])
            self.assertTrue(found["d/big"].data == big)
            self.assertEqual(stat.S_IMODE(found["d/big"].mode), 0o750)
            self.assertEqual(found["link"].data, b"d/big")
            one = self.get(top + "/d/big")
            self.assertEqual([(e.name, len(e.data)) for e in one], [(".", len(big))])

    def test_get_missing(self) -> None:
        self.assertEqual(self.get("/no/such"), "/no/such: No such file or directory")
        self.assertIn("No such file", self.get(""))
        self.assertEqual(self.sh("echo still here").status, 0)

    # ---- the end ----

    def test_off(self) -> None:
        self.sock.sendall(ctl.pack(ctl.OFF))
        self.assertEqual(self.proc.wait(timeout=5), 0)

    def test_gone_peer_kills_the_program(self) -> None:
        self.start("/bin/sh", "-c", "echo $$; exec sleep 60")
        pid = int(self.frame().data)
        self.sock.close()
        self.proc.wait(timeout=5)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and os.path.exists(f"/proc/{pid}"):
            with open(f"/proc/{pid}/stat") as f:
                if f.read().split()[2] == "Z":
                    break
            time.sleep(0.01)
        else:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))


class BadPeerTest(PortTest):
    """Nonsense on the port ends the agent with an error, not in a loop."""
    expect_status = 1

    def nonsense(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.assertEqual(self.proc.wait(timeout=5), 1)

    def test_magic(self) -> None:
        self.nonsense(b"GET / HTTP/1.1\r\n")

    def test_length(self) -> None:
        self.nonsense(bytes([ctl.MAGIC, ctl.STDIN, 0, 0]) + (65537).to_bytes(4, "little"))

    def test_kind(self) -> None:
        self.nonsense(ctl.pack(ctl.HELLO, b""))

    def test_beyond_the_window(self) -> None:
        self.start("sleep", "60")
        self.nonsense(ctl.pack(ctl.STDIN, bytes(65536)) * 3)


if __name__ == "__main__":
    unittest.main()
