/* SPDX-License-Identifier: MIT */
/* What a walk carries along of unveil's rules (fs/unveil.h), for who only hands it on. */
#pragma once

#include <kernel/lib/types.h>

struct unveil;

/* What covers a place. */
struct unveil_cover {
	u8 perms;     /* PATH_RWXC, when covered */
	bool covered;
	bool visible; /* covered, or an ancestor of a rule: may be entered */
	bool names;   /* there are rules on names in it */
};
