"""Chapters: every revision, found or sent; and what a video is about."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('chapter_revisions',
        sa.Column('video_id', sa.String(length=40), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('chapters', sa.JSON(), nullable=True),
        sa.Column('key_id', sa.String(length=40), nullable=True),
        sa.Column('created_at', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_chapter_revisions_organization_id_organizations')),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_chapter_revisions_video_id_videos'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('video_id', 'revision', name=op.f('pk_chapter_revisions')),
    )
    with op.batch_alter_table('videos') as table:
        table.add_column(sa.Column('topics', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('videos') as table:
        table.drop_column('topics')
    op.drop_table('chapter_revisions')
