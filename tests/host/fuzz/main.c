/* SPDX-License-Identifier: MIT */
/*
 * Runs each fuzz entry on its corpus, then on seeded mutations of it.
 *
 *   host_fuzz SAMPLES [NAME [FILE]]    NAME: only that entry; FILE: only that
 *                                      input, to repeat a failure
 * SEED=n repeats a run as far as time allows; FUZZ_MS=n a entry (default 1500).
 * An input that kills the program, or runs for 10 s, is left in
 * SAMPLES/../fuzz_NAME.input.
 */
#include <kernel/lib/types.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

/* Declares each entry and lists it; the table is made by host.mk. */
#define FUZZ_TARGET(name) { #name, name##_fuzz },
static const struct {
	const char *name;
	int (*run)(const u8 *data, size_t len);
} targets[] = {
#include "fuzz_table.h"
};

#define INPUT_MAX 8192
#define CORPUS_MAX 64

struct input {
	u8 *data;
	size_t len;
};

static struct input corpus[CORPUS_MAX];
static size_t n_corpus;
static const struct input *running;
static char left_path[512];
static u64 rand_state;

void __sanitizer_set_death_callback(void (*callback)(void));

static u64 rnd(u64 n)
{
	u64 x = rand_state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % n;
}

static void leave_input(void)
{
	FILE *f = running ? fopen(left_path, "wb") : NULL;

	if (!f)
		return;
	fwrite(running->data, 1, running->len, f);
	fclose(f);
	fprintf(stderr, "# input left in %s\n", left_path);
}

static void on_alarm(int sig)
{
	(void)sig;
	fprintf(stderr, "# an input runs for more than 10 s\n");
	leave_input();
	_exit(1);
}

/* In memory of its own, exactly as long, so that ASan sees every overrun. */
static void run_input(int (*run)(const u8 *, size_t), const u8 *data, size_t len)
{
	struct input in = { malloc(len ? len : 1), len };

	memcpy(in.data, data, len);
	running = &in;
	alarm(10);
	run(in.data, len);
	alarm(0);
	running = NULL;
	free(in.data);
}

static struct input load(const char *path)
{
	struct input in = { malloc(INPUT_MAX), 0 };
	FILE *f = fopen(path, "rb");

	if (f) {
		in.len = fread(in.data, 1, INPUT_MAX, f);
		fclose(f);
	}
	return in;
}

static void load_corpus(const char *samples, const char *name)
{
	char path[1024];
	struct dirent *e;
	DIR *dir;

	for (n_corpus = 0; n_corpus < CORPUS_MAX && corpus[n_corpus].data; n_corpus++)
		free(corpus[n_corpus].data);
	memset(corpus, 0, sizeof(corpus));
	n_corpus = 0;
	snprintf(path, sizeof(path), "%s/%s", samples, name);
	dir = opendir(path);
	while (dir && n_corpus < CORPUS_MAX && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", samples, name, e->d_name);
		corpus[n_corpus++] = load(path);
	}
	if (dir)
		closedir(dir);
}

/* Change @buf a little: bits, bytes, interesting words, pieces, its length. */
static size_t mutate(u8 *buf, size_t len)
{
	static const u64 words[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff,
				     0x80000000, 0xffffffff, 0x7fffffffffffffff, ~0ull,
				     0xfffffffffffff000 };

	for (u64 n = 1 + rnd(6); n; n--) {
		size_t at = len ? rnd(len) : 0, from = len ? rnd(len) : 0;
		size_t piece = len ? 1 + rnd(MIN(len - MAX(at, from), 64ul)) : 0;

		switch (len ? rnd(7) : 6) {
		case 0:
			buf[at] ^= (u8)(1u << rnd(8));
			break;
		case 1:
			buf[at] = (u8)rnd(256);
			break;
		case 2:
			memcpy(buf + at, &words[rnd(ARRAY_SIZE(words))],
			       MIN(len - at, (size_t)1 << rnd(4)));
			break;
		case 3:
			memmove(buf + at, buf + from, piece);
			break;
		case 4:
			buf[at] = (u8)(buf[at] + rnd(9) - 4);
			break;
		case 5:
			len = rnd(4) ? len : at;
			break;
		case 6:
			for (u64 k = rnd(32); k && len < INPUT_MAX; k--)
				buf[len++] = (u8)rnd(256);
			break;
		}
	}
	return len;
}

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

static u64 fuzz_one(int (*run)(const u8 *, size_t), u64 budget_ms)
{
	static u8 buf[INPUT_MAX];
	u64 end = now_ms() + budget_ms, n = 0;

	for (size_t i = 0; i < n_corpus; i++)
		run_input(run, corpus[i].data, corpus[i].len);
	for (; n % 64 || now_ms() < end; n++) {
		size_t len = 0;

		if (n_corpus) {
			const struct input *in = &corpus[rnd(n_corpus)];

			len = in->len;
			memcpy(buf, in->data, len);
		}
		run_input(run, buf, mutate(buf, len));
	}
	return n;
}

int main(int argc, char **argv)
{
	const char *samples = argc > 1 ? argv[1] : "build/host/samples";
	const char *only = argc > 2 ? argv[2] : NULL;
	const char *seed_text = getenv("SEED"), *ms_text = getenv("FUZZ_MS");
	u64 seed = seed_text ? strtoull(seed_text, NULL, 0) : (u64)time(NULL);
	u64 ms = ms_text ? strtoull(ms_text, NULL, 0) : 1500;
	int number = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	__sanitizer_set_death_callback(leave_input);
	signal(SIGALRM, on_alarm);
	printf("KTAP version 1\n1..%zu\n# SEED=0x%llx\n", only ? 1 : ARRAY_SIZE(targets),
	       (unsigned long long)seed);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		const char *name = targets[i].name;
		u64 n = 1;

		if (only && strcmp(only, name))
			continue;
		snprintf(left_path, sizeof(left_path), "%s/../fuzz_%s.input", samples, name);
		if (argc > 3) {
			struct input in = load(argv[3]);

			run_input(targets[i].run, in.data, in.len);
			free(in.data);
		} else {
			load_corpus(samples, name);
			rand_state = seed;
			n = fuzz_one(targets[i].run, ms);
		}
		printf("# %s: %zu samples, %llu mutations\n", name, n_corpus, (unsigned long long)n);
		printf("ok %d fuzz_%s\n", ++number, name);
	}
	return number ? 0 : 1;
}
