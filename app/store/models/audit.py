"""What was proposed and accepted, and what each commit of the environments repository was made of."""

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
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.proposal import ProposalState
from app.store.models.base import Base, one_of


class TemplateVersion(Base):
    """The templates that something was rendered with, kept so that it can be rendered again."""

    __tablename__ = "template_versions"

    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    """SHA-256 over names and contents, as `gitops.render.Templates.digest`."""
    files: Mapped[dict[str, Any]]
    """`{"web/service.yaml.j2": text}`."""
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When it was first used."""


class ProposalRow(Base):
    """One pull request on the environments repository: the change of one environment that waits for review."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint(one_of("state", ProposalState), name="state"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(files IS NULL) = (tree IS NULL)", name="files"),
        CheckConstraint("pushes_done <= pushes_wanted", name="pushes"),
        Index(
            "uq_proposals_environment_id_is_current",
            "environment_id",
            unique=True,
            postgresql_where=text("is_current"),
        ),
        Index("ix_proposals_environment_id_id", "environment_id", "id"),
        Index("ix_proposals_number", "number"),
        Index("ix_proposals_open", "id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey("environments.id"))
    is_current: Mapped[bool] = mapped_column(Boolean, server_default="true")
    """The environment's newest."""
    state: Mapped[str] = mapped_column(Text, server_default=ProposalState.OPEN.value)
    number: Mapped[int | None] = mapped_column(Integer)
    """The pull request's; None until it was opened."""
    url: Mapped[str | None] = mapped_column(Text)
    """Where people see it."""

    generation: Mapped[int] = mapped_column(BigInteger)
    """`decided_generation` of what is proposed."""
    desired: Mapped[dict[str, Any]]
    tree: Mapped[str | None] = mapped_column(Text)
    """Git tree id of the folder; None where its removal is proposed."""
    sync: Mapped[str | None] = mapped_column(Text)
    """Git blob id of the file beside the folder; None when there should be none."""
    files: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    """`{file name: text}`."""
    sync_file: Mapped[str | None] = mapped_column(Text, deferred=True)
    objects: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """`{"Deployment/web": digest}`."""
    templates: Mapped[str] = mapped_column(ForeignKey(TemplateVersion.digest))
    requirement: Mapped[dict[str, Any]]
    """Every rule with its result, as `app.domain.review.Requirement`."""
    evidence: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    """As `app.domain.evidence.Evidence`."""
    asked_by: Mapped[str] = mapped_column(Text)
    asked_reason: Mapped[str] = mapped_column(Text)
    asked_delivery: Mapped[str | None] = mapped_column(Text)

    base_commit: Mapped[str | None] = mapped_column(Text)
    """The commit of the followed branch that it stands on; None: it is to stand on the newest."""
    head_commit: Mapped[str | None] = mapped_column(Text)
    """Where its branch was last seen; None while there is none."""
    pushes_wanted: Mapped[int] = mapped_column(BigInteger, server_default="1")
    pushes_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    is_edited: Mapped[bool] = mapped_column(Boolean, server_default="false")
    """A person changed it, and the change passed all checks."""
    edited_by: Mapped[str | None] = mapped_column(Text)
    problems: Mapped[list[str]] = mapped_column(server_default="[]")
    """Why what its branch holds now may not be merged."""

    rung: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How often somebody asked for a look at the pull request."""
    looked: Mapped[int] = mapped_column(BigInteger, server_default="0")
    look_at: Mapped[datetime | None]
    """When it is to be looked at without anybody asking; None: only then."""
    mergeable: Mapped[str | None] = mapped_column(Text)
    """GitHub's `mergeable_state` at the last look."""
    told: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What GitHub is known to hold of it, as `app.domain.proposal.Told`."""
    told_wanted: Mapped[str | None] = mapped_column(Text)
    told_digest: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    trouble: Mapped[str | None] = mapped_column(Text)
    """Why the last try to speak to GitHub about it failed."""
    retry_at: Mapped[datetime | None]

    proposed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    opened_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    """Who merged or closed it."""
    decided_words: Mapped[str | None] = mapped_column(Text)
    """The last comment before it was closed."""
    reviewers: Mapped[list[str]] = mapped_column(server_default="[]")
    """Who had approved what was merged."""
    merge_commit: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None]
    """When what was merged was taken over; None for everything that was not merged."""


class ProposalCommit(Base):
    """A commit that a proposal's branch was seen at, ours or a person's."""

    __tablename__ = "proposal_commits"

    commit: Mapped[str] = mapped_column(Text, primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey(ProposalRow.id), primary_key=True)
    tree: Mapped[str | None] = mapped_column(Text)
    sync: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str | None] = mapped_column(Text)
    """The person's name and address as the commit has them; None for ours."""
    is_allowed: Mapped[bool] = mapped_column(Boolean)
    """It passed all checks."""
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PublicationRow(Base):
    """What was about to be committed to the followed branch, or was merged there: kept before it is pushed, so that
    every commit can be explained also when the answer to its push was lost. Rows are only ever added, and told their
    commit once (a trigger sees to it)."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("environment_id", "intent"),
        Index("ix_publications_commit", "commit"),
        Index("ix_publications_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey("environments.id"))
    folder: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(Text)
    """A digest of what makes it one: generation, tree, sync and reason. The same is meant once, however often tried."""
    generation: Mapped[int] = mapped_column(BigInteger)
    desired: Mapped[dict[str, Any]]
    tree: Mapped[str | None] = mapped_column(Text)
    """None for a removal."""
    sync: Mapped[str | None] = mapped_column(Text)
    templates: Mapped[str] = mapped_column(ForeignKey(TemplateVersion.digest))
    requirement: Mapped[dict[str, Any]]
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey(ProposalRow.id), index=True)
    """The proposal by which it was accepted; None where no rule demanded one."""
    head_sha: Mapped[str | None] = mapped_column(Text)
    """The pull request's commit."""
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[str | None] = mapped_column(Text)
    commit: Mapped[str | None] = mapped_column(Text)
    """Of the followed branch's history; None until it is known."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())
