"""Life events, and where a conversation stands"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "life_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_events")),
        sa.UniqueConstraint("code", name=op.f("uq_life_events_code")),
    )
    op.create_table(
        "life_event_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["life_events.id"], name=op.f("fk_life_event_versions_event_id_life_events")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_event_versions")),
        sa.UniqueConstraint("event_id", "number", name=op.f("uq_life_event_versions_event_id")),
    )
    op.create_index(op.f("ix_life_event_versions_event_id"), "life_event_versions", ["event_id"])
    op.add_column("conversations", sa.Column("dialogue_state", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("conversations", "dialogue_state")
    op.drop_index(op.f("ix_life_event_versions_event_id"), table_name="life_event_versions")
    op.drop_table("life_event_versions")
    op.drop_table("life_events")
