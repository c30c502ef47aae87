"""Writes what a pull request is told: implements the port `Reports`.

An answer can be lost on its way. Where the caller says `look`, an earlier try may have landed, and every create looks
for it first; so it does where what was known is gone. Else each call is one write and no read.
"""

from app.domain.pull_request import RepositoryRef
from app.domain.report import CheckRun, CommitStatus, Deployment
from app.github import written
from app.github.check_runs import CheckRunWriter
from app.github.comments import CommentWriter, Place
from app.github.deployments import DeploymentWriter
from app.github.installations import Installations, Reach
from app.github.profile import Profile


class GitHubReports:
    """GitHub, written to through the App's installations."""

    def __init__(self, installations: Installations, profile: Profile) -> None:
        self._installations = installations
        self._check_runs = CheckRunWriter(profile)
        self._comments = CommentWriter(profile)
        self._deployments = DeploymentWriter(profile)

    def put_check_run(
        self, repository: RepositoryRef, check: CheckRun, known_id: int | None, *, look: bool = True
    ) -> int:
        """Create or update the check run and return its id, which is a new one when the old run was complete.

        The known run is written to without looking. Who knows that it is complete, while `check` is not, gives None
        instead, and saves the write by which GitHub would tell.
        """
        return self._check_runs.put(self._installations.reach(repository), check, known_id, look=look)

    def put_status(self, repository: RepositoryRef, status: CommitStatus, *, look: bool = True) -> None:
        """Set the commit status; with `look`, unless GitHub shows exactly that already."""
        reach = self._installations.reach(repository)
        if not look or not _is_shown(reach, status):
            _set(reach, status)

    def put_comment(
        self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None, *, look: bool = True
    ) -> int:
        """Create or edit our comment and return its id."""
        place = Place(self._installations.reach(repository), number, marker)
        return self._comments.put(place, body, known_id, look=look)

    def make_deployment(self, repository: RepositoryRef, deployment: Deployment, *, look: bool = True) -> int:
        """Have the deployment on GitHub and return its id."""
        return self._deployments.make(self._installations.reach(repository), deployment, look=look)

    def set_deployment_state(self, repository: RepositoryRef, deployment: Deployment, deployment_id: int) -> None:
        """Add a status to the deployment."""
        self._deployments.set_state(self._installations.reach(repository), deployment, deployment_id)


def _is_shown(reach: Reach, status: CommitStatus) -> bool:
    doing = f"reading the commit status of {reach.repository}@{status.head_sha[:7]}"
    request = reach.request(doing, f"/commits/{status.head_sha}/status?per_page=100")
    wanted = written.KnownStatus(status.context, status.state, status.description, status.target_url)
    return any(wanted in written.statuses(request, page) for page in reach.pages(request))


def _set(reach: Reach, status: CommitStatus) -> None:
    body = {"state": status.state.value, "context": status.context, "description": status.description}
    if status.target_url is not None:
        body["target_url"] = status.target_url
    doing = f"setting the commit status of {reach.repository}@{status.head_sha[:7]}"
    reach.send(reach.request(doing, f"/statuses/{status.head_sha}", "POST", body))
