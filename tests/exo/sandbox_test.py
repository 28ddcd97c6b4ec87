# SPDX-License-Identifier: MIT
"""`exo run` for programs that are not trusted: --pledge, --unveil, --learn, --loader, --audit, and
the commands pledge, unveil and sandbox at the prompt."""
import json
import os
import shlex
import subprocess
import sys
import tempfile
import unittest
from typing import List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", "--timeout", "120",
       *shlex.split(os.environ.get("EXO_RUN", ""))]
sys.path.insert(0, os.path.join(ROOT, "tools"))
import sandbox  # noqa: E402


def exo(*args: str) -> Tuple[int, str, str]:
    done = subprocess.run([*EXO, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=200)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def suggested(stderr: str) -> List[str]:
    """The options that --learn printed."""
    lines = stderr.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("exo: learned"))
    return [word for line in lines[at:] if line.startswith("  --") for word in shlex.split(line)]


class SandboxTest(unittest.TestCase):
    def test_promises_too_few(self) -> None:
        status, out, err = exo("--pledge", "stdio", "busybox", "cat", "/etc/passwd")
        self.assertEqual((status, out), (134, ""), err)
        self.assertRegex(err, r"denied: .*openat.* needs rpath")

    def test_promises_and_view(self) -> None:
        held = ("--pledge", "stdio rpath", "--unveil", "r:/etc/passwd", "busybox", "cat")
        status, out, err = exo(*held, "/etc/passwd")
        self.assertEqual(status, 0, err)
        self.assertTrue(out.startswith("root:x:0:0:"), out)
        status, out, err = exo(*held, "/etc/group")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, "/etc/group.*: No such file or directory")

    def test_bad_words(self) -> None:
        self.assertEqual(exo("--pledge", "stdio nonsense", "true")[0], 125)
        self.assertEqual(exo("--unveil", "q:/tmp", "true")[0], 125)
        self.assertEqual(exo("--unveil", "r", "true")[0], 125)

    def check_learned(self, job: List[str], other: List[str]) -> None:
        status, want, err = exo("--learn", *job)
        self.assertEqual(status, 0, err)
        options = suggested(err)
        status, out, err = exo(*options, *job)
        self.assertEqual((status, out), (0, want), " ".join(options) + "\n" + err)
        status, out, err = exo(*options, *other)
        self.assertNotEqual(status, 0, " ".join(options) + "\n" + out)

    def test_learn_tar(self) -> None:
        job = "tar -cf /tmp/t {} 2>&1 && tar -tf /tmp/t"
        self.check_learned(["sh", "-c", job.format("/etc/exo")], ["sh", "-c", job.format("/etc/hosts")])

    def test_learn_find(self) -> None:
        self.check_learned(["find", "/etc/exo"], ["find", "/etc"])

    def test_learn_script(self) -> None:
        script = "echo one >/tmp/a; cat /tmp/a /etc/hostname; rm /tmp/a"
        self.check_learned(["sh", "-c", script], ["sh", "-c", "cat /etc/passwd"])

    def test_audit_file(self) -> None:
        with tempfile.TemporaryDirectory() as work:
            path = os.path.join(work, "audit")
            exo("--pledge", "stdio error", "--audit", path, "busybox", "cat", "/etc/passwd")
            with open(path, encoding="utf-8") as f:
                lines = [json.loads(line) for line in f]
        self.assertTrue(lines)
        self.assertEqual(lines[0]["kind"], "pledge")
        self.assertIn("openat", lines[0]["text"])

    def test_diff(self) -> None:
        status, out, err = exo("--diff", "sh", "-c", "echo 1 >/root/new; echo 2 >>/etc/hostname; rm /etc/group;"
                               "mkdir /etc/dir; echo 3 >/tmp/gone; rm /tmp/gone; cat /etc/hostname; exit 5")
        self.assertEqual((status, out.split()), (5, ["exo", "2"]), err)
        told = [line[5:] for line in err.splitlines() if line.startswith("exo: ")]
        self.assertEqual([t for t in told if not t.startswith("building")],
                         ["created /etc/dir/", "deleted /etc/group", "changed /etc/hostname", "created /root/new"])
        status, out, err = exo("--diff", "--pledge", "stdio rpath", "--unveil", "r:/etc", "cat", "/etc/hostname")
        self.assertEqual((status, out), (0, "exo\n"), err)
        self.assertIn("no file was created", err)

    def test_promises_for_later_programs(self) -> None:
        status, out, err = exo("sh", "-c",
                               "pledge -p 'stdio rpath proc exec' -e 'stdio rpath' sh -c 'cat /etc/hostname';"
                               "pledge -p 'stdio rpath proc exec' -e stdio sh -c '/bin/busybox cat /etc/hostname; :';"
                               "pledge -e stdio true; echo $?")
        self.assertEqual(status, 0, err)
        self.assertEqual(out.split("\n")[0], "exo")
        self.assertNotIn("exo\nexo", out)
        self.assertEqual(out.split("\n")[-2], "125")

    def test_record_and_json(self) -> None:
        status, out, err = exo("sh", "-c", "pledge -p 'stdio error' cat /etc/passwd 2>/dev/null; audit; audit --json;"
                               "sandbox run -p 'stdio rpath' -u r:/proc -u r:/bin sandbox --json self")
        self.assertEqual(status, 0, err)
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^\[ *\d+\.\d{6}\] pledge: cat\[\d+\] .*needs rpath")
        records = [json.loads(line) for line in lines if line.startswith('{"time_us"')]
        self.assertEqual(records[0]["kind"], "pledge")
        self.assertIn("needs rpath", records[0]["text"])
        state = json.loads(lines[-1])
        self.assertEqual((state["pledge"], state["unveil_locked"]), ("stdio rpath", True))
        self.assertIn("r /proc", state["unveil"])

    def test_record_is_limited(self) -> None:
        status, out, err = exo("sh", "-c", "pledge -p 'stdio error' sh -c 'i=0; while [ $i -lt 2000 ]; do"
                               " cd /nowhere; i=$((i+1)); done' 2>/dev/null; audit | wc -l; sleep 1.2;"
                               "pledge -p 'stdio error' cat /etc/passwd 2>/dev/null; audit | grep -c dropped")
        self.assertEqual(status, 0, err)
        count, dropped = map(int, out.split())
        self.assertTrue(10 <= count < 500, out)
        self.assertGreaterEqual(dropped, 1)

    def test_commands(self) -> None:
        status, out, err = exo("sh", "-c", "pledge -p stdio cat /etc/passwd; echo $?;"
                               "unveil r:/etc/hostname -- cat /etc/hostname /etc/group; echo $?;"
                               "sandbox run -p 'stdio rpath' -u r:/proc -u r:/tmp "
                               "cat /proc/self/sandbox;"
                               "sandbox $$; sandbox 99999; echo $?")
        self.assertEqual(status, 0, err)
        words = out.split("\n")
        self.assertIn("134", words)
        self.assertIn("exo", words)
        self.assertIn("pledge stdio rpath", words)
        self.assertIn("unveil locked", words)
        self.assertIn("unveil r /tmp", words)
        self.assertIn("seccomp off 0", words)
        self.assertEqual(words[-2], "1")


