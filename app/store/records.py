"""What was published of an environment before: found by the beginning of a commit's id."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.domain.recorded import Recorded
from app.store.models import PublicationRow
from gitops.spec import Spec


def beginning_with(session: Session, environment_id: int, sha: str) -> Mapping[str, int]:
    """{commit: id of its publication} of every commit whose id begins so, the newest first: commits of the environments
    repository, and commits of the pull request with the newest publication of each. `sha` is hexadecimal."""
    commit, head_sha = PublicationRow.commit, PublicationRow.head_sha
    query = select(PublicationRow.id, commit, head_sha).where(
        _deployed(environment_id),
        or_(commit.startswith(sha, autoescape=True), head_sha.startswith(sha, autoescape=True)),
    )
    found: dict[str, int] = {}
    for row in session.execute(query.order_by(PublicationRow.id.desc())):
        for each in (row.commit, row.head_sha):
            if each is not None and each.startswith(sha):
                found.setdefault(each, row.id)
    return found


def newest(session: Session, environment_id: int, most: int) -> Sequence[str]:
    """The newest commits of the environments repository that deployed the environment, at most so many."""
    query = select(PublicationRow.commit).where(_deployed(environment_id))
    return [each for each in session.scalars(query.order_by(PublicationRow.id.desc()).limit(most)) if each]


def recorded(session: Session, publication_id: int) -> Recorded:
    """What such a publication was made of. Raises gitops' SpecError for a spec that today's rules refuse."""
    row = session.get_one(PublicationRow, publication_id)
    assert row.commit is not None, "only what is known by its commit is found"
    return Recorded(row.commit, Spec.from_mapping(row.desired["spec"]))


def _deployed(environment_id: int) -> ColumnElement[bool]:
    return and_(
        PublicationRow.environment_id == environment_id,
        PublicationRow.commit.is_not(None),
        PublicationRow.desired["kind"].astext == "present",
    )
