/* SPDX-License-Identifier: MIT */
/*
 * System calls about the machine as a whole and the small switches of a
 * process: names, memory and load, random bytes, segment bases, prctl, reboot.
 */
#include <kernel/syscall_protos.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_rseq.h>
#include <kernel/core/log.h>
#include <kernel/core/uts.h>
#include <kernel/lib/string.h>
#include <kernel/sys_prctl.h>
#include <kernel/sys_seccomp.h>
#include <kernel/task/rseq.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <mm/pmm.h>
#include <security/cred.h>
#include <security/random.h>

/* ---- Names -------------------------------------------------------------- */

long sys_uname(struct linux_utsname __user *buf)
{
	struct linux_utsname uts;

	uts_get(&uts);
	return copy_to_user(buf, &uts, sizeof(uts));
}

static long set_name(const void __user *uname, int len, void (*set)(const char *name, size_t len))
{
	char name[LINUX_UTS_LEN];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > LINUX_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(name, uname, (size_t)len))
		return -EFAULT;
	set(name, (size_t)len);
	return 0;
}

long sys_sethostname(const void __user *name, int len)
{
	return set_name(name, len, uts_set_hostname);
}

long sys_setdomainname(const void __user *name, int len)
{
	return set_name(name, len, uts_set_domainname);
}

/* ---- The machine -------------------------------------------------------- */

long sys_sysinfo(struct linux_sysinfo __user *uinfo)
{
	struct linux_sysinfo info = { .mem_unit = 1 };
	struct pmm_stats mem;

	pmm_stats(NODE_ANY, &mem);
	info.uptime = (s64)((uptime_ns() + NS_PER_SEC - 1) / NS_PER_SEC);
	sched_loadavg(info.loads);
	for (u32 i = 0; i < 3; i++)
		info.loads[i] <<= 16 - 11; /* 11 bits of fraction to Linux's 16 */
	info.totalram = mem.total * PAGE_SIZE;
	info.freeram = mem.free * PAGE_SIZE;
	info.procs = (u16)MIN(thread_live(), 0xffffu);
	return copy_to_user(uinfo, &info, sizeof(info));
}

long sys_getcpu(u32 __user *ucpu, u32 __user *unode, __unused vaddr_t unused)
{
	/* The thread may move right after; the answer is a hint by nature. */
	u32 cpu = this_cpu()->id, node = this_cpu()->node;

	if (ucpu && user_write_u32(ucpu, cpu))
		return -EFAULT;
	if (unode && user_write_u32(unode, node))
		return -EFAULT;
	return 0;
}

static bool reboot_magic_ok(u32 magic1, u32 magic2)
{
	return magic1 == LINUX_REBOOT_MAGIC1 &&
	       (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
		magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

long sys_reboot(unsigned int magic1, unsigned int magic2, unsigned int cmd, __unused vaddr_t arg)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (!reboot_magic_ok(magic1, magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
		log_notice("reboot: restarting");
		machine_stop(MACHINE_REBOOT);
	case LINUX_REBOOT_CMD_HALT:
		log_notice("reboot: halted");
		machine_stop(MACHINE_HALT);
	case LINUX_REBOOT_CMD_POWER_OFF:
		log_notice("reboot: power down");
		machine_stop(MACHINE_POWER_OFF);
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0; /* no keyboard reaches the kernel: nothing to switch */
	}
	return -EINVAL;
}

long sys_getrandom(void __user *buf, size_t len, int flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, (size_t)LINUX_MAX_RW_COUNT);
	while (done < len) {
		size_t n = MIN(len - done, sizeof(chunk)), left;

		random_bytes(chunk, n);
		left = user_copy_out((u8 __user *)buf + done, chunk, n);
		done += n - left;
		if (left) {
			if (!done)
				return -EFAULT;
			break;
		}
		/* Whole up to 256 bytes, as getrandom(2) says; then signals count. */
		if (signal_pending())
			break;
		sched_point();
	}
	/* What was given out shall not stay on the stack. */
	memset(chunk, 0, sizeof(chunk));
	compiler_barrier();
	return (long)done;
}

/* ---- The process -------------------------------------------------------- */

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
	}
	return -EINVAL;
}

