"""What people did is not emptied either: TRUNCATE passes triggers of rows.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision, down_revision = '0003', '0002'
branch_labels = depends_on = None

APPEND_ONLY = ('hitl_answers', 'job_events')


def upgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER never_emptied ON {table}")
