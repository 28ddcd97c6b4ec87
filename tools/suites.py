#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Test suites that others wrote, as Debian ships them, on this Linux and in Exo-OS,
compared case by case. A case that passes here must pass there.

    suites.py [--only SUITE[:JOB],...] [--where host,exo] [--case GLOB] [-v] [--list]

  python   modules of libpython3.11-testsuite that speak to the kernel, as `python3 -m test`
  busybox  the testsuite of Debian's busybox source, with Debian's static busybox
  bash     tests/run-* of Debian's bash source, with bash-static

Both systems see the same files: Debian's packages on top of the image's base, here
in a chroot of name spaces of its own (as an ordinary user by a user name space), there
in a machine for each job. Sources come by apt at run time into build/suites. What
this Linux said is kept in build/suites/host and not asked for again but with --fresh.

A suite may need what Exo-OS says that it has not: a failure that names an address
family without support (EAFNOSUPPORT) counts as `absent`, apart from `failed`.
"""
import argparse
import fnmatch
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import mkinitrd
import package
import qemu

ROOT = qemu.ROOT
WORK = os.path.join(ROOT, "build", "suites")
HERE = os.path.join(ROOT, "tests", "suites")
BASE = os.path.join(ROOT, "build", "initrd.cpio")
# The second is what asyncio's server has when no family could be bound.
ABSENT = re.compile(r"Address family not supported|self\.server\.sockets\[0\]")
ENV = {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/root", "USER": "root",
       "TMPDIR": "/tmp"}

Cases = Dict[str, Tuple[str, str]]  # name -> passed | failed | skipped, what it said


class Job(NamedTuple):
    name: str
    argv: Sequence[str]  # in /root of the guest
    limit_s: int         # in the machine


class Suite(NamedTuple):
    name: str
    packages: Sequence[str]
    files: Callable[[], Dict[str, str]]  # host path -> guest path
    jobs: Sequence[Job]
    read: Callable[[str], Cases]


# ---- sources ----

def source(name: str) -> str:
    """The unpacked source of a Debian source package, patched as Debian builds it."""
    folder = os.path.join(WORK, "src", name)
    if os.path.isdir(folder):
        return folder
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    dsc = package.Apt().source(name)
    subprocess.run(["dpkg-source", "--no-check", "-x", dsc, folder + ".part"], check=True,
                   stdout=subprocess.DEVNULL)
    os.rename(folder + ".part", folder)
    return folder


# ---- the suites ----

# What section 4 of the measurements calls for: files, processes, signals, threads,
# memory, terminals, polling. Nothing that is about the network.
PYTHON = ("os posix subprocess signal select mmap fcntl threading io tempfile "
          "time poll epoll selectors fileio file largefile pathlib shutil glob "
          "pty ioctl openpty popen wait3 wait4 fork1 resource thread threadsignals "
          "queue eintr faulthandler stat posixpath tarfile").split()


def read_cases(text: str) -> Cases:
    """Lines "CASE <verdict> <name>: <what it said>" of our runners."""
    found: Cases = {}
    for m in re.finditer(r"^CASE (passed|failed|skipped) (\S+): ?(.*)$", text, re.M):
        found[m.group(2)] = (m.group(1), m.group(3))
    return found


def read_busybox(text: str) -> Cases:
    """Names may repeat: the second gets a number. What stands between is its output."""
    verdicts = {"PASS": "passed", "FAIL": "failed", "SKIPPED": "skipped", "UNTESTED": "skipped"}
    found: Cases = {}
    said: List[str] = []
    for line in text.splitlines():
        m = re.match(r"(PASS|FAIL|SKIPPED|UNTESTED): (.*)$", line)
        if not m:
            said.append(line)
            continue
        name, n = m.group(2), 1
        while name in found:
            n += 1
            name = f"{m.group(2)} #{n}"
        found[name] = (verdicts[m.group(1)], "\n".join(said[-30:]))
        said = []
    return found


def python_files() -> Dict[str, str]:
    return {os.path.join(HERE, "python_cases.py"): "/root/python_cases.py"}


def shorten_bc(tests: str) -> None:
    """Two cases of bc.tests send millions of numbers through two bc's: half a minute here, hours in TCG. They get a
    sixtieth of the numbers, and for the sum to expect this Linux's, of the same binary."""
    bc = os.path.join(ROOT, "build/pkg/busybox")
    with open(tests) as f:
        text = f.read().replace("i <= 65536;", "i <= 1024;").replace("b <= 101;", "b <= 25;")
    for m in re.finditer(r'md5sum 2>&1" \\\n\t"(\w+)  -\\n" \\\n\t"" \'([^\']*)\'', text):
        done = subprocess.run(["sh", "-c", f"{bc} bc 2>&1 | {bc} bc 2>&1 | md5sum"], input=m.group(2).encode(),
                              stdout=subprocess.PIPE, check=True)
        text = text.replace(m.group(1), done.stdout.split()[0].decode())
    with open(tests, "w") as f:
        f.write(text)


