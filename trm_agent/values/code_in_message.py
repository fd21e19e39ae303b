"""A code as its parameter writes it: read aloud ("b k four zero four"), or its number only ("791" of PLT-791).

How it is written is what the description shows ("Like PLT-204", "TG-####"), else what the assistant has just shown.
"""

from __future__ import annotations

import re
from functools import lru_cache

from trm_agent.text.spelled import Spelled, spelled_at
from trm_agent.types import Parameter
from trm_agent.values.place import Place, Told, Where
from trm_agent.values.schema import validates

_SHOWN = re.compile(
    r"(?<![\w-])(?P<letters>[A-Za-z]{1,6})(?P<sign>[-_ /]?)(?P<digits>\d+|#+|n{3,}|N{3,}|X{2,}|…|\.{3})(?![\w-])"
)
_COUNTED = re.compile(
    r"(?<![\w-])(?P<letters>[A-Z]{1,4})(?P<sign>-?) (?:plus|and|followed by) (?P<digits>\w+)"
    r" (?:digits|figures|numbers)\b"
)
_WORDS = frozenset(
    ("and", "or", "to", "the", "of", "in", "at", "for", "max", "up", "like", "from", "than", "least", "iso")
)
_LARGE = re.compile(r"hundred|thousand")
_FEWEST = 3


def code_in_message(where: Where, parameter: Parameter) -> Told | None:
    """The code that a span says; None where it is none, or is written as it stands."""
    if parameter.type != "string" or not parameter.schema.keys().isdisjoint(("format", "enum")):
        return None
    lower = where.text.lower()
    if len(lower) != len(where.text):
        return None
    shown = _shapes(str(parameter.schema.get("description") or ""), described=True)
    described = bool(shown)
    shown = shown or _shapes(where.question, described=False)
    word = _with_prefix(lower, where.place, shown)
    if word is not None:
        return _told(*word, parameter)
    said = spelled_at(lower, *where.place)
    if said is None:
        return None
    value = _shaped(said, shown, lower[said.start : said.end])
    if value is None and not described and said.aloud:
        value = _plain(said)
    if value is None or value == where.text[said.start : said.end]:
        return None
    return _told(value, (said.start, said.end), parameter)


def _told(value: str, place: Place, parameter: Parameter) -> Told | None:
    return Told(value, *place) if validates(value, parameter.schema) else None


def _with_prefix(lower: str, place: Place, shown: tuple[tuple[str, str, int], ...]) -> tuple[str, Place] | None:
    """A code whose letters are said as one word ("grn one hundred eighteen", "plt 792")."""
    for letters, sign, _ in shown:
        led = re.search(rf"(?<!\w){letters.lower()}\s+$", lower[: place[0]])
        within = re.match(rf"{letters.lower()}\s+(?=\w)", lower[slice(*place)])
        start = place[0] + within.end() if within else place[0]
        if len(letters) < 2 or not (led or within):
            continue
        said = spelled_at(lower, start, place[1])
        if said is not None and len(said.parts) == 1 and said.parts[0].isdigit():
            begin = place[0] if within else place[0] - len(led[0]) if led else place[0]
            return f"{letters}{sign}{said.parts[0]}", (begin, said.end)
    return None


def _shaped(said: Spelled, shown: tuple[tuple[str, str, int], ...], words: str) -> str | None:
    """What is said, written as the codes that are shown; of a number alone, with the letters of the only such code."""
    parts = said.parts
    if len(parts) == 1 and parts[0].isdigit() and len(parts[0]) > 1 and not _LARGE.search(words):
        fitting = {(letters, sign) for letters, sign, count in shown if count in (0, len(parts[0]))}
        return "".join((*fitting.pop(), parts[0])) if len(fitting) == 1 else None
    if len(parts) == 2 and parts[0].isalpha() and parts[1].isdigit() and shown:
        letters, sign, _ = shown[0]
        return f"{parts[0].upper() if letters.isupper() else parts[0].lower()}{sign}{parts[1]}"
    return None


def _plain(said: Spelled) -> str | None:
    """What is said with nothing between: letters in capitals, but for what dots and dashes are said in."""
    parts, few = said.parts, said.words < _FEWEST
    if parts[0] == "+":
        return "".join(parts) if len(parts) == 2 and not few else None
    if len(parts) == 1:
        return parts[0] if parts[0].isdigit() and not few else None
    loose = parts[0] in ("a", "i", "o") or (few and parts[-1] in ("a", "i", "o"))
    if loose or "+" in parts or not any(part.isdigit() for part in parts):
        return None
    if not (parts[0].isalnum() and parts[-1].isalnum()):
        return None
    plain = all(part.isalnum() or part == "-" for part in parts) and not parts[-1].isalpha()
    return said.plain() if plain or all(part.isalnum() for part in parts) else "".join(parts)


@lru_cache(maxsize=4096)
def _shapes(text: str, *, described: bool) -> tuple[tuple[str, str, int], ...]:
    """Letters, sign and number of digits (0: any) of the codes that a text shows."""
    out = []
    for found in _SHOWN.finditer(text):
        if found["letters"].lower() in _WORDS or (not described and (found["sign"] == " " or len(found["digits"]) < 2)):
            continue
        any_number = found["digits"] in ("…", "...")
        out.append((found["letters"], found["sign"], 0 if any_number else len(found["digits"])))
    out += [(found["letters"], found["sign"], 0) for found in _COUNTED.finditer(text)]
    return tuple(dict.fromkeys(out))
