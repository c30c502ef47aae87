"""What a control handler gets, and the route that leads to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.demo.github.call import Json
from app.demo.github.hub import Hub
from app.demo.github.records import Account, PullRequest, Repository
from app.demo.github.refusals import Refusal
from app.demo.github.sender import Sending


@dataclass(frozen=True, slots=True)
class Order:
    """One request to the control plane."""

    hub: Hub
    args: Mapping[str, Any]
    query: Mapping[str, str]
    payload: Json

    @property
    def sending(self) -> Sending | None:
        """How the webhooks of this action shall leave; None for the present default."""
        given = self.payload.get("sending")
        return Sending(**given) if given else None

    @property
    def repository(self) -> Repository:
        """The repository in the path. Raises a 404."""
        return repository_named(self.hub, f"{self.args['owner']}/{self.args['repo']}")

    @property
    def pull(self) -> PullRequest:
        """The pull request in the path. Raises a 404."""
        found = self.hub.state.pulls.get((self.repository.id, self.args["number"]))
        if found is None:
            raise Refusal(404, f"no pull request {self.args['number']} in {self.hub.state.full_name(self.repository)}")
        return found

    def actor(self, default: int) -> Account:
        """Return who acts: `by` in the body, else the account of that id."""
        login = self.payload.get("by")
        return account_named(self.hub, login) if login else self.hub.state.accounts[default]


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One operation of the control plane; a handler that waits must not hold the state's lock."""

    method: str
    path: str
    handler: Callable[[Order], Any]
    holds_lock: bool = True


def account_named(hub: Hub, login: str, kind: str = "User") -> Account:
    """Return the account, made when it is new."""
    found = hub.state.account_named(login)
    if found is None:
        kind = "Bot" if login.endswith("[bot]") else kind
        found = Account(hub.state.next_id("account"), login, kind, hub.clock.now())
        hub.state.accounts[found.id] = found
    return found


def repository_named(hub: Hub, full_name: str) -> Repository:
    """Return a repository by `owner/name`. Raises a 404."""
    found = hub.state.repository_named(full_name)
    if found is None:
        raise Refusal(404, f"no repository {full_name[:200]}")
    return found
