"""Puts the parts together: everything that speaks to one GitHub as one App."""

from dataclasses import dataclass, field

from app.domain.review import MergeMethod
from app.github.checkup import Checkup
from app.github.client import Client, Clock
from app.github.conversations import GitHubConversations
from app.github.credentials import AsApp
from app.github.git_credentials import GitHubGitCredentials
from app.github.hook_deliveries import GitHubHookDeliveries
from app.github.installations import Installations
from app.github.installed import GitHubInstallations
from app.github.permissions import speaking
from app.github.profile import Profile
from app.github.proposals import GitHubProposals, Target
from app.github.pull_requests import GitHubPullRequests
from app.github.reports import GitHubReports
from app.github.tokens import Tokens
from app.github.transport import READ_SECONDS, Transport


@dataclass(frozen=True, slots=True)
class Account:
    """The App's account with one GitHub."""

    api_url: str
    app_id: str | int
    private_key: str | bytes = field(repr=False)
    """PEM."""
    read_seconds: float = READ_SECONDS
    """How long an answer may take."""
    sets_statuses: bool = True
    """Commit statuses are set; else the permission for that is not asked for."""
    environments: str | None = None
    """`owner/name` of the environments repository; None where its URL has none."""
    proposes: bool = False
    """Some changes are proposed there, for review; else the permissions for that are not asked for."""
    web_url: str = "https://github.com"
    """Where people see this GitHub."""
    merge_method: MergeMethod = "merge"
    """How Ephemera merges what was proposed."""


@dataclass(frozen=True, slots=True)
class GitHub:
    """What the rest of Ephemera uses."""

    pull_requests: GitHubPullRequests
    reports: GitHubReports
    proposals: GitHubProposals
    conversations: GitHubConversations
    hook_deliveries: GitHubHookDeliveries
    installed: GitHubInstallations
    git_credentials: GitHubGitCredentials
    tokens: Tokens
    checkup: Checkup
    profile: Profile


def connect(account: Account, clock: Clock) -> GitHub:
    """Everything for that account. Speaks to nobody yet. Safe to share between threads, not over a fork."""
    client = Client(Transport(account.api_url, account.read_seconds), clock)
    app = AsApp(account.app_id, account.private_key, clock)
    tokens = Tokens(client, app)
    use = speaking(sets_statuses=account.sets_statuses)
    installations, profile = Installations(client, app, tokens, use), Profile(client, app)
    return GitHub(
        pull_requests=GitHubPullRequests(client, installations),
        reports=GitHubReports(installations, profile),
        proposals=GitHubProposals(
            installations, profile, Target(account.environments, account.web_url, account.merge_method)
        ),
        conversations=GitHubConversations(installations),
        hook_deliveries=GitHubHookDeliveries(client, app),
        installed=GitHubInstallations(client, installations),
        git_credentials=GitHubGitCredentials(installations, tokens),
        tokens=tokens,
        checkup=Checkup(
            account.api_url,
            profile,
            installations,
            sets_statuses=account.sets_statuses,
            proposes=account.proposes,
        ),
        profile=profile,
    )
