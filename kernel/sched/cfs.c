/* SPDX-License-Identifier: MIT */
/*
 * The fair class: runnable threads in a tree by virtual run time, the one that
 * has had least runs next. The running thread is not in the tree. All under
 * the run-queue lock; the numbers come from cfs_math.h.
 */
#include "sched_priv.h"

#include <kernel/abi/linux_sched.h>
#include <kernel/sched/cfs_math.h>

void cfs_init(struct cfs_queue *q)
{
	rb_init(&q->tree);
	q->min_vruntime = 0;
	q->weight = 0;
	q->nr = 0;
}

struct thread *cfs_first(const struct runq *rq)
{
	return RB_ENTRY_OR_NULL(rb_first(&rq->cfs.tree), struct thread, sched.node);
}

static void tree_insert(struct cfs_queue *q, struct thread *thread)
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

void cfs_enqueue(struct runq *rq, struct thread *thread, enum enqueue_why why)
{
	struct cfs_queue *q = &rq->cfs;
	struct sched_entity *se = &thread->sched;
	const struct thread *first;

	switch (why) {
	case ENQUEUE_WAKE:
	case ENQUEUE_NEW:
		se->vruntime = cfs_place(se->vruntime, q->min_vruntime, why == ENQUEUE_NEW,
					 se->weight);
		break;
	case ENQUEUE_YIELD:
		/* Not before the one that would be next; equals queue behind it. */
		first = cfs_first(rq);
		if (first)
			se->vruntime = cfs_max(se->vruntime, first->sched.vruntime);
		break;
	case ENQUEUE_PREEMPT:
	case ENQUEUE_MOVE:
		break;
	}
	tree_insert(q, thread);
	q->weight += se->weight;
	q->nr++;
}

void cfs_dequeue(struct runq *rq, struct thread *thread)
{
	struct cfs_queue *q = &rq->cfs;

	rb_erase(&q->tree, &thread->sched.node);
	q->weight -= thread->sched.weight;
	q->nr--;
}

void cfs_account(struct runq *rq, struct thread *curr, ns_t delta_ns)
{
	const struct thread *first = cfs_first(rq);
	u64 min = curr->sched.vruntime += cfs_scale(delta_ns, curr->sched.weight);

	if (first && cfs_before(first->sched.vruntime, min))
		min = first->sched.vruntime;
	rq->cfs.min_vruntime = cfs_max(rq->cfs.min_vruntime, min);
}

bool cfs_preempts(const struct thread *woken, const struct thread *curr)
{
	u64 grain = cfs_scale(CFS_WAKE_GRAIN_NS, woken->sched.weight);

	if (woken->sched.policy != SCHED_NORMAL)
		return false;
	return curr->sched.policy == SCHED_IDLE ||
	       cfs_before(woken->sched.vruntime + grain, curr->sched.vruntime);
}

ns_t cfs_slice_of(const struct runq *rq, const struct thread *thread)
{
	return cfs_slice(thread->sched.weight, rq->cfs.weight + thread->sched.weight);
}

void cfs_migrate(struct thread *thread, const struct runq *from, const struct runq *to)
{
	thread->sched.vruntime += to->cfs.min_vruntime - from->cfs.min_vruntime;
}
