"""Dates and times as a schema's format, or the form that its description names, writes them."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from trm_agent.text.dates import parse_date, parse_datetime, parse_time


def _base(now: datetime | None) -> datetime:
    return (now or datetime.now()).replace(second=0, microsecond=0, tzinfo=None)


def read_moment(text: str, kind: Any, now: datetime | None, language: str) -> str | None:
    """ISO 8601; in the time zone of `now`, without one where `now` has none."""
    base = _base(now)
    try:
        if kind == "date":
            day = parse_date(text, base, language)
            return day.isoformat() if day is not None else None
        if kind == "time":
            clock = parse_time(text, base, language)
            return clock.isoformat() if clock is not None else None
        moment = parse_datetime(text, base, language) if kind == "date-time" else None
        if moment is None:
            return None
        return (moment.astimezone() if now is None else moment.replace(tzinfo=now.tzinfo)).isoformat()
    except OverflowError:
        return None  # beyond the calendar


def write_moment(text: str, form: str, now: datetime | None, language: str) -> str | None:
    """The date or time that a text names, in a form of `strftime`; the form tells day from month."""
    try:
        return datetime.strptime(text, form).strftime(form)
    except ValueError:
        return _written(text, form, _base(now), language)


@lru_cache(maxsize=4096)
def _written(text: str, form: str, base: datetime, language: str) -> str | None:
    moment: date | time | None
    try:
        if "%H" not in form:
            moment = parse_date(text, base, language)
        else:
            moment = parse_datetime(text, base, language) if "%Y" in form else parse_time(text, base, language)
        return moment.strftime(form) if moment is not None else None
    except (OverflowError, ValueError):
        return None  # beyond the calendar
