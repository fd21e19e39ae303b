"""Dates and times as a schema's format, or the form that its description names, writes them."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from trm_agent.text.dates import parse_date, parse_datetime, parse_time


def moment_base(now: datetime | None) -> datetime:
    """What relative days and times count from: by default the present."""
    return (now or datetime.now()).replace(second=0, microsecond=0, tzinfo=None)


def read_moment(
    text: str, kind: Any, now: datetime | None, language: str, past: bool | None = None, last: bool | None = None
) -> str | None:
    """ISO 8601; in the time zone of `now`, without one where `now` has none; `past` and `last` as in `text.dates`."""
    base = moment_base(now)
    try:
        if kind == "date":
            day = parse_date(text, base, language, past=past, last=last)
            return day.isoformat() if day is not None else None
        if kind == "time":
            clock = parse_time(text, base, language, last=last)
            return clock.isoformat() if clock is not None else None
        if kind != "date-time" or (moment := parse_datetime(text, base, language, past=past, last=last)) is None:
            return None
        return (moment.astimezone() if now is None else moment.replace(tzinfo=now.tzinfo)).isoformat()
    except OverflowError:
        return None  # beyond the calendar


def write_moment(
    text: str, form: str, now: datetime | None, language: str, past: bool | None = None, last: bool | None = None
) -> str | None:
    """The date or time that a text names, in a form of `strftime`; the form tells day from month."""
    try:
        return datetime.strptime(text, form).strftime(form)
    except ValueError:
        return _written(text, form, moment_base(now), language, past, last)


@lru_cache(maxsize=4096)
def _written(text: str, form: str, base: datetime, language: str, past: bool | None, last: bool | None) -> str | None:
    moment: date | time | None
    try:
        if "%H" not in form:
            moment = parse_date(text, base, language, past=past, last=last)
        elif "%Y" in form:
            moment = parse_datetime(text, base, language, past=past, last=last)
        else:
            moment = parse_time(text, base, language, last=last)
        return moment.strftime(form) if moment is not None else None
    except (OverflowError, ValueError):
        return None  # beyond the calendar
