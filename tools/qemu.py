# SPDX-License-Identifier: MIT
"""The one place that knows how to start QEMU.

`Machine` says what is wanted, `command()` makes the command line, `Session`
starts it with the control port (COM2) on a socket pair and the kernel's log
(COM1) in a file or in memory, and never leaves it running: QEMU is killed with
the session, and by the kernel when this process dies (setpriv --pdeathsig).
Nothing is written to the file system but the log that was asked for.
"""
import os
import re
import signal
import socket
import subprocess
import time
from typing import List, Optional, Sequence

import ctl

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QEMU = "qemu-system-x86_64"
MACHINES = ("pc", "q35", "microvm")
BOOTS = ("pvh", "bios", "uefi")
APICS = ("x2apic", "xapic")
# GRUB alone (boot/grub/loader.cfg); what it boots comes on a disk of its own.
LOADER_ISO = os.path.join(ROOT, "build/loader.iso")
# The larger form first: what Debian 13 and Ubuntu 24.04 still have.
OVMF = tuple((f"/usr/share/OVMF/OVMF_CODE{x}.fd", f"/usr/share/OVMF/OVMF_VARS{x}.fd") for x in ("_4M", ""))
UEFI_MIN_MIB = 96  # with 64 GRUB finds no room for modules under OVMF
CPUS_MAX = 255  # what the machines take without further options
PANIC_STATUS = (0x31 << 1) | 1  # the kernel's panic=exit, through isa-debug-exit
OFF_STATUS = (0x10 << 1) | 1    # its last resort for power-off, the same way

ENDED = "the machine powered off or reset"


class MachineError(Exception):
    """The machine cannot be had as asked, or failed."""


def parse_size(text: str) -> int:
    """"64M", "1G", "512" (MiB, as QEMU's -m) in MiB."""
    m = re.fullmatch(r"(\d+)([KMGT]?)(i?B)?", text, re.I)
    if not m:
        raise MachineError(f"'{text}' is not a size such as 64M or 2G")
    scale = {"K": 1 / 1024, "": 1, "M": 1, "G": 1024, "T": 1024 * 1024}[m.group(2).upper()]
    size = int(int(m.group(1)) * scale)
    if size < 1:
        raise MachineError(f"{text} of memory is less than 1 MiB")
    return size


class Machine:
    """What is to be started. Fields are plain and may be set one by one."""

    def __init__(self, kernel: str, initrds: Sequence[str], append: str = "") -> None:
        self.kernel = kernel
        self.initrds = list(initrds)  # concatenated, in this order
        self.append = append
        self.machine = "pc"
        self.boot = "pvh"   # or bios, uefi: by GRUB
        self.image: Optional[str] = None  # a disk instead of kernel and archives...
        self.medium = "cd"                # ... in what: cd, hd, usb
        self.apic: Optional[str] = None  # x2apic, xapic; None: as the kernel chooses
        self.smp = 1
        self.nodes = 1
        self.mem_mib = 256
        self.accel = "tcg"  # tcg | kvm; "auto" is resolved by choose_accel()
        self.icount = False
        self.extra: List[str] = []  # more QEMU arguments

    def check(self) -> None:
        if self.machine not in MACHINES:
            raise MachineError(f"no machine '{self.machine}' (there are {', '.join(MACHINES)})")
        if self.boot not in BOOTS:
            raise MachineError(f"no boot by '{self.boot}' (there are {', '.join(BOOTS)})")
        if self.boot != "pvh" and self.machine == "microvm":
            raise MachineError("microvm has no disk that GRUB could be on; use pc or q35")
        if self.boot == "uefi" and self.mem_mib < UEFI_MIN_MIB:
            raise MachineError(f"a boot by UEFI needs {UEFI_MIN_MIB} MiB of memory")
        if not 1 <= self.smp <= CPUS_MAX:
            raise MachineError(f"{self.smp} CPUs: 1 to {CPUS_MAX} are possible")
        if not 1 <= self.nodes <= 16 or self.nodes > self.mem_mib:
            raise MachineError(f"{self.nodes} NUMA nodes: 1 to 16, of 1 MiB each at least")
        if self.nodes > 1 and self.machine == "microvm":
            raise MachineError("microvm has no NUMA nodes; use pc or q35")
        if self.icount and (self.smp != 1 or self.accel == "kvm"):
            raise MachineError("the instruction clock needs one CPU and tcg")
        for path in [self.image] if self.image else [self.kernel, *self.initrds]:
            if not os.path.exists(path):
                raise MachineError(f"{path} does not exist")
        if self.boot != "pvh" and not self.image and not os.path.exists(LOADER_ISO):
            raise MachineError(f"{LOADER_ISO} does not exist: make build/loader.iso")

    def words(self) -> str:
        """The boot line."""
        return f"{self.append} apic={self.apic}" if self.apic else self.append


