"""What an environment's manifests are in Git, and the commit that makes them so: `publish` and `propose` alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.environment import Asked, Environment
from app.ports import Destination, Poke
from app.stages.sweep import DRIFT
from app.store.proposing import Content
from gitops.change import AUTHOR, Change, Person, noreply
from gitops.check import check
from gitops.render import Templates
from gitops.spec import Spec
from gitops.syncs import divided, joined
from gitops.tree import blob_id, tree_id
from gitops.workloads import objects_of

# A person's: `web-flow` and other bots are none, and names of API tokens hold a colon.
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_OURS = ("ephemera", "unknown")
NOTHING = Content(None, None, None, None, {})
"""What an environment is that should be gone."""


@dataclass(frozen=True, slots=True)
class Changer:
    """Renders environments for their clusters."""

    templates: Templates
    destinations: Mapping[str, Destination]
    """By the name of the cluster; environments of one that is declared no more can still be removed."""

    def rendered(self, spec: Spec, number: int, templates: Templates | None = None) -> Content:
        """What Git should hold for the spec, by the templates of now or by others. Raises GitopsError."""
        files = (templates or self.templates).render(spec)
        check(spec, files)
        return self.content(spec.folder, spec.cluster, number, files)

    def content(self, folder: str, cluster: str, number: int, files: Mapping[str, bytes]) -> Content:
        """All manifests of an environment as its cluster's syncer wants them to lie."""
        objects = objects_of(files)
        sync = None
        if (make := self.destination(cluster).sync) is not None:
            namespace, files = divided(files)
            sync = make(folder, number, namespace)
        return Content(files, sync, tree_id(files), None if sync is None else blob_id(sync), objects)

    def change(self, environment: Environment, content: Content, cause: "Cause") -> Change:
        """The commit by which Git comes to hold the content."""
        to = self.destination(environment.place.cluster)
        return Change(
            folder=environment.place.folder,
            files=content.files,
            subject=_subject(environment, content, cause),
            trailers=_trailers(environment, cause),
            author=cause.author,
            sync=content.sync,
            keep=to.keep,
            follows_ref=to.follows_refs,
        )

    def destination(self, cluster: str) -> Destination:
        """How the cluster takes its environments."""
        return self.destinations.get(cluster) or Destination(_Nobody())


class _Nobody:
    """Syncs a cluster that is declared no more."""

    def poke(self, poke: Poke) -> None:
        """Nobody is woken."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is a commit: what its words and trailers say."""

    asked: Asked
    author: Person
    head_sha: str | None
    """The pull request's commit; None where nothing should exist."""
    proposal: int | None = None
    """The pull request on the environments repository by which it is, or may be, accepted."""
    is_restoring: bool = False


def _trailers(environment: Environment, cause: Cause) -> tuple[tuple[str, str], ...]:
    asked = cause.asked
    trailers = (
        ("Environment", environment.place.namespace),
        ("Pull-Request", environment.key),
        ("Head-SHA", cause.head_sha or environment.commit_sha or "unknown"),
        ("Delivery", asked.delivery or "none"),
        ("Actor", asked.by),
        ("Reason", asked.reason),
    )
    return trailers if cause.proposal is None else (*trailers, ("Proposal", str(cause.proposal)))


def _subject(environment: Environment, content: Content, cause: Cause) -> str:
    if content.files is None:
        return f"Remove {environment.key}"
    verb = "Restore" if cause.is_restoring or cause.asked.reason == DRIFT else "Deploy"
    return f"{verb} {environment.key} at {(cause.head_sha or 'unknown')[:7]}"


def author(by: str, accounts: Mapping[str, int]) -> Person:
    """Who caused a commit: a person under their no-reply address, else Ephemera. `accounts` is {login: id}."""
    if by in _OURS or not _LOGIN.fullmatch(by):
        return AUTHOR
    return noreply(by, accounts.get(by))


def whole(content: Content) -> dict[str, bytes] | None:
    """All of its manifests, wherever they lie; None where there are none."""
    return None if content.files is None else joined(content.files, content.sync)
