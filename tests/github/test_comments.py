"""The one comment on a GitHub that remembers. Every answer may be lost, and nothing may be there twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.demo.github.faults import Fault, FaultKind
from app.errors import Stalled, Transient
from app.github.connect import Account, GitHub, connect
from tests.github.conftest import KeyPair, MovedClock, Shop

MARKER = "<!-- ephemera:env=1 -->"
BODY = f"{MARKER}\nOn its way 😀"
OURS = "ephemera[bot]"
UNCLEAR: list[FaultKind] = ["lost_answer", "half_body"]


def test_comment_is_made_once_and_then_edited(connected: GitHub, shop: Shop) -> None:
    put = connected.reports.put_comment
    made = put(shop.repository, shop.number, MARKER, BODY, None)
    assert put(shop.repository, shop.number, MARKER, f"{MARKER}\nReady", made) == made
    assert put(shop.repository, shop.number, MARKER, f"{MARKER}\nGone", None) == made
    (comment,) = shop.people.comments(shop.name, shop.number)
    assert (comment.id, comment.author, comment.body) == (made, OURS, f"{MARKER}\nGone")


@pytest.mark.parametrize("fault", UNCLEAR)
def test_comment_that_was_not_acknowledged_is_not_made_twice(connected: GitHub, shop: Shop, fault: FaultKind) -> None:
    shop.people.fault(Fault(fault, "POST", ".*/comments"))
    with pytest.raises(Transient, match="commenting on"):
        connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    assert [comment.body for comment in shop.people.comments(shop.name, shop.number)] == [BODY]


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        f"> {MARKER}\nOn its way",
        f"look:\n{MARKER}",
        "<!-- ephemera:env=11 -->",
        "",
    ],
)
def test_comment_of_somebody_else_is_never_taken_for_ours(connected: GitHub, shop: Shop, body: str) -> None:
    theirs = shop.people.comment(shop.name, shop.number, author="mallory", body=body)
    connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    comments = shop.people.comments(shop.name, shop.number)
    assert [(comment.author, comment.body) for comment in comments] == [("mallory", body), (OURS, BODY)]
    assert comments[0] == theirs


def test_our_comment_of_another_environment_is_left_alone(connected: GitHub, shop: Shop) -> None:
    other = "<!-- ephemera:env=2 -->"
    first = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    second = connected.reports.put_comment(shop.repository, shop.number, other, other, None)
    assert first != second


def test_comment_is_found_again_on_a_later_page(connected: GitHub, shop: Shop) -> None:
    for number in range(101):
        shop.people.comment(shop.name, shop.number, author="ada", body=f"{number}")
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    assert connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None) == made
    assert len(shop.people.comments(shop.name, shop.number)) == 102


def test_comment_that_was_deleted_is_made_anew(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    shop.people.delete_comment(shop.name, made)
    again = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, made)
    assert [comment.id for comment in shop.people.comments(shop.name, shop.number)] == [again]


def test_known_comment_is_edited_without_looking(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None, look=False)
    connected.reports.put_comment(shop.repository, shop.number, MARKER, f"{MARKER}\nReady", made)
    assert shop.spent() == {"POST": 1, "PATCH": 1}


@pytest.mark.parametrize("fault", UNCLEAR)
def test_deleted_comment_is_made_anew_once_though_the_answer_is_lost(
    connected: GitHub, shop: Shop, fault: FaultKind
) -> None:
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None, look=False)
    shop.people.delete_comment(shop.name, made)
    shop.people.fault(Fault(fault, "POST", ".*/comments"))
    with pytest.raises(Transient):
        connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, made, look=False)
    again = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, made, look=False)
    assert [comment.id for comment in shop.people.comments(shop.name, shop.number)] == [again]


def test_of_several_the_oldest_is_kept_and_the_others_are_removed(connected: GitHub, shop: Shop) -> None:
    put = connected.reports.put_comment
    oldest, *_ = (put(shop.repository, shop.number, MARKER, BODY, None, look=False) for _ in range(3))
    theirs = shop.people.comment(shop.name, shop.number, author="mallory", body=BODY)
    assert put(shop.repository, shop.number, MARKER, f"{MARKER}\nReady", None) == oldest
    comments = [(comment.id, comment.body) for comment in shop.people.comments(shop.name, shop.number)]
    assert comments == [(oldest, f"{MARKER}\nReady"), (theirs.id, BODY)]


def test_processes_that_race_for_the_first_comment_leave_one(shop: Shop, app_key: KeyPair, clock: MovedClock) -> None:
    account, start = Account(shop.people.url, 1, app_key.private), Barrier(4)

    def write(number: int) -> int:
        github = connect(account, clock)
        start.wait()
        return github.reports.put_comment(shop.repository, shop.number, MARKER, f"{MARKER}\n{number}", None)

    with ThreadPoolExecutor(4) as pool:
        written = set(pool.map(write, range(4)))
    (comment,) = shop.people.comments(shop.name, shop.number)
    assert written == {comment.id}


def test_comment_is_not_made_where_nobody_sees_the_repository(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    assert shop.repository.installation_id is not None
    shop.people.change_installation(shop.repository.installation_id, repositories=[])
    with pytest.raises(Stalled, match=f"the App does not see {shop.name}"):
        connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, made)
