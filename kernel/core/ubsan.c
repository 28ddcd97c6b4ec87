/* SPDX-License-Identifier: MIT */
/*
 * What -fsanitize=undefined calls when it has seen undefined behaviour. Each
 * place is reported once (the compiler gives every place a writable record,
 * whose column is set to ~0 then).
 */
#include <kernel/core/ubsan.h>

#include <arch/atomic.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/panic.h>

#include "ubsan_priv.h"

static u32 report_count, expected_count; /* atomic */

u32 ubsan_reports(void)
{
	return atomic_load_relaxed(&report_count);
}

void ubsan_expect(u32 n)
{
	atomic_store_relaxed(&expected_count, n);
}

static void report(struct source_location *loc, const char *what, const char *type, u64 a, u64 b)
{
	u32 expected = atomic_load_relaxed(&expected_count);

	if (atomic_xchg(&loc->column, ~0u) == ~0u && !expected)
		return;
	atomic_add_relaxed(&report_count, 1);
	if (expected) {
		atomic_store_relaxed(&expected_count, expected - 1);
		return;
	}
	if (boot_options.ubsan_panic)
		panic("ubsan: %s:%u: %s (%s, 0x%llx, 0x%llx)", loc->file, loc->line, what, type,
		      (unsigned long long)a, (unsigned long long)b);
	bug_report("ubsan: %s:%u: %s (%s, 0x%llx, 0x%llx)", loc->file, loc->line, what, type,
		   (unsigned long long)a, (unsigned long long)b);
}

void __ubsan_handle_add_overflow(struct overflow_data *d, u64 a, u64 b)
{
	report(&d->loc, "addition overflows", d->type->name, a, b);
}

void __ubsan_handle_sub_overflow(struct overflow_data *d, u64 a, u64 b)
{
	report(&d->loc, "subtraction overflows", d->type->name, a, b);
}

void __ubsan_handle_mul_overflow(struct overflow_data *d, u64 a, u64 b)
{
	report(&d->loc, "multiplication overflows", d->type->name, a, b);
}

void __ubsan_handle_negate_overflow(struct overflow_data *d, u64 a)
{
	report(&d->loc, "negation overflows", d->type->name, a, 0);
}

void __ubsan_handle_divrem_overflow(struct overflow_data *d, u64 a, u64 b)
{
	report(&d->loc, "division by zero or overflow", d->type->name, a, b);
}

void __ubsan_handle_pointer_overflow(struct source_location *loc, u64 a, u64 b)
{
	report(loc, "pointer arithmetic wraps", "pointer", a, b);
}

void __ubsan_handle_shift_out_of_bounds(struct two_type_data *d, u64 a, u64 b)
{
	report(&d->loc, "shift out of bounds", d->left->name, a, b);
}

void __ubsan_handle_out_of_bounds(struct two_type_data *d, u64 index)
{
	report(&d->loc, "array index out of bounds", d->left->name, index, 0);
}

void __ubsan_handle_type_mismatch_v1(struct type_mismatch_data *d, u64 ptr)
{
	const char *what = !ptr ? "null pointer used" :
			   ptr & (BIT(d->log_alignment) - 1) ? "misaligned pointer used" :
							       "object too small";

	report(&d->loc, what, d->type->name, ptr, BIT(d->log_alignment));
}

void __ubsan_handle_vla_bound_not_positive(struct overflow_data *d, u64 bound)
{
	report(&d->loc, "array length not positive", d->type->name, bound, 0);
}

void __ubsan_handle_load_invalid_value(struct overflow_data *d, u64 val)
{
	report(&d->loc, "value the type cannot have", d->type->name, val, 0);
}

void __ubsan_handle_builtin_unreachable(struct source_location *loc)
{
	panic("ubsan: %s:%u: unreachable code reached", loc->file, loc->line);
}

void __ubsan_handle_missing_return(struct source_location *loc)
{
	panic("ubsan: %s:%u: function ends without a value", loc->file, loc->line);
}

void __ubsan_handle_nonnull_arg(struct source_location *loc)
{
	report(loc, "null given for a non-null argument", "pointer", 0, 0);
}

void __ubsan_handle_nonnull_return_v1(__unused void *d, struct source_location *loc)
{
	report(loc, "null returned by a non-null function", "pointer", 0, 0);
}

void __ubsan_handle_invalid_builtin(struct source_location *loc)
{
	report(loc, "zero given to a bit scan", "builtin", 0, 0);
}

void __ubsan_handle_alignment_assumption(struct source_location *loc, u64 ptr, u64 align)
{
	report(loc, "alignment assumed wrongly", "pointer", ptr, align);
}
