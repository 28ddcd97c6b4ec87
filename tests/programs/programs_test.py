# SPDX-License-Identifier: MIT
"""Debian's own programs, as apt delivers them, at their real work inside Exo-OS: a
machine a case. Without a network and with nothing in build/pkg a case is skipped."""
import json
import os
import shlex
import subprocess
import sys
import unittest
from typing import Dict, List, Sequence, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import package  # noqa: E402

EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", *shlex.split(os.environ.get("EXO_RUN", ""))]
LIMIT_S = 240
HELLO = """#include <stdio.h>
int main(void)
{
	printf("hello from %s\\n", __FILE__);
	return 0;
}
"""


def need(names: Sequence[str]) -> List[str]:
    """The options for these packages; the case is skipped when apt cannot be reached."""
    try:
        package.archive(names)
    except package.Unreachable as e:
        raise unittest.SkipTest(f"no network for {' '.join(names)}: {str(e).splitlines()[0]}")
    return [word for name in names for word in ("--package", name)]


class Programs(unittest.TestCase):
    def guest(self, packages: Sequence[str], *command: str, smp: int = 1,
              files: Sequence[str] = (), text: str = "") -> Tuple[str, str]:
        """Standard output and error of `command`, which must end with status 0.
        `files` of this folder are in its working directory."""
        cmd = [*EXO, *need(packages), "--smp", str(smp), "--timeout", str(LIMIT_S)]
        for name in files:
            cmd += ["--dir", f"{os.path.join(HERE, name)}:/root/{name}"]
        done = subprocess.run([*cmd, *command], input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT_S + 60)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, f"{shlex.join(command)}\n{out[-4000:]}\n{err[-2000:]}")
        return out, err

    def play(self, packages: Sequence[str], argv: Sequence[str],
             script: Sequence[Tuple[str, str]], files: Sequence[str] = (), smp: int = 1) -> str:
        """A session on a pty (play.py): what the terminal showed, line ends as "\\n"."""
        return self.guest([*packages, "python3"], "python3", "play.py", *argv, smp=smp,
                          files=[*files, "play.py"], text=json.dumps(script))[0].replace("\r", "")

    def same(self, got: str, want: Sequence[str]) -> None:
        self.assertEqual(got.splitlines(), list(want))


class LanguagesTest(Programs):
    def test_python3(self) -> None:
        out, _ = self.guest(["python3"], "/usr/bin/python3", "-c",
                            "import json, threading, sqlite3; print(json.dumps([1]))")
        self.same(out, ["[1]"])

    def test_perl(self) -> None:
        self.same(self.guest(["perl"], "perl", "perl.pl", files=["perl.pl"])[0],
                  ["thread 42", "child said: hello", "child's status 3", "alarm", "cat: through",
                   "sorted 1,2,3", "strftime 1970", "locked"])

    def test_lua(self) -> None:
        self.same(self.guest(["lua5.4"], "lua5.4", "lua.lua", files=["lua.lua"])[0],
                  ["popen hi", "nil\texit\t3", "tmpfile abc", "true", "nil\t2", "yield 1", "yield 2"])

    def test_tcc(self) -> None:
        out, _ = self.guest(["tcc", "libc6-dev"], "sh", "-ec",
                            "cat > hello.c; tcc -run hello.c; tcc -o hello hello.c; ./hello", text=HELLO)
        self.same(out, ["hello from hello.c"] * 2)

    def test_gcc(self) -> None:
        out, _ = self.guest(["gcc", "libc6-dev"], "sh", "-ec",
                            "cat > hello.c; gcc hello.c -o hello; ./hello; "
                            "gcc -O2 -flto -static -pthread hello.c -o a; ./a; "
                            "gcc -c -g hello.c; nm hello.o | grep -c main; readelf -h hello | grep Type",
                            text=HELLO)
        lines = out.splitlines()
        self.assertEqual(lines[:3], ["hello from hello.c"] * 2 + ["1"])
        self.assertIn("DYN", lines[3])


