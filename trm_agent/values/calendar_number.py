"""A month or a year that is asked for as a number: "October" is 10, "last year" the year before this one."""

from __future__ import annotations

import re

from trm_agent.text.dates import in_plain_english
from trm_agent.text.periods import MONTH, MONTHS
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.date_forms import moment_base
from trm_agent.values.place import Told, Where
from trm_agent.values.schema import validates

_ONE_MONTH = re.compile(rf"(?:(?:in|of|for|during) )?({MONTH})")
_A_YEAR = re.compile(r"(?:(?:in|of|for|from) )?(this|last|next|previous|past|coming|the coming) (?:calendar )?year")
_MOVES = {"last": -1, "previous": -1, "past": -1, "next": 1, "coming": 1, "the coming": 1}


def calendar_number(where: Where, parameter: Parameter) -> Told | None:
    """The number of the month or the year that a span names; None where none is asked for, or named."""
    asked = identifier_words(parameter.name).split()[-1:]
    if asked not in (["month"], ["year"]):
        return None
    said = in_plain_english(where.text[slice(*where.place)].strip(), where.language)
    if asked == ["month"]:
        found = _ONE_MONTH.fullmatch(said)
        value = MONTHS.index(found[1][:3]) + 1 if found else None
    else:
        found = _A_YEAR.fullmatch(said)
        value = moment_base(where.now).year + _MOVES.get(found[1], 0) if found else None
    return Told(value, *where.place) if value is not None and validates(value, parameter.schema) else None
