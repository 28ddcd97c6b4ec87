/* SPDX-License-Identifier: MIT */
/* Linux x86_64: asynchronous input and output. Source: man io_submit(2); uapi linux/aio_abi.h. */
#pragma once

#include <kernel/lib/types.h>

#define IOCB_CMD_PREAD   0
#define IOCB_CMD_PWRITE  1
#define IOCB_CMD_FSYNC   2
#define IOCB_CMD_FDSYNC  3
#define IOCB_CMD_POLL    5
#define IOCB_CMD_NOOP    6
#define IOCB_CMD_PREADV  7
#define IOCB_CMD_PWRITEV 8

#define IOCB_FLAG_RESFD  1
#define IOCB_FLAG_IOPRIO 2

struct linux_iocb {
	u64 aio_data;
	u32 aio_key;
	s32 aio_rw_flags;
	u16 aio_lio_opcode;
	s16 aio_reqprio;
	u32 aio_fildes;
	u64 aio_buf;
	u64 aio_nbytes;
	s64 aio_offset;
	u64 aio_reserved2;
	u32 aio_flags;
	u32 aio_resfd;
};
static_assert(sizeof(struct linux_iocb) == 64, "Linux ABI");

struct linux_io_event {
	u64 data;
	u64 obj; /* the iocb's address */
	s64 res;
	s64 res2;
};
static_assert(sizeof(struct linux_io_event) == 32, "Linux ABI");

/* The mask of io_pgetevents(2). */
struct linux_aio_sigset {
	u64 sigmask; /* user address, 0: none */
	u64 sigsetsize;
};
static_assert(sizeof(struct linux_aio_sigset) == 16, "Linux ABI");
