"""What is said and shown in the parts of videos, and what it says about where learners leave."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('video_parts',
        sa.Column('video_id', sa.String(length=40), nullable=False),
        sa.Column('length_s', sa.Integer(), nullable=False),
        sa.Column('parts', sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_video_parts_video_id_videos'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('video_id', name=op.f('pk_video_parts')),
    )
    op.create_table('leaving_laws',
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('tried_at', sa.Float(), nullable=False),
        sa.Column('counted_id', sa.BigInteger(), nullable=False),
        sa.Column('fitted', sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_leaving_laws_organization_id_organizations')),
        sa.PrimaryKeyConstraint('organization_id', name=op.f('pk_leaving_laws')),
    )
    # Videos whose words and slides are known already: the sweeper has the new step done.
    op.execute("""INSERT INTO steps (id, organization_id, video_id, step, key, queue, state, attempt, not_before, progress,
                                     created_at, updated_at)
                  SELECT 'st_' || substr(video_id, 3), organization_id, video_id, 'parts', '', 'light', 'ready', 0, 0.0, 0.0,
                         max(updated_at), max(updated_at)
                  FROM steps WHERE step = 'chapters' AND state = 'done' GROUP BY organization_id, video_id""")


def downgrade() -> None:
    op.execute("DELETE FROM steps WHERE step = 'parts'")
    op.drop_table('leaving_laws')
    op.drop_table('video_parts')
