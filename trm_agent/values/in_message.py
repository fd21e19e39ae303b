"""The value of a span where it stands: what the words beside it say of it is read with it.

A network points at "90" of "90 minutes", at "Friday" of "the Friday after next", at "2" of "from 2 to 3 pm". Here the
span takes in its unit, the rest of its day or its time, the letters of its code, and what is found is read as the
parameter asks. Reading what it was widened to gives the same again, so that a value can be checked by its source.
"""

from __future__ import annotations

import re

from trm_agent.text.clock import clocks
from trm_agent.text.content import content_at, is_answer
from trm_agent.text.days import day_phrases, read_day
from trm_agent.text.units import quantities
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.calendar_number import calendar_number
from trm_agent.values.code_in_message import code_in_message
from trm_agent.values.date_forms import moment_base
from trm_agent.values.declared import Hints, hints
from trm_agent.values.forms import in_form
from trm_agent.values.moment_in_message import moment_at, moment_kind
from trm_agent.values.number_in_message import is_numeric, number_at
from trm_agent.values.place import Place, Told, Where, inside, meet, plainly


def read_in_message(where: Where, parameter: Parameter) -> Told | None:
    """Read the value of a parameter from a span of a message, and from what belongs to it there.

    Returns:
        None where nothing can be read, or where what stands beside the span says that it is something else.
    """
    if parameter.choices or parameter.type in ("array", "boolean", "object"):
        return plainly(where, parameter, where.place)
    if is_numeric(parameter):
        return calendar_number(where, parameter) or number_at(where, parameter)
    asked = hints(parameter)
    kind = moment_kind(parameter)
    if kind is not None:
        return moment_at(where, parameter, kind)
    return _text(where, parameter, asked)


_PHONE = re.compile(r"(?<![\w(])\+?\(?\d[\d\s().-]{5,}\d(?!\w)")
_ABOUT_PHONE = re.compile(r"\b(?:phone|telephone|mobile|cell|fax|contact number)\b")
_ABOUT_DAY = re.compile(r"\b(?:date|day|when)\b")
_ABOUT_TIME = re.compile(r"\btime\b")


def _text(where: Where, parameter: Parameter, asked: Hints) -> Told | None:
    text, place = where.text, where.place
    words = f"{identifier_words(parameter.name)}: {parameter.description.lower()}"
    if (code := code_in_message(where, parameter)) is not None:
        return code
    if asked.asked_form == "duration" and (wide := _with_length(text, place, where.language)):
        return plainly(where, parameter, wide)
    if _ABOUT_PHONE.search(words) or asked.asked_form == "phone":
        phones = [found.span() for found in _PHONE.finditer(text) if meet(found.span(), place)]
        place = phones[0] if len(phones) == 1 and re.search(r"\d", text[slice(*place)]) else place
    elif asked.asked_form == "city, state":
        place = _with_state(text, place)
    elif parameter.schema.keys().isdisjoint(("format", "enum", "pattern")):
        place = _whole_moment(where, words) or _whole_content(where, words) or place
    return plainly(where, parameter, place) or plainly(where, parameter, where.place)


def _with_length(text: str, place: Place, language: str) -> Place | None:
    found = [q for q in quantities(text, language) if meet((q.start, q.end), place)]
    return (found[0].start, found[0].end) if len(found) == 1 else None


def _with_state(text: str, place: Place) -> Place:
    """With the state after a city, if that is one."""
    words = re.match(r"(?:,?\s+[A-Za-z]+)?(?:\s[A-Za-z]+){0,2}", text[place[1] :])
    for end in range(place[1] + (words.end() if words else 0), place[1], -1):
        ends_word = not text[end : end + 1].isalnum() and text[end - 1].isalnum()
        if ends_word and in_form(text[place[0] : end], "city, state", "", "en"):
            return place[0], end
    return place


def _whole_moment(where: Where, words: str) -> Place | None:
    """All of a day or a time of which the span is another one by itself ("Friday" of "the Friday after next")."""
    lower, now = where.text.lower(), moment_base(where.now)
    if len(lower) != len(where.text) or where.language != "en":
        return None
    if _ABOUT_DAY.search(words):
        for span in day_phrases(lower):
            whole, part = (read_day(lower[slice(*place)], now) for place in (span, where.place))
            if inside(where.place, span) and span != where.place and whole is not None and part != whole:
                return span
    if _ABOUT_TIME.search(words):
        for clock in clocks(lower):
            alone = [other.at for other in clocks(f"at {lower[slice(*where.place)]}")]
            if inside(where.place, (clock.start, clock.end)) and alone and alone[0].minute != clock.at.minute:
                return clock.start, clock.end
    return None


def _whole_content(where: Where, words: str) -> Place | None:
    """All of a message, or of what it says to note, where the parameter is a free text."""
    if is_answer(where.text, where.question, words):
        start = len(where.text) - len(where.text.lstrip())
        return start, start + len(where.text.strip())
    quoted = re.search(r"['\"“‘`]\s*$", where.text[: where.place[0]]) or re.search(
        r"['\"“`]", where.text[slice(*where.place)]
    )
    return None if quoted else content_at(where.text, where.place, words)
