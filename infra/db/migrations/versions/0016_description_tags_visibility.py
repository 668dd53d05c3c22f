"""What creators say of a video and who may watch it; titles and tags as lists look for them."""

import sqlalchemy as sa
from alembic import op

from infra.core.search_terms import folded

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

FOLDED = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')


def upgrade() -> None:
    op.add_column('videos', sa.Column('title_folded', FOLDED, nullable=False, server_default=''))
    op.add_column('videos', sa.Column('tags_folded', FOLDED, nullable=False, server_default=''))
    op.add_column('videos', sa.Column('description', sa.Text(), nullable=False, server_default=''))
    op.add_column('videos', sa.Column('tags', sa.JSON(), nullable=True))
    op.add_column('videos', sa.Column('visibility', sa.String(length=10), nullable=False, server_default='public'))
    videos = sa.table('videos', sa.column('id', sa.String), sa.column('title', sa.String),
                      sa.column('title_folded', sa.Text))
    connection = op.get_bind()
    for video_id, title in connection.execute(sa.select(videos.c.id, videos.c.title)).all():
        connection.execute(sa.update(videos).where(videos.c.id == video_id).values(title_folded=folded(title)))


def downgrade() -> None:
    for column in ('visibility', 'tags', 'description', 'tags_folded', 'title_folded'):
        op.drop_column('videos', column)
