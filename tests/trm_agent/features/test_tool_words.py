"""Tools are found by their names, however written, and by the rare words they share with a text."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trm_agent.features.tool_index import ToolWords
from trm_agent.types import parse_tools

NAMES = ["find_bus", "getWeather", "book-hotel.v2", "find"]
TEXTS = ["find bus: a bus", "get weather", "book hotel v2", "find"]
WORDS = ToolWords(parse_tools([{"name": name} for name in NAMES]), TEXTS)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("please Find bus", {"find_bus", "find"}),
        ("findBus()", {"find_bus"}),
        ("get_weather and getweather", {"getWeather"}),
        ("BOOK HOTEL V2", {"book-hotel.v2"}),
        ("book a hotel", set()),
        ("finding buses", set()),
        ("", set()),
    ],
)
def test_names_are_found_however_they_are_written(text: str, named: set[str]) -> None:
    assert {NAMES[k] for k in WORDS.named(text)} == named


def test_shared_words_count_by_hand() -> None:
    mean = (4 + 2 + 3 + 1) / 4
    rarity = math.log(1 + (4 - 1 + 0.5) / 1.5)
    twice = 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / mean))
    expected = [rarity * twice, 0, 0, 0]
    np.testing.assert_allclose(WORDS.shared("the BUS, the bus"), expected, rtol=1e-5)


def test_a_rare_word_counts_more_and_a_plural_is_its_singular() -> None:
    assert WORDS.shared("bus")[0] > WORDS.shared("find")[0] > 0
    np.testing.assert_array_equal(WORDS.shared("hotels"), WORDS.shared("hotel"))


def test_there_may_be_no_tools_and_no_words() -> None:
    assert ToolWords((), ()).shared("x").shape == (0,)
    assert ToolWords(parse_tools([{"name": "日本"}]), [""]).named("日本 だ") == [0]
