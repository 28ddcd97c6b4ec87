/* SPDX-License-Identifier: MIT */
/* System calls about the machine and the process that fit nowhere else. */
#include <kernel/syscall_protos.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/percpu.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_utsname.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>
#include <kernel/uts.h>
#include <mm/kmalloc.h>
#include <mm/pmm.h>
#include <security/cred.h>
#include <security/random.h>

/* ---- names ---- */

static struct spinlock uts_lock = SPINLOCK_INIT(RANK_HANDLES, "uts");
static char uts_nodename[LINUX_UTS_LEN + 1] = "exo";

void uts_fill(struct linux_utsname *out)
{
	*out = (struct linux_utsname){ .sysname = "Linux", .release = UTS_RELEASE,
				       .version = UTS_VERSION, .machine = "x86_64",
				       .domainname = "(none)" };
	spin_lock(&uts_lock);
	memcpy(out->nodename, uts_nodename, sizeof(uts_nodename));
	spin_unlock(&uts_lock);
}

long sys_uname(struct linux_utsname __user *buf)
{
	struct linux_utsname uts;

	uts_fill(&uts);
	return copy_to_user(buf, &uts, sizeof(uts));
}

long sys_sethostname(const void __user *name, int len)
{
	char new[LINUX_UTS_LEN + 1] = { 0 };

	if (!cred_privileged(cred_current()))
		return -EPERM;
	if (len < 0 || len > LINUX_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(new, name, (size_t)len))
		return -EFAULT;
	spin_lock(&uts_lock);
	memcpy(uts_nodename, new, sizeof(uts_nodename));
	spin_unlock(&uts_lock);
	return 0;
}

/* ---- the machine ---- */

long sys_sysinfo(struct linux_sysinfo __user *out)
{
	struct linux_sysinfo info = { .mem_unit = 1 };
	struct pmm_stats mem;
	u64 loads[3];

	pmm_stats(NODE_ANY, &mem);
	sched_loadavg(loads);
	info.uptime = (s64)(uptime_ns() / NS_PER_SEC);
	for (u32 i = 0; i < 3; i++)
		info.loads[i] = loads[i] << 5; /* 11 bits of fraction to 16 */
	info.totalram = mem.total * PAGE_SIZE;
	info.freeram = mem.free * PAGE_SIZE;
	info.procs = (u16)MIN(thread_live(), 65535u);
	return copy_to_user(out, &info, sizeof(info));
}

long sys_getcpu(u32 __user *cpu, u32 __user *node, __unused vaddr_t unused)
{
	const struct cpu *self = this_cpu();
	u32 id = self->id, n = self->node;

	if (cpu && user_write_u32(cpu, id))
		return -EFAULT;
	return node ? user_write_u32(node, n) : 0;
}

long sys_getrandom(void __user *buf, size_t len, int flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, (size_t)INT32_MAX);
	while (done < len) {
		size_t n = MIN(len - done, sizeof(chunk));

		random_bytes(chunk, n);
		if (copy_to_user((char __user *)buf + done, chunk, n))
			return done ? (long)done : -EFAULT;
		done += n;
		sched_point();
		if (signal_pending() && done < len)
			break;
	}
	memset(chunk, 0, sizeof(chunk));
	compiler_barrier(); /* the wipe is not to be optimised away */
	return (long)done;
}

long sys_reboot(unsigned int magic1, unsigned int magic2, unsigned int cmd, __unused vaddr_t arg)
{
	if (!cred_privileged(cred_current()))
		return -EPERM;
	if (magic1 != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0; /* no keyboard raises it yet */
	case LINUX_REBOOT_CMD_RESTART:
		log_info("reboot: restarting");
		machine_stop(MACHINE_REBOOT);
	case LINUX_REBOOT_CMD_HALT:
		log_info("reboot: halted");
		machine_stop(MACHINE_HALT);
	case LINUX_REBOOT_CMD_POWER_OFF:
		log_info("reboot: power off");
		machine_stop(MACHINE_POWER_OFF);
	default:
		return -EINVAL;
	}
}

/* ---- the log ---- */

static u64 syslog_pos;   /* next of SYSLOG_ACTION_READ */
static u64 syslog_clear; /* where READ_ALL begins since the last CLEAR */

