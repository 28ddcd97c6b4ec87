/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: mount options, read and shown. Linux's Documentation/filesystems/tmpfs.rst.
 */
#include "tmpfs_priv.h"

#include <kernel/abi/errno.h>
#include <kernel/lib/format.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <mm/pmm.h>

u64 tmpfs_default_pages(void)
{
	struct pmm_stats stats;

	pmm_stats(NODE_ANY, &stats);
	return MAX(stats.total / 2, 1ull);
}

static int parse_octal(const char *s, size_t len, u32 *out)
{
	u32 n = 0;

	if (!len || len > 5)
		return -EINVAL;
	for (; len; s++, len--) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		n = n * 8 + (u32)(*s - '0');
	}
	*out = n & 07777;
	return 0;
}

/* "size=64k" as well as "64K", and per cent of memory. */
static int parse_pages(const char *s, size_t len, u64 *out)
{
	char text[24];
	u64 n;

	if (!len || len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	if (text[len - 1] >= 'a' && text[len - 1] <= 'z')
		text[len - 1] = (char)(text[len - 1] - 'a' + 'A');
	if (text[len - 1] == '%') {
		if (parse_u64(text, len - 1, &n) || n > 1000)
			return -EINVAL;
		*out = tmpfs_default_pages() * 2 * n / 100;
		return 0;
	}
	if (parse_size(text, len, &n) || n > ~0ull - PAGE_SIZE)
		return -EINVAL;
	*out = (n + PAGE_SIZE - 1) / PAGE_SIZE;
	return 0;
}

static bool has_key(const char **s, size_t *len, const char *key)
{
	size_t n = strlen(key);

	if (*len < n || strncmp(*s, key, n))
		return false;
	*s += n;
	*len -= n;
	return true;
}

static int parse_id(const char *s, size_t len, u32 *out)
{
	u64 n;

	if (parse_u64(s, len, &n) || n >= 0xffffffffu)
		return -EINVAL;
	*out = (u32)n;
	return 0;
}

/* What asks for the way things are here anyway. */
static bool is_harmless(const char *s, size_t len)
{
	static const char *const words[] = { "huge=never", "noswap", "inode64", "inode32" };

	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && !strncmp(s, words[i], len))
			return true;
	return false;
}

static int parse_option(const char *s, size_t len, struct tmpfs_options *opt)
{
	if (has_key(&s, &len, "size=")) {
		opt->size_set = true;
		return parse_pages(s, len, &opt->max_pages);
	}
	if (has_key(&s, &len, "nr_blocks=")) {
		opt->size_set = true;
		return parse_size(s, len, &opt->max_pages) ? -EINVAL : 0;
	}
	if (has_key(&s, &len, "nr_inodes=")) {
		opt->inodes_set = true;
		if (parse_size(s, len, &opt->max_inodes) ||
		    opt->max_inodes > ~0ull / TMPFS_INODE_SPACE)
			return -EINVAL;
		return 0;
	}
	if (has_key(&s, &len, "mode="))
		return parse_octal(s, len, &opt->mode);
	if (has_key(&s, &len, "uid="))
		return parse_id(s, len, &opt->uid);
	if (has_key(&s, &len, "gid="))
		return parse_id(s, len, &opt->gid);
	return is_harmless(s, len) ? 0 : -EINVAL;
}

int tmpfs_parse(const char *data, struct tmpfs_options *opt)
{
	int err = 0;

	while (*data && !err) {
		const char *comma = strchr(data, ',');
		size_t len = comma ? (size_t)(comma - data) : strlen(data);

		if (len)
			err = parse_option(data, len, opt);
		data += len + (comma != NULL);
	}
	return err;
}

void tmpfs_show_options(struct superblock *sb, char *buf, size_t size)
{
	const struct tmpfs_super *ts = tmpfs_super_of(sb);
	size_t n = 0;

	if (ts->max_pages && ts->size_set)
		n += (size_t)snprintf(buf + n, size - n, ",size=%lluk",
				      (unsigned long long)ts->max_pages * (PAGE_SIZE / 1024));
	if (ts->max_inodes && ts->inodes_set)
		n += (size_t)snprintf(buf + n, size - n, ",nr_inodes=%llu",
				      (unsigned long long)ts->max_inodes);
	if (ts->mode != 01777)
		n += (size_t)snprintf(buf + n, size - n, ",mode=%o", ts->mode);
	if (ts->uid)
		n += (size_t)snprintf(buf + n, size - n, ",uid=%u", ts->uid);
	if (ts->gid)
		(void)snprintf(buf + n, size - n, ",gid=%u", ts->gid);
}
