#!/bin/sh
# SPDX-License-Identifier: MIT
# applets.sh - busybox's applets at work, one harmless use each; then that every one of them starts. Prints what they
# print with their status, nothing that depends on the machine, so that the text of one kernel can be compared with
# another's: tests/exo/applets_test.py, tests/golden/applets.txt. Needs root, /bin/busybox, /dev, /proc, /tmp.
PATH=/bin TZ=UTC HOME=/ LC_ALL=C
export PATH TZ HOME LC_ALL
B=/bin/busybox
W=/tmp/applets.$$
$B mkdir $W && cd $W || exit 1
umask 022

# t COMMANDS - what they print, then their status; the shell finds the applets
t() {
	echo "== $1"
	{ $B timeout 20 $B sh -c "$1"; echo "-- $?"; } </dev/null 2>&1 | $B sed "s|$W|.|g"
}

$B printf 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n' >words
$B printf '3 c x\n1 a y\n2 b z\n10 j w\n' >table
$B mkdir -p tree/a/b tree/c
echo alpha >tree/a/f1; echo beta >tree/a/b/f2; echo gamma >tree/c/f3
$B ln -s f1 tree/a/l1
$B seq 1 2000 >numbers
$B chmod 640 tree/c/f3
$B touch -d '2020-01-02 03:04:05' words table numbers tree/a/f1 tree/a/b/f2 tree/c/f3

$B | $B head -n 1

# text
t 'cat words'; t 'cat -n table'; t 'cat none'; t 'tac words'; t 'rev table'; t 'head -n 3 words'
t 'head -c 10 words'; t 'tail -n 2 words'; t 'tail -c +30 words'; t 'sort words'
t 'sort -n -k1 table'
t 'sort -r words | uniq -c'; t 'cut -d" " -f2 table'; t 'cut -c2-4 words'; t 'paste words table'
t 'tr a-z A-Z <words'; t 'tr -d aeiou <words'; t 'wc words table'; t 'wc -c <numbers'; t 'nl table'
t 'fold -w 5 numbers | head -n 3'; t 'expand -t 4 words | head -n 1'
t 'printf "a        b\n" | unexpand -a'
t 'grep -n e words'; t 'grep -c o words'; t 'grep -v e words'; t 'grep zzz words'
t 'grep -r a tree | sort'
t 'egrep "t(w|e)" words'; t 'fgrep . words'; t 'sed -n 2,4p words'; t 'sed s/e/E/g words'
t 'sed 3q words'
t 'awk "{s += \$1} END {print s}" table'
t 'awk "BEGIN {printf \"%5.2f|%s\\n\", 3.14159, toupper(\"x\")}"'
t 'diff words table'; t 'sed 1d words | diff -u words - | tail -n +3'; t 'cmp words table'
t 'comm words words'
t 'xargs -n 3 echo <words'; t 'tee copy <table; cat copy'; t 'strings words | head -n 2'
t 'split -l 4 words; ls'
t 'rm -f xa?; ls'; t 'seq 5'; t 'seq 1 .5 3'; t 'seq -w 8 11'; t 'shuf -n 0 words'
t 'shuf words | sort'
t 'factor 360 97 1001'; t 'dc -e "2 3 + p"'; t 'echo "2^20; 7/2" | bc'; t 'expr 6 \* 7'
t 'expr length abcde'
t 'printf "%05d|%x|%s\n" 42 255 str'; t 'echo -e "a\tb"'; t 'yes | head -n 2'
t 'yes no | head -n 1'
t 'dos2unix <words | cksum'; t 'unix2dos <table | od -c | head -n 2'; t 'ts </dev/null'
t 'cal 2 2024'
t 'od -An -tx1 table'; t 'hexdump -C table'; t 'hd table'; t 'xxd table'
t 'xxd -p words | xxd -r -p | cmp - words'
t 'base64 words'; t 'base64 words | base64 -d | cmp - words'; t 'uuencode words w'
t 'uuencode words - | uudecode'
t 'crc32 words'; t 'md5sum words'; t 'sha1sum words'; t 'sha256sum words'; t 'sha512sum words'
t 'sha3sum words'
t 'md5sum words >sums; md5sum -c sums'; t 'ascii | head -n 3'; t 'more words'
t 'ipcalc -bn 10.1.2.3/20'

# archives
for tool in gzip bzip2 lzma xz lzop; do t "$tool -c numbers >z.$tool 2>/dev/null && md5sum z.$tool"; done
t 'gzip -c numbers | gunzip -c | cmp - numbers'; t 'gzip -c numbers | zcat | wc -c'
t 'bzip2 -c numbers | bunzip2 -c | cmp - numbers'; t 'bzip2 -c numbers | bzcat | tail -n 1'
t 'find tree ! -type d | sort >list; tar cf a.tar -T list && tar tvf a.tar | sed "s/[0-9:-]* [0-9:]*  *tree/tree/"'
t 'mkdir -p x; tar xf a.tar -C x; ls -R x'
t 'tar czf a.tgz -T list && tar tzf a.tgz'
t 'sort list | cpio -o -H newc 2>/dev/null >a.cpio; cpio -it <a.cpio'
t 'rm -rf x; mkdir x; cd x; cpio -id <../a.cpio; find . | sort'; t 'ar r a.a words table; ar t a.a'
t 'unzip -l none.zip'; t 'rm -rf x a.* z.* sums copy list; ls'

