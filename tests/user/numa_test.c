/* SPDX-License-Identifier: MIT */
/*
 * numa_test.c - memory policies and moved pages: set_mempolicy, get_mempolicy, mbind, migrate_pages, move_pages,
 * set_mempolicy_home_node. With one node there is less to see; a machine with two shows all.
 */
#include "ktap.h"

#include <pthread.h>
#include <sys/mman.h>

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY };
enum { STATIC_NODES = 0x8000, RELATIVE_NODES = 0x4000 };
enum { F_NODE = 1, F_ADDR = 2, F_MEMS_ALLOWED = 4, MF_STRICT = 1, MF_MOVE = 2, MF_MOVE_ALL = 4 };
enum { BITS = 1024, NR_HOME_NODE = 450 };

struct mask {
	unsigned long word[BITS / 64];
};

static struct mask memory;	/* the nodes that there are */
static int nodes[64], nr_nodes;

static void find_nodes(void)
{
	int mode = 99;
	long ret = sys(SYS_get_mempolicy, &mode, &memory, BITS + 1, 0, F_MEMS_ALLOWED);

	if (ret == -ENOSYS)
		SKIP("no NUMA");
	REQUIRE_EQ(ret, 0);
	CHECK_EQ(mode, 0);
	for (int i = 0; i < 64; i++)
		if (memory.word[0] >> i & 1)
			nodes[nr_nodes++] = i;
	REQUIRE(nr_nodes > 0);
}

static long set(int mode, unsigned long mask)
{
	return sys(SYS_set_mempolicy, mode, &mask, 65);
}

static long get(int *mode, unsigned long *mask, void *addr, int flags)
{
	struct mask all = { { 0 } };
	long ret = sys(SYS_get_mempolicy, mode, &all, BITS + 1, addr, flags);

	*mask = all.word[0];
	return ret;
}

static long bind(void *p, size_t len, int mode, unsigned long mask, int flags)
{
	return sys(SYS_mbind, p, len, mode, &mask, 65, flags);
}

static char *map(size_t len, int share)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, share | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static int node_of(void *p)
{
	int status = -99;

	CHECK_EQ(sys(SYS_move_pages, 0, 1, &p, NULL, &status, 0), 0);
	return status;
}

CASE(thread_policy)
{
	unsigned long one, mask = 99;
	int mode = 99;
	char *p;

	find_nodes();
	one = 1UL << nodes[nr_nodes - 1];
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, DEFAULT);
	CHECK_EQ(mask, 0);
	CHECK_EQ(set(BIND, one), 0);
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, BIND);
	CHECK_EQ(mask, one);
	p = map(8 * PAGE, MAP_PRIVATE);
	memset(p, 1, 8 * PAGE);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(node_of(p + i * PAGE), nodes[nr_nodes - 1]);
	CHECK_EQ(set(PREFERRED | STATIC_NODES, one), 0);
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, PREFERRED | STATIC_NODES);
	CHECK_EQ(mask, one);
	CHECK_EQ(set(BIND | RELATIVE_NODES, 1), 0);
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, BIND | RELATIVE_NODES);
	CHECK_EQ(mask, 1);
	CHECK_EQ(set(PREFERRED, 0), 0);
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, LOCAL);
	CHECK_EQ(set(PREFERRED_MANY, memory.word[0]), 0);
	memset(map(4 * PAGE, MAP_PRIVATE), 1, 4 * PAGE);
	CHECK_EQ(set(DEFAULT, 0), 0);
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, DEFAULT);
}

CASE(interleaving)
{
	int seen[64] = { 0 }, mode, next;
	unsigned long mask;
	char *p;

	find_nodes();
	CHECK_EQ(set(INTERLEAVE, memory.word[0]), 0);
	CHECK_EQ(get(&next, &mask, NULL, F_NODE), 0);
	p = map(16 * PAGE, MAP_PRIVATE);
	for (int i = 0; i < 16; i++)
		p[i * PAGE] = 1;
	for (int i = 0; i < 16; i++) {
		int node = node_of(p + i * PAGE);

		if (CHECK(node >= 0 && node < 64))
			seen[node]++;
	}
	for (int i = 0; i < nr_nodes; i++)
		CHECK(seen[nodes[i]] >= 16 / nr_nodes - 1);
	CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
	CHECK_EQ(mode, INTERLEAVE);
	CHECK_EQ(set(DEFAULT, 0), 0);
	CHECK_EQ(get(&mode, &mask, NULL, F_NODE), -EINVAL);
	p = map(8 * PAGE, MAP_PRIVATE);	/* of a region: by the page's place */
	CHECK_EQ(bind(p, 8 * PAGE, INTERLEAVE, memory.word[0], 0), 0);
	memset(p, 1, 8 * PAGE);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(node_of(p + i * PAGE), node_of(p + (i + nr_nodes) % 8 * PAGE));
}

