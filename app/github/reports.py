"""Writes what a pull request is told: implements the port `Reports`.

Every create looks first whether an earlier try landed, since an answer can be lost on its way; after a create that
ended in Transient, ask again without a known id. From push to ready this costs six writes (check run, commit status
and comment, twice each) and three looks (the check run's creation, and each status).
"""

from app.domain.pull_request import RepositoryRef
from app.domain.report import CheckRun, CommitStatus
from app.github import parse
from app.github.check_runs import CheckRunWriter
from app.github.comments import CommentWriter
from app.github.installations import Installations, Reach
from app.github.profile import Profile


class GitHubReports:
    """GitHub, written to through the App's installations."""

    def __init__(self, installations: Installations, profile: Profile) -> None:
        self._installations = installations
        self._check_runs = CheckRunWriter(profile)
        self._comments = CommentWriter(profile)

    def put_check_run(self, repository: RepositoryRef, check: CheckRun, known_id: int | None) -> int:
        """Create or update the check run and return its id, which is a new one when the old run was complete."""
        return self._check_runs.put(self._installations.reach(repository), check, known_id)

    def put_status(self, repository: RepositoryRef, status: CommitStatus) -> None:
        """Set the commit status, unless GitHub shows exactly that already."""
        reach = self._installations.reach(repository)
        if not _is_shown(reach, status):
            _set(reach, status)

    def put_comment(self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None) -> int:
        """Create or edit our comment and return its id."""
        return self._comments.put(self._installations.reach(repository), number, marker, body, known_id)


def _is_shown(reach: Reach, status: CommitStatus) -> bool:
    doing = f"reading the commit status of {reach.repository}@{status.head_sha[:7]}"
    request = reach.request(doing, f"/commits/{status.head_sha}/status?per_page=100")
    wanted = parse.KnownStatus(status.context, status.state, status.description, status.target_url)
    return any(wanted in parse.statuses(request, page) for page in reach.pages(request))


def _set(reach: Reach, status: CommitStatus) -> None:
    body = {"state": status.state.value, "context": status.context, "description": status.description}
    if status.target_url is not None:
        body["target_url"] = status.target_url
    doing = f"setting the commit status of {reach.repository}@{status.head_sha[:7]}"
    reach.send(reach.request(doing, f"/statuses/{status.head_sha}", "POST", body))
