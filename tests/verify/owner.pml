/* SPDX-License-Identifier: MIT */
/*
 * owner.pml - whose a channel's end is: fork, passing, epochs (ipc/channel.c, DESIGN.md
 * section 4). Process A has the producing end mapped and forks C; a second thread of A passes the end
 * to D while the first one sends. B consumes, mapped. An epoch is memory: mem[e] is ring memory
 * number e, and what writes old memory writes where nobody looks any more.
 * Checked:
 *   - one epoch's memory has one writer;
 *   - B takes a message only for that of the process whose end it is, in order, none lost within
 *     what was published before the end was passed on;
 *   - B never sleeps for ever on memory that is no longer the channel's.
 *
 * Broken on purpose: NO_EPOCH (passing keeps the memory), CHILD_KEEPS (fork copies the mapping),
 * CHILD_HANDLE (fork copies the handle and nobody asks whose space it is), NO_WAKE (a new epoch
 * wakes nobody), OWNER_FIRST (the new owner maps the old memory before the old one is unmapped).
 */

#define A 1
#define C 2
#define D 3
#define PER_OWNER 2	/* messages of each */

typedef memory {
	byte tail;
	byte slot[8];	/* who wrote it * 16 + number: more than are ever sent */
	byte writer;	/* 0: none yet */
}
memory mem[3];

byte epoch = 1;	/* of the channel: the memory that counts */
byte owner = A;	/* of the producing end; 0: on its way */
byte maps[4];	/* process -> the memory it has mapped; 0: none, a touch is SIGBUS */
byte stamp[3];	/* who the page of an epoch says that the peer is */
byte sleeping;	/* B waits for news in that memory; 0: it does not */
byte from_d;	/* messages of D that B has */
bool passed, closed;

#define NEXT_EPOCH (epoch + 1)

/* One message by @who, whose own index is @tail; its thread dies when the mapping is gone. */
inline push(who, tail, number)
{
	if
	:: atomic { maps[who] != 0 ->
		m = maps[who];
		assert(mem[m].writer == 0 || mem[m].writer == who);
		mem[m].writer = who;
		mem[m].slot[tail] = who * 16 + number;
		tail++
	   }
	:: maps[who] == 0 -> goto gone
	fi;
	if
	:: atomic { maps[who] == m -> mem[m].tail = tail }
	:: maps[who] != m -> goto gone	/* taken away between the two stores */
	fi;
	/* the fence, the exchange and the kick: ring.pml */
	atomic { if :: sleeping == m -> sleeping = 0 :: else fi }
}

inline send_all(who, tail)
{
	n = 0;
	do
	:: n < PER_OWNER ->
		n++;
		push(who, tail, n)
	:: n == PER_OWNER -> break
	od
}

active proctype a_sends()
{
	byte n, tail, m;

	atomic { maps[A] = 1; stamp[1] = A }
	send_all(A, tail);
gone:
	skip
}

/* fork: the child has neither mapping nor end */
active proctype a_forks()
{
	byte n, tail, m;

	maps[A] != 0 || passed;
#ifdef CHILD_KEEPS
	maps[C] = maps[A];
#endif
#ifdef CHILD_HANDLE
	if
	:: atomic { owner == A -> maps[C] = epoch }	/* channel_map() in C */
	:: owner != A
	fi;
#endif
	if
	:: maps[C] != 0 -> send_all(C, tail)
	:: else
	fi;
gone:
	skip
}

active proctype a_passes()
{
	byte n, tail, m;

	maps[A] != 0;
	/* channel_leave(), step 2: under the lock of the channel */
	atomic {
#ifndef NO_EPOCH
		epoch = NEXT_EPOCH;
#endif
#ifndef NO_WAKE
		sleeping = 0;
#endif
		owner = 0
	}
#ifdef OWNER_FIRST
	atomic { owner = D; maps[D] = epoch - 1; tail = mem[epoch - 1].tail; stamp[epoch] = D }
	maps[A] = 0;
#else
	/* step 3: on every CPU before the call goes on */
	maps[A] = 0;
	/* channel_claim() and channel_map() in D */
	atomic { owner = D; maps[D] = epoch; tail = mem[epoch].tail; stamp[epoch] = D }
#endif
	passed = 1;
	send_all(D, tail);
	from_d == PER_OWNER;	/* B needs no help of the close */
	atomic { closed = 1; sleeping = 0 }
gone:
	skip
}

active proctype b_consumes()
{
	byte at = 1, head, tail, from_a, value;
	bool last;

	do
	:: head < tail ->
		atomic {
			value = mem[at].slot[head];
			head++;
			assert(value / 16 == stamp[at]);
			if
			:: value / 16 == A -> from_a++; assert(value % 16 == from_a)
			:: value / 16 == D -> from_d++; assert(value % 16 == from_d)
			fi
		}
	:: head == tail ->
		last = closed;
		tail = mem[at].tail;
		if
		:: head == tail && at != epoch -> at = epoch; head = 0; tail = 0	/* -ESTALE: maps again */
		:: head == tail && at == epoch && last -> break
		:: head == tail && at == epoch && !last ->
			sleeping = at;
			tail = mem[at].tail;
			if
			/* channel_wait(): under the lock of the channel */
			:: head == tail -> if
				:: atomic { at == epoch && !closed -> skip } sleeping == 0
				:: at != epoch || closed -> sleeping = 0
				fi
			:: else -> sleeping = 0
			fi
		:: head != tail
		fi
	od;
	assert(from_d == PER_OWNER)
}
