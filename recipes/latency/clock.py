"""CPU and wall time of a call, and a yardstick that travels between machines.

CPU time is that of all threads of the process. It holds on a busy machine where wall time does not. The yardstick is
the CPU time of one product of two fixed float32 matrices [512, 512] in numpy: a turn of 5.0 yardsticks costs about as
much work on another machine, whatever its milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = 512
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Spent:
    """Milliseconds of one call.

    Attributes:
        cpu: On all threads together.
        wall: By the clock.
    """

    cpu: float
    wall: float


def timed(call: Callable[[], Any]) -> tuple[Any, Spent]:
    """What a call returns, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    out = call()
    return out, Spent(1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall))


def yardstick(times: int = 15) -> float:
    """CPU milliseconds of the fixed product, the median of so many."""
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((SIZE, SIZE)).astype(np.float32) for _ in range(2))
    left @ right
    return float(np.median([timed(lambda: left @ right)[1].cpu for _ in range(times)]))


def interpreted(times: int = 15) -> float:
    """CPU milliseconds of a fixed piece of plain Python, the median of so many: what a product says nothing of.

    Machines differ more in products than in Python, and a turn is half of either.
    """

    def count() -> None:
        seen: dict[str, int] = {}
        for i in range(10_000):
            word = str(i % 997)
            seen[word] = seen.get(word, 0) + len(word)

    return float(np.median([timed(count)[1].cpu for _ in range(times)]))


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    return {f"p{p}": float(np.percentile(values, p)) for p in PERCENTILES}


def summary(spent: Sequence[Spent]) -> dict[str, dict[str, float]]:
    """CPU and wall of some calls."""
    return {"cpu": spread([one.cpu for one in spent]), "wall": spread([one.wall for one in spent])}
