"""Live streams with their keys, what was published to them, and the processes that take it."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_streams',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('name', sa.String(length=500), nullable=False),
        sa.Column('language', sa.String(length=35), nullable=True),
        sa.Column('profile', sa.String(length=10), nullable=False),
        sa.Column('key_sha256', sa.String(length=64), nullable=False),
        sa.Column('key_made_at', sa.Float(), nullable=False),
        sa.Column('open_session_id', sa.String(length=40), nullable=True),
        sa.Column('held_until', sa.Float(), nullable=True),
        sa.Column('created_at', sa.Float(), nullable=False),
        sa.Column('updated_at', sa.Float(), nullable=False),
        sa.Column('deleted_at', sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_live_streams_organization_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_live_streams')),
        sa.UniqueConstraint('key_sha256', name=op.f('uq_live_streams_key_sha256')),
    )
    op.create_index('ix_live_streams_listing', 'live_streams', ['organization_id', 'created_at', 'id'])
    op.create_table('live_processes',
        sa.Column('id', sa.String(length=120), nullable=False),
        sa.Column('url', sa.Text(), nullable=False),
        sa.Column('secret', sa.String(length=80), nullable=False),
        sa.Column('ports', sa.JSON(), nullable=False),
        sa.Column('problems', sa.JSON(), nullable=False),
        sa.Column('started_at', sa.Float(), nullable=False),
        sa.Column('seen_at', sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_live_processes')),
    )
    op.create_table('live_sessions',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('stream_id', sa.String(length=40), nullable=False),
        sa.Column('video_id', sa.String(length=40), nullable=False),
        sa.Column('process_id', sa.String(length=120), nullable=False),
        sa.Column('protocol', sa.String(length=10), nullable=False),
        sa.Column('profile', sa.String(length=10), nullable=False),
        sa.Column('state', sa.String(length=12), nullable=False),
        sa.Column('publications', sa.Integer(), nullable=False),
        sa.Column('reason_code', sa.String(length=80), nullable=True),
        sa.Column('reason_message', sa.Text(), nullable=True),
        sa.Column('started_at', sa.Float(), nullable=False),
        sa.Column('interrupted_at', sa.Float(), nullable=True),
        sa.Column('ended_at', sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_live_sessions_organization_id')),
        sa.ForeignKeyConstraint(['stream_id'], ['live_streams.id'], name=op.f('fk_live_sessions_stream_id'),
                                ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_live_sessions_video_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_live_sessions')),
        sa.UniqueConstraint('video_id', name=op.f('uq_live_sessions_video_id')),
    )
    op.create_index('ix_live_sessions_listing', 'live_sessions', ['stream_id', 'started_at', 'id'])
    op.create_index(op.f('ix_live_sessions_process_id'), 'live_sessions', ['process_id'])


def downgrade() -> None:
    op.drop_table('live_sessions')
    op.drop_table('live_processes')
    op.drop_table('live_streams')
