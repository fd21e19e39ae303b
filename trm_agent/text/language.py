"""What is known of each language, as data: its words for numbers, units and dates, and how they are said in English.

A language is a JSON file in `languages/`; another one is another file. `rewrites` turn what it says of days and times
into the English that `dates` and `clock` read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "languages"
LANGUAGES = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))
_WORD = re.compile(r"[^\W\d_]+")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


@lru_cache(maxsize=16)
def knowledge(language: str) -> Mapping[str, Any]:
    """The data of a language; empty for one that has no file."""
    if language not in LANGUAGES:
        return {}
    return dict(json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8")))


@lru_cache(maxsize=256)
def word_list(name: str, language: str = "en") -> frozenset[str]:
    """A list of small words that a step passes over or goes by; `@name` in it stands for another list's words.

    Raises:
        KeyError: The language has no such list.
    """
    words: set[str] = set()
    for word in knowledge(language)["word_lists"][name]:
        words |= word_list(word[1:], language) if word[:1] == "@" else {word}
    return frozenset(words)


@lru_cache(maxsize=4096)
def language_of(text: str) -> str:
    """The language of a message, by its small words; English where nothing else is surer."""
    words = set(map(str.lower, _WORD.findall(text)))
    hits = {language: len(words & _marks(language)) for language in LANGUAGES}
    best = max(LANGUAGES, key=lambda language: (hits[language], language == "en"))
    return best if hits[best] > hits["en"] else "en"


@lru_cache(maxsize=16)
def _marks(language: str) -> frozenset[str]:
    return frozenset(knowledge(language).get("marks", ()))


@lru_cache(maxsize=4096)
def to_english(text: str, language: str) -> str:
    """What a text says of days and times, in English; other words stay as they are."""
    for pattern, replacement in _rewrites(language):
        text = pattern.sub(replacement, text)
    return re.sub(r"@(\d+)/(\d+)/(\d*)@", _named_month, text)


def _named_month(found: re.Match[str]) -> str:
    month = int(found[2])
    return f"{_MONTHS[month - 1]} {found[1]} {found[3]}".strip() if 1 <= month <= 12 else found[0]


@lru_cache(maxsize=16)
def _rewrites(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), said) for pattern, said in knowledge(language).get("rewrites", ()))
