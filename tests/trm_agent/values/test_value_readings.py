"""A value is read as the parameter's name and description ask for it; where they say nothing, as it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from trm_agent.types import Parameter
from trm_agent.values import described_choices, parse_value, read_number, validates

TUESDAY = datetime(2026, 3, 10, 15, 30)


def read(text: str, name: str = "p", **schema: Any) -> Any:
    value = parse_value(text, Parameter(name, schema), TUESDAY)
    assert value is None or validates(value, schema)
    return value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-9", 1e-9),
        ("2.5E3", 2500),
        ("5kg", 5),
        ("150lbs", 150),
        ("5m", 5),
        ("5k", 5000),
        ("300K", 300_000),
        ("$1M", 1_000_000),
        ("$1.2M", 1_200_000),
        ("€2bn", 2_000_000_000),
        ("$300K", 300_000),
        ("1.2M", None),
        ("5B", None),
        ("1e-9 and 2e-9", None),
        ("1e999", None),
    ],
)
def test_a_number_beside_letters_is_read_where_they_can_mean_one_thing(text: str, number: float | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("description", ["Temperature of the gas", "in Kelvin"])
def test_k_after_a_temperature_is_no_thousand(description: str) -> None:
    assert read("300K", type="integer", description=description) == 300
    assert read("298k", "temp", type="number") == 298
    assert read("300K", type="integer", description="How many people") == 300_000


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("interest_rate", {}),
        ("p", {"description": "The annual rate of return."}),
        ("p", {"description": "Share to keep, as a decimal."}),
        ("p", {"description": "In decimal form."}),
        ("p", {"description": "A number between 0 and 1."}),
        ("p", {"description": "Confidence (0-1)"}),
        ("p", {"description": "Interest (e.g. 0.05 for 5%)"}),
        ("p", {"description": "Probability of success"}),
        ("p", {"maximum": 1}),
        ("rate", {"examples": [0.1, 0.25]}),
    ],
)
def test_a_percentage_is_a_fraction_where_one_is_asked_for(name: str, more: dict[str, Any]) -> None:
    assert read("5%", name, type="number", **more) == 0.05
    assert read("5 percent", name, type="number", **more) == 0.05


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("humidity", {}),
        ("rate", {"description": "Interest rate in percent"}),
        ("rate", {"description": "Interest rate (e.g. 5 for 5%)"}),
        ("rate", {"description": "Interest rate, between 0 and 100", "maximum": 100}),
        ("rate", {"examples": [5, 7.5]}),
        ("p", {"description": "To four decimal places"}),
        ("p", {"description": "A number between 0 and 1.5"}),
        ("p", {"description": "0 to 100"}),
    ],
)
def test_elsewhere_a_percentage_keeps_its_number(name: str, more: dict[str, Any]) -> None:
    assert read("5%", name, type="number", **more) == 5


def test_what_is_no_percentage_is_never_divided() -> None:
    assert read("5", "interest_rate", type="number") == 5
    assert read("0.05", "interest_rate", type="number") == 0.05
    assert read("5%", "interest_rate", type="integer") == 5
    assert parse_value("5%", Parameter("rate", {"type": "number"}, default=4.5, has_default=True)) == 5


@pytest.mark.parametrize(
    ("text", "description", "number"),
    [
        ("3 minutes", "Length in seconds", 180),
        ("an hour and 30 minutes", "Duration (minutes)", 90),
        ("1 hour 30 min", "Duration in minutes", 90),
        ("half an hour", "Duration in minutes", 30),
        ("two weeks", "Number of days", 14),
        ("next week", "Number of days for the forecast", 7),
        ("for the next month", "Number of future months", 1),
        ("the past decade", "Period in years", 10),
        ("5 years", "Period in years", 5),
        ("5", "Period in years", 5),
        ("for 2 hours", "in hours", 2),
        ("10 km", "in hours", None),
        ("2 months", "Number of days", None),
        ("next month", "Number of days", None),
        ("90 minutes", "in hours", None),
        ("5 days a week", "Number of days", 5),
        ("2 or 3 days", "Number of days", None),
        ("next week", "How often", None),
        ("2 hours", "Time in hours or in minutes", 2),
    ],
)
def test_a_length_of_time_is_counted_in_the_declared_unit(text: str, description: str, number: int | None) -> None:
    assert read(text, type="integer", description=description) == number


def test_part_of_a_unit_is_a_number_but_no_integer() -> None:
    assert read("90 minutes", "duration_hours", type="number") == 1.5
    assert read("90 minutes", "duration_hours", type="integer") is None


def test_an_hour_of_the_day_counts_to_24_where_the_declaration_does() -> None:
    described = {"type": "integer", "description": "Closing hour, in 24 hour format"}
    assert read("11 PM", **described) == 23
    assert read("8 in the evening", **described) == 20
    assert read("11", **described) == 11
    assert read("11:30 PM", **described) is None
    assert read("7 pm", type="integer", description="Closing hour") is None


@pytest.mark.parametrize(
    ("text", "description", "written"),
    [
        ("July 10, 2022", "The format is MM-DD-YYYY.", "07-10-2022"),
        ("1st June 2022", "Use format 'YYYY-MM-DD'", "2022-06-01"),
        ("August 15, 2022", "(e.g., DD/MM/YYYY)", "15/08/2022"),
        ("March.11, 2022", "Format: yyyy-mm-dd", "2022-03-11"),
        ("tomorrow", "as %Y/%m/%d", "2026/03/11"),
        ("tomorrow", "The date, such as '2022-12-01'", "2026-03-11"),
        ("04/05/2026", "DD/MM/YYYY", "04/05/2026"),
        ("4/5/2026", "MM/DD/YYYY", "04/05/2026"),
        ("7 pm", "Start in HH:MM", "19:00"),
        ("tomorrow at 7", "YYYY-MM-DD HH:MM:SS", "2026-03-11 07:00:00"),
        # No one reading, no one form, or none at all: the text stays.
        ("04/05/2026", "YYYY-MM-DD", "04/05/2026"),
        ("next week", "YYYY-MM-DD", "next week"),
        ("July 10, 2022", "The date", "July 10, 2022"),
        ("July 10, 2022", "YYYY-MM-DD or MM/DD/YYYY", "July 10, 2022"),
        ("July 10, 2022", "From YYYY-MM-DD to YYYY-MM-DD", "July 10, 2022"),
        ("July 10, 2022", "MM/YYYY", "July 10, 2022"),
        ("7 pm", "HH:MM AM", "7 pm"),
    ],
)
def test_a_date_is_written_in_the_form_that_is_described(text: str, description: str, written: str) -> None:
    assert read(text, type="string", description=description) == written


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US dollars", "USD"),
        ("United States Dollar", "USD"),
        ("British pounds", "GBP"),
        ("500 Japanese yen", "JPY"),
        ("yen", "JPY"),
        ("euros", "EUR"),
        ("usd", "USD"),
        ("dollars", "dollars"),
        ("pounds", "pounds"),
        ("Rome", "Rome"),
    ],
)
def test_a_currency_becomes_its_code_where_a_code_is_asked_for(text: str, code: str) -> None:
    assert read(text, type="string", description="Currency code (ISO 4217)") == code
    assert read(text, "to_currency", type="string", description="e.g. USD") == code
    assert read(text, "currency", type="string", description="The currency") == text


def test_a_currency_finds_its_code_in_a_closed_list() -> None:
    assert read("euros", enum=["USD", "EUR"]) == "EUR"
    assert read("dollars", enum=["USD", "EUR"]) is None
    assert read("yen", enum=["USD", "EUR"]) is None


@pytest.mark.parametrize(
    ("text", "choices", "entry"),
    [
        ("gluten-free", ["Gluten Free", "Vegan"], "Gluten Free"),
        ("wifi", ["Wi-Fi", "Pool"], "Wi-Fi"),
        ("guitar", ["Guitars", "Drums"], "Guitars"),
        ("Living rooms", ["living_room", "bath_room"], "living_room"),
        ("walking", ["walk", "drive"], "walk"),
        ("latest", ["late", "early"], None),
        ("12", ["1-2", "3-4"], None),
        ("-5", ["5", "6"], None),
        ("re-do", ["redo", "re_do"], None),
        ("heart", ["hearts", "Hearts"], None),
        ("C", ["C++", "Java"], None),
        ("gluten", ["Gluten Free", "Vegan"], None),
    ],
)
def test_an_entry_is_found_by_other_spellings_of_its_words(text: str, choices: list[str], entry: str | None) -> None:
    assert read(text, enum=choices) == entry


@pytest.mark.parametrize(
    ("description", "choices"),
    [
        ("Phase transition. Can be 'melting', 'freezing' or 'boiling'.", ("melting", "freezing", "boiling")),
        ("One of: a, b or c", ("a", "b", "c")),
        ("Options: low, medium, high.", ("low", "medium", "high")),
        ("Valid values include: 'spades', 'clubs'", ("spades", "clubs")),
        ("Sort order, either asc or desc.", ("asc", "desc")),
        ("Supported indexes are 'S&P 500', 'DAX' etc.", ()),
        ("Type of the artwork, e.g. painting, sculpture", ()),
        ("Can be a city, a zip code or coordinates", ()),
        ("One of the largest cities.", ()),
        ("One of: a, b. In French one of: c, d.", ()),
        ("must be positive", ()),
        ("", ()),
    ],
)
def test_choices_are_read_off_a_description_that_lists_them_all(description: str, choices: tuple[str, ...]) -> None:
    assert described_choices(Parameter("p", {"type": "string", "description": description})) == choices


def test_a_described_choice_is_written_as_described_and_the_parameter_stays_open() -> None:
    described = {"type": "string", "description": "The suit. Can be 'spades' or 'hearts'."}
    assert read("Heart", **described) == "hearts"
    assert read("diamond", **described) == "diamond"
    assert Parameter("p", described).choices == ()


def test_an_example_shows_how_such_values_are_written() -> None:
    assert read("sculptures", type="string", description="Type, e.g. painting, sculpture.") == "sculpture"
    assert read("living rooms", type="string", description="Room, e.g. Living room, Bathroom etc.") == "Living room"
    assert read("murals", type="string", description="Type, e.g. painting, sculpture.") == "murals"
    assert read("sculptures", type="string", description="Type of the artwork") == "sculptures"


NUMBERS = {"type": "array", "items": {"type": "number"}}
TEXTS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("text", "schema", "values"),
    [
        ("'Age', 'Income' and 'Education'", TEXTS, ["Age", "Income", "Education"]),
        ("Age', 'Income' and 'Education", TEXTS, ["Age", "Income", "Education"]),
        ("['Sam', 'Alice']", TEXTS, ["Sam", "Alice"]),
        ('["a, b", "c"]', TEXTS, ["a, b", "c"]),
        ("the S&P 500 and the DAX", TEXTS, ["the S&P 500", "DAX"]),
        ("tomatoes and also pet food", TEXTS, ["tomatoes", "pet food"]),
        ("The Beatles and The Who", TEXTS, ["The Beatles", "The Who"]),
        ("[1, 2.5, 3]", NUMBERS, [1.0, 2.5, 3.0]),
        ("(1, 2", NUMBERS, [1.0, 2.0]),
        ("[[1, 2], [3, 4]]", {"type": "array", "items": NUMBERS}, [[1.0, 2.0], [3.0, 4.0]]),
        ("[1, NaN]", NUMBERS, None),
        ("[1e999]", NUMBERS, None),
        ("[]", NUMBERS, None),
        ('[{"a": 1}]', {"type": "array", "items": {"type": "object"}}, None),
        ("1 to 3", NUMBERS, None),
        ("from x=1 to x=3", {**NUMBERS, "description": "The interval"}, [1.0, 3.0]),
        ("between -1 and 2", {**NUMBERS, "minItems": 2, "maxItems": 2}, [-1.0, 2.0]),
        (
            "2015-2021",
            {"type": "array", "items": {"type": "integer"}, "description": "start and end year"},
            [2015, 2021],
        ),
        ("1 to 3 to 5", {**NUMBERS, "description": "The interval"}, None),
        ("40% and 60%", {**NUMBERS, "description": "Shares, which sum to 1"}, [0.4, 0.6]),
        ("price and ratings", {"type": "array", "items": {"enum": ["price", "rating"]}}, ["price", "rating"]),
    ],
)
def test_a_list_is_taken_apart_without_its_brackets_and_quotes(text: str, schema: dict[str, Any], values: Any) -> None:
    read_values = read(text, **schema)
    assert read_values == values
    assert [type(value) for value in read_values or ()] == [type(value) for value in values or ()]


@pytest.mark.parametrize(
    ("text", "language", "items"),
    [
        ("kho-doc, kho-ghi với bao-cao", "vi", ["kho-doc", "kho-ghi", "bao-cao"]),
        ("Apfel, Birne und Most", "de", ["Apfel", "Birne", "Most"]),
        ("jambon et fromage", "fr", ["jambon", "fromage"]),
        ("明辉、天盛和老顾电子", "zh", ["明辉", "天盛", "老顾电子"]),
    ],
)
def test_a_list_is_taken_apart_at_the_joining_words_of_its_language(text: str, language: str, items: list[str]) -> None:
    listed = Parameter("names", {"type": "array", "items": {"type": "string"}})
    assert parse_value(text, listed, language=language) == items
