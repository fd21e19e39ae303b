"""Amounts with units are found as they are said, in several languages, and converted where that is exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trm_agent.text.numbers import in_digits
from trm_agent.text.units import quantities


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("90 minutes", "duration-second", "5400"),
        ("an hour and a half", "duration-minute", "90"),
        ("one and a half hours", "duration-minute", "90"),
        ("two and a half hours", "duration-minute", "150"),
        ("2h30", "duration-minute", "150"),
        ("three quarters of an hour", "duration-minute", "45"),
        ("a quarter of an hour", "duration-minute", "15"),
        ("half an hour", "duration-second", "1800"),
        ("1 hour, 15 minutes and 30 seconds", "duration-second", "4530"),
        ("one minute thirty", "duration-second", "90"),
        ("two weeks", "duration-day", "14"),
        ("a fortnight", "duration-day", "14"),
        ("a couple of days", "duration-hour", "48"),
        ("half a dozen weeks", "duration-day", "42"),
        ("5 years", "duration-month", "60"),
        ("2 years and 6 months", "duration-month", "30"),
        ("90-minute", "duration-hour", "1.5"),
        ("½ hour", "duration-minute", "30"),
        ("1½ hours", "duration-minute", "90"),
        ("6 months", "duration-day", None),
        ("3 weeks", "duration-month", None),
        ("5 foot 10", "length-inch", "70"),
        ("11 stone 4", "mass-pound", "158"),
        ("1,500 ml", "volume-liter", "1.5"),
        ("212°F", "temperature-celsius", "100"),
        ("-40 degrees celsius", "temperature-fahrenheit", "-40"),
        ("minus ten degrees celsius", "temperature-celsius", "-10"),
        ("20 degrees", "temperature-celsius", "20"),
        ("1.5 GB", "digital-megabyte", "1500"),
        ("36 km/h", "speed-meter-per-second", "10"),
        ("5 km", "duration-hour", None),
    ],
)
def test_an_amount_is_converted(text: str, unit: str, amount: str | None) -> None:
    [quantity] = quantities(text)
    assert (quantity.start, quantity.end) == (0, len(text))
    assert quantity.into(unit) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("text", "language", "minutes"),
    [
        ("90 phút", "vi", 90),
        ("hai tiếng rưỡi", "vi", 150),
        ("nửa tiếng", "vi", 30),
        ("1 giờ 30 phút", "vi", 90),
        ("hai tuần", "vi", 20160),
        ("anderthalb Stunden", "de", 90),
        ("eine halbe Stunde", "de", 30),
        ("une heure et demie", "fr", 90),
        ("deux heures", "fr", 120),
        ("media hora", "es", 30),
        ("una hora y media", "es", 90),
    ],
)
def test_other_languages_say_lengths_too(text: str, language: str, minutes: int) -> None:
    [quantity] = quantities(text, language)
    assert quantity.into("duration-minute") == minutes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("10 m/s^2", 0),
        ("3 kg/m^3", 0),
        ("the second one", 0),
        ("5 to 6", 0),
        ("5 in Boston", 0),
        ("5 days a week", 1),
        ("5 minutes to 10 minutes", 2),
    ],
)
def test_what_is_no_amount_of_a_unit_is_not_found(text: str, count: int) -> None:
    assert len(quantities(text)) == count


@pytest.mark.parametrize(
    ("unit", "others", "share"),
    [
        ("duration-hour", ["duration-minute"], 1),
        ("duration-minute", ["duration-hour"], 15),
        ("duration-second", [], 4500),
    ],
)
def test_an_amount_is_shared_out_to_parameters_of_its_units(unit: str, others: list[str], share: int) -> None:
    [quantity] = quantities("1 hour and 15 minutes")
    assert quantity.share(unit, others) == share
    assert quantity.share("duration-second", ["duration-hour", "duration-minute"]) is None


def test_an_amount_that_names_other_units_is_taken_apart() -> None:
    [quantity] = quantities("an hour and a half")
    assert quantity.share("duration-hour", ["duration-minute"]) == 1
    assert quantity.share("duration-minute", ["duration-hour"]) == 30


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("hai mươi lăm", "25"),
        ("2 triệu rưỡi", "2500000"),
        ("năm trăm nghìn", "500000"),
        ("một trăm năm mươi", "150"),
        ("1,5 triệu", "1500000"),
        ("5 năm", "5 năm"),
        ("mười lăm phút", "15 phút"),
        ("ngày mốt", "ngày mốt"),
        ("ba trăm hai mươi mốt", "321"),
    ],
)
def test_vietnamese_numbers_are_read_in_words(text: str, digits: str) -> None:
    assert in_digits(text, "vi") == digits
