"""Texts come in the form that is asked for; what cannot be put so stays as it was said, where any text is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from trm_agent.types import Parameter
from trm_agent.values import parse_value
from trm_agent.values.choices import said_choices
from trm_agent.values.declared import hints
from trm_agent.values.numbers import is_code, read_number


@pytest.mark.parametrize(
    ("text", "description", "value"),
    [
        ("Germany", "ISO country code", "DE"),
        ("the United States", "Two-letter country code", "US"),
        ("UK", "ISO 3166-1 alpha-2", "GB"),
        ("USA", "alpha-3 country code", "USA"),
        ("France", "ISO 3166-1 alpha-3 code of the country", "FRA"),
        ("Atlantis", "ISO country code", "Atlantis"),
        ("German", "ISO 639-1 language code", "de"),
        ("Vietnamese", "Two-letter language code", "vi"),
        ("yen", "Currency code (ISO 4217)", "JPY"),
        ("(415) 555-2671", "Phone in E.164, e.g. +14155552671", "+14155552671"),
        ("+44 20 7946 0958", "Phone number, E.164", "+442079460958"),
        ("555-0101", "Phone number, E.164", "555-0101"),
        ("an hour and a half", "Duration, ISO 8601 duration", "PT1H30M"),
        ("two weeks", "ISO 8601 duration", "P2W"),
        ("3 days", "ISO 8601 duration", "P3D"),
        ("18 months", "ISO 8601 duration", "P1Y6M"),
        ("45 seconds", "e.g. PT30S", "PT45S"),
        ("Boston, Massachusetts", "City, ST", "Boston, MA"),
        ("Boston MA", "The city and state, e.g. San Francisco, CA", "Boston, MA"),
        ("New York, New York", "City, ST", "New York, NY"),
        ("Boston", "City, ST", "Boston"),
        ("Red Car", "in lower case", "red car"),
        ("ab12", "in upper case", "AB12"),
        ("two hours", "Start time, HH:MM", None),
        ("half two", "Start time, HH:MM", "14:30"),
        ("2h30", "Start time, HH:MM", "02:30"),
        ("sometime", "Start time, HH:MM", "sometime"),
    ],
)
def test_a_text_is_written_as_described(text: str, description: str, value: str | None) -> None:
    assert parse_value(text, Parameter("p", {"type": "string", "description": description})) == value


def test_what_has_no_form_is_missing_where_the_schema_wants_one() -> None:
    code = {"type": "string", "description": "ISO country code", "pattern": "^[A-Z]{2}$"}
    assert parse_value("Germany", Parameter("p", code)) == "DE"
    assert parse_value("Atlantis", Parameter("p", code)) is None
    assert parse_value("90 minutes", Parameter("p", {"type": "string", "format": "duration"})) == "PT1H30M"


INTEGER, TEXT = {"type": "integer"}, {"type": "string"}
UNIONS = ({"anyOf": [INTEGER, TEXT]}, {"oneOf": [TEXT, INTEGER]}, {"type": ["integer", "string"]})


@pytest.mark.parametrize("text", ["AB-451", "A-7", "12b", "00451", "XK99-12", "web-01", "B2B", "12 Elm Street"])
@pytest.mark.parametrize("schema", UNIONS)
def test_a_code_is_a_text_where_one_is_allowed(text: str, schema: dict[str, Any]) -> None:
    assert parse_value(text, Parameter("order_id", schema)) == text


@pytest.mark.parametrize("text", ["AB-451", "A-7", "12b", "XK99-12", "web-01"])
def test_a_code_is_no_number(text: str) -> None:
    assert parse_value(text, Parameter("order_id", INTEGER)) is None
    assert is_code(text)


@pytest.mark.parametrize("text", ["451", "five", "5kg", "7ish", "5th", "48k", "5-star", "-3"])
def test_a_number_is_no_code(text: str) -> None:
    assert read_number(text) is not None
    assert not is_code(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a dozen", 12),
        ("two dozen", 24),
        ("half a dozen", 6),
        ("half a million", 500_000),
        ("1,250.50", 1250.5),
        ("48k", 48_000),
        ("1.5 million", 1_500_000),
        ("120 thousand", 120_000),
        ("135/85", None),
        ("a couple", None),
    ],
)
def test_numbers_are_said_in_many_ways(text: str, number: float | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("name", "description", "measure"),
    [
        ("duration_minutes", "", "duration-minute"),
        ("timeoutSeconds", "", "duration-second"),
        ("timeout_ms", "", "duration-millisecond"),
        ("weight_kg", "", "mass-kilogram"),
        ("temp_c", "", "temperature-celsius"),
        ("size_mb", "", "digital-megabyte"),
        ("amount", "Amount in cents", "money-cent"),
        ("wait", "Seconds to wait before retrying", "duration-second"),
        ("v", "Velocity in m/s", "speed-meter-per-second"),
        ("a", "Acceleration in meters per second squared", None),
        ("distance", "Distance in miles or kilometers", None),
        ("density", "Density in kg per cubic meter", None),
        ("hour", "Hour of the day", None),
        ("count", "Number of people", None),
        ("price", "Price per night", None),
    ],
)
def test_a_unit_is_read_off_a_declaration(name: str, description: str, measure: str | None) -> None:
    assert hints(Parameter(name, {"type": "number", "description": description})).measure == measure


@pytest.mark.parametrize(
    ("name", "description", "last"),
    [
        ("end_date", "", True),
        ("checkOut", "", True),
        ("until", "", True),
        ("start_date", "", False),
        ("from_date", "", False),
        ("date", "Start of the stay", False),
        ("date", "Last day of the stay", True),
        ("date", "Day of the flight", None),
    ],
)
def test_a_declaration_asks_for_a_start_or_an_end(name: str, description: str, last: bool | None) -> None:
    assert hints(Parameter(name, {"type": "string", "description": description})).last is last


@pytest.mark.parametrize(
    ("text", "choices", "said"),
    [
        ("decline the Budget Review event", ["accepted", "declined", "tentative"], ["declined"]),
        ("make sure it is more than 4", [">", "<", "=", ">=", "<="], [">"]),
        ("at least 4", [">", "<", ">=", "<="], [">="]),
        ("no more than 4", ["gt", "lt", "lte", "gte"], ["lte"]),
        ("it exceeds 4", ["greater_than", "less_than"], ["greater_than"]),
        ("x <= 3", [">", "<", "<="], ["<="]),
        ("approve and archive it", ["approved", "archived", "rejected"], ["approved", "archived"]),
        ("a table", ["indoor", "outdoor"], []),
    ],
)
def test_entries_are_said_in_other_forms(text: str, choices: list[str], said: list[str]) -> None:
    assert sorted(said_choices(text, Parameter("p", {"type": "string", "enum": choices}))) == sorted(said)


def test_money_is_counted_in_what_is_asked_for() -> None:
    cents = Parameter("amount", {"type": "integer", "description": "Amount in cents"})
    dollars = Parameter("amount_usd", {"type": "number"})
    assert [parse_value(t, cents) for t in ("$12.50", "5 dollars and 20 cents", "50 cents", "1250")] == [
        1250,
        520,
        50,
        1250,
    ]
    assert parse_value("12.50", cents) is None
    assert [parse_value(t, dollars) for t in ("$12.50", "50 cents", "50")] == [12.5, 0.5, 50]
    assert parse_value("50 euros", dollars) is None
