# SPDX-License-Identifier: MIT
# init as a supervisor and svc, by the same script on Linux (tests/tools/svc_test.py) and in
# Exo-OS (tests/exo/supervisor_test.py): svc.sh INIT SVC FOLDER [KILLS]. A line a case, "ok NAME" or
# "not ok NAME: why".
init=$1 svc_program=$2 T=$3 kills=${4:-200}
D=$T/services R=$T/run
mkdir -p $D $R

svc() { $svc_program --run $R "$@"; }
ok() { echo "ok $1"; }
bad() { echo "not ok $1: $2"; svc list; cat $T/said; }
manifest() { cat >$D/$1.svc; }
field() { svc list | awk -v n=$1 -v f=$2 '$1 == n { print $f }'; } # 2 state, 3 pid
log() { svc log "$@" | sed 's/^\[[^]]*\] //'; }                     # without the times
until_() { n=0; until "$@"; do n=$((n + 1)); [ $n -lt 200 ] || return 1; sleep 0.05; done; }
is_gone() { [ -z "$(field $1 2)" ]; }
has_said() { log $1 | grep -q "$2"; }
# In Exo-OS with what caches hold given back.
free_kib() {
	[ ! -w /proc/sys/vm/drop_caches ] || case $(uname -v) in *exo*) echo 3 >/proc/sys/vm/drop_caches ;; esac
	awk '/^MemFree|^Slab/ { n += $2 } END { print n }' /proc/meminfo
}
sleepers() { grep -al '9876[5]' /proc/[0-9]*/cmdline 2>/dev/null | wc -l; }
sleepers_are() { [ $(sleepers) -le $1 ]; }
state_is() { [ "$(field $1 2)" = $2 ]; }
same() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "got '$2', wanted '$3'"; fi; }

# ---- what stands at the start: order, faults ----

for n in a b c; do
	case $n in a) needs="needs b" ;; b) needs="needs c" ;; c) needs= ;; esac
	manifest $n <<END
exec /bin/sleep
args 1000
$needs
END
done
for n in x y; do
	case $n in x) needs="y" ;; y) needs="x" ;; esac
	manifest $n <<END
exec /bin/sleep
# it goes
needs $needs
END
done
echo "exec /bin/sleep
wrong word" | manifest wrong
echo "exec /bin/sleep
needs nobody" | manifest lonely
manifest crash <<'END'
exec /bin/sh
args -c "echo I crash; exit 3"
backoff 1 4
giveup 5
END
manifest once <<'END'
exec /bin/sh
args -c "echo done"
respawn failure
END
manifest after <<'END'
exec /bin/sleep
args 1000
needs once
END
manifest stubborn <<'END'
exec /bin/sh
args -c "trap '' TERM; echo ready; while :; do sleep 1; done"
stop 100
END
cat >$T/held.sh <<'END'
for n in 3 4 5 6 7 8 9; do # the shell has its script at 10
	if [ -L /proc/$$/fd/$n ]; then echo has $n; fi
done
read x <&7
echo $x
cut -d' ' -f 19 /proc/self/stat
exec sleep 1000
END
manifest held <<END
exec /bin/sh
args $T/held.sh
handle 7 r /etc/group
nice 5
END
manifest leaves <<'END'
exec /bin/sh
args -c "sleep 98765 & exec sleep 1000"
backoff 0 20
giveup never
END
cat >$T/writes.sh <<'END'
i=0
while [ $i -lt 6000 ]; do
	echo line $i of many that are too much for one file
	i=$((i + 1))
done
printf the-end
exec sleep 1000
END
manifest writes <<END
exec /bin/sh
args $T/writes.sh
END

# A descriptor that nobody granted.
$init --supervise $D $R 2>$T/said 9</dev/null &
supervisor=$!
until_ [ -S $R/svc ] || echo "not ok starts: no socket"

until_ state_is a running || bad order "a does not run"
if [ $(field c 3) -lt $(field b 3) ] && [ $(field b 3) -lt $(field a 3) ]; then ok order; else bad order "pids"; fi
same circle "$(svc status x | grep -o 'line 3.*')" "line 3: a circle of needs: x -> y -> x)"
grep -q "^init: $D/y.svc: line 3: a circle of needs: x -> y -> x" $T/said && ok circle_is_said || bad circle_is_said
same wrong_line "$(svc status wrong | grep -o 'line.*')" "line 2: no key 'wrong')"
same no_such_need "$(svc status lonely | grep -o 'line.*')" "line 2: needs 'nobody', which is no service)"
svc status lonely >/dev/null; same status_of_broken $? 1
svc status a >/dev/null; same status_of_running $? 0

