/* SPDX-License-Identifier: MIT */
/*
 * The control port: what travels over COM2 between the machine and the tool
 * that started it (tools/exo run, tools/run_tests.py). Binary-safe frames,
 * little endian: an 8-byte header, then `len` bytes of payload.
 *
 *   host                               machine
 *    |  <- HELLO (u32 CTL_VERSION)        |   by init's agent, once it listens
 *    |  RUN (struct ctl_run + strings) -> |
 *    |  STDIN data ... STDIN len 0=EOF -> |   at most CTL_WINDOW bytes without
 *    |  <- CREDIT (u32 bytes taken)       |   credit: a program that does not
 *    |  SIGNAL (u32 signo) ->             |   read cannot block a SIGNAL
 *    |  <- STDOUT, STDERR                 |
 *    |  <- EXIT (u32 wait status)         |
 *    |  GET (path) ->                     |   repeated
 *    |  <- FILE data ... FILE len 0       |   a cpio newc archive of the path
 *    |  <- ERROR (text)                   |   instead of EXIT or FILE: why not
 *    |  OFF ->                            |   power off
 *    |  WINSIZE (u16 rows, u16 columns) ->|   to a console, after its HELLO
 *
 * - One program at a time. After EXIT another RUN may follow; each RUN starts
 *   with a full window, and STDIN or SIGNAL frames that come when no program
 *   runs are dropped.
 * - CREDIT 0 says that the program closed its input: what was sent and not
 *   taken is lost, and the host need not send more.
 * - A FILE archive names the object itself "." and what is below it by the
 *   path relative to it; an ERROR may also end an archive that has begun.
 * - The kernel's own tests send their text in KTAP frames before init starts;
 *   a user test's KTAP lines are its ordinary standard output.
 * A receiver that sees a bad magic or len > CTL_MAX_LEN gives the port up.
 */
#pragma once

#include <kernel/lib/types.h>

#define CTL_VERSION 1u
#define CTL_MAGIC   0xE0u
#define CTL_MAX_LEN 65536u
#define CTL_WINDOW  65536u

enum ctl_kind {
	/* machine to host */
	CTL_HELLO = 1,
	CTL_STDOUT = 2,
	CTL_STDERR = 3,
	CTL_CREDIT = 4,
	CTL_EXIT = 5,
	CTL_FILE = 6,
	CTL_ERROR = 7,
	CTL_KTAP = 8,
	/* host to machine */
	CTL_RUN = 64,
	CTL_STDIN = 65,
	CTL_SIGNAL = 66,
	CTL_GET = 67,
	CTL_OFF = 68,
	CTL_WINSIZE = 69,
};

/* With the boot word exo.layer process 1 keeps the layer that holds all changes open: GET
 * of this path brings it, whiteouts as character devices 0/0. */
#define CTL_LAYER_FD   9
#define CTL_LAYER_PATH "/proc/self/fd/9/."

struct ctl_header {
	u8 magic; /* CTL_MAGIC */
	u8 kind;  /* enum ctl_kind */
	u16 zero;
	u32 len; /* payload bytes that follow, at most CTL_MAX_LEN */
};
static_assert(sizeof(struct ctl_header) == 8, "wire format");

/*
 * RUN: this, then argc + envc + 1 NUL-terminated strings: the arguments, the
 * environment, the working directory. argv[0] is looked up in the PATH of that
 * environment when it has no slash, as execvp(3) does. 126 and 127 are exit
 * statuses as in env(1), with the reason on the program's standard error.
 */
struct ctl_run {
	u32 argc; /* at least 1 */
	u32 envc;
	u32 flags; /* none is defined: zero */
	u32 zero;
};
static_assert(sizeof(struct ctl_run) == 16, "wire format");
