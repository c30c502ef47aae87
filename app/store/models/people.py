"""What people say about an environment: commands, buttons, approvals; and who may use the API."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, LargeBinary, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models.base import Base, one_of
from app.store.models.environments import EnvironmentRow

_SOURCES = ("comment", "button", "rerequest", "api")


class CommandRow(Base):
    """Something that somebody asked for on GitHub, as a doorbell: it is read again before anything is done."""

    __tablename__ = "commands"
    __table_args__ = (
        CheckConstraint(one_of("source", _SOURCES), name="source"),
        CheckConstraint("state IN ('waiting', 'done', 'refused', 'void')", name="state"),
        CheckConstraint("(source = 'comment') = (comment_id IS NOT NULL)", name="comment_id"),
        Index("ix_commands_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey(EnvironmentRow.id), index=True)
    source: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """SHA-256 of what makes it one command: the comment's id, or the whole signed body of a button."""
    comment_id: Mapped[int | None] = mapped_column(BigInteger)
    words: Mapped[str | None] = mapped_column(Text)
    """What the comment said when it rang."""
    identifier: Mapped[str | None] = mapped_column(Text)
    """Which button."""
    commit_sha: Mapped[str | None] = mapped_column(Text)
    """The head of the check run whose button it was."""
    actor_id: Mapped[int] = mapped_column(BigInteger)
    actor_login: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    answer: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    retry_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    handled_at: Mapped[datetime | None]


class ApprovalRow(Base):
    """Somebody let exactly this commit of a fork run."""

    __tablename__ = "approvals"
    __table_args__ = (
        CheckConstraint(one_of("source", _SOURCES), name="source"),
        CheckConstraint("commit_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'", name="commit_sha"),
        Index(
            "uq_approvals_environment_id_commit_sha",
            "environment_id",
            "commit_sha",
            unique=True,
            postgresql_where=text("retracted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey(EnvironmentRow.id))
    commit_sha: Mapped[str] = mapped_column(Text)
    approver_id: Mapped[int] = mapped_column(BigInteger)
    approver_login: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retracted_at: Mapped[datetime | None]
    retracted_why: Mapped[str | None] = mapped_column(Text)


class ApiToken(Base):
    """A bearer token of the REST API; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"
    __table_args__ = (CheckConstraint("scope IN ('read', 'act')", name="scope"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    scope: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
