"""The exception tree.

TRMError
├── DataError            raw conversations, samples or reports that break their format (also a ValueError)
├── ToolError            a tool list that cannot be used (also a ValueError)
├── HistoryError         a conversation that cannot be routed (also a ValueError)
├── EncoderError         encoder weights that cannot be found, or are not the expected ones
├── CheckpointError      a checkpoint folder that is incomplete, altered, or made for another encoder
├── MissingExtraError    a part of the package whose optional dependency is not installed (also an ImportError)
└── LowConfidenceError   a decision below the caller's threshold; carries the decision record
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TRMError(Exception):
    """Whatever this project raises on purpose."""


class DataError(TRMError, ValueError):
    """Data that breaks its format; the message names file and line (or turn)."""


class ToolError(TRMError, ValueError):
    """A tool list that cannot be used."""


class HistoryError(TRMError, ValueError):
    """A conversation that cannot be routed."""


class EncoderError(TRMError):
    """Encoder weights that cannot be found or verified."""


class CheckpointError(TRMError):
    """A checkpoint folder that cannot be trusted or loaded."""


class MissingExtraError(TRMError, ImportError):
    """An optional dependency that is not installed.

    Attributes:
        extra: The extra of the distribution `trm-agent` that installs it.
    """

    def __init__(self, extra: str, needed_by: str, reason: str) -> None:
        self.extra, self.needed_by, self.reason = extra, needed_by, reason
        super().__init__(
            f"{needed_by} needs the `{extra}` extra ({reason}); install it with `uv add 'trm-agent[{extra}]'`, "
            f"or in a clone with `uv sync --extra {extra}`"
        )

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        return type(self), (self.extra, self.needed_by, self.reason)


class LowConfidenceError(TRMError):
    """A decision whose confidence is below the caller's threshold.

    Attributes:
        record: The decision record as plain JSON (`Decision.to_json()`).
        threshold: The threshold it missed.
        measure: What was too low: `confidence` (decision and tool are right) or `call_confidence` (the whole call is);
            `unserved` where no tool on offer serves what the user wants.
    """

    def __init__(self, record: dict[str, Any], threshold: float, measure: str = "confidence") -> None:
        self.record = record
        self.threshold = threshold
        self.measure = measure
        if measure == "unserved":
            super().__init__("no tool on offer serves what the user wants; a larger model should take this turn")
            return
        super().__init__(
            f"{measure} {record[measure]:.3f} is below min_{measure} {threshold:g} "
            f"(decision {record['decision']!r}, tool {record['tool']!r}); a larger model should take this turn"
        )

    def __reduce__(self) -> tuple[type[LowConfidenceError], tuple[dict[str, Any], float, str]]:
        return type(self), (self.record, self.threshold, self.measure)


@contextmanager
def requires_extra(extra: str, needed_by: str) -> Iterator[None]:
    """Import optional dependencies inside this block.

    Args:
        extra: The extra that installs them.
        needed_by: What cannot work without them; the message begins with it.

    Raises:
        MissingExtraError: One of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(extra, needed_by, str(error)) from error
