"""The race proof of the desk: several processes, many agents and citizens on one database.

Each worker process runs its share of the agents, each in a thread that claims, talks, sometimes transfers and
sometimes falls dead, lets its share of the citizens ask, and sweeps, as serving processes do. Afterwards the
record is judged (`eval.desk_judging`), which is written in the same transactions as the deeds.
"""

import multiprocessing
import random
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event, Semaphore
from queue import Empty

from bot.conversations import Conversations
from bot.desk.agents import Agents, SignOn
from bot.desk.desk import Desk
from bot.desk.front import FrontDesk
from bot.desk.handover import Handover, Need, Skills
from bot.desk.hours import OpeningHours, read_spans
from bot.desk.sweeping import Patience, sweep
from eval.desk_judging import DeskResult, judge_desk
from knowledge_base.database import connect, open_database
from knowledge_base.errors import IllegalHandover, WenzhengError

DEPARTMENTS = ("社保", "医保", "公积金", "户籍", "不动产")
REGIONS = ("云岭省/云州市", "云岭省/云州市/青岚县", "云岭省/海州市")
# Short, so that a run of a minute sees agents lost and found.
LOST_S = 4.0
SWEEP_S = 0.5
_START_TIMEOUT_S = 120.0
_TRANSFERRED, _DEAD = 0.1, 0.05


class DeskRunError(WenzhengError):
    """A process of the run did not start, or not everybody was served in time."""


