"""What operators did about unanswered questions, and what people answered"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("faq_changes", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "question_marks",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("faq_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_question_marks_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["faq_id"], ["faqs.id"], name=op.f("fk_question_marks_faq_id_faqs")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_question_marks")),
    )
    op.create_table(
        "person_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("joined_id", sa.Integer(), nullable=True),
        sa.Column("faq_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_person_answers_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["joined_id"],
            ["person_answers.id"],
            name=op.f("fk_person_answers_joined_id_person_answers"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["faq_id"], ["faqs.id"], name=op.f("fk_person_answers_faq_id_faqs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_answers")),
        sa.UniqueConstraint("origin", name=op.f("uq_person_answers_origin")),
    )
    for column in ("conversation_id", "state"):
        op.create_index(op.f(f"ix_person_answers_{column}"), "person_answers", [column])


def downgrade() -> None:
    for column in ("state", "conversation_id"):
        op.drop_index(op.f(f"ix_person_answers_{column}"), table_name="person_answers")
    op.drop_table("person_answers")
    op.drop_table("question_marks")
    op.drop_column("faq_changes", "note")
