"""Clusters and who watches them; removals as they were seen; why a deployment failed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EMPTY = sa.text("'[]'")


def upgrade() -> None:
    op.create_table(
        "clusters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("api_url", sa.Text(), nullable=True),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("syncer", sa.Text(), nullable=False),
        sa.Column("syncer_namespace", sa.Text(), nullable=False),
        sa.Column("preview_domain", sa.Text(), nullable=False),
        sa.Column("syncer_url", sa.Text(), nullable=True),
        sa.Column("leader", sa.Text(), nullable=True),
        sa.Column("leader_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("problems", postgresql.JSONB(none_as_null=True), server_default=_EMPTY, nullable=False),
        sa.CheckConstraint("name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name=op.f("ck_clusters_name")),
        sa.CheckConstraint("syncer IN ('argocd', 'flux', 'none')", name=op.f("ck_clusters_syncer")),
        sa.CheckConstraint("(leader IS NULL) = (leader_until IS NULL)", name=op.f("ck_clusters_leader")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_clusters")),
    )
    lists = postgresql.JSONB(none_as_null=True)
    op.add_column("environments", sa.Column("published_objects", lists, server_default=_EMPTY, nullable=False))
    op.add_column("environments", sa.Column("published_sync", sa.Text(), nullable=True))
    op.add_column("environments", sa.Column("made_commit", sa.Text(), nullable=True))
    op.add_column("environments", sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("environments", sa.Column("teardown", lists, nullable=True))
    op.add_column("deployments", sa.Column("problems", lists, server_default=_EMPTY, nullable=False))
    op.add_column("deployments", sa.Column("log_of", sa.Text(), nullable=True))
    op.add_column("deployments", sa.Column("log", sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("log", "log_of", "problems"):
        op.drop_column("deployments", column)
    for column in ("teardown", "made_at", "made_commit", "published_sync", "published_objects"):
        op.drop_column("environments", column)
    op.drop_table("clusters")
