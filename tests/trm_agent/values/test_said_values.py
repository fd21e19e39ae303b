"""Values as people say them in a message: periods, days beside others, codes read aloud, prices, shares, counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from trm_agent.types import Parameter
from trm_agent.values.in_message import read_in_message
from trm_agent.values.place import Where

TUESDAY = datetime(2026, 3, 10, 9, 30)
DATE = {"type": "string", "format": "date"}
TIME = {"type": "string", "format": "time"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
PERCENT = {"type": "integer", "minimum": 0, "maximum": 100}


def told(text: str, words: str, name: str, schema: dict[str, Any], question: str = "") -> Any:
    at = text.rindex(words)
    where = Where(text, (at, at + len(words)), question, (), (), TUESDAY)
    found = read_in_message(where, Parameter(name, schema))
    return found.value if found is not None else None


@pytest.mark.parametrize(
    ("text", "words", "start", "end"),
    [
        ("what did we pay in February", "February", "2026-02-01", "2026-02-28"),
        ("the hours of last week", "last week", "2026-03-02", "2026-03-08"),
        ("is there anything march to may", "march to may", "2026-03-01", "2026-05-31"),
        ("pictures from January, please", "January", "2026-01-01", "2026-01-31"),
        ("from April on", "April", "2026-04-01", None),
        ("open until May", "May", None, "2026-05-31"),
        ("which run out before December?", "December", "2025-12-01", "2025-12-01"),
        ("passages since the 1st", "the 1st", "2026-03-01", "2026-03-10"),
    ],
)
def test_a_period_gives_the_end_that_is_asked_for(text: str, words: str, start: str | None, end: str | None) -> None:
    assert (told(text, words, "from_date", DATE), told(text, words, "to_date", DATE)) == (start, end)


@pytest.mark.parametrize(
    ("text", "words", "question", "day"),
    [
        ("Friday 12 June, and again the day after", "day after", "", "2026-06-13"),
        ("out on the 29th, revised three days before", "three days before", "", "2026-03-26"),
        ("the Saturday before", "Saturday before", "Friday, 20 March is free.", "2026-03-14"),
        ("what have we got on Sunday", "Sunday", "", "2026-03-15"),
        ("what have we got", "we", "", None),
        ("draft by 25.3., please", "25.3", "", "2026-03-25"),
    ],
)
def test_days_that_are_said_by_others(text: str, words: str, question: str, day: str | None) -> None:
    assert told(text, words, "day", DATE, question) == day


@pytest.mark.parametrize(
    ("text", "words", "start", "end"),
    [
        ("Bea did nine to one", "nine to one", "09:00:00", "13:00:00"),
        ("quarter past five to twenty to seven", "five to twenty to", "17:15:00", "18:40:00"),
        ("from six till two thirty", "six till two thirty", "06:00:00", "14:30:00"),
        ("friday 9-11 am", "9-11 am", "09:00:00", "11:00:00"),
        ("Saturday two till six", "two till six", "14:00:00", "18:00:00"),
    ],
)
def test_ranges_of_times_need_no_from(text: str, words: str, start: str, end: str) -> None:
    assert (told(text, words, "from", TIME), told(text, words, "to", TIME)) == (start, end)


@pytest.mark.parametrize(
    ("text", "words", "description", "code"),
    [
        ("refund ticket t k four six zero zero", "t k four six", "TK-nnnn", "TK-4600"),
        ("on d b seven the unit", "d b seven", "Host name, e.g. web-03", "db-7"),
        ("put grn one hundred eighteen in review", "one hundred eighteen", "Like GRN-114", "GRN-118"),
        ("791 in review", "791", "Like PLT-204", "PLT-791"),
        ("12 in review", "12", "Like PLT-204", "12"),
        ("stop s u p nine nine one", "s u p nine", "", "SUP991"),
        ("laptop l t dash zero nine one zero", "l t dash zero", "", "LT-0910"),
        ("let her in with 7 7 0 4", "7 7 0 4", "four to six digits", "7704"),
        ("version three point one for android", "three point one", "", "3.1"),
        ("a red one", "a red one", "", "a red one"),
        ("two hundred of them", "two hundred", "Like PLT-204", "two hundred"),
    ],
)
def test_codes_are_written_as_their_parameter_shows(text: str, words: str, description: str, code: str) -> None:
    assert told(text, words, "code", {"type": "string", "description": description}) == code


@pytest.mark.parametrize(("text", "month"), [("all of june", "2026-06"), ("and this month", "2026-03"), ("we", "we")])
def test_a_month_is_written_without_a_day(text: str, month: str) -> None:
    words = text.removeprefix("all of ").removeprefix("and ")
    value = told(text, words, "month", {"type": "string", "description": "YYYY-MM"})
    assert value == month or (month == "we" and value is None)


@pytest.mark.parametrize(
    ("text", "words", "name", "schema", "value"),
    [
        ("receipt fifty four ninety", "fifty four", "amount", NUMBER, 54.9),
        ("sugar for two euros nineteen", "two euros nineteen", "amount", NUMBER, 2.19),
        ("keep a quid fifty", "quid fifty", "tip", NUMBER, 1.5),
        ("they were 84 fifty", "84 fifty", "paid_cents", INTEGER, 8450),
        ("I paid 34.60", "34.60", "amount_cents", INTEGER, 3460),
        ("23,99 at the shop", "23", "amount", NUMBER, 23.99),
        ("a tenner for parking", "tenner", "amount", NUMBER, 10),
        ("over a grand and a half", "grand", "min_amount", NUMBER, 1500),
        ("two and a half million", "two", "sum_insured", NUMBER, 2500000),
        ("between 3 and 4 thousand", "3", "estimate", NUMBER, 3000),
        ("fade it to halfway", "halfway", "percent", PERCENT, 50),
        ("seven and a half per cent", "a half", "percent", PERCENT, None),
        ("ten pens and a stapler", "a stapler", "qty", INTEGER, 1),
        ("a bit later", "a bit", "qty", INTEGER, None),
        ("more than ten minutes", "ten minutes", "min_seconds", INTEGER, 600),
        ("older than six hours", "six hours", "older_than_min", INTEGER, 360),
        ("poke x6, no onion", "x6", "portions", INTEGER, 6),
        ("lap 4 in 1:34", "1:34", "lap_seconds", INTEGER, 94),
        ("at 1280x720", "1280x720", "height", INTEGER, 720),
        ("foam board, 800 by 600", "600", "w", INTEGER, 800),
        ("foam board, 800 by 600", "800", "h", INTEGER, 600),
        ("hours in February", "February", "month", {"type": "integer", "minimum": 1, "maximum": 12}, 2),
        ("hours in November", "November", "year", INTEGER, 2025),
        ("on Saturday at three", "three", "hour", {"type": "integer", "minimum": 0, "maximum": 23}, 15),
        ("half a kilo of beef", "half a kilo", "quantity", NUMBER, 0.5),
        ("I'm a metre eighty-four", "eighty-four", "height_cm", INTEGER, 184),
        ("she is one metre sixty two and fit", "one metre sixty two", "height_cm", INTEGER, 162),
        ("1 m 75 tall", "1 m 75", "height_m", NUMBER, 1.75),
        ("a plate 1 m 20 by 40", "1 m", "width_cm", NUMBER, 100),
        ("ran 10k in 52:30", "10k", "distance_km", NUMBER, 10),
    ],
)
def test_numbers_as_they_are_said(text: str, words: str, name: str, schema: dict[str, Any], value: Any) -> None:
    assert told(text, words, name, schema) == value


def test_minutes_from_now_are_no_hour_whatever_their_number() -> None:
    for words, clock in (("eight", "09:38:00"), ("eleven", "09:41:00"), ("twenty-five", "09:55:00")):
        assert told(f"in {words} minutes", words, "at", TIME) == clock


def test_types_in_branches_of_branches_are_read() -> None:
    union = {"anyOf": [{"type": ["integer", "null"]}, {"anyOf": [{"type": "string"}, {"type": "boolean"}]}]}
    assert told("give me 12 of them", "12", "amount", union) == 12


@pytest.mark.parametrize(
    ("text", "words", "name", "number"),
    [
        ("do I owe anything for October?", "October", "month", 10),
        ("the sheets of last year", "last year", "tax_year", 2025),
        ("and next year?", "next year", "year", 2027),
        ("in 2024", "2024", "year", 2024),
        ("who was here in May", "May", "visits", None),
    ],
)
def test_a_month_or_a_year_may_be_asked_for_as_a_number(text: str, words: str, name: str, number: int | None) -> None:
    assert told(text, words, name, INTEGER) == number
