"""Search by meaning: the vectors of passages."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('passage_vectors',
        sa.Column('block_id', ROW_ID, autoincrement=False, nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('model', sa.String(length=80), nullable=False),
        sa.Column('language', sa.String(length=35), nullable=False),
        sa.Column('stamp', sa.BigInteger(), nullable=False),
        sa.Column('dimensions', sa.Integer(), nullable=False),
        sa.Column('vectors', sa.LargeBinary(), nullable=False),
        sa.Column('sentences', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_passage_vectors_organization_id_organizations')),
        sa.ForeignKeyConstraint(['block_id'], ['passage_blocks.id'],
                                name=op.f('fk_passage_vectors_block_id_passage_blocks'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('block_id', name=op.f('pk_passage_vectors')),
    )
    op.create_index('ix_passage_vectors_known', 'passage_vectors', ['organization_id', 'model', 'stamp', 'block_id'])


def downgrade() -> None:
    op.drop_table('passage_vectors')
