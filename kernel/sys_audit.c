/* SPDX-License-Identifier: MIT */
/* Lines of the audit record, limited; contract in security/audit.h. */
#include <security/audit.h>

#include <kernel/core/log.h>
#include <kernel/core/spinlock.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>

#define TASK_MAX 20u  /* lines a second of one process */
#define ALL_MAX  200u /* of all */

static struct spinlock audit_lock = SPINLOCK_INIT(RANK_AUDIT, "audit");
static struct audit_count all; /* [audit_lock] */
static u32 left_out;           /* [audit_lock] lines not yet told of */

static bool within_locked(struct audit_count *count, ns_t now, u32 max)
{
	if (now - count->began_ns >= NS_PER_SEC)
		*count = (struct audit_count){ .began_ns = now };
	if (count->said >= max)
		return false;
	count->said++;
	return true;
}

bool audit_admit(void)
{
	ns_t now = uptime_ns();
	u32 missing;
	bool admitted;
	irqflags_t irq;

	irq = spin_lock_irq(&audit_lock);
	admitted = within_locked(&current_task()->audit, now, TASK_MAX) &&
		   within_locked(&all, now, ALL_MAX);
	missing = left_out;
	left_out = admitted ? 0 : left_out + 1;
	spin_unlock_irq(&audit_lock, irq);
	if (admitted && missing)
		log_notice("audit: dropped: %u lines before this one: too many", missing);
	return admitted;
}

void audit_say(const char *fmt, ...)
{
	va_list ap;

	if (!audit_admit())
		return;
	va_start(ap, fmt);
	log_vwrite(LOG_NOTICE, fmt, ap);
	va_end(ap);
}
