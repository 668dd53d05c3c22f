"""The poster of a video, chosen or found, and its files for download."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('videos', schema=None) as batch_op:
        batch_op.add_column(sa.Column('poster_time_s', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('found_poster_s', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('downloads', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('videos', schema=None) as batch_op:
        batch_op.drop_column('downloads')
        batch_op.drop_column('found_poster_s')
        batch_op.drop_column('poster_time_s')
