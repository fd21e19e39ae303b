"""What the descriptions of tools and parameters say first: one sentence, or the noun phrase that names a parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from trm_agent.text.phrases import pattern, patterns, spoken_language
from trm_agent.text.units import unit_at

_SENTENCE_END = re.compile(r"(?<=[^.\s]{2})[.;](?=\s|$)|\n\s*\n")
_SPACE = re.compile(r"\s+")
_QUESTION = ("?", "？")
_MOST_WORDS = 10
_INDEFINITE = re.compile(r"^an? (?=\w)", re.IGNORECASE)

Form = Literal["none", "question", "verb", "clause", "noun"]


@dataclass(frozen=True)
class Described:
    """How a parameter is described.

    Attributes:
        form: `question` ("When do you leave?"), `verb` ("is it direct"), `clause` ("whether it is direct"), `noun`
            ("the date of departure"), or `none` where there is nothing to ask in its words.
        words: The words, to stand inside a sentence; empty for `none`.
    """

    form: Form
    words: str


def first_sentence(description: str) -> str:
    """The first sentence of a description, on one line, without the mark at its end."""
    return _SPACE.sub(" ", _SENTENCE_END.split(description.strip(), maxsplit=1)[0]).strip()


def lower_first(words: str) -> str:
    """Lower the first letter, but not of an abbreviation or a name in capitals."""
    first = next(iter(words.split()), "")
    return words if first[1:] != first[1:].lower() else words[:1].lower() + words[1:]


def upper_first(words: str) -> str:
    """Raise the first letter."""
    return words[:1].upper() + words[1:]


@lru_cache(maxsize=4096)
def parameter_words(description: str) -> Described:
    """How a parameter is asked for in the words of its description."""
    sentence = first_sentence(description)
    language = spoken_language(sentence) or "en"
    words = pattern(language, "parameter_filler").sub("", sentence).strip()
    if words.endswith(_QUESTION):
        return Described("question", words)
    words = lower_first(words)
    if words and pattern(language, "verb_first").match(words):
        return Described("verb", words)
    if words and pattern(language, "clause").match(words):
        return Described("clause", words)
    for cut in patterns(language, "parameter_cuts"):
        words = cut.sub("", words, count=1).strip().rstrip(",")
    words = words.rstrip(" .:,!")
    if not words or pattern(language, "no_noun_phrase").match(words) or len(words.split()) > _MOST_WORDS:
        return Described("none", "")
    bare = _is_form(words) or _is_unit(words)
    return Described("none", "") if bare else Described("noun", _INDEFINITE.sub("the ", words))


def _is_unit(words: str) -> bool:
    """Whether words are a unit alone ("mm"): nobody asks "What is the mm?", but a day may be asked for."""
    units = unit_at(words)
    return bool(units) and not any(unit.startswith("duration") for unit in units)


def _is_form(words: str) -> bool:
    """Whether words are a form or an example alone (`BW-1234`, `AAAA-MM-JJ`): nobody asks "What is the BW-1234?".

    What is asked is read again as words of the conversation, and an example in it would be taken for a value.
    """
    cased = any(letter.islower() or letter.isupper() for letter in words)
    spelled = any(a.islower() and b.islower() for a, b in pairwise(words))
    return (cased or not any(map(str.isalpha, words))) and not spelled
