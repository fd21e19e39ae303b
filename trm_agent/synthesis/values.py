"""Values for parameters, with the words they are said in.

What a value is, is what `parse_value` reads from its words; so whatever comes from here can be read again by the
router, and validates against the parameter's schema.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trm_agent.synthesis.cues import examples_of, item_of, kind_of, label, unit_of
from trm_agent.synthesis.makers import Makers
from trm_agent.synthesis.words import SPELLED
from trm_agent.types import Parameter, ToolSchema
from trm_agent.values import choice_text, normalise, parse_value, validates

if TYPE_CHECKING:
    from faker import Faker

MARK = 0xE000
"""The first of the private-use characters that stand for values until a message is put together."""
TRIES = 25
NUMBER_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
]
LITERAL = frozenset(("email", "phone", "url", "ip", "username", "password", "token", "version", "image", "audio"))
LITERAL |= {"video", "file", "zip", "id", "uuid", "ticker", "airport"}
"""Kinds that keep their characters when people type in lower case."""


@dataclass(frozen=True)
class Said:
    """A value and the words for it.

    Attributes:
        value: What the router should read.
        text: The words that stand for it: a span, an entry of a closed list, or its wording.
        kind: As `kind_of` names it.
        unit: Said after the span ("3" people, "30" minutes); may be empty.
    """

    value: Any
    text: str
    kind: str
    unit: str = ""

    @property
    def shown(self) -> str:
        return f"{self.text} {self.unit}" if self.unit else self.text


@dataclass(frozen=True)
class Given:
    """A value given for a parameter, and the mark that stands for its words."""

    parameter: Parameter
    said: Said
    mark: str

    @property
    def shown(self) -> str:
        """The mark, its unit after it."""
        return f"{self.mark} {self.said.unit}" if self.said.unit else self.mark


class Lexicon:
    """Examples that the tools of a pool give, by parameter name, for parameters that give none."""

    def __init__(self, tools: Iterable[ToolSchema]) -> None:
        self.examples: dict[str, list[str]] = {}
        for tool in tools:
            for parameter in tool.parameters:
                if kind_of(parameter) not in ("choice", "boolean", "list"):
                    known = self.examples.setdefault(f"{parameter.type}/{parameter.name}", [])
                    known.extend(text for text in examples_of(parameter) if text not in known)

    def of(self, parameter: Parameter) -> Sequence[str]:
        return self.examples.get(f"{parameter.type}/{parameter.name}", ())


class Values:
    """Draws values for one conversation.

    Args:
        rng: Draws everything.
        fake: From `make_faker`; seeded here.
        now: What relative dates count from.
        lexicon: Of the tools known.
        lower: The user types in lower case.
    """

    def __init__(self, rng: random.Random, fake: Faker, now: datetime, lexicon: Lexicon, lower: bool = False) -> None:
        self.rng, self.fake, self.now, self.lexicon, self.lower = rng, fake, now, lexicon, lower
        self.plain_money = False
        """Amounts are said without a currency, where a parameter of its own holds that."""
        fake.seed_instance(rng.getrandbits(32))
        self.makers = Makers(rng, fake, now)

    def draw(self, parameter: Parameter, avoid: Iterable[Any] = ()) -> Said | None:
        """A value that no value of `avoid` equals; None if none of many tries is allowed and can be read."""
        taken = {normalise(value) for value in avoid}
        spare: Said | None = None
        for _ in range(TRIES):
            said = self._attempt(parameter)
            if said is None:
                continue
            if normalise(said.value) not in taken and normalise(said.text) not in taken:
                return said
            spare = said
        return spare if parameter.choices and not taken else None

    def other(self, parameter: Parameter, old: Said, avoid: Iterable[Any] = ()) -> Said | None:
        """A different value for the same parameter."""
        return self.draw(parameter, [old.value, old.text, *avoid])

    def _attempt(self, parameter: Parameter) -> Said | None:
        kind = kind_of(parameter)
        if kind == "boolean":
            return Said(self.rng.random() < 0.65, "", kind)
        if kind == "choice":
            return self._choice(parameter)
        if kind == "list":
            return self._list(parameter)
        number = parameter.type in ("integer", "number")
        said = self._number(parameter, kind) if number else Said(None, self._text(parameter, kind), kind)
        if self.lower and kind not in LITERAL and not parameter.schema.get("pattern"):
            said = replace(said, text=said.text.lower())
        value = parse_value(said.text, parameter, self.now)
        return replace(said, value=value) if value is not None and _clean(said.text) else None

    def _choice(self, parameter: Parameter) -> Said | None:
        open_choices = [c for c in parameter.choices if validates(c, parameter.schema)]
        if not open_choices:
            return None
        choice = self.rng.choice(open_choices)
        text = choice_text(choice)
        words = SPELLED.get(text.lower())
        if words and self.rng.random() < 0.5:
            text = words
        elif self.rng.random() < 0.2 and text.isupper() is False:
            text = text.lower()
        return Said(choice, text.lower() if self.lower else text, "choice")

    def _list(self, parameter: Parameter) -> Said | None:
        item = item_of(parameter)
        least = int(parameter.schema.get("minItems") or 1)
        most = int(parameter.schema.get("maxItems") or 5)
        wanted = self.rng.randint(min(least, most), max(least, min(most, least + 3, 5)))
        items: list[Said] = []
        for _ in range(wanted):
            said = self.draw(item, [value for known in items for value in (known.value, known.text)])
            if said is not None:
                items.append(said)
        texts = [said.text for said in items]
        if not texts or any(re.search(r"[,;&]|\band\b|\bor\b", text) for text in texts):
            return None
        text = (
            texts[0]
            if len(texts) == 1
            else f"{', '.join(texts[:-1])}{self.rng.choice((' and ', ' and ', ', '))}{texts[-1]}"
        )
        value = parse_value(text, parameter, self.now)
        if not isinstance(value, list) or len(value) != len(items):
            return None
        return Said(value, text, "list")

    def _text(self, parameter: Parameter, kind: str) -> str:
        rng = self.rng
        examples = [text for text in examples_of(parameter) if _names_one(text, kind)]
        if parameter.schema.get("pattern"):
            return self._patterned(parameter, examples)
        if parameter.schema.get("format") in ("date", "time", "date-time"):
            examples = []
        if examples and rng.random() < _share_of_examples(kind, len(examples)):
            return rng.choice(examples)
        known = [text for text in self.lexicon.of(parameter) if _names_one(text, kind)]
        if known and rng.random() < (0.7 if kind in ("thing", "title") else 0.25):
            return rng.choice(known)
        if kind == "thing" and examples:
            return rng.choice(examples)
        return self.makers.make(kind, parameter)

    def _patterned(self, parameter: Parameter, examples: Sequence[str]) -> str:
        from trm_agent.synthesis.patterns import matching

        if examples and self.rng.random() < 0.3:
            return self.rng.choice(examples)
        return matching(str(parameter.schema["pattern"]), self.rng)

    def _number(self, parameter: Parameter, kind: str) -> Said:
        number = self._magnitude(parameter, kind)
        unit = unit_of(parameter)
        text = self._digits(number, parameter, kind, unit)
        noun = label(parameter).split()[-1]
        if kind == "count" and not unit and noun.endswith("s") and noun not in ("stars", "units", "results"):
            unit = noun if self.rng.random() < 0.5 else ""
        wordy = unit and unit != "percent" and re.fullmatch(r"[\w.,]+", text)
        spoken = unit if wordy and self.rng.random() < (0.9 if unit in _UNITS_OF_TIME else 0.7) else ""
        if number == 1:
            spoken = spoken[:-1] if spoken in _UNITS_OF_TIME else ""
        return Said(None, text, kind, spoken)

    def _magnitude(self, parameter: Parameter, kind: str) -> int | float:
        rng, schema = self.rng, parameter.schema
        low, high = _bounds(schema)
        whole = parameter.type == "integer"
        examples = [
            float(text.replace(",", "")) for text in examples_of(parameter) if re.fullmatch(r"-?[\d,]+(\.\d+)?", text)
        ]
        if low is None and high is None and examples and rng.random() < 0.6:
            number = (
                rng.choice(examples) if rng.random() < 0.5 else rng.choice(examples) * rng.choice((0.5, 1.5, 2, 3, 1.2))
            )
        else:
            low, high = _range(kind, low, high)
            if kind == "percent" and high <= 1:
                high = min(high, 0.35)
            number = rng.uniform(low, high)
            if high - low > 400 and kind not in ("year", "id") and rng.random() < 0.7:
                number = round(number, -2) or number
        if whole or (rng.random() < 0.5 and (high is None or high > 3)):
            number = round(number)
        step = schema.get("multipleOf")
        if isinstance(step, int | float) and step > 0:
            number = round(number / step) * step
        if kind == "money" and not float(number).is_integer():
            number = float(int(number)) + rng.choice((0.0, 0.0, 0.5, 0.99, 0.25))
        return (
            int(number)
            if float(number).is_integer()
            else round(float(number), 2 if abs(number) < 10 or kind == "money" else 1)
        )

    def _digits(self, number: int | float, parameter: Parameter, kind: str, unit: str) -> str:
        rng = self.rng
        if kind == "percent" or unit == "percent":
            high = parameter.schema.get("maximum")
            if parameter.type == "number" and isinstance(high, int | float) and high <= 1:
                return f"{round(number * 100)}%" if rng.random() < 0.6 else f"{number:g}"
            return rng.choice((f"{number:g}%", f"{number:g}%", f"{number:g} percent", f"{number:g}"))
        plain = f"{number:.10g}"
        if kind == "money":
            grouped = f"{number:,}"
            if self.plain_money:
                return rng.choice((plain, plain, grouped))
            shapes = [f"${plain}", f"${grouped}", f"{plain} dollars", plain, f"{plain} euros", f"€{plain}"]
            if number >= 1000 and number % 1000 == 0:
                shapes += [f"{int(number) // 1000}k", f"${int(number) // 1000}k"]
            return rng.choice(shapes)
        if (
            isinstance(number, int)
            and 0 < number < len(NUMBER_WORDS)
            and kind not in ("id", "year")
            and rng.random() < 0.4
        ):
            return NUMBER_WORDS[number]
        if isinstance(number, int) and number >= 1000 and kind not in ("id", "year") and rng.random() < 0.4:
            return f"{number:,}"
        return plain


_UNITS_OF_TIME = frozenset(("seconds", "minutes", "hours", "days", "weeks", "months", "years", "nights"))
_RANGES = {
    "year": (1960, 2026), "latitude": (-70, 70), "longitude": (-170, 170), "age": (4, 88), "percent": (1, 95),
    "money": (5, 5000), "temperature": (5, 38), "id": (100, 99999), "count": (1, 10), "duration": (2, 90),
    "measure": (1, 250), "number": (1, 100),
}  # fmt: skip


def _range(kind: str, low: float | None, high: float | None) -> tuple[float, float]:
    """Where numbers of a kind lie, within what the schema allows."""
    usual_low, usual_high = _RANGES.get(kind, (1, 100))
    span = usual_high - usual_low
    if low is None:
        low = usual_low if high is None or usual_low < high else high - span
    if high is None:
        high = usual_high if usual_high > low else low + span
    if low <= usual_low and usual_high <= high:
        return usual_low, usual_high
    return low, high


def _bounds(schema: Mapping[str, Any]) -> tuple[float | None, float | None]:
    def bound(*keys: str) -> float | None:
        values = [schema[k] for k in keys if isinstance(schema.get(k), int | float) and not isinstance(schema[k], bool)]
        return float(values[0]) if values else None

    return bound("minimum", "exclusiveMinimum"), bound("maximum", "exclusiveMaximum")


def _share_of_examples(kind: str, number: int) -> float:
    """How often a value is one of the declaration's examples, rather than another of its kind."""
    return (0.75 if kind in ("thing", "title", "id") else 0.45) * min(1.0, number / 2)


_PROPER = frozenset(
    ("city", "country", "region", "person", "company", "language", "artist", "team", "hotel", "restaurant")
)


def _names_one(text: str, kind: str) -> bool:
    """Whether an example is a value, not the word for such values ("city", "date range")."""
    if kind in _PROPER:
        return text[:1].isupper() or text[:1].isdigit()
    if kind in ("id", "date", "datetime", "time", "phone", "year"):
        return any(sign.isdigit() for sign in text) or text.isupper()
    return True


def _clean(text: str) -> bool:
    """Whether it can stand in a sentence: one line, printable, not blank, no quotes around."""
    return bool(text.strip()) and text == text.strip() and text.isprintable() and text[-1] not in ",;:"
