"""What `ephemera check` says about GitHub: the App, what it may do, where it is installed."""

from collections.abc import Sequence

from app.domain.finding import Finding
from app.domain.permissions import lacking, needed, subscriptions
from app.errors import EphemeraError
from app.github.git_credentials import full_name, is_on_this_github
from app.github.installations import Installations
from app.github.parse import App, Installation
from app.github.permissions import REVIEWING, words
from app.github.profile import Profile

_PERMISSIONS_PAGE = "on the App's page under Permissions & events"


class Checkup:
    """Looks at GitHub with the App's key."""

    def __init__(
        self,
        api_url: str,
        profile: Profile,
        installations: Installations,
        *,
        sets_statuses: bool,
        proposes: bool = False,
    ) -> None:
        self._api_url = api_url
        self._profile = profile
        self._installations = installations
        self._sets_statuses = sets_statuses
        self._proposes = proposes

    def findings(self, environments_repository: str) -> list[Finding]:
        """Everything that was looked at, well or not. Raises nothing that GitHub can cause."""
        try:
            app = self._profile.read()
        except EphemeraError as error:
            advice = "look at EPHEMERA_GITHUB_API_URL, EPHEMERA_GITHUB_APP_ID and EPHEMERA_GITHUB_PRIVATE_KEY"
            return [Finding.bad("GitHub App", str(error), advice)]
        seen = Finding.good("GitHub App", f"{app.name} ({app.slug}), id {app.id}")
        asked = _permissions(app, self._needed_in(environments_repository))
        return [
            seen,
            asked,
            _events(app, subscriptions(proposes=self._proposes)),
            *self._installed(),
            *self._repository(environments_repository),
        ]

    def _needed_in(self, environments_repository: str) -> dict[str, str]:
        """What the App has to ask for: it has one set of permissions for all accounts."""
        with_contents = self._proposes or self._is_here(environments_repository)
        return needed(with_statuses=self._sets_statuses, with_contents=with_contents, proposes=self._proposes)

    def _is_here(self, environments_repository: str) -> bool:
        return is_on_this_github(environments_repository, self._api_url)

    def _installed(self) -> list[Finding]:
        what = "GitHub installations"
        try:
            found = self._installations.all()
        except EphemeraError as error:
            return [Finding.bad(what, str(error), "try again; if it stays, look at githubstatus.com")]
        if not found:
            return [Finding.bad(what, "the App is installed nowhere", "install it on an account with repositories")]
        # To push and to propose is needed in the environments repository alone, which has a finding of its own.
        wanted = needed(with_statuses=self._sets_statuses, with_contents=False)
        return [_installation(installation, wanted) for installation in found]

    def _repository(self, environments_repository: str) -> list[Finding]:
        """Whether the App may push to the environments repository, where it lies on this GitHub, and propose there,
        where that is wanted."""
        if not self._proposes and not self._is_here(environments_repository):
            return []
        what = "GitHub environments repository"
        try:
            name = full_name(environments_repository)
            granted = self._installations.of(name).permissions
        except EphemeraError as error:
            why = ": EPHEMERA_REVIEW demands review there" if self._proposes else ""
            return [Finding.bad(what, str(error), f"install the App on the environments repository{why}")]
        may = "push to and propose in" if self._proposes else "push to"
        if lacks := lacking(dict(REVIEWING.permissions) if self._proposes else {"contents": "write"}, granted):
            advice = f"grant the App {words(lacks)} {_PERMISSIONS_PAGE}, and accept it for the installation"
            return [Finding.bad(what, f"the App may not {may} {name}: it lacks {words(lacks)}", advice)]
        return [Finding.good(what, f"the App may {may} {name}")]


def _permissions(app: App, wanted: dict[str, str]) -> Finding:
    what, lacks = "GitHub permissions", lacking(wanted, app.permissions)
    if lacks:
        return Finding.bad(what, f"the App lacks {words(lacks)}", f"grant them {_PERMISSIONS_PAGE}")
    return Finding.good(what, "the App asks for all that is needed")


def _events(app: App, wanted: Sequence[str]) -> Finding:
    what, missed = "GitHub events", [name for name in wanted if name not in app.events]
    if missed:
        advice = f"subscribe to them {_PERMISSIONS_PAGE}"
        return Finding.bad(what, f"the App is not told about {', '.join(missed)}", advice)
    return Finding.good(what, "the App is told about all that is needed")


def _installation(found: Installation, wanted: dict[str, str]) -> Finding:
    what, name = "GitHub installation", f"{found.account} (id {found.id})"
    if found.is_suspended:
        return Finding.good(what, f"{name} is suspended, so it is left alone")
    if lacks := lacking(wanted, found.permissions):
        advice = "have an owner of the account accept the App's new permissions"
        return Finding.bad(what, f"{name} does not grant {words(lacks)}", advice)
    return Finding.good(what, name)
