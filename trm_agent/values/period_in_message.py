"""The first or the last day of a period that a message names ("in August", "march to may"), as a parameter asks."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise

from trm_agent.text.days import day_phrases
from trm_agent.text.periods import Period, periods
from trm_agent.values.place import Place, meet

_UNTIL = re.compile(r"\b(?:until|till|til|through|by|up to|no later than)\s+$")
_SINCE = re.compile(r"\b(?:since|from|starting|beginning|before|older than)\s+$")
_MONTH = 31
_OF = re.compile(r"\bfrom\s+$")
"""Before a period that something is of, or that it begins with."""
_ON = re.compile(r",? (?:on|onwards?|to|until|till|through)\b")
_JOINED = re.compile(r"\s*(?:to|until|till|through|and|-|–)\s*")


def edge_of_period(
    lower: str, place: Place, now: datetime, past: bool | None, last: bool | None, *, months: bool = False
) -> tuple[date, Place] | None:
    """The day that a span says as the edge of a period.

    Args:
        lower: The message in lower case.
        place: The span.
        now: What is counted from.
        past: Whether what has been is spoken of; None if that is not known.
        months: Whether only whole months count.
        last: Whether the end is asked for, or the start; None reads only what a word before the period tells.
    """
    days = day_phrases(lower)
    found = [
        period
        for period in periods(lower, now.date(), past=past)
        if not any(meet((period.start, period.end), day) for day in days)
    ]
    if months:
        found = [one for one in found if one.first.day == 1 and (one.last - one.first).days < _MONTH]
    touched = [period for period in found if meet((period.start, period.end), place)]
    whole = _joined(lower, found, touched)
    if whole is None:
        return None
    told = _told(lower[: whole.start])
    if last and whole in found and _OF.search(lower[: whole.start]) and not _ON.match(lower[whole.end :]):
        told = None
    if told is None and whole not in found:
        told = last
    before = bool(re.search(r"\b(?:before|older than)\s+$", lower[: whole.start]))
    which = last if told is None else told
    if which is None or (last is not None and which != last and not before):
        return None
    return whole.last if which else whole.first, (whole.start, whole.end)


def _told(before: str) -> bool | None:
    return True if _UNTIL.search(before) else False if _SINCE.search(before) else None


def _joined(lower: str, found: list[Period], touched: list[Period]) -> Period | None:
    """The one period that is touched, with the other one that it goes to or comes from."""
    for one, other in pairwise(found):
        if (one in touched or other in touched) and _JOINED.fullmatch(lower[one.end : other.start]):
            return Period(one.start, other.end, one.first, other.last) if one.first <= other.last else None
    return touched[0] if len(touched) == 1 else None
