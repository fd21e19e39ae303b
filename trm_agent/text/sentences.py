"""Where one clause of a message ends and the next begins: at ends of sentences, joining words and commas."""

from __future__ import annotations

import re
from itertools import pairwise

_SENTENCE = re.compile(r"[.;?!]['\")]?\s+")
_JOINED = re.compile(r",?\s(?:and|as well as|plus|also|then|while)\s", re.IGNORECASE)
_COMMA = re.compile(r",\s")


def clause_ends(text: str) -> list[int]:
    """Every place where one may end, in order: after a sentence, before a joining word, before a comma."""
    found = {match.end() for match in _SENTENCE.finditer(text)}
    return sorted(found.union(match.start() for mark in (_JOINED, _COMMA) for match in mark.finditer(text)))


def clause_end(text: str, after: int, before: int) -> int | None:
    """Where one ends between two places: at the last end of a sentence, else at the last "and", else after a comma."""
    for mark in (_SENTENCE, _JOINED, _COMMA):
        found = list(mark.finditer(text, after, before))
        if found:
            return found[-1].start() if mark is _JOINED else found[-1].end()
    return None


def sentence_at(text: str, place: int) -> str:
    """The sentence that a place of a text is in."""
    ends = [0, *(found.end() for found in _SENTENCE.finditer(text)), len(text)]
    return next((text[a:b] for a, b in pairwise(ends) if a <= place < b), text)
