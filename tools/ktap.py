# SPDX-License-Identifier: MIT
"""KTAP version 1, as the kernel's suites, the user tests and the host tests print it:

    KTAP version 1
    1..3
    # anything            detail, belongs to the next result
    ok 1 mm.buddy.split # time=12us
    not ok 2 mm.buddy.merge
    ok 3 numa.fallback # SKIP one node

Lines that are none of this are the program's own output and are kept as detail.
Source: Linux Documentation/dev-tools/ktap.rst; flat, without nested tests.
"""
import re
from typing import List, NamedTuple, Optional

_RESULT = re.compile(r"(not )?ok\b *(\d+)? *(?:- )?(.*?)(?: *# *(SKIP|TODO)\b[: ]*(.*))?$", re.I)
_PLAN = re.compile(r"1\.\.(\d+)(?: *# *SKIP\b[: ]*(.*))?$", re.I)
_DETAIL_LINES = 200  # what is kept of a test that says a lot


class Case(NamedTuple):
    name: str
    verdict: str  # "passed" | "failed" | "skipped"
    detail: List[str]  # for a skipped one, the reason


class Parser:
    """Text in pieces of any size, cases out. One program or one run of suites."""

    def __init__(self) -> None:
        self.planned: Optional[int] = None
        self.seen = 0
        self.bailed: Optional[str] = None
        self._rest = b""
        self._detail: List[str] = []

    def feed(self, data: bytes) -> List[Case]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        cases = []
        for raw in lines:
            case = self._line(raw.decode("utf-8", "replace").rstrip("\r"))
            if case:
                cases.append(case)
        return cases

    def _line(self, line: str) -> Optional[Case]:
        plan = _PLAN.match(line)
        if plan:
            # Several suites in one stream: their plans add up.
            self.planned = (self.planned or 0) + int(plan.group(1))
            return None
        result = _RESULT.match(line)
        if result:
            return self._result(result)
        if line.startswith("Bail out!"):
            self.bailed = line[9:].strip() or "no reason given"
        elif line and not line.startswith(("KTAP version", "TAP version")):
            self._detail.append(line)
            del self._detail[:-_DETAIL_LINES]
        return None

    def _result(self, m: "re.Match[str]") -> Case:
        bad, number, name, directive, reason = m.groups()
        self.seen += 1
        detail, self._detail = self._detail, []
        name = name or f"test {number or self.seen}"
        if directive and directive.upper() == "SKIP":
            return Case(name, "skipped", [reason or "no reason given"])
        name, _, remark = name.partition(" # ")  # such as time=12us
        if remark:
            detail.append("# " + remark)
        return Case(name, "failed" if bad else "passed", detail)

    def finish(self, status: int = 0) -> List[str]:
        """What is wrong with the whole: complaints, none when it is sound.
        `status`: how the program ended, in the shell's way."""
        wrong = []
        if self._rest:
            self.feed(b"\n")
        if self.bailed:
            wrong.append(f"bailed out: {self.bailed}")
        if self.planned is None:
            wrong.append(f"no plan (1..N) after {self.seen} results")
        elif self.seen != self.planned:
            wrong.append(f"{self.seen} results of {self.planned} planned")
        if status > 128:
            wrong.append(f"killed by signal {status - 128}")
        elif status == 127 or status == 126:
            wrong.append(f"could not be run (status {status})")
        return wrong

    def take_detail(self) -> List[str]:
        """Lines after the last result."""
        detail, self._detail = self._detail, []
        return detail
