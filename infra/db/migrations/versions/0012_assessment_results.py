"""Results of assessments, which what was watched before them is set against."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('assessment_results',
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('learner', sa.BigInteger(), nullable=False),
        sa.Column('item', sa.String(length=200), nullable=False),
        sa.Column('attempt', sa.Integer(), nullable=False),
        sa.Column('score', sa.Float(), nullable=False),
        sa.Column('at_ms', sa.BigInteger(), nullable=False),
        sa.Column('video_id', sa.String(length=40), nullable=True),
        sa.Column('start_s', sa.Float(), nullable=True),
        sa.Column('end_s', sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_assessment_results_organization_id_organizations')),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_assessment_results_video_id_videos'),
                                ondelete='SET NULL'),
        sa.PrimaryKeyConstraint('organization_id', 'learner', 'item', 'attempt', name=op.f('pk_assessment_results')),
    )
    op.create_index(op.f('ix_assessment_results_video_id'), 'assessment_results', ['video_id'])


def downgrade() -> None:
    op.drop_table('assessment_results')
