"""What proves a commit of the environments repository, and what is said of one that is not proven. Pure.

A commit is proven when a record made before it was pushed explains it, its words say what the record says, the rules of
that time allowed it, and its bytes are what the recorded templates make of the recorded spec, or what was accepted in
its place. `ledger` finds the record; here it is compared.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from app.domain.explained import Asked, Explained, Finding, Known, Made, Publication, Remade, Way
from app.domain.proposal import ProposalState
from app.domain.review import Merger
from gitops.fields import is_bootstrap_folder
from gitops.logged import Commit, Touched
from gitops.text import single_line

OURS = frozenset({"ephemera"})
"""Whom rows name where a part of Ephemera asked."""
MERGE_QUEUE = "github-merge-queue[bot]"
"""Who merges what people put into GitHub's merge queue."""
NOBODY = ("", "somebody")
"""What stands for a person whom GitHub did not name."""

Problems = Iterator[tuple[str, str]]
"""What is wrong, and what to do."""
Check = Callable[[str], bool]
"""Whether a trailer's value is right."""

_HEAD_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|unknown")
_LOOK = "see who could push it, and who did"
_PATHS_SHOWN = 3


def examine(explained: Explained, known: Known, remade: Remade | None) -> list[Finding]:
    """All that is wrong with one commit; nothing where it is proven. `remade` is of `explained.made`."""
    if explained.way is Way.BEFORE:
        return []
    if explained.way is Way.UNKNOWN:
        return [_unknown(explained.commit)]
    if unaccepted := list(_unaccepted(explained)):
        return [Finding(explained.commit.sha, *pair) for pair in unaccepted]
    problems = [*_places(explained, known), *_contents(explained, remade), *_words(explained), *_allowed(explained)]
    return [Finding(explained.commit.sha, *pair) for pair in [*problems, *_causes(explained, known)]]


def is_bootstrap(commit: Commit) -> bool:
    """It changes only what `ephemera bootstrap --commit` writes."""
    return bool(commit.changes) and all(
        is_bootstrap_folder("/".join(touched.path.split("/")[:2])) and "/" in touched.path for touched in commit.changes
    )


def _unknown(commit: Commit) -> Finding:
    who = single_line(commit.author.name, 60) or "somebody"
    if is_bootstrap(commit):
        what = f"it connects a cluster ({_paths(commit.changes)}), which is not recorded"
        return Finding(commit.sha, what, "compare it with what `ephemera bootstrap` prints")
    if commit.is_merge and not commit.changes:
        what = f"a merge in the name of {who} that no proposal explains; it changes nothing by itself"
        return Finding(commit.sha, what, "look at the commits that it brought")
    what = f"a commit in the name of {who} changes {_paths(commit.changes)}, and nothing recorded explains it"
    return Finding(commit.sha, what if commit.changes else f"an empty commit in the name of {who}", _LOOK)


def _unaccepted(explained: Explained) -> Problems:
    """It came by a proposal that was not accepted: then nothing else matters."""
    proposal = explained.proposal
    if explained.way is not Way.PUBLISHED and proposal is not None and proposal.state is not ProposalState.MERGED:
        why = "must not run" if proposal.state is ProposalState.SPOILED else f"is {proposal.state.value}"
        yield f"it came by {proposal.words}, which {why}", "see that what it changed was put back"


def _places(explained: Explained, known: Known) -> Problems:
    """It changes its own environment, and nothing else."""
    made = explained.made
    assert made is not None
    own = {made.folder, made.sync_path, made.keep_path}
    foreign = [touched for touched in explained.commit.changes if touched.path not in own]
    if foreign:
        yield f"it also changes {_paths(foreign)}, which is no part of {made.namespace}", _LOOK
    for touched in explained.commit.changes:
        if touched.path == made.keep_path and touched.after != known.keeps.get(touched.path):
            yield (
                f"{touched.path} is not what the settings of now make",
                "compare it, if Flux's namespace is still the same",
            )


def _contents(explained: Explained, remade: Remade | None) -> Problems:
    made, seen = explained.made, explained.seen
    assert made is not None
    if not explained.has_contents:
        return
    tree, sync = (made.tree, made.sync) if explained.publication or seen is None else (seen.tree, seen.sync)
    wanted = {made.folder: tree, made.sync_path: sync}
    for touched in explained.commit.changes:
        if touched.path in wanted and touched.after != wanted[touched.path]:
            yield (
                f"{touched.path} is {touched.after or 'absent'}, and recorded is {wanted[touched.path] or 'a removal'}",
                "compare the files; somebody changed them, or the record",
            )
    if explained.way is Way.PUBLISHED and all(touched.path not in wanted for touched in explained.commit.changes):
        yield f"it changes nothing of {made.namespace}, whose commit it is by the record", _LOOK
    yield from _origin(explained, made, tree, remade)


def _origin(explained: Explained, made: Made, tree: str | None, remade: Remade | None) -> Problems:
    """The recorded tree is what the record says that it was made of."""
    is_present = made.desired.get("kind") == "present"
    if tree is None:
        if is_present:
            yield "it removes an environment that was recorded as wanted", "look at the environment's history"
        return
    if explained.proposal is not None and tree == explained.proposal.edited_tree:
        return
    if not is_present:
        yield "it keeps an environment that was recorded as not wanted", "look at the environment's history"
    elif remade is None or remade.problem is not None:
        why = remade.problem if remade and remade.problem else "they are not kept"
        yield (
            f"what was recorded cannot be made again: {single_line(why)}",
            "keep the database's backups: the templates of each version are in `template_versions`",
        )
    elif remade.tree != tree:
        yield (
            f"the recorded templates make tree {remade.tree} of the recorded spec, and it holds {tree}",
            "compare the files: somebody changed them, or the record; or the renderer changed",
        )


