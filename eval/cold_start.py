"""From a process that does not exist to its first answer, measured from outside and from inside.

`python -m eval.cold_start DATA_DIR QUESTION` opens the service, answers, and prints one line of JSON.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.settings import Settings, read_settings
from knowledge_base.errors import WenzhengError

TIMEOUT_S = 600
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What the started process saw.

    Attributes:
        answered_at: Unix time of the first answer, in seconds.
        open_s: From its first line to a service that is open; `answer_s` from there to the answer.
        resident_mib: Memory held after the answer; `peak_mib` the most it held until then.
    """

    answered_at: float
    open_s: float
    answer_s: float
    resident_mib: float
    peak_mib: float
    status: str


@dataclass(frozen=True, slots=True)
class ColdStart:
    """`total_s` runs from starting the process to its first answer; the files may be in the page cache."""

    total_s: float
    inside: FirstAnswer


class ColdStartError(WenzhengError):
    """The process that should have answered ended without an answer."""


def measure_cold_start(settings: Settings, question: str) -> ColdStart:
    """Start a process on the data directory of `settings`, filled before, and wait for its first answer.

    Raises:
        ColdStartError: If it ends otherwise; shows the last line it wrote.
    """
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "eval.cold_start", str(settings.data_dir.resolve()), question]
    begun = time.time()
    try:
        done = subprocess.run(  # noqa: S603
            command,
            env=os.environ | {"PYTHONPATH": path, "WENZHENG_DATABASE_URL": settings.database_url},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ColdStartError(f"cold start: no answer in {TIMEOUT_S} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ColdStartError(f"cold start: exit code {done.returncode}: {last}")
    seen = FirstAnswer(**json.loads(done.stdout.strip().splitlines()[-1]))
    return ColdStart(seen.answered_at - begun, seen)


def _start(data_dir: Path, question: str) -> FirstAnswer:
    begun = time.perf_counter()
    settings = read_settings(data_dir)
    from bot.answer import Question
    from bot.assembly import open_service

    service = open_service(settings)
    opened = time.perf_counter()
    answer = service.consultation.answer(Question(question=question))
    answered, answered_at = time.perf_counter(), time.time()
    resident, peak = _memory_mib()
    service.close()
    return FirstAnswer(answered_at, opened - begun, answered - opened, resident, peak, answer.status.value)


def _memory_mib() -> tuple[float, float]:
    import resource

    import psutil

    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return psutil.Process().memory_info().rss / 2**20, peak_kib / 2**10


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_start(Path(sys.argv[1]), sys.argv[2]))) + "\n")
