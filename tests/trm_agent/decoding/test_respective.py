"""Values said in the same way: enumerations, numbers after the same words, clauses that speak of a tool."""

from __future__ import annotations

from trm_agent.decoding.coordination import alike, items, tool_clauses
from trm_agent.text.sentences import clauses
from trm_agent.types import Span, parse_tools


def place(text: str, words: str) -> Span:
    return Span(text.index(words), text.index(words) + len(words))


def words(text: str, places: list[Span]) -> list[str]:
    return [place.text(text) for place in places]


def test_items_of_an_enumeration() -> None:
    text = "songs of Nena, Falco and Blur 2"
    assert words(text, items(text, place(text, "Nena, Falco and Blur 2"))) == ["Nena", "Falco", "Blur 2"]
    for whole in ("Lyon, France", "one hundred and five", "12,000"):
        assert items(whole, Span(0, len(whole))) == [], "one value"


def test_numbers_that_the_same_words_lead_up_to() -> None:
    text = "a width of 4 m and a depth of 2 m, and another with a width of 7 m and a depth of 3 m"
    assert words(text, alike(text, place(text, "4"))) == ["4", "7"]
    assert words(text, alike(text, place(text, "2"))) == ["2", "3"]


def test_an_enumeration_is_led_up_to_as_its_first_item_is() -> None:
    text = "the square of 3, 5 and 8"
    assert words(text, alike(text, place(text, "5"))) == ["3", "5", "8"]


def test_pairs_are_given_out_pair_by_pair() -> None:
    text = "the sum of 3 and 4, then that of (5 and 12)"
    assert words(text, alike(text, place(text, "3"), [place(text, "4")])) == ["3", "5"]
    assert words(text, alike(text, place(text, "4"), [place(text, "3")])) == ["4", "12"]


def test_names_after_the_same_words() -> None:
    text = "from Bern to Paris, and another trip from Paris to Oslo"
    assert words(text, alike(text, place(text, "Bern"))) == ["Bern", "Paris"]


def test_clauses_go_to_the_tool_that_they_share_words_with() -> None:
    tools = parse_tools(
        [
            {"name": "get_weather", "description": "Weather of a city", "parameters": {"type": "object"}},
            {"name": "book_taxi", "description": "Order a taxi", "parameters": {"type": "object"}},
        ]
    )
    text = "Hello. What is the weather in Rome? I leave at six, then book me a taxi"
    found = tool_clauses(text, tools)
    assert [owner for _, owner in found] == [None, 0, 0, 1]
    assert words(text, [part for part, _ in found]) == words(text, clauses(text))


def test_items_of_several_parts_stay_together() -> None:
    for text, expected in (
        ("Bern, Switzerland and Rome, Italy", ["Bern, Switzerland", "Rome, Italy"]),
        ("Austin, Texas, Reno, Nevada, and Salem, Oregon", ["Austin, Texas", "Reno, Nevada", "Salem, Oregon"]),
        ("Bern, Rome and Oslo", ["Bern", "Rome", "Oslo"]),
        ("Bern and Rome, Oslo and Paris, Lyon", ["Bern", "Rome", "Oslo", "Paris", "Lyon"]),
    ):
        assert words(text, items(text, (0, len(text)))) == expected
