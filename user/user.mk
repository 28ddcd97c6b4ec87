# SPDX-License-Identifier: MIT
# The user side of the image: process 1 and the base archive build/initrd.cpio.
# Included by the top Makefile. These are ordinary static Linux programs, the
# same in every profile. Targets: initrd, user, lint-user.

USER_CC ?= musl-gcc
USER_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -static -I. -Ibuild/gen -g -MMD -MP -Werror -Wall -Wextra -Wshadow \
	-Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes -Wcast-qual -Wwrite-strings \
	-Wimplicit-fallthrough -Wframe-larger-than=8192

INIT_SRCS := $(wildcard user/init/*.c)
INIT_OBJS := $(INIT_SRCS:%.c=build/%.o)
SHELL_SRCS := $(wildcard user/shell/*.c)
SHELL_OBJS := $(SHELL_SRCS:%.c=build/%.o)
SANDBOX_SRCS := $(wildcard user/sandbox/*.c)
SANDBOX_OBJS := $(SANDBOX_SRCS:%.c=build/%.o)
# Tools of one file each: user/bin/NAME.c is /bin/NAME.
BIN_SRCS := $(wildcard user/bin/*.c)
BIN_ELFS := $(BIN_SRCS:user/bin/%.c=build/user/bin/%.elf)
# Each takes what it uses.
LIBEXO_SRCS := $(wildcard user/libexo/*.c)
LIBEXO_OBJS := $(LIBEXO_SRCS:%.c=build/%.o)
LIBEXO := build/user/libexo.a

.PHONY: user initrd lint-user
user: build/user/init.elf build/user/exsh.elf build/user/sandbox.elf $(BIN_ELFS)
initrd: build/initrd.cpio

build/user/%.o: user/%.c user/user.mk | build/gen/kernel/abi/errno.h build/gen/kernel/syscall_table.h
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(LIBEXO): $(LIBEXO_OBJS)
	$(Q)rm -f $@ && ar rcs $@ $^

build/user/init/init: $(INIT_OBJS) $(LIBEXO)
	$(Q)$(USER_CC) -static -o $@ $^

build/user/shell/exsh: $(SHELL_OBJS)
	$(Q)$(USER_CC) -static -o $@ $^

build/user/sandbox/sandbox: $(SANDBOX_OBJS)
	$(Q)$(USER_CC) -static -o $@ $^

build/user/bin/%: build/user/bin/%.o $(LIBEXO)
	$(Q)$(USER_CC) -static -o $@ $^
build/user/bin/%.elf: build/user/bin/%
	$(Q)strip -o $@ $<
.PRECIOUS: build/user/bin/%.o

# Stripped: every byte of it is in memory twice while the archive is unpacked.
build/user/exsh.elf: build/user/shell/exsh
	$(Q)strip -o $@ $<
build/user/sandbox.elf: build/user/sandbox/sandbox
	$(Q)strip -o $@ $<
build/user/init.elf: build/user/init/init
	$(Q)strip -o $@ $<

build/pkg/busybox: tools/package.py
	$(Q)tools/package.py --file /bin/busybox -o $@ busybox-static
	@touch $@

build/initrd.cpio: build/user/init.elf build/user/exsh.elf build/user/sandbox.elf $(BIN_ELFS) \
		build/pkg/busybox tools/mkinitrd.py user/user.mk user/report \
		user/etc $(shell find user/etc)
	$(if $(Q),@echo "  CPIO  $@")
	$(Q)tools/mkinitrd.py -o $@ --base --busybox build/pkg/busybox --tree user/etc:/etc \
		--file build/user/init.elf:/sbin/init:755 --file build/user/exsh.elf:/bin/exsh:755 \
		--file build/user/sandbox.elf:/bin/sandbox:755 --link /bin/pledge:sandbox --link /bin/unveil:sandbox \
		--link /bin/audit:sandbox \
		$(foreach b,$(BIN_ELFS),--file $(b):/bin/$(basename $(notdir $(b))):755) \
		--file user/report:/bin/report:755

# A second opinion on the C, with musl's headers.
MUSL_INC ?= $(firstword $(wildcard /usr/include/x86_64-linux-musl /usr/include/musl))
lint-user:
	$(Q)clang -fsyntax-only -nostdlibinc -isystem $(MUSL_INC) \
		$(filter-out -MMD -MP -static,$(USER_CFLAGS)) $(INIT_SRCS) $(SHELL_SRCS) \
		$(SANDBOX_SRCS) $(BIN_SRCS) $(LIBEXO_SRCS)

-include $(INIT_OBJS:.o=.d) $(SHELL_OBJS:.o=.d) $(SANDBOX_OBJS:.o=.d) $(BIN_SRCS:%.c=build/%.d) $(LIBEXO_OBJS:.o=.d)

# The boot's cost in instructions: tools/measure.py.
build/user/first_user: tests/bench/first_user.asm
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf64 -o $@.o $< && ld -static -o $@ $@.o && rm $@.o
