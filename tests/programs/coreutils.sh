# SPDX-License-Identifier: MIT
# GNU coreutils, each once. The output is the same on every Linux with coreutils 9;
# coreutils.txt is what Debian 12 prints: LC_ALL=C bash coreutils.sh > coreutils.txt
export LC_ALL=C TZ=UTC0 PATH=/usr/bin:/usr/sbin
work=$(mktemp -d)
cd "$work" || exit 1
umask 022
t() { printf '%s: ' "$1"; shift; "$@" 2>&1 | tr '\n' ' '; echo "[${PIPESTATUS[0]}]"; }
printf 'b 2\na 1\nc 3\n' > f
printf 'a x\nb y\n' > g
t arch arch
t b2sum b2sum f
t base32 base32 f
t base64 base64 -w 20 f
t basename basename /usr/bin/sort .sort
t basenc basenc --base16 f
t cat cat -n f
t chgrp chgrp 0 f
t chmod chmod u=rwx,go=r f
t stat stat -c '%A %s %F %h' f
t cksum cksum f
t comm comm -12 <(sort f) <(sort f)
t cp cp -a f h
t cmp-copy sha256sum f h
t cp-sparse cp --sparse=always --reflink=auto f h2
t csplit csplit -s f '/a/'
t csplit-out cat xx00
t cut cut -d' ' -f2 f
t date date -d @86400 +%F
t dd dd if=f of=i bs=1 skip=2 count=4 status=none
t dd-out cat i
t dir dir
t dirname dirname /a/b/c
t du du -b f
t echo echo -e 'a\tb'
t env env -i A=1 env
t expand expand -t 4 <(printf 'a\tb\n')
t expr expr 6 '*' 7
t factor factor 1234567890
t false false
t fmt fmt -w 10 <(echo one two three four)
t fold fold -w 3 <(echo abcdefgh)
t groups groups root
t head head -c 3 f
t id id -u
t install install -m 600 -D f d/e/inst
t install-stat stat -c %a d/e/inst
t join join <(sort f) g
t link link f l
t ln ln -s f s
t readlink readlink s
t realpath realpath --relative-to=. s
t ls ls -l --time-style=+ f s
t ls-inode ls -U1 d
t md5sum md5sum f
t mkdir mkdir -m 700 -p m/n
t mkfifo mkfifo p
t fifo-type stat -c %F p
t mknod mknod -m 600 q p
t mv mv h h3
t mv-exchange mv -n f g
t nice nice -n 5 nice
t nl nl f
t nohup nohup true
t nproc nproc --ignore=1000
t numfmt numfmt --to=iec 123456789
t od od -c f
t paste paste -s -d+ f
t pathchk pathchk -p f
t pr pr -t -2 f
t printenv printenv TZ
t printf printf '%05.1f\n' 3.14159
t ptx ptx -G <(echo one two)
t pwd test "$(pwd -P)" = "$work"
t rm rm i
t rmdir rmdir -p m/n
t seq seq 1 2 9
t sha1sum sha1sum f
t sha512sum sha512sum f
t shred shred -n 1 -u h3
t shuf shuf -n 1 -e x
t sleep sleep 0.01
t sort sort -k2,2nr f
t sort-merge sort -m -u --parallel=2 <(sort f) <(sort f)
t split split -l 1 f sp.
t split-out ls sp.aa sp.ab sp.ac
t split-filter split -n 2 --filter='wc -c' f
t stdbuf stdbuf -o0 echo unbuffered
t stty stty -a < /dev/null
t sum sum f
t sync sync f
t tac tac f
t tail tail -n 1 f
t tail-f timeout 0.5 sh -c 'tail -f f 2> /dev/null'
t tee tee o < f
t test test f -nt nonexistent
t timeout timeout -s KILL 0.1 sleep 10
t timeout-pass timeout 10 sh -c 'exit 3'
t touch touch -d '2001-02-03 04:05:06' o
t touch-stat stat -c %Y o
t tr tr a-c A-C < f
t truncate truncate -s 1M o
t truncate-stat stat -c '%s' o
t tsort tsort <(echo a b b c)
t tty tty < /dev/null
t uname uname -s
t unexpand unexpand -t 2 <(echo '    x')
t uniq uniq -c <(printf 'a\na\nb\n')
t unlink unlink o
t vdir vdir --time-style=+ s
t wc wc f
t whoami whoami
t yes bash -c 'yes | head -n 2'
t chroot chroot / true
t chown chown root:root f
t cp-all cp --preserve=all f z
t test-proc test -e /proc/self/stat
t df df --output=target /
t who who /nonexistent
t hostid test -n "$(hostid)"
t rm-r rm -rf "$work"
