"""The source of a video can be another one: where it lies, since when, and what was kept of the one before."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('videos', sa.Column('media_id', sa.String(length=40), nullable=True))
    op.add_column('videos', sa.Column('replaced_at', sa.Float(), nullable=True))
    op.add_column('videos', sa.Column('earlier_video_id', sa.String(length=40), nullable=True))


def downgrade() -> None:
    for column in ('earlier_video_id', 'replaced_at', 'media_id'):
        op.drop_column('videos', column)
