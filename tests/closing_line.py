"""Print one closing line, in pytest's words, for the parts that `make test` runs one after the other.

Arguments are the JUnit files that `pytest --junitxml` wrote. Exits with 1 when a test failed, a file is missing or
there was no test at all.
"""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

_KINDS = ("failed", "passed", "skipped", "errors")


def closing_line(files: list[Path]) -> tuple[str, bool]:
    """Return the line, such as `===== 3 passed in 1.20s =====`, and whether all is well."""
    counts: Counter[str] = Counter()
    seconds = 0.0
    for suite in (suite for file in files for suite in ElementTree.parse(file).iter("testsuite")):
        number = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
        counts["failed"] += number["failures"]
        counts["errors"] += number["errors"]
        counts["skipped"] += number["skipped"]
        counts["passed"] += number["tests"] - number["failures"] - number["errors"] - number["skipped"]
        seconds += float(suite.attrib["time"])
    words = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind]) or "no tests ran"
    is_well = bool(counts["passed"]) and not counts["failed"] and not counts["errors"]
    return f"===== {words} in {seconds:.2f}s =====", is_well


def main() -> int:
    """Print the line and return the exit code."""
    files = [Path(name) for name in sys.argv[1:]]
    if missing := [str(file) for file in files if not file.exists()]:
        print(f"pytest wrote no {', '.join(missing)}: it did not come to its end")
        return 1
    line, is_well = closing_line(files)
    print(line)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
