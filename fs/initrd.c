/* SPDX-License-Identifier: MIT */
/*
 * Unpacks the boot modules: cpio "newc" archives, plain or gzip, any number
 * one after the other with zeros between, as Linux takes them. File contents
 * are copied once, from the module into the file's pages.
 *
 * Source: Linux Documentation/driver-api/early-userspace/buffer-format.
 */
#include <fs/initrd.h>

#include <arch/mmu.h>
#include <boot/boot_info.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/inode.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/log.h>
#include <kernel/lib/cpio.h>
#include <kernel/lib/inflate.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>

/* First name of a file that has several. */
struct hard_link {
	struct hard_link *next;
	u32 archive, ino, major, minor;
	struct path path;
};

struct unpack {
	struct hard_link *links;
	char *target;  /* PATH_MAX bytes: a symlink's text, terminated */
	u32 entries;
	u64 bytes;
};

static void set_attributes(struct inode *inode, const struct cpio_entry *e)
{
	inode_set_mode(inode, (inode->mode & S_IFMT) | (e->mode & 07777));
	inode->uid = e->uid;
	inode->gid = e->gid;
	inode->mtime_ns = (s64)e->mtime * (s64)NS_PER_SEC;
	inode->atime_ns = inode->mtime_ns;
}

static int write_all(struct file *file, const struct cpio_entry *e)
{
	size_t done = 0;

	while (done < e->size) {
		struct iov_iter it;
		u64 pos = done;
		long n;

		iov_iter_init_kernel(&it, (void *)(uintptr_t)(e->data + done), e->size - done);
		n = file_write_iter(file, &it, &pos);
		if (n <= 0)
			return n ? (int)n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static struct hard_link *find_link(struct unpack *u, const struct cpio_entry *e)
{
	struct hard_link *l;

	for (l = u->links; l; l = l->next)
		if (l->ino == e->ino && l->archive == e->archive && l->major == e->dev_major &&
		    l->minor == e->dev_minor)
			break;
	return l;
}

static int remember_link(struct unpack *u, const struct cpio_entry *e, struct file *file)
{
	struct hard_link *l = kmalloc(sizeof(*l), 0);

	if (!l)
		return -ENOMEM;
	*l = (struct hard_link){ u->links, e->archive, e->ino, e->dev_major, e->dev_minor,
				 { file->mount, file->dentry } };
	path_get(&l->path);
	u->links = l;
	return 0;
}

static int unpack_regular(struct unpack *u, const struct cpio_entry *e)
{
	struct hard_link *l = e->nlink > 1 ? find_link(u, e) : NULL;
	u32 flags = O_WRONLY | O_CREAT | (l ? 0 : O_EXCL);
	struct file *file;
	int err = 0;

	if (l)
		err = name_link(&l->path, AT_FDCWD, e->name);
	if (!err)
		err = fs_open(AT_FDCWD, e->name, flags, 0600, &file);
	if (err)
		return err;
	if (e->nlink > 1 && !l)
		err = remember_link(u, e, file);
	/* Of several names the one with the data says it all. */
	if (!err && e->size)
		err = write_all(file, e);
	if (!l || e->size)
		set_attributes(file->inode, e);
	file_put(file);
	return err;
}

static int unpack_node(const struct cpio_entry *e)
{
	struct path path;
	int err = name_create(AT_FDCWD, e->name, e->mode,
			      linux_makedev(e->rdev_major, e->rdev_minor));

	/* A folder may be there already: "/" is, or an earlier archive made it. */
	if (err == -EEXIST && S_ISDIR(e->mode))
		err = 0;
	if (!err)
		err = path_lookup(AT_FDCWD, e->name, 0, &path);
	if (err)
		return err;
	set_attributes(path_inode(&path), e);
	path_put(&path);
	return 0;
}

static int unpack_symlink(struct unpack *u, const struct cpio_entry *e)
{
	if (e->size >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(u->target, e->data, e->size);
	u->target[e->size] = 0;
	return name_symlink(u->target, AT_FDCWD, e->name);
}

/* -EEXIST, with nothing done, when the name is taken by other than a folder for a folder. */
static int unpack_new(struct unpack *u, const struct cpio_entry *e)
{
	if (S_ISREG(e->mode))
		return unpack_regular(u, e);
	if (S_ISLNK(e->mode))
		return unpack_symlink(u, e);
	return unpack_node(e);
}

/* A later archive replaces what an earlier one put there: a package's /bin/env the
 * link to busybox, which must not be written through. */
static int unpack_entry(struct unpack *u, const struct cpio_entry *e)
{
	int err = unpack_new(u, e);

	if (err == -EEXIST) {
		err = name_unlink(AT_FDCWD, e->name, false);
		if (!err)
			err = unpack_new(u, e);
	}
	u->entries++;
	u->bytes += e->size;
	return err;
}

/* Return: bytes of @buf that were archives and the zeros around them. */
static size_t unpack_cpio(struct unpack *u, const u8 *buf, size_t len)
{
	struct cpio_entry e;
	struct cpio_iter it;
	int more;

	cpio_init(&it, buf, len);
	while ((more = cpio_next(&it, &e)) > 0) {
		int err = unpack_entry(u, &e);

		PANIC_ON(err, "initrd: cannot unpack %s: error %d", e.name, -err);
		sched_point();
	}
	PANIC_ON(more < 0, "initrd: the cpio archive is malformed or cut short at byte %zu of %zu",
		 it.pos, len);
	return it.pos;
}

/* ---- gzip ---- */

struct growing {
	u8 *buf;
	size_t len, cap;
};

static int grow(void *ctx, const u8 *data, size_t len)
{
	struct growing *g = ctx;

	if (g->len + len > g->cap) {
		size_t cap = MAX(g->cap * 2, g->len + len);
		u8 *buf = vmalloc(cap);

		if (!buf)
			return -ENOMEM;
		memcpy(buf, g->buf, g->len);
		vfree(g->buf);
		g->buf = buf;
		g->cap = cap;
	}
	memcpy(g->buf + g->len, data, len);
	g->len += len;
	return 0;
}

/* Return: bytes of @buf that were gzip. */
static size_t unpack_gzip(struct unpack *u, const u8 *buf, size_t len)
{
	struct inflate *state = vmalloc(sizeof(*state));
	struct growing g = { .cap = 4 * len };
	size_t used;
	int err = -ENOMEM;

	g.buf = vmalloc(g.cap);
	if (state && g.buf)
		err = gzip_decode(state, buf, len, grow, &g);
	PANIC_ON(err == -ENOMEM, "initrd: no memory to unpack %zu bytes of gzip", len);
	PANIC_ON(err, "initrd: the gzip data is malformed or cut short");
	used = state->consumed;
	vfree(state);
	PANIC_ON(unpack_cpio(u, g.buf, g.len) != g.len,
		 "initrd: the gzip data holds no cpio archive");
	vfree(g.buf);
	return used;
}

static void unpack_module(struct unpack *u, const u8 *buf, size_t len)
{
	size_t pos = 0;

	while (pos < len) {
		size_t n = gzip_is(buf + pos, len - pos)
				   ? unpack_gzip(u, buf + pos, len - pos)
				   : unpack_cpio(u, buf + pos, len - pos);

		PANIC_ON(!n, "initrd: neither cpio nor gzip at byte %zu of %zu", pos, len);
		pos += n;
	}
}

static void forget_links(struct unpack *u)
{
	while (u->links) {
		struct hard_link *l = u->links;

		u->links = l->next;
		path_put(&l->path);
		kfree(l);
	}
}

void initrd_unpack(const struct boot_info *info)
{
	struct unpack u = { .target = kmalloc(PATH_MAX, 0) };
	u32 umask = fs_context_set_umask(0);

	PANIC_ON(!u.target, "initrd: no memory");
	PANIC_ON(!info->n_modules, "initrd: the loader %s gave none: the file is not there, or "
		 "memory was too small for it", info->loader);
	for (u32 i = 0; i < info->n_modules; i++) {
		const struct boot_module *m = &info->modules[i];

		unpack_module(&u, phys_to_virt(m->base), m->len);
		pmm_free_boot_range(m->base, m->base + m->len);
	}
	PANIC_ON(!u.entries, "initrd: there is no file in it");
	forget_links(&u);
	kfree(u.target);
	fs_context_set_umask(umask);
	log_info("initrd: %u files, %llu KiB", u.entries, (unsigned long long)u.bytes >> 10);
}
