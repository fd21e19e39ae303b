"""Where a value stands in what was said, told with care: a value that is said in other words is not found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_WORDS = {word: str(n) for n, word in enumerate(_ONES.split())}
_WORDS |= {word: str(n) for n, word in enumerate(_ORDINALS.split(), 1)}
_WORDS |= {"seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40"}
_WORDS |= {"fifty": "50", "noon": "12 pm", "midnight": "12 am"}
_HALF_DAY = re.compile(r"\b([ap])\.?\s?m\b\.?")
_ZERO_MINUTES = re.compile(r"(?<=\d):00(?!\d)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_PARTS = re.compile(r"\d+|[^\W\d]+")


@lru_cache(maxsize=65536)
def spoken(text: str) -> str:
    """Text as words and numbers between single spaces, so that "4PM", "four p.m." and "4 pm" are one."""
    text = _HALF_DAY.sub(r" \1m ", text.casefold().replace("'", ""))
    text = _ORDINAL.sub("", _ZERO_MINUTES.sub("", text))
    return " ".join(["", *(_WORDS.get(part, part) for part in _PARTS.findall(text)), ""])


def stands(value: Any, text: str, choices: Sequence[Any] = (), apart_from: Iterable[Any] = ()) -> bool:
    """Whether a value is said in a text.

    Args:
        value: Text, number or list; whether a yes or no is said cannot be told.
        text: As it was said.
        choices: The closed list it is from: the words that no other choice has are enough ("Hyatt" for
            "Hyatt Hotel").
        apart_from: Other values; where the value is only part of one of them, it is not said.
    """
    if isinstance(value, bool):
        return False
    if isinstance(value, list):
        return all(stands(item, text, choices, apart_from) for item in value)
    said = spoken(text)
    wanted = spoken(str(value))
    for other in apart_from:
        whole = spoken(str(other))
        if wanted in whole and whole != wanted:
            said = said.replace(whole, " | ")
    return any(_finds(wording, said) for wording in _wordings(wanted, value, choices))


def small_number(value: Any) -> bool:
    """Whether a value is so short a number that it may well stand for something else."""
    return not isinstance(value, list | bool) and bool(re.fullmatch(r"\s\d{1,2}\s", spoken(str(value))))


def _wordings(wanted: str, value: Any, choices: Sequence[Any]) -> Iterator[str]:
    yield wanted
    others = {word for choice in choices if choice != value for word in spoken(str(choice)).split()}
    own = [word for word in wanted.split() if word not in others]
    if others and own and all(word.isalpha() and len(word) > 2 for word in own):
        yield f" {' '.join(own)} "


def _finds(wording: str, said: str) -> bool:
    """Found, but no number that is really an hour."""
    if wording.strip().isdigit():
        return re.search(rf"{wording}(?![ap]m )", said) is not None
    return bool(wording.strip()) and wording in said
