# SPDX-License-Identifier: MIT
# The benchmark program build/bench/bench: static musl, the same file on every kernel. Included by the top Makefile.
#   make bench [ROW="name ..."]    the release kernel under the instruction clock, beside Linux's figures

BENCH_SRCS := $(wildcard tests/bench/*.c)
BENCH_CFLAGS := -std=gnu11 -O2 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wvla -Wundef -Wwrite-strings -Werror -pthread

.PHONY: bench
bench: setup
	$(Q)$(MAKE) --no-print-directory PROFILE=release kernel initrd build/bench/bench
	$(Q)$(PY) tools/bench.py $(ROW)

build/bench/bench: $(BENCH_SRCS) tests/bench/bench.h tests/bench/bench.mk
	@mkdir -p $(@D)
	$(Q)musl-gcc -static $(BENCH_CFLAGS) -o $@ $(BENCH_SRCS)