def version() -> int:
    out = subprocess.run([QEMU, "--version"], stdout=subprocess.PIPE).stdout.decode()
    m = re.search(r"version (\d+)", out)
    return int(m.group(1)) if m else 0


def icount_args() -> List[str]:
    """The repeatable clock of shared/perf/README.md: one TSC tick is one guest
    instruction. The string features go because each iteration of `rep` counts,
    x2APIC because QEMU aborts ("Bad icount read") when an MSR reads a clock. The
    family is what QEMU said before version 8: with today's (6, AMD) Linux takes `rep
    movs` for slow and would be measured with other copies than a real machine has."""
    off = ",family=15,model=107,stepping=1,-erms,-fsrm,-x2apic" + (",-fzrm,-fsrs,-fsrc" if version() >= 9 else "")
    return ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-seed", "1",
            "-rtc", "base=2026-01-01,clock=vm", "-cpu", "max" + off]


def _numa_args(m: Machine) -> List[str]:
    """Memory and CPUs shared out evenly, what is over going to the last node; a
    neighbour is at distance 20, as SLIT tables usually say."""
    if m.nodes == 1:
        return []
    args: List[str] = []
    for n in range(m.nodes):
        mem = m.mem_mib // m.nodes + (m.mem_mib % m.nodes if n == m.nodes - 1 else 0)
        first, end = n * m.smp // m.nodes, (n + 1) * m.smp // m.nodes
        cpus = f",cpus={first}-{end - 1}" if end > first else ""
        args += ["-object", f"memory-backend-ram,id=mem{n},size={mem}M",
                 "-numa", f"node,nodeid={n},memdev=mem{n}{cpus}"]
    for a in range(m.nodes):
        for b in range(m.nodes):
            if a != b:
                args += ["-numa", f"dist,src={a},dst={b},val=20"]
    return args


def command(m: Machine, boot: Sequence[str], com1: str, com2: str) -> List[str]:
    """The command line. `boot`: of a Payload; `com1`, `com2`: chardev descriptions
    without the id."""
    m.check()
    opts = {"microvm": "microvm,acpi=on,rtc=on,pit=on,pic=on,auto-kernel-cmdline=off"}
    args = [QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
            "-M", opts.get(m.machine, m.machine), "-m", f"{m.mem_mib}M", "-smp", str(m.smp),
            *boot, "-chardev", f"{com1},id=com1", "-serial", "chardev:com1",
            "-chardev", f"{com2},id=com2",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if m.machine == "microvm":  # it takes one -serial; the second port is a device
        args += ["-device", "isa-serial,index=1,chardev=com2"]
    else:
        args += ["-serial", "chardev:com2"]
    args += icount_args() if m.icount else ["-accel", m.accel, "-cpu", "max"]
    return args + _numa_args(m) + m.extra


def _memory_file(name: str) -> int:
    """A file without a name, which QEMU opens as /proc/self/fd/N."""
    fd = os.memfd_create(name, 0)
    os.set_inheritable(fd, True)
    return fd


# QEMU puts the initrd's end at the top of memory, less what brings its start to a
# page boundary. On microvm it does not spare the ACPI tables that the firmware has
# put there: with a size of one block over whole pages nearly a page stays free.
PAGE, OVER_PAGE = 4096, 512


def _append(fd: int, path: str) -> None:
    with open(path, "rb") as f:
        while os.sendfile(fd, f.fileno(), None, 1 << 30):
            pass


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest):]


def concatenate(m: "Machine", more: bytes = b"") -> int:
    """All archives of a machine and `more` in one memory file."""
    fd = _memory_file("initrd")
    for path in m.initrds:
        _append(fd, path)
    _write_all(fd, more)
    if m.machine == "microvm":
        os.write(fd, bytes((OVER_PAGE - os.fstat(fd).st_size) % PAGE))
    return fd


def _tar_file(fd: int, name: str, size: int) -> None:
    """The header of a file in a tar archive (POSIX.1-2017 pax, "ustar Interchange Format")."""
    import tarfile
    info = tarfile.TarInfo(name)
    info.size = size
    _write_all(fd, info.tobuf(tarfile.USTAR_FORMAT))


