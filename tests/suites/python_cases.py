# SPDX-License-Identifier: MIT
"""One module of Python's test suite, as `python3 -m test MODULE` runs it, and a line
a case: CASE passed|failed|skipped NAME: WHAT. Linux and Exo-OS run this alike."""
import os
import subprocess
import sys
import xml.etree.ElementTree as tree

REPORT = "/tmp/report.xml"
LIMIT_S = 1200


def last_line(element) -> str:
    lines = (element.text or "").strip().splitlines()
    return " | ".join(lines[-6:])


def main() -> None:
    module = sys.argv[1]
    os.chdir("/tmp")
    done = subprocess.run([sys.executable, "-m", "test", "-v", "--timeout", str(LIMIT_S), "--junit-xml",
                           REPORT, module], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    print(done.stdout)
    print(f"CASE {'failed' if done.returncode not in (0, 2, 4) else 'passed'} {module}.run: "
          f"status {done.returncode}")
    if not os.path.exists(REPORT):
        return
    for case in tree.parse(REPORT).getroot().iter("testcase"):
        verdict, said = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                verdict, said = "failed", last_line(child)
            elif child.tag == "skipped":
                verdict, said = "skipped", (child.text or "").strip().replace("\n", " ")
        print(f"CASE {verdict} {case.get('name')}: {said}")


main()
