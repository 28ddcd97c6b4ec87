# SPDX-License-Identifier: MIT
# Busybox's testsuite against the busybox of the image, for the applets named or, with
# `rest`, for all but bc. It wants the binary and the configuration in one folder.
cd /root/testsuite || exit 1
mkdir /root/bb
cp /bin/busybox .config /root/bb/
[ "$*" = rest ] && set -- $(busybox --list | grep -v '^bc$')
bindir=/root/bb tsdir=$PWD sh runtest -v "$@"
