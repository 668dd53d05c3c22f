"""Engagement analytics: events as they arrive, and the counters that they become."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = '0008'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('organizations', sa.Column('learner_secret', sa.LargeBinary(), nullable=True))
    op.create_table('events',
        sa.Column('id', ROW_ID, autoincrement=False, nullable=False),
        sa.Column('video', sa.Integer(), nullable=False),
        sa.Column('session', sa.BigInteger(), nullable=False),
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('uid', sa.BigInteger(), nullable=False),
        sa.Column('learner', sa.BigInteger(), nullable=True),
        sa.Column('kind', sa.SmallInteger(), nullable=False),
        sa.Column('t_ms', sa.BigInteger(), nullable=False),
        sa.Column('skew_ms', sa.BigInteger(), nullable=False),
        sa.Column('a_ms', sa.Integer(), nullable=True),
        sa.Column('b_ms', sa.Integer(), nullable=True),
        sa.Column('rate', sa.Integer(), nullable=True),
        sa.Column('marks', sa.SmallInteger(), nullable=False),
        sa.Column('startup_ms', sa.Integer(), nullable=True),
        sa.Column('rebuffer_ms', sa.Integer(), nullable=True),
        sa.Column('rebuffers', sa.Integer(), nullable=True),
        sa.Column('switches', sa.Integer(), nullable=True),
        sa.Column('bitrate_bps', sa.Integer(), nullable=True),
        sa.Column('height_px', sa.Integer(), nullable=True),
        sa.Column('dropped', sa.Integer(), nullable=True),
        sa.Column('code', sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_events')),
        sa.UniqueConstraint('video', 'session', 'seq', name=op.f('uq_events_video_session_seq')),
        sa.UniqueConstraint('uid', name=op.f('uq_events_uid')),
    )
    op.create_table('audiences',
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('video_id', sa.String(length=40), nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('duration_ms', sa.Integer(), nullable=False),
        sa.Column('counted_id', sa.BigInteger(), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('whole', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_audiences_organization_id_organizations')),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_audiences_video_id_videos'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_audiences')),
        sa.UniqueConstraint('video_id', name=op.f('uq_audiences_video_id')),
    )
    op.create_index(op.f('ix_audiences_organization_id'), 'audiences', ['organization_id'])
    op.create_table('rollups',
        sa.Column('shard', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('counted_id', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('shard', name=op.f('pk_rollups')),
    )
    op.create_table('curves',
        sa.Column('video', sa.Integer(), nullable=False),
        sa.Column('week', sa.Integer(), nullable=False),
        sa.Column('counts', sa.LargeBinary(), nullable=False),
        sa.Column('sums', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['video'], ['audiences.number'], name=op.f('fk_curves_video_audiences'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('video', 'week', name=op.f('pk_curves')),
    )
    op.create_table('learner_progress',
        sa.Column('video', sa.Integer(), nullable=False),
        sa.Column('learner', sa.BigInteger(), nullable=False),
        sa.Column('seen', sa.LargeBinary(), nullable=False),
        sa.Column('again', sa.LargeBinary(), nullable=False),
        sa.Column('unique_s', sa.Integer(), nullable=False),
        sa.Column('content_ms', sa.BigInteger(), nullable=False),
        sa.Column('wall_ms', sa.BigInteger(), nullable=False),
        sa.Column('last_t_ms', sa.BigInteger(), nullable=False),
        sa.Column('last_ms', sa.Integer(), nullable=False),
        sa.Column('exit_week', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['video'], ['audiences.number'], name=op.f('fk_learner_progress_video_audiences'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('video', 'learner', name=op.f('pk_learner_progress')),
    )
    op.create_index('ix_learner_progress_learner', 'learner_progress', ['learner'])
    op.create_table('quality_hours',
        sa.Column('video', sa.Integer(), nullable=False),
        sa.Column('hour', sa.Integer(), nullable=False),
        sa.Column('sums', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['video'], ['audiences.number'], name=op.f('fk_quality_hours_video_audiences'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('video', 'hour', name=op.f('pk_quality_hours')),
    )
    op.create_table('forgotten_learners',
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('learner', sa.BigInteger(), nullable=False),
        sa.Column('forgotten_ms', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_forgotten_learners_organization_id_organizations')),
        sa.PrimaryKeyConstraint('organization_id', 'learner', name=op.f('pk_forgotten_learners')),
    )


def downgrade() -> None:
    for table in ('forgotten_learners', 'quality_hours', 'learner_progress', 'curves', 'rollups', 'audiences', 'events'):
        op.drop_table(table)
    op.drop_column('organizations', 'learner_secret')
