"""Names of currencies → ISO 4217, from the CLDR data of `babel`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

_AMOUNT = re.compile(r"^[\d.,\s]+|^(?:the|an?)\s+", re.IGNORECASE)


def currency_code(text: str, language: str = "en") -> str | None:
    """The code of the one currency in use that a text names ("US dollars", "yen", "eur"); "dollars" is several."""
    name = " ".join(_AMOUNT.sub("", text.casefold()).split()).strip(" .,;!?'\"")
    codes = _names(language).get(name, frozenset())
    return next(iter(codes)) if len(codes) == 1 else None


@lru_cache(maxsize=8)
def _names(language: str) -> Mapping[str, frozenset[str]]:
    """Name in words → codes: CLDR's names, codes, "<territory> <noun>", and the noun alone."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global
    from babel.numbers import get_currency_name, get_territory_currencies

    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return {}
    names: defaultdict[str, set[str]] = defaultdict(set)
    for territory in get_global("territory_currencies"):
        for code in get_territory_currencies(territory):
            said = [get_currency_name(code, count, locale).casefold() for count in (None, 1, 2)]
            nouns = [name.rsplit(" ", 1)[-1] for name in said]
            place = str(locale.territories.get(territory, "")).casefold()
            for name in (code.casefold(), *said, *nouns, *(f"{place} {noun}" for noun in nouns if place)):
                names[name].add(code)
    return {name: frozenset(codes) for name, codes in names.items()}
