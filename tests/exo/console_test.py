# SPDX-License-Identifier: MIT
"""`tools/exo boot` (make run) through a pseudo-terminal: init's console shell.

EXO_RUN holds more options, as for run_test.py."""
import codecs
import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import termios
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXO = [os.path.join(ROOT, "tools/exo"), "boot", "--accel", "tcg",
       *shlex.split(os.environ.get("EXO_RUN", ""))]
PROMPT = r"root@exo:[~/a-z]*[#$] "
LIMIT_S = 60.0


class ConsoleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
        self.proc = subprocess.Popen(EXO, stdin=theirs, stdout=theirs, stderr=theirs,
                                     start_new_session=True)
        os.close(theirs)
        self.addCleanup(self.end)
        self.seen = ""
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
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
                self.seen += self.decode(os.read(self.fd, 65536))
                self.seen = re.sub(r"\x1b\[\?2004[hl]", "", self.seen)  # bracketed paste on, off
            except OSError:
                self.fail(f"the machine ended before {pattern!r}:\n{self.seen[-1500:]}")

    def command(self, text: str, limit_s: float = LIMIT_S) -> str:
        """The output of a command, without its echo and the kernel's own lines."""
        os.write(self.fd, text.encode() + b"\r")
        self.expect(re.escape(text[-20:]) + r"\s*\n")
        out = self.expect(PROMPT, limit_s)
        out = re.sub(PROMPT + "$", "", out).replace("\r", "")
        return re.sub(r"(?m)^\[ *\d+\.\d{6}\] .*\n", "", out)

    def status(self) -> int:
        """The tool's, after the machine has ended; what it prints must be read."""
        deadline = time.monotonic() + LIMIT_S
        while self.proc.poll() is None and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += self.decode(os.read(self.fd, 65536))
                except OSError:
                    break
        return self.proc.wait(timeout=10)

    def keys(self, text: str, pause_s: float = 0.0) -> None:
        os.write(self.fd, text.encode())
        time.sleep(pause_s)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.proc.send_signal(signal.SIGWINCH)  # the pty is not the tool's own terminal

    def test_shell(self) -> None:
        self.assertEqual(self.command("echo $((6 * 7)) $HOME $(hostname) $0"), "42 /root exo -exsh\n")
        self.assertEqual(self.command("echo one two | tr a-z A-Z"), "ONE TWO\n")
        self.assertIn("passwd", self.command("ls /etc"))
        self.assertIn("poweroff", self.command("help"))
        self.assertIn("[-L|-P]", self.command("help cd"))
        # An orphan becomes init's, and is gone when it has ended.
        self.command("(sleep 0.2 &) ; sleep 1")
        self.assertNotIn("sleep", self.command("ps"))

    def test_shell_comes_back(self) -> None:
        """Whatever ends it: exit, Ctrl-D, signals, with stopped jobs, with a raw terminal."""
        self.keys("exit 3\r")
        self.expect("init: console ended with status 3; starting another")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo again"), "again\n")
        time.sleep(1.5)  # one that ends at once would wait longer and longer
        self.keys("kill -9 $$\r")
        self.expect("init: console was killed by signal 9; starting another")
        self.expect(PROMPT)
        time.sleep(1.5)
        self.keys("\x04")
        self.expect("init: console ended; starting another")
        self.expect(PROMPT)
        time.sleep(1.5)
        self.keys("sleep 1000 | cat\r", 1)
        self.keys("\x1a")
        self.expect("Stopped")
        self.expect(PROMPT)
        self.keys("\x04")
        self.expect("there are stopped jobs")
        self.expect(PROMPT)
        self.keys("busybox kill -9 -1\r")
        self.expect("init: console was killed by signal 9; starting another")
        self.expect(PROMPT)
        self.assertNotIn("sleep", self.command("ps"))
        time.sleep(1.5)
        # Killed in the middle of the line editor, whose terminal is raw.
        self.keys("(sleep 1; kill -9 $$) &\r")
        self.expect("init: console was killed by signal 9; starting another")
        self.expect(PROMPT)
        self.keys("cat\r", 1)
        self.keys("abX\x7fc\r")
        self.expect(r"\nabc\s")
        self.keys("\x04")
        self.expect(PROMPT)
        self.keys("poweroff\r")
        self.expect("init: powering off")
        self.assertEqual(self.status(), 0)

    def test_interrupt_key(self) -> None:
        """Ctrl-C reaches the program in the machine, not the tool; and loops of the shell."""
        self.keys("sleep 1000\r", 1)
        self.keys("\x03")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo $?"), "130\n")
        self.keys("while :; do :; done\r", 1)
        self.keys("\x03")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo $?"), "130\n")
        self.keys("for i in 1 2 3; do sleep 1000; done\r", 1)
        self.keys("\x03")
        self.expect(PROMPT)
        self.keys("x=$(sleep 1000)\r", 1)
        self.keys("\x03")
        self.expect(PROMPT)
        self.keys("wait_a_bit=1; read line\r", 1)
        self.keys("\x03")
        self.expect(PROMPT)
        # A line that is given up runs nothing, nor do the lines before it.
        for _ in range(3):
            self.keys("echo never\x03")
            self.assertNotIn("\nnever", self.expect(PROMPT))
        self.keys("if true\rthen echo nev\x03")
        self.assertNotIn("init:", self.expect(PROMPT))
        self.assertEqual(self.command("echo $?"), "130\n")

    def test_fork_bomb(self) -> None:
        """The shell at the console answers, starts programs, and ends the bomb."""
        self.command("{ bomb() { bomb | bomb & }; bomb; } 2>/dev/null")
        time.sleep(5)
        self.assertIn("42\n", self.command("echo $((6 * 7))"))
        self.assertIn("passwd", self.command("busybox ls /etc"))
        # How many are left now is chance; that there were many is not: the last pid says so.
        self.assertGreater(int(self.command("cut -d' ' -f5 /proc/loadavg")), 300)
        self.command("kill -9 -1")
        self.command("while [ $(ps | wc -l) -gt 9 ]; do sleep 0.1; done")
        self.assertEqual(self.command("busybox expr 40 + 2"), "42\n")

    def test_job_control(self) -> None:
        """Ctrl-Z stops what runs in front; bg, fg, jobs and a pipeline as one job."""
        self.keys("sleep 1000 | cat\r", 1)
        self.keys("\x1a")
        self.assertIn("Stopped", self.expect(PROMPT))
        self.assertEqual(self.command("echo $?"), "148\n")
        self.assertRegex(self.command("jobs"), r"\[1\]\+  Stopped +sleep 1000 \| cat")
        self.command("bg")
        self.assertIn("Running", self.command("jobs"))
        # A reader in the background stops (SIGTTIN); in front it reads.
        self.command("cat & sleep 0.5")
        self.assertRegex(self.command("jobs"), r"Stopped \(tty input\)\s+cat")
        self.keys("fg %2\r", 1)
        self.keys("typed\r")
        self.expect(r"typed\s+typed")
        self.keys("\x04")
        self.expect(PROMPT)
        # A writer goes on writing unless the terminal says otherwise.
        self.command("stty tostop; (sleep 0.3; echo late) &")
        time.sleep(1)
        self.assertRegex(self.command("jobs"), r"Stopped \(tty output\)")
        self.command("stty -tostop; kill -9 %2")
        self.keys("fg %1\r", 1)
        self.keys("\x03")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo $?"), "130\n")
        # A loop does not go on with its next turn.
        self.keys("for i in 1 2; do sleep 1000; done\r", 1)
        self.keys("\x1a")
        self.expect(PROMPT)
        self.command("kill %+; wait")
        # Its end is told at the next prompt.
        self.command("sleep 0.3 &")
        time.sleep(0.8)
        self.keys("\r")
        self.assertRegex(self.expect(PROMPT), r"\[\d\]\+  Done +sleep 0.3")
        # Keys that edit in cooked mode, and the one that makes the next literal.
        self.keys("cat\r", 0.5)
        self.keys("abX\x7fc\x17one\x15two\r\x04")
        self.expect(r"\ntwo\s")
        self.expect(PROMPT)

    def test_line_editing(self) -> None:
        left, home, end, up = "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[A"
        for typed, want in [
            ("echo hllo" + left * 3 + "e", "hello"),
            ("ho x" + home + "ec" + end + "y", "xy"),
            ("XXecho a" + "\x01\x04\x1b[3~", "a"),                       # Ctrl-A, Ctrl-D, Delete
            ("echo keep this\x17that", "keep that"),                      # Ctrl-W
            ("wrong\x15echo right", "right"),                             # Ctrl-U
            ("echo a b c\x1bb\x1bb\x0b", "a"),                            # Alt-B, Ctrl-K
            ("echo a b\x17\x17\x19\x19", "a a"),      # Ctrl-Y
            ("echo äöü" + left + "\x7f!", "ä!ü"),                          # characters, not bytes
            ("echo 日本語" + left * 2 + "x", "日x本語"),                   # wide ones
            ("echo ba\x14", "ab"),                                        # Ctrl-T
            ("echo \x1b[200~pa\tsted\x1b[201~ ok", "pa sted ok"),         # bracketed paste: no Tab
            ("echo lit\x16\x01eral | tr '\\001' _", "lit_eral"),          # Ctrl-V
        ]:
            self.keys(typed + "\r")
            self.expect(rf"\n{re.escape(want)}\r?\r?\n", 10)
            self.expect(PROMPT)
        # A paste of two lines runs nothing until Enter.
        self.keys("\x1b[200~echo one\necho two\n\x1b[201~", 0.5)
        self.keys("\r")
        self.assertRegex(self.expect(PROMPT).replace("\r", ""), r"one\ntwo\n")
        # History: up, and search.
        self.command("echo first thing")
        self.command("echo second")
        self.keys(up + up + "\r")
        self.expect(r"first thing\s+first thing")
        self.expect(PROMPT)
        self.keys("\x12cond")
        self.expect(r"search `cond'")
        self.keys("\r")
        self.expect(r"\nsecond")
        self.expect(PROMPT)
        self.assertRegex(self.command("history 3"), r"echo second\n")
        # Completion: a command, a path, a variable, a list.
        self.keys("hostna\t\r")
        self.expect(r"\nexo\s")
        self.expect(PROMPT)
        self.keys("cat /etc/hostna\t\r")
        self.expect(r"\nexo\s")
        self.expect(PROMPT)
        self.keys("echo $LOGNA\t\r")
        self.expect(r"\nroot\s")
        self.expect(PROMPT)
        self.keys("ls /etc/pro\t\t", 0.5)
        self.expect(r"profile")
        self.keys("\x15")
        # Longer than a row: wrapped, and still editable at its start.
        self.command("")
        self.keys("echo " + "w" * 250 + home + "printf '%s\\n' | cat; " + "\r")
        self.expect(r"\nw{250}")
        self.expect(PROMPT)

    def test_history_survives_the_shell(self) -> None:
        self.command("echo remembered")
        time.sleep(1)
        self.keys("exit\r")
        self.expect("starting another")
        self.expect(PROMPT)
        self.assertIn("echo remembered", self.command("history"))

    def test_window_size(self) -> None:
        self.assertEqual(self.command("stty size"), "24 160\n")
        self.keys("trap 'stty size' WINCH; read x; trap - WINCH\r", 1)
        self.resize(40, 132)
        self.expect(r"\n40 132")
        self.keys("\r")
        self.expect(PROMPT)
        self.assertEqual(self.command("stty size"), "40 132\n")

    def test_cooked_utf8(self) -> None:
        """IUTF8: erase takes the whole character, and wipes as many columns as it had."""
        self.assertIn(" iutf8", self.command("stty -a"))
        self.keys("cat >/tmp/t; wc -c </tmp/t\r", 1)
        self.keys("a\u00e9\x7f\u65e5\x7fb\r\x04")
        self.expect(r"\n3\s")
        self.expect(PROMPT)

    def test_programs(self) -> None:
        """What issue 3 names, as a user would type it."""
        listing = self.command("ls -lR /", 120)
        self.assertIn("/usr/bin:", listing)
        self.assertIn("busybox", listing)
        self.assertGreater(int(self.command("find / -xdev | wc -l")), 300)
        self.assertGreater(int(self.command("find / | wc -l")), 400)
        self.assertRegex(self.command("ps"), r"(?m)^ +1 root .*init")
        self.assertEqual(self.command("awk -F: '$3 == 0 { n++ } END { print n, (NR > 3) }' /etc/passwd"),
                         "1 1\n")
        self.command("cd /tmp && mkdir t && cp /etc/passwd /etc/profile t && tar cf t.tar t && gzip -9 t.tar")
        self.command("cd")
        self.assertEqual(self.command("gunzip -c /tmp/t.tar.gz | tar tf - | sort | tr '\\n' ' '; echo"),
                         "t/ t/passwd t/profile \n")
        self.assertEqual(self.command("cd /tmp/t && rm -r ../t/* && tar xzf ../t.tar.gz -C .. && "
                                      "cmp passwd /etc/passwd && cd && echo same"), "same\n")

    def test_top(self) -> None:
        self.keys("top\r")
        self.expect(r"Mem: \d+K used")
        self.expect(r"PID +PPID")
        self.keys("q")
        self.expect(PROMPT)
        self.assertIn("Load average", self.command("top -b -n 1"))

    def test_vi(self) -> None:
        """Edit a file, stop it, go on, save."""
        self.keys("vi /tmp/text\r", 2)
        self.keys("ihello \u00e4 world\x1b", 0.5)
        self.keys("\x1a")
        self.expect("Stopped")
        self.expect(PROMPT)
        self.keys("fg\r", 1)
        self.keys("0xiJ\x1b", 1)
        self.keys(":wq\r")
        self.expect(PROMPT)
        self.assertEqual(self.command("cat /tmp/text"), "Jello \u00e4 world\n")

    def test_fallback_and_manifest_errors(self) -> None:
        """Without its shell the console has busybox's; a wrong manifest is said by line."""
        self.command("rm /bin/exsh; echo 'exec /bin/true' >/etc/exo/services/a.svc")
        time.sleep(1)
        self.keys("exit\r")
        self.expect(r"init: /bin/exsh: No such file or directory: /bin/sh instead")
        self.expect(PROMPT)
        self.assertEqual(self.command("echo $0"), "-sh\n")

    def test_reboot_ends_the_machine(self) -> None:
        os.write(self.fd, b"reboot\r")
        self.expect("init: rebooting")
        self.assertEqual(self.status(), 0)


if __name__ == "__main__":
    unittest.main()
