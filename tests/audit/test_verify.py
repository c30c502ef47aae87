"""`verify`: what was published is proven, and nothing else is."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.domain.explained import Finding
from app.domain.proposal import ProposalState
from app.domain.pull_request import Missing
from app.domain.review import ALWAYS
from app.ports import Destination, Poke, Reviewed, Verdict
from app.stages.verify import Verifier
from gitops.change import AUTHOR, Change
from gitops.errors import UnknownRevision
from gitops.publish import publish
from gitops.render import Templates
from gitops.signing import Signer
from gitops.syncs import divided
from tests.audit.books import FIRST, SECOND, Books, with_trailer
from tests.audit.people import People

pytestmark = pytest.mark.slow

OURS = "environments/default/Acme/Shop/pr-7-shop"


def failures(verifier: Verifier, since: str | None = None) -> list[Finding]:
    """What is wrong."""
    return [finding for finding in verifier.run(since).findings if finding.is_failure]


def only(verifier: Verifier, commit: str | None, *words: str) -> None:
    """One finding, about that commit, which says these words."""
    (finding,) = failures(verifier)
    assert finding.commit == commit
    assert all(word in finding.what for word in words), finding
    assert finding.advice


def test_what_was_published_is_proven(books: Books, verifier: Verifier) -> None:
    books.publish()
    books.publish(8)
    books.publish(head_sha=SECOND)
    books.publish(head_sha=None)
    verified = verifier.run()
    assert (verified.findings, verified.commits, verified.proven) == ((), 4, 4)
    assert verified.is_proven


def test_commit_whose_push_was_never_answered_is_proven(books: Books, verifier: Verifier) -> None:
    books.publish(told=False)
    books.publish(head_sha=SECOND)
    books.publish(told=False)
    assert verifier.run().is_proven


def test_one_row_explains_one_commit(books: Books, verifier: Verifier) -> None:
    books.publish(told=False)
    books.publish(head_sha=SECOND)
    again = publish(books.repository, lambda: [books.change()], lambda: None)[0].commit
    only(verifier, again, OURS, "nothing recorded explains it")


def test_commit_by_hand_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    only(verifier, people.push({f"{OURS}/web.yaml": "x"}), "Eve", OURS)


def test_commit_by_hand_to_another_path_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    only(verifier, people.push({"docs/a.md": "x"}), "Eve", "docs/a.md")


def test_empty_commit_by_hand_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    only(verifier, people.push({}), "empty", "Eve")


def test_commit_by_hand_with_our_words_but_other_contents_is_listed(
    books: Books, people: People, verifier: Verifier
) -> None:
    books.publish()
    books.keep(books.row(head_sha=SECOND))
    change = books.change(head_sha=SECOND)
    assert change.files is not None
    forged = replace(change, files={**change.files, "more.yaml": b"x"})
    only(verifier, people.move(people.change(forged, "main")), "Eve", OURS)


def test_more_than_the_own_environment_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    change = books.change(head_sha=SECOND)
    row = books.keep(books.row(head_sha=SECOND))
    first = people.change(change, "main")
    tree = people.git("log", "-1", "--format=%B", first)
    files: dict[str, str | None] = {f"{OURS}/{n}": c.decode() for n, c in (change.files or {}).items()}
    commit = people.move(people.commits({**files, "docs/a.md": "x"}, "main", tree))
    books.tell(row, commit)
    only(verifier, commit, "docs/a.md")


def test_commit_that_is_not_what_its_record_says_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    row = books.keep(books.row(head_sha=SECOND))
    words = books.change(head_sha=SECOND).trailers
    commit = people.push({}, "Deploy\n\n" + "\n".join(f"{name}: {value}" for name, value in words))
    books.tell(row, commit)
    only(verifier, commit, "changes nothing of pr-7-shop")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("tree", "e" * 40, "recorded is " + "e" * 40),
        ("by", "eve", "Actor is ada"),
        ("reason", "other", "Reason is pull_request.opened"),
        ("delivery_id", None, "Delivery is d-7"),
        ("head_sha", SECOND, f"Head-SHA is {FIRST}"),
        ("folder", "environments/default/Acme/Shop/pr-9-shop", "pr-9-shop"),
        ("commit", "e" * 40, "nothing recorded explains it"),
    ],
)
def test_record_that_was_changed_afterwards_is_listed(
    books: Books, verifier: Verifier, column: str, value: str | None, words: str
) -> None:
    books.publish(8)
    commit = books.publish()
    books.execute(f"UPDATE publications SET {column} = :value WHERE commit = :commit", value=value, commit=commit)
    found = failures(verifier)
    assert any(each.commit == commit and words in each.what for each in found), found


def test_spec_that_was_changed_afterwards_is_listed(books: Books, verifier: Verifier) -> None:
    commit = books.publish()
    books.execute("UPDATE publications SET desired = jsonb_set(desired, '{spec,port}', '9999')")
    only(verifier, commit, "templates make tree")


def test_templates_that_were_changed_afterwards_prove_nothing(books: Books, verifier: Verifier) -> None:
    commit = books.publish()
    books.execute("UPDATE template_versions SET files = files - 'web/service.yaml.j2'")
    only(verifier, commit, "cannot be made again", "templates")


def test_each_commit_is_made_again_with_the_templates_of_its_time(books: Books, verifier: Verifier) -> None:
    books.publish()
    files = {**books.templates.files, "web/more.yaml.j2": books.templates.files["web/service.yaml.j2"]}
    books.templates = Templates.of(files)
    books.publish(head_sha=SECOND)
    assert verifier.run().is_proven


def test_forged_trailer_is_listed(books: Books, verifier: Verifier) -> None:
    row = books.keep(books.row())
    forged = with_trailer(books.change(), "Actor", "grace")
    commit = publish(books.repository, lambda: [forged], lambda: None)[0].commit
    assert commit is not None
    books.tell(row, commit)
    only(verifier, commit, "Actor is ada, grace")


def test_delivery_that_never_came_is_listed(books: Books, verifier: Verifier) -> None:
    commit = books.publish()
    books.execute("DELETE FROM deliveries")
    only(verifier, commit, "delivery d-7")


@pytest.mark.parametrize(
    ("by", "is_known"),
    [("ephemera", True), ("ada", True), ("token:ci", True), ("token:no", False), ("eve", False), ("ci", False)],
)
def test_somebody_who_asked_without_a_delivery_has_to_be_known(
    books: Books, verifier: Verifier, by: str, is_known: bool
) -> None:
    row = books.keep({**books.row(), "by": by, "delivery_id": None})
    books.execute("INSERT INTO api_tokens (name, scope, digest) VALUES ('ci', 'act', 'x')")
    change = books.change(Actor=by, Delivery="none")
    commit = publish(books.repository, lambda: [change], lambda: None)[0].commit
    assert commit is not None
    books.tell(row, commit)
    assert (failures(verifier) == []) is is_known


def test_history_that_was_replaced_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    lost = books.publish(8)
    people.move(f"{lost}~1")
    only(verifier, lost, "pr-8-shop", "not in the branch's history")


def test_what_is_older_than_the_record_is_told_apart(books: Books, people: People, verifier: Verifier) -> None:
    people.push({"README.md": "hi"})
    bootstrap = Change("bootstrap/default", {"a.yaml": b"x"}, "Bootstrap", (("Reason", "bootstrap"),), AUTHOR)
    publish(books.repository, lambda: [bootstrap], lambda: None)
    last = people.push({f"{OURS}/web.yaml": "x"})
    books.publish()
    verified = verifier.run()
    assert verified.is_proven
    (finding,) = verified.findings
    assert finding.commit == last
    assert "3 commits" in finding.what
    assert "before the record began, 1 of them" in finding.what


def test_bootstrap_after_the_record_began_is_listed_as_one(books: Books, people: People, verifier: Verifier) -> None:
    books.publish()
    only(verifier, people.push({"bootstrap/default/a.yaml": "x"}), "it connects a cluster", "not recorded")


def test_branch_on_what_is_older_than_the_record_is_not_older(books: Books, people: People, verifier: Verifier) -> None:
    old = people.push({"README.md": "hi"})
    books.publish()
    side = people.commits({f"{OURS}/evil.yaml": "x"}, old)
    merge = people.merge(side)
    assert {finding.commit for finding in failures(verifier)} == {side, merge}


def test_environment_of_which_nothing_at_all_is_recorded_is_listed(
    books: Books, people: People, verifier: Verifier
) -> None:
    people.push({"README.md": "hi"})
    only(verifier, people.push({f"{OURS}/web.yaml": "x"}), OURS)


def test_look_since_a_commit_sees_what_follows_and_claims_nothing_else(
    books: Books, people: People, verifier: Verifier
) -> None:
    people.push({f"{OURS}/web.yaml": "x"})
    first = books.publish()
    by_hand = people.push({"docs/a.md": "x"})
    since = books.publish(8)
    assert verifier.run(since[:10]).commits == 0
    assert [finding.commit for finding in failures(verifier, first)] == [by_hand]
    assert failures(verifier, since) == []
    with pytest.raises(UnknownRevision):
        verifier.run("e" * 40)


def test_what_needed_review_and_had_none_is_listed(books: Books, verifier: Verifier) -> None:
    needed = books.row(rules=ALWAYS)["requirement"]
    only(verifier, books.publish(requirement=needed), "demanded review", "no proposal")


def reviewed(books: Books, people: People, way: str = "merge", **other: object) -> str:
    """A first publication, then a proposal that is merged in some way and taken over; returns what main holds."""
    base = books.publish(8)
    ours = people.change(books.change(), base)
    if way == "merge":
        books.publish(9)
        merge = people.merge(ours)
    else:
        books.publish(9)
        words = "Deploy (#31)\n\n* Deploy" if way == "squash" else None
        merge = people.move(people.change(books.change(), "main", words))
    proposal = books.propose([ours, merge], merge, **other)  # type: ignore[arg-type]
    row = books.row(rules=ALWAYS) | {"proposal_id": proposal, "by": "grace", "reason": "proposal.merged"}
    books.tell(books.keep(row), ours if way == "merge" else merge)
    return merge


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
def test_what_was_merged_is_proven_however_it_was(books: Books, people: People, verifier: Verifier, way: str) -> None:
    reviewed(books, people, way)
    verified = verifier.run()
    assert verified.findings == ()
    assert verified.proven == verified.commits


@pytest.mark.parametrize(
    ("decided_by", "words"),
    [(None, "not known who"), ("somebody", "not known who"), ("ephemera[bot]", "ephemera[bot] merged it")],
)
def test_merge_that_no_person_decided_is_listed(
    books: Books, people: People, verifier: Verifier, decided_by: str | None, words: str
) -> None:
    reviewed(books, people, decided_by=decided_by)
    assert all(words in finding.what for finding in failures(verifier))
    assert failures(verifier)


def test_merge_queue_merges_for_people(books: Books, people: People, verifier: Verifier) -> None:
    reviewed(books, people, decided_by="github-merge-queue[bot]")
    assert failures(verifier) == []


@pytest.mark.parametrize("state", [ProposalState.OPEN, ProposalState.REFUSED, ProposalState.SPOILED])
def test_what_came_by_a_proposal_that_was_not_accepted_is_listed(
    books: Books, people: People, verifier: Verifier, state: ProposalState
) -> None:
    reviewed(books, people, state=state.value)
    assert failures(verifier)


def test_edit_of_a_proposal_is_proven_by_what_was_accepted(books: Books, people: People, verifier: Verifier) -> None:
    base = books.publish(8)
    ours = people.change(books.change(), base)
    files = {**(books.change().files or {}), "web.yaml": b"edited\n"}
    unseen = people.commits({f"{OURS}/web.yaml": "half\n"}, ours)
    edit = people.commits({f"{OURS}/web.yaml": "edited\n"}, unseen)
    merge = people.merge(edit)
    proposal = books.propose([ours, edit], merge, files=files, by="Eve <eve@example.com>")
    assert failures(verifier) == []
    books.execute("UPDATE proposals SET files = files - 'web.yaml' WHERE id = :id", id=proposal)
    only(verifier, edit, "templates make tree")


def test_copies_that_a_rebase_makes_of_an_edit_are_proven(books: Books, people: People, verifier: Verifier) -> None:
    base = books.publish(8)
    ours = people.change(books.change(), base)
    files = {**(books.change().files or {}), "web.yaml": b"edited\n"}
    edit = people.commits({f"{OURS}/web.yaml": "edited\n"}, ours)
    books.publish(9)
    people.move(people.change(books.change(), "main"))
    last = people.push({f"{OURS}/web.yaml": "edited\n"})
    books.propose([ours, edit], last, files=files, by="Eve <eve@example.com>")
    assert failures(verifier) == []


def test_merge_that_brings_more_than_its_branch_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    base = books.publish(8)
    ours = people.change(books.change(), base)
    books.publish(9)
    evil = people.commits({f"{OURS}/evil.yaml": "x"}, people.change(books.change(), "main"))
    merge = people.merge(ours, people.git("rev-parse", f"{evil}^{{tree}}"))
    books.propose([ours], merge)
    only(verifier, merge, OURS, "recorded is")


def test_branch_that_was_merged_past_a_proposal_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    base = books.publish(8)
    side = people.change(books.change(), base)
    books.publish(9)
    merge = people.merge(side)
    found = {finding.commit: finding.what for finding in failures(verifier)}
    assert set(found) == {side, merge}
    assert "changes nothing by itself" in found[merge]


def test_branch_head_that_was_never_seen_is_compared_with_what_was_accepted(
    books: Books, people: People, verifier: Verifier
) -> None:
    base = books.publish(8)
    ours = people.change(books.change(), base)
    late = people.commits({f"{OURS}/evil.yaml": "x"}, ours)
    merge = people.merge(late)
    books.propose([ours], merge)
    found = failures(verifier)
    assert late in {finding.commit for finding in found}


def signer() -> Signer:
    """A new one."""
    return Signer.load(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


def test_commits_from_before_signing_are_told_and_later_ones_have_to_be_signed(
    books: Books, verifier: Verifier
) -> None:
    ours, plain = signer(), books.repository
    verifier = replace(verifier, keys=(ours.public_line,))
    first = books.publish()
    books.repository = replace(plain, signer=ours)
    books.publish(8)
    verified = verifier.run()
    assert verified.is_proven
    assert [finding.commit for finding in verified.findings] == [first]
    books.repository = plain
    only(verifier, books.publish(9), "not signed")


def test_signature_of_another_key_is_none(books: Books, verifier: Verifier) -> None:
    ours = signer()
    plain = books.repository
    books.repository = replace(plain, signer=ours)
    books.publish()
    books.repository = replace(plain, signer=signer())
    only(replace(verifier, keys=(ours.public_line,)), books.publish(8), "not signed")


class Clerk:
    """Answers for GitHub."""

    def __init__(self, answer: Reviewed | Missing) -> None:
        self.answer = answer

    def look_up(self, number: int) -> Reviewed | Missing:
        assert number == 31
        return self.answer

    def url(self, number: int) -> str:
        return f"https://github.test/acme/environments/pull/{number}"


def test_what_github_says_otherwise_is_listed(books: Books, people: People, verifier: Verifier) -> None:
    merge = reviewed(books, people)
    right = Reviewed(31, Verdict.MERGED, "ephemera/pr-7-shop", "e" * 40, "unknown", "grace", None, merge)
    for answer, words in (
        (right, None),
        (replace(right, decided_by="eve"), "eve merged"),
        (replace(right, merge_commit="e" * 40), "merged as eeee"),
        (replace(right, verdict=Verdict.CLOSED), "closed"),
        (Missing(), "does not know"),
    ):
        asking = replace(verifier, proposals=Clerk(answer))  # type: ignore[arg-type]
        found = failures(asking)
        assert [words in finding.what for finding in found if words] == ([] if words is None else [True]), found


class Sleeper:
    """A syncer that is never woken."""

    def poke(self, poke: Poke) -> None:
        raise AssertionError("nothing is pushed")


def follow(folder: str, number: int, namespace: bytes) -> bytes:
    """A file beside a folder."""
    return f"{folder} {number}\n".encode() + namespace


def test_file_beside_a_folder_is_proven_with_it(books: Books, verifier: Verifier) -> None:
    keep = b"keep"
    flux = Destination(Sleeper(), follows_refs=True, sync=follow, keep=keep)
    verifier = replace(verifier, destinations={"default": flux})
    made = books.change()
    namespace, rest = divided(made.files or {})
    change = replace(made, files=rest, sync=follow(made.folder, 7, namespace), keep=keep)
    row = books.keep({**books.row(), "tree": change.tree, "sync": change.sync_blob})
    commit = publish(books.repository, lambda: [change], lambda: None)[0].commit
    assert commit is not None
    books.tell(row, commit)
    assert verifier.run().findings == ()
    other = replace(verifier, destinations={"default": replace(flux, sync=lambda *_: b"other")})
    (note,) = other.run().findings
    assert (note.commit, note.is_failure) == (None, False)
    assert "1 files below syncs/default" in note.what
    only(replace(verifier, destinations={"default": replace(flux, keep=b"x")}), commit, "syncs/default/ephemera.yaml")
