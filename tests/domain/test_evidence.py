"""What a reviewer gets to see, from the row and the manifests."""

import json
from dataclasses import replace

import pytest

from app.domain.desired import Absent, Present
from app.domain.environment import Published
from app.domain.evidence import Approval, Evidence, build
from app.domain.manifests import Change
from app.domain.review import ALWAYS, Subject, review
from app.texts.proposal_samples import proposals
from gitops.check import check
from gitops.render import Templates
from tests.domain.builders import NOW, OLD_SHA, SHA, environment, spec

REQUIREMENT = review(ALWAYS, Subject("Acme/Shop", "default", is_from_fork=False))
NEVER = Published(0, None, None, None)
EDITED = Published(3, "b" * 40, "c" * 40, NOW, head_sha=OLD_SHA)


@pytest.fixture(scope="module")
def files(request: pytest.FixtureRequest) -> dict[str, bytes]:
    """Give the product's own manifests, which the check has passed."""
    made = Templates.load(request.config.rootpath / "templates").render(spec())
    check(spec(), made)
    return dict(made)


@pytest.mark.parametrize("name", list(proposals()))
def test_what_is_kept_is_read_back(name: str) -> None:
    evidence = proposals()[name].evidence
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_first_deployment_adds_everything(files: dict[str, bytes]) -> None:
    told = build(environment(published=NEVER), files, None, REQUIREMENT, "t")
    assert (told.head_sha, told.previous_sha, told.is_compared, told.is_removal) == (SHA, None, True, False)
    assert {each.change for each in told.objects} == {Change.ADDED}
    assert len(told.objects) == len(files)
    assert all(each.is_passed for each in told.checks)
    assert (told.replicas, told.memory, told.images[0].digest) == (1, 2**30, None)


def test_next_commit_changes_what_bears_its_name(files: dict[str, bytes]) -> None:
    before = files | {"deployment.yaml": files["deployment.yaml"].replace(SHA.encode(), OLD_SHA.encode())}
    told = build(environment(published=EDITED), files, before, REQUIREMENT, "t")
    assert [(each.name, each.change) for each in told.objects] == [("Deployment/web", Change.CHANGED)]
    assert told.previous_sha == OLD_SHA


def test_what_cannot_be_compared_is_told_as_such(files: dict[str, bytes]) -> None:
    assert not build(environment(published=EDITED), files, None, REQUIREMENT, "t").is_compared


def test_removal_says_why_and_what_goes(files: dict[str, bytes]) -> None:
    closed = environment(desired=Absent("The pull request was closed.", is_closed=True), published=EDITED)
    told = build(closed, None, files, REQUIREMENT, "t")
    assert (told.why, told.is_removal, told.head_sha) == ("The pull request was closed.", True, None)
    assert {each.change for each in told.objects} == {Change.REMOVED}
    assert (told.images, told.quotas, told.replicas, told.memory) == ((), (), 0, 0)


def test_approval_of_a_fork_is_told(files: dict[str, bytes]) -> None:
    fork = environment(desired=Present(spec(), approval=9))
    told = build(fork, files, None, REQUIREMENT, "t", title="Sell\nmore\0", approved_by="grace")
    assert (told.approval, told.is_from_fork, told.title) == (Approval(9, SHA, "grace"), True, "Sell more")
    assert not build(environment(), files, None, REQUIREMENT, "t").is_from_fork


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("pull_request.synchronize", "New commits were pushed."),
        ("pull_request.assigned", "The pull request was changed."),
        ("command.redeploy", "Somebody gave a command on the pull request."),
        ("unheard.of", "It is to run."),
    ],
)
def test_why_is_told_in_words(files: dict[str, bytes], reason: str, why: str) -> None:
    asked = replace(environment().asked, reason=reason)
    assert build(environment(asked=asked), files, None, REQUIREMENT, "t").why == why
