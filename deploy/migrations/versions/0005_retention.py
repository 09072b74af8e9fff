"""Retention: old events of ended jobs may go, in a transaction that says so; the audit of answers never.

A job keeps what its model calls cost when their rows go. The inbox finds the open prompts by an index.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision, down_revision = '0005', '0004'
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column('jobs', sa.Column('past_usage', postgresql.JSONB(), nullable=True))
    op.create_index(
        'prompts_by_due',
        'hitl_interactions',
        ['timeout_at', 'created_at'],
        postgresql_where=sa.text("status = 'pending'"),
    )
    # The setting lasts for one transaction (SET LOCAL); a job that has not ended keeps its events whatever it says.
    op.execute(
        """
        CREATE FUNCTION refuse_change_but_retention() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('skill_fleet.retention', true) = 'on' AND EXISTS (
                SELECT 1 FROM jobs
                WHERE job_id = OLD.job_id AND status IN ('completed', 'failed', 'cancelled')
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute("DROP TRIGGER append_only ON job_events")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON job_events "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_but_retention()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER append_only ON job_events")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON job_events "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute("DROP FUNCTION refuse_change_but_retention()")
    op.drop_index('prompts_by_due', 'hitl_interactions')
    op.drop_column('jobs', 'past_usage')
