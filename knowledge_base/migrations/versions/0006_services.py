"""The service catalogue"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_code", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_items")),
        sa.UniqueConstraint("task_code", name=op.f("uq_service_items_task_code")),
    )
    op.create_table(
        "service_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("catalog_code", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("task_name", sa.String(), nullable=True),
        sa.Column("dept_name", sa.String(), nullable=True),
        sa.Column("task_state", sa.String(), nullable=True),
        sa.Column("plan_effective_date", sa.Date(), nullable=True),
        sa.Column("plan_cancel_date", sa.Date(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("stated_lists", sa.JSON(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["service_items.id"], name=op.f("fk_service_versions_item_id_service_items")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_versions")),
        sa.UniqueConstraint("item_id", "number", name=op.f("uq_service_versions_item_id")),
    )
    for column in ("catalog_code", "item_id", "region"):
        op.create_index(op.f(f"ix_service_versions_{column}"), "service_versions", [column])
    _child_table(
        "service_materials",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=True),
        sa.Column("is_need", sa.Boolean(), nullable=False),
        sa.Column("page_num", sa.Integer(), nullable=True),
        sa.Column("source_type", sa.String(), nullable=True),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("waived_reason", sa.Text(), nullable=True),
        sa.Column("form_guid", sa.Text(), nullable=True),
        sa.Column("example_guid", sa.Text(), nullable=True),
        sa.Column("fill_explain", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
    )
    _child_table(
        "service_fees",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stand", sa.Text(), nullable=True),
        sa.Column("by_law", sa.Text(), nullable=True),
    )
    _child_table(
        "service_questions",
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
    )
    op.create_table(
        "service_offices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("link_way", sa.String(), nullable=True),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("closed_on_holidays", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_offices")),
    )
    op.create_index(op.f("ix_service_offices_region"), "service_offices", ["region"])
    op.create_table(
        "service_links",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("final_url", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_service_links")),
    )


def downgrade() -> None:
    for table in (
        "service_links",
        "service_offices",
        "service_questions",
        "service_fees",
        "service_materials",
        "service_versions",
        "service_items",
    ):
        op.drop_table(table)


def _child_table(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["version_id"], ["service_versions.id"], name=op.f(f"fk_{name}_version_id_service_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "position", name=op.f(f"pk_{name}")),
    )