class SqliteTest(Programs):
    def test_wal_with_two_processes(self) -> None:
        """Both write and read 200 times by a -wal and a -shm that they map."""
        out, _ = self.guest(["sqlite3"], "sh", "-e", "wal.sh", smp=2, files=["wal.sh"])
        self.same(out, ["wal", "200 1", "200 1", "a|200|19900", "b|200|19900", "ok", "0|0|0"])


class BashTest(Programs):
    def test_script(self) -> None:
        out, _ = self.guest(["bash", "coreutils"], "bash", "bash.sh", files=["bash.sh"])
        self.same(out, ["process substitution: a b", "coproc: pong", "here-string: x y", "trap: USR1",
                        "status of pipe: 0 3 0", "monitor: done 4", "read -t: 142", "mapfile: 3",
                        "writable"])

    def test_job_control(self) -> None:
        # Each text awaited is printed once the state is reached that the keys then meet.
        job = ("sh -c 'trap \"echo got-cont\" CONT; trap \"echo got-int; exit 9\" INT; echo start-ed;"
               " while :; do sleep 0.1; done'\n")
        shown = self.play(["bash"], ["bash", "--norc", "-i"], [
            ("$ ", "set -o | grep monitor\n"),
            ("on", ""),
            ("$ ", job),
            ("start-ed\r\n", "\x1a"),            # Ctrl-Z
            ("Stopped", "jobs\n"),
            ("Stopped", "bg\n"),
            ("got-cont\r\n", "jobs -r\n"),
            ("Running", "kill -STOP %1; wait %1; jobs\n"),
            ("Stopped", "fg\n"),
            ("got-cont\r\n", "\x03"),            # Ctrl-C
            ("got-int\r\n", "echo st=$?\n"),
            ("st=9", "sh -c 'echo read-y; exec cat'\n"),
            ("read-y\r\n", "typed\n"),
            ("typed\r\ntyped", "\x04"),          # Ctrl-D
            ("$ ", "cat & wait\n"),              # it reads from the background: SIGTTIN
            ("Stopped", "kill -9 %1; wait; echo go''ne\n"),
            ("gone\r\n", "stty tostop; echo ttou & wait\n"),
            ("Stopped", "kill -9 %1; wait; echo go''ne\n"),
            ("gone\r\n", "jobs; exit 5\n"),
            ("exit\r\n", ""),
        ])
        self.assertIn("[status 5]", shown)


class CoreutilsTest(Programs):
    def test_many(self) -> None:
        out, _ = self.guest(["bash", "coreutils"], "bash", "coreutils.sh", files=["coreutils.sh"])
        with open(os.path.join(HERE, "coreutils.txt"), encoding="utf-8") as f:
            self.same(out, f.read().splitlines())


class RtTestsTest(Programs):
    def test_hackbench(self) -> None:
        """160 tasks, 4 groups of 20 senders to 20 receivers each, 200 rounds."""
        for smp in (1, 2, 4):
            for mode in ([], ["-p"]):
                with self.subTest(smp=smp, mode=mode or "sockets"):
                    out, _ = self.guest(["rt-tests"], "hackbench", "-g", "4", "-l", "200", *mode, smp=smp)
                    self.assertRegex(out, r"(?m)^Time: \d+\.\d+$")

    def test_hackbench_threads(self) -> None:
        out, _ = self.guest(["rt-tests"], "hackbench", "-g", "4", "-l", "200", "-T", smp=4)
        self.assertRegex(out, r"(?m)^Time: \d+\.\d+$")

    def test_cyclictest(self) -> None:
        out, _ = self.guest(["rt-tests"], "cyclictest", "-q", "-l", "1000", "-t", "2", smp=2)
        self.assertRegex(out, r"(?m)^T: 0 .* C: +1000 ")
        self.assertRegex(out, r"(?m)^T: 1 ")


if __name__ == "__main__":
    unittest.main()
