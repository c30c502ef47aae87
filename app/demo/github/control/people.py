"""What people do with pull requests of Git-backed repositories: review, let merge, protect branches, sign in to Git."""

import secrets
from dataclasses import asdict, replace
from typing import Any

from app.demo.github.control.order import ControlRoute, Order, account_named
from app.demo.github.events import emit_review
from app.demo.github.git.protection import write_protections
from app.demo.github.pulling.lifecycle import store
from app.demo.github.pulling.merging import METHODS
from app.demo.github.records import AutoMerge, Protection, Review
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.pulls import pull as pull_shape
from app.demo.github.shapes.reviews import review as review_shape

STATES = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED")


def _review(order: Order) -> Any:
    """Submit a review. Nobody approves, or asks for changes to, a pull request of their own."""
    hub, payload, pull = order.hub, order.payload, order.pull
    author, state = account_named(hub, payload["author"]), payload["state"]
    if state not in STATES:
        raise Refusal(400, f"review {state!r} is none of {', '.join(STATES)}")
    if state != "COMMENTED" and author.id == pull.author_id:
        raise Refusal(422, "Can not approve, or request changes on, your own pull request")
    record = Review(
        id=hub.state.next_id("review"),
        repository_id=pull.repository_id,
        number=pull.number,
        author_id=author.id,
        state=state,
        body=payload.get("body") or "",
        commit_sha=pull.head.sha,
        submitted_at=hub.clock.now(),
    )
    hub.state.reviews[record.id] = record
    emit_review(hub, "submitted", record, author, order.sending)
    return review_shape(hub, record)


def _dismiss_review(order: Order) -> Any:
    hub = order.hub
    found = hub.state.reviews[order.args["review_id"]]
    hub.state.reviews[found.id] = replace(found, state="DISMISSED")
    emit_review(hub, "dismissed", hub.state.reviews[found.id], order.actor(order.repository.owner_id), order.sending)
    return review_shape(hub, hub.state.reviews[found.id])


def _enable_auto_merge(order: Order) -> Any:
    """Wish for a merge; it comes at once when nothing is in the way, where GitHub would offer the button instead."""
    pull, method = order.pull, order.payload.get("method") or "merge"
    if pull.closed_at or order.repository.bare is None or method not in METHODS:
        raise Refusal(422, "auto-merge wants an open pull request of a Git-backed repository, and a merge method")
    by = order.actor(pull.author_id)
    record = replace(pull, auto_merge=AutoMerge(by.id, method))
    return pull_shape(order.hub, store(order.hub, record, "auto_merge_enabled", by, order.sending))


def _disable_auto_merge(order: Order) -> Any:
    by, record = order.actor(order.pull.author_id), replace(order.pull, auto_merge=None)
    reason = {"reason": "Auto-merge was disabled by a user"}
    return pull_shape(order.hub, store(order.hub, record, "auto_merge_disabled", by, order.sending, **reason))


def _protect(order: Order) -> Any:
    """Replace what a branch demands; without a body nothing is demanded any more."""
    hub, repository, branch = order.hub, order.repository, order.args["branch"]
    fields: dict[str, Any] = {key: value for key, value in order.payload.items() if key != "sending"}
    key = (repository.id, branch)
    if fields:
        fields |= {name: tuple(fields.get(name, ())) for name in ("checks", "bypass")}
        # An App may be named by its slug, as in GitHub's settings.
        fields["bypass"] = tuple(bot(hub).login if one == hub.options.slug else one for one in fields["bypass"])
        hub.state.protections[key] = Protection(branch, **fields)
    else:
        hub.state.protections.pop(key, None)
    bare = hub.state.git.of(repository)
    if bare:
        write_protections(bare.path, [one for (at, _), one in hub.state.protections.items() if at == repository.id])
    return {}


def _set_password(order: Order) -> Any:
    account = account_named(order.hub, order.args["login"])
    secret = "ghp_" + secrets.token_hex(18)
    order.hub.state.passwords[account.id] = secret
    return {"login": account.login, "password": secret}


def _list_git_requests(order: Order) -> Any:
    return [asdict(one) for one in order.hub.git_requests]


_REPOSITORY = "/repos/<owner>/<repo>"
_PULL = f"{_REPOSITORY}/pulls/<int:number>"

ROUTES = (
    ControlRoute("POST", f"{_PULL}/reviews", _review),
    ControlRoute("DELETE", f"{_PULL}/reviews/<int:review_id>", _dismiss_review),
    ControlRoute("POST", f"{_PULL}/enable-auto-merge", _enable_auto_merge),
    ControlRoute("POST", f"{_PULL}/disable-auto-merge", _disable_auto_merge),
    ControlRoute("PUT", f"{_REPOSITORY}/protection/<path:branch>", _protect),
    ControlRoute("PUT", "/accounts/<login>/password", _set_password),
    ControlRoute("GET", "/git-requests", _list_git_requests, holds_lock=False),
)
