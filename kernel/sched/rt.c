/* SPDX-License-Identifier: MIT */
/*
 * The real-time classes: a list per priority, the highest one that is not
 * empty goes first. A preempted thread keeps its place at the head, one whose
 * round is over (RR) or that yields goes to the tail (POSIX.1-2017 §2.8.4).
 */
#include "sched_priv.h"

void rt_init(struct rt_queue *q)
{
	for (u32 i = 0; i < RT_PRIORITIES; i++)
		list_init(&q->lists[i]);
	q->bitmap[0] = q->bitmap[1] = 0;
	q->nr = 0;
}

void rt_enqueue(struct runq *rq, struct thread *thread, enum enqueue_why why)
{
	struct rt_queue *q = &rq->rt;
	u32 prio = thread->sched.prio;

	if (why == ENQUEUE_PREEMPT)
		list_add(&thread->sched.rt_link, &q->lists[prio]);
	else
		list_add_tail(&thread->sched.rt_link, &q->lists[prio]);
	q->bitmap[prio / 64] |= BIT(prio % 64);
	q->nr++;
}

void rt_dequeue(struct runq *rq, struct thread *thread)
{
	struct rt_queue *q = &rq->rt;
	u32 prio = thread->sched.prio;

	list_del(&thread->sched.rt_link);
	if (list_empty(&q->lists[prio]))
		q->bitmap[prio / 64] &= ~BIT(prio % 64);
	q->nr--;
}

struct thread *rt_first(const struct runq *rq)
{
	const struct rt_queue *q = &rq->rt;
	u32 word = q->bitmap[1] ? 1 : 0;
	u32 prio;

	if (!q->bitmap[word])
		return NULL;
	prio = word * 64 + 63 - (u32)__builtin_clzll(q->bitmap[word]);
	return LIST_FIRST_ENTRY(&q->lists[prio], struct thread, sched.rt_link);
}
