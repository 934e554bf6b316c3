"""Editions: what is drafted, reviewed, published and withdrawn as one, and who moved it when

Every version there was is published. A 附件's version joins every main text's version it stood beside:
those whose time as the newest overlaps its own.
"""

from collections import defaultdict
from itertools import pairwise

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "editions",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("publish_on", sa.Date(), nullable=True),
        sa.Column("leave_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_editions_version_id_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_editions")),
    )
    op.create_table(
        "edition_parts",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.version_id"], name=op.f("fk_edition_parts_edition_id_editions")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_edition_parts_version_id_versions")
        ),
        sa.PrimaryKeyConstraint("edition_id", "version_id", name=op.f("pk_edition_parts")),
    )
    op.create_index(op.f("ix_edition_parts_version_id"), "edition_parts", ["version_id"])
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.version_id"], name=op.f("fk_transitions_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
    )
    op.create_index(op.f("ix_transitions_edition_id"), "transitions", ["edition_id"])
    _adopt()


def _adopt() -> None:
    connection = op.get_bind()
    documents = sa.table("documents", sa.column("id"), sa.column("parent_id"))
    versions = sa.table(
        "versions",
        sa.column("id"),
        sa.column("document_id"),
        sa.column("number"),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    rows = connection.execute(
        sa.select(versions.c.id, versions.c.document_id, versions.c.created_at, documents.c.parent_id)
        .join(documents, documents.c.id == versions.c.document_id)
        .order_by(versions.c.document_id, versions.c.number)
    ).all()
    mains = [row for row in rows if row.parent_id is None]
    if not mains:
        return
    editions = sa.table("editions", sa.column("version_id"), sa.column("state"))
    transitions = sa.table(
        "transitions",
        *(sa.column(name) for name in ("edition_id", "actor", "from_state", "to_state", "note")),
        sa.column("at", sa.DateTime(timezone=True)),
    )
    op.bulk_insert(editions, [{"version_id": row.id, "state": "published"} for row in mains])
    landed = {"actor": "", "from_state": "", "to_state": "published", "note": ""}
    op.bulk_insert(transitions, [{"edition_id": row.id, "at": row.created_at, **landed} for row in mains])
    followed = {
        earlier.id: later.created_at
        for earlier, later in pairwise(rows)
        if earlier.document_id == later.document_id
    }
    of_document = defaultdict(list)
    for main in mains:
        of_document[main.document_id].append(main)
    beside = [
        {"edition_id": main.id, "version_id": part.id}
        for part in rows
        if part.parent_id is not None
        for main in of_document[part.parent_id]
        if (part.id not in followed or main.created_at < followed[part.id])
        and (main.id not in followed or part.created_at < followed[main.id])
    ]
    if beside:
        parts = sa.table("edition_parts", sa.column("edition_id"), sa.column("version_id"))
        op.bulk_insert(parts, beside)


def downgrade() -> None:
    op.drop_table("transitions")
    op.drop_table("edition_parts")
    op.drop_table("editions")
