"""What the stages do, however changes come, is what `verify` proves."""

import pytest

from app.domain.explained import Finding
from app.domain.review import ALWAYS, NEVER, Merger, Rule, Rules
from app.stages.verify import Verifier
from gitops.drift import look
from tests.stages.court import METHODS
from tests.stages.house import House
from tests.stages.test_proposals import BRANCH, SHAS, advised, closed, opened, ring

pytestmark = pytest.mark.slow


def failures(house: House) -> list[Finding]:
    """What is wrong with all that lies on the branch."""
    verifier = Verifier(house.store, house.repository, house.publisher.destinations)
    return [finding for finding in verifier.run().findings if finding.is_failure]


def test_what_needs_no_review_is_proven(house: House) -> None:
    advised(house, NEVER)
    opened(house)
    opened(house, SHAS[1])
    closed(house)
    assert failures(house) == []


@pytest.mark.parametrize("method", METHODS)
def test_what_was_reviewed_is_proven(house: House, method: str) -> None:
    court = advised(house, Rules((Rule("always"),), reviews_removals=True))
    opened(house)
    court.decide_merge(1, method)
    ring(house, court, 1)
    opened(house, SHAS[1])
    court.decide_merge(2, method)
    ring(house, court, 2)
    closed(house)
    court.decide_merge(3, method)
    ring(house, court, 3)
    assert failures(house) == []


def test_what_is_merged_before_it_is_taken_over_is_explained(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_merge(1, "merge")
    assert failures(house), "nobody has looked at it yet"
    ring(house, court, 1)
    assert failures(house) == []


@pytest.mark.parametrize("method", METHODS)
def test_edit_that_was_merged_is_proven(house: House, method: str) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    folder = house.environment().place.folder
    content = house.git("show", f"{BRANCH}:{folder}/deployment.yaml").replace("replicas: 1", "replicas: 2")
    court.edit_branch(BRANCH, f"{folder}/deployment.yaml", content + "# edited\n")
    ring(house, court, 1)
    court.decide_merge(1, method)
    ring(house, court, 1)
    assert failures(house) == []
    opened(house, SHAS[1])
    court.decide_merge(2, method)
    ring(house, court, 2)
    assert failures(house) == []


def test_merge_by_ephemera_is_proven(house: House) -> None:
    advised(house, Rules((Rule("always", merged_by=Merger.EPHEMERA),)))
    opened(house)
    assert house.environment().is_published
    assert failures(house) == []


def test_change_by_hand_is_listed_and_what_puts_it_back_is_not(house: House) -> None:
    court = advised(house, NEVER)
    opened(house)
    folder = house.environment().place.folder
    by_hand = court.edit_branch("main", f"{folder}/deployment.yaml", "kind: Other\n")
    assert [finding.commit for finding in failures(house)] == [by_hand]
    for _ in range(2):
        house.sweeper.restore()
        house.settle()
    held = look(house.repository)
    assert held is not None
    assert held.folders[folder] == house.environment().published.tree
    assert [finding.commit for finding in failures(house)] == [by_hand]


def test_what_was_merged_and_must_not_run_is_listed(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    folder = house.environment().place.folder
    manifest = house.git("show", f"{BRANCH}:{folder}/deployment.yaml")
    harmful = manifest.replace("runAsNonRoot: true", "runAsNonRoot: false")
    court.edit_branch(BRANCH, f"{folder}/deployment.yaml", harmful)
    merge = court.decide_merge(1, "squash")
    ring(house, court, 1)
    (finding,) = failures(house)
    assert finding.commit == merge
    assert "proposal 1, which must not run" in finding.what
