"""Periods: months, weeks, seasons and years, and the days at their edges."""

from __future__ import annotations

from datetime import date

import pytest

from trm_agent.text.periods import edge, periods

TUESDAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("what's on in april?", "2026-04-01", "2026-04-30"),
        ("what about february", "2026-02-01", "2026-02-28"),
        ("from may this year", "2026-05-01", "2026-05-31"),
        ("last august", "2025-08-01", "2025-08-31"),
        ("in january 2024", "2024-01-01", "2024-01-31"),
        ("last summer", "2025-06-01", "2025-08-31"),
        ("next week", "2026-03-16", "2026-03-22"),
        ("this weekend", "2026-03-14", "2026-03-15"),
        ("this month so far", "2026-03-01", "2026-03-10"),
        ("last quarter", "2025-10-01", "2025-12-31"),
        ("in the last ten days", "2026-02-28", "2026-03-10"),
        ("next year", "2027-01-01", "2027-12-31"),
    ],
)
def test_a_period_is_its_first_and_its_last_day(text: str, first: str, last: str) -> None:
    found = list(periods(text, TUESDAY))
    assert [(one.first.isoformat(), one.last.isoformat()) for one in found] == [(first, last)]


@pytest.mark.parametrize("text", ["may i see it", "they march on", "14 september", "march nine", "spring onions"])
def test_words_that_name_no_period(text: str) -> None:
    assert not list(periods(text, TUESDAY))


@pytest.mark.parametrize(("past", "year"), [(True, 2025), (False, 2026), (None, 2025)])
def test_a_month_without_a_year_is_the_one_that_fits(past: bool | None, year: int) -> None:
    assert next(iter(periods("in november", TUESDAY, past=past))).first.year == year


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("the end of april", "2026-04-30"),
        ("end of the month", "2026-03-31"),
        ("the last of august 2027", "2027-08-31"),
        ("mid-november", "2026-11-15"),
        ("the start of next month", "2026-04-01"),
        ("the end of next week", "2026-03-22"),
    ],
)
def test_the_edge_of_a_period_is_a_day(words: str, day: str) -> None:
    found = edge(words, TUESDAY, past=False)
    assert found is not None
    assert found.isoformat() == day
