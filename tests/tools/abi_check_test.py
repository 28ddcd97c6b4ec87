#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kernel/abi/linux_*.h against the host's own headers (linux-libc-dev, glibc).

For each of our headers two programs are compiled and run: one includes ours,
the other the host's, and both print every constant that ours defines and the
size and offsets of the structures paired below. They must agree. A constant
the host does not have must stand in ONLY_OURS with the reason.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import gen_errno  # noqa: E402

# Ours -> the host's headers that define the same things.
HOST = {
    "linux_fcntl.h": ["fcntl.h", "unistd.h", "sys/file.h", "stdio.h", "linux/close_range.h",
                      "linux/falloc.h", "sys/xattr.h", "sys/uio.h"],
    "linux_stat.h": ["sys/stat.h", "sys/statvfs.h", "sys/statfs.h", "linux/magic.h", "linux/stat.h"],
    "linux_dirent.h": ["dirent.h", "linux/limits.h"],
    "linux_mman.h": ["sys/mman.h", "asm/mman.h", "linux/mman.h"],
    "linux_signal.h": ["signal.h", "sys/signalfd.h"],
    "linux_time.h": ["time.h", "sys/time.h", "sys/times.h", "utime.h", "sys/stat.h", "sys/timerfd.h",
                     "sys/timex.h"],
    "linux_sched.h": ["linux/sched.h", "linux/sched/types.h", "linux/ioprio.h"],
    "linux_mqueue.h": ["linux/mqueue.h"],
    "linux_aio.h": ["linux/aio_abi.h"],
    "linux_resource.h": ["sys/resource.h"],
    "linux_futex.h": ["linux/futex.h"],
    "linux_poll.h": ["poll.h", "sys/select.h", "sys/epoll.h", "sys/eventfd.h"],
    "linux_socket.h": ["sys/socket.h", "sys/un.h", "sys/ioctl.h", "linux/sockios.h"],
    "linux_tty.h": ["asm/termbits.h", "asm/ioctls.h", "asm/termios.h"],
    "linux_ioctl.h": ["stddef.h", "linux/ioctl.h", "linux/fs.h"],
    "linux_auxv.h": ["linux/auxvec.h", "asm/auxvec.h", "asm/hwcap2.h", "link.h"],
    "linux_wait.h": ["linux/wait.h"],
    "linux_utsname.h": ["linux/utsname.h"],
    "linux_seccomp.h": ["linux/seccomp.h", "linux/filter.h", "linux/audit.h", "signal.h", "linux/types.h",
                        "sys/ioctl.h"],
    "linux_inotify.h": ["sys/inotify.h"],
    "linux_capability.h": ["linux/capability.h", "linux/securebits.h"],
    "linux_ptrace.h": ["linux/ptrace.h", "linux/elf.h", "sys/user.h"],
    "linux_ipc.h": ["linux/ipc.h", "linux/shm.h", "linux/sem.h", "linux/msg.h"],
    "linux_misc.h": ["sys/uio.h", "linux/sysinfo.h", "linux/reboot.h", "linux/prctl.h", "asm/prctl.h",
                     "linux/random.h", "sys/mount.h", "linux/membarrier.h", "linux/audit.h", "linux/kcmp.h"],
    "linux_mempolicy.h": ["linux/mempolicy.h"],
    "linux_rseq.h": ["linux/rseq.h"],
}

# Where libc's value is not the kernel's: compared in the second pass only.
LIBC_DIFFERS = {"O_LARGEFILE", "MINSIGSTKSZ"}

# Constants of ours that no host header of Debian 12 gives a program.
ONLY_OURS = {
    "linux_fcntl.h": r"XATTR_\w+_MAX|F_SEAL_EXEC",  # the second: newer than Debian 12
    "linux_socket.h": r"MSG_CMSG_COMPAT|SCM_MAX_FD|SOCK_MAX|SOCK_TYPE_MASK",
    "linux_stat.h": r"ST_VALID",
    "linux_capability.h": r"SECBITS_ALL|SECBITS_LOCKS",
    "linux_ipc.h": r"SHM_DEST|SHM_LOCKED",
    "linux_ptrace.h": r"PTRACE_O_ALL",
    "linux_sched.h": r"IOPRIO_LEVEL_\w+|IOPRIO_CLASS_SHIFT",  # newer than Debian 12
    "linux_misc.h": r"SYSLOG_ACTION_\w+|TASK_COMM_LEN|PERSONALITY_QUERY|XATTR_NAME_MAX|XATTR_SIZE_MAX|PIDFD_NONBLOCK"
                    r"|MEMBARRIER_CMD_GET_REGISTRATIONS",
    "linux_futex.h": r"FUTEX2_\w+",  # newer than Debian 12
    "linux_mqueue.h": r"MQ_PRIO_MAX",
    "linux_mman.h": r"MFD_EXEC|MFD_NOEXEC_SEAL",  # newer than Debian 12
    "linux_mempolicy.h": r"MPOL_MODES",
    "linux_rseq.h": r"RSEQ_AREA_\w+|RSEQ_FEATURE_SIZE",
}

