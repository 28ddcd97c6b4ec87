# SPDX-License-Identifier: MIT
# Bash's tests: each tests/run-NAME compares what bash prints with what it should;
# status 0 means that nothing differs. As tests/run-all sets them up.
cd /root/tests || exit 1
mkdir /root/bin
cp /bin/bash-static /root/bin/bash  # some tests print the name
THIS_SH=/root/bin/bash
PATH=$PWD:$PATH
BASH_TSTOUT=/tmp/bash-test-output
export THIS_SH PATH BASH_TSTOUT
unset BASH_ENV SHELLOPTS
for run in run-*; do
	case $run in
	run-all|run-minimal|run-gprof|*.orig|*~) continue ;;
	esac
	rm -f $BASH_TSTOUT
	timeout ${LIMIT_S:-300} sh ./$run > /tmp/said 2>&1 < /dev/null
	status=$?
	cat /tmp/said
	word=failed
	[ $status = 0 ] && word=passed
	echo "CASE $word $run: status $status $(tail -n 8 /tmp/said | tr '\n' '|')"
done
