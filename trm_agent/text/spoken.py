"""Dates and times of day in words: `2027-03-05T15:00` is "Friday, 5 March at 3 pm".

A year is said where the day lies more than half a year away. `spoken_forms` gives all that may be said of a date, so
that a check of sources knows them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from trm_agent.text.phrases import SPOKEN, phrases

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?")
_DATES = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}")
_CLOCKS = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?!\d)")
_NEAR = timedelta(days=183)


def spoken_moment(text: str, language: str = "en") -> str | None:
    """A date, a time of day or both in ISO form, in words; None for any other text."""
    text = text.strip()
    try:
        if _DATE.fullmatch(text):
            return spoken_date(date.fromisoformat(text), language)
        if _TIME.fullmatch(text):
            hour, minute = (int(part) for part in text.split(":")[:2])
            return spoken_time(time(hour, minute), language)
        if found := _MOMENT.fullmatch(text):
            day, clock = date.fromisoformat(found[1]), time.fromisoformat(found[2])
            if clock == time(0, 0):
                return spoken_date(day, language)
            said = {"date": spoken_date(day, language), "time": spoken_time(clock, language)}
            return str(phrases(language)["moment"]).format(**said)
    except ValueError:
        return None
    return None


def spoken_date(day: date, language: str = "en", *, year: bool | None = None) -> str:
    """A date in words.

    Args:
        day: To be said.
        language: Whose words; English for one without any.
        year: Whether the year is said; None: where the day is not near.
    """
    words = phrases(language)
    far = abs(day - datetime.now().date()) > _NEAR if year is None else year
    return str(words["date_year" if far else "date"]).format(
        weekday=words["weekdays"][day.weekday()], day=day.day, month=words["months"][day.month - 1], year=day.year
    )


def spoken_time(clock: time, language: str = "en") -> str:
    """A time of day in words: "3 pm", "9:30 am", "noon"."""
    words = phrases(language)
    if clock.minute == 0 and clock.hour in (0, 12):
        return str(words["noon" if clock.hour else "midnight"])
    hour = (clock.hour - 1) % 12 + 1 if words["hours"] == 12 else clock.hour
    minutes = words["minutes"].format(minute=f"{clock.minute:02d}") if clock.minute else ""
    return f"{words['hour'].format(hour=hour)}{minutes}{words['half_days'][clock.hour // 12]}"


@lru_cache(maxsize=4096)
def spoken_forms(text: str) -> tuple[str, ...]:
    """All wordings of the dates and times that stand in a text in ISO form, in every language, the longest first."""
    forms: set[str] = set()
    for found in _DATES.findall(text):
        with suppress(ValueError):
            day = date.fromisoformat(found)
            forms |= {spoken_date(day, language, year=year) for language in SPOKEN for year in (True, False)}
    for hour, minute in _CLOCKS.findall(text):
        forms |= {spoken_time(time(int(hour), int(minute)), language) for language in SPOKEN}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))
