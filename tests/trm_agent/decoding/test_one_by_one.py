"""Calls that were read one at a time: when to stop, what they took up, and lists put together."""

from __future__ import annotations

from typing import Any

from trm_agent.decoding.one_by_one import alone, is_last, is_new, taken_up, together
from trm_agent.decoding.prediction import Prediction
from trm_agent.types import Message, Source, ToolCall, Value, parse_tools

TOOLS = {
    tool.name: tool
    for tool in parse_tools(
        [
            {"name": name, "parameters": {"type": "object", "properties": properties}}
            for name, properties in {
                "order": {
                    "items": {"type": "array", "items": {"type": "object", "properties": {"drink": {"type": "string"}}}}
                },
                "invite": {"people": {"type": "array", "items": {"type": "string"}}, "day": {"type": "string"}},
                "light": {"state": {"enum": ["on", "off"]}},
            }.items()
        ]
    )
}


def span(value: Any, start: int, end: int) -> Value:
    return Value(value, 0.9, Source("span", 0, start, end))


def test_the_entries_of_a_list_become_one_call_and_keep_their_sources() -> None:
    first = ToolCall("order", {"items": [{"drink": "tea"}]}, {"items.drink": span("tea", 0, 3)})
    second = ToolCall("order", {"items": [{"drink": "milk"}]}, {"items.drink": span("milk", 8, 12)})
    light = ToolCall("light", {"state": "on"}, {})
    order, other = together([first, light, second, light], [], TOOLS)
    assert order.arguments == {"items": [{"drink": "tea"}, {"drink": "milk"}]}
    assert {name: value.source.start for name, value in order.argument_values.items()} == {
        "items.drink": 0,
        "items[1].drink": 8,
    }
    assert other == light


def test_an_entry_of_a_plain_list_stands_in_it_once() -> None:
    calls = [ToolCall("invite", {"people": [name], "day": "Friday"}, {}) for name in ("Ann", "Bo", "Ann")]
    assert [call.arguments for call in together(calls, [], TOOLS)] == [{"people": ["Ann", "Bo"], "day": "Friday"}]


def test_a_choice_takes_up_its_own_word() -> None:
    history = [Message("user", "kitchen light on please")]
    call = ToolCall("light", {"state": "on"}, {"state": Value("on", 0.9, Source("choice"))})
    assert taken_up(call, history) == [(0, 14, 16)]


def test_reading_ends_with_the_last_call_or_where_the_network_does_not_count() -> None:
    def after(calls: tuple[float, ...]) -> Prediction:
        return Prediction(call=0.9, tools=(1.0,), no_tool=0.0, slots=(), halt=0.5, steps=2, calls=calls)

    assert not is_last(after((0.4, 0.45, 0.15)))
    assert is_last(after((0.45, 0.4, 0.15)))
    assert is_last(after(()))
    assert alone(after((0.4, 0.3, 0.3))).calls == (1.0, 0.0, 0.0)


def test_what_stands_beside_a_list_is_what_was_read_with_all_of_it() -> None:
    beside = {"people": span(["Ann"], 0, 3), "day": span("Friday", 9, 15)}
    whole = ToolCall("invite", {"people": ["Ann"], "day": "Friday"}, beside)
    single = ToolCall("invite", {"people": ["Bo"]}, {"people": span(["Bo"], 4, 6)})
    [call] = together([single], [whole], TOOLS)
    assert call.arguments == {"people": ["Bo"], "day": "Friday"}
    assert {name: value.source.start for name, value in call.argument_values.items()} == {"people": 4, "day": 9}


def test_an_entry_that_says_nothing_new_is_not_another_one() -> None:
    history = [Message("user", "Ann and Bo on Friday")]
    values = {"people": span(["Ann"], 0, 3), "day": span("Friday", 14, 20)}
    call = ToolCall("invite", {"people": ["Ann"], "day": "Friday"}, values)
    assert is_new(call, TOOLS["invite"], history, [])
    assert not is_new(call, TOOLS["invite"], history, [(0, 0, 3)])
