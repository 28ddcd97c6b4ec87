# SPDX-License-Identifier: MIT
"""Services in the machine: tests/shell/svc.sh as on Linux (tests/tools/svc_test.py), with what only
this kernel has; and process 1's own services at the prompt."""
import json
import os
import shlex
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/exo"))
import console_test  # noqa: E402
EXO = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", "--timeout", "400",
       *shlex.split(os.environ.get("EXO_RUN", ""))]


class ScriptTest(unittest.TestCase):
    def run_script(self, *options: str) -> None:
        done = subprocess.run([*EXO, *options, "--dir", os.path.join(ROOT, "tests/shell") + ":/root/shell", "sh",
                               "/root/shell/svc.sh", "/sbin/init", "/bin/svc", "/tmp/svc"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=450)
        lines = done.stdout.decode().splitlines()
        self.assertEqual([x for x in lines if not x.startswith("ok ")], [], done.stderr.decode()[-2000:])
        self.assertEqual(lines[-1:], ["ok end"], done.stderr.decode()[-2000:])

    def test_script(self) -> None:
        self.run_script()

    def test_script_4_cpus(self) -> None:
        self.run_script("--smp", "4")


class PromptTest(console_test.ConsoleTest):
    """Process 1 itself, typed at."""

    def test_services(self) -> None:
        rows = json.loads(self.command("svc --json list"))
        console = [row for row in rows if row["name"] == "console"]
        self.assertEqual(console[0]["state"], "running")
        self.assertIn("/bin/exsh", console[0]["program"])
        self.assertRegex(self.command("svc list"), r"console +running +\d+ ")
        self.command("printf 'exec /bin/sh\\nargs -c \"echo hello; exec sleep 1000\"\\n' > /etc/exo/services/mine.svc")
        self.assertRegex(self.command("svc reload"), r"mine +(running|waiting)")
        self.assertEqual(self.command("svc start mine; echo $?"), "0\n")
        self.command("while ! grep -q hello /run/log/mine; do sleep 0.1; done")
        self.assertRegex(self.command("svc log mine"), r"\[ *\d+\.\d{3}\] hello\n")
        self.assertEqual(self.command("svc stop mine; svc status mine >/dev/null; echo $?"), "1\n")
        self.command("rm /etc/exo/services/mine.svc; svc reload >/dev/null")
        self.assertEqual(self.command("svc status mine"), "svc: no service 'mine'\n")
        self.assertEqual(self.command("svc restart nobody; echo $?"), "svc: no service 'nobody'\n1\n")


for name in [n for n in dir(PromptTest) if n.startswith("test_") and n != "test_services"]:
    setattr(PromptTest, name, None)  # ConsoleTest's own run there

if __name__ == "__main__":
    unittest.main()
