/* SPDX-License-Identifier: MIT */
/*
 * [pure] Classic BPF as seccomp allows it: the checks at load, and the machine.
 * One accumulator A, one index register X, 16 words of memory, jumps forward
 * only, so every program ends. Its data is a struct linux_seccomp_data.
 *
 * Sources: man bpf(4), seccomp(2); McCanne and Jacobson, "The BSD Packet Filter"
 * (1993).
 */
#pragma once

#include <kernel/abi/linux_seccomp.h>

/**
 * bpf_check - may @len instructions at @insns run?
 * Refused: an opcode outside seccomp's set, a load outside the data or not of an
 * aligned word, a jump out of the program, memory that may be read before it
 * was written, division by a constant 0, shifts by 32 and more, a last
 * instruction that is no return.
 * @scratch: @len words of room
 * Return: 0; -EINVAL.
 */
__must_check int bpf_check(const struct linux_sock_filter *insns, u32 len, u16 *scratch);

/** bpf_run - what a checked program returns for @data */
u32 bpf_run(const struct linux_sock_filter *insns, const struct linux_seccomp_data *data);

/**
 * bpf_constant - the result for call @nr of AUDIT_ARCH_X86_64, if number and
 * architecture alone decide it
 * Return: whether they do; *result then.
 */
bool bpf_constant(const struct linux_sock_filter *insns, s32 nr, u32 *result);
