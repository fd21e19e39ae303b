"""Values for parameters, with the words they are said in.

What a value is, is what `parse_value` reads from its words; so whatever comes from here can be read again by the
router, and validates against the parameter's schema.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trm_agent.data.synthesis_cues import examples_of, item_of, kind_of, label, unit_of
from trm_agent.data.synthesis_words import SPELLED, WORDS
from trm_agent.errors import DataError
from trm_agent.types import Parameter, ToolSchema, identifier_words
from trm_agent.values import choice_text, normalise, parse_value, validates

if TYPE_CHECKING:
    from faker import Faker

TRIES = 25
LOCALES = ("en_US", "en_GB", "en_AU", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "en_IN")
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


def make_faker() -> Faker:
    """The library of names, addresses and numbers.

    Raises:
        DataError: It is not installed.
    """
    try:
        from faker import Faker
    except ImportError:
        raise DataError(
            'the synthesiser needs faker, which is not installed; "uv sync --extra synth" installs it'
        ) from None
    return Faker(LOCALES)


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
        fake.seed_instance(rng.getrandbits(32))

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
        most = int(parameter.schema.get("maxItems") or 4)
        wanted = self.rng.randint(min(least, most), max(least, min(most, least + 2, 4)))
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
        if examples and rng.random() < (0.75 if kind in ("thing", "title", "id") else 0.45):
            return rng.choice(examples)
        known = [text for text in self.lexicon.of(parameter) if _names_one(text, kind)]
        if known and rng.random() < (0.7 if kind in ("thing", "title") else 0.25):
            return rng.choice(known)
        if kind == "thing" and examples:
            return rng.choice(examples)
        maker = getattr(self, f"_make_{kind}", None)
        return str(maker(parameter)) if maker else rng.choice(WORDS.get(kind) or WORDS["thing"])

    def _patterned(self, parameter: Parameter, examples: Sequence[str]) -> str:
        from trm_agent.data.synthesis_patterns import matching

        if examples and self.rng.random() < 0.3:
            return self.rng.choice(examples)
        return matching(str(parameter.schema["pattern"]), self.rng)

    # One method a kind, found by its name.

    def _make_email(self, _: Parameter) -> str:
        user = re.sub(r"[^a-z.]", "", self.fake["en_US"].name().lower().replace(" ", "."))
        return f"{user or 'info'}@{self.rng.choice(('gmail.com', 'example.com', 'outlook.com', 'mail.org', 'acme.io'))}"

    def _make_phone(self, _: Parameter) -> str:
        digits = "".join(self.rng.choice("23456789") for _ in range(10))
        return self.rng.choice(
            (
                f"{digits[:3]}-{digits[3:6]}-{digits[6:]}",
                f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
                f"+1 {digits[:3]} {digits[3:6]} {digits[6:]}",
                f"+44 20 {digits[:4]} {digits[4:8]}",
                digits,
            )
        )

    def _make_url(self, _: Parameter) -> str:
        host = self.fake["en_US"].domain_name()
        return self.rng.choice((f"https://www.{host}", f"https://{host}/news", f"https://{host}"))

    def _make_ip(self, _: Parameter) -> str:
        return str(self.fake["en_US"].ipv4())

    def _make_uuid(self, _: Parameter) -> str:
        return str(self.fake["en_US"].uuid4())

    def _make_username(self, _: Parameter) -> str:
        return str(self.fake["en_US"].user_name())

    def _make_password(self, _: Parameter) -> str:
        return self.fake["en_US"].bothify("??##??##", letters="abcdefghkmnpqrstuvwxyz")

    def _make_token(self, _: Parameter) -> str:
        return self.fake["en_US"].bothify("?#?##?#??#", letters="abcdef")

    def _make_file(self, parameter: Parameter) -> str:
        return self._file(parameter, ("csv", "pdf", "txt", "docx", "json", "xlsx"))

    def _make_image(self, parameter: Parameter) -> str:
        return self._file(parameter, ("jpg", "png"))

    def _make_audio(self, parameter: Parameter) -> str:
        return self._file(parameter, ("mp3", "wav"))

    def _make_video(self, parameter: Parameter) -> str:
        return self._file(parameter, ("mp4", "mov"))

    def _file(self, parameter: Parameter, endings: Sequence[str]) -> str:
        stem = self.rng.choice(("report", "scan", "sales", "notes", "sample", "final", "results", "draft", "IMG"))
        number = self.rng.choice(("", f"_{self.rng.randint(1, 999)}", f"_{self.rng.randint(2019, 2026)}"))
        folder = self.rng.choice(("", "", "/home/data/", "/tmp/", "uploads/")) if "path" in parameter.name else ""
        return f"{folder}{stem}{number}.{self.rng.choice(endings)}"

    def _make_id(self, parameter: Parameter) -> str:
        letters = identifier_words(parameter.name.split(".")[-1])[:1].upper() or "A"
        shapes = (
            f"{letters}###",
            f"{letters}#####",
            f"{letters}-####",
            "######",
            "####",
            f"{letters}{letters}-##-###",
            "?#?#?#",
        )
        return self.fake["en_US"].bothify(self.rng.choice(shapes), letters="ABCDEFGHJKLMNPQRSTUVWXYZ").upper()

    def _make_zip(self, _: Parameter) -> str:
        return str(self.fake["en_US"].postcode())

    def _make_airport(self, _: Parameter) -> str:
        return self.rng.choice(
            [
                "JFK",
                "LAX",
                "LHR",
                "CDG",
                "FRA",
                "MUC",
                "AMS",
                "SFO",
                "ORD",
                "BOS",
                "MAD",
                "FCO",
                "VIE",
                "ZRH",
                "SIN",
                "HND",
                "DXB",
            ]
        )

    def _make_address(self, _: Parameter) -> str:
        fake = self.fake[self.rng.choice(("en_US", "en_GB", "de_DE", "fr_FR", "it_IT"))]
        street = fake.street_address().replace("\n", ", ")
        return f"{street}, {self.rng.choice(WORDS['city'])}" if self.rng.random() < 0.3 else street

    def _make_city(self, parameter: Parameter) -> str:
        if self.rng.random() < 0.12 and "location" not in parameter.name:
            return self.fake[self.rng.choice(LOCALES)].city()
        return self.rng.choice(WORDS["city"] if self.rng.random() < 0.85 else WORDS["region"])

    def _make_country(self, _: Parameter) -> str:
        return self.rng.choice(WORDS["country"]) if self.rng.random() < 0.8 else self.fake["en_US"].country()

    def _make_person(self, parameter: Parameter) -> str:
        fake = self.fake[self.rng.choice(LOCALES)]
        name = identifier_words(parameter.name)
        if "last" in name or "sur" in name:
            return str(fake.last_name())
        if "first" in name or self.rng.random() < 0.2:
            return str(fake.first_name())
        return f"{fake.first_name()} {fake.last_name()}"

    def _make_company(self, _: Parameter) -> str:
        return (
            self.rng.choice(WORDS["company"])
            if self.rng.random() < 0.6
            else self.fake["en_US"].company().replace(",", "")
        )

    def _make_occupation(self, _: Parameter) -> str:
        return self.fake["en_US"].job().split(",")[0].lower()

    def _make_title(self, parameter: Parameter) -> str:
        name = identifier_words(parameter.name)
        if name == "name" and "person" in parameter.description.lower():
            return self._make_person(parameter)
        if self.rng.random() < 0.7:
            return self.rng.choice(WORDS["title"])
        return " ".join(word.title() for word in self.fake["en_US"].words(self.rng.randint(2, 3)))

    def _make_message(self, _: Parameter) -> str:
        if self.rng.random() < 0.75:
            return self.rng.choice(WORDS["message"])
        return self.fake["en_US"].sentence(nb_words=self.rng.randint(4, 8)).rstrip(".")

    def _make_year(self, _: Parameter) -> str:
        return str(self.rng.randint(1950, 2026))

    def _make_date(self, parameter: Parameter) -> str:
        iso = re.search(r"yyyy|iso", parameter.description.lower()) and not parameter.schema.get("format")
        day = self.now + timedelta(days=self.rng.randint(1, 160) * (-1 if "birth" in parameter.name else 1))
        if "birth" in parameter.name or "dob" in parameter.name:
            day = day.replace(year=self.rng.randint(1950, 2005), day=min(day.day, 28))
            return self.rng.choice((f"{day:%Y-%m-%d}", f"{day:%B} {day.day}, {day.year}"))
        if iso and self.rng.random() < 0.7:
            return f"{day:%Y-%m-%d}"
        return self._day(day)

    def _day(self, day: datetime) -> str:
        th = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
        weekday = self.rng.choice(WORDS["weekday"])
        return self.rng.choice(
            (
                "tomorrow", "today", weekday, weekday, f"next {weekday}", f"this {weekday}", "the day after tomorrow",
                f"{day:%B} {day.day}{th}", f"{day:%B} {day.day}{th}", f"{day:%B} {day.day}", f"{day.day} {day:%B}",
                f"{day:%b} {day.day}", f"the {day.day}{th}", f"{day:%Y-%m-%d}", f"{day:%B} {day.day}, {day.year}",
                f"{day.day}{th} of {day:%B}", f"in {self.rng.randint(2, 6)} days",
            )
        )  # fmt: skip

    def _make_time(self, _: Parameter) -> str:
        hour, minute = self.rng.randint(1, 12), self.rng.choice((0, 0, 15, 30, 45))
        half = self.rng.choice(("am", "pm", "pm"))
        return self.rng.choice(
            (
                f"{hour} {half}", f"{hour}{half}", f"{hour}:{minute:02d} {half}", f"{hour}:{minute:02d}{half}",
                f"{(hour + 11) % 24}:{minute:02d}", f"{hour:02d}:{minute:02d}", f"{hour} o'clock", "noon",
                f"half past {hour}", f"quarter past {hour}", f"{hour} in the evening", f"{hour} in the morning",
            )
        )  # fmt: skip

    def _make_datetime(self, parameter: Parameter) -> str:
        clock = self._make_time(parameter)
        day = self._day(self.now + timedelta(days=self.rng.randint(1, 120)))
        return self.rng.choice((f"{day} at {clock}", f"{day} at {clock}", f"{day} {clock}", f"{clock} {day}"))

    def _number(self, parameter: Parameter, kind: str) -> Said:
        number = self._magnitude(parameter, kind)
        unit = unit_of(parameter)
        text = self._digits(number, parameter, kind, unit)
        if kind == "count" and not unit:
            noun = label(parameter).split()[-1]
            unit = noun if noun.endswith("s") and noun not in ("stars", "units") and self.rng.random() < 0.5 else ""
        spoken = (
            unit if unit and unit != "percent" and re.fullmatch(r"[\w.,]+", text) and self.rng.random() < 0.7 else ""
        )
        if number == 1 and spoken.endswith("s") and spoken not in ("celsius",):
            spoken = ""
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
            number = rng.uniform(low, high)
            if high - low > 400 and kind not in ("year", "id") and rng.random() < 0.7:
                number = round(number, -2) or number
        if whole or (rng.random() < 0.5 and (high is None or high > 3)):
            number = round(number)
        step = schema.get("multipleOf")
        if isinstance(step, int | float) and step > 0:
            number = round(number / step) * step
        return int(number) if float(number).is_integer() else round(float(number), 2 if abs(number) < 10 else 1)

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
