"""What a serving process does about people by itself: the queue, overdue tickets, deliveries."""

import logging
import time
from collections.abc import Callable

import anyio
from anyio import to_thread

from channels.reception import Reception

SWEEP_S = 3.0
DELIVER_S = 5.0
ESCALATE_S = 300.0

log = logging.getLogger(__name__)


async def tend_people(reception: Reception) -> None:
    """Work on until cancelled. Every process does; each piece of work is done by one of them."""
    people = reception.people

    def sweep() -> None:
        swept.extend(people.sweep())

    jobs: list[tuple[Callable[[], None], float]] = [(sweep, SWEEP_S), (people.escalate, ESCALATE_S)]
    if people.courier is not None:
        jobs.append((people.deliver, DELIVER_S))
    due = [0.0] * len(jobs)
    while True:
        for at, (job, every_s) in enumerate(jobs):
            if time.monotonic() < due[at]:
                continue
            swept: list[str] = []
            try:
                await to_thread.run_sync(job)
            except Exception:  # the database may be away for a while; the next round tries again
                log.exception("job failed", extra={"job": job.__name__})
            for conversation_id in swept:
                reception.bells.ring(conversation_id)
            if swept:
                reception.ring_desk()
            due[at] = time.monotonic() + every_s
        await anyio.sleep(1.0)
