"""The connection to a Milvus: made on first use and again after a failure, quick to say that it is down."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from knowledge_base.errors import IndexUnavailable, SettingsError

CONNECT_TIMEOUT_S = 5.0
# After a failure, searches do not knock again for this long: each would wait for its time-out.
PAUSE_S = 15.0
# Its own default, a ping every ten seconds on a line at rest, makes a careful server hang up.
_GRPC_OPTIONS = {"grpc.keepalive_time_ms": 60_000, "grpc.keepalive_permit_without_calls": False}

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class MilvusServer:
    """The connection to one Milvus, made on first use and again after a failure. Safe between threads."""

    def __init__(
        self, uri: str, token: str = "", *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.uri = uri
        self._token = token
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._client: Any = None
        self._paused_until = 0.0
        self.trouble = ""

    def call(self, do: Callable[[Any], _T], *, at_once: bool = False) -> _T:
        """Let `do` use the client.

        Args:
            at_once: Give up straight away where the last call failed less than `PAUSE_S` ago.

        Raises:
            IndexUnavailable: If Milvus cannot be reached, or refuses.
            SettingsError: If the package pymilvus is not installed.
        """
        if at_once and not self._may_try():
            raise IndexUnavailable(self.trouble)
        try:
            from grpc import RpcError
            from pymilvus.exceptions import MilvusException
        except ImportError as error:
            raise SettingsError(
                "milvus_uri is set but pymilvus is not installed: pip install 'wenzheng[milvus]'"
            ) from error
        try:
            done = do(self._connected())
        except (MilvusException, RpcError) as error:
            reason = error.message if isinstance(error, MilvusException) else str(error)
            self._client = None
            self._paused_until = self._monotonic_s() + PAUSE_S
            if not self.trouble:
                _log.error("Milvus %s: %s", self.uri, reason)
            self.trouble = f"向量库 Milvus（{self.uri}）不可用：{reason}"
            raise IndexUnavailable(self.trouble) from error
        if self.trouble:
            _log.info("Milvus %s answers again", self.uri)
        self.trouble, self._paused_until = "", 0.0
        return done

    def _may_try(self) -> bool:
        """While Milvus is away, let one caller knock once a pause, so that the others need not wait."""
        with self._lock:
            now_s = self._monotonic_s()
            if now_s < self._paused_until:
                return False
            if self.trouble:
                self._paused_until = now_s + PAUSE_S
            return True

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                from pymilvus import MilvusClient

                # It writes every failure to stderr with its traceback; here each is raised, and logged once.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                self._client = MilvusClient(
                    self.uri, token=self._token, timeout=CONNECT_TIMEOUT_S, grpc_options=_GRPC_OPTIONS
                )
            return self._client
