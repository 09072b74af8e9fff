"""The library: versions with their files, aliases, waivers, a record of changes; uploads, imports, use and mounts.

Versions of earlier releases get their files from the revision that was published; search is filled by the worker.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision, down_revision = '0006', '0005'
branch_labels = depends_on = None

APPEND_ONLY = ('skill_versions', 'skill_files', 'skill_changes', 'waivers')
NOW = sa.text('now()')
TIME = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())
NAME = sa.String(64)
PERSON = sa.String(255)


def upgrade() -> None:
    op.add_column('skills', sa.Column('tags', JSONB, server_default='[]', nullable=False))
    op.add_column('skills', sa.Column('requires', JSONB, server_default='[]', nullable=False))
    op.add_column('skills', sa.Column('note', sa.Text(), nullable=True))
    op.add_column('skills', sa.Column('replaced_by', NAME, nullable=True))
    op.add_column('skills', sa.Column('search', postgresql.TSVECTOR(), nullable=True))
    op.add_column('skills', sa.Column('trigrams', postgresql.ARRAY(sa.Text()), nullable=True))
    op.create_index('skills_words', 'skills', ['search'], postgresql_using='gin')
    op.create_index('skills_trigrams', 'skills', ['trigrams'], postgresql_using='gin')
    op.alter_column('skill_versions', 'job_id', nullable=True)
    op.alter_column('skill_versions', 'revision', nullable=True)
    op.add_column('skill_versions', sa.Column('changelog', sa.Text(), server_default='', nullable=False))
    op.add_column('skill_versions', sa.Column('described', JSONB, nullable=True))
    op.create_table(
        'skill_files',
        sa.Column('name', NAME, nullable=False),
        sa.Column('version', sa.Text(), nullable=False),
        sa.Column('path', sa.Text(), nullable=False),
        sa.Column('data', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['name', 'version'], ['skill_versions.name', 'skill_versions.version']),
        sa.PrimaryKeyConstraint('name', 'version', 'path'),
    )
    op.execute(
        """
        INSERT INTO skill_files (name, version, path, data)
        SELECT v.name, v.version, f.path, f.data
        FROM skill_versions v JOIN revision_files f ON f.job_id = v.job_id AND f.n = v.revision
        """
    )
    op.create_table(
        'skill_aliases',
        sa.Column('alias', NAME, nullable=False),
        sa.Column('name', NAME, nullable=False),
        sa.Column('made_by', PERSON, nullable=False),
        sa.Column('created_at', TIME, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(['name'], ['skills.name']),
        sa.PrimaryKeyConstraint('alias'),
    )
    op.create_index(op.f('ix_skill_aliases_name'), 'skill_aliases', ['name'])
    op.create_table(
        'skill_changes',
        sa.Column('number', sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column('name', NAME, nullable=False),
        sa.Column('entry_key', sa.Text(), nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('version', sa.Text(), nullable=True),
        sa.Column('digest', sa.Text(), nullable=True),
        sa.Column('person', PERSON, nullable=False),
        sa.Column('reason', sa.Text(), nullable=True),
        sa.Column('data', JSONB, nullable=False),
        sa.Column('changed_at', TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint('number'),
        sa.UniqueConstraint('name', 'entry_key', name='one_change_per_key'),
    )
    op.create_table(
        'publications',
        sa.Column('name', NAME, nullable=False),
        sa.Column('token', sa.Text(), nullable=False),
        sa.Column('path', sa.Text(), nullable=False),
        sa.Column('digest', sa.Text(), nullable=False),
        sa.Column('version', sa.Text(), nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('person', PERSON, nullable=False),
        sa.Column('claimed_at', TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint('name'),
    )
    op.create_table(
        'waivers',
        sa.Column('waiver_id', sa.Uuid(), nullable=False),
        sa.Column('digest', sa.Text(), nullable=False),
        sa.Column('finding', sa.Text(), nullable=False),
        sa.Column('code', sa.Text(), nullable=False),
        sa.Column('person', PERSON, nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('job_id', sa.Uuid(), nullable=True),
        sa.Column('created_at', TIME, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(['job_id'], ['jobs.job_id']),
        sa.PrimaryKeyConstraint('waiver_id'),
        sa.UniqueConstraint('digest', 'finding', name='one_waiver_per_finding'),
    )
    op.create_index(op.f('ix_waivers_digest'), 'waivers', ['digest'])
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _what_people_send()


def _what_people_send() -> None:
    op.create_table(
        'uploads',
        sa.Column('upload_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', PERSON, nullable=False),
        sa.Column('filename', sa.Text(), nullable=False),
        sa.Column('media_type', sa.Text(), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('sha256', sa.Text(), nullable=True),
        sa.Column('complete', sa.Boolean(), nullable=False),
        sa.Column('request_key', sa.Text(), nullable=True),
        sa.Column('created_at', TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint('upload_id'),
        sa.UniqueConstraint('user_id', 'request_key', name='one_upload_per_key'),
    )
    op.create_index(op.f('ix_uploads_user_id'), 'uploads', ['user_id'])
    op.create_index(op.f('ix_uploads_created_at'), 'uploads', ['created_at'])
    op.create_table(
        'upload_chunks',
        sa.Column('upload_id', sa.Uuid(), nullable=False),
        sa.Column('n', sa.Integer(), nullable=False),
        sa.Column('data', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['upload_id'], ['uploads.upload_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('upload_id', 'n'),
    )
    op.create_table(
        'upload_texts',
        sa.Column('upload_id', sa.Uuid(), nullable=False),
        sa.Column('n', sa.Integer(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('content', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['upload_id'], ['uploads.upload_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('upload_id', 'n'),
    )
    op.create_table(
        'skill_imports',
        sa.Column('import_id', sa.Uuid(), nullable=False),
        sa.Column('upload_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', PERSON, nullable=False),
        sa.Column('request', JSONB, nullable=False),
        sa.Column('status', sa.Text(), nullable=False),
        sa.Column('report', JSONB, nullable=False),
        sa.Column('created_at', TIME, server_default=NOW, nullable=False),
        sa.Column('completed_at', TIME, nullable=True),
        sa.ForeignKeyConstraint(['upload_id'], ['uploads.upload_id']),
        sa.PrimaryKeyConstraint('import_id'),
    )
    op.create_table(
        'usage_events',
        sa.Column('event_id', sa.Uuid(), nullable=False),
        sa.Column('skill', NAME, nullable=False),
        sa.Column('version', sa.Text(), nullable=True),
        sa.Column('digest', sa.Text(), nullable=True),
        sa.Column('agent', sa.Text(), nullable=False),
        sa.Column('person', PERSON, nullable=False),
        sa.Column('session', sa.Text(), nullable=True),
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('outcome', sa.Text(), nullable=False),
        sa.Column('note', sa.Text(), nullable=True),
        sa.Column('used_at', TIME, nullable=False),
        sa.Column('received_at', TIME, server_default=NOW, nullable=False),
        sa.CheckConstraint("outcome IN ('success', 'failure', 'unknown')", name='outcome_known'),
        sa.PrimaryKeyConstraint('event_id'),
    )
    op.create_index('usage_by_skill', 'usage_events', ['skill', 'used_at'])
    op.create_index('usage_by_session', 'usage_events', ['session'])
    op.create_index('usage_by_time', 'usage_events', ['used_at'])
    op.create_index('usage_by_person', 'usage_events', ['person', 'received_at'])
    op.create_table(
        'mounts',
        sa.Column('user_id', PERSON, nullable=False),
        sa.Column('skill', NAME, nullable=False),
        sa.Column('role', sa.Text(), nullable=True),
        sa.Column('mounted_at', TIME, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(['skill'], ['skills.name']),
        sa.PrimaryKeyConstraint('user_id', 'skill'),
    )


def downgrade() -> None:
    for table in ('mounts', 'usage_events', 'skill_imports', 'upload_texts', 'upload_chunks', 'uploads'):
        op.drop_table(table)
    for table in ('waivers', 'publications', 'skill_changes', 'skill_aliases', 'skill_files'):
        op.drop_table(table)
    op.execute("DROP TRIGGER append_only ON skill_versions")
    op.execute("DROP TRIGGER never_emptied ON skill_versions")
    op.drop_column('skill_versions', 'described')
    op.drop_column('skill_versions', 'changelog')
    op.execute("DELETE FROM skill_versions WHERE job_id IS NULL OR revision IS NULL")
    op.alter_column('skill_versions', 'revision', nullable=False)
    op.alter_column('skill_versions', 'job_id', nullable=False)
    op.drop_index('skills_trigrams', 'skills')
    op.drop_index('skills_words', 'skills')
    for column in ('trigrams', 'search', 'replaced_by', 'note', 'requires', 'tags'):
        op.drop_column('skills', column)
