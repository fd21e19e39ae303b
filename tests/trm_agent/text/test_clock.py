"""Times of day and ranges of them are found in what was said, each end with the morning or afternoon of the other."""

from __future__ import annotations

import pytest

from trm_agent.text.clock import clock_ranges, clocks


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("at 10 to 4", "15:50"),
        ("half two", "14:30"),
        ("half past six", "06:30"),
        ("quarter to nine", "08:45"),
        ("a quarter past 7", "07:15"),
        ("twenty minutes to 8", "07:40"),
        ("2h30", "02:30"),
        ("12 noon", "12:00"),
        ("7ish", "07:00"),
        ("sevenish", "07:00"),
        ("seven thirty pm", "19:30"),
        ("2.30 pm", "14:30"),
        ("7 p.m.", "19:00"),
        ("1430 hours", "14:30"),
        ("at 9 for two hours", "09:00"),
        ("for 4 people at 7", "07:00"),
        ("tomorrow evening at 7", "19:00"),
        ("9 in the morning", "09:00"),
        ("3 tomorrow afternoon", "15:00"),
    ],
)
def test_a_time_of_day_is_found(text: str, at: str) -> None:
    [clock] = clocks(text)
    assert clock.at.isoformat("minutes") == at
    assert clock_ranges(text) == ()


@pytest.mark.parametrize(
    "text", ["in 10 minutes", "8 to 10 people", "10-12", "at 5.5", "at 1,250", "about 5 days", "7 or 8"]
)
def test_what_is_no_time_of_day_is_not_found(text: str) -> None:
    assert clocks(text) == ()
    assert clock_ranges(text) == ()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("from 2 to 3 pm", "14:00", "15:00"),
        ("2 to 3 pm", "14:00", "15:00"),
        ("between 1pm and 2pm", "13:00", "14:00"),
        ("from 9 to 5 pm", "09:00", "17:00"),
        ("11 am to 1", "11:00", "13:00"),
        ("11 to 1pm", "11:00", "13:00"),
        ("2pm until 3", "14:00", "15:00"),
        ("from 10 to 4pm", "10:00", "16:00"),
        ("5-7pm", "17:00", "19:00"),
        ("from 14:00 to 15:30", "14:00", "15:30"),
        ("between noon and 2", "12:00", "14:00"),
        ("from 2 to 3 in the afternoon", "14:00", "15:00"),
        ("from 2 to 3", "14:00", "15:00"),
    ],
)
def test_a_range_lends_its_ends_what_they_lack(text: str, first: str, last: str) -> None:
    [found] = clock_ranges(text)
    assert (found.first.at.isoformat("minutes"), found.last.at.isoformat("minutes")) == (first, last)


def test_days_of_a_month_are_no_hours() -> None:
    assert clock_ranges("between 13 and 17 april") == ()
