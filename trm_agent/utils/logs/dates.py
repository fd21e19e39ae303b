"""When the conversations of a log took place: what "tomorrow" counts from (`meta.now`).

The first of these that is there: the field that was named, the moment that was given, the format's own record of the
time, the file's time. Times are written as they were said, without their offset; seconds since 1970 are read as UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError

FILE = "file"
_MILLISECONDS = 1e11
"""Seconds since 1970 reach this in the year 5138, milliseconds in 1973."""


@dataclass
class Dates:
    """Dates the conversations of a log, and counts where the dates came from.

    Attributes:
        key: Where a conversation says it: a key, dotted where it is nested; also looked for in its messages.
        now: The moment of all others, ISO 8601; `file` for the time of the file.
        told: Origin → number of conversations.
    """

    key: str | None = None
    now: str | None = None
    told: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> bool:
        """Whether the caller said where dates come from."""
        return self.key is not None or self.now is not None

    def of(self, record: Any, path: Path, stamp: Any = None) -> str:
        """The date of a conversation, ISO 8601; counted in `told`.

        Args:
            record: As the file holds it.
            path: The file.
            stamp: What the format itself records of the time.

        Raises:
            DataError: The field is not there (and no moment is given for those without), or holds no date.
        """
        origin, moment = self.find(record, path, stamp)
        self.told[origin] += 1
        return moment

    def find(self, record: Any, path: Path, stamp: Any = None) -> tuple[str, str]:
        """Where a conversation's date comes from, and the date; see `of`."""
        if self.key is not None:
            found = _field(record, self.key)
            if found is not None:
                return f"the field {self.key!r}", read_moment(found, f"the field {self.key!r}")
            if self.now is None:
                raise DataError(f"no field {self.key!r} with its date; --now dates the conversations that lack it")
        if self.now == FILE or (self.now is None and stamp is None):
            moment = datetime.fromtimestamp(path.stat().st_mtime).replace(microsecond=0).isoformat()
            return "the time of their file", moment
        if self.now is not None:
            return "--now", read_moment(self.now, "--now")
        return "the time that the log records", read_moment(stamp, "its time")

    def summary(self) -> str | None:
        """Where the dates came from, in words; None where no conversation was dated."""
        parts = [f"{count} by {origin}" for origin, count in self.told.most_common()]
        return f"conversations dated: {', '.join(parts)}" if parts else None


def read_moment(value: Any, name: str) -> str:
    """A date as logs write it, in ISO 8601 without offset.

    Args:
        value: ISO 8601, or seconds or milliseconds since 1970.
        name: Of what holds it, for errors.

    Raises:
        DataError: It is something else.
    """
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdecimal():
            return datetime.fromisoformat(value.strip()).replace(tzinfo=None, microsecond=0).isoformat()
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            seconds = float(value)
            seconds = seconds / 1000 if seconds > _MILLISECONDS else seconds
            return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None, microsecond=0).isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    raise DataError(f"{name} is {value!r:.60}; expected a date in ISO 8601 (2026-03-14T09:30) or seconds since 1970")


def _field(record: Any, name: str) -> Any:
    """The field of a record, else of the first of its messages that has it."""
    if isinstance(record, Mapping):
        inner: Any = record
        for part in name.split("."):
            inner = inner.get(part) if isinstance(inner, Mapping) else None
        found = record.get(name, inner)
        return found if found is not None else _field(record.get("messages") or record.get("conversations"), name)
    items = [item for item in record if isinstance(item, Mapping)] if isinstance(record, list) else []
    return next((found for item in items if (found := _field(item, name)) is not None), None)
