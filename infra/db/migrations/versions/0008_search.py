"""Search: passages, and in which of them each stem stands."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
SORTED = sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql')


def upgrade() -> None:
    op.create_table('passage_blocks',
        sa.Column('id', ROW_ID, autoincrement=False, nullable=False),
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('video_id', sa.String(length=40), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('passages', sa.Integer(), nullable=False),
        sa.Column('words', sa.Integer(), nullable=False),
        sa.Column('lengths', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_passage_blocks_organization_id_organizations')),
        sa.ForeignKeyConstraint(['video_id'], ['videos.id'], name=op.f('fk_passage_blocks_video_id_videos'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_passage_blocks')),
        sa.UniqueConstraint('video_id', 'kind', 'number', name=op.f('uq_passage_blocks_video_id_kind_number')),
    )
    op.create_index('ix_passage_blocks_totals', 'passage_blocks', ['organization_id', 'kind', 'passages', 'words'])
    op.create_table('passages',
        sa.Column('id', ROW_ID, autoincrement=False, nullable=False),
        sa.Column('block_id', ROW_ID, nullable=False),
        sa.Column('start_s', sa.Float(), nullable=False),
        sa.Column('end_s', sa.Float(), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['block_id'], ['passage_blocks.id'], name=op.f('fk_passages_block_id_passage_blocks'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_passages')),
    )
    op.create_index(op.f('ix_passages_block_id'), 'passages', ['block_id'])
    op.create_table('postings',
        sa.Column('term', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('block_id', ROW_ID, nullable=False),
        sa.Column('planes', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['block_id'], ['passage_blocks.id'], name=op.f('fk_postings_block_id_passage_blocks'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('term', 'block_id', name=op.f('pk_postings'), postgresql_include=['planes']),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f('ix_postings_block_id'), 'postings', ['block_id'])
    op.create_table('search_words',
        sa.Column('organization_id', sa.String(length=40), nullable=False),
        sa.Column('word', SORTED, nullable=False),
        sa.Column('backward', SORTED, nullable=False),
        sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'],
                                name=op.f('fk_search_words_organization_id_organizations')),
        sa.PrimaryKeyConstraint('organization_id', 'word', name=op.f('pk_search_words')),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_search_words_backward', 'search_words', ['organization_id', 'backward'])


def downgrade() -> None:
    for table in ('search_words', 'postings', 'passages', 'passage_blocks'):
        op.drop_table(table)
