"""Entries of closed lists, and of lists that only a description gives, found by what a text says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from trm_agent.text.language import knowledge
from trm_agent.types import Parameter
from trm_agent.values.compare import choice_text, normalise
from trm_agent.values.currencies import currency_code
from trm_agent.values.schema import Identity

_LONGEST = 80
# Hyphens, blanks and underscores within words; never between digits, where they may mean a range or a sign.
_GAP = re.compile(r"(?<=\w)[\s_‐‑\-]+(?=[^\W\d])|(?<=[^\W\d])[\s_‐‑\-]+(?=\w)")
_WORD = re.compile(r"[^\W\d_]+")
_COMPARED = ("er", "est")
_CURRENCY_CODE = re.compile(r"[A-Z]{3}")


class Entries:
    """A list of values by what they are called: the very text, the same but for hyphens, other forms of the words."""

    def __init__(self, choices: Sequence[Any], language: str) -> None:
        self._choices = choices
        self._language = language

    def same(self, text: str) -> list[Any]:
        """Entries that the very text names; "3.10" is not "3.1" where the list has both."""
        if exact := self._exact.get(text.casefold()):
            return exact
        names = _texts(text)
        return _distinct([choice for name in names for choice in self._texts.get(name, ())])

    def alike(self, text: str) -> list[Any]:
        """Entries that a text names in other letters: hyphens and blanks first, word forms after that."""
        if len(text) > _LONGEST or not any(isinstance(choice, str) for choice in self._choices):
            return []
        return self._joined.get(_joined(text)) or self._lemmas.get(_lemmas(text, self._language)) or []

    @cached_property
    def _exact(self) -> Mapping[str, list[Any]]:
        return self._table(str.casefold)

    @cached_property
    def _texts(self) -> Mapping[str, list[Any]]:
        return self._table(normalise)

    @cached_property
    def _joined(self) -> Mapping[str, list[Any]]:
        return self._table(_joined)

    @cached_property
    def _lemmas(self) -> Mapping[str, list[Any]]:
        return self._table(lambda text: _lemmas(text, self._language))

    def _table(self, key: Callable[[str], str]) -> Mapping[str, list[Any]]:
        table: defaultdict[str, list[Any]] = defaultdict(list)
        for choice in self._choices:
            for name in {key(_text(choice)), key(choice_text(choice))}:
                table[name].append(choice)
        return dict(table)


@lru_cache(maxsize=4096)
def entries(key: Identity, language: str) -> Entries:
    """The entries of a schema's closed list."""
    return Entries(Parameter("", dict(key.schema)).choices, language)


def said_choices(text: str, parameter: Parameter, language: str = "en") -> list[Any]:
    """Entries of a closed list that a text says anywhere, in any form of their words: "decline" is `declined`.

    "At least" is `>=` and `gte`. Of entries that stand within one another in the text the longer one is said.
    """
    words = [(found.start(), found.end(), _lemma(found[0].casefold(), language)) for found in _WORD.finditer(text)]
    found: list[tuple[int, int, Any]] = []
    for choice in parameter.choices:
        if not isinstance(choice, str):
            continue
        wanted = [_lemma(word, language) for word in _WORD.findall(normalise(choice_text(choice)))]
        for at in range(len(words) - len(wanted) + 1 if wanted and len(choice) > 2 else 0):
            if [word for _, _, word in words[at : at + len(wanted)]] == wanted:
                found.append((words[at][0], words[at + len(wanted) - 1][1], choice))
        found += [(*place, choice) for place in _compared(text, choice)]
    kept = [(a, b, c) for a, b, c in found if not any(x <= a and b <= y and y - x > b - a for x, y, _ in found)]
    return _distinct([choice for _, _, choice in kept])


@lru_cache(maxsize=4096)
def _name(choice: str) -> str:
    """An entry as texts are compared with it."""
    return normalise(choice_text(choice))


def _compared(text: str, choice: str) -> list[tuple[int, int]]:
    """Where a text says the comparison that an entry stands for, in words or as a sign."""
    name = _name(choice)
    said = next((row["said"] for row in knowledge("en")["comparators"] if name in row["names"]), ())
    pattern = "|".join(
        rf"\b{re.escape(way)}\b" if way[0].isalpha() else rf"(?<![<>=!]){re.escape(way)}(?![<>=])" for way in said
    )
    return [found.span() for found in re.finditer(pattern, text.casefold())] if pattern else []


def find_currency(text: str, choices: Sequence[Any], language: str) -> Any | None:
    """The entry of a list of currency codes whose currency a text names."""
    if not all(isinstance(choice, str) and _CURRENCY_CODE.fullmatch(choice) for choice in choices):
        return None
    code = currency_code(text, language)
    return code if code in choices else None


def described_choices(parameter: Parameter) -> tuple[str, ...]:
    """The values that only the description lists as the ones there are ("Can be 'melting' or 'boiling'.").

    Examples ("e.g. …") and open lists ("…, etc.") are none. The parameter stays open: the list may be incomplete.
    """
    return _described(Identity(parameter.schema))


def described_names(parameter: Parameter) -> tuple[str, ...]:
    """What the description names as a value in any way: choices, examples, whatever stands in quotes."""
    return _all_named(Identity(parameter.schema))


def described_form(text: str, parameter: Parameter, language: str) -> str | None:
    """What a description names in other letters or another form of the word, as it has it: a choice or an example."""
    key = Identity(parameter.schema)
    if not _named(key):
        return None
    listed = _named_entries(key, language)
    found = listed.same(text) or listed.alike(text)
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=16_384)
def _texts(text: str) -> frozenset[str]:
    return frozenset((normalise(text), normalise(choice_text(text))))


