/* SPDX-License-Identifier: MIT */
/*
 * System names. The release is that of the Linux whose interface programs find
 * here, for those that compare it; what it really is stands behind the dash.
 */
#include <kernel/core/uts.h>

#include <kernel/core/spinlock.h>
#include <kernel/lib/string.h>

static struct linux_utsname uts = { /* [uts_lock] the two that can be set */
	.sysname = "Linux",
	.nodename = "exo",
	.release = "6.1.0-exo",
	.version = "#1 SMP exo-os",
	.machine = "x86_64",
	.domainname = "(none)",
};
static struct spinlock uts_lock = SPINLOCK_INIT(RANK_UTS, "uts");

void uts_get(struct linux_utsname *out)
{
	irqflags_t flags = spin_lock_irq(&uts_lock);

	*out = uts;
	spin_unlock_irq(&uts_lock, flags);
}

static void set(char field[LINUX_UTS_LEN + 1], const char *name, size_t len)
{
	irqflags_t flags = spin_lock_irq(&uts_lock);

	memset(field, 0, LINUX_UTS_LEN + 1);
	memcpy(field, name, MIN(len, (size_t)LINUX_UTS_LEN));
	spin_unlock_irq(&uts_lock, flags);
}

void uts_set_hostname(const char *name, size_t len)
{
	set(uts.nodename, name, len);
}

void uts_set_domainname(const char *name, size_t len)
{
	set(uts.domainname, name, len);
}