def run_desk(
    url: str,
    *,
    agents: int = 50,
    citizens: int = 500,
    workers: int = 2,
    talk_s: float = 0.2,
    timeout_s: float = 600.0,
    seed: int = 0,
) -> DeskResult:
    """Let `workers` processes loose on one new database, until every citizen was served.

    Args:
        url: SQLAlchemy URL of an empty database.
        talk_s: What a talk lasts on average.

    Raises:
        DeskRunError: If a process does not start, or citizens still wait after `timeout_s`.
    """
    engine = open_database(url)
    skills = {f"坐席{n:03d}": skills_of(n) for n in range(agents)}
    register = Agents(engine)
    tokens = {
        name: register.add(name, each, capacity=1 + n % 3)[1] for n, (name, each) in enumerate(skills.items())
    }
    context = multiprocessing.get_context("forkserver")
    stop, ready, told = context.Event(), context.Semaphore(0), context.Queue()
    names = list(tokens)
    processes = [
        context.Process(
            target=_work,
            args=(
                url,
                _Share(
                    {name: tokens[name] for name in names[n::workers]},
                    len(range(n, citizens, workers)),
                    talk_s,
                    seed * 1000 + n,
                ),
                stop,
                ready,
                told,
            ),
        )
        for n in range(workers)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        if not ready.acquire(timeout=_START_TIMEOUT_S):
            raise DeskRunError(f"not all processes started in {_START_TIMEOUT_S:.0f} s")
    begun_s = time.monotonic()
    served = _wait_until_served(Desk(engine), told, workers, begun_s + timeout_s)
    seconds = time.monotonic() - begun_s
    stop.set()
    faults = [] if served else [f"not everybody was served in {timeout_s:.0f} s"]
    for _ in processes:
        try:
            faults += told.get(timeout=_START_TIMEOUT_S)
        except Empty as error:
            raise DeskRunError("a process did not end") from error
    for process in processes:
        process.join(_START_TIMEOUT_S)
    result = judge_desk(engine, skills, seconds=seconds, citizens=citizens, workers=workers, seed=seed)
    engine.dispose()
    result.faults[:0] = faults
    return result


def skills_of(number: int) -> Skills:
    """Return the skills of the n-th agent: every fifth takes everything, so that nothing is nobody's."""
    if number % 5 == 0:
        return Skills()
    departments = tuple(DEPARTMENTS[(number + step) % len(DEPARTMENTS)] for step in range(1 + number % 2))
    return Skills(departments, () if number % 3 else REGIONS[:1])


def _wait_until_served(desk: Desk, told: "Queue[list[str]]", workers: int, until_s: float) -> bool:
    """Return once all have asked, which each worker tells, and none waits or talks."""
    for _ in range(workers):
        told.get(timeout=max(1.0, until_s - time.monotonic()))
    while time.monotonic() < until_s:
        if not desk.queue().waiting and not desk.talking():
            return True
        time.sleep(0.2)
    return False


@dataclass(frozen=True, slots=True)
class _Share:
    """What one worker does: its agents with their tokens, and how many citizens it lets ask."""

    tokens: Mapping[str, str]
    citizens: int
    talk_s: float
    seed: int


def _work(url: str, share: _Share, stop: Event, ready: Semaphore, told: "Queue[list[str]]") -> None:
    faults: list[str] = []
    engine = connect(url)
    desk = Desk(engine, lost_s=LOST_S)
    front = FrontDesk(desk, OpeningHours(read_spans(("00:00-24:00",)), True), 10**6, ("咨询",))
    # Nobody is silent or idle here: what is looked for are races.
    patience = Patience(silent_s=1e6, idle_s=1e6, left_s=1e6, long_wait_s=1e6)

    def guarded(act: Callable[..., None], *args: object) -> None:
        try:
            act(*args)
        except Exception:
            faults.append(traceback.format_exc())

    def sweep_on() -> None:
        while not stop.is_set():
            sweep(front, patience)
            time.sleep(SWEEP_S)

    with ThreadPoolExecutor(len(share.tokens) + 2) as pool:
        for n, token in enumerate(share.tokens.values()):
            agent = _Agent(desk, Agents(engine, lost_s=LOST_S), token, share.talk_s, share.seed + 100 * n)
            pool.submit(guarded, agent.work_until, stop)
        pool.submit(guarded, sweep_on)
        ready.release()
        guarded(_let_ask, Conversations(engine), desk, share.citizens, share.seed)
        told.put([])
        stop.wait()
    engine.dispose()
    told.put(faults)


def _let_ask(conversations: Conversations, desk: Desk, citizens: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    for n in range(citizens):
        conversation, _ = conversations.open()
        need = Need(rng.choice(("", *DEPARTMENTS)), rng.choice(("", *REGIONS)))
        # Now and then both a tap and a typed wish arrive, at the same moment.
        calls = [
            threading.Thread(target=desk.ask, args=(conversation.id, need), kwargs={"reason": "asked"})
            for _ in range(1 + (n % 10 == 0))
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        desk.citizen_says(conversation.id, "1", f"我是第 {n} 位")


class _Agent:
    """An agent who claims, talks, sometimes transfers, and sometimes falls dead until given up."""

    def __init__(self, desk: Desk, agents: Agents, token: str, talk_s: float, seed: int) -> None:
        self._desk = desk
        self._agents = agents
        self._token = token
        self._talk_s = talk_s
        self._rng = random.Random(seed)  # noqa: S311
        self._said = 0

    def work_until(self, stop: Event) -> None:
        on = self._sign_on()
        renewed_s = time.monotonic()
        hands: list[tuple[float, Handover]] = []
        while not stop.is_set():
            if time.monotonic() - renewed_s > LOST_S / 4:
                if self._agents.renew(on) is None:
                    on, hands = self._sign_on(), []
                renewed_s = time.monotonic()
            taken = self._desk.claim(on)
            if taken is not None:
                hands.append((time.monotonic() + self._rng.uniform(0, 2 * self._talk_s), taken))
                self._say(on, taken)
                if self._rng.random() < _DEAD:
                    stop.wait(LOST_S * 2)  # no sign of life, so what is at hand is taken back
                    continue
            hands = [(until_s, each) for until_s, each in hands if not self._done(on, until_s, each)]
            stop.wait(0.05)

    def _sign_on(self) -> SignOn:
        on = self._agents.sign_on(self._token)
        if on is None:
            raise DeskRunError("an agent's token was not taken")
        return on

    def _say(self, on: SignOn, handover: Handover) -> None:
        self._said += 1
        with suppress(IllegalHandover):  # taken back meanwhile, which the record must bear out
            self._desk.agent_says(on.agent.id, handover.id, f"{on.agent.name}-{self._said}", "您好")

    def _done(self, on: SignOn, until_s: float, handover: Handover) -> bool:
        if time.monotonic() < until_s:
            return False
        with suppress(IllegalHandover):
            if self._rng.random() < _TRANSFERRED:
                self._desk.transfer(on.agent.id, handover.id, self._rng.choice(DEPARTMENTS))
            else:
                self._desk.end(on.agent.id, handover.id)
        return True
