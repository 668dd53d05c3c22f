"""Which codecs are filled, and what the renditions measure."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('organizations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fill_codecs', sa.JSON(), nullable=True))
    with op.batch_alter_table('videos', schema=None) as batch_op:
        batch_op.add_column(sa.Column('bit_rates', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('fill_codecs', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('videos', schema=None) as batch_op:
        batch_op.drop_column('fill_codecs')
        batch_op.drop_column('bit_rates')
    with op.batch_alter_table('organizations', schema=None) as batch_op:
        batch_op.drop_column('fill_codecs')
