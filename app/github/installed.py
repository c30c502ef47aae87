"""Where the App is installed, and what each installation covers: implements the port `Installations`."""

from collections.abc import Sequence

import structlog

from app.domain.installation import Installation
from app.domain.pull_request import RepositoryRef
from app.errors import Stalled
from app.github import parse
from app.github.client import Client
from app.github.exchange import Request
from app.github.installations import Installations

_log = structlog.get_logger(__name__)


class GitHubInstallations:
    """GitHub's list of the App's installations, each with its repositories."""

    def __init__(self, client: Client, installations: Installations) -> None:
        self._client = client
        self._installations = installations

    def all(self) -> Sequence[Installation]:
        """Every installation, suspended ones too; those cannot be asked what they cover."""
        return [
            Installation(
                found.id,
                found.account,
                found.is_suspended,
                found.permissions,
                None if found.is_suspended else self._repositories_of(found),
            )
            for found in self._installations.all()
        ]

    def _repositories_of(self, found: parse.Installation) -> tuple[RepositoryRef, ...] | None:
        doing = f"listing the repositories of installation {found.id} ({found.account})"
        request = Request(doing, "/installation/repositories?per_page=100")
        try:
            pages = self._client.pages(self._installations.listing(found.id), request)
            return tuple(one for page in pages for one in parse.repositories(request, page, found.id))
        except Stalled as error:
            _log.warning("installation_unreadable", installation_id=found.id, error=str(error))
            return None
