"""Records of a message, put together at once, and what becomes of those of the call before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import decode
from trm_agent.decoding.edited import WEIGHTS, Entry, likeliest, made_with, naming_field, readings, signs
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.record_calls import call_with_records
from trm_agent.decoding.rows import Reader
from trm_agent.decoding.scene import Scene
from trm_agent.types import SPEECH_ACTS, Message, Source, ToolCall, Value, parse_tools, slot_table

[ORDER] = parse_tools(
    [
        {
            "name": "order",
            "parameters": {
                "type": "object",
                "properties": {
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "drink": {"type": "string"},
                                "count": {"type": "integer"},
                                "size": {"enum": ["small", "large"]},
                            },
                            "required": ["drink"],
                        },
                    },
                    "table": {"type": "integer"},
                },
                "required": ["items"],
            },
        }
    ]
)
SLOTS = slot_table((ORDER,))


def said(
    history: Sequence[Message],
    fields: dict[str, Sequence[str]],
    *,
    size: tuple[float, float] = (0.5, 0.5),
    sized: float = 0.0,
    calls: tuple[float, ...] = (0.1, 0.8, 0.1),
    act: str = "request",
) -> Prediction:
    """A prediction that points at each of some words of the last message alike."""
    last = len(history) - 1
    text = history[last].text
    slots = []
    for slot in SLOTS:
        name = slot.parameter.name.removeprefix("items.")
        words = fields.get(name, ())
        spans = tuple(
            SpanCandidate(last, text.index(word), text.index(word) + len(word), 1 / len(words)) for word in words
        )
        filled = sized if name == "size" else 0.95 if words else 0.02
        choices = size if name == "size" else ()
        slots.append(SlotPrediction(1 - filled, filled, 0.0, spans, choices))
    acts = tuple(0.91 if one == act else 0.01 for one in SPEECH_ACTS)
    return Prediction(0.95, (0.98,), 0.02, tuple(slots), 0.5, 2, calls, acts=acts)


def scene(*texts: str, before: Any = None) -> Scene:
    call = [Message("tool_call", {"name": "order", "arguments": before})] if before else []
    return Scene((ORDER,), SLOTS, [*call, *(Message("user", text) for text in texts)])


def records(of: Scene, prediction: Prediction) -> Any:
    call = call_with_records(
        ToolCall("order", {"items": [{"drink": "?"}]}), ORDER, prediction, of, Calibration.identity()
    )
    return call and call.arguments["items"]


def test_fields_go_to_the_record_that_they_stand_in() -> None:
    of = scene("two lattes, a mocha and three teas")
    prediction = said(
        of.history, {"drink": ["lattes", "mocha", "teas"], "count": ["two", "three"]}, calls=(0, 0.1, 0.9)
    )
    assert records(of, prediction) == [
        {"drink": "lattes", "count": 2},
        {"drink": "mocha"},
        {"drink": "teas", "count": 3},
    ]


def test_a_field_may_stand_before_or_behind() -> None:
    of = scene("latte 2, tea 3")
    prediction = said(of.history, {"drink": ["latte", "tea"], "count": ["2", "3"]})
    assert records(of, prediction) == [{"drink": "latte", "count": 2}, {"drink": "tea", "count": 3}]


def test_every_value_keeps_its_place_and_shares_no_probability() -> None:
    of = scene("latte 2, tea 3")
    prediction = said(of.history, {"drink": ["latte", "tea"], "count": ["2", "3"]})
    whole = ToolCall("order", {"items": [], "table": 4}, {"items.drink": Value("?", 0.1, Source("state"))})
    call = call_with_records(whole, ORDER, prediction, of, Calibration.identity())
    assert call is not None
    assert call.arguments["table"] == 4
    places = {name: (value.source.start, value.source.text) for name, value in call.argument_values.items()}
    assert places == {
        "items.drink": (0, "latte"),
        "items.count": (6, "2"),
        "items[1].drink": (9, "tea"),
        "items[1].count": (13, "3"),
    }
    assert all(value.confidence == pytest.approx(0.95) for value in call.argument_values.values())


def test_a_choice_goes_to_the_record_that_names_it_and_one_that_none_names_to_all() -> None:
    of = scene("a small latte and a large tea")
    named = said(of.history, {"drink": ["latte", "tea"]}, size=(0.5, 0.5), sized=0.9)
    assert records(of, named) == [{"drink": "latte", "size": "small"}, {"drink": "tea", "size": "large"}]
    of = scene("latte and tea, big ones")
    unnamed = said(of.history, {"drink": ["latte", "tea"]}, size=(0.1, 0.9), sized=0.9)
    assert records(of, unnamed) == [{"drink": "latte", "size": "large"}, {"drink": "tea", "size": "large"}]


def test_as_many_as_the_network_counts_or_none() -> None:
    of = scene("latte 2, tea 3")
    fields = {"drink": ["latte", "tea"], "count": ["2", "3"]}
    assert records(of, said(of.history, fields, calls=(0.9, 0.05, 0.05))) is None
    assert records(of, said(of.history, fields, calls=(0.05, 0.95))) is not None


def test_a_record_without_what_it_needs_is_none() -> None:
    of = scene("2 and 3")
    assert records(of, said(of.history, {"count": ["2", "3"]})) is None
    assert Reader(ORDER, said(of.history, {}), of).rows() == []


MADE = {"items": [{"drink": "latte", "count": 2}, {"drink": "green tea", "count": 1}]}


def test_a_correction_changes_the_record_that_it_names() -> None:
    of = scene("tea 3", before=MADE)
    prediction = said(of.history, {"drink": ["tea"], "count": ["3"]}, calls=(0.9, 0.1), act="correct")
    assert records(of, prediction) == [{"drink": "latte", "count": 2}, {"drink": "green tea", "count": 3}]


def test_what_is_asked_for_anew_is_a_list_of_its_own() -> None:
    of = scene("mocha 3", before=MADE)
    prediction = said(of.history, {"drink": ["mocha"], "count": ["3"]}, calls=(0.9, 0.1), act="request")
    assert records(of, prediction) == [{"drink": "mocha", "count": 3}]


def test_the_only_record_is_meant_without_its_name() -> None:
    of = scene("make it 3", before={"items": [{"drink": "latte", "count": 2}]})
    prediction = said(of.history, {"count": ["3"]}, calls=(0.9, 0.1), act="correct")
    assert records(of, prediction) == [{"drink": "latte", "count": 3}]


def value(of: Any) -> Value:
    return Value(of, 0.9, Source("span", 0, 0, 1))


OLD = [{"drink": "latte", "count": 2}, {"drink": "green tea", "count": 1}]


def lists(found: dict[str, list[Entry]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{field: one.value for field, one in entry.values().items()} for entry in entries]
        for name, entries in found.items()
    }


def test_what_a_message_may_mean_of_a_list() -> None:
    found = lists(readings(OLD, [{"drink": value("tea"), "count": value(3)}], ["drink", "count"]))
    assert found == {
        "kept": OLD,
        "merged": [OLD[0], {"drink": "green tea", "count": 3}],
        "changed": [{"drink": "green tea", "count": 3}],
        "removed": [OLD[0]],
    }


def test_a_new_record_takes_none_away() -> None:
    found = lists(readings(OLD, [{"drink": value("mocha")}], ["drink", "count"]))
    assert found == {"kept": OLD, "merged": [*OLD, {"drink": "mocha"}]}


def test_a_record_without_a_name_may_mean_nothing_of_several() -> None:
    assert lists(readings(OLD, [{"count": value(3)}], ["drink", "count"])) == {"kept": OLD}
    assert lists(readings(OLD, [], ["drink"])) == {"kept": OLD}


def test_records_are_told_apart_by_the_first_field_that_differs() -> None:
    assert naming_field(OLD, ["drink", "count"]) == "drink"
    assert naming_field([{"day": "mon", "at": 7}, {"day": "mon", "at": 9}], ["day", "at"]) == "at"
    assert naming_field([{"day": "mon"}, {"day": "mon"}], ["day"]) is None


def test_the_last_call_of_the_tool_counts() -> None:
    first = Message("tool_call", {"name": "order", "arguments": {"items": [{"drink": "tea"}]}})
    second = Message("tool_call", {"name": "order", "arguments": {"items": [{"drink": "milk"}]}})
    other = Message("tool_call", {"name": "pay", "arguments": {"items": [{"drink": "rum"}]}})
    assert made_with(ORDER, [first, second, other]) == [{"drink": "milk"}]
    assert made_with(ORDER, [other]) == []


def test_a_correction_merges_and_a_request_does_not() -> None:
    found = readings(OLD, [{"drink": value("tea"), "count": value(3)}], ["drink", "count"])
    history = [Message("user", "tea 3")]
    fields = said(history, {"drink": ["tea"], "count": ["3"]}, act="correct")
    told = signs(fields, [fields.slots[i] for i in range(2)], 0, named=True)
    assert told == pytest.approx((1.0, 0.91, 1.0, 1.0))
    assert likeliest(found, True, told) == "merged"
    assert likeliest(found, True, (1.0, 0.0, 0.0, 1.0)) == "new"
    assert likeliest(found, False, (1.0, 0.0, 0.0, 0.0)) == "kept"
    assert set(WEIGHTS) == {"new", "kept", "merged", "removed", "changed"}


[SEND] = parse_tools(
    [
        {
            "name": "send",
            "parameters": {
                "type": "object",
                "properties": {"amount": {"type": "integer"}, "to": {"type": "string"}, "note": {"type": "string"}},
                "required": ["amount", "to"],
            },
        }
    ]
)


def transfers(text: str, words: dict[str, Sequence[str]], calls: tuple[float, ...]) -> list[dict[str, Any]]:
    """The calls that a message makes whose slots are read as these words."""
    slots = slot_table((SEND,))
    found = []
    for slot in slots:
        own = words.get(slot.parameter.name, ())
        spans = tuple(SpanCandidate(0, text.index(w), text.index(w) + len(w), 1 / len(own)) for w in own)
        filled = 0.95 if own else 0.02
        found.append(SlotPrediction(1 - filled, filled, 0.0, spans))
    prediction = Prediction(0.95, (0.98,), 0.02, tuple(found), 0.5, 2, calls)
    of = Scene((SEND,), slots, [Message("user", text)])
    return [
        dict(call.arguments) for call in decode(prediction, of, previous={}, calibration=Calibration.identity()).calls
    ]


def test_calls_of_one_tool_are_put_together_at_once() -> None:
    text = "20 to Bo, Ann gets 30"
    words = {"amount": ["20", "30"], "to": ["Bo", "Ann"]}
    assert transfers(text, words, (0.1, 0.85, 0.05)) == [{"amount": 20, "to": "Bo"}, {"amount": 30, "to": "Ann"}]


def test_what_is_required_and_said_once_is_said_for_all() -> None:
    words = {"amount": ["20"], "to": ["Bo", "Ann", "Cy"]}
    assert transfers("20 each to Bo, Ann and Cy", words, (0.0, 0.1, 0.9)) == [
        {"amount": 20, "to": name} for name in ("Bo", "Ann", "Cy")
    ]
