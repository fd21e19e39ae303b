"""Where written numbers start and end, what marks them, which are told together, and what a name says of its place."""

from __future__ import annotations

import pytest

from trm_agent.decoding.rules.numerals import (
    MONEY,
    PERCENT,
    TIME,
    enumerated,
    marks,
    numerals,
    place_in_row,
    quantity_at,
    touched,
)
from trm_agent.types import Parameter


def written(text: str) -> list[str]:
    return [text[numeral.start : numeral.end] for numeral in numerals(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a lake of 1.25 million litres, 0.07 deep", ["1.25 million", "0.07"]),
        ("it cost $12,500 and then €3.4M", ["$12,500", "€3.4M"]),
        ("heated to 350K over 5m, 40k people", ["350", "5", "40k"]),
        ("a charge of 3e-6, x = -4", ["3e-6", "4"]),
        ("at 7:45 on 2024-05-06 or 5/6, 8.30.1", []),
        ("m^2, H2O and 2x2", []),
        ("30cm, then 7.", ["30", "7"]),
    ],
)
def test_a_numeral_is_whole(text: str, expected: list[str]) -> None:
    assert written(text) == expected


def test_what_stands_beside_a_numeral_marks_it() -> None:
    found = numerals("7% or 8 percent of 90 dollars, £4, in 3 months, 12-year, 9 m, 2 seconds^2")
    assert [numeral.mark for numeral in found] == [PERCENT, PERCENT, MONEY, MONEY, TIME, TIME, None, None]


def test_numerals_that_characters_touch() -> None:
    text = "from 15 to 250 of 8"
    assert touched(text, text.index("250") + 2, len(text) - 3) == (1,)
    assert touched(text, 0, len(text)) == (0, 1, 2)
    assert touched(text, 0, 4) == ()


def test_the_power_of_a_unit_belongs_to_the_number_that_is_counted_in_it() -> None:
    text = "12 km/h^2 on 4 tracks of x^2"
    whole = numerals(text)[0]
    assert quantity_at(text, 8, 9) == whole
    assert quantity_at(text, 0, 9) == whole
    assert quantity_at(text, 0, 2) is None
    assert quantity_at(text, 8, 14) is None
    assert quantity_at(text, len(text) - 1, len(text)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7, 8 and 9", [(0, 1, 2)]),
        ("7 cm by 8 cm with 3 holes", [(0, 1)]),
        ("between 20 and 30, then 40 to 50", [(0, 1), (2, 3)]),
        ("5% and 10 years", []),
        ("7 red balls and 9", []),
    ],
)
def test_numbers_told_in_one_breath(text: str, expected: list[tuple[int, ...]]) -> None:
    assert list(enumerated(text)) == expected


def test_a_name_says_which_marks_its_number_may_have() -> None:
    number = {"type": "number"}
    assert marks(Parameter("annualRate", number)) == {PERCENT}
    assert marks(Parameter("loan_cost", number)) == {MONEY}
    assert marks(Parameter("n", {"type": "integer", "description": "Number of months."})) == {TIME}
    assert marks(Parameter("depth", number)) == frozenset()


def test_a_name_says_its_place() -> None:
    assert place_in_row("y") == ("", "y")
    assert place_in_row("point2") == ("point", "002")
    assert place_in_row("mass_10") > place_in_row("mass_9")
    assert place_in_row("startDay") == ("day", "0")
    assert place_in_row("end_day") == ("day", "1")
    assert place_in_row("depth") is None
