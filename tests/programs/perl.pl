# SPDX-License-Identifier: MIT
# Perl at work: threads, fork and pipe, alarm, open3, POSIX, flock.
use strict;
use Fcntl qw(:flock);
use IPC::Open3;
use POSIX;
use Time::HiRes qw(alarm);
use threads;
$| = 1;

print "thread ", threads->create(sub { 42 })->join, "\n";
pipe(my $r, my $w);
if (!fork) { close $r; print $w "hello\n"; close $w; POSIX::_exit(3); }
close $w;
print "child said: ", <$r>;
wait;
print "child's status ", $? >> 8, "\n";
$SIG{ALRM} = sub { print "alarm\n" };
alarm 0.1;
select(undef, undef, undef, 60);
my $pid = open3(my $in, my $out, undef, "cat");
print $in "through\n";
close $in;
print "cat: ", <$out>;
waitpid $pid, 0;
print "sorted ", join(",", sort { $a <=> $b } (3, 1, 2)), "\n";
print "strftime ", POSIX::strftime("%Y", gmtime(0)), "\n";
open(my $f, ">", "/tmp/lock") or die;
print flock($f, LOCK_EX | LOCK_NB) ? "locked\n" : "not locked: $!\n";
