"""Numbers as people say them: prices ("eight fifty"), shares ("a quarter"), "a couple", "1:34" in seconds, "x6".

Each reads the words that a span belongs to in English, where the parameter makes plain what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from trm_agent.text.clock import clocks
from trm_agent.text.language import knowledge
from trm_agent.text.numbers import amount
from trm_agent.text.spelled import spelled_at
from trm_agent.text.units import unit_at
from trm_agent.types import Parameter, identifier_words
from trm_agent.values.date_forms import moment_base
from trm_agent.values.declared import hints
from trm_agent.values.parse import parse_value
from trm_agent.values.period_in_message import edge_of_period
from trm_agent.values.place import Place, Told, Where, inside, meet

Said = tuple[Decimal, Place]
_WORD = re.compile(r"(?<![\w-])(?:[a-z]+(?:-[a-z]+)?|\d+)(?![\w-])")
_COMMA = re.compile(r"(?<![\w.,])\d{1,6}(,)(?P<decimals>\d{1,2})(?![\w,.]*\d)(?:\s?(?P<unit>[a-z%°€]+))?")
_COINS = re.compile(
    r"\b(?P<whole>\d{1,4}|an?|[a-z]+(?:[ -][a-z]+)?) (?:euros?|pounds?|quid|francs?|dollars?|bucks) "
    r"(?P<cents>\d{2}|[a-z]+(?:[ -][a-z]+)?)(?!\s?(?:euros?|pounds?|%|percent)\b)"
)
_ABOUT_MONEY = re.compile(r"\b(?:price|cost|amount|tip|fee|fare|rate|paid|pay|value|budget|spend|hourly|total)\b")
_LENGTH = re.compile(r"(?<![\d:])(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?![\d:])")
_SIDES = re.compile(r"(?<![\w.])(\d{2,5})\s?(?:[x×*]|by)\s?(\d{2,5})(?![\w.])")
_WIDE, _HIGH = frozenset(("width", "w")), frozenset(("height", "h"))
_METRES = re.compile(
    r"\b(?P<metres>\d|an?|one|two|three) ?(?:metres?|meters?|m) (?:and )?(?P<rest>\d{2}|[a-z]+(?:[ -][a-z]+)?)"
    r"(?!\s?(?:x|by|cm|mm|centimet|millimet|metre|meter|%)|\w)"
)
_IN_CENTIMETRES = {"length-centimeter": Decimal(1), "length-meter": Decimal(100), "length-millimeter": Decimal("0.1")}
_KILO = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)k(?!\w)")
_TIMES = re.compile(r"(?<![\w.])[x×]\s?(\d{1,4})(?![\w.])")
_LARGE = "|".join(knowledge("en")["large"])
_SCALED = re.compile(
    rf"\b(?P<number>\d[\d,]*(?:\.\d+)?|an?|[a-z]+(?:[ -][a-z]+)?)(?P<inner> and an? (?:half|quarter))?"
    rf" (?P<scale>(?:{_LARGE})(?: thousand| million)?)(?P<outer> and an? (?:half|quarter))?\b"
)
_LENT = re.compile(
    rf"\b(?P<led>between |from )?(?P<number>\d+(?:\.\d+)?|[a-z]+) (?P<joint>and|to) (?P<other>\d+(?:\.\d+)?|[a-z]+) "
    rf"(?P<scale>(?:{_LARGE})(?: thousand| million)?)\b"
)
_ONE_OF = re.compile(r"(?:an?|another) [a-z-]+(?: of [a-z-]+)?")
_MAY_BE_CENTS = range(10, 100)


def said_number(where: Where, parameter: Parameter) -> Told | None:
    """The number that a span says in a way of its own; None for plain numbers."""
    lower = where.text.lower()
    if len(lower) != len(where.text):
        return None
    for read in _WAYS:
        said = read(lower, where, parameter)
        if said is None:
            continue
        value = parse_value(f"{said[0].normalize():f}", parameter, where.now)
        if value is not None:
            return Told(value, *said[1])
    return None


def _comma(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """Decimals behind a comma: two of them, or one before a unit."""
    if parameter.type != "number":
        return None
    for found in _COMMA.finditer(lower):
        end = found.end("decimals")
        if not meet((found.start(), end), where.place):
            continue
        if len(found["decimals"]) == 1 and not (found["unit"] and (unit_at(found["unit"]) or found["unit"] in "%€")):
            continue
        return Decimal(lower[found.start() : end].replace(",", ".")), (found.start(), end)
    return None


def _price(lower: str, where: Where, parameter: Parameter) -> Said | None:
    asked = hints(parameter)
    words = f"{identifier_words(parameter.name)} {parameter.description.lower()}"
    cents = asked.measure == "money-cent"
    if asked.measure and not cents:
        return None
    for found in _COINS.finditer(lower):
        final = found["whole"].split(" ")[-1]
        whole = Decimal(1) if final in ("a", "an") else amount(final)
        whole = amount(found["whole"]) or whole
        small = amount(found["cents"]) or amount(found["cents"].split(" ")[0])
        if meet(found.span(), where.place) and whole is not None and small is not None and small in _MAY_BE_CENTS:
            return _in_money(whole, small, cents), found.span()
    if not (asked.currency or cents or _ABOUT_MONEY.search(words)):
        return None
    said = knowledge("en")["notes"].get(lower[slice(*where.place)])
    if said is not None:
        return Decimal(said) * (100 if cents else 1), where.place
    if cents and (plain := re.fullmatch(r"[€$£]?(\d+)[.,](\d\d)", lower[slice(*where.place)])):
        return _in_money(Decimal(plain[1]), Decimal(plain[2]), cents), where.place
    return _spoken_price(lower, where.place, cents) if parameter.type == "number" or cents else None


def _spoken_price(lower: str, place: Place, cents: bool) -> Said | None:
    """Two numbers in a row, of which the second may be hundredths ("fifty four ninety")."""
    tokens = list(_WORD.finditer(lower))
    touched = [i for i, token in enumerate(tokens) if meet(token.span(), place)]
    if not touched or not all(_is_number(tokens[i][0]) for i in touched):
        return None
    first, last = touched[0], touched[-1]
    while first and _is_number(tokens[first - 1][0]) and lower[tokens[first - 1].end() : tokens[first].start()] == " ":
        first -= 1
    while last + 1 < len(tokens) and _is_number(tokens[last + 1][0]):
        if lower[tokens[last].end() : tokens[last + 1].start()] != " ":
            break
        last += 1
    span = tokens[first].start(), tokens[last].end()
    words = re.split(r"[ -]", lower[slice(*span)])
    if amount(lower[slice(*span)]) is not None or not 1 < len(words) < 5:
        return None
    for cut in range(1, len(words)):
        whole, small = amount(" ".join(words[:cut])), amount(" ".join(words[cut:]))
        if whole is not None and small is not None and 0 < whole < 1000 and small in _MAY_BE_CENTS:
            return _in_money(whole, small, cents), span
    return None


def _is_number(word: str) -> bool:
    return word not in knowledge("en")["large"] and amount(word) is not None


def _in_money(whole: Decimal, small: Decimal, cents: bool) -> Decimal:
    return whole * 100 + small if cents else whole + small / 100


def _scaled(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """Thousands and millions with a half, "grand", and those that another number lends ("between 3 and 4 thousand")."""
    for found in _LENT.finditer(lower):
        number, other = amount(found["number"]), amount(found["other"])
        before = re.search(r"([a-z]+|\d+)[ -]$", lower[: found.start()])
        part = before is not None and amount(before[1]) is not None
        if other is None or number is None or number >= other or part or (found["joint"] == "and" and not found["led"]):
            continue
        span = found.start("number"), found.end("number")
        if meet(span, where.place) and where.place[1] <= span[1]:
            return number * _scale(found["scale"]), span
    for found in _SCALED.finditer(lower):
        parts = found["inner"] or found["outer"]
        if not meet(found.span(), where.place) or not (parts or "grand" in found["scale"]):
            continue
        start = found.start()
        number = Decimal(1) if found["number"] in ("a", "an") else amount(found["number"])
        if number is None and " " in found["number"]:
            number = amount(found["number"].split(" ")[-1]) or (Decimal(1) if found["number"][-2:] == " a" else None)
            start = found.end("number") - len(found["number"].split(" ")[-1])
        if number is not None:
            share = Decimal("0.5") if "half" in (parts or "") else Decimal("0.25") if parts else Decimal(0)
            return (number + share) * _scale(found["scale"]), (start, found.end())
    return None


def _scale(words: str) -> Decimal:
    out = Decimal(1)
    for word in words.split():
        out *= knowledge("en")["large"][word]
    return out


def _share(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """Parts of a whole as percent."""
    words = f"{identifier_words(parameter.name)} {parameter.description.lower()}"
    of_hundred = parameter.schema.get("maximum") == 100 and parameter.schema.get("minimum", 0) == 0
    if hints(parameter).fraction or not (of_hundred or re.search(r"\bpercent(?:age)?\b", words)):
        return None
    said = knowledge("en")["shares"].get(re.sub(r"^(?:about|to|roughly) ", "", lower[slice(*where.place)]))
    led = re.search(r"(?:a|and|three|two) $", lower[: where.place[0]])
    if said is None or (led and (led[0] == "and " or lower[slice(*where.place)] in ("quarter", "third"))):
        return None
    return Decimal(said), where.place


def _count(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """One of something ("a stapler"), a couple, twice: the span is that and no more."""
    names = set(identifier_words(parameter.name.rsplit(".", 1)[-1]).split())
    data = knowledge("en")["counts"]
    if names.isdisjoint(data["names"]) or hints(parameter).currency or "price" in names:
        return None
    words = lower[slice(*where.place)]
    said = 1 if _ONE_OF.fullmatch(words) and _is_one(lower, where.place) else data["said"].get(words)
    return (Decimal(said), where.place) if said is not None else None


def _is_one(lower: str, place: Place) -> bool:
    """Whether what an article leads is counted, and no part of another number or of a length of time."""
    after = lower[slice(*place)].split()[1]
    loose = after in ("few", "lot", "bit", "little", "couple", "pair", "dozen", "half", "quarter", "third")
    before = re.search(r"\b(?:half|per|such|what|quite|many|times|once|twice)\s+$|\d\s+$", lower[: place[0]])
    return not loose and before is None and not unit_at(after) and amount(after) is None


def _seconds(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """A length as a watch shows it ("1:34"), where seconds are counted."""
    asked = hints(parameter)
    if asked.measure != "duration-second" and not re.search(r"\bs$", identifier_words(parameter.name)):
        return None
    found = [length for length in _LENGTH.finditer(lower) if meet(length.span(), where.place)]
    if len(found) == 2 and asked.last is not None:
        found = [found[int(asked.last)]]
    if len(found) != 1:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found[0].groups())
    return Decimal(hours * 3600 + minutes * 60 + seconds), found[0].span()


def _side(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """The width or the height of "1280x720"."""
    names = set(identifier_words(parameter.name.rsplit(".", 1)[-1]).split())
    wide, high = not names.isdisjoint(_WIDE), not names.isdisjoint(_HIGH)
    if wide == high:
        return None
    found = [sides for sides in _SIDES.finditer(lower) if meet(sides.span(), where.place)]
    which = 1 if wide else 2
    return (Decimal(found[0][which]), found[0].span(which)) if len(found) == 1 else None


def _metres(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """Centimetres said after metres ("one metre eighty-four"), and the "10k" that runners say for kilometres."""
    measure = hints(parameter).measure
    if measure == "length-kilometer":
        run = next((found for found in _KILO.finditer(lower) if meet(found.span(), where.place)), None)
        return (Decimal(run[1]), run.span()) if run else None
    if measure not in _IN_CENTIMETRES:
        return None
    for found in _METRES.finditer(lower):
        metres = Decimal(1) if found["metres"] in ("a", "an") else amount(found["metres"])
        rest, end = amount(found["rest"]), found.end()
        if rest is None and " " in found["rest"]:
            rest, end = amount(found["rest"].split(" ")[0]), found.start("rest") + found["rest"].index(" ")
        if (
            metres is not None
            and rest is not None
            and rest in _MAY_BE_CENTS
            and meet((found.start(), end), where.place)
        ):
            return (metres * 100 + rest) / _IN_CENTIMETRES[measure], (found.start(), end)
    return None


def _times(lower: str, where: Where, parameter: Parameter) -> Said | None:
    found = [times for times in _TIMES.finditer(lower) if inside(where.place, times.span())]
    return (Decimal(found[0][1]), found[0].span()) if found and parameter.type == "integer" else None


def _month(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """The number of a month that is named, or the year that it lies in."""
    name = identifier_words(parameter.name.rsplit(".", 1)[-1])
    is_month = name == "month" and parameter.schema.get("maximum") == 12
    if parameter.type != "integer" or not (is_month or name == "year") or re.search(r"\d", lower[slice(*where.place)]):
        return None
    month = edge_of_period(lower, where.place, moment_base(where.now), None, False, months=True)
    return (Decimal(month[0].month if is_month else month[0].year), month[1]) if month else None


def _hour(lower: str, where: Where, parameter: Parameter) -> Said | None:
    if not hints(parameter).day_hours:
        return None
    found = [clock for clock in clocks(lower) if meet((clock.start, clock.end), where.place)]
    full = len(found) == 1 and not found[0].at.minute
    return (Decimal(found[0].at.hour), (found[0].start, found[0].end)) if full else None


def _aloud(lower: str, where: Where, parameter: Parameter) -> Said | None:
    """Digits with a point between ("one four two point six"), or figures one by one ("3 0 4")."""
    words = lower[slice(*where.place)].split()
    singly = len(words) > 2 and all(re.fullmatch(r"\d", word) for word in words)
    if not singly and not {"point", "dot"} & set(words):
        return None
    said = spelled_at(lower, *where.place)
    if said is None or not re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", "".join(said.parts)):
        return None
    measured = hints(parameter).measure or hints(parameter).currency
    return None if measured and singly else (Decimal("".join(said.parts)), (said.start, said.end))


_WAYS: tuple[Callable[[str, Where, Parameter], Said | None], ...] = (
    *(_comma, _price, _scaled, _share, _count, _seconds, _side, _metres, _times, _month, _hour, _aloud),
)