def _words(explained: Explained) -> Problems:
    """What its trailers say is what is recorded; what others made may leave them out, and not forge them."""
    made, asked = explained.made, _asked(explained)
    assert made is not None
    held: dict[str, list[str]] = {}
    for name, value in explained.commit.trailers:
        held.setdefault(name.lower(), []).append(value)
    for name, is_right, wanted in _wanted_words(made, asked, explained):
        values = held.get(name.lower(), [])
        if not values and not explained.is_by_us:
            continue
        if len(values) != 1 or not is_right(values[0]):
            said = ", ".join(single_line(value, 60) for value in values[:2]) or "missing"
            yield f"its trailer {name} is {said}, and recorded is {single_line(wanted, 60)}", _LOOK


def matches(commit: Commit, made: Made) -> bool:
    """Its trailers are exactly those of the record."""
    explained = Explained(commit, Way.PUBLISHED, Publication(0, made, None, None))
    return not list(_words(explained))


def _wanted_words(made: Made, asked: Asked, explained: Explained) -> Iterator[tuple[str, Check, str]]:
    name = sorted(made.names)[0] if made.names else ""
    yield "Environment", _is(made.namespace), made.namespace
    yield "Pull-Request", lambda value: value.lower() in {f"{each}#{made.number}" for each in made.names}, name
    yield "Head-SHA", _is(made.head_sha) if made.head_sha else _is_sha, made.head_sha or "a commit"
    yield "Delivery", _is(asked.delivery or "none"), asked.delivery or "none"
    yield "Actor", _is(asked.by), asked.by
    yield "Reason", _is(asked.reason), asked.reason
    number = explained.proposal.number if explained.proposal else None
    if number is not None and any(each.lower() == "proposal" for each, _ in explained.commit.trailers):
        yield "Proposal", _is(str(number)), str(number)


def _is(wanted: str) -> Check:
    return lambda value: value == single_line(wanted)


def _is_sha(value: str) -> bool:
    return bool(_HEAD_SHA.fullmatch(value))


def _allowed(explained: Explained) -> Problems:
    """The rules of that time let it through, or people did."""
    made, proposal = explained.made, explained.proposal
    assert made is not None
    if explained.seen is not None and not explained.seen.is_allowed:
        yield "what it holds did not pass the checks", "see that it was put back"
    if not made.is_review_required:
        return
    if proposal is None:
        yield "the rules demanded review, and no proposal is recorded", "ask whoever may write to the database"
    elif proposal.state is not ProposalState.MERGED:
        yield f"the rules demanded review, and {proposal.words} is {proposal.state.value}", _LOOK
    elif proposal.decided_by is None or proposal.decided_by in NOBODY:
        yield f"it is not known who merged {proposal.words}", "look at the pull request, or verify with --github"
    elif _is_machine(proposal.decided_by) and made.merged_by is not Merger.EPHEMERA:
        who = single_line(proposal.decided_by, 60)
        yield f"{proposal.words} was to be merged by people, and {who} merged it", "see who let it"


def _is_machine(login: str) -> bool:
    return login.endswith("[bot]") and login != MERGE_QUEUE


def _causes(explained: Explained, known: Known) -> Problems:
    asked = _asked(explained)
    if asked.delivery is not None:
        if asked.delivery not in known.deliveries:
            yield f"it names delivery {single_line(asked.delivery, 60)}, which is not recorded", "ask GitHub for it"
    elif asked.by not in OURS and asked.by not in known.actors:
        yield f"it names {single_line(asked.by, 60)}, of whom nothing else is recorded", "ask who that is"


def _asked(explained: Explained) -> Asked:
    """Whom its trailers have to name: a proposal's commit was made when it was proposed."""
    is_proposals = explained.proposal is not None and explained.way is not Way.PUBLISHED
    made = explained.proposal.made if is_proposals and explained.proposal else explained.made
    assert made is not None
    return made.asked


def _paths(changes: Sequence[Touched]) -> str:
    named = ", ".join(single_line(touched.path, 100) for touched in changes[:_PATHS_SHOWN])
    more = len(changes) - _PATHS_SHOWN
    return f"{named} and {more} more" if more > 0 else named


def examine_signatures(explained: Sequence[Explained], signers: Mapping[str, str | None]) -> Iterator[Finding]:
    """Those of our commits that none of the given keys signed; `signers` is {commit: the public key, None for none}.

    Commits from before the first signed one were made when nothing was signed yet: they are told all together.
    """
    ours = [each.commit.sha for each in explained if each.is_by_us]
    first = next((place for place, sha in enumerate(ours) if signers[sha] is not None), len(ours))
    if first:
        what = f"{first} commits of Ephemera up to this one are from before the first that is signed"
        yield Finding(ours[first - 1], what, "nothing: signing began later", is_failure=False)
    for sha in ours[first:]:
        if signers[sha] is None:
            yield Finding(sha, "it is not signed by Ephemera's key", f"{_LOOK}; or give the key that was used then too")