long sys_personality(unsigned long persona)
{
	struct task *task = current_task();
	u32 old = task->personality;

	if ((u32)persona != PERSONALITY_QUERY)
		task->personality = (u32)persona;
	return old;
}

static long set_comm(const char __user *uname)
{
	char name[TASK_COMM_LEN] = { 0 };
	/* One byte stays for the NUL: a longer name is cut. */
	long len = user_copy_string(name, uname, sizeof(name) - 1);

	if (len < 0 && len != -ENAMETOOLONG)
		return len;
	memcpy(current->comm, name, sizeof(name));
	return 0;
}

static long get_comm(char __user *buf)
{
	char name[TASK_COMM_LEN] = { 0 };

	memcpy(name, current->comm, sizeof(name) - 1);
	return copy_to_user(buf, name, sizeof(name));
}

static long set_flag(bool *flag, unsigned long val)
{
	if (val > 1)
		return -EINVAL;
	*flag = val;
	return 0;
}

static long set_subreaper(bool on)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	current_task()->is_subreaper = on;
	spin_unlock_irq(&task_tree_lock, flags);
	return 0;
}

static long set_pdeath_signal(unsigned long signo)
{
	if (signo > 64)
		return -EINVAL;
	current_task()->pdeath_signal = (int)signo;
	return 0;
}

static long set_timer_slack(unsigned long ns)
{
	current->timer_slack_ns = ns;
	return 0;
}

static long get_timer_slack(void)
{
	return current->timer_slack_ns ? (long)current->timer_slack_ns : LINUX_TIMER_SLACK_NS;
}

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	struct task *task = current_task();
	void __user *ptr = (void __user *)arg2;

	switch (option) {
	case PR_SET_NAME:
		return set_comm(ptr);
	case PR_GET_NAME:
		return get_comm(ptr);
	case PR_SET_PDEATHSIG:
		return set_pdeath_signal(arg2);
	case PR_GET_PDEATHSIG:
		return user_write_u32(ptr, (u32)task->pdeath_signal);
	case PR_SET_DUMPABLE:
		return set_flag(&task->dumpable, arg2);
	case PR_GET_DUMPABLE:
		return task->dumpable;
	case PR_SET_NO_NEW_PRIVS: /* there is no way back */
		if (arg2 != 1 || arg3 || arg4 || arg5)
			return -EINVAL;
		return set_flag(&current->no_new_privs, 1);
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : current->no_new_privs;
	case PR_SET_CHILD_SUBREAPER:
		return set_subreaper(arg2);
	case PR_GET_CHILD_SUBREAPER:
		return user_write_u32(ptr, task->is_subreaper);
	case PR_SET_TIMERSLACK:
		return set_timer_slack(arg2);
	case PR_GET_TIMERSLACK:
		return get_timer_slack();
	case PR_GET_SECCOMP:
		return seccomp_mode();
	case PR_SET_SECCOMP:
		return seccomp_prctl_set(arg2, (const void __user *)arg3);
	case PR_SET_THP_DISABLE:
		if (arg3 || arg4 || arg5)
			return -EINVAL;
		task->as->no_large = arg2; /* read at faults: a race with one is no harm */
		return set_flag(&task->thp_disable, !!arg2);
	case PR_GET_THP_DISABLE:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : task->thp_disable;
	case PR_GET_TSC: /* programs may read the clock: there is nothing else */
		return user_write_u32(ptr, PR_TSC_ENABLE);
	case PR_SET_TSC:
		return arg2 == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return arg2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_MCE_KILL_GET:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : PR_MCE_KILL_DEFAULT;
	case PR_GET_TID_ADDRESS:
		return user_write_u64(ptr, (u64)(uintptr_t)current->clear_child_tid);
	}
	return prctl_capability(option, (const unsigned long[4]){ arg2, arg3, arg4, arg5 });
}

/* ---- restartable sequences ---- */

long sys_rseq(vaddr_t area, u32 len, int flags, u32 sig)
{
	if (flags == RSEQ_FLAG_UNREGISTER)
		return rseq_unregister(area, len, sig);
	return flags ? -EINVAL : rseq_register(area, len, sig);
}
