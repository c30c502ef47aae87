"""Reads pull requests: implements the port `PullRequests`."""

from collections.abc import Sequence

import structlog

from app.domain.pull_request import Missing, PullRequest, RepositoryRef
from app.errors import Stalled
from app.github import parse
from app.github.client import Client
from app.github.errors import NotFound
from app.github.exchange import Request
from app.github.installations import Installations


class GitHubPullRequests:
    """GitHub, read through the App's installations."""

    def __init__(self, client: Client, installations: Installations) -> None:
        self._client = client
        self._installations = installations

    def look_up(self, repository: RepositoryRef, number: int) -> PullRequest | Missing:
        """The pull request as it is now; Missing only when the repository answered and the pull request did not."""
        reach = self._installations.reach(repository)
        request = reach.request(f"reading {repository.full_name}#{number}", f"/pulls/{number}")
        try:
            found = parse.pull_request(request, reach.send(request), reach.installation_id)
        except NotFound as error:
            reach.prove_gone(error)
            return Missing()
        reach.require_same(request, found.repository)
        return found

    def repositories(self) -> Sequence[RepositoryRef]:
        """Every repository of every installation that is not suspended.

        An installation that a person must mend first is left out, with a warning in the log, so that one customer's
        mistake does not hide all the others.
        """
        active = [found for found in self._installations.all() if not found.is_suspended]
        return [repository for found in active for repository in self._repositories_of(found)]

    def open_in(self, repository: RepositoryRef) -> Sequence[PullRequest]:
        """Every open pull request, each once, though pages shift while they are read."""
        reach = self._installations.survey(repository)
        request = reach.request(
            f"listing the open pull requests of {repository.full_name}", "/pulls?state=open&per_page=100"
        )
        found: dict[int, PullRequest] = {}
        for page in reach.pages(request):
            for pull_request in parse.pull_requests(request, page, reach.installation_id):
                reach.require_same(request, pull_request.repository)
                found[pull_request.number] = pull_request
        return [pull_request for pull_request in found.values() if pull_request.is_open]

    def _repositories_of(self, installation: parse.Installation) -> list[RepositoryRef]:
        doing = f"listing the repositories of installation {installation.id} ({installation.account})"
        request = Request(doing, "/installation/repositories?per_page=100")
        try:
            pages = self._client.pages(self._installations.listing(installation.id), request)
            return [found for page in pages for found in parse.repositories(request, page, installation.id)]
        except Stalled as error:
            log = structlog.get_logger()
            log.warning("installation_unreadable", installation_id=installation.id, error=str(error))
            return []
