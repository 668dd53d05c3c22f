"""Of a video only a part can be shown: which, and where the source lies that it shares with what was made of all of it."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('videos', sa.Column('source_id', sa.String(length=40), nullable=True))
    op.add_column('videos', sa.Column('trim', sa.JSON(), nullable=True))


def downgrade() -> None:
    for column in ('trim', 'source_id'):
        op.drop_column('videos', column)
