# SPDX-License-Identifier: MIT
#
# Exo-OS: one makefile for the kernel; user space and tests are fragments of it
# (user/user.mk, tests/user/user_tests.mk, tests/host/host.mk).
#
#   make              kernel and initrd, PROFILE=debug
#   make run          boot it in QEMU to a shell        make debug   ... under gdb
#   make test         every test but the long ones      make lint    form, layers, headers
#   make iso          build/exo.iso, for BIOS and UEFI, CD and stick (make usb DEV=/dev/sdX)
#   make help         the rest
#
# Variables: PROFILE=debug|release|ubsan|kasan  CC=gcc|clang|x86_64-elf-gcc  V=1
#            SMP=n NUMA=n MEM=size (make run)

PROFILE ?= debug
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
B := build/$(PROFILE)

# A cross compiler on PATH or made by `make toolchain` is preferred to the host's.
CROSS := $(firstword $(wildcard build/toolchain/bin/x86_64-elf-gcc) \
	$(shell command -v x86_64-elf-gcc 2>/dev/null))
ifeq ($(origin CC),default)
CC := $(or $(CROSS),gcc)
endif
LD := $(if $(findstring x86_64-elf-gcc,$(CC)),$(CC:gcc=ld),ld)
NASM ?= nasm
PY := python3
IS_CLANG := $(findstring clang,$(CC))

# ---- Profiles -----------------------------------------------------------------
OPT_debug := -O2 -DCONFIG_DEBUG=1 -DCONFIG_TESTS=1 -DCONFIG_UBSAN=0 -DCONFIG_KASAN=0
OPT_release := -O2 -DCONFIG_DEBUG=0 -DCONFIG_TESTS=0 -DCONFIG_UBSAN=0 -DCONFIG_KASAN=0
OPT_ubsan := -O2 -DCONFIG_DEBUG=1 -DCONFIG_TESTS=1 -DCONFIG_UBSAN=1 -DCONFIG_KASAN=0
OPT_kasan := -O2 -DCONFIG_DEBUG=1 -DCONFIG_TESTS=1 -DCONFIG_UBSAN=0 -DCONFIG_KASAN=1
ifndef OPT_$(PROFILE)
$(error PROFILE is debug, release, ubsan or kasan, not "$(PROFILE)")
endif
TESTS := $(if $(findstring CONFIG_TESTS=1,$(OPT_$(PROFILE))),1)

# Traces that name every caller, or, in the release, fewer instructions on every path.
FRAMES_debug := -fno-optimize-sibling-calls
FRAMES_ubsan := $(FRAMES_debug)
FRAMES_kasan := $(FRAMES_debug)
FRAMES_release := -momit-leaf-frame-pointer

SAN_ubsan := -fsanitize=undefined
SAN_kasan := -fsanitize=kernel-address $(if $(IS_CLANG),\
	-mllvm -asan-instrumentation-with-call-threshold=0 -mllvm -asan-stack=0 -mllvm -asan-globals=0,\
	--param asan-instrumentation-with-call-threshold=0 --param asan-stack=0 --param asan-globals=0)
# Not instrumented: what runs before the shadow exists, and the checkers themselves.
NO_SAN := boot/% kernel/core/kasan.c kernel/core/ubsan.c arch/x86_64/mmu.c arch/x86_64/pagetable.c

WARN := -Werror -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes \
	-Wcast-qual -Wwrite-strings -Wimplicit-fallthrough \
	-Wframe-larger-than=$(if $(filter kasan ubsan,$(PROFILE)),2048,1024)
CFLAGS := -std=gnu11 -g $(OPT_$(PROFILE)) $(WARN) -I. -Ibuild/gen -Iarch/x86_64/include -ffreestanding -fno-pie \
	-mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer $(FRAMES_$(PROFILE)) \
	-fno-strict-aliasing -fstack-protector -mstack-protector-guard=global -fno-common \
	-fno-asynchronous-unwind-tables -ffile-prefix-map=$(CURDIR)/= \
	$(if $(IS_CLANG),-target x86_64-linux-gnu -Wno-initializer-overrides,\
		-fno-delete-null-pointer-checks)
ASFLAGS := -f elf64 -g -F dwarf -Ibuild/gen/ -I$(B)/ -I./ -Werror
LDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none --no-warn-rwx-segments

# ---- Sources: whole folders; tools/check_linked.py finds what stands elsewhere ------
KERNEL_DIRS := boot arch/x86_64 drivers/usb mm ipc fs security kernel kernel/lib kernel/core kernel/sched \
	kernel/task kernel/time $(if $(TESTS),tests/kernel)
