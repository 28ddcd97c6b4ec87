# SPDX-License-Identifier: MIT
# User-level tests: static Linux programs under build/user/tests/, the same files on the host and in Exo-OS.
# Included by the top Makefile, and runnable alone from the top of the tree:
#     make -f tests/user/user_tests.mk user-tests | test-native | test-native-repeat N=20
# Everything is built by musl-gcc; a chosen few a second time against glibc (NAME_glibc, also NAME_pie as
# static-PIE), since the two libraries ask the kernel for different things; the .asm ones have no library at all.

UTEST_DIR := tests/user
UTEST_OUT := build/user/tests

UTEST_NAMES   := $(patsubst $(UTEST_DIR)/%.c,%,$(wildcard $(UTEST_DIR)/*.c))
UTEST_ASM     := $(patsubst $(UTEST_DIR)/%.asm,%,$(wildcard $(UTEST_DIR)/*.asm))
UTEST_GLIBC   := exec_test proc_test thread_test signal_test futex_test vdso_test
UTEST_PIE     := exec_test thread_test
# No part of a plain run: fuzz_syscalls wants a seed and a count, hog a machine of its own; both refuse to run on Linux.
UTEST_RUN     := $(filter-out fuzz_syscalls hog,$(UTEST_NAMES)) $(UTEST_ASM) \
                 $(UTEST_GLIBC:%=%_glibc) $(UTEST_PIE:%=%_pie)

UTEST_PROGRAMS := $(addprefix $(UTEST_OUT)/,$(sort $(UTEST_NAMES) $(UTEST_RUN)))
UTEST_TESTS    := $(addprefix $(UTEST_OUT)/,$(UTEST_RUN))

UTEST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wvla -Wundef \
                -Wwrite-strings -Wimplicit-fallthrough -Wno-format-truncation -Werror -pthread -MMD -MP

.PHONY: user-tests test-native test-native-repeat user-cases-golden clean-user-tests
user-tests: $(UTEST_PROGRAMS)

# The fuzzer is told what the arguments of each call are for. GEN: the top Makefile makes that file.
SHAPES := build/gen/syscall_shapes.h
ifdef GEN
$(SHAPES): build/gen/kernel/syscall_table.h ;
else
$(SHAPES): kernel/syscall.tbl tools/gen_syscalls.py
	python3 tools/gen_syscalls.py --out build/gen && touch $@
endif
$(UTEST_OUT)/fuzz_syscalls $(UTEST_OUT)/pledge_matrix_test: UTEST_CFLAGS += -Ibuild/gen
$(UTEST_OUT)/fuzz_syscalls $(UTEST_OUT)/pledge_matrix_test: | $(SHAPES)

# Channels are used as programs use them: with libexo.
UTEST_EXO := $(addprefix $(UTEST_OUT)/,channel_test service_test)
$(UTEST_EXO): UTEST_CFLAGS += -I. -Ibuild/gen
$(UTEST_EXO): UTEST_MORE := user/libexo/exo.c user/libexo/service.c
$(UTEST_EXO): $(wildcard user/libexo/*) kernel/abi/channel.h | $(SHAPES) build/gen/kernel/abi/errno.h
ifndef GEN
build/gen/kernel/abi/errno.h: kernel/abi/errno.tbl tools/gen_errno.py
	python3 tools/gen_errno.py --out build/gen
endif

# Links are made through a temporary name: a test in execution keeps its old file.
$(UTEST_OUT)/%: $(UTEST_DIR)/%.c $(UTEST_DIR)/user_tests.mk | $(UTEST_OUT)
	musl-gcc -static $(UTEST_CFLAGS) -MF $@.d -MT $@ -o $@.new $< $(UTEST_MORE) && mv -f $@.new $@

$(UTEST_OUT)/%_glibc: $(UTEST_DIR)/%.c $(UTEST_DIR)/user_tests.mk | $(UTEST_OUT)
	gcc -static $(UTEST_CFLAGS) -MF $@.d -MT $@ -o $@.new $< && mv -f $@.new $@

$(UTEST_OUT)/%_pie: $(UTEST_DIR)/%.c $(UTEST_DIR)/user_tests.mk | $(UTEST_OUT)
	gcc -static-pie -fPIE $(UTEST_CFLAGS) -MF $@.d -MT $@ -o $@.new $< && mv -f $@.new $@

$(UTEST_OUT)/%: $(UTEST_DIR)/%.asm $(UTEST_DIR)/user_tests.mk | $(UTEST_OUT)
	nasm -f elf64 -Werror -o $@.o $< && ld -static -o $@.new $@.o && mv -f $@.new $@

$(UTEST_OUT):
	mkdir -p $@

# The oracle: as the caller, and once more as an ordinary user when the caller is root.
test-native: user-tests
	@$(UTEST_DIR)/run_native.sh --list $(UTEST_TESTS) | diff -u tests/golden/user_cases.txt - || \
		{ echo "the cases changed: make user-cases-golden"; exit 1; }
	$(UTEST_DIR)/run_native.sh $(UTEST_TESTS)

N ?= 20
test-native-repeat: user-tests
	REPEAT=$(N) $(UTEST_DIR)/run_native.sh $(UTEST_TESTS)

# Every case by name, so that none gets lost unseen; test-native compares.
UTEST_GOLDEN := tests/golden/user_cases.txt
user-cases-golden: user-tests
	$(UTEST_DIR)/run_native.sh --list $(UTEST_TESTS) >$(UTEST_GOLDEN)

# What busybox's applets print on this Linux; root makes a small tree for them and goes there.
.PHONY: applets-golden
applets-golden:
	unshare -m -p -f $(UTEST_DIR)/applets_native.sh >tests/golden/applets.txt.new </dev/null
	mv tests/golden/applets.txt.new tests/golden/applets.txt

clean-user-tests:
	rm -rf $(UTEST_OUT)

-include $(wildcard $(UTEST_OUT)/*.d)
