"""Several calls in one message: each is read in its own clause, and keeps what was said for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from trm_agent.decoding.by_clause import Clause, clauses, reread
from trm_agent.types import Message, Source, ToolCall, Value, parse_tools, slot_table

TOOLS = parse_tools(
    [
        {
            "name": "find_concerts",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "genre": {"type": "string"},
                    "seats": {"type": "integer"},
                    "outdoors": {"type": "boolean"},
                },
                "required": ["city"],
            },
        }
    ]
)
SLOTS = slot_table(TOOLS)
TEXT = "Find two seats at rock concerts in Rome and three at jazz concerts in Oslo"


def value(text: str, said: str, content: Any = None, confidence: float = 0.9, message: int = 0) -> Value:
    start = text.index(said)
    source = Source("span", message, start, start + len(said), said)
    return Value(said if content is None else content, confidence, source)


def call(text: str, message: int = 0, **values: str) -> ToolCall:
    found = {name: value(text, said, message=message) for name, said in values.items()}
    return ToolCall("find_concerts", {name: v.value for name, v in found.items()}, found)


def split(text: str, *calls: ToolCall) -> list[str]:
    return [part.history[-1].text for part in clauses(calls, [Message("user", text)])]


@pytest.mark.parametrize(
    ("text", "cities", "parts"),
    [
        (TEXT, ("Rome", "Oslo"), ["Find two seats at rock concerts in Rome", " and three at jazz concerts in Oslo"]),
        (
            "Find rock and pop in Rome. Then look for any jazz in Oslo.",
            ("Rome", "Oslo"),
            ["Find rock and pop in Rome. ", "Then look for any jazz in Oslo."],
        ),
        (
            "Any rock concerts in Rome, jazz concerts in Oslo",
            ("Rome", "Oslo"),
            ["Any rock concerts in Rome, ", "jazz concerts in Oslo"],
        ),
        ("The concerts in Rome and Oslo", ("Rome", "Oslo"), []),
        ("Concerts in Rome/Oslo or wherever they may be", ("Rome", "Oslo"), []),
    ],
)
def test_a_message_falls_into_the_clauses_of_its_calls(text: str, cities: tuple[str, str], parts: list[str]) -> None:
    assert split(text, *(call(text, city=city) for city in cities)) == parts


def test_calls_come_with_their_own_clause_whatever_their_order() -> None:
    oslo, rome = call(TEXT, city="Oslo"), call(TEXT, city="Rome")
    assert split(TEXT, oslo, rome) == [" and three at jazz concerts in Oslo", "Find two seats at rock concerts in Rome"]


def test_values_told_in_turns_make_no_clauses() -> None:
    text = "Find rock and jazz concerts in Rome and in Oslo respectively"
    assert split(text, call(text, genre="rock", city="Rome"), call(text, genre="jazz", city="Oslo")) == []


def test_nothing_is_split_for_one_call_or_after_a_result_or_where_calls_share_all_places() -> None:
    rome = call(TEXT, city="Rome")
    assert split(TEXT, rome) == []
    assert split(TEXT, rome, rome) == []
    result = [Message("user", TEXT), Message("tool_call", {"name": "find_concerts", "arguments": {}})]
    assert clauses([rome, call(TEXT, city="Oslo")], result) == []


def parts() -> list[Clause]:
    return clauses(
        [call(TEXT, city="Rome", genre="rock"), call(TEXT, city="Oslo", genre="rock")], [Message("user", TEXT)]
    )


def read(part: Clause, confidence: float = 0.9, **values: str) -> ToolCall:
    text = part.history[-1].text
    found = {name: value(text, said, confidence=confidence) for name, said in values.items()}
    return ToolCall("find_concerts", {name: v.value for name, v in found.items()}, found)


def again(said: list[ToolCall | None]) -> list[dict[str, Any]]:
    tools = {tool.name: tool for tool in TOOLS}
    return [made.arguments for made in reread(parts(), said, tools, SLOTS)]


def test_what_a_clause_says_counts_and_stands_where_the_message_says_it() -> None:
    first, second = parts()
    made = reread(
        [first, second],
        [read(first, city="Rome"), read(second, city="Oslo", genre="jazz")],
        {tool.name: tool for tool in TOOLS},
        SLOTS,
    )
    assert [one.arguments for one in made] == [{"city": "Rome", "genre": "rock"}, {"city": "Oslo", "genre": "jazz"}]
    for one in made:
        for found in one.argument_values.values():
            assert TEXT[found.source.start : found.source.end] == found.source.text


def test_what_a_clause_does_not_say_or_hardly_says_is_what_the_message_said() -> None:
    _, second = parts()
    rock = {"city": "Rome", "genre": "rock"}
    assert again([None, None]) == [rock, {"city": "Oslo", "genre": "rock"}]
    assert again([None, read(second, city="Oslo")]) == [rock, {"city": "Oslo", "genre": "rock"}]
    assert again([None, read(second, confidence=0.1, city="Oslo", genre="three")])[1]["genre"] == "rock"


def test_calls_that_become_equal_are_made_once() -> None:
    first, _ = parts()
    rome = read(first, city="Rome")
    assert again([rome, ToolCall("find_concerts", {}, dict(rome.argument_values))]) == [
        {"city": "Rome", "genre": "rock"}
    ]