# Enumerators in the host's headers: #ifdef does not see them.
ENUMS = re.compile(r"MEMBARRIER_CMD_(?!GET_)|KCMP_|MPOL_(?!F_|MF_|MODES)|RSEQ_FLAG_|RSEQ_CPU_"
                   r"|IOCB_CMD_|IOPRIO_CLASS_(?!SHIFT)|IOPRIO_WHO_")

# Ours, the host's, members (same names in both unless ours:theirs).
STRUCTS = {
    "linux_fcntl.h": [("struct linux_flock", "struct flock", "l_type l_whence l_start l_len l_pid")],
    "linux_stat.h": [
        ("struct linux_stat", "struct stat", "st_dev st_ino st_nlink st_mode st_uid st_gid st_rdev st_size "
         "st_blksize st_blocks st_atime:st_atim.tv_sec st_atime_nsec:st_atim.tv_nsec st_mtime:st_mtim.tv_sec "
         "st_ctime:st_ctim.tv_sec"),
        ("struct linux_statfs", "struct statfs", "f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree f_fsid "
         "f_namelen f_frsize f_flags"),
        ("struct linux_statx", "struct statx", "stx_mask stx_blksize stx_attributes stx_nlink stx_uid stx_gid "
         "stx_mode stx_ino stx_size stx_blocks stx_attributes_mask stx_atime stx_btime stx_ctime stx_mtime "
         "stx_rdev_major stx_rdev_minor stx_dev_major stx_dev_minor stx_mnt_id")],
    "linux_dirent.h": [("struct linux_dirent64", "struct dirent64", "!size d_ino d_off d_reclen d_type d_name")],
    "linux_signal.h": [
        ("struct linux_siginfo", "siginfo_t", "si_signo si_errno si_code rt.si_pid:si_pid rt.si_uid:si_uid "
         "rt.si_value:si_value chld.si_status:si_status chld.si_utime:si_utime chld.si_stime:si_stime "
         "timer.si_tid:si_timerid timer.si_overrun:si_overrun fault.si_addr:si_addr fault.si_addr_lsb:si_addr_lsb "
         "fault.si_lower:si_lower fault.si_upper:si_upper poll.si_band:si_band poll.si_fd:si_fd "
         "sys.si_call_addr:si_call_addr sys.si_syscall:si_syscall sys.si_arch:si_arch"),
        ("struct linux_stack_t", "stack_t", "ss_sp ss_flags ss_size"),
        ("struct linux_sigevent", "struct sigevent", "sigev_value sigev_signo sigev_notify"),
        ("struct linux_fpstate", "struct _libc_fpstate", "cwd swd twd:ftw fop rip rdp mxcsr mxcsr_mask:mxcr_mask "
         "st_space:_st xmm_space:_xmm"),
        ("struct linux_sigcontext", "mcontext_t", "r8:gregs[0] rdi:gregs[8] rsp:gregs[15] rip:gregs[16] "
         "eflags:gregs[17] cs:gregs[18] err:gregs[19] trapno:gregs[20] oldmask:gregs[21] cr2:gregs[22] fpstate:fpregs"),
        # libc's ucontext_t is longer at the end (128-byte mask): offsets only.
        ("struct linux_ucontext", "ucontext_t", "!size uc_flags uc_link uc_stack uc_mcontext uc_sigmask")],
    "linux_time.h": [
        ("struct linux_timespec", "struct timespec", "tv_sec tv_nsec"),
        ("struct linux_timeval", "struct timeval", "tv_sec tv_usec"),
        ("struct linux_timezone", "struct timezone", "tz_minuteswest tz_dsttime"),
        ("struct linux_itimerval", "struct itimerval", "it_interval it_value"),
        ("struct linux_itimerspec", "struct itimerspec", "it_interval it_value"),
        ("struct linux_utimbuf", "struct utimbuf", "actime modtime"),
        ("struct linux_tms", "struct tms", "tms_utime tms_stime tms_cutime tms_cstime")],
    "linux_rseq.h": [
        ("struct linux_rseq", "struct rseq", "cpu_id_start cpu_id rseq_cs flags"),
        ("struct linux_rseq_cs", "struct rseq_cs", "version flags start_ip post_commit_offset abort_ip")],
    "linux_sched.h": [
        ("struct linux_clone_args", "struct clone_args", "flags pidfd child_tid parent_tid exit_signal stack "
         "stack_size tls set_tid set_tid_size cgroup"),
        ("struct linux_sched_attr", "struct sched_attr", "size sched_policy sched_flags sched_nice sched_priority "
         "sched_runtime sched_deadline sched_period sched_util_min sched_util_max")],
    "linux_mqueue.h": [("struct linux_mq_attr", "struct mq_attr", "mq_flags mq_maxmsg mq_msgsize mq_curmsgs")],
    "linux_aio.h": [
        ("struct linux_iocb", "struct iocb", "aio_data aio_key aio_rw_flags aio_lio_opcode aio_reqprio aio_fildes "
         "aio_buf aio_nbytes aio_offset aio_reserved2 aio_flags aio_resfd"),
        ("struct linux_io_event", "struct io_event", "data obj res res2")],
    "linux_resource.h": [
        ("struct linux_rlimit64", "struct rlimit64", "rlim_cur rlim_max"),
        ("struct linux_rusage", "struct rusage", "ru_utime ru_stime ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt "
         "ru_majflt ru_nswap ru_inblock ru_oublock ru_msgsnd ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw")],
    "linux_futex.h": [
        ("struct linux_robust_list_head", "struct robust_list_head", "list futex_offset list_op_pending")],
    "linux_poll.h": [
        ("struct linux_pollfd", "struct pollfd", "fd events revents"),
        ("struct linux_fd_set", "fd_set", ""),
        ("struct linux_epoll_event", "struct epoll_event", "events data")],
    "linux_socket.h": [
        ("struct linux_sockaddr_un", "struct sockaddr_un", "sun_family sun_path"),
        ("struct linux_msghdr", "struct msghdr", "msg_name msg_namelen msg_iov msg_iovlen msg_control "
         "msg_controllen msg_flags"),
        ("struct linux_mmsghdr", "struct mmsghdr", "msg_hdr msg_len"),
        ("struct linux_cmsghdr", "struct cmsghdr", "cmsg_len cmsg_level cmsg_type"),
        ("struct linux_ucred", "struct ucred", "pid uid gid"),
        ("struct linux_linger", "struct linger", "l_onoff l_linger")],
    "linux_tty.h": [
        ("struct linux_termios", "struct termios", "c_iflag c_oflag c_cflag c_lflag c_line c_cc"),
        ("struct linux_winsize", "struct winsize", "ws_row ws_col ws_xpixel ws_ypixel")],
    "linux_auxv.h": [("struct linux_auxv", "ElfW(auxv_t)", "a_type a_val:a_un.a_val")],
    "linux_utsname.h": [("struct linux_utsname", "struct new_utsname", "sysname nodename release version machine "
                         "domainname")],
    "linux_misc.h": [
        ("struct linux_iovec", "struct iovec", "iov_base iov_len"),
        ("struct linux_sysinfo", "struct sysinfo", "uptime loads totalram freeram sharedram bufferram totalswap "
         "freeswap procs totalhigh freehigh mem_unit")],
}

