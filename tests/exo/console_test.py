# SPDX-License-Identifier: MIT
"""`tools/exo boot` (make run) through a pseudo-terminal: init's console shell.

EXO_RUN holds more options, as for run_test.py."""
import os
import pty
import re
import select
import shlex
import subprocess
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXO = [os.path.join(ROOT, "tools/exo"), "boot", "--accel", "tcg",
       *shlex.split(os.environ.get("EXO_RUN", ""))]
PROMPT = r"root@exo:~[#$] "
LIMIT_S = 60.0


class ConsoleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.fd, theirs = pty.openpty()
        self.proc = subprocess.Popen(EXO, stdin=theirs, stdout=theirs, stderr=theirs,
                                     start_new_session=True)
        os.close(theirs)
        self.addCleanup(self.end)
        self.seen = ""
        self.assertNotIn("job control turned off", self.expect(PROMPT))

    def end(self) -> None:
        if self.proc.poll() is None:
            self.proc.terminate()
            time.sleep(0.2)
            self.proc.kill()
        self.proc.wait()
        os.close(self.fd)

    def expect(self, pattern: str, limit_s: float = LIMIT_S) -> str:
        """What came before and with the pattern; it is then forgotten."""
        deadline = time.monotonic() + limit_s
        while True:
            m = re.search(pattern, self.seen)
            if m:
                before, self.seen = self.seen[:m.end()], self.seen[m.end():]
                return before
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                self.fail(f"{pattern!r} did not come; the end of what did:\n{self.seen[-1500:]}")
            try:
                self.seen += os.read(self.fd, 65536).decode("utf-8", "replace")
            except OSError:
                self.fail(f"the machine ended before {pattern!r}:\n{self.seen[-1500:]}")

    def command(self, text: str) -> str:
        """The output of a command, without its echo and the kernel's own lines."""
        os.write(self.fd, text.encode() + b"\r")
        self.expect(re.escape(text[-20:]) + r"\s*\n")
        out = self.expect(PROMPT)
        out = re.sub(PROMPT + "$", "", out).replace("\r", "")
        return re.sub(r"(?m)^\[ *\d+\.\d{6}\] .*\n", "", out)

    def status(self) -> int:
        """The tool's, after the machine has ended; what it prints must be read."""
        deadline = time.monotonic() + LIMIT_S
        while self.proc.poll() is None and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return self.proc.wait(timeout=10)

    def test_shell(self) -> None:
        self.assertEqual(self.command("echo $((6 * 7)) $HOME $(hostname)"), "42 /root exo\n")
        self.assertEqual(self.command("echo one two | tr a-z A-Z"), "ONE TWO\n")
        self.assertIn("passwd", self.command("ls /etc"))
        # An orphan becomes init's, and is gone when it has ended.
        self.command("(sleep 0.2 &) ; sleep 1")
        self.assertNotIn("sleep", self.command("ps"))
        os.write(self.fd, b"exit 3\r")
        self.expect("init: the shell ended with status 3; starting another")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo again"), "again\n")
        os.write(self.fd, b"kill -9 $$\r")
        self.expect("init: the shell was killed by signal 9; starting another")
        self.expect(PROMPT)
        os.write(self.fd, b"poweroff\r")
        self.expect("init: powering off")
        self.assertEqual(self.status(), 0)

    def test_interrupt_key(self) -> None:
        """Ctrl-C reaches the program in the machine, not the tool."""
        os.write(self.fd, b"sleep 1000\r")
        time.sleep(1)
        os.write(self.fd, b"\x03")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo $?"), "130\n")

    def test_fork_bomb(self) -> None:
        """The shell at the console answers, starts programs, and ends the bomb."""
        self.command("{ bomb() { bomb | bomb & }; bomb; } 2>/dev/null")
        time.sleep(5)
        self.assertIn("42\n", self.command("echo $((6 * 7))"))
        self.assertIn("passwd", self.command("busybox ls /etc"))
        self.assertGreater(int(self.command("ps | wc -l")), 50)
        self.command("kill -9 -1")
        self.command("while [ $(ps | wc -l) -gt 9 ]; do sleep 0.1; done")
        self.assertEqual(self.command("busybox expr 40 + 2"), "42\n")

    def test_job_control(self) -> None:
        """Ctrl-Z stops what runs in front; bg, fg, jobs and a pipeline as one job."""
        os.write(self.fd, b"sleep 1000 | cat\r")
        time.sleep(1)
        os.write(self.fd, b"\x1a")
        self.assertIn("Stopped", self.expect(PROMPT))
        self.assertEqual(self.command("echo $?"), "148\n")
        self.assertIn("Stopped", self.command("jobs"))
        self.command("bg")
        self.assertIn("Running", self.command("jobs"))
        # A reader in the background stops (SIGTTIN); in front it reads.
        self.command("cat & sleep 0.5")
        self.assertRegex(self.command("jobs"), r"Stopped \(tty input\)\s+cat")
        os.write(self.fd, b"fg %2\r")
        time.sleep(1)
        os.write(self.fd, b"typed\r")
        self.expect(r"typed\s+typed")
        os.write(self.fd, b"\x04")
        self.expect(PROMPT)
        # A writer goes on writing unless the terminal says otherwise.
        self.command("stty tostop; (sleep 0.3; echo late) &")
        time.sleep(1)
        self.assertRegex(self.command("jobs"), r"Stopped \(tty output\)")
        self.command("stty -tostop; kill -9 %2")
        os.write(self.fd, b"fg %1\r")
        time.sleep(1)
        os.write(self.fd, b"\x03")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo $?"), "130\n")
        # Keys that edit, and the one that makes the next literal.
        os.write(self.fd, b"cat\r")
        time.sleep(0.5)
        os.write(self.fd, b"abX\x7fc\x17one\x15two\r\x04")
        self.expect(r"\ntwo\s")
        self.expect(PROMPT)

    def test_reboot_ends_the_machine(self) -> None:
        os.write(self.fd, b"reboot\r")
        self.expect("init: rebooting")
        self.assertEqual(self.status(), 0)


if __name__ == "__main__":
    unittest.main()