CASE(policy_of_children)
{
	unsigned long mask, one;
	int mode;
	pid_t pid;

	find_nodes();
	one = 1UL << nodes[0];
	CHECK_EQ(set(BIND, one), 0);
	IN_CHILD(pid) {
		CHECK_EQ(get(&mode, &mask, NULL, 0), 0);
		CHECK_EQ(mode, BIND);
		CHECK_EQ(mask, one);
	}
	CHECK_EXIT(pid, 0);
}

CASE(set_errors)
{
	struct mask far = { { 0 } };

	find_nodes();
	far.word[BITS / 64 - 1] = 1UL << 63;
	CHECK_EQ(set(99, 1), -EINVAL);
	CHECK_EQ(set(BIND | STATIC_NODES | RELATIVE_NODES, 1), -EINVAL);
	CHECK_EQ(set(BIND, 0), -EINVAL);
	CHECK_EQ(set(DEFAULT, 1), -EINVAL);
	CHECK_EQ(set(LOCAL, 1), -EINVAL);
	CHECK_EQ(set(PREFERRED | STATIC_NODES, 0), -EINVAL);
	CHECK_EQ(set(BIND, 1UL << 63), -EINVAL);	/* there may be such a node, but there is none */
	CHECK_EQ(sys(SYS_set_mempolicy, BIND, &far, 1 << 20), -EINVAL);
	CHECK_EQ(sys(SYS_set_mempolicy, BIND, (void *)8, 65), -EFAULT);
	CHECK_EQ(sys(SYS_get_mempolicy, NULL, NULL, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_get_mempolicy, NULL, NULL, 0, 0, F_MEMS_ALLOWED | F_ADDR), -EINVAL);
	CHECK_EQ(sys(SYS_get_mempolicy, NULL, NULL, 0, &far, 0), -EINVAL);
	CHECK_EQ(sys(SYS_get_mempolicy, NULL, NULL, 0, (void *)8, F_ADDR), -EFAULT);
	CHECK_EQ(sys(SYS_get_mempolicy, (void *)8, NULL, 0, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_get_mempolicy, NULL, (void *)8, BITS + 1, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_get_mempolicy, NULL, NULL, 0, 0, 0), 0);
}

CASE(mbind_regions)
{
	unsigned long mask, last;
	int mode, where;
	char *p;

	find_nodes();
	last = 1UL << nodes[nr_nodes - 1];
	p = map(16 * PAGE, MAP_PRIVATE);
	CHECK_EQ(bind(p + 4 * PAGE, 8 * PAGE, BIND, last, 0), 0);
	CHECK_EQ(get(&mode, &mask, p + 4 * PAGE, F_ADDR), 0);
	CHECK_EQ(mode, BIND);
	CHECK_EQ(mask, last);
	CHECK_EQ(get(&mode, &mask, p + 11 * PAGE + 5, F_ADDR), 0);
	CHECK_EQ(mode, BIND);
	CHECK_EQ(get(&mode, &mask, p + 3 * PAGE, F_ADDR), 0);
	CHECK_EQ(mode, DEFAULT);
	CHECK_EQ(get(&mode, &mask, p + 12 * PAGE, F_ADDR), 0);
	CHECK_EQ(mode, DEFAULT);
	memset(p, 1, 16 * PAGE);
	for (int i = 4; i < 12; i++)
		CHECK_EQ(node_of(p + i * PAGE), nodes[nr_nodes - 1]);
	CHECK_EQ(get(&where, &mask, p + 5 * PAGE, F_ADDR | F_NODE), 0);
	CHECK_EQ(where, nodes[nr_nodes - 1]);
	CHECK_EQ(bind(p, 16 * PAGE, DEFAULT, 0, 0), 0);
	CHECK_EQ(get(&mode, &mask, p + 4 * PAGE, F_ADDR), 0);
	CHECK_EQ(mode, DEFAULT);
	p = map(4 * PAGE, MAP_SHARED);
	CHECK_EQ(bind(p, 4 * PAGE, BIND, last, 0), 0);
	memset(p, 1, 4 * PAGE);
	CHECK_EQ(node_of(p + PAGE), nodes[nr_nodes - 1]);
}

