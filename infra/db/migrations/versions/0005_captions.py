"""Captions: every revision that somebody sent."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('caption_revisions',
        sa.Column('video_id', sa.String(length=40), nullable=False),
        sa.Column('language', sa.String(length=35), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('captions', sa.JSON(), nullable=True),
        sa.Column('size_bytes', sa.Integer(), nullable=False),
        sa.Column('key_id', sa.String(length=40), nullable=True),
        sa.Column('created_at', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_caption_revisions_organization_id_organizations')),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_caption_revisions_video_id_videos'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('video_id', 'language', 'revision', name=op.f('pk_caption_revisions')),
    )


def downgrade() -> None:
    op.drop_table('caption_revisions')
