"""Moments that lecturers mark while they are live."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_markers',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('session_id', sa.String(length=40), nullable=False),
        sa.Column('key_id', sa.String(length=40), nullable=False),
        sa.Column('title', sa.String(length=200), nullable=False),
        sa.Column('at', sa.Float(), nullable=False),
        sa.Column('at_s', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(['session_id'], ['live_sessions.id'], name=op.f('fk_live_markers_session_id'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_live_markers')),
    )
    op.create_index('ix_live_markers_listing', 'live_markers', ['session_id', 'at_s', 'id'])


def downgrade() -> None:
    op.drop_table('live_markers')
