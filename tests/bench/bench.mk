# SPDX-License-Identifier: MIT
# The benchmark program build/bench/bench: static musl, the same file on every kernel. Included by the top Makefile.
#   make bench [ROW="name ..."]    the release kernel under the instruction clock, beside a Linux guest
#   make bench ROW=name PROFILER=1 where that row's instructions go, by symbol
#   make bench-wall                both in wall time on two CPUs
#   make bench-machine             costs inside the kernel, and of the boot
#   make bench-ring                the ring code on this Linux beside pipes and the like, in nanoseconds
#   make bench-check               Exo-OS alone, against tests/bench/baseline.jsonl

BENCH_SRCS := $(wildcard tests/bench/*.c) user/libexo/exo.c
BENCH_CFLAGS := -std=gnu11 -O2 -D_GNU_SOURCE -I. -Ibuild/gen -Wall -Wextra -Wshadow -Wvla -Wundef -Wwrite-strings \
	-Werror -pthread

.PHONY: bench bench-wall bench-machine bench-check bench-build
bench bench-wall bench-machine bench-check: setup
	$(Q)$(MAKE) --no-print-directory PROFILE=release bench-build
	$(Q)$(PY) tools/bench.py $(patsubst bench-%,--%,$(filter-out bench,$@)) $(if $(PROFILER),--profile) $(ROW)

bench-build: kernel build/bench/bench build/bench/init build/bench/profile.so

BENCH_DEPS := tests/bench/bench.h tests/bench/bench.mk kernel/abi/ring.h kernel/lib/ring_ops.h \
	kernel/abi/channel.h user/libexo/exo.h
build/bench/bench: $(BENCH_SRCS) $(BENCH_DEPS) | $(GEN)
	@mkdir -p $(@D)
	$(Q)musl-gcc -static $(BENCH_CFLAGS) -o $@ $(BENCH_SRCS)

# Process 1 of both guests.
build/bench/init: tests/bench/guest/init.c
	@mkdir -p $(@D)
	$(Q)musl-gcc -static $(BENCH_CFLAGS) -o $@ $<

# A plugin of QEMU; built with the host's compiler.
build/bench/profile.so: tests/bench/guest/profile.c
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu11 -O2 -fPIC -shared -Wall -Wextra -Wshadow -Werror -o $@ $<

# The ring code on this machine's Linux.
.PHONY: bench-ring
bench-ring: build/bench/ring_host
	$(Q)$<

build/bench/ring_host: tests/bench/host/ring_host.c kernel/abi/ring.h kernel/lib/ring_ops.h | $(GEN)
	@mkdir -p $(@D)
	$(Q)gcc $(BENCH_CFLAGS) -o $@ $<