/* Copies the log from @pos, at most @len bytes, whole records. Bytes or -errno. */
static long copy_log(u64 *pos, char __user *buf, size_t len)
{
	char *chunk = kmalloc(PAGE_SIZE, 0);
	size_t done = 0;
	long err = 0;

	if (!chunk)
		return -ENOMEM;
	while (done < len) {
		u64 at = *pos;
		size_t n = log_read(&at, chunk, MIN(len - done, (size_t)PAGE_SIZE));

		if (!n)
			break;
		if (copy_to_user(buf + done, chunk, n)) {
			err = -EFAULT;
			break;
		}
		done += n;
		*pos = at;
	}
	kfree(chunk);
	return done ? (long)done : err;
}

/* READ_ALL tells the last @len bytes: skip records until the rest fits. */
static long copy_log_tail(char __user *buf, size_t len)
{
	u64 pos = MAX(atomic_load_relaxed(&syslog_clear), log_begin()), end = log_end();

	if (end - pos > len) {
		char skip[512];

		while (end - pos > len && log_read(&pos, skip, sizeof(skip)))
			;
	}
	return copy_log(&pos, buf, len);
}

long sys_syslog(int type, void __user *buf, int len)
{
	u64 pos;
	long n;

	if (type != SYSLOG_ACTION_READ_ALL && type != SYSLOG_ACTION_SIZE_BUFFER &&
	    !cred_privileged(cred_current()))
		return -EPERM;
	switch (type) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ:
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		if (type == SYSLOG_ACTION_READ) {
			pos = atomic_load_relaxed(&syslog_pos);
			n = copy_log(&pos, buf, (size_t)len);
			atomic_store_relaxed(&syslog_pos, pos);
			return n;
		}
		n = copy_log_tail(buf, (size_t)len);
		if (type == SYSLOG_ACTION_READ_CLEAR)
			atomic_store_relaxed(&syslog_clear, log_end());
		return n;
	case SYSLOG_ACTION_CLEAR:
		atomic_store_relaxed(&syslog_clear, log_end());
		return 0;
	case SYSLOG_ACTION_CONSOLE_OFF:
		log_set_level(LOG_EMERG);
		return 0;
	case SYSLOG_ACTION_CONSOLE_ON:
		log_set_level(LOG_INFO);
		return 0;
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		log_set_level((enum log_level)(len - 1));
		return 0;
	case SYSLOG_ACTION_SIZE_UNREAD:
		return (long)(log_end() - MAX(atomic_load_relaxed(&syslog_pos), log_begin()));
	case SYSLOG_ACTION_SIZE_BUFFER:
		return (long)(log_end() - log_begin());
	default:
		return -EINVAL;
	}
}

/* ---- the process's own settings ---- */

long sys_arch_prctl(int code, unsigned long addr)
{
	switch (code) {
	case ARCH_SET_FS:
		return context_set_fs_base(addr);
	case ARCH_SET_GS:
		return context_set_gs_base(addr);
	case ARCH_GET_FS:
		return user_write_u64((void __user *)addr, context_get_fs_base());
	case ARCH_GET_GS:
		return user_write_u64((void __user *)addr, context_get_gs_base());
	default:
		return -EINVAL;
	}
}

#define PERSONALITY_QUERY    0xffffffffu
#define ADDR_NO_RANDOMIZE    0x0040000u

long sys_personality(unsigned long persona)
{
	struct task *task = current_task();
	u32 old = task->personality;

	if ((u32)persona == PERSONALITY_QUERY)
		return old;
	/* Other personalities would change what calls mean: not here. */
	if ((u32)persona & ~ADDR_NO_RANDOMIZE)
		return -EINVAL;
	task->personality = (u32)persona;
	return old;
}

static long prctl_name(int option, unsigned long ubuf)
{
	char name[TASK_COMM_LEN] = { 0 };

	if (option == PR_GET_NAME) {
		memcpy(name, current->comm, sizeof(name));
		return copy_to_user((void __user *)ubuf, name, sizeof(name));
	}
	/* Cut to 15 characters, not refused (prctl(2)). */
	if (user_copy_string(name, (const char __user *)ubuf, sizeof(name)) == -EFAULT)
		return -EFAULT;
	name[sizeof(name) - 1] = '\0';
	memcpy(current->comm, name, sizeof(name));
	return 0;
}

