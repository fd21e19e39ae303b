"""Days are counted as they are said, before now or after it, and a range's ends lend one another month and year."""

from __future__ import annotations

from datetime import datetime

import pytest

from trm_agent.text.dates import parse_date
from trm_agent.text.days import day_phrases, day_ranges, read_day_range
from trm_agent.text.language import language_of

WEDNESDAY = datetime(2025, 3, 12, 10)


@pytest.mark.parametrize(
    ("text", "ahead", "back"),
    [
        ("friday after next", "2025-03-21", "2025-03-21"),
        ("Wednesday in two weeks", "2025-03-26", "2025-03-26"),
        ("Monday last week", "2025-03-03", "2025-03-03"),
        ("next week Tuesday", "2025-03-18", "2025-03-18"),
        ("last Friday", "2025-03-07", "2025-03-07"),
        ("next friday", "2025-03-14", "2025-03-14"),
        ("Friday week", "2025-03-21", "2025-03-21"),
        ("Tuesday", "2025-03-18", "2025-03-11"),
        ("Wednesday", "2025-03-19", "2025-03-05"),
        ("this Monday", "2025-03-17", "2025-03-10"),
        ("the 2nd of this month", "2025-03-02", "2025-03-02"),
        ("the 23rd of last month", "2025-02-23", "2025-02-23"),
        ("the 5th of next month", "2025-04-05", "2025-04-05"),
        ("the 5th", "2025-04-05", "2025-03-05"),
        ("two days back", "2025-03-10", "2025-03-10"),
        ("4 days earlier", "2025-03-08", "2025-03-08"),
        ("3 weeks ago", "2025-02-19", "2025-02-19"),
        ("in a week's time", "2025-03-19", "2025-03-19"),
        ("a week from Friday", "2025-03-21", "2025-03-14"),
        ("two days after tomorrow", "2025-03-15", "2025-03-15"),
        ("the day before yesterday", "2025-03-10", "2025-03-10"),
        ("last night", "2025-03-11", "2025-03-11"),
        ("end of the month", "2025-03-31", "2025-03-31"),
        ("the last day of next month", "2025-04-30", "2025-04-30"),
        ("March 12", "2025-03-12", "2025-03-12"),
        ("17 April", "2025-04-17", "2024-04-17"),
        ("May the 4th", "2025-05-04", "2024-05-04"),
        ("April 5 next year", "2026-04-05", "2026-04-05"),
        ("Christmas Eve", "2025-12-24", "2024-12-24"),
        ("two days", None, None),
        ("next week", None, None),
        ("the 31st of last month", None, None),
    ],
)
def test_a_day_lies_ahead_or_back(text: str, ahead: str | None, back: str | None) -> None:
    read = [parse_date(text, WEDNESDAY, past=past) for past in (None, True)]
    assert [day.isoformat() if day else None for day in read] == [ahead, back]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("from april 3rd to april 5th 2023", "2023-04-03", "2023-04-05"),
        ("between 13 and 17 april", "2025-04-13", "2025-04-17"),
        ("april 13 to 17", "2025-04-13", "2025-04-17"),
        ("april 13-17", "2025-04-13", "2025-04-17"),
        ("from the 3rd to the 5th of may", "2025-05-03", "2025-05-05"),
        ("the 3rd to the 5th", "2025-04-03", "2025-04-05"),
        ("from monday to friday", "2025-03-17", "2025-03-21"),
        ("december 30 to january 2", "2025-12-30", "2026-01-02"),
        ("tomorrow until sunday", "2025-03-13", "2025-03-16"),
    ],
)
def test_the_ends_of_a_range_share_what_only_one_says(text: str, first: str, last: str) -> None:
    [found] = day_ranges(text)
    ends = read_day_range(found, WEDNESDAY)
    assert ends is not None
    assert [day.date().isoformat() for day in ends] == [first, last]
    assert parse_date(text, WEDNESDAY, last=True) == ends[1].date()


@pytest.mark.parametrize("text", ["2 to 3", "rome and april", "ham and eggs", "friday and saturday", "10-12"])
def test_two_things_that_are_no_ends_are_no_range(text: str) -> None:
    assert day_ranges(text) == ()


def test_all_of_a_day_is_found_in_a_message() -> None:
    text = "the friday after next at noon for 2 people, not the 5th place"
    assert [text[a:b] for a, b in day_phrases(text)] == ["the friday after next"]


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("mai", "vi", "2025-03-13"),
        ("mốt", "vi", "2025-03-14"),
        ("ngày mốt", "vi", "2025-03-14"),
        ("thứ sáu tuần sau", "vi", "2025-03-21"),
        ("thứ hai tuần trước", "vi", "2025-03-03"),
        ("3 ngày trước", "vi", "2025-03-09"),
        ("hai tuần nữa", "vi", "2025-03-26"),
        ("ngày 15 tháng 4", "vi", "2025-04-15"),
        ("hôm qua", "vi", "2025-03-11"),
        ("chủ nhật", "vi", "2025-03-16"),
        ("übermorgen", "de", "2025-03-14"),
        ("nächsten Freitag", "de", "2025-03-14"),
        ("am 3. April", "de", "2025-04-03"),
        ("vor zwei Tagen", "de", "2025-03-10"),
        ("vendredi prochain", "fr", "2025-03-14"),
        ("le 3 avril", "fr", "2025-04-03"),
        ("dans deux semaines", "fr", "2025-03-26"),
        ("pasado mañana", "es", "2025-03-14"),
        ("el viernes", "es", "2025-03-14"),
        ("hace dos días", "es", "2025-03-10"),
    ],
)
def test_other_languages_name_days(text: str, language: str, day: str) -> None:
    read = parse_date(text, WEDNESDAY, language)
    assert read is not None
    assert read.isoformat() == day


def test_the_language_of_a_message_is_told_by_its_small_words() -> None:
    assert language_of("đặt lịch cho thứ sáu tuần sau") == "vi"
    assert language_of("ein Timer für zwei Stunden bitte") == "de"
    assert language_of("réserve pour vendredi prochain") == "fr"
    assert language_of("quiero una mesa para el viernes") == "es"
    assert language_of("set a timer") == language_of("AB-451") == "en"
