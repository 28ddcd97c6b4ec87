/* SPDX-License-Identifier: MIT */
/* [pure] pledge's rules: words, arguments, paths. Contract in pledge.h. */
#include <security/pledge.h>

#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/abi/linux_socket.h>
#include <kernel/abi/linux_tty.h>
#include <kernel/lib/string.h>

/* ---- words ---- */

static int word_bit(const char *word, size_t len)
{
	for (int i = 0; i < PLEDGE_COUNT; i++)
		if (strlen(pledge_names[i]) == len && memcmp(pledge_names[i], word, len) == 0)
			return i;
	return -1;
}

int pledge_parse(const char *text, u64 *out)
{
	u64 promises = PLEDGE_ALWAYS;

	for (const char *s = text; *s;) {
		size_t len = 0;
		int bit;

		if (*s == ' ') {
			s++;
			continue;
		}
		while (s[len] && s[len] != ' ')
			len++;
		bit = word_bit(s, len);
		if (bit >= 0)
			promises |= BIT(bit);
		else if (len == 5 && memcmp(s, "learn", len) == 0)
			promises |= PLEDGE_LEARN;
		else
			return -EINVAL;
		s += len;
	}
	*out = promises;
	return 0;
}

void pledge_text(u64 promises, char *buf, size_t size)
{
	size_t at = 0;

	for (int i = 0; i < PLEDGE_COUNT; i++) {
		size_t len = strlen(pledge_names[i]);

		if (!(promises & BIT(i)) || at + len + 2 > size)
			continue;
		if (at)
			buf[at++] = ' ';
		memcpy(buf + at, pledge_names[i], len);
		at += len;
	}
	buf[at] = '\0';
}

/* ---- arguments ---- */

/* Numbers as Linux has them; only those whose arguments are looked at. */
enum {
	NR_MMAP = 9,
	NR_MPROTECT = 10,
	NR_IOCTL = 16,
	NR_SOCKET = 41,
	NR_SENDTO = 44,
	NR_SOCKETPAIR = 53,
	NR_SETSOCKOPT = 54,
	NR_CLONE = 56,
	NR_KILL = 62,
	NR_FCNTL = 72,
	NR_RT_SIGQUEUEINFO = 129,
	NR_PRCTL = 157,
	NR_TKILL = 200,
	NR_TGKILL = 234,
	NR_RT_TGSIGQUEUEINFO = 297,
	NR_PRLIMIT64 = 302,
	NR_PKEY_MPROTECT = 329,
};

bool pledge_checks_arguments(u64 nr)
{
	switch (nr) {
	case NR_MMAP:
	case NR_MPROTECT:
	case NR_IOCTL:
	case NR_SOCKET:
	case NR_SENDTO:
	case NR_SOCKETPAIR:
	case NR_SETSOCKOPT:
	case NR_CLONE:
	case NR_KILL:
	case NR_FCNTL:
	case NR_RT_SIGQUEUEINFO:
	case NR_PRCTL:
	case NR_TKILL:
	case NR_TGKILL:
	case NR_RT_TGSIGQUEUEINFO:
	case NR_PRLIMIT64:
	case NR_PKEY_MPROTECT:
		return true;
	}
	return false;
}

static const u64 nothing = PLEDGE_ALWAYS; /* "missing": no promise would permit it */

static u64 ioctl_needs(u32 cmd)
{
	switch (cmd) {
	case FIONREAD:
	case FIONBIO:
	case FIOCLEX:
	case FIONCLEX:
	case TCGETS:
	case TIOCGWINSZ:
		return PLEDGE_STDIO;
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCGETA:
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
	case TCSBRK:
	case TCSBRKP:
	case TCXONC:
	case TCFLSH:
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case TIOCOUTQ:
	case TIOCSWINSZ:
	case TIOCEXCL:
	case TIOCNXCL:
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCGPTN:
	case TIOCSPTLCK:
	case TIOCGPTLCK:
	case TIOCGPTPEER:
	case TIOCPKT:
		return PLEDGE_TTY;
	}
	return 0;
}

