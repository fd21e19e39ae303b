"""Values compare by what they say, are read in one way only or not at all, and obey their schema."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm_agent.types import Parameter
from trm_agent.values import (
    choice_text,
    matches,
    normalise,
    parse_value,
    read_boolean,
    read_number,
    validates,
)
from trm_agent.values.compare import choice_place


def read(text: str, language: str = "en", **schema: Any) -> Any:
    return parse_value(text, Parameter("p", schema), language=language)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("  San   Francisco. ", "san francisco"),
        ("2.0", 2),
        (2.0, "2"),
        ("2.50", 2.5),
        ("1,000", 1000),
        ("1,234.5", 1234.5),
        (True, "true"),
        (False, "False"),
        ('"Rome".', "Rome"),
        ("“Rome”", "rome"),
        ("Ｒｏｍｅ", "rome"),
        ("STRASSE", "straße"),
        (None, ""),
        ([1, "A "], ["1", "a"]),
        ({"a": 1, "b": "X"}, {"b": "x", "a": 1.0}),
        ("09:30:00", "09:30"),
        ("2026-03-04T09:30", "2026-03-04 09:30:00"),
    ],
)
def test_values_that_say_the_same_are_equal(one: Any, other: Any) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("007", 7), ("2", "20"), (True, 1), ("10", "1"), ([1, 2], [2, 1]), (["a"], "a"), ("+44", "44"), ("0.10", "10")],
)
def test_values_that_say_different_things_are_not_equal(one: Any, other: Any) -> None:
    assert normalise(one) != normalise(other)


@settings(derandomize=True, database=None, deadline=None)
@given(st.text(max_size=20) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_normalising_twice_changes_nothing(value: Any) -> None:
    assert normalise(normalise(value)) == normalise(value)


def test_a_value_matches_any_accepted_one() -> None:
    assert matches("2", ["two", 2.0])
    assert not matches("3", ["two", 2.0])
    assert not matches("3", [])


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ("very_hot", "very hot"),
        ("veryHot", "very hot"),
        ("SUV", "SUV"),
        ("New York", "New York"),
        ("2.5", "2.5"),
        ("-", "-"),
        (True, "true"),
        (3, "3"),
        (None, "null"),
        ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
    ],
)
def test_a_choice_is_put_in_words(choice: Any, text: str) -> None:
    assert choice_text(choice) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("two", 2),
        ("twenty one people", 21),
        ("for 4", 4),
        ("one hundred and five", 105),
        ("$20", 20),
        ("20 dollars", 20),
        ("$1,200.50", 1200.5),
        ("€ 15", 15),
        ("2 million", 2_000_000),
        ("1.1 million dollars", 1_100_000),
        ("5k", 5000),
        ("5th", 5),
        ("the third", 3),
        ("20%", 20),
        ("minus two", -2),
        ("-5", -5),
        ("two point five", 2.5),
        ("20.0", 20),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_a_number_is_read_from_digits_words_and_money(text: str, number: float) -> None:
    value = read_number(text)
    assert value == number
    assert type(value) is type(number)


@pytest.mark.parametrize(
    "text",
    [
        "Rome",
        "",
        "3 or 4",
        "10-12",
        "between 3 and 5",
        "7:30",
        "7 pm",
        "555-1234",
        "a couple",
        "1.234,56",
        "3,5",
        "1/2",
        "2026-03-04",
        "9" * 200,
        "1 " * 100,
        "B2B",
        "A380",
    ],
)
def test_a_number_that_is_not_plain_is_not_read(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [("vingt et un", "fr", 21), ("dreiundzwanzig", "de", 23), ("dos", "es", 2), ("two", "xx", None), ("2", "xx", 2)],
)
def test_number_words_are_read_in_other_languages(text: str, language: str, number: int | None) -> None:
    assert read_number(text, language) == number


def test_an_integer_is_never_rounded() -> None:
    assert read("2.5", type="integer") is None
    assert read("2.0", type="integer") == 2
    assert read("2.5", type="number") == 2.5


def test_a_percentage_is_a_fraction_only_where_the_schema_says_so() -> None:
    assert read("20%", type="number", maximum=1) == 0.2
    assert read("20 percent", type="number", maximum=100) == 20
    assert read("20%", type="integer") == 20


def test_bounds_are_respected() -> None:
    assert read("21", type="integer", minimum=3, maximum=20) is None
    assert read("ab", type="string", minLength=3) is None
    assert read("rome", type="string", pattern="^[A-Z]") is None
    assert read("Rome", type="string", pattern="^[A-Z]") == "Rome"
    assert read("nowhere", type="string", format="email") is None
    assert read("x@y.org", type="string", format="email") == "x@y.org"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Yes, please!", True),
        ("no thank you", False),
        ("I don’t", False),
        ("off", False),
        ("of course", None),
        ("yes and no", None),
        ("no yes", None),
        ("Rome", None),
        ("", None),
    ],
)
def test_a_boolean_is_a_plain_yes_or_no(text: str, value: bool | None) -> None:
    assert read_boolean(text) is value
    assert read(text, type="boolean") is value


def test_text_stays_verbatim_without_a_format() -> None:
    assert read("  tomorrow at 7 ", type="string") == "tomorrow at 7"
    assert read("two", type="string") == "two"
    assert read("   ", type="string") is None


def test_a_closed_list_gives_its_own_entry() -> None:
    assert read("Very hot", enum=["very_hot", "mild"]) == "very_hot"
    assert read("two", enum=[1, 2, 3]) == 2
    assert read("two", enum=["1", "2"]) == "2"
    assert read("yes please", type="boolean", enum=[True]) is True
    assert read("cold", enum=["very_hot", "mild"]) is None
    assert read("a", enum=["a", "A"]) is None, "two entries read alike"


def test_the_first_type_that_can_be_read_wins() -> None:
    assert read("two", type=["integer", "string"]) == 2
    assert read("Rome", type=["integer", "string"]) == "Rome"
    assert read("two", anyOf=[{"type": "integer"}, {"type": "string"}]) == 2
    assert read("Rome", anyOf=[{"type": "integer"}, {"type": "boolean"}]) is None
    assert read("two", allOf=[{"type": "integer"}]) == 2


@pytest.mark.parametrize(
    ("text", "items", "values"),
    [
        ("Rome, Paris and Oslo", {"type": "string"}, ["Rome", "Paris", "Oslo"]),
        ("Rome, Paris, and Oslo", {"type": "string"}, ["Rome", "Paris", "Oslo"]),
        ("Rome; Paris & Oslo", {"type": "string"}, ["Rome", "Paris", "Oslo"]),
        ("Rome", {"type": "string"}, ["Rome"]),
        ("Rome\nParis", None, ["Rome", "Paris"]),
        ("one, two and 3", {"type": "integer"}, [1, 2, 3]),
        ("one hundred and five", {"type": "integer"}, [105]),
        ("wifi and Pool", {"enum": ["wifi", "pool", "bar"]}, ["wifi", "pool"]),
        ("wifi and sauna", {"enum": ["wifi", "pool", "bar"]}, None),
        ("1, x", {"type": "integer"}, None),
        ("Rome, Paris", {"type": "object"}, None),
        ("Rome, Paris", {"type": "array"}, None),
        (" , ", {"type": "string"}, None),
    ],
)
def test_a_list_is_split_and_every_item_is_read(text: str, items: Any, values: Any) -> None:
    schema = {"type": "array"} if items is None else {"type": "array", "items": items}
    assert read(text, **schema) == values


def test_a_list_obeys_its_own_bounds() -> None:
    assert read("Rome", type="array", items={"type": "string"}, minItems=2) is None
    assert read("1, 2 and 1", type="array", items={"type": "integer"}, uniqueItems=True) == [1, 2]


def test_free_form_objects_are_never_read() -> None:
    assert read('{"a": 1}', type="object") is None
    assert read("anything", type="null") is None


def test_a_schema_that_cannot_be_evaluated_allows_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    schema = {"type": "string", "pattern": "(only in this test"}
    with caplog.at_level(logging.WARNING, "trm_agent"):
        assert not validates("x", schema)
        assert not validates("x", dict(schema))
    said = [record.message for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("a schema cannot be evaluated, so it allows no value: ")


@pytest.mark.parametrize(
    "schema",
    [{"type": "no-such-type"}, {"minLength": "3"}, {"$schema": ["x"]}, {"$dynamicRef": "https://example.org/x.json"}],
)
def test_a_broken_schema_is_no_crash_and_nothing_is_fetched(schema: dict[str, Any]) -> None:
    assert not validates("x", schema)


def test_unknown_formats_and_dialects_are_ignored() -> None:
    assert validates("x", {"type": "string", "format": "no-such-format"})
    assert validates("x", {"type": "string", "$schema": "https://example.org/dialect"})


@pytest.mark.parametrize(
    ("value", "kind", "allowed"),
    [
        ("2026-03-10", "date", True),
        ("20260310", "date", False),
        ("07:30:00", "time", True),
        ("07:30", "time", False),
        ("07:30:00Z", "time", True),
        ("25:00:00", "time", False),
        ("2026-03-10T07:30:00", "date-time", True),
        ("2026-03-10T07:30:00+01:00", "date-time", True),
        ("2026-03-10", "date-time", False),
        ("2026-13-10T07:30:00", "date-time", False),
    ],
)
def test_dates_and_times_are_checked(value: str, kind: str, allowed: bool) -> None:
    assert validates(value, {"type": "string", "format": kind}) is allowed


def test_a_comma_within_a_number_separates_nothing() -> None:
    numbers = {"type": "array", "items": {"type": "number"}}
    assert parse_value("10,000 and 20,000", Parameter("amounts", numbers)) == [10000, 20000]
    assert parse_value("1,5 und 2,5", Parameter("amounts", numbers), language="de") == [1.5, 2.5]
    assert parse_value("1,2,3", Parameter("amounts", numbers)) == [1, 2, 3]


def test_entries_that_differ_in_a_zero_alone_are_two() -> None:
    versions = Parameter("version", {"type": "string", "enum": ["3.1", "3.10"]})
    assert [parse_value(text, versions) for text in ("3.1", "3.10")] == ["3.1", "3.10"]


def test_a_choice_stands_in_a_text_as_whole_words() -> None:
    text = "Female doctors, economy plus"
    assert choice_place("male", text) is None
    assert choice_place("female", text) == (0, 6)
    assert choice_place("economy_plus", text) == (16, 28)