def _text(choice: Any) -> str:
    return choice if isinstance(choice, str) else normalise(choice)


def _distinct(values: Sequence[Any]) -> list[Any]:
    """Without repetition of one and the same object; entries that are merely equal are two."""
    return list({id(value): value for value in values}.values())


@lru_cache(maxsize=16_384)
def _joined(text: str) -> str:
    return _GAP.sub("", normalise(text))


@lru_cache(maxsize=16_384)
def _lemmas(text: str, language: str) -> str:
    return _GAP.sub("", _WORD.sub(lambda word: _lemma(word[0], language), normalise(text)))


@lru_cache(maxsize=16_384)
def _lemma(word: str, language: str) -> str:
    """The dictionary form of a word; "latest" is not "late"."""
    from simplemma import lemmatize

    if word.endswith(_COMPARED):
        return word
    try:
        return lemmatize(word, language).casefold()
    except ValueError:
        return word


_KIND = r"(?:values?|options?|choices?|types?|modes?|units?|formats?|categories|\w+s)"
_ARE = r"(?: are| include|)"
_SURE = (
    rf"one of(?: the following)?|(?:valid|possible|allowed|accepted|permitted) {_KIND}{_ARE}"
    rf"|options{_ARE}|choices{_ARE}|either"
)
_QUOTED_ONLY = (
    r"(?:can|must|may|should)(?: only)? be(?: one of| either)?|supports"
    rf"|(?:supported|available) {_KIND}{_ARE}|values{_ARE}"
)
_QUOTED_ITEM = r"(?:'[^'\n]{1,40}'|\"[^\"\n]{1,40}\"|`[^`\n]{1,40}`|“[^”\n]{1,40}”)"
_BARE_ITEM = r"[A-Za-z][\w+#-]*(?: (?!or\b|and\b|etc\b)[\w+#-]+){0,2}"
_JOINT = r"(?:\s*,\s*(?:(?:or|and)\s+)?|\s+(?:or|and)\s+|\s*/\s*|\s*\|\s*)"
_LISTS = (
    re.compile(
        rf"\b(?:{_SURE}|{_QUOTED_ONLY})\s*:?\s*[\[({{]?({_QUOTED_ITEM}(?:{_JOINT}{_QUOTED_ITEM})+)", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?:{_SURE})\s*:?\s*[\[({{]?({_BARE_ITEM}(?:{_JOINT}{_BARE_ITEM})+)(?=\s*[\])}}.;]|\s*$)", re.IGNORECASE
    ),
)
_EXAMPLES = re.compile(
    r"(?:\be\.?g\.?|\bfor (?:example|instance)|\bsuch as|\bexamples?:|\bsupports"
    rf"|\b(?:supported|available) {_KIND}{_ARE})"
    rf"\s*[,:]?\s*[\[({{]?(?:({_QUOTED_ITEM}(?:{_JOINT}{_QUOTED_ITEM})*)"
    rf"|({_BARE_ITEM}(?:{_JOINT}{_BARE_ITEM})+?)(?=\s*[\])}}.;]|\s*,?\s+etc\b|\s*$))",
    re.IGNORECASE,
)
_QUOTED_NAME = re.compile(r"(?<!\w)(?:'([^'\n]{1,40})'|\"([^\"\n]{1,40})\"|`([^`\n]{1,40})`|“([^”\n]{1,40})”)(?!\w)")
_OPEN = re.compile(r"^[\s,]*(?:\(?\s*)?(?:and|or)?\s*(?:etc\b|others?\b|so on|more\b|\.\.\.|…)", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:an?|the|any|some|your)\s", re.IGNORECASE)
_FEWEST, _MOST = 2, 40


@lru_cache(maxsize=8192)
def _described(key: Identity) -> tuple[str, ...]:
    description = str(key.schema.get("description") or "")
    lists = [found for pattern in _LISTS for found in pattern.finditer(description)]
    if len({found.start(1) for found in lists}) != 1:
        return ()
    found = lists[0]
    quoted = found.re is _LISTS[0]
    items = re.findall(_QUOTED_ITEM, found[1]) if quoted else re.split(_JOINT, found[1])
    names = [item.strip("'\"`“” ") for item in items]
    if _OPEN.match(description[found.end() :]) or not _FEWEST <= len(set(names)) == len(names) <= _MOST:
        return ()
    loose = any(_ARTICLE.match(name) or _OPEN.match(name) for name in names) and not quoted
    return () if loose or not all(names) else tuple(names)


@lru_cache(maxsize=8192)
def _named(key: Identity) -> tuple[str, ...]:
    """Described choices, and where there are none the examples: how the tool writes such values."""
    if listed := _described(key):
        return listed
    names: list[str] = []
    for found in _EXAMPLES.finditer(str(key.schema.get("description") or "")):
        items = re.findall(_QUOTED_ITEM, found[1]) if found[1] else re.split(_JOINT, found[2])
        names += [name for item in items if (name := item.strip("'\"`“” ")) and not _ARTICLE.match(name)]
    return tuple(dict.fromkeys(names[:_MOST]))


@lru_cache(maxsize=8192)
def _all_named(key: Identity) -> tuple[str, ...]:
    quoted = _QUOTED_NAME.finditer(str(key.schema.get("description") or ""))
    names = [found[found.lastindex or 0].strip() for found in quoted]
    return tuple(dict.fromkeys(name for name in [*_named(key), *names] if len(name) > 1))[:_MOST]


@lru_cache(maxsize=4096)
def _named_entries(key: Identity, language: str) -> Entries:
    return Entries(_named(key), language)
