"""A budget that people raised, beside the options as they were asked for: these tell the same request from another.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision, down_revision = '0004', '0003'
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column('jobs', sa.Column('budget', postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column('jobs', 'budget')
