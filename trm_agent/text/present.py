"""The present as a system message states it: "Today is 2025-03-12", "It is Wednesday, March 12th 2025, 10:00"."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from trm_agent.text.clock import clocks
from trm_agent.text.days import day_phrases, read_day

_LEAD = re.compile(
    r"\b(?:today(?:['’]s date)?(?: is|:|,)"
    r"|(?:the )?(?:current|present|today['’]s) (?:local )?(?:date|day|time|datetime|moment)"
    r"(?:(?: and |/| & )(?:time|date))?(?: is|:| =|=)?"
    r"|(?:the )?date (?:today )?(?:is|:)|date:|now(?: is|:)|(?:right )?now it is|as of"
    r"|it['’]?s? (?:is )?(?:now |currently )?(?=(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{4}-))",
    re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
_NEAR = 60
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SOME_DAY = datetime(2000, 1, 1)


@lru_cache(maxsize=256)
def stated_present(text: str) -> tuple[datetime, bool] | None:
    """The moment that a text says it is, and whether it says the time of day; None if it names no day with a year.

    Args:
        text: Of a system message.
    """
    for lead in _LEAD.finditer(text):
        said = text[lead.end() : lead.end() + _NEAR]
        if (iso := _ISO.search(said)) is not None and not said[: iso.start()].strip(" \t:=*_`\"'(-"):
            try:
                return datetime.fromisoformat(iso[0].upper()), True
            except ValueError:
                continue
        lower = said.lower()
        for start, end in day_phrases(lower):
            day = read_day(lower[start:end], _SOME_DAY) if _YEAR.search(lower[start:end]) else None
            if day is None or len(lower[:start].split()) > 2:
                continue
            rest = re.split(r"[\n;!?]|\.(?:\s|$)", text[lead.end() + end :].lower(), maxsplit=1)[0][:_NEAR]
            at = clocks(re.sub(r"^[\s,]*(?:at |and |the |time |is |it |now |current )*", "at ", rest))
            if at and at[0].start < _NEAR // 2:
                return datetime.combine(day.date(), at[0].at), True
            return datetime.combine(day.date(), _SOME_DAY.time()), False
    return None


def present(stated: tuple[datetime, bool]) -> datetime:
    """The stated moment; where only the day is stated, the clock gives the time of day."""
    moment, timed = stated
    return moment if timed else datetime.combine(moment.date(), datetime.now().time())