def busybox_files() -> Dict[str, str]:
    """The testsuite folder, with Debian's static configuration where runtest looks."""
    top = source("busybox")
    folder = os.path.join(WORK, "busybox")
    if not os.path.isdir(folder):
        shutil.copytree(os.path.join(top, "testsuite"), folder + ".part", symlinks=True)
        shutil.copy(os.path.join(top, "debian/config/pkg/static"), folder + ".part/.config")
        shorten_bc(folder + ".part/bc.tests")
        os.rename(folder + ".part", folder)
    return {folder: "/root/testsuite", os.path.join(HERE, "busybox_cases.sh"): "/root/busybox_cases.sh"}


def bash_files() -> Dict[str, str]:
    """The tests folder, and the three helpers that the tests call, linked statically."""
    top = source("bash")
    folder = os.path.join(WORK, "bash")
    if not os.path.isdir(folder):
        shutil.copytree(os.path.join(top, "tests"), folder + ".part", symlinks=True)
        for helper in ("recho", "zecho", "printenv", "xcase"):
            code = os.path.join(top, "support", helper + ".c")
            if os.path.exists(code):
                with open(os.path.join(folder + ".part", "config.h"), "w"):
                    pass
                subprocess.run(["musl-gcc", "-static", "-w", "-O2", "-DHAVE_UNISTD_H", "-DHAVE_STRING_H",
                                "-DHAVE_STDLIB_H", "-I", folder + ".part", "-I", top, "-I", top + "/include",
                                "-o", os.path.join(folder + ".part", helper), code], check=True)
                os.unlink(os.path.join(folder + ".part", "config.h"))
        os.rename(folder + ".part", folder)
    return {folder: "/root/tests", os.path.join(HERE, "bash_cases.sh"): "/root/bash_cases.sh"}


SUITES = (
    Suite("python", ("python3", "libpython3.11-testsuite"), python_files,
          [Job(m, ("python3", "/root/python_cases.py", "test_" + m), 1500) for m in PYTHON], read_cases),
    Suite("busybox", (), busybox_files,
          # bc computes more than all the others do: apart.
          [Job("rest", ("sh", "/root/busybox_cases.sh", "rest"), 1800),
           Job("bc", ("sh", "/root/busybox_cases.sh", "bc"), 3600)], read_busybox),
    Suite("bash", ("bash-static", "coreutils", "diffutils", "grep", "sed", "findutils"), bash_files,
          [Job("all", ("sh", "/root/bash_cases.sh"), 3000)], read_cases),
)


# ---- on this Linux ----

def unpack(archives: Sequence[str], folder: str) -> None:
    """Archives as the kernel unpacks them; device nodes are left to the bind of /dev."""
    for path in archives:
        with open(path, "rb") as f:
            found = list(mkinitrd.entries(f.read()))
        bodies = {e.ino: e.data for e in found if e.nlink > 1 and e.data}
        for e in found:
            at = os.path.join(folder, e.name)
            if os.path.islink(at) or os.path.isfile(at):
                os.unlink(at)
            if stat.S_ISDIR(e.mode):
                os.makedirs(at, exist_ok=True)
            elif stat.S_ISLNK(e.mode):
                os.symlink(e.data, at)
            elif stat.S_ISREG(e.mode):
                with open(at, "wb") as out:
                    out.write(bodies.get(e.ino, e.data) if e.nlink > 1 else e.data)
            else:
                continue
            if not stat.S_ISLNK(e.mode):
                os.chmod(at, stat.S_IMODE(e.mode))


# $1 is the root. A PID name space ends all that a test left behind.
ENTER = """
mount --rbind /dev $1/dev
mount -t proc proc $1/proc
mount -t sysfs sysfs $1/sys 2>/dev/null || mount --rbind /sys $1/sys
mount -t tmpfs -o mode=1777,size=800m tmpfs $1/tmp  # as much as the machine has
mount -t tmpfs -o mode=1777 tmpfs $1/dev/shm
root=$1; shift
exec chroot $root sh -c 'cd /root && exec "$@"' sh "$@"
"""


def run_on_host(suite: Suite, job: Job) -> str:
    root = os.path.join(WORK, "root-" + suite.name)
    if os.path.isdir(root):
        shutil.rmtree(root)
    os.makedirs(root)
    unpack([BASE, *archives(suite)], root)
    for host, guest in suite.files().items():
        copy = shutil.copytree if os.path.isdir(host) else shutil.copy2
        copy(host, root + guest)
    cmd = ["unshare", "-m", "-p", "-f", "--kill-child", *([] if os.geteuid() == 0 else ["-r"]),
           "sh", "-ec", ENTER, "sh", root, *job.argv]
    done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=ENV, start_new_session=True,
                          timeout=job.limit_s)
    return done.stdout.decode("utf-8", "replace")


