"""Everything needs review: what people, the simulated GitHub with its real Git, and the real processes make of that."""

import re
from collections.abc import Iterator

import pytest

from app.demo.github.faults import Fault
from app.demo.github.sender import Sending
from app.demo.outside import ENVIRONMENTS
from tests.scenarios import remote
from tests.scenarios.board import Board, main_head, waits
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the product, running, with every change reviewed."""
    with World.running(tmp_path_factory.mktemp("review"), durable=True, review="always") as running:
        yield running


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    """Give an empty repository of this test's own; no condition that the test makes outlives it."""
    yield Shop.create(world)
    world.mend()


@pytest.fixture
def board(world: World) -> Board:
    """Give the reviewers."""
    return Board(world)


def test_proposed_updated_merged_refused_asked_again_removed(world: World, shop: Shop, board: Board) -> None:
    before = main_head(world)
    pull = shop.open(author="ada")
    number = board.proposed(shop, pull)
    assert main_head(world) == before, "nothing is on the branch before it is merged"
    assert board.conclusion(number) == "success"
    assert pull.head_sha in board.body(number)
    world.await_true(lambda: waits(shop, pull), "the check run to say that it waits for review")

    pull = shop.push(pull)
    assert board.proposed(shop, pull) == number, "a push updates the one proposal"
    board.accept(number)
    shop.await_status(pull, "ready")
    assert shop.says(pull)[0] == "success"
    namespace = shop.row(pull).namespace
    assert remote.git(world, "for-each-ref", f"refs/heads/ephemera/{namespace}") == "", "its branch is removed"

    pull = shop.push(pull)
    number = board.proposed(shop, pull)
    board.refuse(number, "Not on a Friday, @ada: **no**")
    shop.await_status(pull, "failed")
    summary = shop.checks(pull)[-1].summary or ""
    assert "linus" in summary
    assert "Not on a Friday" in summary
    assert "@" not in re.sub("`[^`]*`", "", summary), "nobody is mentioned"

    world.github.set_permission(shop.name, "ada", "write")
    world.github.comment(shop.name, pull.number, author="ada", body="/ephemera deploy")
    number = board.proposed(shop, pull)
    board.accept(number, "rebase")
    shop.await_status(pull, "ready")

    shop.close(pull)
    shop.await_status(pull, "destroyed")
    verdict = board.audit()
    assert verdict["findings"] == [], verdict


def test_people_edit_a_proposal_and_only_what_is_safe_may_be_merged(world: World, shop: Shop, board: Board) -> None:
    pull = shop.open()
    number = board.proposed(shop, pull)
    branch = f"ephemera/{shop.row(pull).namespace}"
    path = f"{shop.row(pull).folder}/deployment.yaml"
    manifest = remote.git(world, "show", f"{branch}:{path}")

    harmful = manifest.replace("runAsNonRoot: true", "runAsNonRoot: false")
    world.github.commit_to(ENVIRONMENTS, branch, {path: harmful}, by="grace", message="Run as root")
    world.await_true(lambda: board.conclusion(number) == "failure", "the check run to fail")

    larger = manifest.replace("replicas: 1", "replicas: 2")
    world.github.commit_to(ENVIRONMENTS, branch, {path: larger}, by="grace", message="Two of them")
    world.await_true(lambda: board.conclusion(number) == "success", "the check run to succeed")
    board.accept(number)
    shop.await_status(pull, "ready")
    assert remote.git(world, "show", f"main:{path}") == larger


def test_auto_merge_and_merge_queue_are_as_good_as_a_person(world: World, shop: Shop, board: Board) -> None:
    pull = shop.open()
    number = board.proposed(shop, pull)
    world.github.enable_auto_merge(ENVIRONMENTS, number, by="grace", method="squash")
    world.github.review(ENVIRONMENTS, number, by="linus", state="APPROVED")
    shop.await_status(pull, "ready")
    pull = shop.push(pull)
    number = board.proposed(shop, pull)
    world.github.review(ENVIRONMENTS, number, by="linus", state="APPROVED")
    world.github.merge(ENVIRONMENTS, number, by="github-merge-queue[bot]")
    shop.await_status(pull, "ready")


def test_reopened_proposal_is_taken_up_again(world: World, shop: Shop, board: Board) -> None:
    pull = shop.open()
    number = board.proposed(shop, pull)
    board.refuse(number, "Hm.")
    shop.await_status(pull, "failed")
    world.github.reopen(ENVIRONMENTS, number, by="linus")
    assert board.proposed(shop, pull) == number
    board.accept(number)
    shop.await_status(pull, "ready")


def test_webhooks_that_never_come_are_made_good_by_the_survey(world: World, shop: Shop, board: Board) -> None:
    pull = shop.open()
    number = board.proposed(shop, pull)
    world.github.set_sending(Sending(is_suppressed=True))
    board.accept(number)
    shop.await_status(pull, "ready")


def test_pushed_past_review_it_is_put_back(world: World, shop: Shop, board: Board) -> None:
    pull = shop.open()
    number = board.proposed(shop, pull)
    board.accept(number)
    shop.await_status(pull, "ready")
    path = f"{shop.row(pull).folder}/deployment.yaml"
    manifest = remote.git(world, "show", f"main:{path}")
    world.github.commit_to(ENVIRONMENTS, "main", {path: manifest + "# mine\n"}, by="eve", message="Quietly")
    world.await_true(lambda: remote.git(world, "show", f"main:{path}") == manifest, "the manifest to be put back")
    verdict = board.audit()
    assert any("eve" in json_line or "Quietly" in json_line for json_line in map(str, verdict["findings"])), verdict


@pytest.mark.parametrize(
    ("process", "method", "target"),
    [
        ("low", "POST", f"/repos/{ENVIRONMENTS}/pulls"),
        ("low", "POST", f"/repos/{ENVIRONMENTS}/check-runs"),
        ("low", "POST", f"/repos/{ENVIRONMENTS}/issues/.*/labels"),
        ("high", "GET", f"/repos/{ENVIRONMENTS}/pulls/.*"),
    ],
)
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "done"])
def test_killed_while_github_is_spoken_to(  # noqa: PLR0917 - a table of places
    world: World, shop: Shop, board: Board, process: str, method: str, target: str, is_done: bool
) -> None:
    """kill -9 in the middle of each call: there is one proposal, checked once, and a merge of it is taken over."""
    fault = Fault("lost_answer", method, target) if is_done else Fault("stall", method, target, seconds=300)
    world.github.fault(fault)
    pull = shop.open()
    if process == "high":
        number = board.proposed(shop, pull)
        board.accept(number)
        world.await_true(world.has_met_its_faults, "the fault")
        world.kill(process)
    else:
        world.await_true(world.has_met_its_faults, "the fault")
        world.kill(process)
        number = board.proposed(shop, pull)
        assert board.open_ones(shop, pull) == 1
        assert board.conclusion(number) == "success"
        board.accept(number)
    shop.await_status(pull, "ready")
