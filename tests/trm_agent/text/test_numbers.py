"""Numbers that are read aloud."""

from __future__ import annotations

import pytest

from trm_agent.types import Parameter
from trm_agent.values import parse_value


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("three zero four", 304),
        ("two oh six", 206),
        ("one double two four", 1224),
        ("nineteen eighty-four", 1984),
        ("nineteen ninety nine", 1999),
        ("twenty twenty six", 2026),
        ("three fifteen", 315),
        ("twenty three", 23),
        ("two thousand and five", 2005),
        ("double", None),
        ("three or four", None),
    ],
)
def test_digits_one_by_one_or_in_pairs_are_a_number(said: str, number: int | None) -> None:
    assert parse_value(said, Parameter("room", {"type": "integer"}), None) == number


def test_a_half_stands_behind_a_number() -> None:
    assert parse_value("two and a half", Parameter("weight", {"type": "number"}), None) == 2.5
    assert parse_value("one and a half", Parameter("weight", {"type": "number"}), None) == 1.5
    assert parse_value("two and a half", Parameter("guests", {"type": "integer"}), None) is None