# ---- in Exo-OS ----

def archives(suite: Suite) -> List[str]:
    return [package.archive(suite.packages)] if suite.packages else []


def run_in_exo(suite: Suite, job: Job) -> str:
    log = os.path.join(WORK, "log", f"{suite.name}-{job.name}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    cmd = [os.path.join(ROOT, "tools/exo"), "run", "--accel", "tcg", "--smp", "2", "--mem", "1G",
           "--machine", "pc", "--timeout", str(job.limit_s), "--log", log,
           *shlex.split(os.environ.get("EXO_RUN", ""))]
    for name in suite.packages:
        cmd += ["--package", name]
    for host, guest in suite.files().items():
        cmd += ["--dir", f"{host}:{guest}"]
    for name, value in ENV.items():
        cmd += ["--env", f"{name}={value}"]
    done = subprocess.run([*cmd, "--guest", *job.argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode("utf-8", "replace")


# ---- comparing ----

class Tally:
    def __init__(self) -> None:
        self.host = self.same = self.absent = 0
        self.failed: List[str] = []


def compare(tally: Tally, host: Cases, exo: Cases, pattern: str) -> None:
    for name, (verdict, _) in sorted(host.items()):
        if verdict != "passed" or not fnmatch.fnmatch(name, pattern):
            continue
        tally.host += 1
        there, said = exo.get(name, ("failed", "the case did not report"))
        if there == "passed":
            tally.same += 1
        elif ABSENT.search(said):
            tally.absent += 1
        else:
            tally.failed.append(name)
            print(f"  {there.upper()}  {name}: {said.strip()[-600:]}", flush=True)


def one_job(suite: Suite, job: Job, a: argparse.Namespace, tally: Tally) -> None:
    kept = os.path.join(WORK, "host", f"{suite.name}-{job.name}.json")
    began = time.monotonic()
    host: Cases = {}
    if os.path.exists(kept) and not a.fresh:
        with open(kept) as f:
            host = json.load(f)
    elif "host" in a.where:
        text = run_on_host(suite, job)
        host = suite.read(text)
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with open(kept, "w") as f:
            json.dump(host, f, indent=0)
        with open(kept[:-5] + ".txt", "w") as f:
            f.write(text)
    if not host:
        tally.failed.append(job.name)
        print(f"  FAILED  {suite.name} {job.name}: no case passed on this Linux")
        return
    if "exo" not in a.where:
        tally.host += sum(v == "passed" for v, _ in host.values())
        return
    text = run_in_exo(suite, job)
    with open(os.path.join(WORK, "log", f"{suite.name}-{job.name}.txt"), "w") as f:
        f.write(text)
    before = len(tally.failed)
    compare(tally, host, suite.read(text), a.case)
    print(f"  {suite.name} {job.name}: {len(tally.failed) - before} failed "
          f"[{time.monotonic() - began:.0f} s]", flush=True)


def main() -> int:
    p = argparse.ArgumentParser(description="others' test suites on this Linux and in Exo-OS")
    p.add_argument("--only", metavar="SUITE[:JOB],...", help="these suites or jobs")
    p.add_argument("--where", default="host,exo", help="host,exo: where to run")
    p.add_argument("--case", metavar="GLOB", default="*", help="compare only these")
    p.add_argument("--fresh", action="store_true", help="run on this Linux again")
    p.add_argument("--list", action="store_true", help="suites and jobs")
    a = p.parse_args()
    wanted = a.only.split(",") if a.only else [s.name for s in SUITES]
    status = 0
    rows = []
    for suite in SUITES:
        jobs = [j for j in suite.jobs if suite.name in wanted or f"{suite.name}:{j.name}" in wanted]
        if a.list:
            print(suite.name, *[j.name for j in suite.jobs])
            continue
        tally = Tally()
        for job in jobs:
            one_job(suite, job, a, tally)
        if jobs:
            rows.append(f"| {suite.name} | {len(jobs)} | {tally.host} | {tally.same} | {tally.absent} | "
                        f"{len(tally.failed)} |")
            status |= bool(tally.failed) or not tally.host
    if rows:
        print("| suite | jobs | pass on Linux | of these pass in Exo-OS | need a family that is absent | fail |")
        print("|---|---|---|---|---|---|", *rows, sep="\n")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (package.PackageError, qemu.MachineError) as e:
        sys.exit(f"suites: {e}")
