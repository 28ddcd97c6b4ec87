/* SPDX-License-Identifier: MIT */
/*
 * [pure] Which services can be started at all, by what they need: a name that nobody
 * has, a circle, or the need of such a one is a fault that is told in words. What is
 * left is started in any order that lets each wait for what it needs.
 */
#pragma once

#include <kernel/lib/types.h>

#define ORDER_MAX 64u /* items at most: the search keeps as many on its stack */

struct order_item {
	const char *name;
	char *const *needs; /* names, NULL at the end */
	char fault[160];    /* "" on input: fine, else what is known to be wrong already */
};

/** order_check - put into words what is wrong with @items (@n <= ORDER_MAX) */
void order_check(struct order_item *items, size_t n);
