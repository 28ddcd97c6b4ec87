/* SPDX-License-Identifier: MIT */
/*
 * What the compiler's undefined-behaviour instrumentation calls, and the records
 * it passes: LLVM compiler-rt's ubsan_handlers.h, which gcc follows.
 */
#pragma once

#include <kernel/lib/types.h>

struct source_location {
	const char *file;
	u32 line;
	u32 column; /* atomic: ~0 once reported */
};

struct type_descriptor {
	u16 kind; /* 0: integer */
	u16 info; /* bit 0: signed; rest: log2 of the width in bits */
	char name[];
};

/* Every record begins with the place; many go on with types. */
struct overflow_data {
	struct source_location loc;
	const struct type_descriptor *type;
};

struct two_type_data {
	struct source_location loc;
	const struct type_descriptor *left, *right;
};

struct type_mismatch_data {
	struct source_location loc;
	const struct type_descriptor *type;
	u8 log_alignment;
	u8 kind;
};

void __ubsan_handle_add_overflow(struct overflow_data *d, u64 a, u64 b);
void __ubsan_handle_sub_overflow(struct overflow_data *d, u64 a, u64 b);
void __ubsan_handle_mul_overflow(struct overflow_data *d, u64 a, u64 b);
void __ubsan_handle_negate_overflow(struct overflow_data *d, u64 a);
void __ubsan_handle_divrem_overflow(struct overflow_data *d, u64 a, u64 b);
void __ubsan_handle_pointer_overflow(struct source_location *loc, u64 a, u64 b);
void __ubsan_handle_shift_out_of_bounds(struct two_type_data *d, u64 a, u64 b);
void __ubsan_handle_out_of_bounds(struct two_type_data *d, u64 index);
void __ubsan_handle_type_mismatch_v1(struct type_mismatch_data *d, u64 ptr);
void __ubsan_handle_vla_bound_not_positive(struct overflow_data *d, u64 bound);
void __ubsan_handle_load_invalid_value(struct overflow_data *d, u64 val);
void __ubsan_handle_builtin_unreachable(struct source_location *loc);
void __ubsan_handle_missing_return(struct source_location *loc);
void __ubsan_handle_nonnull_arg(struct source_location *loc);
void __ubsan_handle_nonnull_return_v1(void *d, struct source_location *loc);
void __ubsan_handle_invalid_builtin(struct source_location *loc);
void __ubsan_handle_alignment_assumption(struct source_location *loc, u64 ptr, u64 align);
