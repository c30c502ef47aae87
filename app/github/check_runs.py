"""Writes the check run.

GitHub does not open a completed run again: it may answer 200 and still show the old conclusion
(https://github.com/orgs/community/discussions/24761, https://github.com/argoproj-labs/gitops-promoter/pull/1002).
So its answer is compared with what was written, and what it does not show is written to a new run, as
https://github.com/Mergifyio/mergify/pull/1989 does.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from app.domain.report import Button, CheckRun, CheckStatus
from app.github import written
from app.github.errors import NotFound
from app.github.installations import Reach
from app.github.profile import Profile


class CheckRunWriter:
    """Creates and updates check runs, each only once."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def put(self, reach: Reach, check: CheckRun, known_id: int | None, *, look: bool) -> int:
        """Create or update the run and return its id: one write and no read where the known run takes it.

        Where it does not, an earlier try may have found that out as well, and created another.
        """
        if known_id is not None and _update(reach, check, known_id):
            return known_id
        newest = self._newest(reach, check) if look or known_id is not None else None
        if newest is not None and _is_open_to(newest, check, known_id) and _update(reach, check, newest.id):
            return newest.id
        return _create(reach, check)

    def _newest(self, reach: Reach, check: CheckRun) -> written.KnownRun | None:
        ours = (run for run in _runs(reach, check) if self._is_ours(run, check))
        return max(ours, key=lambda run: run.id, default=None)

    def _is_ours(self, run: written.KnownRun, check: CheckRun) -> bool:
        if run.name != check.name or run.external_id != check.external_id:
            return False
        return run.app_id == self._profile.get().id


def _runs(reach: Reach, check: CheckRun) -> Iterator[written.KnownRun]:
    """All of that name: `filter=latest` would show one, though two pull requests can have the same head."""
    query = urlencode({"check_name": check.name, "filter": "all", "per_page": 100})
    doing = f"looking for the check run {check.name} on {reach.repository}@{check.head_sha[:7]}"
    request = reach.request(doing, f"/commits/{check.head_sha}/check-runs?{query}")
    for page in reach.pages(request):
        yield from written.check_runs(request, page)


def _is_open_to(run: written.KnownRun, check: CheckRun, tried_id: int | None) -> bool:
    if run.id == tried_id:
        return False
    return _is_complete(check) or run.status != CheckStatus.COMPLETED


def _update(reach: Reach, check: CheckRun, run_id: int) -> bool:
    """Whether the run shows the check now."""
    request = reach.request(_doing(reach, check), f"/check-runs/{run_id}", "PATCH", _content(check))
    try:
        run = written.check_run(request, reach.send(request))
    except NotFound:
        return False
    return (run.status, run.conclusion) == (check.status, _conclusion(check))


def _create(reach: Reach, check: CheckRun) -> int:
    body = {"head_sha": check.head_sha, **_content(check)}
    request = reach.request(_doing(reach, check), "/check-runs", "POST", body)
    return written.check_run(request, reach.send(request)).id


def _content(check: CheckRun) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": check.name,
        "external_id": check.external_id,
        "status": check.status.value,
        "output": {"title": check.title, "summary": check.summary},
    }
    if check.details_url is not None:
        content["details_url"] = check.details_url
    return content | _ending(check)


def _ending(check: CheckRun) -> dict[str, Any]:
    """A conclusion makes GitHub complete the run, so it goes only with a completed one, and so do the buttons, which
    GitHub shows only there. No buttons are said as well: those of an earlier conclusion would stay."""
    if not _is_complete(check):
        return {}
    ending: dict[str, Any] = {"actions": [_action(button) for button in check.buttons]}
    conclusion = _conclusion(check)
    return ending | ({"conclusion": conclusion} if conclusion else {})


def _action(button: Button) -> dict[str, str]:
    return {"label": button.label, "description": button.description, "identifier": button.identifier}


def _conclusion(check: CheckRun) -> str | None:
    return check.conclusion.value if check.conclusion is not None and _is_complete(check) else None


def _is_complete(check: CheckRun) -> bool:
    return check.status is CheckStatus.COMPLETED


def _doing(reach: Reach, check: CheckRun) -> str:
    return f"writing the check run {check.name} on {reach.repository}@{check.head_sha[:7]}"
