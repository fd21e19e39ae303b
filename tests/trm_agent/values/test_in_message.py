"""A span is read with what stands beside it in its message, and reading what it was widened to gives the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from trm_agent.types import Parameter
from trm_agent.values.in_message import read_in_message
from trm_agent.values.moment_in_message import place_of_end
from trm_agent.values.place import Told, Where

WEDNESDAY = datetime(2025, 3, 12, 10)
INTEGER, NUMBER, TEXT = {"type": "integer"}, {"type": "number"}, {"type": "string"}
DATE, MOMENT = {"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}
CLOCK = {"type": "string", "description": "Time, HH:MM"}
EITHER = {"anyOf": [INTEGER, TEXT]}
CITY = {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}


def read(text: str, span: str, name: str, schema: dict[str, Any], **more: Any) -> Any:
    start = text.index(span)
    parameter = Parameter(name, schema)
    told = read_in_message(Where(text, (start, start + len(span)), now=WEDNESDAY, **more), parameter)
    if told is None:
        return None
    assert read_in_message(Where(text, (told.start, told.end), now=WEDNESDAY, **more), parameter) == told
    return told.value


@pytest.mark.parametrize(
    ("text", "span", "name", "schema", "value"),
    [
        ("set a timer for 90 minutes", "90", "duration_seconds", INTEGER, 5400),
        ("a timer for an hour and a half", "hour", "minutes", INTEGER, 90),
        ("for 2h30", "2", "duration_minutes", INTEGER, 150),
        ("stay two weeks in Rome", "two", "days", INTEGER, 14),
        ("I weigh 180 pounds", "180", "weight_kg", NUMBER, 81.65),
        ("a loan over 5 years", "5", "term_months", INTEGER, 60),
        ("keep logs for 6 months", "6", "retention_days", INTEGER, None),
        ("pay $12.50 to Ann", "12.50", "amount_cents", INTEGER, 1250),
        ("pay 50 euros", "50", "amount_usd", NUMBER, None),
        ("pay 5 dollars and 20 cents", "5", "amount_cents", INTEGER, 520),
        ("it is 72 degrees fahrenheit", "72", "temp_c", NUMBER, 22.22),
        ("set it to 21 degrees", "21", "temperature_celsius", NUMBER, 21),
        ("a file of 2 GB", "2", "size_mb", INTEGER, 2000),
        ("I am 5 foot 10 tall", "5", "height_cm", NUMBER, 177.8),
        ("run 10 miles", "10", "distance_km", NUMBER, 16.09),
        ("meet at 9 for two hours", "9", "duration_minutes", INTEGER, None),
        ("meet at 9 for two hours", "two hours", "duration_minutes", INTEGER, 120),
        ("three quarters of an hour", "three", "minutes", INTEGER, 45),
        ("wait 500 ms", "500", "timeoutSeconds", NUMBER, 0.5),
        ("forecast for next 3 days", "3", "days", INTEGER, 3),
        ("5 days a week", "5", "days", INTEGER, 5),
        ("room for 3 nights", "3", "nights", INTEGER, 3),
        ("stay a week", "week", "nights", INTEGER, 7),
        ("look up order AB-451", "451", "order_id", INTEGER, None),
        ("look up order AB-451", "451", "order_id", EITHER, "AB-451"),
        ("order 00451", "451", "order_id", EITHER, "00451"),
        ("seat 12b", "12", "seat", INTEGER, None),
        ("room A-7", "7", "room", INTEGER, None),
        ("top-10 songs", "10", "limit", INTEGER, 10),
        ("5-star hotel", "5", "stars", INTEGER, 5),
        ("level -3", "3", "level", INTEGER, -3),
        ("a dozen eggs", "dozen", "count", INTEGER, 12),
        ("two dozen eggs", "dozen", "count", INTEGER, 24),
        ("make it twenty five percent", "five percent", "level", INTEGER, 25),
        ("make it twenty five percent", "twenty", "level", INTEGER, 25),
        ("one hundred and five pages", "hundred", "pages", INTEGER, 100),
        ("for two twenty minute talks", "two", "talks", INTEGER, 2),
        ("nine or ten people", "ten", "people", INTEGER, 10),
        ("48k people", "48k", "n", INTEGER, 48000),
        ("1.5 million users", "1.5", "n", INTEGER, 1500000),
        ("BP 135/85", "135", "systolic", INTEGER, 135),
        ("BP 135/85", "85", "d", INTEGER, 85),
        ("hẹn giờ 90 phút", "90", "duration_seconds", INTEGER, 5400),
        ("vay 2 triệu rưỡi", "2 triệu", "amount", NUMBER, 2500000),
        ("ở hai tuần", "hai", "days", INTEGER, 14),
        ("ein Timer für anderthalb Stunden", "Stunden", "minutes", INTEGER, 90),
        ("120 thousand", "120", "n", INTEGER, 120000),
        ("a budget of 50k dollars", "50k", "budget_usd", NUMBER, 50000),
        ("temperature 300K", "300", "temperature", INTEGER, 300),
        ("20% off", "20%", "discount", INTEGER, 20),
        ("for 4 people at 7", "4", "people", INTEGER, 4),
        ("the last 2 weeks", "2 weeks", "days", INTEGER, 14),
        ("last week", "last week", "days", INTEGER, 7),
        ("30 second timer", "30", "seconds", INTEGER, 30),
        ("half a minute", "half", "duration_seconds", INTEGER, 30),
        ("set it for one minute thirty", "one", "seconds", INTEGER, 90),
        ("2 hours and 15 minutes", "15", "duration_minutes", INTEGER, 135),
        ("reduce by 0.5 kg", "0.5", "grams", NUMBER, 500),
        ("a 3-day trip", "3", "hours", INTEGER, 72),
    ],
)
def test_a_number_comes_with_its_unit_and_its_code(
    text: str, span: str, name: str, schema: dict[str, Any], value: Any
) -> None:
    assert read(text, span, name, schema) == value


@pytest.mark.parametrize(
    ("text", "span", "name", "schema", "value"),
    [
        ("how was the weather on Tuesday", "Tuesday", "date", DATE, "2025-03-11"),
        ("weather last Friday", "last Friday", "date", DATE, "2025-03-07"),
        ("weather last Friday", "Friday", "date", DATE, "2025-03-07"),
        ("expenses of the 2nd of this month", "2nd", "date", DATE, "2025-03-02"),
        ("expenses from two days back", "two days", "date", DATE, "2025-03-10"),
        ("expenses from the 23rd of last month", "23rd", "date", DATE, "2025-02-23"),
        ("meet the friday after next at noon", "friday", "date", DATE, "2025-03-21"),
        ("meet the friday after next at noon", "noon", "time", CLOCK, "12:00"),
        ("see you Wednesday in two weeks", "Wednesday", "date", DATE, "2025-03-26"),
        ("it was Monday last week", "Monday", "date", DATE, "2025-03-03"),
        ("from April 3rd to April 5th 2023", "April 3rd", "start_date", DATE, "2023-04-03"),
        ("from April 3rd to April 5th 2023", "April 5th 2023", "end_date", DATE, "2023-04-05"),
        ("between 13 and 17 April", "13", "start", DATE, "2025-04-13"),
        ("between 13 and 17 April", "17 April", "end", DATE, "2025-04-17"),
        ("between 13 and 17 April", "13 and 17 April", "end", DATE, "2025-04-17"),
        ("from the 3rd to the 5th of May", "the 3rd", "start", DATE, "2025-05-03"),
        ("April 13 to 17", "17", "check_out", DATE, "2025-04-17"),
        ("April 13-17", "April 13", "check_in", DATE, "2025-04-13"),
        ("from Monday to Friday", "Friday", "to_date", DATE, "2025-03-21"),
        ("from Monday to Friday", "Monday", "from_date", DATE, "2025-03-17"),
        ("from December 30 to January 2", "January 2", "end_date", DATE, "2026-01-02"),
        ("from December 30 to January 2", "December 30", "start_date", DATE, "2025-12-30"),
        ("tomorrow from 2 to 3 pm", "2", "time", CLOCK, "14:00"),
        ("tomorrow from 2 to 3 pm", "3 pm", "end", CLOCK, "15:00"),
        ("tomorrow from 2 to 3 pm", "2 to 3 pm", "start", CLOCK, "14:00"),
        ("tomorrow from 2 to 3 pm", "2 to 3 pm", "end", CLOCK, "15:00"),
        ("tomorrow from 2 to 3 pm", "2 to 3 pm", "start_time", MOMENT, "2025-03-13T14:00:00"),
        ("tomorrow from 2 to 3 pm", "tomorrow", "end_time", MOMENT, "2025-03-13T15:00:00"),
        ("tomorrow at 7", "tomorrow", "when", MOMENT, "2025-03-13T07:00:00"),
        ("at 7 pm on March 12", "7 pm", "when", MOMENT, "2025-03-12T19:00:00"),
        ("remind me in 10 minutes", "10 minutes", "when", MOMENT, "2025-03-12T10:10:00"),
        ("bread at 10 to 4", "10", "time", CLOCK, "15:50"),
        ("remind me in 10 minutes", "10", "time", CLOCK, "10:10"),
        ("call at half two", "half", "time", CLOCK, "14:30"),
        ("call at 2h30", "2h30", "time", CLOCK, "02:30"),
        ("quarter to nine", "nine", "time", CLOCK, "08:45"),
        ("7ish", "7", "time", CLOCK, "07:00"),
        ("tomorrow morning at 9", "9", "time", CLOCK, "09:00"),
        ("tomorrow evening at 9", "9", "time", CLOCK, "21:00"),
        ("at 9 tomorrow evening", "9", "time", CLOCK, "21:00"),
        ("I was there on the 5th", "5th", "date", DATE, "2025-03-05"),
        ("I bought it on Monday", "Monday", "date", DATE, "2025-03-10"),
        ("I wanted to book for Monday", "Monday", "date", DATE, "2025-03-17"),
        ("họp thứ sáu tuần sau", "thứ sáu", "date", DATE, "2025-03-21"),
        ("đặt lịch cho ngày mốt nhé", "mốt", "date", DATE, "2025-03-14"),
        ("réserve pour vendredi prochain", "vendredi", "date", DATE, "2025-03-14"),
        ("from 9 to 5", "5", "end", CLOCK, "17:00"),
        ("at 7 for 4 people", "7", "time", CLOCK, "07:00"),
        ("for 4 people at 7", "7", "time", CLOCK, "07:00"),
        ("an appointment on 3/4 at 5pm", "5pm", "time", CLOCK, "17:00"),
        ("the meeting was two weeks ago", "two weeks", "date", DATE, "2025-02-26"),
        ("two weeks from today", "two weeks", "date", DATE, "2025-03-26"),
        ("in a week", "week", "date", DATE, "2025-03-19"),
        ("tonight at 8", "8", "when", MOMENT, "2025-03-12T20:00:00"),
        ("Mar 20, 2025 at 14:30", "Mar 20, 2025", "when", MOMENT, "2025-03-20T14:30:00"),
        ("check in May 3rd for three nights", "three nights", "check_out", DATE, "2025-05-06"),
        ("check in May 3rd for three nights", "May 3rd", "check_out", DATE, "2025-05-06"),
        ("check in May 3rd for three nights", "May 3rd", "check_in", DATE, "2025-05-03"),
        ("meeting tomorrow at 9 for two hours", "9", "end_time", CLOCK, "11:00"),
        ("tomorrow at 9 for 90 minutes", "9", "end", MOMENT, "2025-03-13T10:30:00"),
        ("I need the 15th off", "the 15th", "end_date", DATE, "2025-03-15"),
        ("I need the 15th off", "the 15th", "start_date", DATE, "2025-03-15"),
    ],
)
def test_a_day_or_a_time_comes_with_the_rest_of_it(
    text: str, span: str, name: str, schema: dict[str, Any], value: Any
) -> None:
    assert read(text, span, name, schema) == value


@pytest.mark.parametrize(
    ("text", "span", "name", "schema", "value"),
    [
        ("bp is 135/85", "135/85", "bp", TEXT, "135/85"),
        ("call me at (415) 555-2671 now", "415", "phone", TEXT, "(415) 555-2671"),
        ("Boston, Massachusetts please", "Boston", "location", {**TEXT, "description": "City, ST"}, "Boston, MA"),
        ("weather in Boston MA tomorrow", "Boston", "location", CITY, "Boston, MA"),
        ("weather in Boston", "Boston", "location", CITY, "Boston"),
        ("remind me to call mum and dad tomorrow at 5", "mum", "text", TEXT, "call mum and dad"),
        ("let Bob know that the meeting moved", "meeting", "message", TEXT, "the meeting moved"),
        ("1 hour", "1", "duration", {**TEXT, "format": "duration"}, "PT1H"),
        ("90 minutes", "90", "duration", {**TEXT, "description": "ISO 8601 duration"}, "PT1H30M"),
    ],
)
def test_a_text_is_whole(text: str, span: str, name: str, schema: dict[str, Any], value: Any) -> None:
    assert read(text, span, name, schema) == value


def test_the_tool_or_the_declaration_speaks_of_the_past() -> None:
    assert (
        read("on Tuesday", "Tuesday", "date", DATE, purposes=("get_weather_history: Weather of a day",)) == "2025-03-11"
    )
    assert read("on Tuesday", "Tuesday", "date", DATE, purposes=("list: Past orders",)) == "2025-03-11"
    assert read("on Tuesday", "Tuesday", "date", DATE, purposes=("book_table: Book",)) == "2025-03-18"
    assert read("on Tuesday", "Tuesday", "date", DATE, purposes=("past_orders: ", "forecast: ")) == "2025-03-18"
    past = DATE | {"description": "Date in the past"}
    assert read("on Tuesday", "Tuesday", "date", past) == "2025-03-11"
    assert read("how was it on Tuesday", "Tuesday", "date", DATE | {"description": "Day to book"}) == "2025-03-18"


def test_a_bare_number_is_a_day_only_as_an_answer() -> None:
    assert read("17", "17", "date", DATE, question="For which date?") == "2025-03-17"
    assert read("the 5th please", "5th", "date", DATE, question="For which date?") == "2025-04-05"
    assert read("17", "17", "date", DATE) is None


def test_parameters_of_units_share_an_amount() -> None:
    text, names = "set a timer for 1 hour and 15 minutes", ("hours", "minutes", "seconds")
    read_as = [read(text, "1", name, INTEGER, siblings=tuple(n for n in names if n != name)) for name in names]
    assert read_as == [1, 15, None]
    assert read(text, "1", "minutes", INTEGER) == 75


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("check in May 3rd for three nights", "date", "three nights"),
        ("from May 3rd to May 5th", "date", "may 5th"),
        ("I need the 15th off", "date", "the 15th"),
        ("a room on May 3rd", "date", None),
        ("tomorrow from 2 to 3 pm", "time", "3 pm"),
        ("tomorrow at 9 for two hours", "time", "two hours"),
        ("tomorrow at 9 for two people", "time", None),
        ("May 3rd for 2 hours", "date", None),
    ],
)
def test_an_end_is_told_by_a_range_a_length_or_a_single_day(text: str, kind: str, place: str | None) -> None:
    found = place_of_end(text, kind)
    assert (text[slice(*found)].lower() if found else None) == place


def test_what_was_read_says_where_it_stands() -> None:
    text = "set a timer for 90 minutes"
    told = read_in_message(Where(text, (16, 18)), Parameter("duration_seconds", INTEGER))
    assert told == Told(5400, 16, 26)
