# SPDX-License-Identifier: MIT
# Bash at work; a line a feature.
echo "process substitution:" $(sort <(echo b; echo a))
coproc { read -r line; [ "$line" = ping ] && echo pong; }
exec {back}<&"${COPROC[0]}"
echo ping >&"${COPROC[1]}"
read -r answer <&"$back"
echo "coproc: $answer"
wait
read -r x y <<< "x y"
echo "here-string: $x $y"
trap 'echo "trap: USR1"' USR1
kill -USR1 $$
trap - USR1
true | (exit 3) | true
echo "status of pipe: ${PIPESTATUS[*]}"
set -m
(exit 4) &
wait $!
echo "monitor: done $?"
set +m
read -t 0.2 < <(sleep 100)
echo "read -t: $?"
mapfile -t lines < <(printf '%s\n' 1 2 3)
echo "mapfile: ${#lines[@]}"
test -w /tmp && echo writable
