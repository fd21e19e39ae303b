"""A field of a result or a parameter as a statement: "assigned to: Priya" is "it is assigned to Priya".

What needs no rule of a language ("the price is 120") is left to the frames.
"""

from __future__ import annotations

import re
from typing import Any

from trm_agent.text.nouns import is_plural, singular, third_person, verb_of, with_capitals
from trm_agent.text.phrases import phrases, words_of
from trm_agent.text.spoken import spoken_moment
from trm_agent.types import identifier_words

_COUNT = re.compile(r"^(?:num|number of|count of|total|n|no of) (?P<many>.+s)$|^(?P<one>.+) count$")
_BARE = re.compile(r"^(?:last |first )?\w+$")


def label_words(name: str, language: str = "en") -> str:
    """A parameter's or a field's name in words: "order ID"; in other languages their word for it, else in quotes."""
    words = identifier_words(name)
    if language == "en":
        return with_capitals(words)
    known: dict[str, str] = phrases(language).get("labels", {})
    words = re.sub(r"^(?:is|has|include|includes) (?=\w)", "", words)
    return known.get(words) or known.get(words.split()[-1] if words else "", "") or f"“{words}”"


def statement(label: str, value: Any, said: str, language: str = "en") -> str | None:
    """What a field says, as a clause to stand in a sentence; None where "the … is …" says it as well.

    Args:
        label: The field's name in words.
        value: As it is held.
        said: The value in words.
        language: Of the clause; only English has rules.
    """
    if language != "en":
        return None
    if isinstance(value, bool):
        return _flag(label, value)
    if isinstance(value, int) and (counted := _COUNT.match(label)):
        return _counted(counted["many"] or counted["one"], value)
    if isinstance(value, list):
        return f"the {label} {'are' if len(value) > 1 else 'is'} {said}" if is_plural(label.split()[-1]) else None
    return _state(label, value, said)


def _flag(label: str, value: bool) -> str | None:
    words = label.split()
    first, last = words[0], words[-1]
    not_ = "" if value else "not "
    if first in ("is", "are", "was", "were") and len(words) > 1:
        return f"it {'is' if first == 'are' else first.replace('were', 'was')} {not_}{' '.join(words[1:])}"
    if first in ("has", "have", "had") and len(words) > 1:
        return f"it has {'' if value else 'no '}{' '.join(words[1:])}"
    if first in ("can", "must", "should", "may") and len(words) > 1:
        return f"it {first} {not_}{' '.join(words[1:])}".replace("can not ", "cannot ")
    if len(words) > 1 and last in words_of("en", "allowed_words"):
        subject = " ".join(words[:-1])
        return f"{subject} {'are' if is_plural(words[-2]) else 'is'} {not_}{last}"
    if len(words) > 1 and first.endswith("s") and (verb := verb_of(first)) and third_person(verb) == first:
        return f"it {first if value else f'does not {verb}'} {' '.join(words[1:])}"
    if label in words_of("en", "adjectives") or (len(words) == 1 and _participle(label)):
        return f"it {'was' if label in _states()['was'] else 'is'} {not_}{label}"
    return None


def _counted(many: str, value: int) -> str:
    last = many.split()[-1]
    if value == 1:
        return f"there is 1 {many if not is_plural(last) else many.removesuffix(last) + singular(last)}"
    return f"there are {value or 'no'} {many if is_plural(last) else f'{many}s'}"


def _state(label: str, value: Any, said: str) -> str | None:
    """A participle or a verb with its preposition: "created at", "assigned to", "starts at", "due"."""
    words = label.split()
    adverb = words[0] if words[0] in ("last", "first", "next") and len(words) > 1 else ""
    words = words[1:] if adverb else words
    prepositions = words_of("en", "state_prepositions")
    moment = isinstance(value, str) and spoken_moment(value) is not None
    if len(words) == 2 and words[1] in prepositions:
        preposition = words[1]
    elif len(words) == 1 and moment and _BARE.match(label):
        preposition = "at"
    else:
        return None
    be = next((be for be, states in _states().items() if words[0] in states), None)
    if be is None:
        if not _participle(words[0]):
            return None
        be = "is"
    if moment and preposition in ("at", "on"):
        preposition = "on" if isinstance(value, str) and "-" in value else "at"
    return " ".join(filter(None, ("it", be, adverb, words[0], preposition, said)))


def _states() -> dict[str, list[str]]:
    states: dict[str, list[str]] = phrases("en")["states"]
    return states


def _participle(word: str) -> bool:
    return any(word in states for be, states in _states().items() if be) or bool(re.search(r"[^e]ed$", word))