static u64 ioctl_missing(u64 promises, u32 cmd)
{
	u64 needs = ioctl_needs(cmd);

	if (!needs)
		return nothing;
	if (!(promises & needs) && !(promises & PLEDGE_TTY))
		return needs;
	/* Who has the terminal is a matter between processes. */
	if ((cmd == TIOCSPGRP || cmd == TIOCSCTTY || cmd == TIOCNOTTY) && !(promises & PLEDGE_PROC))
		return PLEDGE_PROC;
	return 0;
}

static u64 fcntl_missing(u64 promises, u32 cmd)
{
	switch (cmd) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return promises & PLEDGE_FLOCK ? 0 : PLEDGE_FLOCK;
	case F_SETOWN:
	case F_SETOWN_EX:
	case F_SETSIG:
		return promises & PLEDGE_PROC ? 0 : PLEDGE_PROC;
	}
	return 0;
}

static u64 family_missing(u64 promises, u32 family)
{
	u64 needs = nothing;

	if (family == AF_UNIX)
		needs = PLEDGE_UNIX;
	else if (family == AF_INET || family == AF_INET6)
		needs = PLEDGE_INET | PLEDGE_DNS;
	else if (family == AF_NETLINK)
		needs = PLEDGE_ROUTE;
	return promises & needs & ~PLEDGE_ALWAYS ? 0 : needs;
}

/* What changes who the process is, or watches others. */
static u64 prctl_missing(u64 promises, u32 option)
{
	switch (option) {
	case PR_SET_KEEPCAPS:
	case PR_CAPBSET_DROP:
	case PR_SET_SECUREBITS:
	case PR_CAP_AMBIENT:
		return promises & PLEDGE_ID ? 0 : PLEDGE_ID;
	case PR_SET_PDEATHSIG:
	case PR_SET_CHILD_SUBREAPER:
		return promises & PLEDGE_PROC ? 0 : PLEDGE_PROC;
	}
	return 0;
}

static u64 unless(bool harmless, u64 promises, u64 needs)
{
	return harmless || (promises & needs) ? 0 : needs;
}

u64 pledge_call(u64 promises, const struct pledge_caller *caller, u64 nr, const u64 args[6])
{
	s32 first = (s32)args[0];

	switch (nr) {
	case NR_MMAP:
	case NR_MPROTECT:
	case NR_PKEY_MPROTECT:
		return unless(!(args[2] & PROT_EXEC), promises, PLEDGE_PROT_EXEC);
	case NR_IOCTL:
		return ioctl_missing(promises, (u32)args[1]);
	case NR_FCNTL:
		return fcntl_missing(promises, (u32)args[1]);
	case NR_KILL:
		return unless(first == 0 || first == caller->pid, promises, PLEDGE_PROC);
	case NR_TGKILL:
	case NR_RT_SIGQUEUEINFO:
	case NR_RT_TGSIGQUEUEINFO:
		return unless(first == caller->pid, promises, PLEDGE_PROC);
	case NR_TKILL:
		return unless(first == caller->tid, promises, PLEDGE_PROC);
	case NR_SOCKET:
		return family_missing(promises, (u32)args[0]);
	case NR_SOCKETPAIR: /* nobody outside is reached by it */
		return unless(args[0] == AF_UNIX, promises, PLEDGE_INET);
	case NR_SENDTO:
		return unless(!args[4], promises, PLEDGE_INET | PLEDGE_UNIX | PLEDGE_DNS);
	case NR_SETSOCKOPT:
		return unless((u32)args[1] == SOL_SOCKET, promises,
			      PLEDGE_INET | PLEDGE_UNIX | PLEDGE_DNS);
	case NR_CLONE:
		return unless(args[0] & CLONE_THREAD, promises, PLEDGE_PROC);
	case NR_PRCTL:
		return prctl_missing(promises, (u32)args[0]);
	case NR_PRLIMIT64:
		if (first != 0 && first != caller->pid && !(promises & PLEDGE_PROC))
			return PLEDGE_PROC;
		return unless(!args[2], promises, PLEDGE_PROC | PLEDGE_ID);
	}
	return 0;
}

/* ---- paths ---- */

