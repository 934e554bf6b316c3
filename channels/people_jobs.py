"""What a serving process does about people by itself: the queue, overdue tickets, deliveries, reminders."""

import logging
from collections.abc import Awaitable, Callable

import anyio
from anyio import to_thread

from channels.reception import Reception

SWEEP_S = 3.0
DELIVER_S = 5.0
ESCALATE_S = 300.0
REMIND_S = 600.0

log = logging.getLogger(__name__)


async def tend_people(reception: Reception) -> None:
    """Work on until cancelled. Every process does; each piece of work is done by one of them."""
    people = reception.people

    async def sweep() -> None:
        reception.ring_swept(await to_thread.run_sync(people.sweep))

    async def escalate() -> None:
        await to_thread.run_sync(people.escalate)

    async def deliver() -> None:
        await to_thread.run_sync(people.deliver)

    async def remind() -> None:
        for conversation_id in await to_thread.run_sync(reception.profiles.tend):
            reception.bells.ring(conversation_id)

    async with anyio.create_task_group() as jobs:
        jobs.start_soon(_every, SWEEP_S, sweep)
        jobs.start_soon(_every, ESCALATE_S, escalate)
        jobs.start_soon(_every, REMIND_S, remind)
        if people.courier is not None:
            jobs.start_soon(_every, DELIVER_S, deliver)


async def _every(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await job()
        except Exception:  # the database may be away for a while; the next round tries again
            log.exception("job failed", extra={"job": job.__name__})
        await anyio.sleep(seconds)
