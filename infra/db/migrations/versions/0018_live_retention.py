"""How long recordings of live sessions are kept; why a publisher was not let in."""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('organizations', sa.Column('live_recording_days', sa.Integer(), nullable=True))
    op.add_column('live_streams', sa.Column('refused_code', sa.String(length=80), nullable=True))
    op.add_column('live_streams', sa.Column('refused_message', sa.Text(), nullable=True))
    op.add_column('live_streams', sa.Column('refused_at', sa.Float(), nullable=True))


def downgrade() -> None:
    for column in ('refused_at', 'refused_message', 'refused_code'):
        op.drop_column('live_streams', column)
    op.drop_column('organizations', 'live_recording_days')
