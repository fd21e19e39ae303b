"""Where a call's value is said: verbatim, or in words that read as it for its parameter.

Training points at the words of a value, so one that stands nowhere teaches the model to fill a parameter from nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from trm_agent.text.clock import clock_ranges, clocks
from trm_agent.text.days import day_phrases, day_ranges
from trm_agent.text.language import language_of
from trm_agent.types import Message, Parameter
from trm_agent.values import matches, normalise, parse_value
from trm_agent.values.declared import hints
from trm_agent.values.in_message import read_in_message
from trm_agent.values.moment_in_message import moment_kind
from trm_agent.values.place import Where

_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that put no blanks between words."""
_MINUTES = re.compile(r"(?:\d{4}-\d{2}-\d{2}[T ])?\d{2}:\d{2}")
_WORD = re.compile(r"\S+")
_EDGE = ".,;:!?\"'()[]“”‘’"
_MOST_WORDS = 5


class Mentions:
    """Looks values up in one history.

    Attributes:
        now: What relative days count from; None if it is not known.
    """

    def __init__(self, history: Sequence[Message], now: datetime | None) -> None:
        self._messages = history
        self._texts = [normalise(message.text) for message in history]
        self.now = now

    def holds(self, value: Any, parameter: Parameter) -> bool:
        """Whether the value of a parameter is said anywhere in the history, or needs no saying.

        Entries of closed lists, flags and the declared default need none; of a list each item is looked up.
        """
        if value is None or isinstance(value, bool) or parameter.choices:
            return True
        if parameter.has_default and matches(value, [parameter.default]):
            return True
        if isinstance(value, list):
            items = parameter.schema.get("items")
            told = {"description": parameter.description} if parameter.description else {}
            item = Parameter(parameter.name, told | dict(items) if isinstance(items, dict) else told)
            return all(isinstance(one, dict | list) or self.holds(one, item) for one in value)
        value = in_full(value, parameter)
        return self._verbatim(value) or any(self._read(text, value, parameter) for text in self._spoken())

    def _verbatim(self, value: Any) -> bool:
        wanted = normalise(value)
        if not wanted:
            return True
        if _UNSPACED.search(wanted):
            return any(wanted in text for text in self._texts)
        whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
        return any(wanted in text and whole.search(text) for text in self._texts)

    def _spoken(self) -> Iterator[str]:
        """What people, assistant and results said, the latest first."""
        return (message.text for message in reversed(self._messages) if message.role != "tool_call")

    def _read(self, text: str, value: Any, parameter: Parameter) -> bool:
        """Whether words of a text, read for the parameter, give the value."""
        language = language_of(text)
        if moment_kind(parameter) is not None:
            return any(
                matches(told, [value])
                for place in _moments(text)
                for last in (None, True)
                if (told := _told(text, place, parameter, self.now, language, last)) is not None
            )
        numeric = isinstance(value, int | float)
        asked = hints(parameter)
        written = bool(asked.asked_form or asked.currency_code or parameter.schema.get("format"))
        for place in _runs(text, 4 if numeric else _MOST_WORDS):
            said = text[slice(*place)]
            if numeric:
                number = read_in_message(Where(text, place, now=self.now), parameter)
                if number is not None and matches(number.value, [value]):
                    return True
                continue
            if _near(said, value):
                return True
            told = parse_value(said, parameter, self.now, language=language) if written else None
            if told is not None and matches(told, [value]):
                return True
        return False


def in_full(value: Any, parameter: Parameter) -> Any:
    """A time as its format wants it, where only the seconds are left out, as people do."""
    if parameter.schema.get("format") not in ("time", "date-time") or not isinstance(value, str):
        return value
    return f"{value.replace(' ', 'T')}:00" if _MINUTES.fullmatch(value) else value


def _told(
    text: str, place: tuple[int, int], parameter: Parameter, now: datetime | None, language: str, last: bool | None
) -> Any:
    if last is None:
        told = read_in_message(Where(text, place, now=now), parameter)
        if told is not None:
            return told.value
    return parse_value(text[slice(*place)], parameter, now, language=language, last=last)


def _moments(text: str) -> Iterator[tuple[int, int]]:
    """Where days and times may be named; the whole of a short text as well."""
    lower = text.lower()
    if len(lower) == len(text):
        yield from day_phrases(lower)
        yield from ((found.start, found.end) for found in day_ranges(lower))
        yield from ((found.start, found.end) for found in clocks(lower))
        yield from ((found.start, found.end) for found in clock_ranges(lower))
    if not text.isascii() or len(text) < 40:
        yield from _runs(text, _MOST_WORDS)


def _runs(text: str, most: int) -> Iterator[tuple[int, int]]:
    """Runs of words, without the marks around them."""
    words = [(found.start(), found.end()) for found in _WORD.finditer(text)][:400]
    for first, (start, _) in enumerate(words):
        for _, end in words[first : first + most]:
            said = text[start:end]
            left, right = len(said) - len(said.lstrip(_EDGE)), len(said) - len(said.rstrip(_EDGE))
            if start + left < end - right:
                yield start + left, end - right


def _near(said: str, value: Any) -> bool:
    """Whether words are the value but for hyphens, blanks, accents of letters and signs of numbers."""
    return _letters(said) == _letters(str(value)) != ""


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return re.sub(r"[\W_]+", "", plain)
