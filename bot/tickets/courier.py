"""Delivers the outbox to the other system (a 12345 platform): signed, until taken, in order per ticket.

A delivery is taken out for `LEASE_S`, sent without holding the database, and marked; one whose process died
in between goes out again under the same `delivery`, by which the receiver knows it. A later delivery about
a ticket waits for the earlier ones.
"""

import json
import logging
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import urllib3
from pydantic import JsonValue
from sqlalchemy import Engine, exists, select, update
from sqlalchemy.orm import Session, aliased

from bot.sealing import Seal
from bot.tickets.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from bot.tickets.tables import TicketRow, WebhookOutRow
from knowledge_base.dates import utc_now

TIMEOUT_S = 10.0
LEASE_S = 60.0
FIRST_RETRY_S, LONGEST_RETRY_S = 10.0, 3600.0
_LONGEST_ERROR_CHARS = 300

_log = logging.getLogger(__name__)


class Post(Protocol):
    """Sends a body to the other system and returns the HTTP status."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int: ...


class Courier:
    """One process's courier; any number may work on one outbox."""

    def __init__(
        self,
        engine: Engine,
        *,
        url: str,
        secret: str,
        seal: Seal | None = None,
        post: Post | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """With a `seal`, contacts that were consented to go along."""
        self._engine = engine
        self._url = url
        self._secret = secret
        self._seal = seal
        self._post = post or _PoolPost()
        self._clock = clock

    def deliver(self, *, most: int = 100) -> int:
        """Send what is due; returns how many deliveries were taken by the other system."""
        taken = 0
        for _ in range(most):
            row = self._take_out()
            if row is None:
                break
            taken += self._send(row)
        return taken

    def _take_out(self) -> WebhookOutRow | None:
        now = self._clock()
        earlier = aliased(WebhookOutRow)
        waits = exists().where(
            earlier.ticket_id == WebhookOutRow.ticket_id,
            earlier.id < WebhookOutRow.id,
            earlier.sent_at.is_(None),
        )
        wanted = (
            select(WebhookOutRow.id)
            .where(WebhookOutRow.sent_at.is_(None), WebhookOutRow.next_at <= now, ~waits)
            .order_by(WebhookOutRow.id)
            .limit(1)
        )
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            due = session.scalar(wanted)
            if due is None:
                return None
            # Asked for again under the lock: another process may have taken it out since.
            return session.scalar(
                update(WebhookOutRow)
                .where(WebhookOutRow.id == due, WebhookOutRow.sent_at.is_(None), WebhookOutRow.next_at <= now)
                .values(next_at=now + timedelta(seconds=LEASE_S), attempts=WebhookOutRow.attempts + 1)
                .returning(WebhookOutRow)
            )

    def _send(self, row: WebhookOutRow) -> bool:
        body = json.dumps(self._body(row), ensure_ascii=False).encode()
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign(self._secret, timestamp, body),
        }
        try:
            status = self._post(self._url, body, headers)
            error = "" if 200 <= status < 300 else f"HTTP {status}"
        except Exception as fault:  # whatever it is, the delivery stays
            error = f"{type(fault).__name__}: {fault}"[:_LONGEST_ERROR_CHARS]
        values: dict[str, object] = {"error": error}
        if error:
            values["next_at"] = self._clock() + timedelta(seconds=retry_after_s(row.attempts))
            _log.warning(
                "webhook not taken", extra={"delivery": row.id, "attempt": row.attempts, "reason": error}
            )
        else:
            values["sent_at"] = self._clock()
        with Session(self._engine) as session, session.begin():
            session.execute(update(WebhookOutRow).where(WebhookOutRow.id == row.id).values(**values))
        return not error

    def _body(self, row: WebhookOutRow) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {"delivery": str(row.id), **row.payload}
        if self._seal is not None:
            with Session(self._engine) as session:
                sealed = session.scalar(select(TicketRow.contact).where(TicketRow.id == row.ticket_id))
            if sealed:
                body["contact"] = self._seal.open(sealed)
        return body


def retry_after_s(attempts: int) -> float:
    """Return how long to wait after so many attempts: doubling from 10 s to an hour, up to a tenth more."""
    wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts - 1, 20))
    return wait_s * (1 + random.random() / 10)  # noqa: S311


class _PoolPost:
    """Posts by urllib3; a redirect counts as a refusal, so that nothing goes where it was not meant to."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(timeout=TIMEOUT_S, retries=False)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return self._pool.request("POST", url, body=body, headers=dict(headers), redirect=False).status