static long prctl_bool(bool *flag, unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	*flag = value;
	return 0;
}

#define CAP_LAST 40 /* CAP_CHECKPOINT_RESTORE, as Linux 6.1 */

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	struct task *task = current_task();

	switch (option) {
	case PR_SET_NAME:
	case PR_GET_NAME:
		return prctl_name(option, arg2);
	case PR_SET_PDEATHSIG:
		if (arg2 > LINUX_NSIG)
			return -EINVAL;
		task->pdeath_signal = (int)arg2;
		return 0;
	case PR_GET_PDEATHSIG:
		return user_write_u32((void __user *)arg2, (u32)task->pdeath_signal);
	case PR_SET_DUMPABLE:
		return prctl_bool(&task->dumpable, arg2);
	case PR_GET_DUMPABLE:
		return task->dumpable;
	case PR_SET_KEEPCAPS:
		return prctl_bool(&task->keep_caps, arg2);
	case PR_GET_KEEPCAPS:
		return task->keep_caps;
	case PR_SET_NO_NEW_PRIVS:
		if (arg2 != 1 || arg3 || arg4 || arg5)
			return -EINVAL;
		task->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : task->no_new_privs;
	case PR_SET_CHILD_SUBREAPER:
		task->is_subreaper = arg2 != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return user_write_u32((void __user *)arg2, task->is_subreaper);
	case PR_CAPBSET_READ:
		return arg2 > CAP_LAST ? -EINVAL : 1; /* nothing is ever taken out */
	case PR_GET_SECCOMP:
		return 0;
	case PR_GET_TID_ADDRESS:
		return user_write_u64((void __user *)arg2,
				      (u64)(uintptr_t)current->clear_child_tid);
	default:
		return -EINVAL;
	}
}

/* ---- capabilities: all of them belong to effective user 0 ---- */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

struct cap_header {
	u32 version;
	s32 pid;
};
struct cap_word {
	u32 effective, permitted, inheritable;
};

/* Number of words of the header's version; 0: unknown, the current one written back. */
static int cap_words(struct cap_header *header, vaddr_t uheader, u32 *words)
{
	if (copy_from_user(header, (void __user *)uheader, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case CAP_VERSION_1:
		*words = 1;
		return 0;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		*words = 2;
		return 0;
	default:
		*words = 0;
		return user_write_u32((void __user *)uheader, CAP_VERSION_3) ? -EFAULT : -EINVAL;
	}
}

static void cap_fill(struct cap_word words[2], bool privileged)
{
	const u64 all = privileged ? BIT(CAP_LAST + 1) - 1 : 0;

	words[0] = (struct cap_word){ (u32)all, (u32)all, 0 };
	words[1] = (struct cap_word){ (u32)(all >> 32), (u32)(all >> 32), 0 };
}

long sys_capget(vaddr_t uheader, vaddr_t udata)
{
	struct cap_header header;
	struct cap_word words[2];
	struct thread *thread;
	struct cred *cred;
	u32 n;
	int err = cap_words(&header, uheader, &n);

	/* Without data it only asks for the version. */
	if (err)
		return err == -EINVAL && !udata ? 0 : err;
	if (header.pid < 0)
		return -EINVAL;
	thread = thread_find(header.pid ? header.pid : current->tid);
	if (!thread)
		return -ESRCH;
	cred = task_cred(thread->task);
	cap_fill(words, cred_privileged(cred));
	cred_put(cred);
	thread_put(thread);
	return copy_to_user((void __user *)udata, words, n * sizeof(words[0]));
}

long sys_capset(vaddr_t uheader, vaddr_t udata)
{
	struct cap_word words[2] = { { 0 } }, have[2];
	struct cap_header header;
	u32 n;
	int err = cap_words(&header, uheader, &n);

	if (err)
		return err;
	if (header.pid && header.pid != current->tid)
		return -EPERM;
	if (copy_from_user(words, (void __user *)udata, n * sizeof(words[0])))
		return -EFAULT;
	cap_fill(have, cred_privileged(cred_current()));
	/* More than one has is refused, and giving up a part cannot be kept: say so. */
	for (u32 i = 0; i < n; i++)
		if (words[i].effective != have[i].effective ||
		    words[i].permitted != have[i].permitted)
			return -EPERM;
	return 0;
}
