# SPDX-License-Identifier: MIT
"""Debian's full-screen programs on a terminal inside Exo-OS: editors, pagers, multiplexers."""
import unittest

from programs_test import Programs

ESC = "\x1b"


class ScreensTest(Programs):
    def test_vim(self) -> None:
        shown = self.play(["vim", "ncurses-base"],
                          ["sh", "-c", "vim.basic -u NONE -N /tmp/f && sed s/^/file:/ /tmp/f"], [
            ("[New]", "ihello"),
            ("hello", f" from vim{ESC}yyp"),
            ("from vim", ":%s/hello/goodbye/g\r"),
            ("goodbye from vim", ":wq\r"),
            ("file:goodbye from vim\r\nfile:goodbye from vim\r\n", ""),
        ])
        self.assertIn("[status 0]", shown)

    def test_vim_stops_and_goes_on(self) -> None:
        shown = self.play(["bash", "vim", "ncurses-base"], ["bash", "--norc", "-i"], [
            ("$ ", "vim.basic -u NONE -N /tmp/f\n"),
            ("[New]", "ikept\x1b"),
            ("kept", "\x1a"),
            ("Stopped", "jobs; fg\n"),
            ("kept", ":wq\r"),
            ("written", ""),
            ("$ ", "cat /tmp/f; exit 7\n"),
            ("kept\r\n", ""),
        ])
        self.assertIn("[status 7]", shown)

    def test_nano(self) -> None:
        shown = self.play(["nano", "ncurses-base"], ["sh", "-c", "nano /tmp/f && cat /tmp/f"], [
            ("New File", "written in nano\r"),
            ("written in nano", "\x0f"),
            ("File Name to Write", "\r"),
            ("Wrote", "\x18"),
            ("written in nano\r\n", ""),
        ])
        self.assertIn("[status 0]", shown)

    def test_less(self) -> None:
        shown = self.play(["less", "ncurses-base"],
                          ["sh", "-c", "seq 1000 > /tmp/f; /usr/bin/less /tmp/f; echo left"], [
            ("23\r\n", "/^777$\n"),
            ("799\r\n", "G"),
            ("1000\r\n", "g"),
            ("M1\r\n", "q"),
            ("left\r\n", ""),
        ])
        self.assertIn("[status 0]", shown)

    def test_htop(self) -> None:
        shown = self.play(["htop", "ncurses-base"], ["htop"], [
            ("python3", "t"),
            ("`- ", "q"),
        ], smp=2)
        self.assertIn("[status 0]", shown)

    def test_tmux(self) -> None:
        shown = self.play(["tmux", "bash", "libc-bin", "ncurses-base", "ncurses-term"],
                          ["env", "LC_ALL=C.UTF-8", "bash", "--norc", "-i"], [
            # What comes within a millisecond is pasted, to tmux: not so here, where all keys come at once.
            ("$ ", r"tmux -f /dev/null set -g assume-paste-time 0 \; new-session -s one 'exec bash --norc'" "\n"),
            ("[one]", "echo in-$((40+2))\n"),
            ("in-42", "tmux split-window 'echo second; exec cat'\n"),
            ("second", "\x02d"),                     # detach
            ("[detached", "tmux list-panes -t one | wc -l\n"),
            ("2\r\n", "tmux send-keys -t one.0 'echo sent' Enter; sleep 1; tmux capture-pane -p -t one.0\n"),
            ("sent", "tmux attach -t one\n"),
            ("second", "\x02d"),
            ("[detached", "tmux kill-server; sleep 0.2; tmux ls; exit 4\n"),
            ("no server running", ""),
        ], smp=2)
        self.assertIn("[status 4]", shown)

    def test_screen(self) -> None:
        shown = self.play(["screen", "bash", "ncurses-base", "ncurses-term"], ["bash", "--norc", "-i"], [
            ("$ ", "export SCREENDIR=/tmp/screens; mkdir -m 700 $SCREENDIR\n"),
            ("$ ", "screen -c /dev/null -S one bash --norc\n"),
            ("$ ", "echo in-$((40+2))\n"),
            ("in-42", "\x01d"),
            ("detached", "screen -ls\n"),
            ("Detached", "screen -r one\n"),
            ("in-42", "exit\n"),
            ("terminating", "exit 4\n"),
        ], smp=2)
        self.assertIn("[status 4]", shown)


if __name__ == "__main__":
    unittest.main()
