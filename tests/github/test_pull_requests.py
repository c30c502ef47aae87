"""Reading pull requests."""

from typing import Any

import pytest

from app.domain.pull_request import Author, Missing, PullRequest, RepositoryRef
from app.errors import Stalled, Transient
from app.github.connect import GitHub
from tests.github import answers
from tests.github.answers import SHA, SHOP, token_reply
from tests.github.scripted import Reply, Scripted

REPOSITORY = "GET /repos/acme/shop"
PULL = "GET /repos/acme/shop/pulls/42"
PULLS = "GET /repos/acme/shop/pulls"


def _base(**changes: Any) -> dict[str, Any]:
    return {"ref": "main", "repo": answers.repository(**changes)}


def test_pull_request_is_read_as_it_is(github: GitHub, script: Scripted) -> None:
    script.on(PULL, Reply(body=answers.pull_request()))
    assert github.pull_requests.look_up(SHOP, 42) == PullRequest(
        repository=SHOP,
        number=42,
        title="Sell more 😀",
        author=Author(3, "ada"),
        is_open=True,
        is_merged=False,
        is_draft=False,
        base_ref="main",
        head_sha=SHA,
        head_repository_id=7,
    )


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"state": "closed"}, "is_open", False),
        ({"state": "closed", "merged_at": "2030-01-01T00:00:00Z"}, "is_merged", True),
        ({"draft": True}, "is_draft", True),
        ({"user": None}, "author", Author(10137, "ghost")),
        ({"head": {"sha": SHA, "repo": None}}, "head_repository_id", None),
        ({"head": {"sha": SHA, "repo": {"id": 8}}}, "head_repository_id", 8),
        ({"title": "\r\n[CRITICAL] forged \x1b[31m"}, "title", "\r\n[CRITICAL] forged \x1b[31m"),
        ({"base": {"ref": "zzz\u202e{{7*7}}", "repo": answers.repository()}}, "base_ref", "zzz\u202e{{7*7}}"),
    ],
)
def test_every_field_follows_github(
    github: GitHub, script: Scripted, changes: dict[str, Any], name: str, expected: object
) -> None:
    script.on(PULL, Reply(body=answers.pull_request(**changes)))
    assert getattr(github.pull_requests.look_up(SHOP, 42), name) == expected


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ([], "the answer"),
        ({**answers.pull_request(), "number": "42"}, "number"),
        (answers.pull_request(number=True), "number"),
        (answers.pull_request(state="ajar"), "state"),
        (answers.pull_request(draft="no"), "draft"),
        (answers.pull_request(user={"id": 3}), "user.login"),
        (answers.pull_request(head=None), "head"),
        (answers.pull_request(head={"sha": "main", "repo": None}), "head.sha"),
        (answers.pull_request(head={"sha": SHA, "repo": {"id": None}}), "head.repo.id"),
        (answers.pull_request(base=_base(full_name="../x")), "base.repo.full_name"),
        (answers.pull_request(base=_base(full_name="a/..")), "base.repo.full_name"),
        (answers.pull_request(base={"ref": "main", "repo": None}), "base.repo"),
    ],
)
def test_unexpected_shape_is_transient_and_named(github: GitHub, script: Scripted, answer: object, field: str) -> None:
    script.on(PULL, Reply(body=answer))
    with pytest.raises(Transient, match=f"^reading acme/shop#42: .*'{field}'"):
        github.pull_requests.look_up(SHOP, 42)


def test_pull_request_is_missing_when_its_repository_answers(github: GitHub, script: Scripted) -> None:
    script.on(REPOSITORY, Reply(body=answers.repository()))
    assert github.pull_requests.look_up(SHOP, 42) == Missing()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, {"message": "Not Found"}), Stalled),
        (Reply(403, {"message": "Resource not accessible by integration"}), Stalled),
        (Reply(451, {"message": "blocked"}), Stalled),
        (Reply(503, {}), Transient),
        (Reply(body=answers.repository(id=8)), Stalled),
        (Reply(body=[]), Transient),
        (Reply(fault="cut"), Transient),
    ],
)
def test_pull_request_is_never_missing_on_doubt(
    github: GitHub, script: Scripted, reply: Reply, kind: type[Exception]
) -> None:
    script.on(REPOSITORY, reply)
    with pytest.raises(kind):
        github.pull_requests.look_up(SHOP, 42)


def test_name_that_was_given_to_another_repository_stalls(github: GitHub, script: Scripted) -> None:
    other = answers.pull_request(base=_base(id=8))
    script.on(PULL, Reply(body=other))
    with pytest.raises(Stalled, match="acme/shop is now the repository with id 8, not 7"):
        github.pull_requests.look_up(SHOP, 42)


def test_installation_is_looked_up_once_where_it_is_unknown(github: GitHub, script: Scripted) -> None:
    script.on("GET /repos/acme/shop/installation", Reply(body=answers.installation(5)))
    script.on(PULL, Reply(body=answers.pull_request()))
    unknown = RepositoryRef(7, "acme/shop")
    found = [github.pull_requests.look_up(unknown, 42) for _ in range(2)]
    assert {getattr(pull_request, "repository", None) for pull_request in found} == {SHOP}
    assert len(script.asked("GET /repos/acme/shop/installation")) == 1


def test_repository_without_installation_stalls(github: GitHub) -> None:
    with pytest.raises(Stalled, match="the App does not see acme/shop"):
        github.pull_requests.look_up(RepositoryRef(7, "acme/shop"), 42)


def test_open_pull_requests_leave_out_what_is_closed(github: GitHub, script: Scripted) -> None:
    closed = answers.pull_request(2, state="closed")
    script.on(PULLS, Reply(body=[answers.pull_request(1), closed]))
    assert [found.number for found in github.pull_requests.open_in(SHOP)] == [1]


def test_list_that_cannot_be_read_to_its_end_is_not_given_at_all(github: GitHub, script: Scripted) -> None:
    link = f'<{script.url}/repositories/7/pulls?page=2>; rel="next"'
    script.on(PULLS, Reply(body=[answers.pull_request(1)], headers={"Link": link}))
    script.on("GET /repositories/7/pulls", Reply(502))
    with pytest.raises(Transient, match="listing the open pull requests of acme/shop"):
        github.pull_requests.open_in(SHOP)


def test_repositories_of_all_active_installations_are_listed(github: GitHub, script: Scripted) -> None:
    suspended = answers.installation(6, suspended_at="2030-01-01T00:00:00Z")
    broken = answers.installation(8)
    script.on("GET /app/installations", Reply(body=[suspended, broken, answers.installation(5)]))
    script.on("POST /app/installations/6/access_tokens", token_reply("ghs_suspended"))
    script.on("POST /app/installations/8/access_tokens", Reply(403, {"message": "blocked by an IP allow list"}))
    script.on("GET /installation/repositories", Reply(body={"repositories": [answers.repository()]}))
    assert github.pull_requests.repositories() == [SHOP]


def test_list_of_repositories_fails_as_a_whole_when_github_does(github: GitHub, script: Scripted) -> None:
    script.on("GET /app/installations", Reply(body=[answers.installation(5)]))
    script.on("GET /installation/repositories", Reply(502))
    with pytest.raises(Transient, match=r"listing the repositories of installation 5 \(acme\)"):
        github.pull_requests.repositories()