# files
t 'ls'; t 'ls -a tree/a'; t 'ls -1R tree'
t 'ls -ln tree/c | awk "{print \$1, \$2, \$3, \$4, \$5}"'; t 'ls none'
t 'ls -l --full-time words | cut -c30-'; t 'find tree | sort'
t 'find tree -type f -name "f[12]" | sort'
t 'find tree -type l -exec readlink {} \;'; t 'find tree -size -2 -type f | wc -l'
t 'find . -newer words | sort | head -n 3'
t 'stat -c "%n %a %F %h %u" words tree tree/a/l1'; t 'readlink tree/a/l1'; t 'readlink -f tree/a/l1'
t 'realpath tree/../words'; t 'basename /a/b.c .c'; t 'dirname /a/b.c'
t 'cp words w2; cmp words w2'
t 'cp -a tree t2; ls -R t2'; t 'cp -r none x'; t 'mv t2 t3; ls'; t 'mv t3 t2; rm -rf t2; ls'
t 'rm none'
t 'rm -f none'; t 'mkdir d; rmdir d'; t 'mkdir words'; t 'rmdir tree'
t 'ln words hard; stat -c %h words; rm hard'
t 'ln -s words soft; cat soft | head -n 1; rm soft'; t 'link words h2; ls h2; unlink h2; ls h2'
t 'touch new; ls -s new'
t 'touch -r words new; stat -c %Y new'; t 'chmod 4755 new; stat -c %a new'
t 'chmod u-s,g+w new; ls -l new | cut -c1-10'
t 'chown 12:34 new; stat -c %u:%g new'; t 'chgrp 5 new; stat -c %g new'
t 'truncate -s 12345 new; wc -c new'
t 'fallocate -l 4096 f; stat -c %s f; rm f'; t 'shred -u new; ls new'
t 'install -d i; ls -d i; rmdir i'
t 'mkfifo p; stat -c %F p; (echo through >p &); cat p; rm p'
t 'mknod n c 1 3; stat -c "%F %t:%T" n; echo x >n; rm n'
t 'mktemp -u /tmp/ab.XXXXXX | sed "s/\..*//"'; t 'du -a tree | wc -l'
t 'dd if=words bs=4 count=2 skip=1 2>/dev/null'
t 'dd if=/dev/zero of=z bs=1000 count=3 2>&1 | head -n 2; wc -c z; rm z'
t 'df /proc | tail -n 1 | awk "{print \$6}"'
t 'test -f words -a -d tree'; t '[ -L tree/a/l1 ]'; t '[[ abc == a*c ]]'; t 'test 3 -lt 2'
t 'run-parts tree/c'
t 'printf "1c\nfirst\n.\n1,2p\nq\n" | ed words 2>&1 | tail -n 2'; t 'patch -p0 <none'
t 'sync; fsync words'
t 'which sh'; t 'flock words echo locked'; t 'getopt ab:c -a -b x y'; t 'pwd'

# processes and the system
t true; t false; t 'exit 7'; t 'kill -9 $$'; t 'sleep 0.01'; t 'usleep 10'; t 'timeout 1 sleep 10'
t 'timeout -s KILL 1 sleep 10'; t 'env -i A=1 B=2 /bin/busybox env'; t 'nice'
t 'nice -n 5 nice'; t 'nohup echo up 2>/dev/null'
t 'setsid echo session'; t 'time true 2>&1 | cut -f1'; t 'id -u'; t 'whoami'; t 'id'; t 'groups'
t 'logname'
t 'nproc | sed s/[0-9]*/N/'; t 'uname -s'; t 'arch'; t 'hostname | wc -l'; t 'tty'; t 'who'
t 'w | wc -l | sed s/.*/n/'
t 'pidof none'; t 'killall none'; t 'ps >/dev/null'
t 'ps -o pid,comm | grep -c busybox | sed s/[0-9]*/N/'
t 'date -u -d "@86399"'; t 'date -d "2024-02-29 12:00" +%s%t%j'
t 'sleep 30 & kill $!; wait $! 2>/dev/null'; t 'renice 3 $$; nice'
t 'mkpasswd -m md5 -S abcdefgh secret'; t 'sysctl -n kernel.ostype'; t 'printenv HOME'
t 'free >/dev/null'
t 'uptime >/dev/null'; t 'chroot / /bin/busybox echo in'; t 'taskset 1 echo pinned'; t 'ionice true'
t 'linux64 echo 64'; t 'start-stop-daemon -K -x /none'; t 'su -c "id -u" nobody -s /bin/sh'
t 'setpriv --nnp echo priv'
t 'trap "echo got" USR1; kill -USR1 $$; echo after'
t 'i=0; while [ $i -lt 200 ]; do i=$((i+1)); done; echo $i'
t 'for i in 1 2 3; do echo $i; done | sort -r'; t 'a=$(seq 100 | wc -l); echo $a'
t '(exit 3); echo $?'
t 'echo x | { read v; echo got $v; }'; t 'cat <<E
here
E'; t 'ulimit -n 20; ulimit -n'; t 'umask 077; touch u; stat -c %a u; rm u'
t 'mount | grep -c " /proc "'
t 'set -m; sleep 30 & kill -STOP %1; sleep .2; jobs; kill %1; kill -CONT %1; wait; jobs'
t 'sh -c "kill -STOP \$\$; echo went on; exit 5" & sleep .2; kill -CONT $!; wait $!'

# every applet starts: its help, or what it does when asked for it
for a in $($B --list); do
	case $a in
	init | linuxrc | busybox) continue ;;	# they look at their pid or list the applets
	esac
	echo "$a $($B "$a" --help </dev/null 2>&1 | $B md5sum | $B cut -c1-8)"
done
cd / && $B rm -rf $W
