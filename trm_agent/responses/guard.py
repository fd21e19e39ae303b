"""What an answer states, and whether the conversation, the slots and the results hold it.

A stated value is a number (in digits, or in words where the language has them), a date, a time, a code, or a word
that is capitalised inside a sentence. Scripts without capitals state no names this way; their numbers are checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from text_to_num import alpha2digit

from trm_agent.responses.templates import CLOCK, said_times, time_of
from trm_agent.text.spoken import spoken_forms
from trm_agent.types import Message
from trm_agent.values import normalise

_DIGITS = re.compile(r"(?<!\w)(?=[\w.,:/\-]*\d)\w(?:[\w.,:/\-]*\w)?")
_PART = re.compile(r"(?<![^\W_])(?<!\d[.,])[^\W_]+(?![^\W_]|[.,]\d)")
"""Words, and the parts of a code or a date; not the digits on either side of a decimal point."""
_TOKEN = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?…:;。！？]['\"”’)]*$")


@dataclass(frozen=True)
class Evidence:
    """What may be stated.

    Attributes:
        text: Everything said, returned and held, in comparison form, a space at either end.
        words: Its words.
        clocks: The times of day in it.
        spoken: Its dates and times in words, the longest first.
    """

    text: str
    words: frozenset[str]
    clocks: frozenset[str]
    spoken: tuple[str, ...] = ()

    @classmethod
    def of(cls, history: Sequence[Message], facts: Mapping[str, Sequence[Any]], language: str = "en") -> Evidence:
        """From the messages (calls and results among them) and the values that may be said; number words count."""
        parts = [message.text for message in history]
        parts += [str(value) for values in facts.values() for value in values]
        read = [_read(part, language) for part in dict.fromkeys(parts)]
        words = frozenset().union(*(words for _, words, _ in read))
        clocks = frozenset().union(*(clocks for _, _, clocks in read))
        spoken = {form for part in dict.fromkeys(parts) for form in spoken_forms(part)}
        ordered = tuple(sorted(spoken, key=lambda form: (-len(form), form)))
        return cls("".join(f" {text} \n" for text, _, _ in read), words, clocks, ordered)

    def holds(self, value: str) -> bool:
        """Whether a stated value stands here, in this or in another form."""
        plain = normalise(value)
        if plain in self.words or re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(plain)}(?![.,]?\w)", self.text):
            return True
        return (clock := time_of(value)) is not None and clock in self.clocks


def stated_values(text: str, language: str = "en") -> list[str]:
    """The values that a text states."""
    return [*_numbers(text, language), *capitalised(text)]


def unsupported(text: str, evidence: Evidence, ordinary: Collection[str] = (), language: str = "en") -> list[str]:
    """The values that a text states without a source.

    Args:
        text: An answer.
        evidence: What may be stated.
        ordinary: Capitalised words that are no values (in English "I", in German any noun), casefolded.
        language: Of number words (ISO 639-1).
    """
    for form in evidence.spoken:
        if form in text:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", " ", text)
    clocks = [match for match in CLOCK.finditer(text) if time_of(match[0]) and evidence.holds(match[0])]
    rest = text
    for match in reversed(clocks):
        rest = rest[: match.start()] + " " + rest[match.end() :]
    wrong = [value for value in _numbers(rest, language) if not evidence.holds(value)]
    names = (word for word in capitalised(text) if word.casefold() not in ordinary)
    return [*wrong, *(word for word in names if not evidence.holds(word))]


def capitalised(text: str) -> Iterator[str]:
    """Words with a capital inside a sentence, or with several capitals anywhere."""
    starts = True
    for match in _TOKEN.finditer(text):
        word = match[0].strip("'\"“”‘’()[]{}.,;:!?…*")
        letters = [c for c in word if c.isalpha()]
        several = sum(c.isupper() for c in letters) > 1
        if letters and not any(c.isdigit() for c in word) and (several or (letters[0].isupper() and not starts)):
            yield word
        starts = bool(_SENTENCE_END.search(match[0])) if letters or starts is False else starts


def _numbers(text: str, language: str) -> Iterator[str]:
    digits = _in_digits(text, language)
    yield from (match[0] for match in _DIGITS.finditer(digits))


@lru_cache(maxsize=16_384)
def _read(part: str, language: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """A message or a value in comparison form, its words, and the times of day in it; number words count as digits."""
    digits = _in_digits(part, language)
    whole = part if digits == part else f"{part} \n {digits}"
    words = {normalise(word) for word in {*whole.split(), *_DIGITS.findall(whole)}}
    words |= {word.casefold() for word in _PART.findall(whole)}
    return normalise(whole), frozenset(words), said_times(whole)


@lru_cache(maxsize=16_384)
def _in_digits(text: str, language: str) -> str:
    """Number words as digits, but for the small ones alone, which are often no numbers."""
    try:
        return str(alpha2digit(text, language))
    except ValueError:
        return text
