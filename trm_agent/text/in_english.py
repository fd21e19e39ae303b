"""What a message in another language says of days and times, in English, with the place where each of it is said.

A language's data says how (`numbers`, `rewrites`). The rest of the message stays as it is: `days` and `clock` find in
it what they find in an English message, and what they find is known to stand somewhere in what was said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from trm_agent.text.language import HAN, rewrites, written_out
from trm_agent.text.numbers import in_digits

_TOKEN = re.compile(rf"\d+|[{HAN}]|[^\W\d_{HAN}]+|.", re.DOTALL)
_GROUP = re.compile(r"\\(\d)")
_MARKER = re.compile(r"@[^@\s]*@")
_SPACES = re.compile(r"\s+")

Origin = tuple[int, int]


@dataclass(frozen=True)
class InEnglish:
    """A message of which days and times are in English.

    Attributes:
        text: In lower case.
        origins: Of each character, start and end of what it stands for in the message.
    """

    text: str
    origins: tuple[Origin, ...]

    def place_of(self, said: Origin) -> Origin | None:
        """Where a stretch of the message stands in the English text."""
        meeting = [i for i, (start, end) in enumerate(self.origins) if start < said[1] and said[0] < end]
        return (meeting[0], meeting[-1] + 1) if meeting else None

    def said_at(self, place: Origin) -> Origin:
        """What a stretch of the English text stands for in the message."""
        return _whole(self.origins[slice(*place)])


@lru_cache(maxsize=1024)
def in_english(text: str, language: str) -> InEnglish | None:
    """A message in English; None where its letters in lower case are not as many."""
    lower = text.lower().replace("’", "'")
    if len(lower) != len(text):
        return None
    text, origins = _aligned(lower, in_digits(lower, language))
    for pattern, said in rewrites(language):
        text, origins = _replaced(text, origins, pattern, said)
    text, origins = _replaced(text, origins, _MARKER, None)
    text, origins = _replaced(text, origins, _SPACES, " ")
    return InEnglish(text, tuple(origins))


def _whole(origins: Sequence[Origin]) -> Origin:
    return min(start for start, _ in origins), max(end for _, end in origins)


def _aligned(before: str, after: str) -> tuple[str, list[Origin]]:
    """A text in which some words are other ones now, with what each character stands for."""
    if before == after:
        return after, [(i, i + 1) for i in range(len(after))]
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    starts = [0]
    for token in old:
        starts.append(starts[-1] + len(token))
    origins: list[Origin] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            origins += [(i, i + 1) for i in range(starts[a], starts[b])]
        else:
            origins += [(starts[a], starts[b])] * sum(map(len, new[c:d]))
    return after, origins


def _replaced(text: str, origins: list[Origin], pattern: re.Pattern[str], said: str | None) -> tuple[str, list[Origin]]:
    """With what a pattern finds said otherwise; without a replacement, what a marker stands for."""
    pieces, places, end = [], [], 0
    for found in pattern.finditer(text):
        if found.start() == found.end():
            continue
        pieces.append(text[end : found.start()])
        places += origins[end : found.start()]
        whole = _whole(origins[found.start() : found.end()])
        # With groups at the odd places: each keeps what it stands for, the rest stands for all of it.
        for i, part in enumerate(_GROUP.split(said) if said is not None else (written_out(found[0]),)):
            pieces.append((found[int(part)] or "") if i % 2 else part)
            places += origins[slice(*found.span(int(part)))] if i % 2 and found[int(part)] else []
            places += [] if i % 2 else [whole] * len(part)
        end = found.end()
    return ("".join([*pieces, text[end:]]), places + origins[end:]) if end else (text, origins)