/* Names that a promise opens by itself. One with '/' at its end: everything below. */
static const struct {
	u64 promise;
	u32 access;
	const char *name;
	bool no_links;
} known_paths[] = {
	{ PLEDGE_STDIO, PATH_READ | PATH_WRITE, "/dev/null", false },
	{ PLEDGE_STDIO, PATH_READ, "/etc/localtime", false },
	{ PLEDGE_STDIO, PATH_READ, "/usr/share/zoneinfo/", false },
	{ PLEDGE_STDIO, PATH_READ, "/proc/self/exe", false },
	{ PLEDGE_TTY, PATH_READ | PATH_WRITE, "/dev/tty", false },
	{ PLEDGE_GETPW, PATH_READ, "/etc/passwd", false },
	{ PLEDGE_GETPW, PATH_READ, "/etc/group", false },
	{ PLEDGE_GETPW | PLEDGE_DNS, PATH_READ, "/etc/nsswitch.conf", false },
	{ PLEDGE_GETPW, PATH_READ | PATH_SOCKET, "/var/run/nscd/socket", false },
	{ PLEDGE_DNS, PATH_READ, "/etc/resolv.conf", false },
	{ PLEDGE_DNS, PATH_READ, "/etc/hosts", false },
	{ PLEDGE_DNS, PATH_READ, "/etc/host.conf", false },
	{ PLEDGE_DNS, PATH_READ, "/etc/services", false },
	{ PLEDGE_DNS, PATH_READ, "/etc/protocols", false },
	{ PLEDGE_DNS, PATH_READ, "/etc/gai.conf", false },
	{ PLEDGE_VMINFO, PATH_READ, "/proc/meminfo", false },
	{ PLEDGE_VMINFO, PATH_READ, "/proc/stat", false },
	{ PLEDGE_VMINFO, PATH_READ, "/proc/vmstat", false },
	{ PLEDGE_VMINFO, PATH_READ, "/proc/loadavg", false },
	{ PLEDGE_VMINFO, PATH_READ, "/proc/uptime", false },
	{ PLEDGE_VMINFO, PATH_READ, "/proc/cpuinfo", false },
	{ PLEDGE_PS, PATH_READ, "/proc/", false },
	{ PLEDGE_TMPPATH, PATH_READ | PATH_WRITE | PATH_CREATE | PATH_ATTR, "/tmp/", true },
};

/* Absolute, and no component goes up: then what it begins with says where it leads. */
static bool is_plain(const char *name)
{
	if (*name != '/')
		return false;
	for (const char *s = name; *s; s++)
		if (s[0] == '/' && s[1] == '.' && s[2] == '.' && (s[3] == '/' || !s[3]))
			return false;
	return true;
}

static bool matches(const char *known, const char *name)
{
	size_t len = strlen(known);

	if (known[len - 1] == '/')
		return strncmp(name, known, len) == 0;
	return strcmp(name, known) == 0;
}

static u64 access_missing(u64 promises, u32 access)
{
	/* By bit of enum path_access. */
	static const u64 needs[] = {
		PLEDGE_RPATH, PLEDGE_WPATH, PLEDGE_EXEC, PLEDGE_CPATH,
		PLEDGE_FATTR, PLEDGE_CHOWN | PLEDGE_FATTR, PLEDGE_DPATH, PLEDGE_UNIX,
	};
	u64 missing = 0;

	for (u32 bits = access & (BIT(ARRAY_SIZE(needs)) - 1); bits; bits &= bits - 1) {
		u64 need = needs[__builtin_ctz(bits)];

		if (!(promises & need))
			missing |= need;
	}
	return missing;
}

static __noinline u64 known_path_missing(u64 promises, const char *name, u32 access, u64 missing,
					 bool *no_links)
{
	if (!is_plain(name))
		return missing;
	for (u32 i = 0; i < ARRAY_SIZE(known_paths); i++)
		if ((promises & known_paths[i].promise) && !(access & ~known_paths[i].access) &&
		    matches(known_paths[i].name, name)) {
			*no_links = known_paths[i].no_links;
			return 0;
		}
	return missing;
}

u64 pledge_path(u64 promises, const char *name, u32 access, bool *no_links)
{
	u64 missing = access_missing(promises, access);

	*no_links = false;
	return likely(!missing) ? 0 :
	       known_path_missing(promises, name, access, missing, no_links);
}
