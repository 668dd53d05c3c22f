"""Glossaries; captions that are a part of what is said, or translated by a machine; who wants translations."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('organizations', sa.Column('glossary', sa.JSON(), nullable=True))
    op.add_column('videos', sa.Column('glossary', sa.JSON(), nullable=True))
    op.add_column('videos', sa.Column('translate_to_english', sa.Boolean(), nullable=True))
    op.add_column('caption_revisions', sa.Column('partial', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('caption_revisions', sa.Column('translated_from', sa.String(length=35), nullable=True))


def downgrade() -> None:
    op.drop_column('caption_revisions', 'translated_from')
    op.drop_column('caption_revisions', 'partial')
    op.drop_column('videos', 'translate_to_english')
    op.drop_column('videos', 'glossary')
    op.drop_column('organizations', 'glossary')
