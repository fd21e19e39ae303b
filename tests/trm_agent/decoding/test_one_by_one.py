"""Calls that were read one at a time: when to stop, what they took up, and lists put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trm_agent.decoding.one_by_one import Left, alone, is_last, is_new, left_over, near_together, taken_up, together
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.types import Message, Source, ToolCall, Value, parse_tools, slot_table

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


def test_words_that_no_record_took_up_say_that_another_one_is_left() -> None:
    slots = slot_table([TOOLS["order"]])
    spans = (SpanCandidate(0, 8, 12, 0.5), SpanCandidate(0, 0, 3, 0.45))
    said = SlotPrediction(0.05, 0.95, 0.0, spans=spans)
    first = Prediction(call=0.9, tools=(1.0,), no_tool=0.0, slots=(said,), halt=0.5, steps=2, calls=(0.9, 0.1))
    history = [Message("user", "tea and milk"), Message("assistant", "Anything else?"), Message("user", "no")]
    now = left_over(first, slots, TOOLS["order"], history[:1], [(0, 0, 3)])
    later = left_over(first, slots, TOOLS["order"], history, [(0, 0, 3)])
    nothing = left_over(first, slots, TOOLS["order"], history, [(0, 0, 3), (0, 8, 12)])
    assert (now, later, nothing) == (Left(0.5, 0.5), Left(0.5, 0.0), Left(0.0, 0.0))
    assert not is_last(first, now)
    assert is_last(first, later)
    assert is_last(replace(first, calls=(0.1, 0.9)), nothing)


def test_fields_are_read_near_the_first_value_that_is_free() -> None:
    text = "5 carpenters and 3 painters"
    record = {"type": "object", "properties": {"trade": {"type": "string"}, "workers": {"type": "integer"}}}
    parameters = {"type": "object", "properties": {"crews": {"type": "array", "items": record}}}
    [tool] = parse_tools([{"name": "crew", "parameters": parameters}])
    slots = slot_table([tool])

    def said(**words: float) -> SlotPrediction:
        spans = [
            SpanCandidate(0, text.index(word.strip("_")), text.index(word.strip("_")) + len(word.strip("_")), p)
            for word, p in words.items()
        ]
        return SlotPrediction(0.02, 0.98, 0.0, spans=tuple(sorted(spans, key=lambda span: -span.probability)))

    by_key = {"crews.trade": said(painters=0.55, carpenters=0.4), "crews.workers": said(_5=0.6, _3=0.35)}
    rows = tuple(by_key[slot.key] for slot in slots)
    prediction = Prediction(call=0.9, tools=(1.0,), no_tool=0.0, slots=rows, halt=0.5, steps=2, calls=(0.2, 0.8))

    def best(used: list[tuple[int, int, int]]) -> set[str]:
        near = near_together(prediction, slots, tool, [Message("user", text)], used)
        return {text[row.spans[0].start : row.spans[0].end] for row in near.slots}

    assert best([]) == {"carpenters", "5"}
    assert best([(0, 0, 1), (0, 2, 12)]) == {"painters", "3"}


def test_an_entry_of_a_closed_list_is_the_one_named_beside_the_record() -> None:
    text = "Marek 22 in cash and Bea 30 by card"
    payment = {"amount": {"type": "integer"}, "method": {"enum": ["card", "cash"]}}
    record = {"type": "object", "properties": payment}
    parameters = {"type": "object", "properties": {"paid": {"type": "array", "items": record}}}
    [tool] = parse_tools([{"name": "book", "parameters": parameters}])
    slots = slot_table([tool])
    amount = SlotPrediction(0.02, 0.98, 0.0, spans=(SpanCandidate(0, 6, 8, 0.6), SpanCandidate(0, 25, 27, 0.38)))
    rows = {"paid.amount": amount, "paid.method": SlotPrediction(0.1, 0.9, 0.0, choices=(0.6, 0.4))}
    said = tuple(rows[slot.key] for slot in slots)
    prediction = Prediction(call=0.9, tools=(1.0,), no_tool=0.0, slots=said, halt=0.5, steps=2, calls=(0.2, 0.8))

    def method(used: list[tuple[int, int, int]]) -> str:
        near = near_together(prediction, slots, tool, [Message("user", text)], used)
        odds = next(row.choices for slot, row in zip(slots, near.slots, strict=True) if slot.key == "paid.method")
        assert abs(sum(odds) - 1) < 1e-9
        return ["card", "cash"][odds.index(max(odds))]

    assert method([]) == "cash"
    assert method([(0, 6, 8), (0, 12, 16)]) == "card"
