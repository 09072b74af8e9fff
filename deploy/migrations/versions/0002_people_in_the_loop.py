"""people in the loop: audit, idempotency keys, groups, outbox, reminders"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

APPEND_ONLY = ('hitl_answers', 'job_events')


def upgrade() -> None:
    op.add_column('jobs', sa.Column('assignee', sa.String(length=255), nullable=True))
    op.add_column('jobs', sa.Column('origin', postgresql.JSONB(), nullable=True))
    op.add_column('jobs', sa.Column('proposal', postgresql.JSONB(), nullable=True))
    op.create_index(op.f('ix_jobs_assignee'), 'jobs', ['assignee'])
    op.add_column('hitl_interactions', sa.Column('revision', sa.Integer(), nullable=True))
    op.add_column('hitl_interactions', sa.Column('digest', sa.Text(), nullable=True))
    op.add_column('hitl_interactions', sa.Column('reminders', sa.Integer(), server_default='0', nullable=False))
    op.add_column('hitl_interactions', sa.Column('escalated_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('hitl_interactions', sa.Column('reopened_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        'hitl_answers',
        sa.Column('number', sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column('job_id', sa.Uuid(), nullable=False),
        sa.Column('interaction_id', sa.Uuid(), nullable=True),
        sa.Column('person', sa.String(length=255), nullable=False),
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('outcome', sa.Text(), nullable=False),
        sa.Column('action', sa.Text(), nullable=False),
        sa.Column('body', postgresql.JSONB(), nullable=False),
        sa.Column('digest', sa.Text(), nullable=False),
        sa.Column('note', sa.Text(), nullable=True),
        sa.Column('entry_key', sa.Text(), nullable=True),
        sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.ForeignKeyConstraint(['job_id'], ['jobs.job_id']),
        sa.PrimaryKeyConstraint('number'),
        sa.UniqueConstraint('job_id', 'entry_key', name='one_entry_per_key'),
    )
    op.create_index(op.f('ix_hitl_answers_job_id'), 'hitl_answers', ['job_id'])
    op.create_table(
        'idempotency_keys',
        sa.Column('user_id', sa.String(length=255), nullable=False),
        sa.Column('route', sa.Text(), nullable=False),
        sa.Column('key', sa.String(length=255), nullable=False),
        sa.Column('request_digest', sa.Text(), nullable=False),
        sa.Column('status', sa.Integer(), nullable=True),
        sa.Column('headers', postgresql.JSONB(), nullable=True),
        sa.Column('body', sa.LargeBinary(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('locked_until', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('user_id', 'route', 'key'),
    )
    op.create_index(op.f('ix_idempotency_keys_created_at'), 'idempotency_keys', ['created_at'])
    op.create_table(
        'group_members',
        sa.Column('group_name', sa.String(length=64), nullable=False),
        sa.Column('user_id', sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint('group_name', 'user_id'),
    )
    op.create_index(op.f('ix_group_members_user_id'), 'group_members', ['user_id'])
    op.create_table(
        'notifications',
        sa.Column('notification_id', sa.Uuid(), nullable=False),
        sa.Column('job_id', sa.Uuid(), nullable=False),
        sa.Column('type', sa.Text(), nullable=False),
        sa.Column('payload', postgresql.JSONB(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_error', sa.Text(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.ForeignKeyConstraint(['job_id'], ['jobs.job_id']),
        sa.PrimaryKeyConstraint('notification_id'),
    )
    op.create_index(op.f('ix_notifications_job_id'), 'notifications', ['job_id'])
    op.create_index(
        'undelivered_notifications',
        'notifications',
        ['next_attempt_at'],
        postgresql_where=sa.text('delivered_at IS NULL'),
    )
    # What people did is on record for good: nobody's code changes or removes it.
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    op.drop_table('notifications')
    op.drop_table('group_members')
    op.drop_table('idempotency_keys')
    op.drop_table('hitl_answers')
    for column in ('reopened_at', 'escalated_at', 'reminders', 'digest', 'revision'):
        op.drop_column('hitl_interactions', column)
    for column in ('proposal', 'origin', 'assignee'):
        op.drop_column('jobs', column)
