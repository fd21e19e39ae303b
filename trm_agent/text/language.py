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
HAN = "\u3400-\u9fff"
"""Chinese characters, as a range for patterns."""
_CHINESE = re.compile(f"[{HAN}]")
_KANA = re.compile(r"[ぁ-ヿ]")
_HALF_DAY = re.compile(r"(?<=\d)\s?[ap]m\b", re.IGNORECASE)
"""Of a time of day; "am" alone is a word of German."""
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


def language_of(text: str, conversation: str = "en") -> str:
    """The language of a message, by its script or its small words; English where nothing else is surer.

    Args:
        text: Of the message.
        conversation: The language spoken before, which a message without any small words is in ("7tr", "robot 2").
    """
    return marked_language(text) or conversation


@lru_cache(maxsize=4096)
def marked_language(text: str) -> str | None:
    """The language that a message's script or small words tell; None where it has none of any language."""
    if _CHINESE.search(text) and not _KANA.search(text):
        return "zh"
    words = set(map(str.lower, _WORD.findall(_HALF_DAY.sub("", text))))
    hits = {language: len(words & _marks(language)) for language in LANGUAGES}
    best = max(LANGUAGES, key=lambda language: (hits[language], language == "en"))
    if not hits[best]:
        return None
    return best if hits[best] > hits["en"] else "en"


@lru_cache(maxsize=16)
def _marks(language: str) -> frozenset[str]:
    return frozenset(knowledge(language).get("marks", ()))


@lru_cache(maxsize=4096)
def to_english(text: str, language: str) -> str:
    """What a text says of days and times, in English; other words stay as they are."""
    for pattern, replacement in rewrites(language):
        text = pattern.sub(replacement, text)
    return re.sub(r"@[^@\s]*@", lambda found: written_out(found[0]), text)


def written_out(marker: str) -> str:
    """What a marker of the rewrites stands for: `@9/11/@` november 9, `@10<15@` a quarter to ten, `@10+15@` past it.

    What is no day of the calendar and no time stays without its marks.
    """
    if day := re.fullmatch(r"@(\d+)/(\d+)/(\d*)@", marker):
        number, month = int(day[1]), int(day[2])
        if 1 <= month <= 12 and 1 <= number <= 31:
            return f"{_MONTHS[month - 1]} {number} {day[3]}".strip()
    if clock := re.fullmatch(r"@(\d{1,2})([<+])(\d{1,2})@", marker):
        hour, minutes = int(clock[1]), int(clock[3])
        if clock[2] == "+" or minutes == 0:
            return f"{hour}:{minutes:02}"
        return f"{(hour - 1) or (12 if hour == 1 else 23)}:{60 - minutes:02}"
    return marker.strip("@")


@lru_cache(maxsize=16)
def rewrites(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a language says of days and times, and how it is said in English, in the order to go by."""
    return tuple((re.compile(pattern), said) for pattern, said in knowledge(language).get("rewrites", ()))
