"""`ephemera audit`: how what was proven is told, and how what was recorded is written out."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.explained import Finding
from app.stages.verify import Verified
from app.store.auditing import Line
from gitops.text import single_line

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
_COLUMNS = (
    "at",
    "commit",
    "environment",
    "repository",
    "number",
    "head_sha",
    "by",
    "reason",
    "delivery",
    "rules",
    "review_required",
    "proposal",
    "proposal_url",
    "decided_by",
    "decided_at",
    "reviewers",
    "tree",
    "templates",
    "signature",
)


def lines(verified: Verified, seconds: float) -> Iterator[str]:
    """One line for each finding, and the count. Foreign text in it is made fit to be shown."""
    for finding in verified.findings:
        mark = "FAIL" if finding.is_failure else "note"
        yield single_line(f"{mark}  {finding.commit or '-'}  {finding.what}; {finding.advice}", 1000)
    wrong = sum(finding.is_failure for finding in verified.findings)
    yield f"{verified.commits} commits, {verified.proven} proven, {wrong} findings, {seconds:.1f} s"


def document(verified: Verified, seconds: float) -> Iterator[str]:
    """The same as one JSON document."""
    held = {
        "commits": verified.commits,
        "proven": verified.proven,
        "findings": [_shown(each) for each in verified.findings if each.is_failure],
        "notes": [_shown(each) for each in verified.findings if not each.is_failure],
        "seconds": round(seconds, 1),
    }
    yield json.dumps(held, indent=2)


def moment(value: str, *, is_end: bool) -> datetime:
    """The time, in UTC; of a date its beginning, or its end. Raises ValueError for anything else."""
    if _DATE.fullmatch(value):
        day = date.fromisoformat(value) + timedelta(days=int(is_end))
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    time = datetime.fromisoformat(value)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def as_jsonl(changes: Iterable[Line]) -> Iterator[str]:
    """One JSON object a line."""
    for change in changes:
        yield json.dumps(_object(change), ensure_ascii=False) + "\n"


def as_csv(changes: Iterable[Line]) -> Iterator[str]:
    """RFC 4180 with a head; no cell is a formula, whatever it holds."""
    yield _row(_COLUMNS)
    for change in changes:
        held = _object(change)
        held["rules"] = "; ".join(f"{_result(each)}: {each['why']}" for each in held["rules"])
        held["reviewers"] = " ".join(held["reviewers"])
        yield _row(_cell(held[name]) for name in _COLUMNS)


FORMS: Mapping[str, Callable[[Iterable[Line]], Iterator[str]]] = {"jsonl": as_jsonl, "csv": as_csv}


def _shown(finding: Finding) -> dict[str, str | None]:
    return {"commit": finding.commit, "what": finding.what, "advice": finding.advice}


def _object(change: Line) -> dict[str, Any]:
    rules = change.requirement.get("results", [])
    return {
        "at": _time(change.at),
        "commit": change.commit,
        "environment": change.environment,
        "repository": change.repository,
        "number": change.number,
        "head_sha": change.head_sha,
        "by": change.by,
        "reason": change.reason,
        "delivery": change.delivery,
        "rules": [{"rule": each["rule"], "fits": each["fits"], "why": each["why"]} for each in rules],
        "review_required": bool(change.requirement.get("is_required")),
        "proposal": change.proposal,
        "proposal_url": change.proposal_url,
        "decided_by": change.decided_by,
        "decided_at": _time(change.decided_at),
        "reviewers": list(change.reviewers),
        "tree": change.tree,
        "templates": change.templates,
        # The database does not know it: `ephemera audit verify` does.
        "signature": "unknown",
    }


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def _result(rule: Mapping[str, Any]) -> str:
    return f"{rule['rule']} {'fits' if rule['fits'] else 'does not fit'}"


def _cell(value: object) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
