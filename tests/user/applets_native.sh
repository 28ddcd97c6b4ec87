#!/bin/sh
# SPDX-License-Identifier: MIT
# applets_native.sh - applets.sh on this Linux, in a tree like the image's: the oracle. As root, in name spaces of its
# own: unshare -m -p -f tests/user/applets_native.sh
set -e
top=$(cd "$(dirname "$0")/../.." && pwd)
root=$(mktemp -d)
mount -t tmpfs none "$root"	# gone with the name space
cd "$root"
mkdir bin dev proc tmp etc root
cp "$top/build/pkg/busybox" bin/
for applet in $(bin/busybox --list); do
	[ "$applet" = busybox ] || ln -s busybox "bin/$applet"
done
cp "$top"/user/etc/* etc/
cp "$top/tests/user/applets.sh" root/
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mount -t proc proc proc
chroot . /bin/busybox sh /root/applets.sh
cd /
umount -l "$root"
rmdir "$root"
