"""What people ask for on GitHub and who approved what; how long environments live; what was written to GitHub."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SOURCES = "source IN ('comment', 'button', 'rerequest', 'api')"


def upgrade() -> None:
    _widen()
    op.create_table(
        "github_writes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("is_content", sa.Boolean(), nullable=False),
        sa.Column("is_removal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_github_writes_installation_id_installations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_github_writes")),
    )
    op.create_index("ix_github_writes_installation_id_at", "github_writes", ["installation_id", "at"])
    op.create_table(
        "catch_up",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_until", _time(), nullable=True),
        sa.Column("followed_at", _time(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_catch_up_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catch_up")),
    )
    op.create_table(
        "missed_deliveries",
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("missed_at", _time(), nullable=False),
        sa.Column("ask_at", _time(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_missed_deliveries")),
    )
    _commands()
    _approvals()


def downgrade() -> None:
    for table in ("approvals", "commands", "missed_deliveries", "catch_up", "github_writes"):
        op.drop_table(table)
    op.drop_column("deployments", "github_state")
    op.drop_column("deployments", "github_id")
    op.drop_index("ix_environments_expires_at", table_name="environments")
    for column in ("progress", "published_changes", "published_digests"):
        op.drop_column("environments", column)
    for column in ("published_sha", "wanted_since", "is_recreated", "is_from_fork"):
        op.drop_column("environments", column)
    for column in ("answer", "expires_at", "extended_until", "active_at", "pinned_sha"):
        op.drop_column("environments", column)
    op.drop_column("repositories", "removed_at")
    for column in ("reported_at", "report_held", "report_held_until"):
        op.drop_column("environments", column)
    for column in ("reads_at", "reads_left", "pause_reason", "paused_until", "paused_at"):
        op.drop_column("installations", column)
    for column in ("permissions", "removed_at", "suspended_at"):
        op.drop_column("installations", column)


def _widen() -> None:
    json = postgresql.JSONB(none_as_null=True)
    op.add_column("installations", sa.Column("suspended_at", _time(), nullable=True))
    op.add_column("installations", sa.Column("removed_at", _time(), nullable=True))
    op.add_column("installations", sa.Column("permissions", json, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("installations", sa.Column("paused_at", _time(), nullable=True))
    op.add_column("installations", sa.Column("paused_until", _time(), nullable=True))
    op.add_column("installations", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.add_column("installations", sa.Column("reads_left", sa.Float(), nullable=True))
    op.add_column("installations", sa.Column("reads_at", _time(), nullable=True))
    op.add_column("environments", sa.Column("reported_at", _time(), nullable=True))
    op.add_column("environments", sa.Column("report_held", sa.Text(), nullable=True))
    op.add_column("environments", sa.Column("report_held_until", _time(), nullable=True))
    op.add_column("repositories", sa.Column("removed_at", _time(), nullable=True))
    op.add_column("environments", sa.Column("pinned_sha", sa.Text(), nullable=True))
    op.add_column("environments", sa.Column("active_at", _time(), nullable=True))
    op.add_column("environments", sa.Column("extended_until", _time(), nullable=True))
    op.add_column("environments", sa.Column("expires_at", _time(), nullable=True))
    op.add_column("environments", sa.Column("answer", json, nullable=True))
    _ask_more()
    for column in ("published_digests", "published_changes", "progress"):
        op.add_column("environments", sa.Column(column, json, server_default=sa.text("'{}'"), nullable=False))
    op.create_index(
        "ix_environments_expires_at",
        "environments",
        ["expires_at"],
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.add_column("deployments", sa.Column("github_id", sa.BigInteger(), nullable=True))
    op.add_column("deployments", sa.Column("github_state", sa.Text(), nullable=True))


def _ask_more() -> None:
    """Nothing of a fork was ever published before, so what is published was all the repository's own."""
    for column in ("is_from_fork", "is_recreated"):
        op.add_column("environments", sa.Column(column, sa.Boolean(), server_default="false", nullable=False))
    op.add_column("environments", sa.Column("wanted_since", _time(), nullable=True))
    op.add_column("environments", sa.Column("published_sha", sa.Text(), nullable=True))
    op.execute("UPDATE environments SET published_sha = desired->'spec'->>'head_sha' WHERE published_tree IS NOT NULL")


def _commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("commit_sha", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_login", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", _time(), nullable=True),
        sa.Column("received_at", _time(), server_default=sa.func.now(), nullable=False),
        sa.Column("handled_at", _time(), nullable=True),
        sa.CheckConstraint(_SOURCES, name=op.f("ck_commands_source")),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused', 'void')", name=op.f("ck_commands_state")),
        sa.CheckConstraint("(source = 'comment') = (comment_id IS NOT NULL)", name=op.f("ck_commands_comment_id")),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_commands_environment_id_environments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sa.UniqueConstraint("digest", name=op.f("uq_commands_digest")),
    )
    op.create_index(op.f("ix_commands_environment_id"), "commands", ["environment_id"])
    op.create_index("ix_commands_waiting", "commands", ["id"], postgresql_where=sa.text("state = 'waiting'"))


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("commit_sha", sa.Text(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=False),
        sa.Column("approver_login", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("approved_at", _time(), server_default=sa.func.now(), nullable=False),
        sa.Column("retracted_at", _time(), nullable=True),
        sa.Column("retracted_why", sa.Text(), nullable=True),
        sa.CheckConstraint(_SOURCES, name=op.f("ck_approvals_source")),
        sa.CheckConstraint("commit_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'", name=op.f("ck_approvals_commit_sha")),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_approvals_environment_id_environments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(
        "uq_approvals_environment_id_commit_sha",
        "approvals",
        ["environment_id", "commit_sha"],
        unique=True,
        postgresql_where=sa.text("retracted_at IS NULL"),
    )


def _time() -> postgresql.TIMESTAMP:
    return postgresql.TIMESTAMP(timezone=True)
