"""What stands in the way of a merge: GitHub's `mergeable_state`, and the words with which it refuses.

https://docs.github.com/graphql/reference/enums#mergestatestatus and
https://docs.github.com/rest/pulls/pulls#merge-a-pull-request
"""

from app.demo.github.hub import Hub
from app.demo.github.records import Account, Protection, PullRequest, Repository, Review

PASSING = frozenset({"success", "neutral", "skipped"})
WRITERS = frozenset({"write", "maintain", "admin"})


def mergeable_state(hub: Hub, record: PullRequest) -> tuple[bool | None, str]:
    """Return `mergeable` and `mergeable_state`; a closed one has neither (None, `unknown`)."""
    repository = hub.state.repositories[record.repository_id]
    if record.closed_at:
        return None, "unknown"
    bare, base = hub.state.git.of(repository), hub.state.branch(repository, record.base_ref)
    if bare is None:
        return True, "clean"
    if base is None or bare.merged_tree(base, record.head.sha) is None:
        return False, "dirty"
    if record.is_draft:
        return True, "draft"
    return True, _state(hub, repository, record)


def obstacle(hub: Hub, record: PullRequest, by: Account | None) -> str | None:
    """Return why GitHub would answer 405 to a merge, in its words; None when it would merge.

    `by` is who merges; None for a merge that waits, which nobody forces.
    """
    mergeable, state = mergeable_state(hub, record)
    if not mergeable:
        return "Pull Request is not mergeable"
    if state == "draft":
        return "Pull Request is still a draft"
    repository = hub.state.repositories[record.repository_id]
    protection = protection_of(hub, repository, record.base_ref)
    if by and protection.bypasses_merges and by.login in protection.bypass:
        return None
    return _missing_review(hub, record, protection) or _missing_check(hub, repository, record, protection)


def protection_of(hub: Hub, repository: Repository, branch: str) -> Protection:
    """Return what a branch demands: nothing, unless it is protected."""
    return hub.state.protections.get((repository.id, branch), Protection(branch))


def standing_reviews(hub: Hub, record: PullRequest) -> list[Review]:
    """Return the last approval or refusal of each person who may write; a comment changes nothing."""
    repository = hub.state.repositories[record.repository_id]
    newest = {one.author_id: one for one in hub.state.reviews_of(record) if one.state != "COMMENTED"}
    return [one for one in newest.values() if may_write(hub, repository, hub.state.accounts[one.author_id])]


def may_write(hub: Hub, repository: Repository, account: Account) -> bool:
    """Tell whether a person may push to a repository."""
    role = hub.state.collaborators.get((repository.id, account.id), "none")
    return role in WRITERS or account.id == repository.owner_id


def failing_checks(hub: Hub, repository: Repository, sha: str) -> dict[str, str]:
    """Return the newest check run of each name and status of each context that has not succeeded: `expected` while it
    goes on, else `failing`."""
    found: dict[str, str] = {}
    for name, passed in _results(hub, repository, sha).items():
        if not passed:
            found[name] = "expected" if passed is None else "failing"
    return found


def _state(hub: Hub, repository: Repository, record: PullRequest) -> str:
    protection = protection_of(hub, repository, record.base_ref)
    if protection.is_strict and is_behind(hub, repository, record):
        return "behind"
    if _missing_review(hub, record, protection) or _missing_check(hub, repository, record, protection):
        return "blocked"
    return "unstable" if failing_checks(hub, repository, record.head.sha) else "clean"


def is_behind(hub: Hub, repository: Repository, record: PullRequest) -> bool:
    """Tell whether the base has commits that the head lacks."""
    bare, base = hub.state.git.of(repository), hub.state.branch(repository, record.base_ref)
    return bare is not None and base is not None and not bare.is_ancestor(base, record.head.sha)


def _missing_review(hub: Hub, record: PullRequest, protection: Protection) -> str | None:
    if not protection.approvals:
        return None
    states = [one.state for one in standing_reviews(hub, record)]
    lacking, refusing = protection.approvals - states.count("APPROVED"), states.count("CHANGES_REQUESTED")
    if refusing:
        return f"{refusing} review{'s' * (refusing > 1)} requesting changes by reviewers with write access."
    if lacking > 0:
        plural = "reviews are" if protection.approvals > 1 else "review is"
        return f"At least {protection.approvals} approving {plural} required by reviewers with write access."
    return None


def _missing_check(hub: Hub, repository: Repository, record: PullRequest, protection: Protection) -> str | None:
    if not protection.checks:
        return None
    # What ran on a head that lacks the base's newest commits does not count, as GitHub sees it.
    is_stale = protection.is_strict and is_behind(hub, repository, record)
    results = {} if is_stale else _results(hub, repository, record.head.sha)
    expected = [name for name in protection.checks if results.get(name) is None]
    failing = [name for name in protection.checks if results.get(name) is False]
    names, word = (failing, "failing") if failing else (expected, "expected")
    if not names:
        return None
    if len(protection.checks) == 1:
        return f'Required status check "{names[0]}" is {word}.'
    verb = "is" if len(names) == 1 else "are"
    return f"{len(names)} of {len(protection.checks)} required status checks {verb} {word}."


def _results(hub: Hub, repository: Repository, sha: str) -> dict[str, bool | None]:
    """Return the newest result by name: whether it succeeded, None while it goes on."""
    found: dict[str, bool | None] = {}
    for status in hub.state.statuses[repository.id, sha]:
        found[status.context] = None if status.state == "pending" else status.state == "success"
    for run in reversed(hub.state.check_runs_of(repository.id, sha)):
        found[run.name] = run.conclusion in PASSING if run.status == "completed" else None
    return found
