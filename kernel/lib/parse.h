/* SPDX-License-Identifier: MIT */
/*
 * Numbers and switches in text. The text is a range, not a string: it is
 * taken whole, without spaces around it. *@out changes on success only.
 */
#pragma once

#include <kernel/lib/types.h>

/**
 * parse_u64 - decimal, or hexadecimal after 0x
 * Return: 0; -EINVAL not a number; -ERANGE above 2^64 - 1.
 */
int parse_u64(const char *s, size_t len, u64 *out) __must_check;

/** parse_size - like parse_u64, with a suffix K, M, G or T (powers of 1024) allowed */
int parse_size(const char *s, size_t len, u64 *out) __must_check;

/** parse_bool - 1 0, y n, yes no, on off, true false. Return: 0; -EINVAL. */
int parse_bool(const char *s, size_t len, bool *out) __must_check;
