/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: signals, their actions, what a handler is told, and the frame
 * that is pushed for it.
 *
 * The frame, from the stack pointer a handler starts with upward:
 *
 *   return address = sa_restorer      rsp % 16 == 8 as after a call
 *   struct linux_ucontext             rsi in siginfo_t *, rdx this
 *   struct linux_siginfo              (libc's restorer calls rt_sigreturn)
 *   ... up to 64-byte alignment ...
 *   FXSAVE or XSAVE image             uc_mcontext.fpstate points at it
 *   u32 FP_XSTATE_MAGIC2              where the image is XSAVE's
 *   128 bytes of red zone             then the interrupted stack
 *
 * Sources: man sigaction(2), sigaltstack(2), signal(7), rt_sigreturn(2);
 * uapi asm/signal.h, asm-generic/siginfo.h, asm/sigcontext.h, asm/ucontext.h;
 * Intel SDM vol. 1 §10.5 (FXSAVE), §13.4 (XSAVE area); psABI §3.2.2 (red zone).
 */
#pragma once

#include <kernel/lib/types.h>

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPOLL   29
#define SIGPWR    30
#define SIGSYS    31
#define LINUX_SIGRTMIN 32 /* the kernel's; libc keeps the first two or three */
#define LINUX_SIGRTMAX 64
#define LINUX_NSIG     64

/* A signal set is one word: signal n is bit n - 1. Its size is an argument. */
typedef u64 linux_sigset_t;
#define LINUX_SIGSET_SIZE 8
#define LINUX_SIGMASK(sig) (1ull << ((sig) - 1))

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define LINUX_SIG_DFL 0ull
#define LINUX_SIG_IGN 1ull

#define SA_NOCLDSTOP      0x00000001u
#define SA_NOCLDWAIT      0x00000002u
#define SA_SIGINFO        0x00000004u
#define SA_UNSUPPORTED    0x00000400u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_RESTORER       0x04000000u
#define SA_ONSTACK        0x08000000u
#define SA_RESTART        0x10000000u
#define SA_NODEFER        0x40000000u
#define SA_RESETHAND      0x80000000u

struct linux_sigaction {
	u64 sa_handler; /* LINUX_SIG_DFL, LINUX_SIG_IGN or a user address */
	u64 sa_flags;   /* upper half may be a sign extension: use 32 bits */
	u64 sa_restorer;
	linux_sigset_t sa_mask;
};
static_assert(sizeof(struct linux_sigaction) == 32, "Linux ABI");
static_assert(offsetof(struct linux_sigaction, sa_mask) == 24, "Linux ABI");

union linux_sigval {
	s32 sival_int;
	u64 sival_ptr;
};
static_assert(sizeof(union linux_sigval) == 8, "Linux ABI");

struct linux_siginfo {
	s32 si_signo;
	s32 si_errno;
	s32 si_code;
	u32 pad0;
	union {
		struct { /* SI_USER, SI_TKILL, SI_QUEUE, SI_MESGQ */
			s32 si_pid;
			u32 si_uid;
			union linux_sigval si_value;
		} rt;
		struct { /* SIGCHLD */
			s32 si_pid;
			u32 si_uid;
			s32 si_status; /* exit status or signal, not a wait status */
			u32 pad1;
			s64 si_utime; /* LINUX_USER_HZ ticks */
			s64 si_stime;
		} chld;
		struct { /* SI_TIMER */
			s32 si_tid;
			s32 si_overrun;
			union linux_sigval si_value;
		} timer;
		struct { /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
			u64 si_addr;
			s16 si_addr_lsb; /* BUS_MCEERR_* */
			u16 pad2[3];
			u64 si_lower; /* SEGV_BNDERR */
			u64 si_upper;
		} fault;
		struct { /* SIGIO */
			s64 si_band;
			s32 si_fd;
		} poll;
		struct { /* SIGSYS */
			u64 si_call_addr;
			s32 si_syscall;
			u32 si_arch;
		} sys;
		u8 bytes[112];
	};
};
static_assert(sizeof(struct linux_siginfo) == 128, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, si_code) == 8, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, rt.si_value) == 24, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, chld.si_status) == 24, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, chld.si_utime) == 32, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, timer.si_value) == 24, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, fault.si_addr) == 16, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, fault.si_lower) == 32, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, poll.si_fd) == 24, "Linux ABI");
static_assert(offsetof(struct linux_siginfo, sys.si_syscall) == 24, "Linux ABI");

/* si_code: positive ones come from the kernel alone */
#define SI_USER    0
#define SI_KERNEL  0x80
#define SI_QUEUE   (-1)
#define SI_TIMER   (-2)
#define SI_MESGQ   (-3)
#define SI_ASYNCIO (-4)
#define SI_SIGIO   (-5)
#define SI_TKILL   (-6)

#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8

#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8
#define FPE_FLTUNK 14

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define SEGV_BNDERR 3
#define SEGV_PKUERR 4

#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3

#define TRAP_BRKPT  1
#define TRAP_TRACE  2
#define TRAP_BRANCH 3
#define TRAP_HWBKPT 4

#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

#define POLL_IN  1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6

