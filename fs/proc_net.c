/* SPDX-License-Identifier: MIT */
/*
 * procfs: /proc/net. AF_UNIX is all the network there is, so the tables of the
 * others have a head and no rows. Forms: man proc_pid_net(5).
 */
#include "proc_priv.h"

#include <fs/unix.h>
#include <kernel/lib/string.h>

#define INET_COLUMNS \
	"st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define INET_HEAD  "  sl  local_address rem_address   " INET_COLUMNS
#define INET6_HEAD \
	"  sl  local_address                         remote_address                        " \
	INET_COLUMNS
#define UDP_TAIL   " ref pointer drops\n"

static const struct {
	const char *name, *text;
} heads[] = {
	{ "arp",
	  "IP address       HW type     Flags       HW address            Mask     Device\n" },
	{ "dev",
	  "Inter-|   Receive                                                |  Transmit\n"
	  " face |bytes    packets errs drop fifo frame compressed multicast|"
	  "bytes    packets errs drop fifo colls carrier compressed\n" },
	{ "if_inet6", "" },
	{ "raw", INET_HEAD UDP_TAIL },
	{ "route",
	  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" },
	{ "tcp", INET_HEAD "\n" },
	{ "tcp6", INET6_HEAD "\n" },
	{ "udp", INET_HEAD UDP_TAIL },
	{ "udp6", INET6_HEAD UDP_TAIL },
};

static int show_head(struct seq *seq, struct proc_inode *pi)
{
	for (u32 i = 0; i < ARRAY_SIZE(heads); i++)
		if (!strcmp(heads[i].name, pi->entry->name))
			seq_puts(seq, heads[i].text);
	return 0;
}

static int show_unix(struct seq *seq, __unused struct proc_inode *pi)
{
	return unix_show(seq);
}

#define FILE(name_, show_) { .name = (name_), .mode = S_IFREG | 0444, .show = (show_) }
#define HEAD(name_)        FILE(name_, show_head)

const struct proc_entry proc_net_children[] = {
	HEAD("arp"), HEAD("dev"), HEAD("if_inet6"), HEAD("raw"), HEAD("route"), HEAD("tcp"),
	HEAD("tcp6"), HEAD("udp"), HEAD("udp6"), FILE("unix", show_unix), { .name = NULL }
};