until_ state_is crash failed || bad gives_up "still $(field crash 2)"
same gives_up "$(svc list | awk '$1 == "crash" { print $2, $5, $6, $7 }')" "failed 5 exit 3"
same its_output "$(log crash | grep -c '^I crash')" 5
same log_says_ends "$(log crash | tail -n 1)" "init: ended with status 3; given up after too many short runs"

until_ state_is after running || bad need_finished "after is $(field after 2)"
same once "$(field once 2)" finished
same need_finished "$(field after 2)" running

until_ state_is held running
until_ has_said held '^5$'
same only_granted_handles "$(log held | sed 1d)" "$(printf 'has 7\nroot:x:0:\n5')"

until_ has_said stubborn ready
svc stop stubborn; same stop_is_done $? 0
same stop_kills "$(svc list | awk '$1 == "stubborn" { print $2, $6, $7 }')" "stopped signal 9"
svc start stubborn; same start_again "$? $(field stubborn 2)" "0 running"
was=$(field a 3)
svc restart a; same restart $? 0
[ "$(field a 3)" != "$was" ] && state_is a running && ok restart_is_another || bad restart_is_another

until_ grep -q the-end $R/log/writes || bad log_is_bounded "no end"
size=$(cat $R/log/writes $R/log/writes.old | wc -c)
[ $size -gt 65536 ] && [ $size -lt 140000 ] && ok log_is_bounded || bad log_is_bounded $size
same log_last "$(log -n 2 writes)" "$(printf 'line 5999 of many that are too much for one file\nthe-end')"

# ---- reload ----

echo "exec /bin/sleep
args 1000" | manifest new
rm $D/b.svc
echo "exec /bin/sleep
args 2000" | manifest wrong
svc reload >/dev/null; same reload $? 0
until_ state_is new running && ok reload_new || bad reload_new
until_ state_is wrong running && ok reload_mended || bad reload_mended
until_ is_gone b && ok reload_gone || bad reload_gone
state_is a running && ok reload_leaves_running || bad reload_leaves_running

# ---- bad requests ----

svc status nobody 2>/dev/null; same no_such_service $? 1
svc start x 2>/dev/null; same start_broken $? 1
svc 2>/dev/null; same usage $? 2
svc --help >/dev/null; same help $? 0
svc frobnicate a 2>/dev/null; same no_such_word $? 2
$svc_program --run /nowhere list 2>/dev/null; same nobody_there $? 3
long=0123456789012345678901234567890123456789
svc status $long$long$long$long 2>/dev/null
same long_name $? 1

# ---- only where the kernel has them ----

case $(uname -v) in *exo*)
	manifest promised <<'END'
exec /bin/cat
args /etc/group
pledge stdio
respawn never
END
	manifest veiled <<'END'
exec /bin/sh
args -c "if [ -e /etc/passwd ]; then echo sees; else echo blind; fi; read x </etc/group; echo $x"
unveil r:/etc/group r:/dev
respawn never
END
	echo "exec /bin/cat
pledge nonsense" | manifest nonsense
	svc reload >/dev/null
	until_ state_is promised finished
	same pledge "$(svc list | awk '$1 == "promised" { print $6, $7 }')" "signal 6"
	until_ state_is veiled finished
	same unveil "$(log veiled | sed '1d;$d')" "$(printf 'blind\nroot:x:0:')"
	until_ has_said nonsense 'no such promise' && ok bad_promise || bad bad_promise
	rm $D/nonsense.svc; svc reload >/dev/null ;;
esac

# ---- kill -9, again and again ----

# Once the connections of the svc before are closed on its side, too.
handles() {
	was=
	while set -- /proc/$supervisor/fd/*; [ "$was" != $# ]; do was=$#; sleep 0.3; done
	echo $#
}
kill_it() {
	pid=$(field leaves 3)
	kill -9 $pid || return 1
	n=0
	until now=$(field leaves 3) && [ "$now" != "-" ] && [ "$now" != "$pid" ]; do
		n=$((n + 1)); [ $n -lt 500 ] || return 1
	done
}
i=0
while [ $i -lt 10 ] && kill_it; do i=$((i + 1)); done
handles_before=$(handles) free_before=$(free_kib)
i=0
while [ $i -lt $kills ] && kill_it; do i=$((i + 1)); done
same killed_and_back $i $kills
same handles_are_exact "$(handles)" "$handles_before"
lost=$((free_before - $(free_kib)))
case $(uname -v) in *exo*)
	# Its log has grown by 100 bytes a kill, and CPUs keep frames at hand; a page a kill would be more.
	[ $lost -le $((kills * 2 + 16)) ] && ok "frames_are_back" || bad frames_are_back "$lost KiB of $free_before" ;;
esac
until_ sleepers_are 1 && ok leftovers_end || bad leftovers_end

# ---- the end ----

kill -TERM $supervisor
wait $supervisor; same ends $? 0
until_ sleepers_are 0 && ok all_are_gone || bad all_are_gone
echo "ok end"
