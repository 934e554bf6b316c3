"""Which stored versions a citizen may be shown today: SQL conditions and the rule for what was withdrawn."""

from datetime import date

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from knowledge_base.database import EditionPartRow, EditionRow, TransitionRow, belongs
from knowledge_base.dates import SHANGHAI
from knowledge_base.records import EditionState


def may_show(today: date) -> ColumnElement[bool]:
    """Return the condition that a version may be shown: published, and its day has come.

    A 附件 that its file lost by a correction belongs to no edition; nobody withdrew it.
    """
    come = EditionRow.publish_on.is_(None) | (EditionRow.publish_on <= today)
    return belongs(EditionRow.state == EditionState.PUBLISHED, come) | ~belongs(true())


def is_past_review() -> ColumnElement[bool]:
    """Return the condition that a version is not merely somebody's draft."""
    pending = EditionRow.state.in_((EditionState.DRAFT, EditionState.IN_REVIEW))
    return belongs(~pending) | ~belongs(pending)


def was_shown(session: Session, version_id: int) -> bool:
    """Tell whether a version was shown until an operator withdrew it, though it no longer is."""
    editions = select(EditionRow).where(
        (EditionRow.version_id == version_id)
        | EditionRow.version_id.in_(
            select(EditionPartRow.edition_id).where(EditionPartRow.version_id == version_id)
        ),
        EditionRow.state == EditionState.WITHDRAWN,
    )
    return any(_was_shown(session, edition) for edition in session.scalars(editions))


def _was_shown(session: Session, edition: EditionRow) -> bool:
    left = session.scalars(
        select(TransitionRow.at).filter_by(
            edition_id=edition.version_id,
            from_state=EditionState.PUBLISHED,
            to_state=EditionState.WITHDRAWN,
        )
    )
    come = edition.publish_on or date.min
    return any(come <= at.astimezone(SHANGHAI).date() for at in left)
