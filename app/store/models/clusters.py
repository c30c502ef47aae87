"""Clusters, and who watches them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models.base import NAME, Base


class ClusterRow(Base):
    """A cluster as it was declared, and the watcher that follows it. Credentials are named, never held."""

    __tablename__ = "clusters"
    __table_args__ = (
        CheckConstraint(NAME, name="name"),
        CheckConstraint("syncer IN ('argocd', 'flux', 'none')", name="syncer"),
        CheckConstraint("(leader IS NULL) = (leader_until IS NULL)", name="leader"),
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    api_url: Mapped[str | None] = mapped_column(Text)
    credentials: Mapped[str] = mapped_column(Text)
    syncer: Mapped[str] = mapped_column(Text)
    syncer_namespace: Mapped[str] = mapped_column(Text)
    preview_domain: Mapped[str] = mapped_column(Text)
    syncer_url: Mapped[str | None] = mapped_column(Text)
    leader: Mapped[str | None] = mapped_column(Text)
    """Which watcher follows it."""
    leader_until: Mapped[datetime | None]
    """Another may take over from then on."""
    seen_at: Mapped[datetime | None]
    """When the watcher last had everything in view."""
    problems: Mapped[list[str]] = mapped_column(server_default="[]")
    """What cannot be seen at present, in sentences."""
