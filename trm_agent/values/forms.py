"""Texts in the form that a declaration asks for: codes of countries and languages, telephone numbers, "City, ST".

Names come from CLDR (`babel`), telephone numbers are Google's rules (`phonenumbers`). What has no such form is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from trm_agent.text.language import knowledge
from trm_agent.text.units import quantities

_CITY_WORDS = 4
_EXAMPLE_NUMBER = re.compile(r"\+\d[\d\s().-]{6,}")


def in_form(text: str, form: str, description: str, language: str) -> str | None:
    """A text in a form of `Hints.asked_form`; None if it cannot be put so."""
    match form:
        case "duration":
            return _duration(text, language)
        case "phone":
            return _phone(text, description)
        case "city, state":
            return _city_state(text)
        case "country2" | "country3":
            return _country(text, language, three=form == "country3")
        case "language":
            return _languages(language).get(_name(text)) or _languages("en").get(_name(text))
        case "lower":
            return text.lower()
        case "upper":
            return text.upper()
    return None


def _name(text: str) -> str:
    return re.sub(r"^the\s+", "", " ".join(text.casefold().split()).strip(" ,;!?'\""))


def _duration(text: str, language: str) -> str | None:
    """ISO 8601: "an hour and a half" is PT1H30M; weeks stand alone."""
    found = quantities(text, language)
    if len(found) != 1 or not found[0].kinds() & {"clock", "calendar"}:
        return None
    whole = found[0]
    if "calendar" in whole.kinds():
        months = whole.into("duration-month")
        if months is None or months != int(months):
            return None
        years, rest = divmod(int(months), 12)
        return "P" + (f"{years}Y" if years else "") + (f"{rest}M" if rest or not years else "")
    seconds = whole.into("duration-second")
    if seconds is None or seconds < 0:
        return None
    weeks = seconds / 604_800
    said = {unit for _, units in whole.parts for unit in units}
    if weeks == int(weeks) and weeks and "duration-week" in said:
        return f"P{int(weeks)}W"
    days = Decimal(0)
    if any(unit in ("duration-day", "duration-night", "duration-week") for unit in said):
        days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    clock = "".join(f"{n.normalize():f}{letter}" for n, letter in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    return (
        "P"
        + (f"{int(days)}D" if days else "")
        + (f"T{clock}" if clock or not days else "")
        + ("" if clock or days else "0S")
    )


def _phone(text: str, description: str) -> str | None:
    """E.164; a national number is read in the country of the number that the description shows."""
    import phonenumbers

    region = None
    if shown := _EXAMPLE_NUMBER.search(description):
        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(shown[0]))
        except phonenumbers.NumberParseException:
            region = None
        region = region or ("US" if shown[0].startswith("+1") else None)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _city_state(text: str) -> str | None:
    """`Boston, MA`; None without a state, or with more than a city's name before it."""
    states: Mapping[str, str] = knowledge("en")["states"]
    names = "|".join(sorted(states, key=len, reverse=True))
    found = re.fullmatch(rf"([^,\d]+?)(,\s*|\s+)((?i:{names})|[A-Za-z]{{2}})\.?", text.strip())
    if found is None or len(found[1].split()) > _CITY_WORDS:
        return None
    state = states.get(found[3].casefold()) or (found[3].upper() if found[3].upper() in states.values() else None)
    if state is None or not (len(found[3]) > 2 or found[3].isupper() or "," in found[2]):
        return None
    small = [word for word in found[1].split() if word.islower() and word not in ("of", "the", "de", "la")]
    return None if small and found[1] != found[1].lower() else f"{found[1]}, {state}"


def _country(text: str, language: str, *, three: bool) -> str | None:
    name = _name(text)
    code = knowledge("en")["countries"].get(name) or _countries(language).get(name) or _countries("en").get(name)
    return _three_letters().get(code) if three and code else code


@lru_cache(maxsize=8)
def _countries(language: str) -> Mapping[str, str]:
    from babel import Locale
    from babel.core import get_global

    names = {
        _name(str(name)): code
        for code, name in Locale.parse(language).territories.items()
        if re.fullmatch("[A-Z]{2}", code)
    }
    names |= {code.casefold(): code for code in names.values()}
    aliases = {old.casefold(): new[0] for old, new in get_global("territory_aliases").items() if len(new) == 1}
    return {**{old: new for old, new in aliases.items() if old.isalpha()}, **names}


@lru_cache(maxsize=1)
def _three_letters() -> Mapping[str, str]:
    from babel.core import get_global

    codes: dict[str, str] = {}
    for old, new in get_global("territory_aliases").items():
        # Of several, codes of countries that are no more have not the letters of the short one (DDR, FXX).
        fits = re.match(".*".join(new[0]), old) if len(new) == 1 and re.fullmatch("[A-Z]{3}", old) else None
        if len(new) == 1 and re.fullmatch("[A-Z]{3}", old) and (fits or new[0] not in codes):
            codes[new[0]] = old
    return codes


@lru_cache(maxsize=8)
def _languages(language: str) -> Mapping[str, str]:
    from babel import Locale

    names = {
        str(name).casefold(): code
        for code, name in Locale.parse(language).languages.items()
        if re.fullmatch("[a-z]{2}", code)
    }
    return {**{code: code for code in names.values()}, **names}
