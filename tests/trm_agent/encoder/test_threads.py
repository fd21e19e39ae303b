"""A process that serves computes on one thread, unless somebody chose otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from trm_agent.encoder.threads import OneBlasThread, chosen_threads

SERVE = """
import trm_agent.router
from trm_agent.encoder.threads import settle_threads
settle_threads()
import torch
print(torch.get_num_threads())
"""


def threads_of(script: str, **environment: str) -> int:
    chosen = {key: value for key, value in os.environ.items() if key not in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=chosen | environment
    )
    return int(ran.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "environment", "expected"),
    [
        (SERVE, {}, 1),
        (SERVE, {"TRM_THREADS": "3"}, 3),
        (SERVE, {"OMP_NUM_THREADS": "2"}, min(2, os.cpu_count() or 1)),
        (f"import torch\ntorch.set_num_threads(3)\n{SERVE}", {}, 3),
    ],
)
def test_one_thread_unless_somebody_chose(script: str, environment: dict[str, str], expected: int) -> None:
    assert threads_of(script, **environment) == expected


def test_what_was_asked_for_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_THREADS", "3")
    assert (chosen_threads(2), chosen_threads()) == (2, 3)
    monkeypatch.delenv("TRM_THREADS")
    assert chosen_threads() is None


@pytest.mark.parametrize("value", ["0", "many", "-1", "1.5"])
def test_a_count_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_THREADS", value)
    with pytest.raises(ValueError, match=f"at least 1, got {value!r}"):
        chosen_threads()


def blas_threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))  # so that its library is there
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_numpy_multiplies_on_one_thread_while_any_turn_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    turn = OneBlasThread()
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with turn:
            with turn:
                assert blas_threads() == {1}
            assert blas_threads() == {1}
        assert blas_threads() == before


def test_numpy_keeps_a_count_that_somebody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with OneBlasThread():
            assert blas_threads() == before
