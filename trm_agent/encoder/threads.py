"""How many CPU threads a process that serves computes on.

One by default: threads that wait for one another spin, and on cores that have other work a turn then takes six times
the CPU time. A count that somebody chose is left alone.
"""

from __future__ import annotations

import os
import sys
from contextlib import ContextDecorator
from threading import Lock
from typing import Any

VARIABLE = "TRM_THREADS"
_CHOSEN_ELSEWHERE = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class OneBlasThread(ContextDecorator):
    """While at least one turn is decided, numpy multiplies on one thread; afterwards on as many as before.

    OpenBLAS keeps its other threads spinning for some 20 ms after a product that they took part in. A turn's products
    are small and come one after the other, so they would spin for the whole turn and double its CPU time. A count that
    `TRM_THREADS` or a variable of the libraries names is left alone.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._libraries: Any = None
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1 and not any(
                map(os.environ.get, (VARIABLE, "OPENBLAS_NUM_THREADS", *_CHOSEN_ELSEWHERE))
            ):
                self._limit = self._found().limit(limits=1)

    def __exit__(self, *failure: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                self._limit.restore_original_limits()
                self._limit = None

    def _found(self) -> Any:
        if self._libraries is None:
            from threadpoolctl import ThreadpoolController

            self._libraries = ThreadpoolController().select(user_api="blas")
        return self._libraries


one_blas_thread = OneBlasThread()


def chosen_threads(asked: int | None = None) -> int | None:
    """The count that was asked for, or that `TRM_THREADS` names; None where nobody chose one.

    Raises:
        ValueError: It is below 1, or no number.
    """
    value = asked if asked is not None else os.environ.get(VARIABLE) or None
    if value is None:
        return None
    if not str(value).isdecimal() or int(value) < 1:
        raise ValueError(f"threads (or {VARIABLE}) is a number of at least 1, got {value!r}")
    return int(value)


def settle_threads(asked: int | None = None) -> None:
    """Make torch compute on the threads chosen; on one where nobody chose and torch is loaded here for the first time.

    So a count is left alone that `OMP_NUM_THREADS` or `MKL_NUM_THREADS` names, or that a process may have set which had
    imported torch before.

    Raises:
        ValueError: See `chosen_threads`.
    """
    count = chosen_threads(asked)
    if asked is None and "torch" in sys.modules:
        return
    if count is None and any(os.environ.get(name) for name in _CHOSEN_ELSEWHERE):
        return
    import torch

    torch.set_num_threads(count or 1)
