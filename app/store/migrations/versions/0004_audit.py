"""What is proposed for review, what was accepted, and what each commit of the environments repository was made of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "template_versions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("files", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_template_versions")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("desired", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("tree", sa.Text(), nullable=True),
        sa.Column("sync", sa.Text(), nullable=True),
        sa.Column("files", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("sync_file", sa.Text(), nullable=True),
        sa.Column("objects", postgresql.JSONB(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("templates", sa.Text(), nullable=False),
        sa.Column("requirement", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("evidence", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_reason", sa.Text(), nullable=False),
        sa.Column("asked_delivery", sa.Text(), nullable=True),
        sa.Column("base_commit", sa.Text(), nullable=True),
        sa.Column("head_commit", sa.Text(), nullable=True),
        sa.Column("pushes_wanted", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("pushes_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_edited", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("edited_by", sa.Text(), nullable=True),
        sa.Column("problems", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("rung", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("looked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("look_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("mergeable", sa.Text(), nullable=True),
        sa.Column("told", postgresql.JSONB(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("told_wanted", sa.Text(), nullable=True),
        sa.Column("told_digest", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("retry_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("proposed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_words", sa.Text(), nullable=True),
        sa.Column("reviewers", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("merge_commit", sa.Text(), nullable=True),
        sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'merged', 'refused', 'withdrawn', 'spoiled')", name=op.f("ck_proposals_state")
        ),
        sa.CheckConstraint("(files IS NULL) = (tree IS NULL)", name=op.f("ck_proposals_files")),
        sa.CheckConstraint("number > 0", name=op.f("ck_proposals_number")),
        sa.CheckConstraint("pushes_done <= pushes_wanted", name=op.f("ck_proposals_pushes")),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_proposals_environment_id_environments")
        ),
        sa.ForeignKeyConstraint(
            ["templates"], ["template_versions.digest"], name=op.f("fk_proposals_templates_template_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_environment_id_id", "proposals", ["environment_id", "id"], unique=False)
    op.create_index("ix_proposals_number", "proposals", ["number"], unique=False)
    op.create_index("ix_proposals_open", "proposals", ["id"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_index(
        "uq_proposals_environment_id_is_current",
        "proposals",
        ["environment_id"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "proposal_commits",
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=True),
        sa.Column("sync", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_proposal_commits_proposal_id_proposals")
        ),
        sa.PrimaryKeyConstraint("commit", "proposal_id", name=op.f("pk_proposal_commits")),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("desired", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("tree", sa.Text(), nullable=True),
        sa.Column("sync", sa.Text(), nullable=True),
        sa.Column("templates", sa.Text(), nullable=False),
        sa.Column("requirement", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), nullable=True),
        sa.Column("head_sha", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("commit", sa.Text(), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_publications_environment_id_environments")
        ),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_publications_proposal_id_proposals")),
        sa.ForeignKeyConstraint(
            ["templates"], ["template_versions.digest"], name=op.f("fk_publications_templates_template_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint("environment_id", "intent", name=op.f("uq_publications_environment_id")),
    )
    op.create_index("ix_publications_at", "publications", ["at"], unique=False)
    op.create_index("ix_publications_commit", "publications", ["commit"], unique=False)
    op.create_index(op.f("ix_publications_proposal_id"), "publications", ["proposal_id"], unique=False)
    op.add_column("environments", sa.Column("rollback", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("environments", sa.Column("proposed_generation", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(
        """CREATE FUNCTION refuse_to_rewrite_publications() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.commit IS NULL AND to_jsonb(OLD) - 'commit' = to_jsonb(NEW) - 'commit' THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'publications are only ever added, and told their commit once';
        END $$"""
    )
    op.execute(
        """CREATE TRIGGER publications_are_append_only BEFORE UPDATE OR DELETE ON publications
        FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_publications()"""
    )


def downgrade() -> None:
    op.drop_column("environments", "proposed_generation")
    op.drop_column("environments", "rollback")
    op.drop_index(op.f("ix_publications_proposal_id"), table_name="publications")
    op.drop_index("ix_publications_commit", table_name="publications")
    op.drop_index("ix_publications_at", table_name="publications")
    op.drop_table("publications")
    op.drop_table("proposal_commits")
    op.drop_index(
        "uq_proposals_environment_id_is_current", table_name="proposals", postgresql_where=sa.text("is_current")
    )
    op.drop_index("ix_proposals_open", table_name="proposals", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_proposals_number", table_name="proposals")
    op.drop_index("ix_proposals_environment_id_id", table_name="proposals")
    op.drop_table("proposals")
    op.drop_table("template_versions")
    op.execute("DROP FUNCTION refuse_to_rewrite_publications")
