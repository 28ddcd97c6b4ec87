# SPDX-License-Identifier: MIT
#
# Host tests: the [pure] files as Linux programs. Works alone, from the root of
# the tree, and included by the top Makefile:
#   make -f tests/host/host.mk test-host [SEED=n]   everything, under 30 s
#   make -f tests/host/host.mk fuzz NAME=cpio [FUZZ_SECONDS=60]   libFuzzer
# Tests of more files: add the files to PURE_SRCS, a tests/host/NAME_test.c, and
# for a parser a tests/host/fuzz/NAME_fuzz.c; nothing else needs to know.

# Every [pure] C file that the tests link.
PURE_SRCS := $(wildcard kernel/lib/*.c) $(wildcard boot/*.c) \
	drivers/usb/usb_desc.c drivers/usb/usb_keys.c $(wildcard arch/x86_64/acpi_tables.c) \
	mm/buddy.c mm/arena.c mm/vmtree.c mm/pagetree.c arch/x86_64/pagetable.c \
	fs/tty_ldisc.c kernel/time/timer_queue.c \
	$(patsubst %,user/shell/%.c,pool lex word parse print pattern arith line) \
	$(patsubst %,user/init/%.c,manifest order restart)

HOST_DIR := build/host
HOST_CC ?= gcc
HOST_CLANG ?= clang
HOST_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -I. -Ibuild/gen -Werror -Wall -Wextra \
	-Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes -Wcast-qual \
	-Wwrite-strings -Wimplicit-fallthrough
HOST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_SAMPLES := $(HOST_DIR)/samples

HOST_TEST_SRCS := tests/host/test_main.c $(wildcard tests/host/*_test.c)
HOST_FUZZ_SRCS := $(wildcard tests/host/fuzz/*_fuzz.c)
HOST_FUZZ_NAMES := $(patsubst tests/host/fuzz/%_fuzz.c,%,$(HOST_FUZZ_SRCS))

# Ours beside libc's: these names are changed in the files that define and test
# them, so both are there; everybody else calls libc's checked ones.
HOST_RENAMED := memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr strrchr \
	snprintf vsnprintf
HOST_RENAME := -fno-builtin $(foreach f,$(HOST_RENAMED),-D$(f)=exo_$(f))
host_flags = $(if $(filter kernel/lib/string.c kernel/lib/format.c tests/host/string_test.c \
	tests/host/format_test.c,$(1)),$(HOST_RENAME))

host_objs = $(patsubst %.c,$(HOST_DIR)/$(1)/%.o,$(2))
HOST_PURE_OBJS := $(call host_objs,asan,$(PURE_SRCS))
HOST_TEST_OBJS := $(call host_objs,asan,$(HOST_TEST_SRCS))
HOST_FUZZ_OBJS := $(call host_objs,asan,tests/host/fuzz/main.c $(HOST_FUZZ_SRCS))
# The lock-free part once more, under the race checker.
HOST_TSAN_OBJS := $(call host_objs,tsan,tests/host/test_main.c tests/host/ring_test.c)

.PHONY: test-host fuzz
test-host: $(HOST_DIR)/host_tests $(HOST_DIR)/host_tests_tsan $(HOST_DIR)/host_fuzz $(HOST_SAMPLES)/.made
	@python3 tests/host/run.py $(HOST_DIR)/host_tests $(HOST_DIR)/host_tests_tsan \
		"$(HOST_DIR)/host_fuzz $(HOST_SAMPLES)"

$(HOST_DIR)/host_tests: $(HOST_TEST_OBJS) $(HOST_PURE_OBJS)
	$(HOST_Q)$(HOST_CC) $(HOST_SAN) -o $@ $^ -lpthread

$(HOST_DIR)/host_tests_tsan: $(HOST_TSAN_OBJS)
	$(HOST_Q)$(HOST_CC) -fsanitize=thread -o $@ $^ -lpthread

$(HOST_DIR)/host_fuzz: $(HOST_FUZZ_OBJS) $(HOST_PURE_OBJS)
	$(HOST_Q)$(HOST_CC) $(HOST_SAN) -o $@ $^

# V=1 shows the commands.
HOST_Q := $(if $(filter 1,$(V)),,@)
HOST_COMPILE = $(HOST_Q)$(if $(HOST_Q),echo "  HOSTCC $@";) $(HOST_CC) $(HOST_CFLAGS) \
	$(call host_flags,$<) -I$(HOST_DIR)/gen \
	-DHOST_SAMPLES='"$(HOST_SAMPLES)"' -MMD -MP -c $< -o $@

$(HOST_DIR)/asan/%.o: %.c tests/host/host.mk | build/gen/kernel/abi/errno.h $(HOST_DIR)/gen/fuzz_table.h
	@mkdir -p $(@D)
	$(HOST_COMPILE) $(HOST_SAN)

# gcc says that TSan does not model fences; the orderings it does model suffice.
$(HOST_DIR)/tsan/%.o: %.c tests/host/host.mk | build/gen/kernel/abi/errno.h
	@mkdir -p $(@D)
	$(HOST_COMPILE) -fsanitize=thread -Wno-tsan

# FUZZ_TARGET(name) for each fuzz entry.
$(HOST_DIR)/gen/fuzz_table.h: $(HOST_FUZZ_SRCS) tests/host/host.mk
	@mkdir -p $(@D)
	$(HOST_Q)printf 'FUZZ_TARGET(%s)\n' $(HOST_FUZZ_NAMES) > $@

$(HOST_SAMPLES)/.made: tests/host/make_samples.py tests/shell/cases.txt
	$(HOST_Q)python3 $< $(HOST_SAMPLES)
	$(HOST_Q)touch $@

fuzz: $(HOST_SAMPLES)/.made $(HOST_DIR)/gen/fuzz_table.h | build/gen/kernel/abi/errno.h
	@test -f tests/host/fuzz/$(NAME)_fuzz.c || { echo "usage: fuzz NAME=<$(HOST_FUZZ_NAMES)>"; exit 2; }
	@mkdir -p $(HOST_DIR)/fuzz/$(NAME)
	$(HOST_CLANG) $(HOST_CFLAGS) $(HOST_RENAME) -c -o $(HOST_DIR)/fuzz/string.o kernel/lib/string.c
	$(HOST_CLANG) $(HOST_CFLAGS) -I$(HOST_DIR)/gen -fsanitize=fuzzer,address,undefined \
		-DFUZZ_ENTRY=$(NAME)_fuzz -o $(HOST_DIR)/fuzz_$(NAME) tests/host/fuzz/libfuzzer.c \
		tests/host/fuzz/$(NAME)_fuzz.c \
		$(filter-out kernel/lib/string.c kernel/lib/format.c,$(PURE_SRCS)) $(HOST_DIR)/fuzz/string.o
	$(HOST_DIR)/fuzz_$(NAME) -max_total_time=$(or $(FUZZ_SECONDS),60) -artifact_prefix=$(HOST_DIR)/ \
		$(HOST_DIR)/fuzz/$(NAME) $(HOST_SAMPLES)/$(NAME)

-include $(patsubst %.o,%.d,$(HOST_PURE_OBJS) $(HOST_TEST_OBJS) $(HOST_FUZZ_OBJS) $(HOST_TSAN_OBJS))

# Alone: the one generated header, and a default goal.
ifeq ($(firstword $(MAKEFILE_LIST)),tests/host/host.mk)
.DEFAULT_GOAL := test-host
build/gen/kernel/abi/errno.h: kernel/abi/errno.tbl tools/gen_errno.py
	python3 tools/gen_errno.py --out build/gen
endif
