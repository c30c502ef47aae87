"""Who may fetch and who may push, by HTTP Basic: an App by its token, a person by a password.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-an-app-installation
"""

import hmac
from dataclasses import dataclass

from app.demo.git_backend import basic_user
from app.demo.github.auth import grants, is_inside
from app.demo.github.call import AsInstallation
from app.demo.github.git.refusing import GitRefused
from app.demo.github.hub import Hub
from app.demo.github.pulling.obstacles import may_write
from app.demo.github.records import Account, Repository
from app.demo.github.shapes.accounts import bot

NOT_FOUND = "Repository not found."
WRONG = "Invalid username or token. Password authentication is not supported for Git operations."
READ_ONLY = "Write access to repository not granted."


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever is on the other end; `account` is None for nobody in particular."""

    account: Account | None
    caller: AsInstallation | None = None

    @property
    def login(self) -> str:
        """The login; empty for nobody in particular."""
        return self.account.login if self.account else ""


def identify(hub: Hub, authorization: str) -> Asker:
    """Return who an `Authorization` header speaks for. Raises the 401 for wrong credentials."""
    if not authorization:
        return Asker(None)
    given = basic_user(authorization)
    if given is None:
        raise GitRefused(401, WRONG)
    login, secret = given
    token = hub.state.tokens.get(secret)
    installation = hub.state.installations.get(token.installation_id) if token else None
    if token and installation and token.expires_at > hub.clock.now() and not installation.suspended_at:
        return Asker(bot(hub), AsInstallation(installation, token, secret))
    account = hub.state.account_named(login)
    password = hub.state.passwords.get(account.id) if account else None
    if password is None or not hmac.compare_digest(password.encode(), secret.encode()):
        raise GitRefused(401, WRONG)
    return Asker(account)


def check(hub: Hub, asker: Asker, repository: Repository, *, pushes: bool) -> None:
    """Raise GitHub's refusal unless the asker may fetch from, or push to, a repository."""
    if not _may_read(hub, asker, repository):
        raise GitRefused(404 if asker.account else 401, NOT_FOUND)
    if not pushes:
        return
    if asker.account is None:
        raise GitRefused(401, WRONG)
    if asker.caller and not _is_granted(hub, asker.caller, repository, "contents:write"):
        raise GitRefused(403, READ_ONLY)
    if not asker.caller and not may_write(hub, repository, asker.account):
        raise GitRefused(403, f"Permission to {hub.state.full_name(repository)}.git denied to {asker.login}.")


def _may_read(hub: Hub, asker: Asker, repository: Repository) -> bool:
    if not repository.private:
        return True
    if asker.caller:
        return _is_granted(hub, asker.caller, repository, "contents:read")
    if asker.account is None:
        return False
    is_member = (repository.id, asker.account.id) in hub.state.collaborators
    return is_member or asker.account.id == repository.owner_id


def _is_granted(hub: Hub, caller: AsInstallation, repository: Repository, wanted: str) -> bool:
    return is_inside(hub, caller, repository) and grants(hub, caller, wanted)
