"""An environments repository and the rows about it, written as Ephemera writes them, and then meddled with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.cluster import Cluster
from app.domain.desired import Absent, Present, to_json
from app.domain.policy import Policy
from app.domain.proposal import ProposalState
from app.domain.pull_request import RepositoryRef
from app.domain.review import ALWAYS, NEVER, Requirement, Rules, Subject, review
from app.store import asking
from app.store.asking import Ask
from app.store.engine import Store
from app.store.models import Delivery, EnvironmentRow, ProposalCommit, ProposalRow, PublicationRow, TemplateVersion
from gitops.change import Change, Person
from gitops.publish import publish
from gitops.render import Templates
from gitops.repository import Repository
from gitops.spec import Spec
from gitops.tree import tree_id

TEMPLATES = Templates.load(Path(__file__).parents[2] / "templates")
SHOP = RepositoryRef(7, "Acme/Shop", 70)
POLICY = Policy(clusters=(Cluster("default", "preview.test"),))
ADA = Person("Ada", "ada@example.com")
FIRST, SECOND = "0123456" + "a" * 33, "89abcde" + "b" * 33


@dataclass
class Books:
    """What is published and what is recorded of it. Pull request 7 unless another is named."""

    store: Store
    repository: Repository
    templates: Templates = TEMPLATES
    count: int = 0
    ids: dict[int, int] = field(default_factory=dict)

    def publish(self, number: int = 7, head_sha: str | None = FIRST, *, told: bool = True, **other: Any) -> str:
        """Push one change, recorded before; `told`: the row learns the commit. `other` is what the row says instead.
        Returns the commit."""
        change, row = self.change(number, head_sha), self.row(number, head_sha) | other
        publication = self.keep(row)
        commit = publish(self.repository, lambda: [change], lambda: None)[0].commit
        assert commit is not None
        if told:
            self.tell(publication, commit)
        return commit

    def change(self, number: int = 7, head_sha: str | None = FIRST, **words: str) -> Change:
        """The change, with the trailers that the row is to have unless `words` has others."""
        spec = self.spec(number, head_sha or FIRST)
        files = self.templates.render(spec) if head_sha else None
        said = {
            "Environment": spec.namespace,
            "Pull-Request": f"Acme/Shop#{number}",
            "Head-SHA": head_sha or "unknown",
            "Delivery": f"d-{number}",
            "Actor": "ada",
            "Reason": "pull_request.opened",
        } | {name.replace("_", "-"): value for name, value in words.items()}
        return Change(spec.folder, files, f"Deploy {spec.namespace}", tuple(said.items()), ADA)

    def row(self, number: int = 7, head_sha: str | None = FIRST, rules: Rules = NEVER) -> dict[str, Any]:
        """The row of that change."""
        self.count += 1
        change = self.change(number, head_sha)
        return {
            "environment_id": self.environment(number),
            "folder": change.folder,
            "intent": str(self.count),
            "generation": self.count,
            "desired": self.desired(number, head_sha),
            "tree": change.tree,
            "templates": self.templates.digest,
            "requirement": requirement(rules).to_json(),
            "head_sha": head_sha,
            "by": "ada",
            "reason": "pull_request.opened",
            "delivery_id": f"d-{number}",
        }

    def keep(self, row: Mapping[str, Any]) -> int:
        """Add the row of a publication; returns its id."""
        with self.store.begin() as session:
            self._remember_templates(session)
            added = PublicationRow(**row)
            session.add(added)
            session.flush()
            return added.id

    def tell(self, publication: int, commit: str) -> None:
        """The row learns its commit."""
        with self.store.begin() as session:
            session.execute(update(PublicationRow).where(PublicationRow.id == publication).values(commit=commit))

    def propose(
        self,
        commits: Sequence[str],
        merge_commit: str,
        *,
        files: Mapping[str, bytes] | None = None,
        head_sha: str | None = FIRST,
        by: str | None = None,
        **other: Any,
    ) -> int:
        """Add a merged proposal whose branch was seen at these commits; `files`: what a person, `by`, made of it, with
        the last of them. Returns its id."""
        number, change = 7, self.change(7, head_sha)
        held = files if files is not None else change.files
        with self.store.begin() as session:
            self._remember_templates(session)
            environment = self.environment(number)
            session.execute(update(ProposalRow).values(is_current=False))
            row = ProposalRow(
                environment_id=environment,
                number=31,
                url="https://github.test/acme/environments/pull/31",
                state=other.pop("state", ProposalState.MERGED.value),
                generation=1,
                desired=self.desired(number, head_sha),
                tree=None if held is None else tree_id(held),
                files=None if held is None else {name: content.decode() for name, content in held.items()},
                templates=self.templates.digest,
                requirement=requirement(ALWAYS).to_json(),
                evidence={"summary": "what was shown"},
                asked_by="ada",
                asked_reason="pull_request.opened",
                asked_delivery="d-7",
                decided_by=other.pop("decided_by", "grace"),
                merge_commit=merge_commit,
                is_edited=files is not None,
                **other,
            )
            session.add(row)
            session.flush()
            trees = [change.tree] * len(commits)
            if files is not None:
                trees[-1] = tree_id(files)
            for place, (commit, tree) in enumerate(zip(commits, trees, strict=True), start=1):
                who = by if place == len(commits) and files is not None else None
                seen = ProposalCommit(commit=commit, proposal_id=row.id, tree=tree, by=who, is_allowed=True)
                session.add(seen)
            return row.id

    def environment(self, number: int = 7) -> int:
        """The id of the environment, made with its delivery when it is asked for first."""
        if number not in self.ids:
            spec = self.spec(number, FIRST)
            with self.store.begin() as session:
                self.ids[number] = asking.mark(session, Ask(SHOP, number, "ada", "pull_request.opened"), POLICY)
                row = session.get_one(EnvironmentRow, self.ids[number])
                assert row.folder == spec.folder
                received = Delivery(id=f"d-{number}", event="pull_request", body=b"{}", outcome="marked")
                session.add(received)
        return self.ids[number]

    def execute(self, statement: str, **values: Any) -> None:
        """Meddle with the rows, past what keeps them from being changed."""
        with self.store.begin() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(statement), values)

    def desired(self, number: int, head_sha: str | None) -> dict[str, Any]:
        """What the row keeps of what was wanted."""
        if head_sha is None:
            return to_json(Absent("The pull request was closed.", is_closed=True))
        return to_json(Present(self.spec(number, head_sha)))

    @staticmethod
    def spec(number: int, head_sha: str) -> Spec:
        """The spec of a pull request's environment."""
        name = f"pr-{number}-shop"
        return Spec(
            cluster="default",
            namespace=name,
            folder=f"environments/default/Acme/Shop/{name}",
            owner="Acme",
            repository="Shop",
            number=number,
            head_sha=head_sha,
            image=f"ghcr.io/acme/shop:{head_sha}",
            port=8080,
            host=f"{name}.preview.test",
        )

    def _remember_templates(self, session: Any) -> None:
        values = insert(TemplateVersion).values(digest=self.templates.digest, files=dict(self.templates.files))
        session.execute(values.on_conflict_do_nothing())


def requirement(rules: Rules) -> Requirement:
    """What the rules demand of an ordinary change."""
    return review(rules, Subject("Acme/Shop", "default", is_from_fork=False))


def with_trailer(change: Change, name: str, value: str) -> Change:
    """The change with one more trailer."""
    return replace(change, trailers=(*change.trailers, (name, value)))
