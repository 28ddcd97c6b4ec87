/* SPDX-License-Identifier: MIT */
#include <user/init/order.h>

#include <stdio.h>
#include <string.h>

#include "test.h"

static char *none[] = { NULL };
static char *need_a[] = { (char[]){ "a" }, NULL };
static char *need_b[] = { (char[]){ "b" }, NULL };
static char *need_c[] = { (char[]){ "c" }, NULL };
static char *need_bc[] = { (char[]){ "b" }, (char[]){ "c" }, NULL };
static char *need_x[] = { (char[]){ "x" }, NULL };

TEST(order_fine)
{
	struct order_item items[] = {
		{ "a", need_bc, "" }, { "b", need_c, "" }, { "c", none, "" },
	};

	order_check(items, 3);
	for (size_t i = 0; i < 3; i++)
		CHECK_STR(items[i].fault, "");
	order_check(items, 0);
}

TEST(order_circle_is_named)
{
	struct order_item items[] = {
		{ "d", need_a, "" }, { "a", need_b, "" }, { "b", need_c, "" }, { "c", need_a, "" },
		{ "e", none, "" },
	};

	order_check(items, 5);
	CHECK_STR(items[0].fault, "needs 'a', which cannot start");
	for (size_t i = 1; i < 4; i++)
		CHECK_STR(items[i].fault, "a circle of needs: a -> b -> c -> a");
	CHECK_STR(items[4].fault, "");
}

TEST(order_needs_itself)
{
	struct order_item items[] = { { "a", need_a, "" } };

	order_check(items, 1);
	CHECK_STR(items[0].fault, "a circle of needs: a -> a");
}

TEST(order_unknown_and_broken)
{
	struct order_item items[] = {
		{ "a", need_x, "" }, { "b", none, "its own fault" }, { "c", need_b, "" },
		{ "d", need_c, "" },
	};

	order_check(items, 4);
	CHECK_STR(items[0].fault, "needs 'x', which is no service");
	CHECK_STR(items[1].fault, "its own fault");
	CHECK_STR(items[2].fault, "needs 'b', which cannot start");
	CHECK_STR(items[3].fault, "needs 'c', which cannot start");
}

/* Of random needs: who has no fault reaches, by needs, only others without; and where there
 * is a fault, there is a reason. Found by repeated removal, not by a search in depth. */
TEST(order_random_against_removal)
{
	static char names[ORDER_MAX][8];
	static char *needs[ORDER_MAX][4];

	for (int round = 0; round < 500; round++) {
		static struct order_item items[ORDER_MAX];
		size_t n = 1 + test_rand_below(ORDER_MAX), left;
		bool fine[ORDER_MAX] = { false };

		for (size_t i = 0; i < n; i++) {
			size_t k = test_rand_below(3);

			snprintf(names[i], sizeof(names[i]), "s%u", (u8)i);
			memset(needs[i], 0, sizeof(needs[i]));
			for (size_t j = 0; j < k; j++)
				needs[i][j] = names[test_rand_below(n)];
			items[i] = (struct order_item){ names[i], needs[i], "" };
		}
		order_check(items, n);
		do {
			left = 0;
			for (size_t i = 0; i < n; i++) {
				bool all = true;

				for (size_t j = 0; needs[i][j]; j++)
					all = all && fine[(needs[i][j] - names[0]) / 8];
				left += all && !fine[i];
				fine[i] = fine[i] || all;
			}
		} while (left);
		for (size_t i = 0; i < n; i++)
			CHECK_EQ(fine[i], items[i].fault[0] == '\0');
	}
}