#define SYS_SECCOMP 1

struct linux_stack_t {
	u64 ss_sp;
	s32 ss_flags; /* SS_* */
	u32 pad0;
	u64 ss_size;
};
static_assert(sizeof(struct linux_stack_t) == 24, "Linux ABI");
static_assert(offsetof(struct linux_stack_t, ss_size) == 16, "Linux ABI");

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ   2048

/* timer_create(2) */
struct linux_sigevent {
	union linux_sigval sigev_value;
	s32 sigev_signo;
	s32 sigev_notify; /* SIGEV_* */
	s32 sigev_tid;
	u32 pad0[11];
};
static_assert(sizeof(struct linux_sigevent) == 64, "Linux ABI");
#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4

/*
 * The last 48 bytes of the 512-byte FXSAVE image are software's (SDM vol. 1
 * §10.5.1). With magic1 and magic2 in place the image goes on as XSAVE's for
 * xstate_size bytes, and the u32 FP_XSTATE_MAGIC2 ends it.
 */
struct linux_fpx_sw_bytes {
	u32 magic1;
	u32 extended_size; /* xstate_size + 4 */
	u64 xfeatures;
	u32 xstate_size;
	u32 pad0[7];
};
static_assert(sizeof(struct linux_fpx_sw_bytes) == 48, "Linux ABI");
#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u
#define FP_XSTATE_MAGIC2_SIZE 4

struct linux_fpstate {
	u16 cwd;
	u16 swd;
	u16 twd;
	u16 fop;
	u64 rip;
	u64 rdp;
	u32 mxcsr;
	u32 mxcsr_mask;
	u32 st_space[32];
	u32 xmm_space[64];
	u32 reserved2[12];
	struct linux_fpx_sw_bytes sw_reserved;
};
static_assert(sizeof(struct linux_fpstate) == 512, "Linux ABI");
static_assert(offsetof(struct linux_fpstate, mxcsr) == 24, "Linux ABI");
static_assert(offsetof(struct linux_fpstate, xmm_space) == 160, "Linux ABI");
static_assert(offsetof(struct linux_fpstate, sw_reserved) == 464, "Linux ABI");

struct linux_sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	u64 eflags;
	u16 cs, gs, fs, ss;
	u64 err;
	u64 trapno;
	u64 oldmask;
	u64 cr2;
	u64 fpstate; /* user address, 0: none */
	u64 reserved1[8];
};
static_assert(sizeof(struct linux_sigcontext) == 256, "Linux ABI");
static_assert(offsetof(struct linux_sigcontext, rdi) == 64, "Linux ABI");
static_assert(offsetof(struct linux_sigcontext, rip) == 128, "Linux ABI");
static_assert(offsetof(struct linux_sigcontext, cs) == 144, "Linux ABI");
static_assert(offsetof(struct linux_sigcontext, err) == 152, "Linux ABI");
static_assert(offsetof(struct linux_sigcontext, fpstate) == 184, "Linux ABI");

struct linux_ucontext {
	u64 uc_flags; /* UC_* */
	u64 uc_link;  /* 0 */
	struct linux_stack_t uc_stack;
	struct linux_sigcontext uc_mcontext;
	linux_sigset_t uc_sigmask;
};
static_assert(sizeof(struct linux_ucontext) == 304, "Linux ABI");
static_assert(offsetof(struct linux_ucontext, uc_mcontext) == 40, "Linux ABI");
static_assert(offsetof(struct linux_ucontext, uc_sigmask) == 296, "Linux ABI");

#define UC_FP_XSTATE         0x1 /* fpstate is an XSAVE image */
#define UC_SIGCONTEXT_SS     0x2 /* ss is saved */
#define UC_STRICT_RESTORE_SS 0x4

/* signalfd(2) */
#define SFD_CLOEXEC  02000000
#define SFD_NONBLOCK 00004000

/* What a signalfd gives for one signal: linux_siginfo without its unions. */
struct linux_signalfd_siginfo {
	u32 ssi_signo;
	s32 ssi_errno;
	s32 ssi_code;
	u32 ssi_pid;
	u32 ssi_uid;
	s32 ssi_fd;
	u32 ssi_tid;
	u32 ssi_band;
	u32 ssi_overrun;
	u32 ssi_trapno;
	s32 ssi_status;
	s32 ssi_int;
	u64 ssi_ptr;
	u64 ssi_utime;
	u64 ssi_stime;
	u64 ssi_addr;
	u16 ssi_addr_lsb;
	u16 pad0;
	s32 ssi_syscall;
	u64 ssi_call_addr;
	u32 ssi_arch;
	u8 pad1[28];
};
static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "Linux ABI");
static_assert(offsetof(struct linux_signalfd_siginfo, ssi_ptr) == 48, "Linux ABI");
static_assert(offsetof(struct linux_signalfd_siginfo, ssi_addr) == 72, "Linux ABI");
static_assert(offsetof(struct linux_signalfd_siginfo, ssi_syscall) == 84, "Linux ABI");
static_assert(offsetof(struct linux_signalfd_siginfo, ssi_arch) == 96, "Linux ABI");
