"""The scheduled check of links, inside a serving process: whoever comes first does it, for all workers."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from knowledge_base.dates import today
from knowledge_base.services.catalogue import Catalogue
from knowledge_base.services.links import LinkChecker
from knowledge_base.services.records import LinkState, web_links
from knowledge_base.services.store import ServiceStore

LOOK_EVERY_S = 300.0
_STOP_WITHIN_S = 2.0

_log = logging.getLogger(__name__)


def check_links(
    store: ServiceStore,
    checker: LinkChecker,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[LinkState]:
    """Check every address of what is in use now, keep what was found, and forget addresses no longer used.

    Raises:
        StoreError: If the database refuses.
    """
    snapshot = store.snapshot()
    items = Catalogue(snapshot).items_on(today())
    urls = list(dict.fromkeys(url for item in items for url in web_links(item)))
    states = checker.check(urls, on_progress=on_progress)
    store.record_links(states)
    store.forget_links(urls)
    dead = [state for state in states if state.state == "dead"]
    _log.info("links checked", extra={"links": len(states), "dead": len(dead)})
    return states


class LinkWatch:
    """Has the links checked every so often, in a thread, until `stop`."""

    def __init__(
        self,
        store: ServiceStore,
        checker: LinkChecker,
        *,
        every: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._checker = checker
        self._every = every
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look from now on whether it is time."""
        self._thread = threading.Thread(target=self._run, name="link-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a check under way goes on."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_WITHIN_S)

    def look(self) -> bool:
        """Check if it is time and no other process has taken it upon itself; return whether it was done.

        Raises:
            StoreError: If the database refuses.
        """
        if not self._store.claim_link_check(self._clock(), self._every):
            return False
        check_links(self._store, self._checker)
        return True

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:  # whatever it is, answers go on, and the next look may do better
                _log.exception("links could not be checked")
