"""A tool whose call is made of another's words is not called beside it; one that is spoken of is."""

from __future__ import annotations

from trm_agent.decoding.calls import Call
from trm_agent.decoding.echoes import without_echoes
from trm_agent.types import Source, ToolSchema, Value, parse_tools


def tool(name: str, *parameters: str, description: str = "") -> ToolSchema:
    properties = {parameter: {"type": "string"} for parameter in parameters}
    schema = {"type": "object", "properties": properties, "required": list(parameters[:1])}
    return parse_tools([{"name": name, "description": description, "parameters": schema}])[0]


PATCH, PRICE = tool("find_patch", "game", "platform"), tool("find_price", "game", "platform")
ROOM = tool("find_room", "place", description="Book a hotel room.")
TEXT = "The latest patch of Hades on Xbox"


def call(of: ToolSchema, text: str = TEXT, **words: str) -> Call:
    values = {}
    for name, word in words.items():
        start = text.index(word)
        values[name] = Value(word, 0.9, Source("span", 0, start, start + len(word), word))
    missing = () if of.required[0] in words else (of.required[0],)
    return Call(of, dict(words), values, missing=missing)


def kept(*calls: Call, tools: tuple[ToolSchema, ...] = (PATCH, PRICE), text: str = TEXT) -> list[str]:
    return [call.tool.name for call in without_echoes(calls, tools, text)]


def test_of_two_tools_with_the_same_words_the_likelier_is_called() -> None:
    assert kept(call(PATCH, game="Hades"), call(PRICE, game="Hades")) == ["find_patch"]
    assert kept(call(PATCH, game="Hades"), call(PRICE, game="Hades"), tools=(PRICE, PATCH)) == ["find_price"]


def test_the_tool_that_takes_more_of_the_words_is_called_though_it_is_less_likely() -> None:
    assert kept(call(PATCH, game="Hades"), call(PRICE, game="Hades", platform="Xbox")) == ["find_price"]


def test_overlapping_words_are_the_same_words() -> None:
    assert kept(call(PATCH, game="Hades", platform="Xbox"), call(PRICE, game="Hades on Xbox")) == ["find_patch"]


def test_each_with_a_word_of_its_own_both_are_called() -> None:
    calls = call(PATCH, game="Hades"), call(PRICE, game="Xbox")
    assert kept(*calls) == ["find_patch", "find_price"]


def test_several_calls_of_one_tool_and_calls_that_cannot_be_made_say_nothing() -> None:
    twice = call(PATCH, game="Hades"), call(PATCH, game="Hades", platform="Xbox")
    assert kept(*twice, tools=(PATCH,)) == ["find_patch", "find_patch"]
    assert kept(call(PATCH, platform="Hades"), call(PRICE, game="Hades")) == ["find_patch", "find_price"]


def test_a_tool_without_values_is_no_echo() -> None:
    bare = Call(tool("find_offers"))
    assert kept(call(PATCH, game="Hades"), bare, tools=(PATCH, bare.tool)) == ["find_patch", "find_offers"]


def test_a_tool_that_a_clause_speaks_of_is_called_on_the_same_words() -> None:
    text = "Find me the price of Hades, and then a hotel room there"
    calls = call(PRICE, text, game="Hades"), call(ROOM, text, place="Hades")
    assert kept(*calls, tools=(PRICE, ROOM), text=text) == ["find_price", "find_room"]
    assert kept(*calls, tools=(PRICE, ROOM), text="Find me the price of Hades")[:1] == ["find_price"]
