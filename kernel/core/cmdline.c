/* SPDX-License-Identifier: MIT */
/*
 * The boot line. One table says what words the kernel knows, what they mean
 * and how they are read; everything else is for init.
 */
#include <kernel/core/cmdline.h>

#include <kernel/core/jitter.h>
#include <kernel/core/log.h>
#include <kernel/lib/bootline.h>
#include <kernel/lib/keymap.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>

#define LINE_MAX  2048u
#define WORDS_MAX 32u

#define MAX_CACHED 1000000u

struct boot_options boot_options = {
	.loglevel = LOG_INFO, .init = "/sbin/init", .dentries = 2048,
	.inodes = 1024, .keymap = "us",
	.consoles = BIT(CONSOLE_SERIAL) | BIT(CONSOLE_SCREEN),
};

static char raw_line[LINE_MAX];          /* as given */
static char init_text[LINE_MAX];         /* init's words, each NUL-terminated */
static size_t init_text_len;
static const char *init_args[WORDS_MAX], *init_env[WORDS_MAX];
static u32 nr_args, nr_env;

struct option {
	const char *key;
	bool needs_value;
	bool (*set)(const char *value); /* @value is "" for a bare word; false: bad */
	const char *help;
};

static bool number(const char *value, u64 max, u32 *out)
{
	u64 n;

	if (parse_u64(value, strlen(value), &n) || n > max)
		return false;
	*out = (u32)n;
	return true;
}

static bool set_loglevel(const char *v)
{
	return number(v, LOG_DEBUG, &boot_options.loglevel);
}

static bool set_init(const char *v)
{
	return *v && str_copy(boot_options.init, v, sizeof(boot_options.init)) >= 0;
}

static bool set_smp(const char *v)
{
	return number(v, ~0u, &boot_options.smp);
}

static bool set_ktest(const char *v)
{
	boot_options.ktest = true;
	return str_copy(boot_options.ktest_filter, v, sizeof(boot_options.ktest_filter)) >= 0;
}

static bool set_panic(const char *v)
{
	static const char *const modes[] = { [PANIC_HALT] = "halt", [PANIC_REBOOT] = "reboot",
					     [PANIC_EXIT] = "exit" };

	for (u32 i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(v, modes[i]))
			continue;
		boot_options.panic = i;
		return true;
	}
	return false;
}

static bool set_reboot(const char *v)
{
	static const char *const ways[] = { [RESET_ACPI] = "acpi", [RESET_KBC] = "kbd",
					    [RESET_TRIPLE] = "triple" };

	for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(v, ways[i]))
			continue;
		boot_options.reset = i;
		return true;
	}
	return false;
}

static bool set_fail_nth(const char *v)
{
	return number(v, ~0u, &boot_options.fail_nth);
}

static bool set_jitter(const char *v)
{
	return number(v, ~0u, &jitter_one_in);
}

static bool set_ubsan(const char *v)
{
	boot_options.ubsan_panic = true;
	return !strcmp(v, "panic");
}

static bool set_apic(const char *v)
{
	boot_options.apic = !strcmp(v, "xapic") ? APIC_X1 : APIC_X2;
	return boot_options.apic == APIC_X1 || !strcmp(v, "x2apic");
}

static bool set_tsc_unsteady(__unused const char *v)
{
	return boot_options.tsc_unsteady = true;
}

/* As Linux's: what follows a comma is a line's speed, and ours is fixed. */
static bool set_console(const char *v)
{
	const char *comma = strchr(v, ',');
	size_t len = comma ? (size_t)(comma - v) : strlen(v);
	bool serial = len == 5 && !memcmp(v, "ttyS0", 5);

	if (!serial && !(len == 4 && (!memcmp(v, "tty0", 4) || !memcmp(v, "tty1", 4))))
		return false;
	if (boot_options.console == CONSOLE_ANY) /* the first one named: only those */
		boot_options.consoles = 0;
	boot_options.console = serial ? CONSOLE_SERIAL : CONSOLE_SCREEN;
	boot_options.consoles |= BIT(boot_options.console);
	return true;
}

static bool set_keymap(const char *v)
{
	return keymap_layout(v) &&
	       str_copy(boot_options.keymap, v, sizeof(boot_options.keymap)) >= 0;
}

static bool set_dentries(const char *v)
{
	return number(v, MAX_CACHED, &boot_options.dentries);
}

static bool set_memtest(__unused const char *v)
{
	return boot_options.memtest = true;
}

static bool set_inodes(const char *v)
{
	return number(v, MAX_CACHED, &boot_options.inodes);
}

static bool set_kbench(__unused const char *v)
{
	return boot_options.kbench = true;
}

static bool set_tsc_deadline(__unused const char *v)
{
	return boot_options.tsc_deadline = true;
}