CASE(mbind_errors)
{
	char *p;

	find_nodes();
	p = map(4 * PAGE, MAP_PRIVATE);
	CHECK_EQ(bind(p + 1, PAGE, BIND, 1UL << nodes[0], 0), -EINVAL);
	CHECK_EQ(bind(p, PAGE, BIND, 1UL << nodes[0], 8), -EINVAL);
	CHECK_EQ(bind(p, PAGE, 77, 1UL << nodes[0], 0), -EINVAL);
	CHECK_EQ(bind(p, PAGE, BIND, 0, 0), -EINVAL);
	CHECK_EQ(bind(p, 0, BIND, 1UL << nodes[0], 0), 0);
	CHECK_EQ(bind(p, -PAGE, BIND, 1UL << nodes[0], 0), -EINVAL);
	CHECK_EQ(sys(SYS_mbind, p, PAGE, BIND, (void *)8, 65, 0), -EFAULT);
	REQUIRE(munmap(p + PAGE, PAGE) == 0);
	CHECK_EQ(bind(p, 4 * PAGE, BIND, 1UL << nodes[0], 0), -EFAULT);
	if (is_root()) {
		CHECK_EQ(bind(p, PAGE, BIND, 1UL << nodes[0], MF_MOVE_ALL), 0);
		REQUIRE(drop_root());
	}
	CHECK_EQ(bind(p, PAGE, BIND, 1UL << nodes[0], MF_MOVE_ALL), -EPERM);
}

CASE(mbind_moves)
{
	char *p;

	find_nodes();
	if (nr_nodes < 2)
		SKIP("one node");
	p = map(8 * PAGE, MAP_PRIVATE);
	CHECK_EQ(bind(p, 8 * PAGE, BIND, 1UL << nodes[0], 0), 0);
	for (int i = 0; i < 8; i++)
		p[i * PAGE] = (char)('a' + i);
	CHECK_EQ(bind(p, 8 * PAGE, BIND, 1UL << nodes[1], MF_STRICT), -EIO);
	CHECK_EQ(bind(p, 8 * PAGE, BIND, 1UL << nodes[1], MF_STRICT | MF_MOVE), 0);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(node_of(p + i * PAGE), nodes[1]);
		CHECK_EQ(p[i * PAGE], 'a' + i);
		p[i * PAGE]++;	/* and it can be written */
	}
	CHECK_EQ(bind(p, 8 * PAGE, BIND, 1UL << nodes[1], MF_STRICT), 0);
}

CASE(move_pages_tells)
{
	void *pages[4];
	int status[4] = { -99, -99, -99, -99 };
	char *p;

	find_nodes();
	p = map(4 * PAGE, MAP_PRIVATE);
	p[0] = 1;
	CHECK_EQ(p[PAGE], 0);	/* the zero page */
	REQUIRE(munmap(p + 3 * PAGE, PAGE) == 0);
	for (int i = 0; i < 4; i++)
		pages[i] = p + i * PAGE;
	CHECK_EQ(sys(SYS_move_pages, 0, 4, pages, NULL, status, 0), 0);
	CHECK(status[0] >= 0 && (memory.word[0] >> status[0] & 1));
	CHECK_EQ(status[1], -EFAULT);
	CHECK_EQ(status[2], -ENOENT);
	CHECK_EQ(status[3], -EFAULT);
	CHECK_EQ(sys(SYS_move_pages, 0, 1, pages, NULL, status, 1), -EINVAL);
	CHECK_EQ(sys(SYS_move_pages, 0, 1, (void *)8, NULL, status, 0), -EFAULT);
	CHECK_EQ(sys(SYS_move_pages, 0, 1, pages, NULL, (void *)8, 0), -EFAULT);
	CHECK_EQ(sys(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0), 0);
	CHECK_EQ(sys(SYS_move_pages, 999999, 1, pages, NULL, status, 0), -ESRCH);
}

static volatile bool stop;

static void *writer(void *arg)
{
	volatile unsigned long *n = arg;

	unsigned long count = 0;

	while (!stop) {
		(*n)++;
		count++;
	}
	return (void *)count;
}

