/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <kernel/lib/elf.h>
#include <stdlib.h>
#include <string.h>

int elf_fuzz(const u8 *data, size_t len)
{
	struct elf64_ehdr eh;
	struct elf64_phdr *ph;
	struct elf_plan plan;
	size_t table;
	int err;

	if (len < sizeof(eh))
		return 0;
	memcpy(&eh, data, sizeof(eh));
	if (elf_check(&eh, len))
		return 0;
	table = eh.e_phnum * sizeof(*ph);
	FUZZ_ASSERT(eh.e_phoff + table <= len);
	ph = malloc(table);
	memcpy(ph, data + eh.e_phoff, table);
	err = elf_check_phdrs(&eh, ph, &plan);
	if (!err) {
		FUZZ_ASSERT(plan.start < plan.end && plan.end < 1ull << 47);
		FUZZ_ASSERT(plan.start % 4096 == 0 && plan.end % 4096 == 0);
		FUZZ_ASSERT(plan.brk > plan.start && plan.brk <= plan.end);
		FUZZ_ASSERT(plan.align >= 4096 && !(plan.align & (plan.align - 1)));
		FUZZ_ASSERT(!plan.has_interp || (plan.interp_len >= 2 && plan.interp_len <= 4096));
	}
	free(ph);
	return err;
}
