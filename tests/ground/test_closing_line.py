"""The one line that sums up both parts of `make test`."""

from pathlib import Path

import pytest

from tests.closing_line import closing_line


@pytest.mark.parametrize(
    ("suites", "line", "is_well"),
    [
        (['tests="3" failures="0" errors="0" skipped="0" time="1.5"'], "3 passed in 1.50s", True),
        (
            [
                'tests="3" failures="1" errors="0" skipped="1" time="1"',
                'tests="2" failures="0" errors="1" skipped="0" time="1"',
            ],
            "1 failed, 2 passed, 1 skipped, 1 errors in 2.00s",
            False,
        ),
        (['tests="0" failures="0" errors="0" skipped="0" time="0"'], "no tests ran in 0.00s", False),
    ],
)
def test_parts_are_summed_up_in_one_line(tmp_path: Path, suites: list[str], line: str, is_well: bool) -> None:
    files = [tmp_path / f"{number}.xml" for number, _ in enumerate(suites)]
    for file, suite in zip(files, suites, strict=True):
        file.write_text(f"<testsuites><testsuite {suite}/></testsuites>")
    assert closing_line(files) == (f"===== {line} =====", is_well)
