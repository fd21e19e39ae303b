"""Letters and digits read aloud: "b k four zero four" is BK404, "version two point six" 2.6, "7 7 0 4" 7704.

A run of such words is found around a place; what is said of it stays apart as letters, digits and signs, so that the
way a code is written elsewhere can put it together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from trm_agent.text.language import knowledge
from trm_agent.text.numbers import amount, digits_aloud

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_LARGE = ("hundred", "thousand")
_AS_IN = re.compile(r"\b([a-z]) as in [a-z]+")


@dataclass(frozen=True)
class Spelled:
    """A run of letters and digits read aloud.

    Attributes:
        start: First character.
        end: One past the last.
        parts: What it says, in order: letters, digits or a sign each.
        words: How many words it has.
        aloud: Whether it is said rather than written: number words, or single characters one by one.
    """

    start: int
    end: int
    parts: tuple[str, ...]
    words: int
    aloud: bool

    def plain(self) -> str:
        """In capital letters, with nothing between."""
        return "".join(self.parts).upper()


@lru_cache(maxsize=4096)
def spelled_at(text: str, start: int, end: int) -> Spelled | None:
    """The run of a text in lower case that a place belongs to; None where another word is in the place.

    Letters that are words too ("a") belong to it at its ends only where the place holds them.
    """
    hidden = _AS_IN.sub(lambda found: found[1] + " " * (len(found[0]) - 1), text)
    tokens = list(_TOKEN.finditer(hidden))
    inside = [i for i, token in enumerate(tokens) if token.start() < end and start < token.end()]
    if not inside or not all(_is_spelled(tokens[i][0]) for i in inside):
        return None
    first, last = inside[0], inside[-1]
    if not all(_apart(hidden, tokens[i], tokens[i + 1]) for i in range(first, last)):
        return None
    while first > 0 and _is_spelled(tokens[first - 1][0]) and _apart(hidden, tokens[first - 1], tokens[first]):
        first -= 1
    while (
        last + 1 < len(tokens) and _is_spelled(tokens[last + 1][0]) and _apart(hidden, tokens[last], tokens[last + 1])
    ):
        last += 1
    loose = set(knowledge("en")["spelled"]["words"]) | set(knowledge("en")["spelled"]["signs"]) - {"plus"} | {"and"}
    while last > inside[-1] and tokens[last][0] in loose:
        last -= 1
    while first < inside[0] and tokens[first][0] in loose:
        first += 1
    words = [token[0] for token in tokens[first : last + 1]]
    parts = _parts(words)
    aloud = any(word in knowledge("en")["read_aloud"]["words"] and word != "o" for word in words)
    aloud = aloud or (len(words) > 2 and all(len(word) == 1 for word in words))
    return Spelled(tokens[first].start(), tokens[last].end(), parts, len(words), aloud) if parts else None


def _apart(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    return text[one.end() : other.start()].isspace()


def _is_spelled(word: str) -> bool:
    data = knowledge("en")
    return (
        (len(word) == 1 and word.isalpha() and word.isascii())
        or word.isdigit()
        or word in data["read_aloud"]["words"]
        or word in data["read_aloud"]["times"]
        or word in data["spelled"]["signs"]
        or word in (*_LARGE, "and")
    )


def _parts(words: list[str]) -> tuple[str, ...]:
    parts: list[str] = []
    signs = knowledge("en")["spelled"]["signs"]
    numbers: list[str] = []
    for word in [*words, ""]:
        if word and word not in signs and not (len(word) == 1 and word.isalpha() and (word != "o" or not numbers)):
            numbers.append(word)
            continue
        if numbers:
            digits = _digits(numbers)
            if digits is None:
                return ()
            parts.append(digits)
            numbers = []
        if word in signs:
            parts.append(signs[word])
        elif word and parts and parts[-1].isalpha():
            parts[-1] += word
        elif word:
            parts.append(word)
    return tuple(parts)


def _digits(words: list[str]) -> str | None:
    """Digits one by one, in pairs, in figures; "one thousand and seven" and "nine hundred one two three" too."""
    if set(words) & set(_LARGE):
        whole = amount(" ".join(words))
        if whole is not None and whole == int(whole):
            return str(int(whole))
    out, said = "", []
    for word in [*words, ""]:
        if word and not word.isdigit() and word not in (*_LARGE, "and"):
            said.append(word)
            continue
        if said:
            digits = digits_aloud(said)
            if digits is None:
                return None
            out, said = out + digits, []
        if word == "and":
            return None
        out += word if word.isdigit() else "00" if word == "hundred" else "000" if word == "thousand" else ""
    return out or None
