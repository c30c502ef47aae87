"""P14: proving a history of 10,000 commits, beside `git log --raw -t` of the same history.

`python -m tests.benchmarks.audit` prints the table. Every commit was rendered anew, signed, and recorded.
"""

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import insert, text

from app.demo.postgres import Postgres
from app.domain.cluster import Cluster
from app.domain.desired import Present, to_json
from app.domain.policy import Policy
from app.domain.pull_request import RepositoryRef
from app.domain.review import ALWAYS, NEVER, Subject, review
from app.stages.verify import Verifier
from app.store import asking
from app.store.asking import Ask
from app.store.engine import Store
from app.store.migrate import upgrade
from app.store.models import Delivery, ProposalCommit, ProposalRow, PublicationRow, TemplateVersion
from gitops.change import Change, Person
from gitops.clone import Clone
from gitops.command import Command
from gitops.remote import Remote
from gitops.render import Templates
from gitops.repository import Repository
from gitops.signing import Signer
from gitops.spec import Spec
from tests.benchmarks.render import TEMPLATES, Entries, another_commit, print_table, spec_of

COMMITS, ENVIRONMENTS, BATCH = 10_000, 200, 500
MOST_SECONDS = 60
ADA = Person("Ada", "ada@example.com")
SHOP = RepositoryRef(7, "acme/shop", 70)
POLICY = Policy(clusters=(Cluster("main", "preview.example.com"),))
_SUBJECT = Subject("acme/shop", "main", is_from_fork=False)


def measure(commits: int = COMMITS) -> Entries:
    """P14, in seconds. Half of the commits needed review, and were merged by rebase."""
    with tempfile.TemporaryDirectory(prefix="ephemera-bench-") as directory:
        root = Path(directory)
        server = Postgres.start(root / "postgres", durable=False)
        try:
            url = server.create_database("audit")
            upgrade(url)
            return {"P14": _entry(root, Store(url), commits)}
        finally:
            server.stop()


def _entry(root: Path, store: Store, commits: int) -> dict[str, object]:
    remote = root / "environments.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    signer = _signer()
    templates = Templates.load(TEMPLATES)
    _fill(store, remote, templates, signer, commits)
    repository = Repository(Remote(remote.as_uri()), root / "cache")
    limit = _seconds(
        lambda: subprocess.run(
            ["git", "-C", str(remote), "log", "--raw", "-t", "main"], check=True, stdout=subprocess.DEVNULL
        )
    )
    verifier = Verifier(store, repository, {}, (signer.public_line,))
    start = time.perf_counter()
    verified = verifier.run()
    ours = time.perf_counter() - start
    assert (verified.findings, verified.proven) == ((), commits), verified.findings[:3]
    return {
        "ours": round(ours, 1),
        "limit": round(limit, 2),
        "peers": {},
        "ratio": round(ours / limit, 1),
        "unit": "s",
        "goal": f"<= {MOST_SECONDS} s",
    }


def _fill(store: Store, remote: Path, templates: Templates, signer: Signer, commits: int) -> None:
    clone = Clone(Command(remote), Remote(remote.as_uri()), signer)
    ids = _environments(store, templates)
    head: str | None = None
    for start in range(0, commits, BATCH):
        numbers = range(start, min(start + BATCH, commits))
        specs = [another_commit(spec_of(number % ENVIRONMENTS + 1), number) for number in numbers]
        changes = [_change(spec, templates) for spec in specs]
        made = [each.commit for each in clone.commit(head, changes) if each is not None]
        head = made[-1]
        _record(store, start, ids, specs, changes, made, templates.digest)
    subprocess.run(["git", "-C", str(remote), "update-ref", "refs/heads/main", str(head)], check=True)
    subprocess.run(["git", "-C", str(remote), "repack", "-a", "-d", "-q"], check=True)


def _environments(store: Store, templates: Templates) -> list[int]:
    with store.begin() as session:
        session.add(TemplateVersion(digest=templates.digest, files=dict(templates.files)))
        asked = [Ask(SHOP, number, "ada", "pull_request.opened") for number in range(1, ENVIRONMENTS + 1)]
        return [asking.mark(session, each, POLICY) for each in asked]


def _change(spec: Spec, templates: Templates) -> Change:
    trailers = (
        ("Environment", spec.namespace),
        ("Pull-Request", f"acme/shop#{spec.number}"),
        ("Head-SHA", spec.head_sha),
        ("Delivery", spec.head_sha),
        ("Actor", "ada"),
        ("Reason", "pull_request.synchronize"),
    )
    return Change(spec.folder, templates.render(spec), f"Deploy acme/shop#{spec.number}", trailers, ADA)


def _record(  # noqa: PLR0917
    store: Store,
    start: int,
    ids: Sequence[int],
    specs: Sequence[Spec],
    changes: Sequence[Change],
    made: Sequence[str],
    digest: str,
) -> None:
    rows: list[Mapping[str, Any]] = []
    proposals: list[Mapping[str, Any]] = []
    seen: list[Mapping[str, Any]] = []
    for place, (spec, change, commit) in enumerate(zip(specs, changes, made, strict=True), start=start + 1):
        is_reviewed = place % 2 == 0
        requirement = review(ALWAYS if is_reviewed else NEVER, _SUBJECT).to_json()
        common = {
            "environment_id": ids[spec.number - 1],
            "generation": place,
            "desired": to_json(Present(spec)),
            "tree": change.tree,
            "templates": digest,
            "requirement": requirement,
        }
        rows.append(
            {
                **common,
                "folder": spec.folder,
                "intent": str(place),
                "proposal_id": place if is_reviewed else None,
                "head_sha": spec.head_sha,
                "by": "ada",
                "reason": "pull_request.synchronize",
                "delivery_id": spec.head_sha,
                "commit": commit,
            }
        )
        if is_reviewed:
            proposals.append(
                {
                    **common,
                    "id": place,
                    "is_current": False,
                    "number": place,
                    "state": "merged",
                    "files": {name: content.decode() for name, content in (change.files or {}).items()},
                    "evidence": {},
                    "asked_by": "ada",
                    "asked_reason": "pull_request.synchronize",
                    "asked_delivery": spec.head_sha,
                    "decided_by": "grace",
                    "merge_commit": commit,
                }
            )
            seen.append({"commit": commit, "proposal_id": place, "tree": change.tree, "is_allowed": True})
    with store.begin() as session:
        received = [{"id": s.head_sha, "event": "pull_request", "body": b"", "outcome": "marked"} for s in specs]
        session.execute(insert(Delivery), received)
        # An identity that is given is refused otherwise.
        session.execute(text("ALTER TABLE proposals ALTER COLUMN id SET GENERATED BY DEFAULT"))
        session.execute(insert(ProposalRow), proposals)
        session.execute(insert(ProposalCommit), seen)
        session.execute(insert(PublicationRow), rows)


def _signer() -> Signer:
    key = Ed25519PrivateKey.generate()
    return Signer.load(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


def _seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print_table(measure())
