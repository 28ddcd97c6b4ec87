# SPDX-License-Identifier: MIT
"""One module of Python's test suite, as `python3 -m test MODULE` runs it, and a line
a case: CASE passed|failed|skipped NAME: WHAT. Linux and Exo-OS run this alike."""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

REPORT = "/tmp/report.xml"
LIMIT_S = 1200


def last_lines(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-6:])


def parts(text: str) -> bool:
    """test_eintr is one case that runs a script of many: these are told instead."""
    verdicts = {"ok": "passed", "ERROR": "failed", "FAIL": "failed"}
    found = False
    for m in re.finditer(r"^test_\w+ \(__main__\.(\S+)\) \.\.\. (ok|ERROR|FAIL|skipped)", text, re.M):
        found = True
        said = re.search(r"^(?:ERROR|FAIL): \w+ \(__main__\." + re.escape(m.group(1)) + r"\)\n-+\n(.*?)\n\n",
                         text, re.M | re.S)
        print(f"CASE {verdicts.get(m.group(2), 'skipped')} {m.group(1)}: {last_lines(said.group(1)) if said else ''}")
    return found


def main() -> None:
    module = sys.argv[1]
    os.chdir("/tmp")
    done = subprocess.run([sys.executable, "-m", "test", "-v", "--timeout", str(LIMIT_S), "--junit-xml",
                           REPORT, module], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    print(done.stdout)
    print(f"CASE {'failed' if done.returncode not in (0, 2, 4) else 'passed'} {module}.run: "
          f"status {done.returncode}")
    if parts(done.stdout) or not os.path.exists(REPORT):
        return
    for case in tree.parse(REPORT).getroot().iter("testcase"):
        verdict, said = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                verdict, said = "failed", last_lines(child.text or '')
            elif child.tag == "skipped":
                verdict, said = "skipped", (child.text or "").strip().replace("\n", " ")
        print(f"CASE {verdict} {case.get('name')}: {said}")


main()