def _tar_pad(fd: int) -> None:
    _write_all(fd, bytes(-os.lseek(fd, 0, os.SEEK_CUR) % 512))


def grub_word(word: str) -> str:
    """Quoted for GRUB's scripts, which have no escape within single quotes."""
    return "'" + word.replace("'", "'\\''") + "'"


def grub_config(words: str, has_initrd: bool) -> str:
    """What loader.cfg reads. Spaces within double quotes stay in their word."""
    line = " ".join(grub_word(w.replace('"', "")) for w in re.findall(r'(?:[^\s"]|"[^"]*"?)+', words))
    return f"multiboot2 /exo.elf {line}\n" + ("module2 /initrd\n" if has_initrd else "") + "boot\n"


def grub_disk(m: Machine, more: bytes = b"") -> int:
    """Kernel, archives and boot line as a tar archive, in a memory file."""
    fd = _memory_file("grub-disk")
    has_initrd = bool(m.initrds or more)
    config = grub_config(m.words(), has_initrd).encode("utf-8", "surrogateescape")
    _tar_file(fd, "exo-boot.cfg", len(config))
    _write_all(fd, config)
    _tar_pad(fd)
    _tar_file(fd, "exo.elf", os.path.getsize(m.kernel))
    _append(fd, m.kernel)
    _tar_pad(fd)
    if has_initrd:
        _tar_file(fd, "initrd", sum(os.path.getsize(p) for p in m.initrds) + len(more))
        for path in m.initrds:
            _append(fd, path)
        _write_all(fd, more)
        _tar_pad(fd)
    os.write(fd, bytes(1024))
    return fd


class Payload:
    """How a machine gets its kernel and archives: arguments, and the memory files
    that they name, to be passed on and closed."""

    def __init__(self, m: Machine, more: bytes = b"") -> None:
        m.check()
        self.args: List[str] = []
        self.fds: List[int] = []
        if m.boot == "uefi":
            self._uefi()
        if m.image:
            self._image(m.image, m.medium)
        elif m.boot == "pvh":
            self._pvh(m, more)
        else:
            self._grub(m, more)

    def _image(self, path: str, medium: str) -> None:
        drive = f"if=none,id=image,format=raw,file={path}"
        if medium == "cd":
            self.args += ["-drive", drive + ",media=cdrom,readonly=on", "-device", "ide-cd,drive=image,bootindex=0"]
        elif medium == "hd":
            self.args += ["-drive", drive + ",snapshot=on", "-device", "ide-hd,drive=image,bootindex=0"]
        else:
            self.args += ["-drive", drive + ",snapshot=on", "-device", "qemu-xhci,id=xhci",
                          "-device", "usb-storage,bus=xhci.0,drive=image,bootindex=0"]

    def _pvh(self, m: Machine, more: bytes) -> None:
        self.args = ["-kernel", m.kernel, "-append", m.words()]
        if len(m.initrds) == 1 and not more:
            self.args += ["-initrd", m.initrds[0]]
        elif m.initrds or more:
            self.args += ["-initrd", self._path(concatenate(m, more))]

    def _grub(self, m: Machine, more: bytes) -> None:
        disk = self._path(grub_disk(m, more))
        # Both with a boot index: OVMF looks at no other disk then.
        self.args += ["-drive", f"if=none,id=loader,media=cdrom,format=raw,readonly=on,file={LOADER_ISO}",
                      "-device", "ide-cd,drive=loader,bootindex=0",
                      "-drive", f"if=none,id=payload,format=raw,readonly=on,file={disk}",
                      "-device", "virtio-blk-pci,drive=payload,bootindex=1"]

    def _uefi(self) -> None:
        """The firmware, and its variables in a copy."""
        for code, variables in OVMF:
            if os.path.exists(code) and os.path.exists(variables):
                break
        else:
            raise MachineError("no OVMF here, QEMU's UEFI; run tools/setup")
        fd = _memory_file("uefi-variables")
        _append(fd, variables)
        self.args += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
                      "-drive", f"if=pflash,unit=1,format=raw,file={self._path(fd)}"]

    def _path(self, fd: int) -> str:
        self.fds.append(fd)
        return f"/proc/self/fd/{fd}"

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)
        self.fds.clear()


def _chardev_path(path: str) -> str:
    return path.replace(",", ",,")


def die_with_us(args: Sequence[str]) -> List[str]:
    return ["setpriv", "--pdeathsig", "KILL", *args]


