/* SPDX-License-Identifier: MIT */
/*
 * move.pml - a region handed over by MOVE: what the receiver has validated cannot change.
 * The sender's second thread writes to the region all the time, on another CPU, through a
 * translation that its CPU may have cached. Sending is: clear the entries, shoot the
 * translations down, publish the descriptor (DESIGN.md section 4). The receiver reads twice, as who
 * checks and then uses. The region then goes back the same way, and nobody else ever has it.
 *
 * Broken on purpose: NO_SHOOTDOWN, EARLY_PUBLISH (the descriptor before the entries are cleared),
 * NO_ACK (the other CPU is told, but nobody waits for it), NO_COUNT (the frames are freed with the
 * sender's reference, while the receiver holds one).
 */

bool entry = 1;		/* the sender's page table has it */
bool cached;		/* so has the other CPU's TLB */
bool asked;		/* a shootdown is under way */
bool published, taken;
bool frames = 1;	/* there are any */
byte refs = 2;		/* the sender's and the channel's, which becomes the receiver's */
byte value;
bool back;

inline put()
{
	atomic {
		refs--;
		if
#ifdef NO_COUNT
		:: refs == 1 -> frames = 0
#else
		:: refs == 0 -> frames = 0
#endif
		:: else
		fi
	}
}

/* The sender's other thread. It dies of SIGSEGV when there is no translation. */
active proctype sibling()
{
	byte n;

	do
	:: n < 3 ->
		if	/* a TLB may fill at any time */
		:: atomic { entry && !cached -> cached = 1 }
		:: true
		fi;
		if
		:: atomic { cached -> value = 1 - value; assert(frames) } n++
		:: !cached && !entry -> break
		:: !cached && entry	/* walks again */
		fi
	:: asked -> atomic { cached = 0; asked = 0 }	/* the interrupt */
	:: n == 3 -> break
	od;
	do	/* its CPU goes on taking interrupts */
	:: asked -> atomic { cached = 0; asked = 0 }
	:: back -> break
	od
}

active proctype sender()
{
#ifdef EARLY_PUBLISH
	published = 1;
#endif
	entry = 0;
#ifndef NO_SHOOTDOWN
	asked = 1;
#ifndef NO_ACK
	!asked;
#endif
#endif
	put();	/* its reference goes with the message */
	published = 1
}

active proctype receiver()
{
	byte seen;

	published;
	taken = 1;
	seen = value;	/* validates */
	assert(frames);
	assert(value == seen);	/* uses */
	assert(frames);
	put();
	assert(!frames);	/* the last reference frees them */
	back = 1
}