CASE(move_pages_moves)
{
	int status = -99, node;
	void *page, *written;
	pthread_t thread;
	char *p;
	pid_t pid;

	find_nodes();
	p = map(4 * PAGE, MAP_PRIVATE);
	p[0] = 'x';
	page = p;
	node = 63;
	CHECK_EQ(sys(SYS_move_pages, 0, 1, &page, &node, &status, MF_MOVE), -ENODEV);
	node = -1;
	CHECK_EQ(sys(SYS_move_pages, 0, 1, &page, &node, &status, MF_MOVE), -ENODEV);
	REQUIRE_EQ(pthread_create(&thread, NULL, writer, p + 8), 0);
	while (!*(volatile unsigned long *)(p + 8))
		sched_yield();
	for (int i = 0; i < 40; i++) {
		node = nodes[i % nr_nodes];
		CHECK_EQ(sys(SYS_move_pages, 0, 1, &page, &node, &status, MF_MOVE), 0);
		CHECK(status == node || status == -EBUSY || status == -EAGAIN);
		sched_yield();
	}
	stop = true;
	pthread_join(thread, &written);
	CHECK_EQ(p[0], 'x');
	CHECK_EQ(*(unsigned long *)(p + 8), (unsigned long)written);	/* none was lost on the way */
	if (nr_nodes < 2)
		return;
	IN_CHILD(pid) {		/* shown by two processes now */
		node = nodes[!node_of(p)];
		CHECK_EQ(sys(SYS_move_pages, 0, 1, &page, &node, &status, MF_MOVE), 0);
		CHECK_EQ(status, -EACCES);
	}
	CHECK_EXIT(pid, 0);
	p = map(PAGE, MAP_SHARED);
	p[0] = 's';
	page = p;
	node = nodes[node_of(p) == nodes[0]];
	CHECK_EQ(sys(SYS_move_pages, 0, 1, &page, &node, &status, MF_MOVE), 0);
	CHECK_EQ(status, node);
	CHECK_EQ(p[0], 's');
	p[0] = 't';
	CHECK_EQ(node_of(p), node);
}

CASE(migrate_pages)
{
	unsigned long from, to;
	long left;
	char *p;

	find_nodes();
	CHECK_EQ(sys(SYS_migrate_pages, 999999, 65, &memory, &memory), -ESRCH);
	CHECK_EQ(sys(SYS_migrate_pages, 0, 65, (void *)8, &memory), -EFAULT);
	to = 0;
	CHECK_EQ(sys(SYS_migrate_pages, 0, 65, &memory, &to), -EINVAL);
	CHECK_EQ(sys(SYS_migrate_pages, 0, 65, &memory, &memory), 0);
	if (nr_nodes < 2)
		return;
	p = map(32 * PAGE, MAP_PRIVATE);
	from = 1UL << nodes[0];
	to = 1UL << nodes[1];
	CHECK_EQ(bind(p, 32 * PAGE, PREFERRED, from, 0), 0);
	for (int i = 0; i < 32; i++)
		p[i * PAGE] = (char)i;
	left = sys(SYS_migrate_pages, 0, 65, &from, &to);
	CHECK(left >= 0);
	for (int i = 0; i < 32; i++) {
		CHECK_EQ(node_of(p + i * PAGE), nodes[1]);
		CHECK_EQ(p[i * PAGE], i);
	}
}

CASE(home_node)
{
	char *p;
	long ret;

	find_nodes();
	p = map(4 * PAGE, MAP_PRIVATE);
	ret = sys(NR_HOME_NODE, p, 4 * PAGE, nodes[0], 0);
	if (ret == -ENOSYS)
		SKIP("before Linux 5.17");
	CHECK_EQ(ret, -ENOENT);	/* nothing has a policy */
	CHECK_EQ(bind(p, 4 * PAGE, BIND, memory.word[0], 0), 0);
	CHECK_EQ(sys(NR_HOME_NODE, p, 4 * PAGE, nodes[nr_nodes - 1], 0), 0);
	p[0] = 1;
	CHECK_EQ(node_of(p), nodes[nr_nodes - 1]);
	CHECK_EQ(sys(NR_HOME_NODE, p, 4 * PAGE, 4000, 0), -EINVAL);
	CHECK_EQ(sys(NR_HOME_NODE, p, 4 * PAGE, nodes[0], 1), -EINVAL);
	CHECK_EQ(sys(NR_HOME_NODE, p + 1, PAGE, nodes[0], 0), -EINVAL);
	CHECK_EQ(bind(p, 4 * PAGE, INTERLEAVE, memory.word[0], 0), 0);
	CHECK_EQ(sys(NR_HOME_NODE, p, 4 * PAGE, nodes[0], 0), -EOPNOTSUPP);
}