class Session:
    """A running machine. Use as a context manager.

    `sock` is our end of the control port, non-blocking; it reads as closed when
    QEMU is gone. `extra` is one more archive, in memory, after m.initrds."""

    def __init__(self, m: Machine, log: Optional[str] = None, extra: bytes = b"") -> None:
        fds: List[int] = []
        self.proc: Optional[subprocess.Popen] = None
        self._log_fd = -1
        if log is None:
            self._log_fd = _memory_file("com1")
            fds.append(self._log_fd)
            self.log_path = f"/proc/self/fd/{self._log_fd}"
        else:
            self.log_path = log
        self._err_fd = _memory_file("qemu-stderr")
        payload = Payload(m, extra)
        fds += payload.fds
        self.sock, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        fds.append(theirs.fileno())
        args = command(m, payload.args, f"file,path={_chardev_path(self.log_path)}",
                       f"socket,fd={theirs.fileno()}")
        try:
            # A session of its own, so that Ctrl-C at the terminal is ours alone.
            self.proc = subprocess.Popen(die_with_us(args), pass_fds=fds, start_new_session=True,
                                         stdin=subprocess.DEVNULL, stdout=self._err_fd,
                                         stderr=self._err_fd)
        except FileNotFoundError as e:
            raise MachineError(f"{e.filename} is not installed; run tools/setup") from None
        finally:
            theirs.close()
            payload.close()
        self.sock.setblocking(False)
        self.decoder = ctl.Decoder(noisy=m.boot == "uefi")

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def kill(self) -> None:
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def close(self) -> None:
        self.kill()
        self.sock.close()
        for fd in (self._log_fd, self._err_fd):
            if fd >= 0:
                os.close(fd)
        self._log_fd = self._err_fd = -1

    def receive(self) -> List[ctl.Frame]:
        """The frames that are there now. EOFError: the machine is gone."""
        try:
            data = self.sock.recv(262144)
        except BlockingIOError:
            return []
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        return list(self.decoder.feed(data))

    def log(self) -> str:
        """All of COM1 so far; what is not text shows as replacement characters."""
        try:
            if self._log_fd >= 0:
                size = os.fstat(self._log_fd).st_size
                return os.pread(self._log_fd, size, 0).decode("utf-8", "replace")
            with open(self.log_path, "rb") as f:
                return f.read().decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""

    def why_ended(self, patience_s: float = 2.0) -> str:
        """One sentence about a machine whose port was closed."""
        assert self.proc
        try:
            status = self.proc.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            return "the machine closed its control port but goes on running"
        if status == PANIC_STATUS:
            return "the kernel panicked"
        if status in (0, OFF_STATUS):
            return ENDED
        if status < 0:
            return f"QEMU was killed by {signal.Signals(-status).name}"
        text = os.pread(self._err_fd, 4096, 0).decode(errors="replace").strip()
        return f"QEMU ended with status {status}" + (f": {text}" if text else "")


def wait_hello(s: Session, limit_s: float) -> None:
    """Until init's agent listens. MachineError when it does not in time."""
    import select
    deadline = time.monotonic() + limit_s
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([s.sock], [], [], left)[0]:
            raise MachineError(f"no sign of init within {limit_s:g} s")
        try:
            for frame in s.receive():
                if frame.kind == ctl.HELLO:
                    return
        except EOFError:
            raise MachineError(s.why_ended()) from None


def kvm_works(kernel: str, initrds: Sequence[str], limit_s: float = 8.0) -> bool:
    """Whether KVM here boots us to the agent: proven once for each QEMU and host
    kernel, and written down in build/kvm-verdict, which may be removed to try again."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    key = f"QEMU {version()}, Linux {os.uname().release}"
    verdict = os.path.join(ROOT, "build", "kvm-verdict")
    try:
        with open(verdict) as f:
            old_key, _, answer = f.read().rstrip("\n").partition(": ")
        if old_key == key:
            return answer == "yes"
    except OSError:
        pass
    m = Machine(kernel, initrds, "exo.agent panic=exit")
    m.accel = "kvm"
    try:
        with Session(m) as s:
            wait_hello(s, limit_s)
        answer = "yes"
    except (MachineError, ctl.ProtocolError):
        answer = "no"
    with open(verdict, "w") as f:
        f.write(f"{key}: {answer}\n")
    return answer == "yes"


def choose_accel(wish: str, m: Machine) -> str:
    if wish == "auto":
        return "kvm" if not m.icount and kvm_works(m.kernel, m.initrds) else "tcg"
    return wish
