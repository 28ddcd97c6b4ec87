/* SPDX-License-Identifier: MIT */
/*
 * The fair class: runnable threads in a tree by virtual run time, the one that
 * has had least runs next. The running thread is not in the tree. All under
 * the run-queue lock; the numbers come from cfs_math.h.
 */
#include "sched_priv.h"

void cfs_init(struct cfs_queue *q)
{
	rb_init(&q->tree);
	q->min_vruntime = 0;
	q->weight = 0;
	q->nr = 0;
}

void cfs_insert(struct cfs_queue *q, struct thread *thread)
{
	struct rb_node **link = &q->tree.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = cfs_before(thread->sched.vruntime,
				  RB_ENTRY(parent, struct thread, sched.node)->sched.vruntime)
			       ? &parent->left
			       : &parent->right;
	}
	rb_link(&thread->sched.node, parent, link);
	rb_insert_fixup(&q->tree, &thread->sched.node);
}

void cfs_migrate(struct thread *thread, const struct runq *from, const struct runq *to)
{
	u64 shift = to->cfs.min_vruntime - from->cfs.min_vruntime;

	thread->sched.vruntime += shift;
	thread->sched.lent_vruntime += shift;
	thread->sched.lent_from += shift;
}
