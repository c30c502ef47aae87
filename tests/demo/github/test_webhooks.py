"""Webhooks of the simulated GitHub: what arrives, how it is signed, and what the deliveries API says."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.demo.github.client import SimulatedGitHub
from app.demo.github.sender import Sending
from tests.fixtures.github import APP_ID, WEBHOOK_SECRET, Caller, Received, Receiver, Shop
from tests.fixtures.payloads import example


def _received(github: SimulatedGitHub, receiver: Receiver, event: str) -> list[Received]:
    github.wait_deliveries()
    return [one for one in receiver.received if one.headers["X-GitHub-Event"] == event]


def _actions(github: SimulatedGitHub, receiver: Receiver, event: str = "pull_request") -> list[str]:
    return [json.loads(one.body)["action"] for one in _received(github, receiver, event)]


def test_a_webhook_is_signed_and_has_the_headers_of_github(
    github: SimulatedGitHub, shop: Shop, receiver: Receiver
) -> None:
    github.open_pull_request(shop.name)
    (webhook,) = _received(github, receiver, "pull_request")
    expected = hmac.new(WEBHOOK_SECRET.encode(), webhook.body, hashlib.sha256).hexdigest()
    assert webhook.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert webhook.headers["X-Hub-Signature"].startswith("sha1=")
    assert webhook.headers["X-GitHub-Hook-Installation-Target-ID"] == str(APP_ID)
    assert webhook.headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    assert webhook.headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert webhook.headers["Content-Type"] == "application/json"
    assert len(webhook.body) > 15_000


def _lacking(real: Any, simulated: Any, path: str = "") -> list[str]:
    if isinstance(real, list):
        return _lacking(real[0], simulated[0], f"{path}[]") if real and simulated else []
    if not isinstance(real, dict) or not isinstance(simulated, dict) or path.endswith(".permissions"):
        return []
    missing = [f"{path}.{key}" for key in real if key not in simulated]
    return missing + [
        line for key in real.keys() & simulated.keys() for line in _lacking(real[key], simulated[key], f"{path}.{key}")
    ]


def _open(github: SimulatedGitHub, shop: Shop) -> None:
    github.open_pull_request(shop.name, labels=["preview"])


def _push(github: SimulatedGitHub, shop: Shop) -> None:
    _open(github, shop)
    github.push(shop.name, 1)


def _comment(github: SimulatedGitHub, shop: Shop) -> None:
    _open(github, shop)
    github.comment(shop.name, 1, author="ada", body="/redeploy")


def _install(github: SimulatedGitHub, shop: Shop) -> None:
    github.uninstall(shop.installation_id)
    github.install(shop.name.split("/")[0])


def _rename(github: SimulatedGitHub, shop: Shop) -> None:
    github.rename_repository(shop.name, name="store")


def _add_repository(github: SimulatedGitHub, shop: Shop) -> None:
    github.create_repository(f"{shop.name.split('/')[0]}/another")


@pytest.mark.parametrize(
    ("act", "event", "action"),
    [
        (_open, "pull_request", "opened"),
        (_push, "pull_request", "synchronize"),
        (_comment, "issue_comment", "created"),
        (_install, "installation", "created"),
        (_rename, "repository", "renamed"),
        (_add_repository, "installation_repositories", "added"),
    ],
)
def test_a_webhook_has_every_field_of_githubs_example(
    github: SimulatedGitHub,
    shop: Shop,
    receiver: Receiver,
    act: Callable[[SimulatedGitHub, Shop], None],
    event: str,
    action: str,
) -> None:
    act(github, shop)
    documents = [json.loads(one.body) for one in _received(github, receiver, event)]
    sent = next(one for one in documents if one["action"] == action)
    assert _lacking(example(event, action).document, sent) == []


def test_every_action_of_people_is_announced(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    steps: list[Callable[[], object]] = [
        lambda: github.open_pull_request(shop.name, draft=True),
        lambda: github.set_draft(shop.name, 1, is_draft=False),
        lambda: github.push(shop.name, 1),
        lambda: github.add_label(shop.name, 1, "preview"),
        lambda: github.remove_label(shop.name, 1, "preview"),
        lambda: github.edit(shop.name, 1, title="Better"),
        lambda: github.close_pull_request(shop.name, 1),
        lambda: github.reopen(shop.name, 1),
        lambda: github.merge(shop.name, 1, by="ada"),
    ]
    for step in steps:
        step()
        github.wait_deliveries()
    assert _actions(github, receiver) == [
        "opened",
        "ready_for_review",
        "synchronize",
        "labeled",
        "unlabeled",
        "edited",
        "closed",
        "reopened",
        "closed",
    ]
    merged = json.loads(_received(github, receiver, "pull_request")[-1].body)
    assert merged["pull_request"]["merged"] is True
    assert merged["sender"]["login"] == "ada"


def test_a_push_after_closing_is_not_announced_and_counts_when_reopened(
    github: SimulatedGitHub, shop: Shop, receiver: Receiver
) -> None:
    opened = github.open_pull_request(shop.name)
    github.close_pull_request(shop.name, 1)
    assert github.push(shop.name, 1).head_sha == opened.head_sha
    assert "synchronize" not in _actions(github, receiver)
    assert github.reopen(shop.name, 1).head_sha != opened.head_sha


def test_a_force_push_says_that_it_was_one(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    first = github.open_pull_request(shop.name)
    second = github.push(shop.name, 1)
    forced = github.push(shop.name, 1, onto=first.head_sha)
    pushed = [json.loads(each.body) for each in _received(github, receiver, "push")]
    told = {(each["before"], each["after"]): each["forced"] for each in pushed}
    assert told[first.head_sha, second.head_sha] is False
    assert told[second.head_sha, forced.head_sha] is True
    assert sorted(_actions(github, receiver)) == ["opened", "synchronize", "synchronize"]


def test_only_subscribed_events_of_living_installations_are_sent(
    github: SimulatedGitHub, shop: Shop, receiver: Receiver
) -> None:
    github.uninstall(shop.installation_id)
    github.install(shop.name.split("/")[0], events=["push"])
    github.open_pull_request(shop.name)
    assert _actions(github, receiver) == []
    assert len(_received(github, receiver, "push")) == 1


def test_what_the_app_writes_is_announced_too(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    body = {"name": "ephemera", "head_sha": sha, "conclusion": "success"}
    as_installation.call("POST", f"{shop.path}/check-runs", body)
    as_installation.call("POST", f"{shop.path}/statuses/{sha}", {"state": "success"})
    as_installation.call("POST", f"{shop.path}/issues/1/comments", {"body": "Ready"})
    assert _actions(github, receiver, "check_run") == ["created"]
    assert len(_received(github, receiver, "status")) == 1
    assert json.loads(_received(github, receiver, "issue_comment")[0].body)["sender"]["login"] == "ephemera[bot]"


def test_a_button_shows_once_the_check_run_is_completed(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    actions = [{"label": "Destroy", "description": "Remove it", "identifier": "destroy"}]
    body = {"name": "ephemera", "head_sha": sha, "conclusion": "success", "actions": actions}
    run = as_installation.call("POST", f"{shop.path}/check-runs", body).json()["id"]
    github.wait_deliveries()
    github.press(shop.name, run, "destroy", by="ada")
    github.wait_deliveries()
    github.rerequest(shop.name, run)
    assert _actions(github, receiver, "check_run") == ["created", "requested_action", "rerequested"]


def test_a_suppressed_webhook_leaves_no_trace(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    before = len(github.deliveries())
    github.open_pull_request(shop.name, sending=Sending(is_suppressed=True))
    assert _actions(github, receiver) == []
    assert len(github.deliveries()) == before


def test_webhooks_can_be_repeated_held_and_reordered(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    github.open_pull_request(shop.name, sending=Sending(copies=3))
    same = {one.headers["X-GitHub-Delivery"] for one in _received(github, receiver, "pull_request")}
    assert (len(same), _actions(github, receiver)) == (1, ["opened"] * 3)
    receiver.received.clear()
    github.set_sending(Sending(is_held=True))
    github.add_label(shop.name, 1, "preview")
    github.close_pull_request(shop.name, 1)
    assert _actions(github, receiver) == []
    assert github.release("reversed") == 2
    assert _actions(github, receiver) == ["closed", "labeled"]


def test_a_failed_delivery_is_listed_and_redelivered_under_its_guid(
    github: SimulatedGitHub, as_app: Caller, shop: Shop, receiver: Receiver
) -> None:
    receiver.status = 503
    github.open_pull_request(shop.name)
    github.wait_deliveries()
    failed = as_app.get("/app/hook/deliveries?status=failure&per_page=1").json()[0]
    assert (failed["status_code"], failed["event"]) == (503, failed["event"])
    receiver.status, receiver.received[:] = 202, []
    assert as_app.call("POST", f"/app/hook/deliveries/{failed['id']}/attempts").status_code == 202
    github.wait_deliveries()
    newest = as_app.get("/app/hook/deliveries?per_page=1").json()[0]
    assert (newest["guid"], newest["redelivery"], newest["status"]) == (failed["guid"], True, "OK")
    assert [one.headers["X-GitHub-Delivery"] for one in receiver.received] == [failed["guid"]]


def test_deliveries_are_paged_by_a_cursor(
    github: SimulatedGitHub, as_app: Caller, shop: Shop, receiver: Receiver
) -> None:
    for _ in range(2):
        github.open_pull_request(shop.name)
    github.wait_deliveries()
    first = as_app.get("/app/hook/deliveries?per_page=2")
    second = as_app.get(first.links["next"]["url"].removeprefix(github.url))
    ids = [one["id"] for one in first.json() + second.json()]
    assert len(ids) == 4
    assert ids == sorted(ids, reverse=True)


def test_an_unreachable_receiver_is_a_failed_delivery(github: SimulatedGitHub, shop: Shop) -> None:
    github.set_hook(url="http://127.0.0.1:9/webhooks")
    github.open_pull_request(shop.name)
    github.wait_deliveries()
    assert (github.deliveries()[-1].status, github.deliveries()[-1].status_code) == ("failed to connect to host", 502)


def test_any_bytes_can_be_delivered_with_any_signature(github: SimulatedGitHub, receiver: Receiver) -> None:
    receiver.status = 401
    sent = github.deliver("pull_request", b"\xff not JSON", delivery_id="one", signature="sha256=nonsense")
    assert (sent.guid, sent.status_code) == ("one", 401)
    assert receiver.received[-1].body == b"\xff not JSON"
    assert receiver.received[-1].headers["X-Hub-Signature-256"] == "sha256=nonsense"
    github.deliver("ping", {"zen": "x"}, signature="")
    assert "X-Hub-Signature-256" not in receiver.received[-1].headers
