"""How much one client may ask: counted per connection, and more generously per address.

Many citizens share one address (a service hall, a campus), so an address may ask `NEIGHBOURS` times what
a connection may.
"""

import time
from typing import Final

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from knowledge_base.errors import SettingsError

NEIGHBOURS: Final = 20


LOOK_UPS_PER_NUMBER: Final = "5/minute"
LOOK_UPS_PER_ADDRESS: Final = "60/minute"


class LookUpLimits:
    """How often a ticket may be looked up, so that its code cannot be guessed; of one process, in memory."""

    def __init__(self) -> None:
        self._number = parse(LOOK_UPS_PER_NUMBER)
        self._address = parse(LOOK_UPS_PER_ADDRESS)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait_s(self, *, number: str, address: str) -> float:
        """Count one look-up; return 0.0 if it may go on, else the seconds until the next may."""
        for rate, key in ((self._number, f"number {number.strip().upper()}"), (self._address, address)):
            if not self._limiter.hit(rate, key):
                reset_time = self._limiter.get_window_stats(rate, key).reset_time
                return round(max(1.0, reset_time - time.time()), 1)
        return 0.0


class RateLimits:
    """Counters of one process, in memory."""

    def __init__(self, rate: str) -> None:
        """Take a rate in the notation of `limits`, such as `60/minute`.

        Raises:
            SettingsError: If the notation is wrong.
        """
        try:
            self._rate = parse(rate)
        except ValueError as error:
            raise SettingsError(f"rate_limit {rate!r} is no rate such as '60/minute': {error}") from error
        self._address_rate = type(self._rate)(
            self._rate.amount * NEIGHBOURS, self._rate.multiples, namespace="address"
        )
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait_s(self, *, address: str, connection: str | None = None) -> float:
        """Count one request; return 0.0 if it may go on, else the seconds until the next may."""
        counted = [(self._address_rate, address)]
        if connection is not None:
            counted.insert(0, (self._rate, connection))
        for rate, key in counted:
            if not self._limiter.hit(rate, key):
                reset_time = self._limiter.get_window_stats(rate, key).reset_time
                return round(max(1.0, reset_time - time.time()), 1)
        return 0.0
