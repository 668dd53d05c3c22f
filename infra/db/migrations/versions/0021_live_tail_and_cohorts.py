"""How far behind the newest picture somebody watches, and the groups that learners are in."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('events', sa.Column('behind_ms', sa.Integer(), nullable=True))
    op.create_table('learner_tags',
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('tag', sa.String(length=60), nullable=False),
        sa.Column('learner', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_learner_tags_organization_id_organizations')),
        sa.PrimaryKeyConstraint('organization_id', 'tag', 'learner', name=op.f('pk_learner_tags')),
    )
    op.create_index('ix_learner_tags_learner', 'learner_tags', ['organization_id', 'learner'])


def downgrade() -> None:
    op.drop_table('learner_tags')
    op.drop_column('events', 'behind_ms')
