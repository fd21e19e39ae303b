"""Words that the assistant's own sentences need, as data: `phrases/<language>.json`; and which language to speak.

`language` knows how a language is read; here stands how it is spoken. Another language is another file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from trm_agent.text.language import language_of

_FOLDER = Path(__file__).parent / "phrases"
SPOKEN = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))
"""Languages that the assistant speaks."""
_VIETNAMESE = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_SHARE = 0.3
_MOST_MESSAGES = 4


@lru_cache(maxsize=8)
def phrases(language: str) -> Mapping[str, Any]:
    """The words of a language; those of English for one without a file."""
    path = _FOLDER / f"{language if language in SPOKEN else 'en'}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=64)
def pattern(language: str, name: str) -> re.Pattern[str]:
    """A regular expression of a language; one that matches nothing where the language has none of this name."""
    return re.compile(phrases(language).get(name, r"(?!)"), re.IGNORECASE)


@lru_cache(maxsize=64)
def patterns(language: str, name: str) -> tuple[re.Pattern[str], ...]:
    """A list of regular expressions of a language."""
    return tuple(re.compile(one, re.IGNORECASE) for one in phrases(language).get(name, ()))


@lru_cache(maxsize=256)
def words_of(language: str, name: str) -> frozenset[str]:
    """A list of words of a language, as a set."""
    return frozenset(phrases(language).get(name, ()))


@lru_cache(maxsize=4096)
def spoken_language(text: str) -> str | None:
    """The language of a text, told by its letters and its small words; None where it shows none.

    A name ("a flight to Hà Nội") makes no Vietnamese sentence: a third of the words must have Vietnamese letters.
    """
    words = _WORD.findall(text)
    if not words:
        return None
    marked = sum(bool(_VIETNAMESE.search(word)) for word in words)
    if marked and marked >= _SHARE * len(words):
        return "vi"
    read = language_of(text)
    if read == "en":
        return "en" if len(words) > 1 else None
    return read if read in SPOKEN and marked else "en"


def conversation_language(messages: Iterable[str]) -> str:
    """The language of the last of a user's messages that shows one; English without any."""
    latest = list(messages)[-_MOST_MESSAGES:]
    return next((language for text in reversed(latest) if (language := spoken_language(text))), "en")
