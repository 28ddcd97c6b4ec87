/* SPDX-License-Identifier: MIT */
/* [pure] Classic BPF for seccomp; contract in bpf.h. */
#include <security/bpf.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

#define OP_CLASS(code) ((code) & 0x07)
#define DATA_WORDS     (sizeof(struct linux_seccomp_data) / sizeof(u32))

/* ---- the checks ---- */

/* Opcodes and the operands that opcodes forbid. Memory and jumps come after. */
static bool insn_allowed(const struct linux_sock_filter *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return insn->k < sizeof(struct linux_seccomp_data) && insn->k % sizeof(u32) == 0;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return insn->k < BPF_MEMWORDS;
	case BPF_ALU | BPF_DIV | BPF_K:
		return insn->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return insn->k < 32;
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_ALU | BPF_NEG:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
		return true;
	}
	return false;
}

static bool jump_allowed(const struct linux_sock_filter *insn, u32 pc, u32 len)
{
	if (OP_CLASS(insn->code) != BPF_JMP)
		return true;
	if (insn->code == (BPF_JMP | BPF_JA))
		return insn->k < len - pc - 1;
	return pc + insn->jt + 1 < len && pc + insn->jf + 1 < len;
}

/*
 * No word of memory is read on a path that has not written it. Jumps go forward, so
 * one pass does: written[pc] is what every path that reaches pc has written. After a
 * return Linux carries on with what stood before it, and so does this.
 */
static bool memory_allowed(const struct linux_sock_filter *insns, u32 len, u16 *written)
{
	static_assert(BPF_MEMWORDS == 16, "a u16 has a bit for each word");
	u16 falls = 0; /* what the instruction before hands on */

	memset(written, 0xff, len * sizeof(*written));
	for (u32 pc = 0; pc < len; pc++) {
		const struct linux_sock_filter *insn = &insns[pc];

		falls &= written[pc];
		if (insn->code == BPF_ST || insn->code == BPF_STX) {
			falls |= (u16)BIT(insn->k);
		} else if (insn->code == (BPF_LD | BPF_MEM) || insn->code == (BPF_LDX | BPF_MEM)) {
			if (!(falls & BIT(insn->k)))
				return false;
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			written[pc + 1 + insn->k] &= falls;
			falls = 0xffff;
		} else if (OP_CLASS(insn->code) == BPF_JMP) {
			written[pc + 1 + insn->jt] &= falls;
			written[pc + 1 + insn->jf] &= falls;
			falls = 0xffff;
		}
	}
	return true;
}

int bpf_check(const struct linux_sock_filter *insns, u32 len, u16 *scratch)
{
	if (len == 0 || len > BPF_MAXINSNS)
		return -EINVAL;
	for (u32 pc = 0; pc < len; pc++)
		if (!insn_allowed(&insns[pc]) || !jump_allowed(&insns[pc], pc, len))
			return -EINVAL;
	if (OP_CLASS(insns[len - 1].code) != BPF_RET)
		return -EINVAL;
	return memory_allowed(insns, len, scratch) ? 0 : -EINVAL;
}

/* ---- the machine ---- */

/* A op= operand; false: a division by X == 0, which ends the program with 0. */
static inline bool alu(u16 op, u32 *a, u32 operand)
{
	switch (op) {
	case BPF_ADD:
		*a += operand;
		return true;
	case BPF_SUB:
		*a -= operand;
		return true;
	case BPF_MUL:
		*a *= operand;
		return true;
	case BPF_DIV:
		if (operand == 0)
			return false;
		*a /= operand;
		return true;
	case BPF_AND:
		*a &= operand;
		return true;
	case BPF_OR:
		*a |= operand;
		return true;
	case BPF_XOR:
		*a ^= operand;
		return true;
	case BPF_LSH: /* by X: as Linux's machine, the low five bits count */
		*a <<= operand & 31;
		return true;
	case BPF_RSH:
		*a >>= operand & 31;
		return true;
	}
	*a = -*a; /* BPF_NEG */
	return true;
}

static inline bool jump_taken(u16 op, u32 a, u32 operand)
{
	switch (op) {
	case BPF_JEQ:
		return a == operand;
	case BPF_JGT:
		return a > operand;
	case BPF_JGE:
		return a >= operand;
	}
	return a & operand; /* BPF_JSET */
}

u32 bpf_run(const struct linux_sock_filter *insns, const struct linux_seccomp_data *data)
{
	u32 words[DATA_WORDS], mem[BPF_MEMWORDS], a = 0, x = 0;

	memcpy(words, data, sizeof(words));
	for (const struct linux_sock_filter *insn = insns;; insn++) {
		u32 operand = insn->code & BPF_X ? x : insn->k;

		switch (insn->code) {
		case BPF_RET | BPF_K:
			return insn->k;
		case BPF_RET | BPF_A:
			return a;
		case BPF_LD | BPF_W | BPF_ABS:
			a = words[insn->k / sizeof(u32)];
			break;
		case BPF_LD | BPF_W | BPF_LEN:
			a = sizeof(words);
			break;
		case BPF_LDX | BPF_W | BPF_LEN:
			x = sizeof(words);
			break;
		case BPF_LD | BPF_IMM:
			a = insn->k;
			break;
		case BPF_LDX | BPF_IMM:
			x = insn->k;
			break;
		case BPF_LD | BPF_MEM:
			a = mem[insn->k];
			break;
		case BPF_LDX | BPF_MEM:
			x = mem[insn->k];
			break;
		case BPF_ST:
			mem[insn->k] = a;
			break;
		case BPF_STX:
			mem[insn->k] = x;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_MISC | BPF_TXA:
			a = x;
			break;
		case BPF_JMP | BPF_JA:
			insn += insn->k;
			break;
		default:
			if (OP_CLASS(insn->code) == BPF_JMP)
				insn += jump_taken(insn->code & 0xf0, a, operand) ? insn->jt
										  : insn->jf;
			else if (!alu(insn->code & 0xf0, &a, operand))
				return SECCOMP_RET_KILL_THREAD;
		}
	}
}

bool bpf_constant(const struct linux_sock_filter *insns, s32 nr, u32 *result)
{
	u32 a = 0;

	for (const struct linux_sock_filter *insn = insns;; insn++) {
		switch (insn->code) {
		case BPF_RET | BPF_K:
			*result = insn->k;
			return true;
		case BPF_RET | BPF_A:
			*result = a;
			return true;
		case BPF_LD | BPF_W | BPF_ABS:
			if (insn->k == offsetof(struct linux_seccomp_data, nr))
				a = (u32)nr;
			else if (insn->k == offsetof(struct linux_seccomp_data, arch))
				a = AUDIT_ARCH_X86_64;
			else
				return false;
			break;
		case BPF_LD | BPF_IMM:
			a = insn->k;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		case BPF_JMP | BPF_JA:
			insn += insn->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			insn += jump_taken(insn->code & 0xf0, a, insn->k) ? insn->jt
									  : insn->jf;
			break;
		default:
			return false;
		}
	}
}
