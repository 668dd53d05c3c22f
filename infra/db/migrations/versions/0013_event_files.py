"""How far events went on into files, and which files still hold a learner who was deleted."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('event_exports',
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('exported_id', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_event_exports')),
    )
    op.add_column('forgotten_learners', sa.Column('erased_ms', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column('forgotten_learners', 'erased_ms')
    op.drop_table('event_exports')
