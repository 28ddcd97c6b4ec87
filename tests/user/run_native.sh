#!/bin/sh
# SPDX-License-Identifier: MIT
# run_native.sh PROGRAM... - runs the user tests on this Linux: each must pass here before Exo-OS is held to it.
# As root every program runs twice, as root and as user 65534. REPEAT=n does it all n times (flakiness).
# run_native.sh --list PROGRAM... - prints "program case" for every case instead.
# Prints each failure with its diagnostics, then one line "N passed, N failed, N skipped"; status 1 on any failure.
set -u
if [ "${1:-}" = --list ]; then
	shift
	for program in "$@"; do
		name=$(basename "$program")
		case $name in
		hello_test | entry_test) "$program" | sed -n "s/^.*ok [0-9]* /$name /p" ;;	# no library, no options
		*) "$program" -l | sed "s/^/$name /" ;;
		esac
	done
	exit 0
fi
repeat=${REPEAT:-1}
work=$(mktemp -d "${TMPDIR:-/tmp}/utest.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp "$@" "$work"/ || exit 1
passed=0 failed=0 skipped=0

run_one() { # NAME PREFIX...
	name=$1
	shift
	timeout 300 "$@" "$work/$name" >"$work/.out" 2>"$work/.err" </dev/null
	status=$?
	planned=$(sed -n 's/^1\.\.//p' "$work/.out" | head -n 1)
	ok=$(grep -c '^ok ' "$work/.out")
	bad=$(grep -c '^not ok ' "$work/.out")
	skip=$(grep -c '^ok .*# SKIP' "$work/.out")
	passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
	if [ "$bad" -ne 0 ] || [ "$status" -ne 0 ] || [ "$((ok + bad))" -ne "${planned:-0}" ]; then
		echo "== $name ($*): status $status, $ok ok, $bad not ok of ${planned:-no plan}"
		grep -v '^ok ' "$work/.out"
		head -n 20 "$work/.err"
		[ "$bad" -ne 0 ] || failed=$((failed + 1))
	fi
}

round=0
while [ "$round" -lt "$repeat" ]; do
	for program in "$@"; do
		run_one "$(basename "$program")" env
		[ "$(id -u)" -ne 0 ] || run_one "$(basename "$program")" \
			setpriv --reuid 65534 --regid 65534 --clear-groups
	done
	round=$((round + 1))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
