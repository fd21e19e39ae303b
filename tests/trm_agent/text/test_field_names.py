"""Names of fields, and the fields that a parameter means."""

from __future__ import annotations

import pytest

from trm_agent.text.field_names import meant_fields, says_nothing
from trm_agent.types import Parameter

SHOWN = {"restaurant name", "city", "phone number", "has live music"}


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("restaurant_name", "Where to eat", {"restaurant name"}),
        ("param_3", "Name of the restaurant", {"restaurant name"}),
        ("place", "The restaurant's name, or that of its city", {"restaurant name"}),
        ("stay.city", "Name of the restaurant", {"city"}),
        ("x", "Cities", {"city"}),
        ("x", "Name of the hotel", set()),
        ("new_city", "The city to move to", set()),
        ("city_2", "The second city", {"city"}),
        ("x", "", set()),
    ],
)
def test_a_field_is_meant_by_its_name_or_described(name: str, description: str, expected: set[str]) -> None:
    assert meant_fields(Parameter(name, {"type": "string", "description": description}), SHOWN) == expected


def test_of_fields_with_as_many_words_all_are_meant() -> None:
    parameter = Parameter("x", {"description": "Date and time of the visit"})
    assert meant_fields(parameter, {"date", "time", "visitor"}) == {"date", "time"}


@pytest.mark.parametrize("name", ["param_3", "arg2", "x", "x1", "input_value", "key", "stay.p4"])
def test_names_that_say_nothing(name: str) -> None:
    assert says_nothing(name)


@pytest.mark.parametrize("name", ["city", "id", "city_2", "sort_key", "k1_name"])
def test_names_that_say_something(name: str) -> None:
    assert not says_nothing(name)
