"""The tables. Constraints live here and in the migrations, so that no program can write what makes no sense."""

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
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship

from app.domain.environment import DeploymentStatus, Stage, Status

_Time = TIMESTAMP(timezone=True)


def _one_of(column: str, values: type[Status] | type[Stage] | type[DeploymentStatus] | tuple[str, ...]) -> str:
    names = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({names})"


class Base(DeclarativeBase):
    """Every table's base; constraint names are deterministic, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: JSONB(none_as_null=True),
        datetime: _Time,
    }


class Installation(Base):
    """The App's presence at one account; the id is GitHub's."""

    __tablename__ = "installations"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_login: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Repository(Base):
    """An application repository; the id is GitHub's and outlives every name."""

    __tablename__ = "repositories"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    installation_id: Mapped[int | None] = mapped_column(ForeignKey(Installation.id), index=True)
    full_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class User(Base):
    """A GitHub account that owns environments; the id is GitHub's."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    login: Mapped[str] = mapped_column(Text, index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClusterRow(Base):
    """A cluster as it was declared, and the watcher that follows it. Credentials are named, never held."""

    __tablename__ = "clusters"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="name"),
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


class EnvironmentRow(Base):
    """One pull request's environment: identity, what was asked, and one watermark a stage."""

    __tablename__ = "environments"
    __table_args__ = (
        UniqueConstraint("repository_id", "number"),
        CheckConstraint(_one_of("status", Status), name="status"),
        CheckConstraint("asked_queue IN ('high', 'low')", name="asked_queue"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("namespace ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="namespace"),
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
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)

    published_generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    published_tree: Mapped[str | None] = mapped_column(Text)
    published_commit: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None]
    published_workloads: Mapped[list[str]] = mapped_column(server_default="[]")
    published_sync: Mapped[str | None] = mapped_column(Text)
    published_objects: Mapped[list[str]] = mapped_column(server_default="[]")
    """`Deployment/web`, all that the folder holds."""
    made_commit: Mapped[str | None] = mapped_column(Text)
    """The commit that brought the folder, of this life; with `made_at`."""
    made_at: Mapped[datetime | None]
    teardown: Mapped[dict[str, Any] | None]
    """The latest removal, as it was seen."""

    health: Mapped[dict[str, Any] | None]
    observed_at: Mapped[datetime | None]
    was_ready: Mapped[bool] = mapped_column(Boolean, server_default="false")
    status: Mapped[str] = mapped_column(Text, server_default=Status.PENDING.value)

    report_wanted: Mapped[str | None] = mapped_column(Text)
    report_digest: Mapped[str | None] = mapped_column(Text)
    reported: Mapped[dict[str, Any]] = mapped_column(server_default="{}")

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    repository: Mapped[Repository] = relationship(lazy="joined", innerjoin=True)
    owner: Mapped[User | None] = relationship(lazy="select")
    declared: Mapped[ClusterRow | None] = relationship(
        lazy="joined", primaryjoin=lambda: foreign(EnvironmentRow.cluster) == ClusterRow.name, viewonly=True
    )
    """Its cluster; None where that was never declared."""
    troubles: Mapped[list["TroubleRow"]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class TroubleRow(Base):
    """A stage of an environment that failed the last time it ran; gone once it succeeds."""

    __tablename__ = "troubles"
    __table_args__ = (CheckConstraint(_one_of("stage", Stage), name="stage"),)

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
        CheckConstraint(_one_of("status", DeploymentStatus), name="status"),
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
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


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
