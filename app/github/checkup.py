"""What `ephemera check` says about GitHub: the App, what it may do, where it is installed."""

from collections.abc import Mapping

from app.domain.finding import Finding
from app.errors import EphemeraError
from app.github.git_credentials import full_name, is_on_this_github
from app.github.installations import Installations
from app.github.parse import App, Installation
from app.github.profile import Profile

NEEDED = {"metadata": "read", "pull_requests": "read", "issues": "write", "checks": "write", "statuses": "write"}
"""The least that the App must be granted."""
EVENTS = frozenset({"pull_request"})
_LEVELS = ("none", "read", "write", "admin")
_PERMISSIONS_PAGE = "on the App's page under Permissions & events"


class Checkup:
    """Looks at GitHub with the App's key."""

    def __init__(self, api_url: str, profile: Profile, installations: Installations) -> None:
        self._api_url = api_url
        self._profile = profile
        self._installations = installations

    def findings(self, environments_repository: str) -> list[Finding]:
        """Everything that was looked at, well or not. Raises nothing that GitHub can cause."""
        try:
            app = self._profile.read()
        except EphemeraError as error:
            advice = "look at EPHEMERA_GITHUB_API_URL, EPHEMERA_GITHUB_APP_ID and EPHEMERA_GITHUB_PRIVATE_KEY"
            return [Finding.bad("GitHub App", str(error), advice)]
        seen = Finding.good("GitHub App", f"{app.name} ({app.slug}), id {app.id}")
        return [seen, _permissions(app), _events(app), *self._installed(), *self._repository(environments_repository)]

    def _installed(self) -> list[Finding]:
        what = "GitHub installations"
        try:
            found = self._installations.all()
        except EphemeraError as error:
            return [Finding.bad(what, str(error), "try again; if it stays, look at githubstatus.com")]
        if not found:
            return [Finding.bad(what, "the App is installed nowhere", "install it on an account with repositories")]
        return [_installation(installation) for installation in found]

    def _repository(self, environments_repository: str) -> list[Finding]:
        """Whether the App may push to the environments repository, where it lies on this GitHub."""
        if not is_on_this_github(environments_repository, self._api_url):
            return []
        what = "GitHub environments repository"
        try:
            name = full_name(environments_repository)
            granted = self._installations.of(name).permissions
        except EphemeraError as error:
            return [Finding.bad(what, str(error), "install the App on the environments repository")]
        if _lacking({"contents": "write"}, granted):
            advice = f"grant the App contents: write {_PERMISSIONS_PAGE}, and accept it for the installation"
            return [Finding.bad(what, f"the App may not push to {name}", advice)]
        return [Finding.good(what, f"the App may push to {name}")]


def _permissions(app: App) -> Finding:
    what, lacking = "GitHub permissions", _lacking(NEEDED, app.permissions)
    if lacking:
        return Finding.bad(what, f"the App lacks {lacking}", f"grant them {_PERMISSIONS_PAGE}")
    return Finding.good(what, "the App asks for all that is needed")


def _events(app: App) -> Finding:
    what, missed = "GitHub events", ", ".join(sorted(EVENTS - app.events))
    if missed:
        return Finding.bad(what, f"the App is not told about {missed}", f"subscribe to it {_PERMISSIONS_PAGE}")
    return Finding.good(what, "the App is told about pull requests")


def _installation(found: Installation) -> Finding:
    what, name = "GitHub installation", f"{found.account} (id {found.id})"
    if found.is_suspended:
        return Finding.good(what, f"{name} is suspended, so it is left alone")
    if lacking := _lacking(NEEDED, found.permissions):
        advice = "have an owner of the account accept the App's new permissions"
        return Finding.bad(what, f"{name} does not grant {lacking}", advice)
    return Finding.good(what, name)


def _lacking(needed: Mapping[str, str], granted: Mapping[str, str]) -> str:
    """`checks: write, issues: write`; empty when nothing lacks."""
    return ", ".join(
        f"{name}: {level}" for name, level in sorted(needed.items()) if _rank(granted.get(name)) < _rank(level)
    )


def _rank(level: str | None) -> int:
    return _LEVELS.index(level) if level in _LEVELS else 0
