# SPDX-License-Identifier: MIT
"""init as the supervisor of services and the tool svc, as ordinary programs on this Linux:
tests/shell/svc.sh, what only a program can check, and a hostile client of the socket."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from typing import List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INIT = os.path.join(ROOT, "build/user/init.elf")
SVC = os.path.join(ROOT, "build/user/bin/svc.elf")
SCRIPT = os.path.join(ROOT, "tests/shell/svc.sh")


@unittest.skipUnless(os.path.exists(SVC), "build/user/bin/svc.elf is not built")
class ScriptTest(unittest.TestCase):
    def test_script(self) -> None:
        with tempfile.TemporaryDirectory(prefix="svc.") as tmp:
            done = subprocess.run(["/bin/sh", SCRIPT, INIT, SVC, tmp], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200)
        lines = done.stdout.decode().splitlines()
        self.assertEqual([x for x in lines if not x.startswith("ok ")], [])
        self.assertEqual(lines[-1], "ok end")


@unittest.skipUnless(os.path.exists(SVC), "build/user/bin/svc.elf is not built")
class SocketTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = tempfile.mkdtemp(prefix="svc.")
        self.addCleanup(shutil.rmtree, self.dir)
        os.mkdir(self.dir + "/d")
        self.write("quiet", "exec /bin/sleep\nargs 1000\n")
        self.write("odd", 'exec /bin/sh\nargs -c "printf \'a\\"b\\\\\\\\c\\td\\n\'; exec sleep 1000"\n')
        self.write("bad", 'exec /bin/sh\nnot"a"key\n')
        self.proc = subprocess.Popen([INIT, "--supervise", self.dir + "/d", self.dir + "/r"],
                                     stderr=subprocess.PIPE)
        self.addCleanup(self.end)
        deadline = time.monotonic() + 10
        while not os.path.exists(self.dir + "/r/svc"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.svc("start", "quiet")

    def end(self) -> None:
        self.proc.send_signal(signal.SIGTERM)
        self.proc.communicate(timeout=10)
        self.assertEqual(self.proc.returncode, 0)

    def write(self, name: str, text: str) -> None:
        with open(f"{self.dir}/d/{name}.svc", "w", encoding="utf-8") as f:
            f.write(text)

    def svc(self, *args: str) -> Tuple[int, str]:
        done = subprocess.run([SVC, "--run", self.dir + "/r", *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=20)
        return done.returncode, done.stdout.decode()

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(sock.close)
        sock.connect(self.dir + "/r/svc")
        sock.settimeout(10)
        return sock

    def test_json(self) -> None:
        rows = {row["name"]: row for row in json.loads(self.svc("--json", "list")[1])}
        self.assertEqual(set(rows), {"quiet", "odd", "bad"})
        self.assertEqual(rows["quiet"]["state"], "running")
        self.assertGreater(rows["quiet"]["pid"], 0)
        self.assertEqual(rows["bad"]["state"], "broken")
        self.assertEqual(rows["bad"]["note"], "line 2: no key 'notakey'")
        status, text = self.svc("--json", "status", "quiet")
        self.assertEqual((status, json.loads(text)["pid"]), (0, rows["quiet"]["pid"]))
        deadline = time.monotonic() + 10
        lines: List[str] = []
        while len(lines) < 2 and time.monotonic() < deadline:
            lines = self.svc("--json", "log", "odd")[1].splitlines()
        self.assertRegex(json.loads(lines[0])["text"], "init: started, process [0-9]+")
        self.assertEqual(json.loads(lines[1])["text"], 'a"b\\c\td')

    def test_socket_is_roots(self) -> None:
        self.assertEqual(os.stat(self.dir + "/r/svc").st_mode & 0o777, 0o600)

    def test_hostile_clients(self) -> None:
        """Whatever is sent is answered by an error or not at all, and the others are served."""
        seed = int(os.environ.get("SEED", time.time_ns() & 0xFFFFFFFF))
        rand = random.Random(seed)
        words = [b"list", b"status", b"start", b"stop", b"restart", b"reload", b"quiet", b"nobody", b"\t", b"\0",
                 b"\n", b" ", b"x" * 200, b"quiet" * 30, b"\xff"]
        kept = []
        for i in range(400):
            sock = self.connect()
            for _ in range(rand.randrange(4)):
                try:
                    sock.send(b" ".join(rand.choices(words, k=rand.randrange(1, 5))))
                except OSError:
                    break
            if rand.random() < 0.3:
                kept.append(sock)  # says nothing more and does not read
            else:
                sock.close()
            if i % 50 == 0:
                self.assertEqual(self.svc("list")[0], 0, f"SEED={seed}")
        for sock in kept:
            sock.close()
        self.assertEqual(self.svc("start", "quiet")[0], 0, f"SEED={seed}")
        with self.connect() as sock:
            for request, answer in ((b"", None), (b"nonsense", b"error no request"), (b"x" * 4000, b"error"),
                                    (b"status\0quiet", b"error"), (b"status quiet", b"ok\nquiet\trunning\t")):
                if answer is None:
                    continue
                sock.send(request)
                self.assertTrue(sock.recv(65536).startswith(answer), request)


if __name__ == "__main__":
    unittest.main()