static const struct option options[] = {
	{ "loglevel", true, set_loglevel, "0..7: what of the log reaches COM1 (6: all but debug)" },
	{ "init", true, set_init, "path of the first program (/sbin/init)" },
	{ "smp", true, set_smp, "start at most that many CPUs (0: all)" },
	{ "ktest", false, set_ktest, "run the in-kernel tests first; =PREFIX only some" },
	{ "panic", true, set_panic, "halt, reboot or exit (leave QEMU) after a panic" },
	{ "reboot", true, set_reboot, "acpi, kbd or triple: the first way to reset that is tried" },
	{ "fail_nth", true, set_fail_nth,
	  "the Nth allocation of init and what it starts fails (debug builds)" },
	{ "jitter", true, set_jitter,
	  "one in N hand-overs between CPUs takes longer, to show races (debug builds)" },
	{ "ubsan", true, set_ubsan, "panic: stop at the first report (ubsan builds)" },
	{ "memtest", false, set_memtest, "test all free memory first, leave bad pages out" },
	{ "kbench", false, set_kbench, "measure costs inside the kernel before init" },
	{ "apic", true, set_apic, "xapic or x2apic: mode of the local APICs (x2apic if there)" },
	{ "console", true, set_console,
	  "ttyS0 or tty1: where the log goes, repeatable (both); the last is /dev/console" },
	{ "keymap", true, set_keymap, "us, fr or de: what is printed on the keyboard (us)" },
	{ "dentries", true, set_dentries, "limit of the cache of names (2048)" },
	{ "inodes", true, set_inodes, "limit of the cache of inodes (1024)" },
	{ "tsc_deadline", false, set_tsc_deadline,
	  "time interrupts by the TSC's deadline register" },
	{ "tsc_unsteady", false, set_tsc_unsteady,
	  "take the CPUs' TSCs for different ones: programs ask the kernel for the time" },
};

const char *cmdline_raw(void)
{
	return raw_line;
}

const char *cmdline_init_arg(u32 n)
{
	return n < nr_args ? init_args[n] : NULL;
}

const char *cmdline_init_env(u32 n)
{
	return n < nr_env ? init_env[n] : NULL;
}

void cmdline_help(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(options); i++)
		log_info("boot: %s%s  %s", options[i].key, options[i].needs_value ? "=" : "",
			 options[i].help);
}

/* Copy the word, unquoted, to init's text. NULL when that is full. */
static const char *keep_word(const struct bootline_word *w)
{
	size_t len = w->key_len + (w->value ? 1 + w->value_len : 0);
	char *at = init_text + init_text_len;

	if (init_text_len + len + 1 > sizeof(init_text))
		return NULL;
	memcpy(at, w->key, w->key_len);
	if (w->value) {
		at[w->key_len] = '=';
		memcpy(at + w->key_len + 1, w->value, w->value_len);
	}
	at[len] = '\0';
	init_text_len += len + 1;
	return at;
}

static void word_for_init(const struct bootline_word *w, bool env)
{
	const char *text = keep_word(w);

	if (text && env && nr_env < WORDS_MAX)
		init_env[nr_env++] = text;
	else if (text && !env && nr_args < WORDS_MAX)
		init_args[nr_args++] = text;
	else
		log_notice("boot: too many words for init, \"%.*s\" is dropped", (int)w->key_len,
			   w->key);
}

static void apply(const struct option *opt, const struct bootline_word *w)
{
	char value[128] = "";

	if (w->value && w->value_len < sizeof(value)) {
		memcpy(value, w->value, w->value_len);
		value[w->value_len] = '\0';
	}
	if ((opt->needs_value && !w->value) || w->value_len >= sizeof(value) || !opt->set(value))
		log_notice("boot: bad value for %s: \"%s\"", opt->key, value);
}

void cmdline_parse(const char *line)
{
	struct bootline bl;
	struct bootline_word w;
	bool after_dashes = false;

	if (str_copy(raw_line, line, sizeof(raw_line)) < 0)
		log_notice("boot: line cut at %u bytes", LINE_MAX - 1);
	bootline_init(&bl, raw_line, sizeof(raw_line));
	while (bootline_next(&bl, &w)) {
		u32 i = 0;

		if (after_dashes || bootline_key_is(&w, "--")) {
			if (after_dashes)
				word_for_init(&w, false);
			after_dashes = true;
			continue;
		}
		while (i < ARRAY_SIZE(options) && !bootline_key_is(&w, options[i].key))
			i++;
		if (i < ARRAY_SIZE(options))
			apply(&options[i], &w);
		else
			word_for_init(&w, w.value != NULL);
	}
	log_set_level((enum log_level)boot_options.loglevel);
}
