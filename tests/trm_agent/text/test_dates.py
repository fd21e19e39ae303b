"""Dates and times in words are read against a given moment, and what has two readings has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm_agent.types import Parameter
from trm_agent.values import parse_value

TUESDAY = datetime(2026, 3, 10, 15, 30, 12)
DATE = Parameter("p", {"type": "string", "format": "date"})
TIME = Parameter("p", {"type": "string", "format": "time"})
DATE_TIME = Parameter("p", {"type": "string", "format": "date-time"})


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-03-10"),
        ("tonight", "2026-03-10"),
        ("tomorrow", "2026-03-11"),
        ("tomorrow at 7", "2026-03-11"),
        ("tomorrow evening", "2026-03-11"),
        ("the day after tomorrow", "2026-03-12"),
        ("Friday", "2026-03-13"),
        ("on March 12th", "2026-03-12"),
        ("March twelfth at seven thirty pm", "2026-03-12"),
        ("3rd of March", "2027-03-03"),
        ("the 15th", "2026-03-15"),
        ("the 5th", "2026-04-05"),
        ("the 31st", "2026-03-31"),
        ("Wednesday the 11th", "2026-03-11"),
        ("in two days", "2026-03-12"),
        ("in two weeks", "2026-03-24"),
        ("a week from today", "2026-03-17"),
        ("a week from Friday", "2026-03-20"),
        ("2026-04-01", "2026-04-01"),
        ("13/05/2026", "2026-05-13"),
        ("May 3, 1990", "1990-05-03"),
    ],
)
def test_a_day_is_read_relative_to_now(text: str, day: str) -> None:
    assert parse_value(text, DATE, TUESDAY) == day


@pytest.mark.parametrize(
    "text",
    [
        "04/05/2026",
        "12.04.2026",
        "next week",
        "next month",
        "March",
        "2027",
        "7",
        "7 pm",
        "evening 5:45",
        "3 mar 26",
        "Friday March 3",
        "Thursday the 11th",
        "Monday or Tuesday",
        "not tomorrow",
        "the 32nd",
        "June 31",
        "Rome",
        "in 999999999999 days",
        "tomorrow " * 40,
    ],
)
def test_a_day_with_two_readings_or_none_is_not_read(text: str) -> None:
    assert parse_value(text, DATE, TUESDAY) is None


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("7", "07:00:00"),
        ("at seven", "07:00:00"),
        ("7 pm", "19:00:00"),
        ("7 p.m.", "19:00:00"),
        ("12 am", "00:00:00"),
        ("12 pm", "12:00:00"),
        ("7:30", "07:30:00"),
        ("07:30", "07:30:00"),
        ("19:45", "19:45:00"),
        ("seven thirty pm", "19:30:00"),
        ("half past six", "06:30:00"),
        ("quarter to seven in the evening", "18:45:00"),
        ("ten past 8", "08:10:00"),
        ("noon", "12:00:00"),
        ("midnight", "00:00:00"),
        ("5 o'clock", "17:00:00"),
        ("evening 5:45", "17:45:00"),
        ("morning 11", "11:00:00"),
        ("11 in the morning", "11:00:00"),
        ("12 at night", "00:00:00"),
        ("10 at night", "22:00:00"),
        ("tonight at 8", "20:00:00"),
        ("tomorrow at 7", "07:00:00"),
        ("in 2 hours", "17:30:00"),
        ("07:30:00Z", "07:30:00Z"),
    ],
)
def test_a_time_of_day_is_read(text: str, clock: str) -> None:
    assert parse_value(text, TIME, TUESDAY) == clock


@pytest.mark.parametrize(
    "text", ["7 or 8", "between 5 and 7", "5-7pm", "25:00", "7:75", "13 pm", "tonight", "tomorrow", "7 pm EST", "Rome"]
)
def test_a_time_with_two_readings_or_none_is_not_read(text: str) -> None:
    assert parse_value(text, TIME, TUESDAY) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("tomorrow at 7", "2026-03-11T07:00:00"),
        ("tomorrow evening at 7", "2026-03-11T19:00:00"),
        ("this evening at 7", "2026-03-10T19:00:00"),
        ("at 7 pm on March 12", "2026-03-12T19:00:00"),
        ("7 pm", "2026-03-10T19:00:00"),
        ("9 am", "2026-03-11T09:00:00"),
        ("in 2 hours", "2026-03-10T17:30:00"),
        ("now", "2026-03-10T15:30:00"),
        ("2026-04-01T10:00:00Z", "2026-04-01T10:00:00Z"),
        ("2026-04-01 10:00", "2026-04-01T10:00:00"),
    ],
)
def test_a_moment_needs_a_day_or_the_next_time_the_clock_shows_it(text: str, moment: str) -> None:
    assert parse_value(text, DATE_TIME, TUESDAY) == moment


@pytest.mark.parametrize("text", ["tomorrow", "tomorrow evening", "Friday", "next week", "7 or 8 tomorrow", "Rome"])
def test_a_day_alone_is_no_moment(text: str) -> None:
    assert parse_value(text, DATE_TIME, TUESDAY) is None


def test_a_moment_is_in_the_time_zone_of_now() -> None:
    berlin = TUESDAY.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert parse_value("tomorrow at 7", DATE_TIME, berlin) == "2026-03-11T07:00:00+01:00"
    assert parse_value("April 1 at 7 am", DATE_TIME, berlin) == "2026-04-01T07:00:00+02:00", "summer time"
    assert parse_value("tomorrow at 7", DATE_TIME, TUESDAY.replace(tzinfo=UTC)) == "2026-03-11T07:00:00+00:00"


def test_without_now_it_is_the_present_here() -> None:
    before = datetime.now().astimezone() + timedelta(hours=1, minutes=59)
    value = parse_value("in 2 hours", DATE_TIME)
    assert isinstance(value, str)
    moment = datetime.fromisoformat(value)
    assert isinstance(moment.tzinfo, timezone)
    assert before <= moment <= before + timedelta(minutes=2)


def test_a_text_without_format_is_no_date() -> None:
    assert parse_value("tomorrow at 7", Parameter("p", {"type": "string"}), TUESDAY) == "tomorrow at 7"


def test_other_languages_name_days_too() -> None:
    assert parse_value("mañana", DATE, TUESDAY, language="es") == "2026-03-11"
    assert parse_value("demain", DATE, TUESDAY, language="fr") == "2026-03-11"
    assert parse_value("tomorrow", DATE, TUESDAY, language="xx") is None


PIECES = ["tomorrow", "at", "7", "pm", "half", "past", "quarter", "to", "the", "31st", "of", "february", "in", "3"]
PIECES += ["weeks", "ago", "99", "/", ".", ":", "-", "noon", "night", "next", "9999"]


@settings(derandomize=True, database=None, deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join), st.sampled_from([DATE, TIME, DATE_TIME]))
def test_nonsense_is_no_crash(text: str, parameter: Parameter) -> None:
    value = parse_value(text, parameter, datetime(9999, 12, 31, 23, 59))
    assert value is None or isinstance(value, str)
