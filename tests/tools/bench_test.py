# SPDX-License-Identifier: MIT
"""tools/bench*.py without a machine: what is read, compared, judged and written."""
import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from types import SimpleNamespace
from typing import Dict, List, Optional, Sequence
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import bench  # noqa: E402
import bench_guest  # noqa: E402
import bench_machine  # noqa: E402
import bench_profile  # noqa: E402
import bench_wall  # noqa: E402
from bench import Row  # noqa: E402

CLOCK = {"name": "clock", "loop": 2001}


def said(call, *args) -> tuple:
    """What the call returns, and what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        result = call(*args)
    return result, out.getvalue()


def ran(**medians) -> bench.Results:
    return {name: {"name": name, "min": value, "median": value} for name, value in medians.items()}


class Temp(unittest.TestCase):
    def setUp(self) -> None:
        work = tempfile.TemporaryDirectory(prefix="exo-bench.")
        self.addCleanup(work.cleanup)
        self.dir = work.name

    def path(self, name: str, text: Optional[str] = None) -> str:
        path = os.path.join(self.dir, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return path

    def patch(self, where, **names) -> None:
        for name, value in names.items():
            p = mock.patch.object(where, name, value)
            p.start()
            self.addCleanup(p.stop)


class RowsTest(unittest.TestCase):
    def test_the_file(self) -> None:
        rows = bench.read_rows()
        self.assertEqual(rows["getppid_raw"].budget, 80)
        self.assertEqual(rows["ring_futex_msg"].linux, 136.8)
        self.assertTrue(rows["channel_call_rt"].own)
        self.assertFalse(rows["pipe_64k_chunk_2cpu"].own)
        self.assertFalse(rows["nanosleep_1ms_late"].in_mean)
        self.assertFalse(rows["memcpy_1m_user"].in_mean)
        self.assertEqual([n for n, r in rows.items() if not r.measured], list(bench.IN_KERNEL))
        self.assertLessEqual(set(bench.IN_KERNEL), set(bench_machine.ROWS))

    def test_every_measured_row_is_in_the_program_and_the_baseline_has_no_other(self) -> None:
        text = ""
        for name in ("file.c", "mem.c", "ring.c", "task.c", "watch.c"):
            with open(os.path.join(ROOT, "tests/bench", name), encoding="utf-8") as f:
                text += f.read()
        rows = bench.read_rows()
        for name, row in rows.items():
            self.assertEqual(f'"{name}"' in text, row.measured, name)
        self.assertLessEqual(set(bench.read_baseline()), set(rows))

    def test_words(self) -> None:
        rows = bench.read_rows()
        self.assertEqual(bench.without_2cpu(rows, ["fstat", "pipe_64k_chunk_2cpu"]), ["fstat"])
        with self.assertRaisesRegex(bench.BenchError, "no row fstatt"):
            bench.without_2cpu(rows, ["fstat", "fstatt"])


class ClockTest(unittest.TestCase):
    def test_a_clock_that_counts_something_else_is_refused(self) -> None:
        self.assertEqual(list(bench.by_name([CLOCK, {"name": "boot"}, {"name": "a", "median": 1}], "X")), ["a"])
        for lines in ([{"name": "a", "median": 1}], [{"name": "clock", "loop": 2000}],
                      [{"name": "clock", "hz": 1}]):
            with self.assertRaisesRegex(bench.BenchError, "X: a loop of 2001"):
                bench.by_name(lines, "X")


class FakeLinux:
    def __init__(self, figures: Dict[str, float]) -> None:
        self.of = figures.get


class TableTest(unittest.TestCase):
    ROWS = {r.name: r for r in (Row("a", "", 100, 30, ""), Row("b", "", 100, None, ""), Row("a_late", "", 10, 5, ""),
                                Row("memcpy_1m_user", "", 10, None, ""), Row("own", "", None, 10, ""),
                                Row("gone", "", None, 10, ""))}

    def test_mean_over_and_slow(self) -> None:
        ours = ran(a=20, b=90, a_late=100, memcpy_1m_user=10, own=11)
        ours["gone"] = {"name": "gone", "error": "ENOSYS"}
        theirs = FakeLinux({"a": 100.0, "b": 100.0, "a_late": 10.0, "memcpy_1m_user": 10.0})
        (lines, last), text = said(bench.table, self.ROWS, ours, theirs)
        # sqrt(0.2 * 0.9); b is slow, a_late too but only in virtual time
        self.assertEqual(last, "geometric mean of 2 ratios: 0.424; 2 rows over budget; above 0.8 of Linux: b; "
                               "not measured: gone")
        self.assertEqual([x["name"] for x in lines if x["over"]], ["a_late", "own"])
        self.assertRegex(text, r"gone +ENOSYS")
        self.assertTrue(text.endswith(last + "\n"))

    def test_nothing_to_compare(self) -> None:
        (_, last), _ = said(bench.table, self.ROWS, ran(own=1), FakeLinux({}))
        self.assertTrue(last.startswith("geometric mean of 0 ratios: 0.000; 0 rows"), last)

    def test_mean(self) -> None:
        self.assertAlmostEqual(bench.mean([0.25, 1.0]), 0.5)
        self.assertEqual(bench.mean([]), 0)

    def test_two_runs(self) -> None:
        self.assertEqual(bench.differences(ran(a=1, b=2), ran(a=1, b=2)), [])
        wrong = bench.differences(ran(a=1, b=2), ran(a=3))
        self.assertEqual([text.split(":")[0] for text in wrong], ["a", "b"])


class LinuxTest(Temp):
    ROWS = {"a": Row("a", "", 7, None, ""), "own": Row("own", "", None, None, "")}

    def test_measured_or_as_recorded_and_why(self) -> None:
        guest = bench_guest.Guest("Linux 6", "linux-6", "/k", "")
        self.patch(bench_guest, linux=lambda: guest,
                   measured=lambda *_: [CLOCK, {"name": "a", "min": 5, "median": 6}])
        linux = bench.Linux(self.ROWS, [], True, False)
        self.assertEqual((linux.name, linux.why, linux.of("a"), linux.of("own")), ("Linux 6", "", 5, None))
        asked_not = bench.Linux(self.ROWS, [], False, False)
        self.assertEqual((asked_not.why, asked_not.of("a")), ("not asked for", 7))

        def none() -> bench_guest.Guest:
            raise bench_guest.GuestError("no apt here")
        self.patch(bench_guest, linux=none)
        without = bench.Linux(self.ROWS, [], True, False)
        self.assertEqual((without.why, without.of("a")), ("no apt here", 7))
        self.assertIn("rows.tsv", without.name)


class BaselineTest(Temp):
    def setUp(self) -> None:
        super().setUp()
        self.rows = self.path("rows.tsv", "# x\na\tA\t10\t9\nb\tB\t10\t\nc\tC\t\t4\n")
        self.base = self.path("base.jsonl", '{"name": "a", "median": 100, "date": "2026-01-01", "reason": "old"}\n'
                              '{"name": "b", "median": 100, "date": "2026-01-01", "reason": "old"}\n')
        self.patch(bench, ROWS=self.rows, BASELINE=self.base)

    def check(self, ours: bench.Results) -> tuple:
        self.patch(bench, run_exo=lambda _words: ours)
        return said(bench.check, None)

    def test_check(self) -> None:
        self.assertEqual(self.check(ran(a=105, b=96))[0], 0)
        status, text = self.check(ran(a=106, b=100))
        self.assertEqual(status, 1)
        self.assertIn("a: 106, was 100 (+6%)", text)
        self.assertNotIn("  b:", text)

    def test_check_tells_what_is_gone_new_and_faster(self) -> None:
        status, text = self.check({"b": {"name": "b", "error": "ENOSYS"}, **ran(a=90, c=3)})
        self.assertEqual(status, 1)
        self.assertIn("b: ENOSYS, was 100", text)
        self.assertIn("not in the baseline: c", text)
        self.assertIn("faster by more than 5 %: a", text)
        status, text = self.check(ran(a=100))
        self.assertEqual(status, 1)
        self.assertIn("b: not measured, was 100", text)

    def accept(self, ours: bench.Results, rows: Sequence[str]) -> Dict[str, dict]:
        self.patch(bench, run_exo=lambda _words: ours)
        status, _ = said(bench.accept, argparse.Namespace(accept="new", row=list(rows)))
        self.assertEqual(status, 0)
        return bench.read_baseline()

    def test_accept_changes_what_changed_alone(self) -> None:
        base = self.accept({"d": {"name": "d", "error": "ENOSYS"}, **ran(b=50, a=100, c=3)}, [])
        self.assertEqual(list(base), ["a", "b", "c"])  # in the order of rows.tsv
        self.assertEqual((base["a"]["reason"], base["a"]["date"]), ("old", "2026-01-01"))
        self.assertEqual((base["b"]["median"], base["b"]["reason"]), (50, "new"))
        self.assertEqual(base["c"]["reason"], "new")

    def test_accept_of_some_rows(self) -> None:
        base = self.accept(ran(a=1, b=2, c=3), ["b"])
        self.assertEqual({n: line["median"] for n, line in base.items()}, {"a": 100, "b": 2})
        with self.assertRaisesRegex(bench.BenchError, "no row z"):
            self.accept(ran(a=1), ["z"])

    def test_first_baseline(self) -> None:
        os.unlink(self.base)
        self.assertEqual(list(self.accept(ran(c=1), [])), ["c"])

    def test_readme(self) -> None:
        rows = [{"name": "a", "ours": 5.0, "error": None, "linux": 10.0, "ratio": 0.5, "budget": 4.0, "over": True},
                {"name": "c", "ours": None, "error": "ENOSYS", "linux": None, "ratio": None, "budget": 4.0,
                 "over": False}]
        results = {"date": "2026-02-03", "qemu": "9.9", "linux": "Linux 6", "last": "geometric mean", "rows": rows}
        self.patch(bench, RESULTS=self.path("results.json", json.dumps(results)))
        readme = self.path("README.md", "before\n" + bench.MARKS[0] + "old\n" + bench.MARKS[1] + "after\n")
        bench.readme(argparse.Namespace(readme=readme))
        with open(readme, encoding="utf-8") as f:
            text = f.read()
        self.assertTrue(text.startswith("before\n" + bench.MARKS[0] + "Generated by"))
        self.assertTrue(text.endswith(bench.MARKS[1] + "after\n"))
        self.assertIn("on 2026-02-03: QEMU 9.9 TCG", text)
        self.assertIn("Geometric mean.", text)
        self.assertIn("| `a` | 5 | 10 | 0.50 | 4 (over) | old |\n", text)
        self.assertIn("| `c` | ENOSYS |  |  | 4 |  |\n", text)
        self.assertNotIn("old\n" + bench.MARKS[1], text)


class GuestTest(Temp):
    """boot() with a QEMU that writes what it is told."""
    END = '{"name": "end", "status": 0}\n'

    def setUp(self) -> None:
        super().setUp()
        self.patch(bench_guest, OUT=self.dir, _initrd=lambda: b"")
        self.guest = bench_guest.Guest("X", "x", "/kernel", "word")

    def boot(self, out: str, status: int = 0, words: Sequence[str] = ("a",)) -> List[dict]:
        def run(cmd: List[str], **_kw) -> SimpleNamespace:
            self.cmd = cmd
            self.path("x.out", out)
            return SimpleNamespace(returncode=status)
        with mock.patch.object(bench_guest.subprocess, "run", run), \
                mock.patch.object(bench_guest.qemu, "version", lambda: 10):
            return bench_guest.boot(self.guest, list(words))

    def test_good(self) -> None:
        self.assertEqual(self.boot('{"name": "a"}\n' + self.END), [{"name": "a"}])
        self.assertIn("word -- a", self.cmd)
        self.assertIn("shift=0,sleep=off", " ".join(self.cmd))

    def test_runs_that_did_not_end_well(self) -> None:
        bad = '{"name": "end", "status": 256}\n'
        for out, status in (("", 0), (self.END, 1), ('{"name": "a"}\n', 0), ("panic!\n" + self.END, 0), (bad, 0)):
            with self.assertRaisesRegex(bench_guest.GuestError, "did not end well"):
                self.boot(out, status)

    def test_a_boot_line_has_an_end(self) -> None:
        with self.assertRaisesRegex(bench_guest.GuestError, "at most"):
            self.boot(self.END, words=["a"] * (bench_guest.WORDS_MAX + 1))

    def test_what_linux_said_is_kept_by_what_it_depends_on(self) -> None:
        runs = []
        self.patch(bench_guest, boot=lambda g, w: runs.append(w) or [{"name": "r", "n": len(runs)}])
        self.patch(bench_guest.qemu, version=lambda: 10)
        self.path("init", "i")
        self.path("bench", "b")

        def once(rows: Sequence[str], fresh: bool = False) -> int:
            return bench_guest.measured(self.guest, rows, fresh)[0]["n"]
        self.assertEqual([once(["a"]), once(["a"]), once(["b"]), once(["a"], True), once(["a"])], [1, 1, 2, 3, 3])
        self.path("bench", "another")
        self.assertEqual(once(["a"]), 4)


class WallTest(unittest.TestCase):
    ROWS = {r.name: r for r in (Row("a", "", 1, None, ""), Row("b", "", 1, None, ""), Row("c_2cpu", "", None, None, ""),
                                Row("own", "", None, None, ""), Row("x_late", "", 1, None, ""))}

    @staticmethod
    def rounds(**values) -> List[bench_wall.Round]:
        return [{name: v[i] for name, v in values.items() if v[i] is not None} for i in range(3)]

    def test_round(self) -> None:
        lines = [{"name": "clock", "hz": 2e9}, {"name": "a", "median": 10}, {"name": "x_late", "median": 10},
                 {"name": "own", "error": "ENOSYS"}]
        with mock.patch.object(bench_guest, "boot", lambda *_a, **_k: lines):
            self.assertEqual(bench_wall.one_round(bench_guest.EXO, []), {"a": 5.0, "x_late": 10})

    def test_median_and_spread(self) -> None:
        t = bench_wall.times(self.rounds(a=[30, 10, 20]), "a")
        self.assertEqual(t, bench_wall.Time(20, 1.0, 10, 30))
        # A round without a figure is not passed over: the row has none.
        self.assertIsNone(bench_wall.times(self.rounds(a=[30, None, 20]), "a"))
        self.assertIsNone(bench_wall.times([], "a"))

    def test_rounds_are_in_turn(self) -> None:
        self.assertEqual([bench_wall.order(["exo", "linux"], i) for i in range(3)],
                         [["exo", "linux"], ["linux", "exo"], ["exo", "linux"]])
        ran_: List[str] = []

        def one(guest, _words):
            ran_.append(guest.key)
            return {"a": 1.0}
        with mock.patch.object(bench_wall, "one_round", one), mock.patch.object(bench_wall, "ROUNDS", 3), \
                mock.patch.object(bench_guest, "linux", lambda: bench_guest.Guest("L", "l", "", "")), \
                contextlib.redirect_stderr(io.StringIO()):
            rounds = bench_wall.measure([])
        self.assertEqual(ran_, ["exo", "l", "l", "exo", "exo", "l"])
        self.assertEqual({key: len(r) for key, r in rounds.items()}, {"exo": 3, "linux": 3})

    def lines(self, exo: dict, linux: dict) -> List[bench_wall.Line]:
        return bench_wall.lines_of({"exo": self.rounds(**exo), "linux": self.rounds(**linux)}, self.ROWS)

    def test_what_counts(self) -> None:
        lines = self.lines({n: [10, 10, 10] for n in self.ROWS}, {n: [20, 20, 20] for n in self.ROWS})
        self.assertEqual([x.name for x in lines if x.counts], ["a", "b"])
        self.assertIsNone({x.name: x for x in lines}["own"].linux)
        text, status = bench_wall.verdict(lines, [], 0.01)
        self.assertEqual((status, len(text)), (0, 2))
        self.assertEqual(text[-1], "geometric mean of 2 one-CPU rows: 0.500; slower than Linux: none")

    def test_noise_is_told(self) -> None:
        lines = self.lines({"a": [10, 21, 22], "b": [30, 31, 32]}, {"a": [19, 20, 21], "b": [10, 10, 10]})
        text, status = bench_wall.verdict(lines, ["own"], 0.2)
        self.assertEqual(status, 1)
        self.assertIn("took 20% of this machine meanwhile: measure again", text[0])
        self.assertIn("rounds more than 50% apart: a", text)
        self.assertIn("without a figure: own", text)
        self.assertTrue(text[-1].endswith("slower than Linux: a (not in every round), b"), text[-1])

    def test_missing(self) -> None:
        lines = self.lines({"a": [1, 1, 1], "b": [1, None, 1], "own": [1, 1, 1], "x_late": [1, 1, 1]},
                           {"b": [1, 1, 1], "x_late": [1, 1, 1]})
        self.assertEqual(bench_wall.missing(lines, self.ROWS, []), ["a", "b", "c_2cpu"])
        self.assertEqual(bench_wall.missing(lines, self.ROWS, ["b", "own"]), ["b"])

    def test_others(self) -> None:
        stat = iter([(100.0, 1000.0), (150.0, 1100.0)])
        own = iter([5.0, 35.0])
        with mock.patch.object(bench_wall, "cpu_seconds", lambda: next(stat)), \
                mock.patch.object(bench_wall, "own_seconds", lambda: next(own)):
            self.assertAlmostEqual(bench_wall.Others().share(), 0.2)
        busy, total = bench_wall.cpu_seconds()
        self.assertTrue(0 < busy <= total)


class ProfileTest(Temp):
    def test_symbols(self) -> None:
        nm = "ffffffff80100000 T first\nffffffff80100010 t second\n0000000000000004 A absolute\n"
        with mock.patch.object(bench_profile.subprocess, "run",
                               lambda *_a, **_k: SimpleNamespace(stdout=nm.encode())):
            symbols = bench_profile.Symbols("x")
        self.assertEqual([symbols.name(0xffffffff80100000 + i) for i in (-1, 0, 15, 16, 99)],
                         ["?", "first", "first", "second", "second"])
        self.assertEqual(symbols.address("second"), 0xffffffff80100010)

    def test_by_symbol(self) -> None:
        tables = {bench_guest.EXO.kernel: SimpleNamespace(name=lambda va: "k"),
                  os.path.join(bench_guest.OUT, "bench"): SimpleNamespace(name=lambda va: "u")}
        with mock.patch.object(bench_profile, "Symbols", tables.get):
            found = bench_profile.by_symbol({1 << 63: 3, (1 << 63) + 1: 4, 4096: 5})
        self.assertEqual(found, {"k": 7, "(user) u": 5})

    def test_by_line(self) -> None:
        text = "f\na.c:3\ng\nb.h:9 (discriminator 2)\nf\na.c:3\n"
        with mock.patch.object(bench_profile.subprocess, "run",
                               lambda *_a, **_k: SimpleNamespace(stdout=text.encode())):
            found = bench_profile.by_line({(1 << 63) + i: 10 for i in range(3)}, "x")
        self.assertEqual(found, {"f a.c:3": 20, "g b.h:9": 10})

    def test_a_row_is_needed(self) -> None:
        with self.assertRaisesRegex(bench_guest.GuestError, "of one row"):
            bench_profile.main([], False)


class MachineTest(Temp):
    def test_kernel_rows(self) -> None:
        self.patch(bench_guest, OUT=self.dir, boot=lambda *_a, **_k: [])
        self.path("exo.log", "x\nkbench: eoi 12.5 cycles\nkbench: cap_check 9 cycles\nclock: TSC 1000.5 MHz\n")
        found = bench_machine.kbench("", 1, True)
        self.assertEqual(found, {"eoi": 12.5, "cap_check": 9.0})
        self.assertAlmostEqual(bench_machine.in_ns(found)["cap_check"], 9 / 1.0005)
        self.path("exo.log", "nothing\n")
        with self.assertRaisesRegex(bench_guest.GuestError, "frequency"):
            bench_machine.hz()

    def test_entry(self) -> None:
        with open(sys.executable, "rb") as f:
            entry = int.from_bytes(f.read(32)[24:], "little")
        self.assertEqual(bench_machine.entry_of(sys.executable), entry)


if __name__ == "__main__":
    unittest.main()
