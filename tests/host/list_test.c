/* SPDX-License-Identifier: MIT */
#include <kernel/lib/list.h>

#include "test.h"

struct item {
	int value;
	struct list_head link;
};

static void check_list(struct list_head *head, const int *want, int n)
{
	struct item *it;
	int i = 0;

	LIST_FOR_EACH(it, head, link)
		if (CHECK(i < n))
			CHECK_EQ(it->value, want[i++]);
	CHECK_EQ(i, n);
	CHECK_EQ(list_empty(head), n == 0);
}

TEST(list_operations)
{
	struct list_head head = LIST_HEAD_INIT(head), other;
	struct item x[5], *it, *tmp;

	list_init(&other);
	for (int i = 0; i < 5; i++) {
		x[i].value = i;
		list_init(&x[i].link);
		CHECK(!list_linked(&x[i].link));
	}
	check_list(&head, NULL, 0);
	CHECK(LIST_FIRST_ENTRY(&head, struct item, link) == NULL);
	CHECK(list_pop(&head) == NULL);
	list_add(&x[1].link, &head);
	list_add(&x[0].link, &head);
	list_add_tail(&x[2].link, &head);
	check_list(&head, (int[]){ 0, 1, 2 }, 3);
	CHECK(LIST_LAST_ENTRY(&head, struct item, link) == &x[2]);
	CHECK(list_first(&head) == &x[0].link && list_last(&head) == &x[2].link);

	list_add_tail(&x[3].link, &other);
	list_add_tail(&x[4].link, &other);
	list_splice_tail(&other, &head);
	check_list(&other, NULL, 0);
	check_list(&head, (int[]){ 0, 1, 2, 3, 4 }, 5);
	list_splice_tail(&other, &head);
	list_move_tail(&x[0].link, &head);
	check_list(&head, (int[]){ 1, 2, 3, 4, 0 }, 5);

	LIST_FOR_EACH_SAFE(it, tmp, &head, link)
		if (it->value % 2)
			list_del(&it->link);
	check_list(&head, (int[]){ 2, 4, 0 }, 3);
	list_del(&x[1].link); /* a second time: harmless */
	CHECK(list_pop(&head) == &x[2].link);
	CHECK(!list_linked(&x[2].link));
	check_list(&head, (int[]){ 4, 0 }, 2);
}
