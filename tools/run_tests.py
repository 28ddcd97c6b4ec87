#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every test: builds what they need, runs them, ends with one line
"N passed, N failed, N skipped" and status 1 when one failed.

  tools    tests/tools/*_test.py (unittest)
  host     the [pure] files on this Linux under the sanitizers (make's host_* programs)
  native   the user tests on this Linux, the oracle; as root also as an ordinary user
  exo      tools/exo run as its user sees it, a machine a case
  programs Debian's own programs at their real work, a machine a case (tests/programs)
  boot     what cannot boot says why and stops
  matrix   loaders, machines, CPUs, nodes, memory in every pairing (tools/matrix.py)
  bochs    the image in Bochs, where that is installed; with --torture (make test-bochs)
  CONFIG   a machine of CONFIGS: the kernel's suites, then each user test

    run_tests.py [-v] [-j N] [--only GROUP|CONFIG,...] [--test GLOB] [--list]
                 [--torture | --torture-security [--calls N]]

The kernel's log of each boot is kept in build/test/CONFIG.log, and a line that
speaks of a bug fails the configuration. A machine that panics or hangs fails the
test it was at and is booted again for the next.
"""
import argparse
import concurrent.futures
import fnmatch
import glob
import os
import re
import select
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import ctl
import ktap
import matrix
import mkinitrd
import qemu
from qemu import MachineError, Session

ROOT = qemu.ROOT
USER_TESTS = os.path.join(ROOT, "build/user/tests")
LOGS = os.path.join(ROOT, "build/test")
BASE = os.path.join(ROOT, "build/initrd.cpio")
GUEST_DIR = "/tests"
BAD_LOG = re.compile(r"\b(BUG|WARN|CRIT|ALERT|EMERG|UBSAN|KASAN)\b:|\bPANIC\b|\bpanic:")
BOOTS_MAX = 4          # of one configuration, the repeats after a failure counted
BOOT_LIMIT_S = 60.0
POWER_OFF_LIMIT_S = 15.0
KTEST_LIMIT_S = 180.0  # for the kernel's suites
TEST_LIMIT_S = 120.0   # for one user test
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "USER": "root"}


class Config(NamedTuple):
    """One machine. `users`: which user tests run in it, as globs."""
    name: str
    machine: str
    smp: int
    nodes: int
    mem_mib: int
    profile: str
    users: Tuple[str, ...] = ("*",)
    extra: Tuple[str, ...] = ()  # more commands, each "PROGRAM ARG..." of USER_TESTS
    append: str = ""             # more words on the boot line


FUZZ = ("fuzz_syscalls 1 20000", "fuzz_syscalls 2 20000 --threads 3", "fuzz_syscalls 3 20000 --sandboxed")

# A change here is a change of what `make test` promises: see README.md, "Tests".
CONFIGS = (
    Config("pc-1", "pc", 1, 1, 256, "debug"),
    Config("microvm-64M", "microvm", 1, 1, 64, "release"),
    Config("q35-4x2", "q35", 4, 2, 512, "debug"),
    Config("jitter-4x2", "q35", 4, 2, 512, "debug", append="jitter=16"),
    Config("pc-8x2", "pc", 8, 2, 512, "release", ("thread_*", "futex_*", "pipe_*")),
    Config("ubsan", "microvm", 1, 1, 256, "ubsan", ("*_test",),
           FUZZ),
    Config("kasan", "pc", 2, 1, 512, "kasan", ("*_test",),
           FUZZ),
)
TORTURE = (
    Config("ubsan-torture", "microvm", 1, 1, 256, "ubsan", (), ("fuzz_syscalls 7 1000000",)),
    Config("forks-torture", "q35", 2, 2, 256, "release", (), ("leak_test @forks 1000000",
                                                              "leak_test @execs 200000")),
    Config("flood-torture", "q35", 4, 2, 1024, "release", (), ("flood_test @names 1000000", "flood_test @links 500",
                                                               "flood_test @signals 250000")),
    Config("stress-torture", "q35", 4, 2, 512, "debug", (), ("stress_test", "overlay_test") * 10, append="jitter=16"),
    Config("caps-torture", "microvm", 1, 1, 256, "release", (), ("grant_test @model 1000000 1",)),
    Config("caps-kasan-torture", "microvm", 1, 1, 512, "kasan", (), ("grant_test @model 100000 2",)),
    Config("kasan-torture", "microvm", 1, 1, 512, "kasan", (), ("fuzz_syscalls 7 1000000",)),
)
# `make torture-security`: half of its ten million calls by a thread alone, half by three at once.
SECURE = ("pledge_*", "unveil_*", "seccomp_*", "security_*", "cred_*", "cap_*")
SECURE_FUZZ = ("fuzz_syscalls 11 5000000 --sandboxed", "fuzz_syscalls 12 5000000 --sandboxed --threads 3")
TORTURE_SECURITY = (
    Config("ubsan-security", "microvm", 1, 1, 256, "ubsan", SECURE, SECURE_FUZZ),
    Config("kasan-security", "pc", 2, 1, 512, "kasan", SECURE, SECURE_FUZZ),
    Config("jitter-security", "q35", 4, 2, 512, "debug", SECURE, SECURE_FUZZ, "jitter=16"),
)
TORTURE_LIMIT_S = 4 * 3600.0


class Report:
    """Counts, and says what happened while it happens."""

    def __init__(self, verbose: bool) -> None:
        self.count = {"passed": 0, "failed": 0, "skipped": 0}
        self.verbose = verbose
        self.tables: List[str] = []  # shown at the end
        self._began = time.monotonic()
        self._lock = threading.Lock()  # of count and standard output

    def group(self, text: str) -> None:
        with self._lock:
            print(f"== {text}  [{time.monotonic() - self._began:.0f} s]", flush=True)

    def case(self, where: str, case: ktap.Case) -> None:
        lines = []
        if case.verdict == "failed":
            lines = [f"  FAILED  {where}: {case.name}", *("          " + d for d in case.detail)]
        elif case.verdict == "skipped":
            lines = [f"  skipped {where}: {case.name} ({case.detail[0]})"]
        elif self.verbose:
            lines = [f"  passed  {where}: {case.name}"]
        with self._lock:
            self.count[case.verdict] += 1
            if lines:
                print("\n".join(lines), flush=True)

    def failed(self, where: str, what: str, detail: Sequence[str] = ()) -> None:
        self.case(where, ktap.Case(what, "failed", list(detail)))

    def passed(self, where: str, what: str) -> None:
        self.case(where, ktap.Case(what, "passed", []))

    def end(self) -> int:
        c = self.count
        if self.tables:
            print("\n".join(self.tables))
        print(f"{c['passed']} passed, {c['failed']} failed, {c['skipped']} skipped", flush=True)
        return 1 if c["failed"] or not c["passed"] else 0


def make(*targets: str, profile: Optional[str] = None) -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    cmd = ["make", "-C", ROOT, "--no-print-directory", f"-j{os.cpu_count() or 1}", *targets]
    if profile:
        cmd.insert(1, f"PROFILE={profile}")
    done = subprocess.run(cmd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        tail = done.stdout.decode(errors="replace").splitlines()[-40:]
        raise MachineError("\n".join([f"make {' '.join(targets)} failed:", *tail]))


# ---- on this Linux ----

def run_program(r: Report, where: str, cmd: Sequence[str], limit_s: float, cwd: str = ROOT,
                env: Optional[Dict[str, str]] = None) -> None:
    """A program that prints KTAP; its standard error is shown when it fails."""
    parser = ktap.Parser()
    with tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(list(cmd), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=err, timeout=limit_s, cwd=cwd, env=env)
            out, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as e:
            out, status = e.stdout or b"", 128 + 9
        cases = parser.feed(out)
        wrong = parser.finish(status if status >= 0 else 128 - status)
        for case in cases:
            r.case(where, case)
        if status and not wrong and not any(c.verdict == "failed" for c in cases):
            wrong = [f"status {status} although no case failed"]
        if wrong:
            err.seek(0)
            said = err.read()[-4000:].decode(errors="replace").splitlines()
            r.failed(where, "; ".join(wrong), parser.take_detail()[-20:] + said[-40:])


def run_unittests(r: Report, where: str, folder: str) -> None:
    import unittest

    class Result(unittest.TestResult):
        def addSuccess(self, test: unittest.TestCase) -> None:
            r.passed(where, test.id())

        def addSkip(self, test: unittest.TestCase, reason: str) -> None:
            r.case(where, ktap.Case(test.id(), "skipped", [reason]))

        def addFailure(self, test: unittest.TestCase, err) -> None:
            r.failed(where, test.id(), self._exc_info_to_string(err, test).splitlines())

        addError = addFailure

        def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err) -> None:
            if err:
                r.failed(where, subtest.id(), self._exc_info_to_string(err, test).splitlines())

    found = unittest.TestLoader().discover(os.path.join(ROOT, folder), "*_test.py")
    found.run(Result())


def run_tools(r: Report) -> None:
    make("user")
    run_unittests(r, "tools", "tests/tools")


def run_exo(r: Report) -> None:
    make("user-tests")
    run_unittests(r, "exo", "tests/exo")


def run_programs(r: Report) -> None:
    run_unittests(r, "programs", "tests/programs")


def run_boot(r: Report) -> None:
    run_unittests(r, "boot", "tests/boot")


def run_bochs(r: Report) -> None:
    make("build/exo.iso")
    run_unittests(r, "bochs", "tests/bochs")


def run_host(r: Report) -> None:
    host = os.path.join(ROOT, "build/host")
    programs = [os.path.join(host, p) for p in ("host_tests", "host_tests_tsan", "host_fuzz")]
    make(*(os.path.relpath(p, ROOT) for p in programs), "build/host/samples/.made")
    for path in programs:
        args = [os.path.join(host, "samples")] if path.endswith("host_fuzz") else []
        run_program(r, os.path.basename(path), [path, *args], 300)


def user_tests(pattern: str) -> List[str]:
    """Names of the programs; fuzz_* want arguments and are listed in CONFIGS, and hog
    is for tests/exo."""
    names = []
    for path in sorted(glob.glob(os.path.join(USER_TESTS, "*"))):
        name = os.path.basename(path)
        if "." not in name and os.access(path, os.X_OK) and not name.startswith(("fuzz_", "hog")) \
                and fnmatch.fnmatch(name, pattern):
            names.append(name)
    return names


def run_native(r: Report, pattern: str) -> None:
    """From copies that everybody may read: the tree need not be."""
    make("user-tests")
    with tempfile.TemporaryDirectory(prefix="exo-native.") as work:
        os.chmod(work, 0o755)
        for name in user_tests(pattern):
            path = shutil.copy2(os.path.join(USER_TESTS, name), work)
            run_program(r, f"native {name}", [path], TEST_LIMIT_S, work)
            if os.getuid() == 0:
                run_program(r, f"native-user {name}", ["setpriv", "--reuid", "65534", "--regid",
                            "65534", "--clear-groups", path], TEST_LIMIT_S, work)


# ---- the matrix ----

APIC_256 = ("-smp", "1,sockets=2,cores=129,threads=1,maxcpus=258",
            "-device", "max-x86_64-cpu,socket-id=1,core-id=0,thread-id=0")


def matrix_row(row: matrix.Row, log: str) -> List[str]:
    """Boots it, runs the programs, powers off. What was wrong."""
    m = qemu.Machine(os.path.join(ROOT, "build", row.profile, "exo.elf"), [BASE], "exo.agent panic=exit")
    m.boot, m.machine, m.apic = row.boot, row.machine, row.apic
    m.smp, m.nodes, m.mem_mib = row.cpus, row.nodes, row.mem_mib
    if not row.hpet:
        m.extra += ["-M", "hpet=off"]
    if row.apic_256:
        m.extra += APIC_256
    out, status = bytearray(), -1
    with Session(m, log) as s:
        try:
            qemu.wait_hello(s, BOOT_LIMIT_S)
            s.sock.setblocking(True)
            s.sock.sendall(ctl.pack_run(["/bin/sh", "-c", matrix.SCRIPT], ENV, "/tmp") + ctl.pack(ctl.STDIN))
            s.sock.settimeout(BOOT_LIMIT_S)
            while status < 0:
                for f in s.receive():
                    if f.kind in (ctl.STDOUT, ctl.STDERR):
                        out += f.data
                    elif f.kind == ctl.EXIT:
                        status = ctl.exit_code(f.u32)
            s.sock.sendall(ctl.pack(ctl.OFF))
            if s.proc.wait(POWER_OFF_LIMIT_S) not in (0, qemu.OFF_STATUS):
                return ["it did not power off: " + s.why_ended()]
        except (MachineError, ctl.ProtocolError) as e:
            return [str(e), *log_tail(log)]
        except EOFError:
            return [s.why_ended(), *log_tail(log)]
        except (socket.timeout, subprocess.TimeoutExpired):
            return ["no answer in time", *log_tail(log)]
        wrong = matrix.wrong(row, out.decode(errors="replace"), status, s.log())
        return wrong + [line for line in s.log().splitlines() if BAD_LOG.search(line)]


def run_matrix(r: Report) -> None:
    verdicts: Dict[matrix.Row, str] = {}
    all_rows = matrix.rows()
    for row in all_rows:
        log = os.path.join(LOGS, f"matrix.{row.name}.log")
        if os.path.exists(log):
            os.unlink(log)
        wrong = matrix_row(row, log)
        verdicts[row] = "failed" if wrong else "passed"
        r.case("matrix", ktap.Case(row.name, verdicts[row], wrong))
    r.tables += matrix.text(all_rows, verdicts)


# ---- in the machine ----

class Lost(Exception):
    """The machine is gone or does not answer; why."""


class Guest:
    """A booted configuration: the kernel's suites, then one program at a time."""

    def __init__(self, c: Config, log: str, ktest: bool) -> None:
        words = "exo.agent panic=exit" + (" ktest" if ktest else "") + (" " + c.append if c.append else "")
        m = qemu.Machine(os.path.join(ROOT, "build", c.profile, "exo.elf"), [BASE], words)
        m.machine, m.smp, m.nodes, m.mem_mib = c.machine, c.smp, c.nodes, c.mem_mib
        self.session = Session(m, log, tests_archive(c))

    def frames(self, limit_s: float) -> Iterator[ctl.Frame]:
        deadline = time.monotonic() + limit_s
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.session.sock], [], [], left)[0]:
                raise Lost(f"no answer within {limit_s:g} s")
            try:
                yield from self.session.receive()
            except EOFError:
                raise Lost(self.session.why_ended()) from None
            except ctl.ProtocolError as e:
                raise Lost(str(e)) from None

    def boot(self, on_case: Callable[[ktap.Case], None], limit_s: float) -> ktap.Parser:
        """Until the agent listens; the kernel's KTAP on the way."""
        parser = ktap.Parser()
        for f in self.frames(limit_s):
            if f.kind == ctl.KTAP:
                for case in parser.feed(f.data):
                    on_case(case)
            elif f.kind == ctl.HELLO:
                return parser
        raise AssertionError("frames() ends by Lost")

    def _send(self, data: bytes) -> None:
        self.session.sock.setblocking(True)
        try:
            self.session.sock.sendall(data)
        except OSError:
            raise Lost(self.session.why_ended()) from None
        finally:
            self.session.sock.setblocking(False)

    def run(self, argv: Sequence[str], limit_s: float,
            on_case: Callable[[ktap.Case], None]) -> Tuple[int, ktap.Parser, str]:
        """Status in the shell's way, the parser, standard error. A program over
        its time is killed; a machine that does not even do that is Lost."""
        parser, err, killed = ktap.Parser(), bytearray(), False
        self._send(ctl.pack_run(argv, ENV, "/tmp") + ctl.pack(ctl.STDIN))
        while True:
            try:
                for f in self.frames(10.0 if killed else limit_s):
                    if f.kind == ctl.STDOUT:
                        for case in parser.feed(f.data):
                            on_case(case)
                    elif f.kind == ctl.STDERR:
                        err += f.data
                    elif f.kind == ctl.EXIT:
                        return ctl.exit_code(f.u32), parser, err.decode(errors="replace")
                    elif f.kind == ctl.ERROR:
                        raise Lost("the agent says: " + f.data.decode(errors="replace"))
            except Lost as e:
                if killed or not str(e).startswith("no answer"):
                    raise
                killed = True
                self._send(ctl.pack_u32(ctl.SIGNAL, 9))


    def power_off(self) -> None:
        self._send(ctl.pack(ctl.OFF))
        try:
            for _ in self.frames(POWER_OFF_LIMIT_S):
                pass
        except Lost as e:
            if str(e) != qemu.ENDED:
                raise


_archive_cache: Dict[Tuple[str, ...], bytes] = {}


def stripped(path: str) -> bytes:
    """The program without what only a debugger reads, which is half of it: an image is memory."""
    with tempfile.NamedTemporaryFile(prefix="exo-strip.") as out:
        subprocess.run(["strip", "-o", out.name, path], check=True)
        with open(out.name, "rb") as f:
            return f.read()


def tests_archive(c: Config) -> bytes:
    """The test programs as one more archive for the image."""
    import io
    wanted = sorted({shlex.split(cmd)[0] for cmd in c.extra} |
                    {n for n in user_tests("*") if any(fnmatch.fnmatch(n, u) for u in c.users)})
    key = tuple(wanted)
    if key not in _archive_cache:
        out = io.BytesIO()
        w = mkinitrd.Writer(out)
        w.dir(GUEST_DIR)
        for name in wanted:
            w.file(f"{GUEST_DIR}/{name}", stripped(os.path.join(USER_TESTS, name)), 0o755)
        w.finish()
        _archive_cache[key] = out.getvalue()
    return _archive_cache[key]


def check_log(r: Report, where: str, log: str) -> None:
    with open(log, encoding="utf-8", errors="replace") as f:
        bad = [line.rstrip("\n") for line in f if BAD_LOG.search(line)]
    if bad:
        r.failed(where, f"the log speaks of bugs: {os.path.relpath(log, ROOT)}", bad[:10])
    else:
        r.passed(where, "clean log")


def log_tail(log: str, lines: int = 15) -> List[str]:
    try:
        with open(log, encoding="utf-8", errors="replace") as f:
            return ["| " + line for line in f.read().splitlines()[-lines:]]
    except OSError:
        return []


class Batch:
    """The commands of one configuration, worked off over as many boots as it takes."""

    def __init__(self, r: Report, c: Config, pattern: str, limit_s: float) -> None:
        self.r, self.c, self.limit_s = r, c, limit_s
        self.todo: List[List[str]] = []
        for name in user_tests(pattern):
            if any(fnmatch.fnmatch(name, u) for u in c.users):
                self.todo.append([name])
        for cmd in c.extra:
            words = shlex.split(cmd)
            if fnmatch.fnmatch(words[0], pattern):
                self.todo.append(words)
        # Which suites there are is the kernel's business; release has none.
        self.ktest = c.profile != "release" and (pattern == "*" or fnmatch.fnmatch("ktest", pattern))

    def boots(self) -> None:
        for n in range(BOOTS_MAX):
            log = os.path.join(LOGS, f"{self.c.name}{f'.{n}' if n else ''}.log")
            if os.path.exists(log):
                os.unlink(log)
            done = self.one_boot(log)
            if os.path.exists(log):
                check_log(self.r, self.c.name, log)
            if done:
                return
        for words in self.todo:
            self.r.failed(self.c.name, f"{words[0]}: not run, the machine failed too often")

    def one_boot(self, log: str) -> bool:
        """True when nothing is left to do."""
        ktest, self.ktest = self.ktest, False
        at = "boot"
        guest = Guest(self.c, log, ktest)
        try:
            at = "kernel suites" if ktest else "boot"
            parser = guest.boot(lambda case: self.r.case(self.c.name, case),
                                KTEST_LIMIT_S if ktest else BOOT_LIMIT_S)
            if ktest:
                for wrong in parser.finish():
                    self.r.failed(self.c.name, f"kernel suites: {wrong}", parser.take_detail())
            while self.todo:
                at = self.todo[0][0]
                self.one_program(guest, self.todo.pop(0))
            at = "power off"
            guest.power_off()
            self.r.passed(self.c.name, at)
            return True
        except Lost as e:
            self.r.failed(self.c.name, f"{at}: {e}", log_tail(log))
            return not self.todo
        finally:
            guest.session.close()

    def one_program(self, guest: Guest, words: List[str]) -> None:
        where = f"{self.c.name} {words[0]}"
        failed: List[ktap.Case] = []

        def on_case(case: ktap.Case) -> None:
            self.r.case(where, case)
            if case.verdict == "failed":
                failed.append(case)

        status, parser, err = guest.run([f"{GUEST_DIR}/{words[0]}", *words[1:]], self.limit_s, on_case)
        wrong = parser.finish(status)
        if status and not wrong and not failed:
            wrong = [f"status {status} although no case failed"]
        if wrong:
            self.r.failed(where, "; ".join(wrong), parser.take_detail()[-20:] + err.splitlines()[-20:])


# ---- all of it ----

class Group(NamedTuple):
    """Something to run; `profiles` are the kernels to be built for it."""
    name: str
    text: str
    profiles: Tuple[str, ...]
    run: Callable[[Report], None]


def all_groups(pattern: str, torture: Tuple[Config, ...]) -> List[Group]:
    groups = []
    if not torture:
        groups += [
            Group("tools", "the tools themselves", (), run_tools),
            Group("host", "the kernel's pure files on this Linux", (), run_host),
            Group("native", "user tests on this Linux", (), lambda r: run_native(r, pattern)),
            Group("exo", "tools/exo as its user sees it", ("release",), run_exo),
            Group("programs", "Debian's programs at their real work", ("release",), run_programs),
            Group("boot", "damaged images, poor machines, the panic's report", ("release",), run_boot),
            Group("matrix", "loaders, machines, CPUs, nodes, memory: every pair", ("debug", "release"),
                  run_matrix),
        ]
    else:
        groups.append(Group("bochs", "the image in Bochs", ("release",), run_bochs))
    limit_s = TORTURE_LIMIT_S if torture else TEST_LIMIT_S
    for c in torture or CONFIGS:
        text = f"{c.machine}, {c.smp} CPU, {c.nodes} node, {c.mem_mib} MiB, {c.profile} kernel" + \
            (f", {c.append}" if c.append else "")
        groups.append(Group(c.name, text, (c.profile,),
                            lambda r, c=c: Batch(r, c, pattern, limit_s).boots()))
    return groups


def run_group(r: Report, g: Group) -> None:
    """One that cannot even start is a failure, and the next goes on."""
    r.group(f"{g.name}: {g.text}")
    try:
        g.run(r)
    except (MachineError, OSError, ImportError) as e:
        r.failed(g.name, str(e).splitlines()[0], str(e).splitlines()[1:])


def build_for(r: Report, groups: Sequence[Group]) -> List[Group]:
    """Builds what the machines need; without the groups whose kernel does not build."""
    make("build/initrd.cpio", "build/loader.iso", "build/exo.iso", "user-tests")
    broken = set()
    for profile in sorted({p for g in groups for p in g.profiles}):
        r.group(f"building the {profile} kernel")
        try:
            make(f"build/{profile}/exo.elf", profile=profile)
        except MachineError as e:
            r.failed("build", profile, str(e).splitlines())
            broken.add(profile)
    return [g for g in groups if not broken.intersection(g.profiles)]


def main() -> int:
    p = argparse.ArgumentParser(description="run the tests")
    p.add_argument("-v", "--verbose", action="store_true", help="name what passed, too")
    p.add_argument("-j", "--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N",
                   help="machines at a time (2, or 1 on one CPU)")
    p.add_argument("--only", metavar="NAME,...", help="these groups and configurations")
    p.add_argument("--test", metavar="GLOB", default="*", help="these user tests (or `ktest`)")
    p.add_argument("--torture", action="store_const", const=TORTURE, default=(), help="the long ones")
    p.add_argument("--torture-security", dest="torture", action="store_const", const=TORTURE_SECURITY,
                   help="ten million random calls from within a sandbox, and what plain users try")
    p.add_argument("--calls", type=int, metavar="N", help="as many random calls in each run instead")
    p.add_argument("--list", action="store_true", help="the groups and configurations")
    a = p.parse_args()
    if a.calls:
        a.torture = tuple(c._replace(extra=tuple(re.sub(r"^(fuzz_syscalls \d+) \d+", rf"\1 {a.calls}", cmd)
                                                 for cmd in c.extra)) for c in a.torture)
    groups = all_groups(a.test, a.torture)
    wanted = a.only.split(",") if a.only else [g.name for g in groups]
    unknown = set(wanted) - {g.name for g in groups}
    if a.list or unknown:
        for g in groups:
            print(f"{g.name:14} {g.text}")
        return 2 if unknown else 0
    groups = [g for g in groups if g.name in wanted]
    os.makedirs(LOGS, exist_ok=True)
    r = Report(a.verbose)
    for g in groups:
        if not g.profiles:
            run_group(r, g)
    machines = [g for g in groups if g.profiles]
    try:
        machines = build_for(r, machines) if machines else []
    except MachineError as e:
        r.failed("build", "image and user tests", str(e).splitlines())
        machines = []
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for done in [pool.submit(run_group, r, g) for g in machines]:
            done.result()
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
