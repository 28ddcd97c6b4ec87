/* SPDX-License-Identifier: MIT */
/*
 * ring.pml - one ring, its producer and its consumer, sleeping and closing, as
 * kernel/lib/ring_ops.h and the calls ring_wait and ring_kick do it (F1..F4 are the fences
 * named there). Checked for every interleaving:
 *   - no lost wake-up, no deadlock: both parties come to their end (SPIN: invalid end states);
 *   - every message arrives once, in order, unharmed (assertions);
 *   - who waits when the other side closes is woken; what was published before can be taken.
 *
 * The processor is x86-TSO: each party's plain stores go through a buffer that a process
 * of its own empties at any time; a fence, an exchange and a system call wait until it is empty.
 * Indices are free-running modulo 16, four times the ring's size.
 *
 * Broken on purpose by -D: NO_F1 NO_F2 NO_F3 NO_F4 (that fence), NO_RECHECK and
 * NO_RECHECK_STALL (no second look before sleeping), NO_LOOK_UNDER_LOCK (the kernel sleeps
 * without looking at the word again), TAIL_FIRST (published before the slot is written), ROOM_OF_5
 * (one slot more than there are), FULL_IS_EMPTY (the first design's count), SILENT_CLOSE (nobody is
 * woken), LATE_CLOSE (closed after waking). tests/verify/verify.py wants an error from each.
 */

#ifndef MESSAGES
#define MESSAGES 6
#endif
#define SLOTS 4
#define WRAP 16	/* indices */

#define TAIL 0
#define HEAD 1
#define SLEEPING 2
#define STALLED 3
#define SLOT 4	/* and three more */

byte mem[8];
chan store_p = [3] of { byte, byte };	/* the buffers of the two processors */
chan store_c = [3] of { byte, byte };

bool wait_p, wait_c;	/* in the kernel, asleep */
bool closed_p, closed_c;	/* that side has closed */
bool done_p, done_c;

active proctype drain_p()
{
	byte at, value;
end:	do
	:: atomic { store_p ? at, value -> mem[at] = value }
	od
}

active proctype drain_c()
{
	byte at, value;
end:	do
	:: atomic { store_c ? at, value -> mem[at] = value }
	od
}

#define FENCE(buffer) empty(buffer)

/* ring_take_waiter_(): look, then exchange, which is a fence; took = 1: a kick is owed. */
inline take(word, buffer, took)
{
	if
	:: mem[word] == 0 -> took = 0
	:: else -> atomic { empty(buffer) -> took = mem[word]; mem[word] = 0 }
	fi
}

/* ring_wait: under the kernel's lock the word is looked at again. */
inline sleep(word, buffer, waits, peer_closed)
{
	empty(buffer);	/* a system call */
#ifdef NO_LOOK_UNDER_LOCK
	waits = !peer_closed;
#else
	atomic { waits = (mem[word] == 1 && !peer_closed) }
#endif
	!waits
}

/* ring_kick, under the same lock */
inline kick(buffer, waits)
{
	empty(buffer);
	waits = 0
}

inline close_side(mine, other_waits)
{
#ifdef LATE_CLOSE
	other_waits = 0;
	mine = 1
#else
	atomic {
		mine = 1;
#ifndef SILENT_CLOSE
		other_waits = 0
#endif
	}
#endif
}

#define USED(tail, head) ((tail + WRAP - head) % WRAP)

#ifdef ROOM_OF_5
#define FULL 5
#else
#define FULL SLOTS
#endif

active proctype producer()
{
	byte sent, tail, head;
	bit took;

	do
	:: sent == MESSAGES || closed_c -> break
	:: true -> break	/* closes early */
	:: sent < MESSAGES && USED(tail, head) < FULL ->
#ifdef TAIL_FIRST
		store_p ! TAIL, (tail + 1) % WRAP;
		store_p ! SLOT + tail % SLOTS, sent + 1;
		tail = (tail + 1) % WRAP;
		sent++;
#else
		store_p ! SLOT + tail % SLOTS, sent + 1;
		tail = (tail + 1) % WRAP;
		sent++;
		if	/* a batch: the next one is staged before both are published */
		:: sent < MESSAGES && USED(tail, head) < FULL ->
			store_p ! SLOT + tail % SLOTS, sent + 1;
			tail = (tail + 1) % WRAP;
			sent++
		:: true
		fi;
		store_p ! TAIL, tail;
#endif
#ifndef NO_F1
		FENCE(store_p);
#endif
		take(SLEEPING, store_p, took);
		if
		:: took -> kick(store_p, wait_c)
		:: else
		fi
	:: sent < MESSAGES && USED(tail, head) == FULL ->
		head = mem[HEAD];
		if
		:: USED(tail, head) == FULL ->
			store_p ! STALLED, 1;
#ifndef NO_F4
			FENCE(store_p);
#endif
#ifndef NO_RECHECK_STALL
			head = mem[HEAD];
#endif
			if
			:: USED(tail, head) == FULL -> sleep(STALLED, store_p, wait_p, closed_c)
			:: else
			fi;
			store_p ! STALLED, 0
		:: else
		fi
	od;
	if	/* closes with messages on their way, or waits until all were taken */
	:: true
	:: true -> mem[HEAD] == tail || closed_c
	fi;
	empty(store_p);	/* closing is a call */
	close_side(closed_p, wait_c);
	done_p = 1
}

active proctype consumer()
{
	byte got, tail, head, value;
	bit took;
	bool last;	/* the producer has closed: what is there now is all */

	do
	:: true -> break	/* closes early */
	:: tail != head ->
		value = mem[SLOT + head % SLOTS];
		assert(value == got + 1);
		got++;
		head = (head + 1) % WRAP;
		if
		:: tail == head || true ->	/* gives slots back, in batches or one by one */
			store_c ! HEAD, head;
#ifndef NO_F3
			FENCE(store_c);
#endif
			take(STALLED, store_c, took);
			if
			:: took -> kick(store_c, wait_p)
			:: else
			fi
		:: tail != head
		fi
	:: tail == head ->
		last = closed_p;
		tail = mem[TAIL];
#ifdef FULL_IS_EMPTY
		if
		:: USED(tail, head) % SLOTS == 0 -> tail = head
		:: else
		fi;
#endif
		if
		:: tail == head && last -> break
		:: tail == head && !last ->
			store_c ! SLEEPING, 1;
#ifndef NO_F2
			FENCE(store_c);
#endif
#ifndef NO_RECHECK
			tail = mem[TAIL];
#ifdef FULL_IS_EMPTY
			if
			:: USED(tail, head) % SLOTS == 0 -> tail = head
			:: else
			fi;
#endif
#endif
			if
			:: tail == head -> sleep(SLEEPING, store_c, wait_c, closed_p)
			:: else
			fi;
			store_c ! SLEEPING, 0
		:: else
		fi;
		assert(USED(tail, head) <= SLOTS)
	od;
	empty(store_c);
	close_side(closed_c, wait_p);
	done_c = 1
}