# Those that collide with libc's headers, from the kernel's alone.
SECOND = {
    "linux_signal.h": (["linux/signal.h", "asm/sigcontext.h", "asm/ucontext.h"], [
        ("struct linux_sigaction", "struct sigaction",
         "sa_handler sa_flags sa_restorer sa_mask"),
        ("struct linux_ucontext", "struct ucontext", "uc_flags uc_link uc_stack uc_mcontext uc_sigmask"),
        ("struct linux_sigcontext", "struct sigcontext", "r8 r15 rdi rsp rip eflags cs gs fs ss err trapno oldmask "
         "cr2 fpstate"),
        ("struct linux_fpx_sw_bytes", "struct _fpx_sw_bytes", "magic1 extended_size xfeatures xstate_size"),
        ("struct linux_fpstate", "struct _fpstate", "mxcsr sw_reserved")]),
    "linux_fcntl.h": (["linux/fcntl.h"], []),
    "linux_poll.h": (["asm/poll.h", "linux/posix_types.h"], []),
}


def constants(path):
    """Names of the object-like macros of a header."""
    with open(path) as f:
        return re.findall(r"^#define[ \t]+(\w+)[ \t]+\S", f.read(), re.M)


def run(includes, names, structs, side, flags):
    """Compile, run, and give back {what: value} for one side."""
    body = []
    for n in names:
        line = '\tprintf("%s %%lld\\n", (long long)(%s));' % (n, n)
        body.append(line if ENUMS.match(n) else "#ifdef %s\n%s\n#endif" % (n, line))
    for pair in structs:
        typ = pair[side]
        words = pair[2].split()
        if "!size" not in words:
            body.append('\tprintf("sizeof(%s) %%zu\\n", sizeof(%s));' % (pair[0], typ))
        for m in words:
            if m == "!size":
                continue
            mine = m.split(":")[0]
            member = m.split(":")[-1] if side else mine
            body.append('\tprintf("%s.%s %%zu\\n", __builtin_offsetof(%s, %s));' % (pair[0], mine, typ, member))
    src = "".join("#include <%s>\n" % i for i in includes)
    src += "int printf(const char *, ...);\nint main(void)\n{\n" + "\n".join(body) + "\n\treturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as tmp:
        c, exe = os.path.join(tmp, "t.c"), os.path.join(tmp, "t")
        with open(c, "w") as f:
            f.write(src)
        subprocess.run(["gcc", "-std=gnu11", "-w", "-o", exe, c] + flags, check=True)
        out = subprocess.run([exe], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    return {k: int(v) for k, v in (line.rsplit(" ", 1) for line in out.splitlines())}


def same(a, b):
    """Equal, or the same 32 bits with another sign."""
    return a == b or (abs(a) < 1 << 32 and abs(b) < 1 << 32 and (a ^ b) & 0xffffffff == 0)


class AbiTest(unittest.TestCase):
    def compare(self, header, includes, structs, names, host):
        ours = run(["kernel/abi/" + header], names, structs, 0, ["-I", ROOT])
        theirs = run(includes, names, structs, 1, host)
        wrong = ["%s: ours %#x, host %#x" % (k, ours[k], theirs[k]) for k in theirs
                 if not same(ours[k], theirs[k])]
        return wrong, set(ours) - set(theirs)

    def test_headers(self):
        for header in sorted(HOST):
            with self.subTest(header):
                names = [n for n in constants(os.path.join(ROOT, "kernel/abi", header))
                         if "LINUX_" not in n or n.startswith("LINUX_REBOOT")]
                wrong, missing = self.compare(header, HOST[header], STRUCTS.get(header, []),
                                              [n for n in names if n not in LIBC_DIFFERS], ["-D_GNU_SOURCE"])
                if header in SECOND:
                    more, missing2 = self.compare(header, SECOND[header][0], SECOND[header][1], names, [])
                    wrong += more
                    missing &= missing2
                missing = {m for m in missing if not re.fullmatch(ONLY_OURS.get(header, ""), m)}
                self.assertEqual(wrong, [])
                self.assertEqual(sorted(missing), [], "not in the host's headers, nor in ONLY_OURS")

    def test_every_header_is_compared(self):
        have = {f for f in os.listdir(os.path.join(ROOT, "kernel/abi")) if re.match(r"linux_\w+\.h$", f)}
        self.assertEqual(have, set(HOST))

    def test_a_wrong_value_is_seen(self):
        self.assertFalse(same(5, 6))
        self.assertFalse(same(1 << 33, 0))
        self.assertTrue(same(0x80000000, -0x80000000))

    def test_errno(self):
        with open(os.path.join(ROOT, "kernel/abi/errno.tbl")) as f:
            rows = gen_errno.parse(f.read())
        names = [r[0] for r in rows if r[1] < gen_errno.INTERNAL]
        theirs = run(["errno.h"], names, [], 1, ["-D_GNU_SOURCE"])
        self.assertEqual({r[0]: r[1] for r in rows if r[1] < gen_errno.INTERNAL}, theirs)
        self.assertEqual(len(theirs), 133)


if __name__ == "__main__":
    unittest.main()
