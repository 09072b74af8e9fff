"""Evidence: trials of descriptions, evaluations of published versions, traces of model calls, and what was researched.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision, down_revision = '0007', '0006'
branch_labels = depends_on = None

NOW = sa.text('now()')
EMPTY = sa.text("'[]'::jsonb")


def upgrade() -> None:
    op.add_column(
        'deep_understanding_state',
        sa.Column('research_performed', postgresql.JSONB(), nullable=False, server_default=EMPTY),
    )
    op.add_column(
        'deep_understanding_state',
        sa.Column('still_unknown', postgresql.JSONB(), nullable=False, server_default=EMPTY),
    )
    op.add_column(
        'tdd_workflow_state', sa.Column('comparisons', postgresql.JSONB(), nullable=False, server_default=EMPTY)
    )
    op.create_table(
        'trigger_trials',
        sa.Column('job_id', sa.Uuid(), sa.ForeignKey('jobs.job_id'), primary_key=True),
        sa.Column('description_digest', sa.Text(), primary_key=True),
        sa.Column('report', postgresql.JSONB(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=NOW, nullable=False),
    )
    op.create_table(
        'evaluations',
        sa.Column('evaluation_id', sa.Uuid(), primary_key=True),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('version', sa.Text(), nullable=False),
        sa.Column('digest', sa.Text(), nullable=False),
        sa.Column('model', sa.Text(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('verdict', sa.Text(), nullable=False),
        sa.Column('job_id', sa.Uuid(), nullable=True),
        sa.Column('report', postgresql.JSONB(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("verdict IN ('keep', 'fix', 'retire')", name=op.f('verdict_is_known')),
        sa.CheckConstraint(
            "reason IN ('publication', 'demand', 'schedule')", name=op.f('reason_is_known')
        ),
    )
    op.create_index('evaluations_by_version', 'evaluations', ['name', 'version', 'created_at'])
    op.create_table(
        'step_traces',
        sa.Column('job_id', sa.Uuid(), sa.ForeignKey('jobs.job_id'), primary_key=True),
        sa.Column('key', sa.Text(), primary_key=True),
        sa.Column('reasoning', sa.Text(), nullable=False),
        sa.Column('messages', postgresql.JSONB(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=NOW, nullable=False),
    )


def downgrade() -> None:
    for table in ('step_traces', 'evaluations', 'trigger_trials'):
        op.drop_table(table)
    op.drop_column('tdd_workflow_state', 'comparisons')
    op.drop_column('deep_understanding_state', 'still_unknown')
    op.drop_column('deep_understanding_state', 'research_performed')
