"""Texts of every kind: names, places, dates, numbers of things, as people type them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trm_agent.errors import requires_extra
from trm_agent.synthesis.words import WORDS
from trm_agent.types import Parameter, identifier_words

if TYPE_CHECKING:
    from faker import Faker

LOCALES = ("en_US", "en_GB", "en_AU", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "en_IN")


def make_faker() -> Faker:
    """The library of names, addresses and numbers.

    Raises:
        MissingExtraError: It is not installed.
    """
    with requires_extra("synth", "the synthesiser"):
        from faker import Faker
    return Faker(LOCALES)


class Makers:
    """Makes texts up: a method for every kind that `WORDS` does not list, or not alone.

    Args:
        rng: Draws from lists.
        fake: From `make_faker`, seeded by the caller.
        now: What dates count from.
    """

    def __init__(self, rng: random.Random, fake: Faker, now: datetime) -> None:
        self.rng, self.fake, self.now = rng, fake, now

    def make(self, kind: str, parameter: Parameter) -> str:
        """A text of a kind, for a parameter."""
        maker = getattr(self, f"_make_{kind}", None)
        return str(maker(parameter)) if maker else self.rng.choice(WORDS.get(kind) or WORDS["thing"])

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
