/* SPDX-License-Identifier: MIT */
/*
 * [pure] cpio newc reader. An entry is
 *
 *   "070701" + 13 fields of 8 hexadecimal digits | name, NUL | 0..3 zeros |
 *   data | 0..3 zeros
 *
 * with both paddings up to a multiple of 4 from the start of the archive; the
 * entry named TRAILER!!! ends it. "070702" has a checksum, which Linux does
 * not look at either. (cpio(5), format "newc")
 */
#include <kernel/lib/cpio.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

#define HEADER_LEN 110u
#define NAME_MAX_LEN 4096u /* PATH_MAX, with the NUL */

enum field {
	F_INO, F_MODE, F_UID, F_GID, F_NLINK, F_MTIME, F_SIZE, F_DEV_MAJOR,
	F_DEV_MINOR, F_RDEV_MAJOR, F_RDEV_MINOR, F_NAMESIZE, F_CHECK, N_FIELDS
};
static_assert(6 + N_FIELDS * 8 == HEADER_LEN, "cpio(5)");

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_header(const u8 *h, u32 field[N_FIELDS])
{
	if (memcmp(h, "07070", 5) || (h[5] != '1' && h[5] != '2'))
		return -EINVAL;
	h += 6;
	for (int i = 0; i < N_FIELDS; i++) {
		field[i] = 0;
		for (int k = 0; k < 8; k++) {
			int digit = hex_digit(*h++);

			if (digit < 0)
				return -EINVAL;
			field[i] = field[i] << 4 | (u32)digit;
		}
	}
	return 0;
}

/* Between archives: over zeros to the next one. False if none begins here. */
static bool find_archive(struct cpio_iter *it)
{
	while (it->pos < it->len && !it->base[it->pos])
		it->pos++;
	it->start = it->pos;
	return it->pos < it->len && it->base[it->pos] == '0';
}

/* Over the padding, which the end of the range may cut short. */
static size_t align4(const struct cpio_iter *it, size_t pos)
{
	return MIN(it->start + ALIGN_UP(pos - it->start, 4), it->len);
}

int cpio_next(struct cpio_iter *it, struct cpio_entry *out)
{
	u32 f[N_FIELDS];
	size_t name, data;

	for (;;) {
		if (!it->inside && !find_archive(it))
			return 0;
		if (it->len - it->pos < HEADER_LEN || read_header(it->base + it->pos, f))
			return -EINVAL;

		name = it->pos + HEADER_LEN;
		if (f[F_NAMESIZE] < 2 || f[F_NAMESIZE] > NAME_MAX_LEN ||
		    f[F_NAMESIZE] > it->len - name)
			return -EINVAL;
		if (strnlen((const char *)it->base + name, f[F_NAMESIZE]) != f[F_NAMESIZE] - 1)
			return -EINVAL;
		data = align4(it, name + f[F_NAMESIZE]);
		if (f[F_SIZE] > it->len - data)
			return -EINVAL;

		if (strcmp((const char *)it->base + name, "TRAILER!!!"))
			break;
		it->pos = align4(it, data + f[F_SIZE]);
		it->inside = false;
		it->archive++;
	}

	*out = (struct cpio_entry){
		.name = (const char *)it->base + name,
		.name_len = f[F_NAMESIZE] - 1,
		.data = it->base + data,
		.size = f[F_SIZE],
		.mode = f[F_MODE],
		.uid = f[F_UID],
		.gid = f[F_GID],
		.nlink = f[F_NLINK],
		.mtime = f[F_MTIME],
		.ino = f[F_INO],
		.dev_major = f[F_DEV_MAJOR],
		.dev_minor = f[F_DEV_MINOR],
		.rdev_major = f[F_RDEV_MAJOR],
		.rdev_minor = f[F_RDEV_MINOR],
		.archive = it->archive,
	};
	it->inside = true;
	it->pos = align4(it, data + f[F_SIZE]);
	return 1;
}
