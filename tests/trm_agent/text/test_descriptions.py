"""A parameter is asked for in the words of its description, where they are words."""

from __future__ import annotations

import pytest

from trm_agent.text.descriptions import parameter_words


@pytest.mark.parametrize(
    "description", ["BW-1234", "AAAA-MM-JJ", "YYYY-MM-DD", "HH:MM", "12.5", "ISO 8601", "mm", "kg"]
)
def test_a_form_an_example_or_a_unit_alone_names_nothing(description: str) -> None:
    assert parameter_words(description).form == "none"


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("The order's number", "the order's number"),
        ("IBAN of the recipient", "IBAN of the recipient"),
        ("日期", "日期"),
        ("Day", "day"),
        ("Width in mm", "width"),
    ],
)
def test_words_name_the_parameter(description: str, words: str) -> None:
    assert parameter_words(description).words == words
