/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU (docs/devel/tcg-plugins in its source): counts how often each
 * guest instruction is executed between two points in the program, and writes
 * "address count" lines, hexadecimal and decimal, to a file at the end.
 *
 *   -plugin profile.so,out=FILE,begin=0xADDR,end=0xADDR
 *
 * `begin` and `end` are addresses of the program's two marks; nothing is counted
 * outside them. Or it counts all from reset to the first instruction in the upper
 * half, which is the kernel proper, and to that at process 1's first address:
 *
 *   -plugin profile.so,out=FILE,init=0xADDR      "kernel N", "user N"
 *
 * Debian ships no qemu-plugin.h, so what is used of the interface
 * (version 4, QEMU 9.2 and newer) is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define MAP_SIZE (1u << 20) /* entries; an instruction that finds no place is counted as lost */

typedef uint64_t plugin_id;
struct tb;
struct insn;
struct info;

enum cb_flags { CB_NO_REGS };

size_t qemu_plugin_tb_n_insns(const struct tb *tb);
struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t idx);
uint64_t qemu_plugin_insn_vaddr(const struct insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*cb)(plugin_id id, struct tb *tb));
uint64_t qemu_plugin_tb_vaddr(const struct tb *tb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *tb, void (*cb)(unsigned int vcpu, void *data),
					  enum cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *insn,
					    void (*cb)(unsigned int vcpu, void *data),
					    enum cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *data), void *data);

EXPORT int qemu_plugin_version = 4;
EXPORT int qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv);

struct entry {
	uint64_t va; /* 0: free */
	uint64_t count;
};

static struct entry map[MAP_SIZE];
static uint64_t begin_va, end_va, lost;
static uint64_t init_va, total, at_kernel, at_user;
static char out_path[4096];
static bool counting;

/* The entry of an address, made at need; NULL: the map is full. */
static struct entry *find(uint64_t va)
{
	uint32_t at = (uint32_t)((va * 0x9e3779b97f4a7c15ull) >> 44);

	for (uint32_t i = 0; i < 64; i++) {
		struct entry *e = &map[(at + i) % MAP_SIZE];

		if (e->va == va || e->va == 0) {
			e->va = va;
			return e;
		}
	}
	return NULL;
}

static void count(unsigned int vcpu, void *data)
{
	struct entry *e = data;

	(void)vcpu;
	if (counting && e)
		e->count++;
	else if (counting)
		lost++;
}

static void begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	counting = true;
}

static void end(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	counting = false;
}

static void block_of_boot(unsigned int vcpu, void *data)
{
	(void)vcpu;
	total += (uintptr_t)data;
}

static void first_kernel(unsigned int vcpu, void *data)
{
	block_of_boot(vcpu, data);
	if (!at_kernel)
		at_kernel = total;
}

static void first_user(unsigned int vcpu, void *data)
{
	block_of_boot(vcpu, data);
	if (at_kernel && !at_user)
		at_user = total;
}

static void translated_boot(plugin_id id, struct tb *tb)
{
	uint64_t va = qemu_plugin_tb_vaddr(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, va >> 63 ? first_kernel :
					     va == init_va ? first_user : block_of_boot,
					     CB_NO_REGS, (void *)qemu_plugin_tb_n_insns(tb));
}

static void translated(plugin_id id, struct tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t va = qemu_plugin_insn_vaddr(insn);

		if (va == begin_va)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, CB_NO_REGS, NULL);
		else if (va == end_va)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end, CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, count, CB_NO_REGS, find(va));
	}
}

static void write_counts(plugin_id id, void *data)
{
	FILE *f = fopen(out_path, "w");

	(void)id;
	(void)data;
	if (!f)
		return;
	if (init_va) {
		fprintf(f, "kernel %" PRIu64 "\nuser %" PRIu64 "\n", at_kernel, at_user);
		fclose(f);
		return;
	}
	for (uint32_t i = 0; i < MAP_SIZE; i++) {
		if (map[i].count)
			fprintf(f, "%" PRIx64 " %" PRIu64 "\n", map[i].va, map[i].count);
	}
	fprintf(f, "0 %" PRIu64 "\n", lost);
	fclose(f);
}

EXPORT int qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			snprintf(out_path, sizeof(out_path), "%s", argv[i] + 4);
		else if (strncmp(argv[i], "begin=", 6) == 0)
			begin_va = strtoull(argv[i] + 6, NULL, 16);
		else if (strncmp(argv[i], "end=", 4) == 0)
			end_va = strtoull(argv[i] + 4, NULL, 16);
		else if (strncmp(argv[i], "init=", 5) == 0)
			init_va = strtoull(argv[i] + 5, NULL, 16);
		else
			return -1;
	}
	if (!out_path[0] || (!init_va && (!begin_va || !end_va)))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, init_va ? translated_boot : translated);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return 0;
}
