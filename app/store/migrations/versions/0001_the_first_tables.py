"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'act')", name=op.f("ck_api_tokens_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("repository_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column(
            "received_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("outcome IN ('marked', 'ignored', 'quarantined')", name=op.f("ck_deliveries_outcome")),
        sa.CheckConstraint("length(id) BETWEEN 1 AND 100", name=op.f("ck_deliveries_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    # Compressing each body costs PostgreSQL as much as all the rest of keeping it.
    op.execute("ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTERNAL")
    op.create_index(op.f("ix_deliveries_received_at"), "deliveries", ["received_at"], unique=False)
    op.create_table(
        "installations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_login", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_login"), "users", ["login"], unique=False)
    op.create_table(
        "repositories",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=True),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installations.id"],
            name=op.f("fk_repositories_installation_id_installations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
    )
    op.create_index(op.f("ix_repositories_installation_id"), "repositories", ["installation_id"], unique=False)
    op.create_table(
        "environments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("requested_generation", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_reason", sa.Text(), nullable=False),
        sa.Column("asked_delivery", sa.Text(), nullable=True),
        sa.Column("asked_queue", sa.Text(), server_default="high", nullable=False),
        sa.Column("redeploys", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_stopped", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("decided_generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("desired", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("desired_generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("desired_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("commit_sha", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("published_generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("published_tree", sa.Text(), nullable=True),
        sa.Column("published_commit", sa.Text(), nullable=True),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "published_workloads",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("health", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("observed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("was_ready", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("report_wanted", sa.Text(), nullable=True),
        sa.Column("report_digest", sa.Text(), nullable=True),
        sa.Column(
            "reported",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("asked_queue IN ('high', 'low')", name=op.f("ck_environments_asked_queue")),
        sa.CheckConstraint(
            "namespace ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name=op.f("ck_environments_namespace")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'waiting', 'provisioning', 'updating', 'ready', 'failed', 'sleeping', 'destroying', 'destroyed')",
            name=op.f("ck_environments_status"),
        ),
        sa.CheckConstraint("(desired IS NULL) = (desired_generation = 0)", name=op.f("ck_environments_desired")),
        sa.CheckConstraint(
            "desired_generation <= decided_generation AND decided_generation <= requested_generation AND published_generation <= decided_generation AND desired_generation >= 0 AND published_generation >= 0",
            name=op.f("ck_environments_watermarks"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_environments_number")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_environments_owner_id_users")),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_environments_repository_id_repositories")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environments")),
        sa.UniqueConstraint("folder", name=op.f("uq_environments_folder")),
        sa.UniqueConstraint("host", name=op.f("uq_environments_host")),
        sa.UniqueConstraint("namespace", name=op.f("uq_environments_namespace")),
        sa.UniqueConstraint("repository_id", "number", name=op.f("uq_environments_repository_id")),
    )
    op.create_index(
        "ix_environments_due_decide",
        "environments",
        ["asked_queue"],
        unique=False,
        postgresql_where=sa.text("requested_generation > decided_generation"),
    )
    op.create_index(
        "ix_environments_due_publish",
        "environments",
        ["id"],
        unique=False,
        postgresql_where=sa.text("decided_generation > published_generation"),
    )
    op.create_index(
        "ix_environments_due_report",
        "environments",
        ["id"],
        unique=False,
        postgresql_where=sa.text("report_wanted IS DISTINCT FROM report_digest"),
    )
    op.create_index(op.f("ix_environments_owner_id"), "environments", ["owner_id"], unique=False)
    op.create_index("ix_environments_status", "environments", ["status"], unique=False)
    op.create_table(
        "deployments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("commit_sha", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("published_commit", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'in_progress', 'success', 'failed', 'superseded')",
            name=op.f("ck_deployments_status"),
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_deployments_environment_id_environments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        sa.UniqueConstraint("environment_id", "commit_sha", name=op.f("uq_deployments_environment_id")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("commit_sha", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_events_environment_id_environments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_environment_id_id", "events", ["environment_id", "id"], unique=False)
    op.create_table(
        "troubles",
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("is_stalled", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("stage IN ('decide', 'publish', 'observe', 'report')", name=op.f("ck_troubles_stage")),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=op.f("fk_troubles_environment_id_environments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("environment_id", "stage", name=op.f("pk_troubles")),
    )
    op.execute(
        """CREATE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'events are only ever added'; END $$"""
    )
    op.execute(
        """CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON events
        FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history()"""
    )


def downgrade() -> None:
    op.drop_table("troubles")
    op.drop_index("ix_events_environment_id_id", table_name="events")
    op.drop_table("events")
    op.execute("DROP FUNCTION refuse_to_rewrite_history()")
    op.drop_table("deployments")
    op.drop_index("ix_environments_status", table_name="environments")
    op.drop_index(op.f("ix_environments_owner_id"), table_name="environments")
    op.drop_index(
        "ix_environments_due_report",
        table_name="environments",
        postgresql_where=sa.text("report_wanted IS DISTINCT FROM report_digest"),
    )
    op.drop_index(
        "ix_environments_due_publish",
        table_name="environments",
        postgresql_where=sa.text("decided_generation > published_generation"),
    )
    op.drop_index(
        "ix_environments_due_decide",
        table_name="environments",
        postgresql_where=sa.text("requested_generation > decided_generation"),
    )
    op.drop_table("environments")
    op.drop_index(op.f("ix_repositories_installation_id"), table_name="repositories")
    op.drop_table("repositories")
    op.drop_index(op.f("ix_users_login"), table_name="users")
    op.drop_table("users")
    op.drop_table("installations")
    op.drop_index(op.f("ix_deliveries_received_at"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("api_tokens")
