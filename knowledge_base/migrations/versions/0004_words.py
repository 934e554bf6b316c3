"""Operators' words"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("two_way", sa.Boolean(), nullable=False),
        sa.Column("frequency", sa.Integer(), nullable=True),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("hides", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_words")),
    )
    in_use = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_words_in_use",
        "words",
        ["kind", "word"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )


def downgrade() -> None:
    op.drop_index("uq_words_in_use", table_name="words")
    op.drop_table("words")
