"""Records of what was published, as the publisher writes them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.desired import Present, to_json
from app.store.engine import Store
from app.store.models import PublicationRow, TemplateVersion
from tests.domain.builders import PLACE, spec

ELDER, YOUNGER = "1" * 40, "2" * 40
"""Commits of the environments repository."""


def published(store: Store, environment_id: int, commit: str | None, **changes: Any) -> None:
    """Record that a commit deployed that environment, None while it is not known; `changes` are those of its spec."""
    record(store, environment_id, commit, to_json(Present(spec(**changes))))


def record(store: Store, environment_id: int, commit: str | None, desired: Mapping[str, Any]) -> None:
    """Record what a commit was made of, in the form of the row."""
    head_sha = desired.get("spec", {}).get("head_sha")
    with store.begin() as session:
        session.execute(insert(TemplateVersion).values(digest="t", files={}).on_conflict_do_nothing())
        count = session.scalar(select(func.count()).select_from(PublicationRow)) or 0
        session.add(
            PublicationRow(
                environment_id=environment_id,
                folder=PLACE.folder,
                intent=str(count),
                generation=count,
                desired=dict(desired),
                tree=None if head_sha is None else "b" * 40,
                templates="t",
                requirement={},
                head_sha=head_sha,
                by="ada",
                reason="test",
                commit=commit,
            )
        )
