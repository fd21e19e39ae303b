"""Decide locally, in milliseconds, what an agent does next: call a tool, or answer.

types, data, text, values → encoder → features → model → decoding, responses → checkpoint → routing → router: what
serves.
training, evaluation, synthesis: what makes and judges weights. utils, convert: raw conversations → samples. errors,
log; testing: tiny real parts for tests.

`Router` and the names around it are loaded on first use, so that importing the package, converting data and
`--help` stay instant.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from trm_agent.errors import (
    CheckpointError,
    DataError,
    EncoderError,
    HistoryError,
    LowConfidenceError,
    ToolError,
    TRMError,
)
from trm_agent.types import Decision, Message, Sample, SlotField, ToolSchema

if TYPE_CHECKING:
    from trm_agent.router import BoundRouter, Router

__all__ = [
    "BoundRouter",
    "CheckpointError",
    "DataError",
    "Decision",
    "EncoderError",
    "HistoryError",
    "LowConfidenceError",
    "Message",
    "Router",
    "Sample",
    "SlotField",
    "TRMError",
    "ToolError",
    "ToolSchema",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("trm-agent")
    if name in ("BoundRouter", "Router"):
        return getattr(import_module("trm_agent.router"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
