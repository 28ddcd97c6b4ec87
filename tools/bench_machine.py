# SPDX-License-Identifier: MIT
"""Costs of the machine and of the boot: rows measured inside the kernel (the boot
word `kbench`, kernel/kbench.c) and what the way to the first user instruction takes,
beside Linux's. Each row says what an emulator can and cannot show of it.
"""
import os
import re
import struct
import time
from typing import Dict, List, Optional, Sequence, Tuple

import bench_guest
import qemu
from bench_guest import EXO, OUT, Guest, GuestError

# Row -> what it is, and what of it an emulator shows.
ROWS = {
    "eoi": ("end of interrupt", "the instructions; on hardware its time is an uncached write's or an MSR's"),
    "ipi_self": ("interrupt to itself, taken", "our path in and out; not the bus, nor what the pipeline loses"),
    "ipi_call_rt": ("call on another CPU, waited for", "time is the host's thread wake-up, not an IPI's flight"),
    "page_walk": ("page-table walk in software", "as on hardware with tables in the cache"),
    "dentry_hit": ("a name hashed and found in the cache", "as on hardware with warm caches"),
    "inode_hit": ("a path of one name to its inode", "as on hardware with warm caches"),
    "cap_check": ("a right checked on a handle", "as on hardware with warm caches"),
    "frame_local": ("a frame of this node, and back", "as on hardware with warm caches"),
    "frame_remote": ("a frame of another node, and back", "our path; all of an emulator's memory is equally far"),
    "kmalloc_64": ("64 bytes and back", "as on hardware with warm caches"),
}
PLUGIN = os.path.join(OUT, "profile.so")
NUMA = ["-object", "memory-backend-ram,id=m0,size=512M", "-object", "memory-backend-ram,id=m1,size=512M",
        "-numa", "node,nodeid=0,memdev=m0,cpus=0", "-numa", "node,nodeid=1,memdev=m1",
        "-numa", "dist,src=0,dst=1,val=20"]


def with_words(guest: Guest, words: str) -> Guest:
    return guest._replace(line=f"{words} {guest.line}")


def log_of(guest: Guest) -> str:
    with open(bench_guest.path_of(guest, "log"), errors="replace") as f:
        return f.read()


def kbench(words: str, smp: int, icount: bool, more: Sequence[str] = ()) -> Dict[str, float]:
    """Row -> cycles in one machine."""
    bench_guest.boot(with_words(EXO, "kbench " + words), ["getppid_raw"], smp, icount, more)
    return {name: float(n) for name, n in re.findall(r"kbench: (\w+) ([\d.]+) cycles", log_of(EXO))}


def hz() -> float:
    found = re.search(r"clock: TSC ([\d.]+) MHz", log_of(EXO))
    if not found:
        raise GuestError("the kernel does not tell the TSC's frequency")
    return float(found.group(1)) * 1e6


def in_ns(cycles: Dict[str, float]) -> Dict[str, float]:
    scale = 1e9 / hz()
    return {name: n * scale for name, n in cycles.items()}


def cell(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.0f}"


def rows_table() -> None:
    counts = kbench("", 1, True)
    counts.update({n: v for n, v in kbench("", 1, True, NUMA).items() if n == "frame_remote"})
    x2apic = in_ns(kbench("", 2, False))
    xapic = in_ns(kbench("apic=xapic", 2, False))
    remote = in_ns(kbench("", 1, False, NUMA)).get("frame_remote")
    if remote is not None:
        x2apic["frame_remote"] = remote
    print("inside the kernel: guest instructions (one CPU, xAPIC: under its clock QEMU has no x2APIC), and "
          "nanoseconds\nof plain TCG on two CPUs with x2APIC and with xAPIC")
    print(f"{'row':14} {'insns':>7} {'x2APIC':>8} {'xAPIC':>8}  what it is; what an emulator shows of it")
    for name, (what, shows) in ROWS.items():
        print(f"{name:14} {cell(counts.get(name)):>7} {cell(x2apic.get(name)):>8} {cell(xapic.get(name)):>8}  "
              f"{what}; {shows}")


# ---- the boot ----

def entry_of(elf: str) -> int:
    """e_entry (System V gABI, "ELF Header")."""
    with open(elf, "rb") as f:
        return struct.unpack_from("<Q", f.read(64), 24)[0]


def counted_boot(guest: Guest) -> Tuple[int, int, int]:
    """Instructions before the kernel proper and from there to process 1; KiB in use then."""
    out = os.path.join(OUT, "boot.counts")
    spec = f"{PLUGIN},out={out},init={entry_of(os.path.join(OUT, 'init')):x}"
    lines = bench_guest.boot(guest, ["getppid_raw"], more=["-plugin", spec])
    with open(out) as f:
        n = {key: int(value) for key, value in (line.split() for line in f)}
    free = next(line["free_kib"] for line in lines if line["name"] == "boot")
    return n["kernel"], n["user"] - n["kernel"], bench_guest.MEM_MIB * 1024 - free


def wall_boot_s(guest: Guest) -> float:
    """From QEMU's start to its end with a program of one row, least of three."""
    times: List[float] = []
    for _ in range(3):
        began = time.monotonic()
        bench_guest.boot(guest, ["getppid_raw"], icount=False)
        times.append(time.monotonic() - began)
    return min(times)


def phases() -> str:
    found = re.findall(r"boot: phases in cycles: (.*)", log_of(EXO))
    return found[-1].rstrip() if found else "not told"


def boot_table(guests: Sequence[Guest]) -> None:
    print(f"\n{'boot, one CPU, ' + str(bench_guest.MEM_MIB) + ' MiB':40} "
          + " ".join(f"{g.name.split(' ')[0]:>14}" for g in guests))
    counted = [counted_boot(g) for g in guests]
    told = phases()
    wall = [wall_boot_s(g) for g in guests]
    images = [os.path.getsize(g.kernel) for g in guests]
    rows = (("instructions before the kernel proper", [c[0] for c in counted]),
            ("instructions from there to process 1", [c[1] for c in counted]),
            ("KiB that are not free then", [c[2] for c in counted]),
            ("bytes of the kernel's file", images),
            ("milliseconds there and back, TCG", [round(s * 1000) for s in wall]))
    for title, values in rows:
        print(f"{title:40} " + " ".join(f"{v:>14,}" for v in values))
    print(f"Exo-OS by phase, in instructions: {told}")
    print("Before the kernel proper: firmware, and Linux's decompression of itself. Linux's file is compressed, ours "
          "has its\nsymbols.")


def main() -> int:
    guests = [EXO]
    try:
        guests.append(bench_guest.linux())
    except GuestError as e:
        print(f"no Linux beside it: {e}")
    rows_table()
    boot_table(guests)
    return 0