KERNEL_SRCS := $(foreach d,$(KERNEL_DIRS),$(wildcard $(d)/*.c $(d)/*.asm))
KERNEL_SRCS := $(filter-out arch/x86_64/offsets.c $(if $(TESTS),,%_test.c),$(KERNEL_SRCS))
GEN_SRCS := build/gen/font_data.c build/gen/errno_names.c build/gen/syscall_table.c
OBJS := $(patsubst %,$(B)/obj/%.o,$(KERNEL_SRCS) $(GEN_SRCS))
GEN := build/gen/kernel/abi/errno.h build/gen/kernel/syscall_table.h build/gen/offsets.inc

.PHONY: all kernel run debug test test-bochs test-kernel lint toolchain torture torture-security verify suites \
	clean help compdb FORCE
.DELETE_ON_ERROR:
.SECONDARY:
all: kernel

# ---- Generated files: rewritten only when they differ ---------------------------------
build/gen/kernel/abi/errno.h: kernel/abi/errno.tbl tools/gen_errno.py
	$(Q)$(PY) tools/gen_errno.py --out build/gen && touch $@
build/gen/errno_names.c: build/gen/kernel/abi/errno.h ;
build/gen/kernel/syscall_table.h: kernel/syscall.tbl tools/gen_syscalls.py $(wildcard kernel/abi/linux_*.h)
	$(Q)$(PY) tools/gen_syscalls.py --out build/gen && touch $@
build/gen/syscall_table.c: build/gen/kernel/syscall_table.h ;
build/pkg/font.psf.gz: tools/package.py
	$(Q)tools/package.py --file /usr/share/consolefonts/Uni2-Fixed16.psf.gz -o $@ console-setup-linux
	@touch $@
build/gen/font_data.c: build/pkg/font.psf.gz tools/gen_font.py
	$(Q)$(PY) tools/gen_font.py $< -o $@ && touch $@
build/gen/offsets.inc: arch/x86_64/offsets.c $(wildcard arch/x86_64/*.h arch/x86_64/include/arch/*.h \
		kernel/task/*.h kernel/config.h) build/gen/kernel/abi/errno.h build/gen/kernel/syscall_table.h
	$(Q)$(PY) tools/gen_offsets.py -o $@ -- $(CC) $(filter-out -g,$(CFLAGS)) && touch $@

# ---- Compile ---------------------------------------------------------------------
# A change of compiler or flags rebuilds: the stamp changes with them.
STAMP := $(B)/flags
$(STAMP): FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(SAN_$(PROFILE)) $(NASM) $(ASFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS) $(SAN_$(PROFILE)) $(NASM) $(ASFLAGS)' > $@

san = $(if $(filter $(NO_SAN),$(1)),,$(SAN_$(PROFILE)))
# The functions that compilers call by themselves must not be made of calls to them.
$(B)/obj/kernel/lib/string.c.o: CFLAGS += -fno-builtin $(if $(IS_CLANG),,-fno-tree-loop-distribute-patterns)

$(B)/obj/%.c.o: %.c $(STAMP) | $(GEN)
	@mkdir -p $(@D)
	@test -s $< || { echo "$<: empty source file"; exit 1; }
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) $(call san,$<) -MMD -MP -c $< -o $@

# nasm 2.16 leaves files found by -I out of its list of dependencies.
$(B)/obj/%.asm.o: %.asm $(STAMP) build/gen/offsets.inc | $(GEN)
	@mkdir -p $(@D)
	@test -s $< || { echo "$<: empty source file"; exit 1; }
	$(if $(Q),@echo "  NASM  $<")
	$(Q)$(NASM) $(ASFLAGS) -MD $(@:.o=.d) -MT $@ $< -o $@
# nasm 2.16 does not list what it finds along -I.
$(filter %.asm.o,$(OBJS)): build/gen/offsets.inc

# ---- The vDSO: user code, so none of the kernel's flags; it lies in the kernel as a file ----
VDSO_CFLAGS := -std=gnu11 -g -O2 $(WARN) -I. -Ibuild/gen -ffreestanding -fPIC -fvisibility=hidden \
	-mgeneral-regs-only -fomit-frame-pointer -fno-stack-protector -fcf-protection=none \
	-fasynchronous-unwind-tables -ffile-prefix-map=$(CURDIR)/= $(if $(IS_CLANG),-target x86_64-linux-gnu)
VDSO_LDFLAGS := -m elf_x86_64 -shared -soname linux-vdso.so.1 --hash-style=both --no-undefined -z text -s \
	--eh-frame-hdr --build-id=none -z max-page-size=4096 -z noexecstack
$(B)/vdso.o: arch/x86_64/vdso/vdso.c Makefile $(STAMP) | $(GEN)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(VDSO_CFLAGS) -MMD -MP -c $< -o $@
$(B)/vdso.so: $(B)/vdso.o arch/x86_64/vdso/vdso.ld
	$(Q)$(LD) $(VDSO_LDFLAGS) -T arch/x86_64/vdso/vdso.ld -o $@ $<
$(B)/obj/arch/x86_64/vdso_image.asm.o: $(B)/vdso.so
-include $(B)/vdso.d

# ---- Link twice: the second time with the symbol table made from the first ------------
kernel: $(B)/exo.elf

LINK = $(LD) $(LDFLAGS) -T linker.ld
$(B)/ksym0.c: tools/gen_ksym.py
	@mkdir -p $(@D)
	$(Q)$(PY) tools/gen_ksym.py --empty -o $@
$(B)/ksym%.o: $(B)/ksym%.c
	$(Q)$(CC) $(CFLAGS) -c $< -o $@
$(B)/first.elf: $(OBJS) $(B)/ksym0.o linker.ld
	$(Q)$(LINK) -o $@ $(OBJS) $(B)/ksym0.o
$(B)/ksym1.c: $(B)/first.elf
	$(Q)$(PY) tools/gen_ksym.py --kernel $< -o $@ && touch $@
$(B)/exo.elf: $(B)/first.elf $(B)/ksym1.o
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(LINK) -Map $(B)/exo.map -o $@.tmp $(OBJS) $(B)/ksym1.o
	$(Q)$(PY) tools/gen_ksym.py --verify $(B)/first.elf $@.tmp
	$(Q)$(PY) tools/check_linked.py --map $(B)/exo.map $(KERNEL_SRCS)
	@mv $@.tmp $@

-include $(OBJS:.o=.d)

# ---- User space, tests ------------------------------------------------------------
-include boot/grub/grub.mk user/user.mk tests/user/user_tests.mk tests/host/host.mk tests/bench/bench.mk

all: initrd

setup:
	@tools/setup --check || tools/setup

run: setup
	$(Q)$(MAKE) --no-print-directory kernel initrd
	$(Q)tools/exo boot --profile $(PROFILE) $(if $(SMP),--smp $(SMP)) \
		$(if $(NUMA),--numa $(NUMA)) $(if $(MEM),--mem $(MEM))

debug: setup
	$(Q)$(MAKE) --no-print-directory kernel initrd
	$(Q)tools/exo debug --profile $(PROFILE)

test: setup
	$(Q)$(PY) tools/run_tests.py

suites: setup
	$(Q)$(PY) tools/suites.py

torture: setup
	$(Q)$(PY) tools/run_tests.py --torture

# Models of the rings' protocols in all their states, and the ring code with many messages.
verify: setup $(HOST_DIR)/host_tests $(HOST_DIR)/host_tests_tsan
	@command -v spin >/dev/null || tools/setup --verify
	$(Q)tests/verify/verify.py
	$(Q)RING_STRESS=$(or $(RING_STRESS),100000000) $(HOST_DIR)/host_tests ring_
	$(Q)$(HOST_DIR)/host_tests_tsan ring_

test-bochs: setup
	@tools/setup --bochs
	$(Q)$(PY) tools/run_tests.py --torture --only bochs

torture-security: setup
	$(Q)$(PY) tools/run_tests.py --torture-security $(if $(CALLS),--calls $(CALLS))

toolchain: setup
	$(Q)tools/toolchain

lint: $(GEN)
	$(Q)$(PY) tools/check_layers.py
	$(Q)$(PY) tools/check_style.py
	$(Q)$(PY) tools/check_linked.py
	$(Q)$(PY) tools/matrix.py --check-readme README.md
	$(Q)$(PY) tools/hardware.py --check-readme README.md
	$(Q)$(PY) tools/gen_syscalls.py --check-readme README.md --check-tests tests/user

compdb:
	$(Q)bear --output compile_commands.json -- $(MAKE) -B kernel

clean:
	rm -rf build/debug build/release build/ubsan build/kasan build/gen build/host build/user build/test build/bench

help:
	@sed -n '3,13s/^# \{0,1\}//p' Makefile
	@echo "  make test-host    the [pure] files on this Linux   make test-native  user tests on this Linux"
	@echo "  make bench        speed in instructions, beside a Linux guest"
	@echo "  make bench-wall   the same in time, 2 CPUs         make bench-machine  inside the kernel; boot"
	@echo "  make bench-ring   ring code on this Linux, beside pipes and the like"
	@echo "  make torture-security   ten million random calls from within a sandbox [CALLS=n], forgeries"
	@echo "  make torture      hours of stress                  make toolchain    an x86_64-elf gcc"
	@echo "  make verify       the rings' protocols, model-checked; 1e8 messages between two processes"
	@echo "  make suites       Python's, busybox's and bash's own tests, here and in Exo-OS, compared"
	@echo "  make test-bochs   the image in Bochs, another emulator (slow)"
	@echo "  make compdb       compile_commands.json            make clean"
