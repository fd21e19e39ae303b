"""How two values compare, and how an entry of a closed list is put in words."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from trm_agent.types import identifier_words

_WRAPPING = re.compile(r"^[\s'\"`“”‘’]+|[\s'\"`“”‘’.,;:!?]+$")
_DECIMAL = re.compile(r"[-+]?\d+\.\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_MOMENT = re.compile(r"(?:(\d{4}-\d\d-\d\d)[t ])?(\d\d:\d\d)(?::00(?:\.0+)?)?")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)+|[a-z]+([A-Z][a-z0-9]+)+")


def normalise(value: Any) -> str:
    """The text that two values are compared by.

    Letter case, runs of white space, quotes around and punctuation after the value do not matter; `2.0` is `2`,
    `1,000` is `1000`, True is `true`, a time of day and a moment are the same with seconds that are zero and without.
    Lists keep their order, objects do not.
    """
    if isinstance(value, Mapping):
        return json.dumps({str(k): normalise(v) for k, v in value.items()}, sort_keys=True, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return json.dumps([normalise(item) for item in value], ensure_ascii=False)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(value)).casefold())
    text = " ".join(text.split())
    text = _WRAPPING.sub("", text) or text
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if moment := _MOMENT.fullmatch(text):
        return "t".join(part for part in moment.groups() if part)
    return text.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(text) else text


def matches(value: Any, accepted: Iterable[Any]) -> bool:
    """Whether a value equals one of the accepted ones in its normalised text."""
    text = normalise(value)
    return any(normalise(item) == text for item in accepted)


def choice_place(choice: Any, text: str) -> tuple[int, int] | None:
    """Where a text names an entry of a closed list by its very words, whatever their case; the first place."""
    words = choice_text(choice).strip()
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) if words else None
    return found.span() if found else None


def choice_text(choice: Any) -> str:
    """An entry of a closed list in words: `very_hot` is "very hot", True is "true", an object its JSON."""
    if isinstance(choice, str):
        return identifier_words(choice) if _IDENTIFIER.fullmatch(choice) else choice
    return json.dumps(choice, ensure_ascii=False, sort_keys=True, default=str)
