"""Pages read by OCR, and the day a text was fetched"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ocr_pages",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_ocr_pages_version_id_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_ocr_pages")),
    )
    with op.batch_alter_table("versions") as versions:
        versions.add_column(sa.Column("fetched", sa.Date(), nullable=True))
