/* SPDX-License-Identifier: MIT */
/*
 * A writable layer over the root (boot word exo.layer): from here on all that
 * programs change is kept apart from the tree that the machine was started with,
 * and can be told from it: files that are new or changed, and whiteouts (character
 * devices 0/0) for what was removed.
 *
 *   /.layer           a tmpfs of its own: upper, work, root
 *   /.layer/root      overlay: lowerdir=/ upperdir=/.layer/upper
 *   pivot_root        the overlay becomes /, and the tree before goes out of sight
 *
 * Afterwards nothing has a name for the layers: the upper one is kept on descriptor
 * CTL_LAYER_FD of process 1, which is where the host gets it from (CTL_LAYER_PATH).
 */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kernel/abi/ctl.h>

#include "init.h"

#define TOP "/.layer"

static int make_folders(void)
{
	static const char *const names[] = { TOP "/upper", TOP "/work", TOP "/root" };

	if (mkdir(TOP, 0700) < 0 || mount("tmpfs", TOP, "tmpfs", 0, "mode=700") < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mkdir(names[i], 0755) < 0)
			return -errno;
	return 0;
}

static int keep_upper(void)
{
	int fd = open(TOP "/upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int kept = fd < 0 ? -1 : dup3(fd, CTL_LAYER_FD, O_CLOEXEC);
	int err = kept < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* The old root goes onto a folder that every root has, and from there out of sight; with
 * it go the mounts in it. Its own folder of ours is unmade first, so that nobody sees it. */
static int change_root(void)
{
	if (chdir(TOP "/root") < 0)
		return -errno;
	if (mkdir("sys", 0755) < 0 && errno != EEXIST)
		return -errno;
	if (syscall(SYS_pivot_root, ".", "sys") < 0 || chdir("/") < 0)
		return -errno;
	if (umount2("/sys" TOP, MNT_DETACH) < 0 || rmdir("/sys" TOP) < 0 ||
	    umount2("/sys", MNT_DETACH) < 0)
		return -errno;
	return 0;
}

int layer_root(void)
{
	int err = make_folders();

	if (!err && mount("layer", TOP "/root", "overlay", 0,
			  "lowerdir=/,upperdir=" TOP "/upper,workdir=" TOP "/work") < 0)
		err = -errno;
	if (!err)
		err = keep_upper();
	return err ? err : change_root();
}
