"""Environments: what was asked, decided, published, observed and told; their deployments, troubles and history."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.domain.environment import DeploymentStatus, Stage, Status
from app.store.models.audit import ProposalRow
from app.store.models.base import NAME, Base, one_of
from app.store.models.clusters import ClusterRow
from app.store.models.github import Repository, User


class EnvironmentRow(Base):
    """One pull request's environment: identity, what was asked, and one watermark a stage."""

    __tablename__ = "environments"
    __table_args__ = (
        UniqueConstraint("repository_id", "number"),
        CheckConstraint(one_of("status", Status), name="status"),
        CheckConstraint("asked_queue IN ('high', 'low')", name="asked_queue"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint(NAME.replace("name", "namespace", 1), name="namespace"),
        CheckConstraint(
            "desired_generation <= decided_generation AND decided_generation <= requested_generation "
            "AND published_generation <= decided_generation AND desired_generation >= 0 AND published_generation >= 0",
            name="watermarks",
        ),
        CheckConstraint("(desired IS NULL) = (desired_generation = 0)", name="desired"),
        Index(
            "ix_environments_due_decide",
            "asked_queue",
            postgresql_where=text("requested_generation > decided_generation"),
        ),
        Index(
            "ix_environments_due_publish",
            "id",
            postgresql_where=text("decided_generation > published_generation"),
        ),
        Index(
            "ix_environments_due_report",
            "id",
            postgresql_where=text("report_wanted IS DISTINCT FROM report_digest"),
        ),
        Index("ix_environments_status", "status"),
        Index("ix_environments_expires_at", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey(Repository.id))
    number: Mapped[int] = mapped_column(Integer)
    namespace: Mapped[str] = mapped_column(String(63), unique=True)
    folder: Mapped[str] = mapped_column(Text, unique=True)
    host: Mapped[str] = mapped_column(Text, unique=True)
    cluster: Mapped[str] = mapped_column(Text)

    requested_generation: Mapped[int] = mapped_column(BigInteger, server_default="1")
    asked_by: Mapped[str] = mapped_column(Text)
    asked_reason: Mapped[str] = mapped_column(Text)
    asked_delivery: Mapped[str | None] = mapped_column(Text)
    asked_queue: Mapped[str] = mapped_column(Text, server_default="high")
    redeploys: Mapped[int] = mapped_column(Integer, server_default="0")
    is_stopped: Mapped[bool] = mapped_column(Boolean, server_default="false")

    decided_generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    desired: Mapped[dict[str, Any] | None]
    desired_generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    desired_at: Mapped[datetime | None]
    notice: Mapped[str | None] = mapped_column(Text)
    commit_sha: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    is_from_fork: Mapped[bool] = mapped_column(Boolean, server_default="false")
    """Its commits run only by an approval; as the last look saw it."""
    is_recreated: Mapped[bool] = mapped_column(Boolean, server_default="false")
    """Somebody asked to have it made anew: it goes, and comes back when nothing is left of it."""
    pinned_sha: Mapped[str | None] = mapped_column(Text)
    """The commit that people asked to keep running, whatever is pushed."""
    active_at: Mapped[datetime | None]
    """When somebody last did something about it: pushed, reopened, asked for a deployment."""
    wanted_since: Mapped[datetime | None]
    """Since when it has been wanted without a break; its longest life counts from then."""
    extended_until: Mapped[datetime | None]
    """Until when somebody asked to keep it."""
    expires_at: Mapped[datetime | None]
    """When it goes by itself; None while nothing should exist."""
    answer: Mapped[dict[str, Any] | None]
    """What came of the last command."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)

    rollback: Mapped[dict[str, Any] | None]
    """What people asked to have run again, whatever is pushed: `{"commit": of the environments repository, ...}`."""
    proposed_generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """`decided_generation` of what waits in a proposal, or was refused there: nothing is to be published for it now."""

    published_generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    published_tree: Mapped[str | None] = mapped_column(Text)
    published_sha: Mapped[str | None] = mapped_column(Text)
    """The pull request's commit that the folder was made for; None when there is no folder."""
    published_commit: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None]
    published_workloads: Mapped[list[str]] = mapped_column(server_default="[]")
    published_sync: Mapped[str | None] = mapped_column(Text)
    published_objects: Mapped[list[str]] = mapped_column(server_default="[]")
    """`Deployment/web`, all that the folder holds."""
    published_digests: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """`{"Deployment/web": digest}` of the same; empty where it was published before digests were kept."""
    published_changes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What the last commit added, changed and removed of them."""
    made_commit: Mapped[str | None] = mapped_column(Text)
    """The commit that brought the folder, of this life; with `made_at`."""
    made_at: Mapped[datetime | None]
    teardown: Mapped[dict[str, Any] | None]
    """The latest removal, as it was seen."""

    progress: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """When what was published last was seen synced and ready."""
    health: Mapped[dict[str, Any] | None]
    observed_at: Mapped[datetime | None]
    was_ready: Mapped[bool] = mapped_column(Boolean, server_default="false")
    status: Mapped[str] = mapped_column(Text, server_default=Status.PENDING.value)

    report_wanted: Mapped[str | None] = mapped_column(Text)
    report_digest: Mapped[str | None] = mapped_column(Text)
    reported: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    reported_at: Mapped[datetime | None]
    """When something was last written to GitHub."""
    report_held: Mapped[str | None] = mapped_column(Text)
    """The `report_wanted` of which the rest is held until `report_held_until`."""
    report_held_until: Mapped[datetime | None]

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    repository: Mapped[Repository] = relationship(lazy="joined", innerjoin=True)
    owner: Mapped[User | None] = relationship(lazy="select")
    declared: Mapped[ClusterRow | None] = relationship(
        lazy="joined", primaryjoin=lambda: foreign(EnvironmentRow.cluster) == ClusterRow.name, viewonly=True
    )
    """Its cluster; None where that was never declared."""
    proposal: Mapped[ProposalRow | None] = relationship(
        lazy="joined",
        primaryjoin=lambda: (foreign(ProposalRow.environment_id) == EnvironmentRow.id) & ProposalRow.is_current,
        uselist=False,
        viewonly=True,
    )
    """The newest; None where no change of it ever needed one."""
    troubles: Mapped[list["TroubleRow"]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class TroubleRow(Base):
    """A stage of an environment that failed the last time it ran; gone once it succeeds."""

    __tablename__ = "troubles"
    __table_args__ = (CheckConstraint(one_of("stage", Stage), name="stage"),)

    environment_id: Mapped[int] = mapped_column(ForeignKey(EnvironmentRow.id, ondelete="CASCADE"), primary_key=True)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    message: Mapped[str] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(Integer)
    is_stalled: Mapped[bool] = mapped_column(Boolean)
    generation: Mapped[int] = mapped_column(BigInteger)
    """`requested_generation` when it failed: a newer ring is tried at once."""
    retry_at: Mapped[datetime]


class DeploymentRow(Base):
    """One commit of one environment."""

    __tablename__ = "deployments"
    __table_args__ = (
        UniqueConstraint("environment_id", "commit_sha"),
        CheckConstraint(one_of("status", DeploymentStatus), name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey(EnvironmentRow.id))
    commit_sha: Mapped[str] = mapped_column(Text)
    image: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=DeploymentStatus.QUEUED.value)
    published_commit: Mapped[str | None] = mapped_column(Text)
    problems: Mapped[list[str]] = mapped_column(server_default="[]")
    """Why it failed, a line each."""
    log_of: Mapped[str | None] = mapped_column(Text)
    """`Pod/web-5d9c-x, container web`."""
    log: Mapped[str | None] = mapped_column(Text)
    """The last lines of the container that failed, redacted."""
    github_id: Mapped[int | None] = mapped_column(BigInteger)
    """The deployment on GitHub; None until it was made there."""
    github_state: Mapped[str | None] = mapped_column(Text)
    """The last state that GitHub was told."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class Event(Base):
    """History: one line for everything that changed an environment. Rows are only ever added (a trigger sees to it)."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_environment_id_id", "environment_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey(EnvironmentRow.id))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[str | None] = mapped_column(Text)
    commit_sha: Mapped[str | None] = mapped_column(Text)
