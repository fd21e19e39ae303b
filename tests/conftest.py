"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def one_torch_thread() -> None:
    """Tests share a small machine; a test that never loads torch does not load it for this."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The hand-written raw conversations."""
    return Path(__file__).parent / "sample_data"