class WordsTest(unittest.TestCase):
    LOG = ("[    0.1] audit: learn: prog[7] promise stdio\r\n[    0.2] audit: learn: prog[7] promise rpath\n"
           "[    0.3] audit: learn: prog[7] path r:/usr/lib/libc.so.6\n"
           "[    0.3] audit: learn: prog[7] path r:/data/a b\n"
           "[    0.4] audit: learn: prog[7] path wc:/data/a b\n[    0.4] audit: learn: prog[7] promise prot_exec\n"
           "[    0.5] audit: pledge: x[8] open (2) needs rpath; 0x0\n")

    def test_learned(self) -> None:
        got = sandbox.learned(self.LOG)
        self.assertEqual(got.promises, ["stdio", "rpath"])
        self.assertEqual(got.rules, ["rwc:/data/a b"])
        self.assertEqual(got.loader_promises, ["prot_exec"])
        self.assertEqual(got.loader_rules, ["r:/usr/lib/libc.so.6"])
        self.assertIn("--unveil 'rwc:/data/a b'", sandbox.learned_text(got))

    def test_wrap(self) -> None:
        self.assertEqual(sandbox.wrap(["p"], None, [], False, False), ["p"])
        self.assertEqual(sandbox.wrap(["p", "-x"], "stdio", ["r:/a"], False, False),
                         ["/bin/sandbox", "run", "-p", "stdio", "-u", "r:/a", "--", "p", "-x"])
        self.assertEqual(sandbox.wrap(["p"], "stdio", ["r:/a"], True, False),
                         ["/bin/sandbox", "run", "-p", "learn", "--", "p"])
        with self.assertRaises(ValueError):
            sandbox.wrap(["p"], None, ["/a"], False, False)

    def test_denials(self) -> None:
        self.assertEqual([d["kind"] for d in sandbox.denials(self.LOG)], ["pledge"])


if __name__ == "__main__":
    unittest.main()
