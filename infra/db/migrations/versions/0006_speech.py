"""Speech: what was found out about it, and captions that a model made."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('videos', sa.Column('speech', sa.JSON(), nullable=True))
    op.add_column('caption_revisions', sa.Column('model', sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column('caption_revisions', 'model')
    op.drop_column('videos', 'speech')
