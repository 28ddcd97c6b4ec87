/* SPDX-License-Identifier: MIT */
/*
 * FPU state: XSAVE's standard form, or FXSAVE's 512 bytes where there is no
 * XSAVE. See fpu.h for where a thread's newest state is.
 *
 * XRSTOR and FXRSTOR cannot fault here: only sanitised images reach memory
 * (image_sanitise), and areas are 64-byte aligned.
 * Sources: Intel SDM vol. 1 ch. 13 (XSAVE), §10.5 (FXSAVE), §13.4.2 (header);
 * vol. 3 §13.1 (CR0.TS and #NM).
 */
#include "fpu.h"

#include <arch/irq.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <kernel/task/thread.h>
#include <mm/slab.h>

#include "cpuid.h"
#include "regs.h"
#include "uaccess_priv.h"

/* State components (Intel SDM vol. 1 §13.1): x87, SSE, AVX; opmask, ZMM_Hi256, Hi16_ZMM. */
#define XFEATURE_LEGACY 0x3ull
#define XFEATURE_AVX    0x4ull
#define XFEATURE_AVX512 0xe0ull

#define LEGACY_SIZE  512u
#define HEADER_SIZE  64u
#define MXCSR_RESET  0x1f80u
#define FCW_RESET    0x037fu

struct xsave_header {
	u64 xstate_bv;
	u64 xcomp_bv; /* compacted form: not used, 0 */
	u64 reserved[6];
};
static_assert(sizeof(struct xsave_header) == HEADER_SIZE, "SDM vol. 1 §13.4.2");

struct fpu_image {
	struct linux_fpstate legacy;
	struct xsave_header header;
	u8 extended[];
};
static_assert(offsetof(struct fpu_image, header) == LEGACY_SIZE, "SDM vol. 1 §13.4");

/* All written once, on the boot CPU. */
static bool use_xsave, use_xsaveopt;
static u64 xfeatures;
static u32 image_size = LEGACY_SIZE;
static u32 mxcsr_mask = 0xffbf; /* when FXSAVE shows 0: Intel SDM vol. 1 §11.6.6 */
static struct slab_cache *cache;
static struct fpu_image initial __aligned(64);

