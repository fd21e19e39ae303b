"""Users' messages → the same as typed in haste: slips of the fingers, accents left away.

Words of right values, of dates, times and numbers stay: the labels are found by them.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from trm_agent.features.shapes import PIECES, pieces
from trm_agent.text.clock import clocks
from trm_agent.text.days import day_phrases
from trm_agent.text.language import language_of, to_english
from trm_agent.text.numbers import amount
from trm_agent.training.episodes import Episode
from trm_agent.training.rates import Rates

_WORD = re.compile(r"[^\W\d_]+")
_NEIGHBOURS = {
    letter: f"{row[i - 1 : i]}{row[i + 1 : i + 2]}"
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for i, letter in enumerate(row)
}
_UNTYPED = frozenset({"rest", "whole"})
"""Kinds of pieces that are runs of ordinary words."""
_SHORTEST = 4
_SHARE = 0.3
"""Of the words that may have a slip."""


def typed_in_haste(episode: Episode, rng: random.Random, rates: Rates) -> Episode:
    """The episode, some of its users' messages with slips (`rates.typos`) or without accents (`rates.accents`)."""
    if episode.used is not None:  # places in its messages are known by their characters
        return episode
    kept = set(_words(_values(episode)))
    messages = tuple(
        replace(message, content=_typed(message.content, kept, rng, rates)) if message.role == "user" else message
        for message in episode.messages
    )
    return episode if messages == episode.messages else replace(episode, messages=messages)


def _typed(text: str, kept: set[str], rng: random.Random, rates: Rates) -> str:
    slips, plain = rng.random() < rates.typos, rng.random() < rates.accents and not text.isascii()
    if not slips and not plain:
        return text
    free = [(m.start(), m.end()) for m in _WORD.finditer(text) if m[0].casefold() not in kept]
    held = [*((start, end) for start, end, kind in pieces(text) if PIECES[kind] not in _UNTYPED), *_moments(text)]
    free = [(a, b) for a, b in free if not any(start < b and a < end for start, end in held)]
    language = language_of(text)
    if to_english(text, language) != text:
        return text
    free = [(a, b) for a, b in free if amount(text[a:b], language) is None]
    for start, end in reversed(free):
        word = without_accents(text[start:end]) if plain else text[start:end]
        if slips and end - start >= _SHORTEST and rng.random() < _SHARE:
            word = slip(word, rng)
        text = text[:start] + word + text[end:]
    return text


def slip(word: str, rng: random.Random) -> str:
    """The word with one slip behind its first letter: one left out, doubled, swapped or the key beside it."""
    at = rng.randrange(1, len(word) - 1)
    letter = word[at]
    beside = _NEIGHBOURS.get(letter.lower(), "")
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1] + letter + word[at + 2 :],
            word[:at] + (rng.choice(beside) if beside else "") + word[at + 1 :],
        ]
    )


def without_accents(text: str) -> str:
    """Letters without their marks: "điện thoại" is "dien thoai"."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


def _moments(text: str) -> list[tuple[int, int]]:
    lower = text.lower()
    if len(lower) != len(text):
        return [(0, len(text))]
    return [*day_phrases(lower), *((found.start, found.end) for found in clocks(lower))]


def _values(episode: Episode) -> Iterable[Any]:
    for point in episode.points:
        yield from (value for values in point.slots.values() for value in values)
        yield from (value for further in point.more.values() for values in further for value in values)
    for message in episode.messages:
        if message.role == "tool_call":
            yield message.content.get("arguments", {})


def _words(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, dict):
            yield from _words(value.values())
        elif isinstance(value, list | tuple):
            yield from _words(value)
        else:
            yield from (word.casefold() for word in _WORD.findall(str(value)))
