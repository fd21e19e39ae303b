"""Decisions run in threads, off the event loop; only so many run or wait, and none is waited for without end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from langchain_trm.server.errors import ApiError
from langchain_trm.server.settings import Limits

Result = TypeVar("Result")


class Workers:
    """A bounded pool of threads.

    Args:
        limits: Threads, places to wait, seconds.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="trm-decide")
        self._lock = threading.Lock()
        self._busy = 0

    @property
    def busy(self) -> int:
        """Decisions that run or wait."""
        return self._busy

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a thread.

        A thread cannot be stopped: work that takes too long keeps its place until it is done, and only its answer is
        given up.

        Raises:
            ApiError: Too many are waiting (503), or it took too long (504).
        """
        limits = self._limits
        with self._lock:
            if self._busy >= limits.threads + limits.waiting:
                raise ApiError(503, "too many requests are waiting; try again", "overloaded", retry_after=1)
            self._busy += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), limits.timeout)
        except TimeoutError:
            raise ApiError(504, f"no decision within {limits.timeout:g} s", "timeout") from None

    def close(self) -> None:
        """Let what runs come to its end; what waits is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _leave(self, _: Future[Result]) -> None:
        with self._lock:
            self._busy -= 1
