/* SPDX-License-Identifier: MIT */
/*
 * FPU state (x87, SSE, AVX, AVX-512) of user threads; the kernel itself uses
 * none. Lazy: CR0.TS is set when a thread comes on a CPU, its first FPU
 * instruction raises #NM and loads the state; a thread that used no FPU in its
 * slice is switched at no cost. Where a thread's newest state is:
 *
 *   cpu->fpu_live and current            in the registers, TS clear
 *   cpu->fpu_owner == t and
 *     t->arch.fpu_cpu == cpu->id         in memory, and the registers still have it
 *   t->arch.fpu, none of the above       in memory
 *   t->arch.fpu == NULL                  initial state
 */
#pragma once

#include <kernel/lib/types.h>

struct thread;

/** fpu_init, fpu_init_cpu - find format and size; switch it on, on each CPU */
void fpu_init(void);
void fpu_init_cpu(void);
/** fpu_init_cache - the slab cache; after slab_init() */
void fpu_init_cache(void);

/**
 * fpu_state_size - bytes of the image in a signal frame: FXSAVE's 512, or
 * XSAVE's standard form and the trailing FP_XSTATE_MAGIC2. Align it to 64.
 */
size_t fpu_state_size(void);

/** fpu_used - whether @thread ever used the FPU (else its state is initial) */
bool fpu_used(struct thread *thread);

/**
 * fpu_save_user - write current's state to @buf as Linux lays it out, with
 * software-reserved bytes and both magic numbers (asm/sigcontext.h), and make
 * current's state initial, as a signal handler finds it.
 * Context: thread context, may fault and sleep. Return: 0; -EFAULT; -ENOMEM.
 */
__must_check int fpu_save_user(void __user *buf);

/**
 * fpu_load_user - current's state from @buf (NULL: initial); what is not valid
 * for XRSTOR (XSTATE_BV, reserved bytes, MXCSR) is refused.
 * @buf: an XSAVE image when the magic numbers say so, else FXSAVE's 512 bytes
 * Return: 0; -EFAULT; -EINVAL an image that cannot be; -ENOMEM.
 */
__must_check int fpu_load_user(const void __user *buf);

/** fpu_reset - current's state is initial again (exec) */
void fpu_reset(void);

/** fpu_fork - @child gets a copy of current's state. Return: 0; -ENOMEM. */
__must_check int fpu_fork(struct thread *child);
/** fpu_free - drop the state of @thread, dead or never run */
void fpu_free(struct thread *thread);

/** fpu_switch_out - @prev leaves this CPU, where cpu->fpu_live. Interrupts off. */
void fpu_switch_out(struct thread *prev);

/** fpu_trap - #NM from user mode: give current its state. Interrupts off.
 * Return: false: no memory for it. */
bool fpu_trap(void);

/** fpu_export_size - bytes of the image a tracer sees; 0: there is no XSAVE */
size_t fpu_export_size(void);
/** fpu_export - the first @len bytes of the image of @thread, which is switched out;
 * what is in initial state reads as that */
void fpu_export(struct thread *thread, void *buf, size_t len);
/** fpu_import - the first @len bytes of its image, 512 and more, become those of @buf.
 * Any context. Return: 0; -EINVAL XRSTOR would refuse it; -ENOMEM. */
__must_check int fpu_import(struct thread *thread, const void *buf, size_t len);

/** fpu_status - x87 status and control word, MXCSR of current, for #MF and #XM */
void fpu_status(u16 *fsw, u16 *fcw, u32 *mxcsr);