static void xcr0_write(u64 v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

static void ts_clear(void)
{
	__asm__ volatile("clts");
}

static void ts_set(void)
{
	cr0_write(cr0_read() | CR0_TS);
}

static void registers_save(struct fpu_image *image, bool whole)
{
	u32 lo = (u32)xfeatures, hi = (u32)(xfeatures >> 32);

	if (!use_xsave)
		__asm__ volatile("fxsave64 %0" : "=m"(*image)::"memory");
	else if (use_xsaveopt && !whole)
		__asm__ volatile("xsaveopt64 %0" : "+m"(*image) : "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("xsave64 %0" : "+m"(*image) : "a"(lo), "d"(hi) : "memory");
}

static void registers_load(const struct fpu_image *image)
{
	if (use_xsave)
		__asm__ volatile("xrstor64 %0" ::"m"(*image), "a"((u32)xfeatures),
				 "d"((u32)(xfeatures >> 32))
				 : "memory");
	else
		__asm__ volatile("fxrstor64 %0" ::"m"(*image) : "memory");
}

void fpu_init(void)
{
	struct cpuid_regs r = cpuid(0xd, 0);

	initial.legacy.cwd = FCW_RESET;
	initial.legacy.mxcsr = MXCSR_RESET;
	use_xsave = cpu_has(CPU_XSAVE) && (r.eax & XFEATURE_LEGACY) == XFEATURE_LEGACY;
	if (!use_xsave)
		return;
	use_xsaveopt = cpu_has(CPU_XSAVEOPT);
	xfeatures = XFEATURE_LEGACY | (r.eax & XFEATURE_AVX);
	if (cpu_has(CPU_AVX512F) && (r.eax & XFEATURE_AVX512) == XFEATURE_AVX512)
		xfeatures |= XFEATURE_AVX512;
}

void fpu_init_cpu(void)
{
	ts_clear();
	if (use_xsave) {
		xcr0_write(xfeatures);
		/* EBX: size of what XCR0 has on now (Intel SDM vol. 2 "CPUID" 0Dh). */
		image_size = MAX(cpuid(0xd, 0).ebx, (u32)sizeof(struct fpu_image));
	}
	if (!this_cpu()->id) {
		static struct linux_fpstate probe __aligned(16);

		__asm__ volatile("fxsave64 %0" : "=m"(probe));
		if (probe.mxcsr_mask)
			mxcsr_mask = probe.mxcsr_mask;
	}
	ts_set();
}

void fpu_init_cache(void)
{
	cache = slab_create("fpu_state", image_size, 64);
	PANIC_ON(!cache, "fpu: no memory for the state cache");
}

size_t fpu_state_size(void)
{
	return use_xsave ? image_size + FP_XSTATE_MAGIC2_SIZE : LEGACY_SIZE;
}

bool fpu_used(struct thread *thread)
{
	return thread->arch.fpu != NULL;
}

/* Without a header (FXSAVE) an image is shorter than struct fpu_image. */
static void image_init(struct fpu_image *image)
{
	memset(image, 0, image_size);
	memcpy(&image->legacy, &initial.legacy, sizeof(initial.legacy));
}

/* The same for an image whose bytes are the thread's own: XRSTOR takes what
 * XSTATE_BV leaves out as initial, and only MXCSR from memory all the same. */
static void image_reset(struct fpu_image *image)
{
	if (!use_xsave) {
		image_init(image);
		return;
	}
	image->header = (struct xsave_header){ 0 };
	image->legacy.mxcsr = MXCSR_RESET;
}

static struct fpu_image *image_alloc(unsigned flags)
{
	struct fpu_image *image = slab_alloc(cache, flags);

	if (image)
		image_init(image);
	return image;
}

/* Interrupts off from here to registers_end(): the registers show current's
 * state, which current->arch.fpu exists for. */
static irqflags_t registers_begin(void)
{
	irqflags_t flags = irq_save();
	struct cpu *cpu = this_cpu();
	struct thread *me = current;

	if (cpu->fpu_live)
		return flags;
	ts_clear();
	if (cpu->fpu_owner != me || me->arch.fpu_cpu != cpu->id)
		registers_load(me->arch.fpu);
	cpu->fpu_owner = me;
	me->arch.fpu_cpu = cpu->id;
	cpu->fpu_live = true;
	return flags;
}

static void registers_end(irqflags_t flags)
{
	irq_restore(flags);
}

/* The registers are not current's newest state any more. */
static void registers_forget(void)
{
	irqflags_t flags = irq_save();
	struct cpu *cpu = this_cpu();

	if (cpu->fpu_live) {
		ts_set();
		cpu->fpu_live = false;
	}
	current->arch.fpu_cpu = NR_CPUS;
	irq_restore(flags);
}

bool fpu_trap(void)
{
	struct thread *me = current;

	if (!me->arch.fpu) {
		me->arch.fpu = image_alloc(MEM_NOWAIT);
		me->arch.fpu_cpu = NR_CPUS;
	}
	if (!me->arch.fpu)
		return false;
	registers_end(registers_begin());
	return true;
}

void fpu_switch_out(struct thread *prev)
{
	struct cpu *cpu = this_cpu();

	registers_save(prev->arch.fpu, false);
	ts_set();
	cpu->fpu_live = false;
}

void fpu_free(struct thread *thread)
{
	if (!thread->arch.fpu)
		return;
	slab_free(cache, thread->arch.fpu);
	thread->arch.fpu = NULL;
	thread->arch.fpu_cpu = NR_CPUS;
}

void fpu_reset(void)
{
	registers_forget();
	fpu_free(current);
}

int fpu_fork(struct thread *child)
{
	struct thread *me = current;
	irqflags_t flags;

	child->arch.fpu = NULL;
	child->arch.fpu_cpu = NR_CPUS;
	if (!me->arch.fpu)
		return 0;
	child->arch.fpu = image_alloc(0);
	if (!child->arch.fpu)
		return -ENOMEM;
	/* The registers may be newer than memory; XSAVE into the child's own area. */
	flags = irq_save();
	if (this_cpu()->fpu_live)
		registers_save(child->arch.fpu, true);
	else
		memcpy(child->arch.fpu, me->arch.fpu, image_size);
	irq_restore(flags);
	return 0;
}

/* Give current an area if it has none. */
static int image_ensure(void)
{
	struct thread *me = current;

	if (me->arch.fpu)
		return 0;
	me->arch.fpu = image_alloc(0);
	me->arch.fpu_cpu = NR_CPUS;
	return me->arch.fpu ? 0 : -ENOMEM;
}

/* What the software writes into an image for its readers (asm/sigcontext.h). */
static struct linux_fpx_sw_bytes software_bytes(void)
{
	return (struct linux_fpx_sw_bytes){
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = image_size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = xfeatures,
		.xstate_size = image_size,
	};
}

/*
 * The registers straight into user memory, without a copy on the way. XSAVE writes
 * all components, also those in initial state, but of the header no more than
 * XSTATE_BV's bits of them: the rest is cleared before.
 * Return: 0; -EFAULT: the pages are not there, or are not to be: the long way tells.
 */
static int save_direct(void __user *buf)
{
	const struct linux_fpx_sw_bytes sw = software_bytes();
	struct fpu_image __user *image = buf;
	irqflags_t flags;
	int err;

	if (!use_xsave || !user_range_ok(buf, image_size) ||
	    user_clear(user_field(image, header), HEADER_SIZE))
		return -EFAULT;
	flags = registers_begin();
	err = user_xsave_nofault(buf, xfeatures);
	registers_end(flags);
	return err ? err : copy_to_user(user_field(image, legacy.sw_reserved), &sw, sizeof(sw));
}

static int save_by_copy(void __user *buf)
{
	struct fpu_image *image = current->arch.fpu;
	irqflags_t flags = registers_begin();

	registers_save(image, true);
	registers_end(flags);
	/* The software's bytes go out with the image; the CPU ignores them. */
	image->legacy.sw_reserved = use_xsave ? software_bytes() : (struct linux_fpx_sw_bytes){ 0 };
	return copy_to_user(buf, image, image_size);
}

int fpu_save_user(void __user *buf)
{
	int err = image_ensure();

	if (err)
		return err;
	if (save_direct(buf) && save_by_copy(buf))
		return -EFAULT;
	if (use_xsave && user_write_u32((char __user *)buf + image_size, FP_XSTATE_MAGIC2))
		return -EFAULT;
	registers_forget();
	image_reset(current->arch.fpu);
	return 0;
}

/* Whether @buf goes on past the 512 bytes, by Linux's two magic numbers. */
static bool user_image_is_xsave(const struct linux_fpx_sw_bytes *sw, const void __user *buf)
{
	u32 magic2;

	return use_xsave && sw->magic1 == FP_XSTATE_MAGIC1 && sw->xstate_size <= image_size &&
	       sw->xstate_size >= sizeof(struct fpu_image) &&
	       sw->extended_size == sw->xstate_size + FP_XSTATE_MAGIC2_SIZE &&
	       !user_read_u32(&magic2, (const char __user *)buf + sw->xstate_size) &&
	       magic2 == FP_XSTATE_MAGIC2;
}

/* Intel SDM vol. 1 §13.8.1: what XRSTOR would #GP on is refused, as on Linux. */
static int image_sanitise(struct fpu_image *image)
{
	static const u64 zero[6];

	if (!use_xsave) {
		image->legacy.mxcsr &= mxcsr_mask;
		return 0;
	}
	if (image->header.xcomp_bv || memcmp(image->header.reserved, zero, sizeof(zero)) ||
	    (image->header.xstate_bv & ~xfeatures) || (image->legacy.mxcsr & ~mxcsr_mask))
		return -EINVAL;
	return 0;
}

/* Writes every byte of @image: what comes from the slab may be another's. */
static int image_read(struct fpu_image *image, const void __user *buf)
{
	u32 more = 0;

	if (copy_from_user(image, buf, LEGACY_SIZE))
		return -EFAULT;
	if (user_image_is_xsave(&image->legacy.sw_reserved, buf)) {
		more = image->legacy.sw_reserved.xstate_size - LEGACY_SIZE;
		if (copy_from_user(&image->header, (const char __user *)buf + LEGACY_SIZE, more))
			return -EFAULT;
	}
	if (LEGACY_SIZE + more < image_size)
		memset((char *)image + LEGACY_SIZE + more, 0, image_size - LEGACY_SIZE - more);
	if (use_xsave && !more)
		image->header.xstate_bv = XFEATURE_LEGACY;
	return image_sanitise(image);
}

/*
 * An image as save_direct() leaves it, straight into the registers. The CPU itself
 * refuses what it cannot take (Intel SDM vol. 1 §13.8.1).
 * Return: false: something is not so simple; the registers hold nobody's state.
 */
static bool load_direct(const void __user *buf)
{
	const struct fpu_image __user *image = buf;
	struct linux_fpx_sw_bytes sw;
	struct thread *me = current;
	struct cpu *cpu;
	irqflags_t flags;
	u32 mxcsr;
	bool ok;

	if (!use_xsave || !me->arch.fpu || !user_range_ok(buf, image_size) ||
	    copy_from_user(&sw, user_field(image, legacy.sw_reserved), sizeof(sw)) ||
	    sw.xstate_size != image_size || !user_image_is_xsave(&sw, buf))
		return false;
	/* Emulators take any MXCSR. */
	if (user_read_u32(&mxcsr, user_field(image, legacy.mxcsr)) || (mxcsr & ~mxcsr_mask))
		return false;
	flags = irq_save();
	cpu = this_cpu();
	if (!cpu->fpu_live)
		ts_clear();
	ok = !user_xrstor_nofault(buf, xfeatures);
	if (!ok)
		ts_set();
	cpu->fpu_live = ok;
	cpu->fpu_owner = ok ? me : NULL;
	me->arch.fpu_cpu = ok ? cpu->id : NR_CPUS;
	irq_restore(flags);
	return ok;
}

int fpu_load_user(const void __user *buf)
{
	struct fpu_image *image, *old;
	int err;

	if (!buf) {
		fpu_reset();
		return 0;
	}
	if (load_direct(buf))
		return 0;
	/* Copied to a second area: a fault half-way must not leave half a state. */
	image = slab_alloc(cache, 0);
	if (!image)
		return -ENOMEM;
	err = image_read(image, buf);
	if (err) {
		slab_free(cache, image);
		return err;
	}
	registers_forget();
	old = current->arch.fpu;
	current->arch.fpu = image;
	if (old)
		slab_free(cache, old);
	return 0;
}

size_t fpu_export_size(void)
{
	return use_xsave ? image_size : 0;
}

/* Components that XSTATE_BV leaves out are initial, whatever their bytes are. */
static void clear_initial(struct fpu_image *image)
{
	u64 gone = xfeatures & ~image->header.xstate_bv;
	struct linux_fpstate *legacy = &image->legacy;

	if (gone & 1) {
		memset(legacy, 0, offsetof(struct linux_fpstate, mxcsr));
		memset(legacy->st_space, 0, sizeof(legacy->st_space));
		legacy->cwd = FCW_RESET;
	}
	if (gone & 2)
		memset(legacy->xmm_space, 0, sizeof(legacy->xmm_space));
	for (u32 i = 2; i < 32; i++) {
		struct cpuid_regs r;

		if (!(gone >> i & 1))
			continue;
		r = cpuid(0xd, i); /* EAX: size, EBX: where (Intel SDM vol. 2 "CPUID" 0Dh) */
		if (r.ebx + r.eax <= image_size)
			memset((char *)image + r.ebx, 0, r.eax);
	}
	image->header.xstate_bv = xfeatures;
}

/* Switched out, the newest state is in memory. */
static void image_current(const struct thread *thread, struct fpu_image *image)
{
	if (thread->arch.fpu)
		memcpy(image, thread->arch.fpu, image_size);
	else
		image_init(image);
	if (use_xsave)
		clear_initial(image);
}

void fpu_export(struct thread *thread, void *buf, size_t len)
{
	struct fpu_image *image = slab_alloc(cache, MEM_NOWAIT);

	memset(buf, 0, len);
	if (!image)
		return;
	image_current(thread, image);
	image->legacy.mxcsr_mask = mxcsr_mask;
	image->legacy.sw_reserved = (struct linux_fpx_sw_bytes){ 0 };
	/* Where debuggers look which components there are: its first word (gdb). */
	memcpy(&image->legacy.sw_reserved, &xfeatures, sizeof(xfeatures));
	memcpy(buf, image, MIN(len, (size_t)image_size));
	slab_free(cache, image);
}

int fpu_import(struct thread *thread, const void *buf, size_t len)
{
	struct fpu_image *image = slab_alloc(cache, MEM_NOWAIT), *old = thread->arch.fpu;
	int err;

	if (!image)
		return -ENOMEM;
	image_current(thread, image);
	memcpy(image, buf, MIN(len, (size_t)image_size));
	if (use_xsave && len <= LEGACY_SIZE)
		image->header.xstate_bv |= XFEATURE_LEGACY;
	err = image->legacy.mxcsr & ~mxcsr_mask ? -EINVAL : image_sanitise(image);
	if (err) {
		slab_free(cache, image);
		return err;
	}
	thread->arch.fpu = image;
	thread->arch.fpu_cpu = NR_CPUS; /* no registers have it any more */
	if (old)
		slab_free(cache, old);
	return 0;
}

void fpu_status(u16 *fsw, u16 *fcw, u32 *mxcsr)
{
	irqflags_t flags;

	*fsw = 0;
	*fcw = FCW_RESET;
	*mxcsr = MXCSR_RESET;
	if (!fpu_used(current))
		return;
	flags = registers_begin();
	__asm__ volatile("fnstsw %0" : "=m"(*fsw));
	__asm__ volatile("fnstcw %0" : "=m"(*fcw));
	__asm__ volatile("stmxcsr %0" : "=m"(*mxcsr));
	registers_end(flags);
}
