"""What is known of GitHub: where the App is installed, repositories, accounts, deliveries; what was written there."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models.base import Base


class Installation(Base):
    """The App's presence at one account; the id is GitHub's."""

    __tablename__ = "installations"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_login: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    suspended_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    permissions: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What it grants, `{"checks": "write"}`; empty until it was told."""
    paused_at: Mapped[datetime | None]
    """When GitHub last asked us to pause; with `paused_until`."""
    paused_until: Mapped[datetime | None]
    """GitHub asked us to write nothing before then."""
    pause_reason: Mapped[str | None] = mapped_column(Text)
    reads_left: Mapped[float | None] = mapped_column(Float)
    """How many reads were left at `reads_at`; None: as many as may be."""
    reads_at: Mapped[datetime | None]


class Repository(Base):
    """An application repository; the id is GitHub's and outlives every name."""

    __tablename__ = "repositories"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    installation_id: Mapped[int | None] = mapped_column(ForeignKey(Installation.id), index=True)
    full_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]
    """When the App lost sight of it; None while it has it."""


class User(Base):
    """A GitHub account that owns environments; the id is GitHub's."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    login: Mapped[str] = mapped_column(Text, index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Delivery(Base):
    """One webhook delivery, as it came: the body is kept byte for byte."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("outcome IN ('marked', 'ignored', 'quarantined')", name="outcome"),
        CheckConstraint("length(id) BETWEEN 1 AND 100", name="id"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    event: Mapped[str] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    repository_id: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class GitHubWrite(Base):
    """A write to GitHub that was let through, kept for an hour: what the limits are counted by."""

    __tablename__ = "github_writes"
    __table_args__ = (Index("ix_github_writes_installation_id_at", "installation_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey(Installation.id))
    at: Mapped[datetime]
    is_content: Mapped[bool] = mapped_column(Boolean)
    is_removal: Mapped[bool] = mapped_column(Boolean)


class CatchUp(Base):
    """How far GitHub was caught up with; one row."""

    __tablename__ = "catch_up"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seen_until: Mapped[datetime | None]
    """Every delivery before then has arrived, or stands in `missed_deliveries`; None before the first look."""
    followed_at: Mapped[datetime | None]
    """When the App's installations were last compared with the rows."""


class MissedDelivery(Base):
    """A delivery that did not arrive and is asked for again; gone once it has, or GitHub keeps it no longer."""

    __tablename__ = "missed_deliveries"

    guid: Mapped[str] = mapped_column(Text, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    """Of one attempt; GitHub repeats it under the same guid."""
    missed_at: Mapped[datetime]
    ask_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often it was asked for while others came through."""
