"""Sentences and clauses of a message, where one ends and the next begins, and what joins the items of a list."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from trm_agent.text.language import knowledge
from trm_agent.types import Span

_SENTENCE = re.compile(r"[.;?!]['\")]?\s+")
_JOINED = re.compile(r",?\s(?:and|as well as|plus|also|then|while)\s", re.IGNORECASE)
_COMMA = re.compile(r",\s")
_AFTER_MARK = re.compile(r"(?<=[.!?])\s+")
_CLAUSE = re.compile(
    r"[.;?!]\s+|,\s+(?:and|then|followed)\s|\s(?=(?:and\s)?(?:then|also|after that|finally|lastly)\b)|\sand\s(?=[a-z])",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, with their marks."""
    return _AFTER_MARK.split(text)


def clauses(text: str) -> list[Span]:
    """The places of the clauses of a text: sentences, and what follows "and", "then" and the like."""
    marks = [match.span() for match in _CLAUSE.finditer(text)]
    starts = [0, *(end for _, end in marks)]
    ends = [*(start for start, _ in marks), len(text)]
    return [Span(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


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


def count_joiners(text: str, language: str) -> int:
    """How many commas, semicolons and joining words of a language a text has: what stands between items of a list."""
    return len(_joiner(language).findall(text))


@lru_cache(maxsize=16)
def _joiner(language: str) -> re.Pattern[str]:
    words = "|".join(map(re.escape, knowledge(language).get("joiners", ())))
    return re.compile(rf"[,;&]|\b(?:{words})\b" if words else "[,;&]", re.IGNORECASE)
