"""From draft to published and out again: who may move an edition where, recorded.

    draft -> in_review -> published -> withdrawn
      ^----------'            ^-----------'  by rolling back only

An edition is a main text's version with its 附件, which follow it. Only published editions are settled
(`knowledge_base.settling`): a draft ends and replaces nothing, and when an edition is withdrawn, what it had
ended or replaced is back as the law of the words says. Each move is one transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge_base.database import EditionRow, TransitionRow
from knowledge_base.editions import Edition, Editions, edition_of, illegal, number_of, pick, rows_of
from knowledge_base.errors import UnknownEdition
from knowledge_base.records import EditionState
from knowledge_base.revision import raise_revision, take_turn
from knowledge_base.settling import settle

_DRAFT, _IN_REVIEW, _PUBLISHED, _WITHDRAWN = EditionState


class Lifecycle(Editions):
    """Moves editions of one knowledge base. Safe to share between threads.

    Where no version number is given, the newest edition in a state that allows the move is meant. Every
    move raises IllegalTransition if it is not allowed, beside what reading raises.
    """

    def submit(self, document: str, number: int | None = None, *, by: str, note: str = "") -> Edition:
        """Hand a draft in for review."""
        with self._moving() as session:
            edition = pick(rows_of(session, document), number, (_DRAFT,), _IN_REVIEW)
            _move(session, edition, _IN_REVIEW, by, note)
            return edition_of(session, edition)

    def send_back(self, document: str, number: int | None = None, *, by: str, note: str = "") -> Edition:
        """Make a reviewed edition a draft again."""
        with self._moving() as session:
            edition = pick(rows_of(session, document), number, (_IN_REVIEW,), _DRAFT)
            _move(session, edition, _DRAFT, by, note)
            return edition_of(session, edition)

    def publish(
        self,
        document: str,
        number: int | None = None,
        *,
        by: str,
        note: str = "",
        on: date | None = None,
        until: date | None = None,
    ) -> Edition:
        """Publish a reviewed edition; until it is shown, the one before goes on answering.

        One that is published already may be given other days.

        Args:
            on: First day it is shown, from 00:00 in Asia/Shanghai; None is now.
            until: First day it is no longer shown; nothing comes back for it, as when a term ends.

        Raises:
            ValueError: If it would leave before it is shown.
        """
        day = self._clock()
        on = on if on and on > day else None
        if until is not None and until <= (on or day):
            raise ValueError(f"leaves on {until}, which is not after {on or day}, the day it is shown")
        with self._moving() as session:
            rows = rows_of(session, document)
            allowed = (_IN_REVIEW,) if number is None else (_IN_REVIEW, _PUBLISHED)
            edition = pick(rows, number, allowed, _PUBLISHED)
            if (edition.state, edition.publish_on, edition.leave_on) == (_PUBLISHED, on, until):
                raise illegal(edition, number_of(rows, edition), _PUBLISHED, "日期没有变化")
            newest = next((row for row in rows if row[0].state == _PUBLISHED), None)
            if edition.state != _PUBLISHED and newest and newest[1].number > number_of(rows, edition):
                reason = f"第 {newest[1].number} 版比它新，已经公开；请重新收入成新的草稿"
                raise illegal(edition, number_of(rows, edition), _PUBLISHED, reason)
            edition.publish_on, edition.leave_on = on, until
            days = [f"{on} 起公开" if on else "", f"{until} 起不再公开" if until else ""]
            _move(session, edition, _PUBLISHED, by, "；".join(filter(None, [*days, note])))
            _settle(session)
            return edition_of(session, edition)

    def withdraw(self, document: str, number: int | None = None, *, by: str, note: str = "") -> Edition:
        """Take a published edition out of every answer, or drop one that never was published."""
        with self._moving() as session:
            rows = rows_of(session, document)
            allowed = (_PUBLISHED,) if number is None else (_DRAFT, _IN_REVIEW, _PUBLISHED)
            edition = pick(rows, number, allowed, _WITHDRAWN)
            was_published = edition.state == _PUBLISHED
            _move(session, edition, _WITHDRAWN, by, note)
            if was_published:
                _settle(session)
            return edition_of(session, edition)

    def roll_back(self, document: str, to: int | None = None, *, by: str, note: str = "") -> Edition:
        """Bring an edition that was published before back as the newest: later ones are withdrawn.

        Rolling back to a later edition undoes it.

        Args:
            to: Version number; by default that published before the newest published one.
        """
        with self._moving() as session:
            rows = rows_of(session, document)
            once = [row for row in rows if _was_published(session, row[0])]
            newest = next((row for row in rows if row[0].state == _PUBLISHED), None)
            if to is None:
                earlier = [row for row in once if newest is None or row[1].number < newest[1].number]
                if not earlier:
                    raise UnknownEdition(f"{document}：没有更早公开过的版本可以回退")
                to = earlier[0][1].number
            edition = pick(rows, to, tuple(EditionState))
            if all(row[0] is not edition for row in once):
                raise illegal(edition, to, _PUBLISHED, "它没有公开过，请走提交和公开")
            if newest and newest[0] is edition:
                raise illegal(edition, to, _PUBLISHED, "它就是现在公开的最新版本")
            said = "；".join(filter(None, [f"回退到第 {to} 版", note]))
            for other, version, _ in rows:
                if version.number > to and other.state == _PUBLISHED:
                    _move(session, other, _WITHDRAWN, by, said)
            edition.publish_on = edition.leave_on = None
            _move(session, edition, _PUBLISHED, by, said)
            _settle(session)
            return edition_of(session, edition)

    @contextmanager
    def _moving(self) -> Iterator[Session]:
        with self._session() as session, session.begin():
            take_turn(session)
            yield session


def _move(session: Session, edition: EditionRow, after: EditionState, by: str, note: str) -> None:
    session.add(
        TransitionRow(
            edition_id=edition.version_id,
            actor=by,
            from_state=edition.state,
            to_state=after.value,
            note=note,
        )
    )
    edition.state = after.value
    session.flush()


def _settle(session: Session) -> None:
    settle(session)
    raise_revision(session)
    session.flush()


def _was_published(session: Session, edition: EditionRow) -> bool:
    moves = select(TransitionRow.id).filter_by(edition_id=edition.version_id, to_state=_PUBLISHED)
    return session.scalar(moves.limit(1)) is not None
