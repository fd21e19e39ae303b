"""Of a long tool list the nearest enter; which ones is a pure function of the tools and of what came before."""

from __future__ import annotations

import random
import time
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from trm_agent.encoder.sentence import text_bytes
from trm_agent.features.catalogue import CALLED, Catalogue, Limits
from trm_agent.features.conversation import read_conversation
from trm_agent.features.relevance import relevance_by_length
from trm_agent.features.tool_index import ToolWords
from trm_agent.features.tool_vectors import ToolVectors
from trm_agent.features.tools import ToolTable, build_tool_table, tool_texts
from trm_agent.testing import HashingEncoder
from trm_agent.types import Message, SlotField, parse_tools, slot_table

ENCODER = HashingEncoder(64)
THINGS = ["hotel", "flight", "parcel", "invoice", "doctor", "concert", "taxi", "lesson", "song", "table"]
VERBS = ["find", "book", "cancel", "list", "update", "share", "track", "compare", "order", "review"]


def some_tools(count: int, parameters: int = 2) -> list[dict[str, Any]]:
    """Different tools, in an order that is not theirs by name."""
    out = []
    for i in range(count):
        verb, thing = VERBS[i % 10], THINGS[i // 10 % 10]
        properties: dict[str, Any] = {
            f"p{i % 7}x{j}": {"type": "string", "description": f"part {j}"} for j in range(parameters)
        }
        properties["grade"] = {"type": "string", "enum": ["low", "high"] if i % 2 else ["good", "bad", "ugly"]}
        name = f"{verb}_{thing}" + (f"_{i // 100}" if i >= 100 else "")
        out.append(
            {
                "name": name,
                "description": f"{verb} a {thing}",
                "parameters": {"type": "object", "properties": properties, "required": [f"p{i % 7}x0"]},
            }
        )
    return out


def catalogue(offer: list[dict[str, Any]], extra: tuple[SlotField, ...] = (), /, **limits: int) -> Catalogue:
    parsed = parse_tools(offer)
    return Catalogue(parsed, slot_table(parsed, extra), Limits(**limits), ENCODER, ENCODER)


def talk(*messages: Message | str) -> list[Message]:
    return [Message("user", m) if isinstance(m, str) else m for m in messages]


def entered(table: ToolTable) -> set[str]:
    return {tool.name for tool in table.tools}


def call(name: str) -> Message:
    return Message("tool_call", {"name": name, "arguments": {}})


def assert_equal(left: ToolTable, right: ToolTable) -> None:
    for field in fields(ToolTable):
        ours, theirs = getattr(left, field.name), getattr(right, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
            assert ours.dtype == theirs.dtype, field.name
        else:
            assert ours == theirs, field.name


def test_a_list_within_the_limits_enters_whole_and_as_it_always_did() -> None:
    tools = sorted(parse_tools(some_tools(20)), key=lambda tool: tool.name)
    slots = slot_table(tools, [SlotField("mood", "", ("good", "bad"))])
    whole = Catalogue(tools[::-1], slots, Limits(), ENCODER, ENCODER).at(talk("hello"), 1)
    assert_equal(whole, build_tool_table(tools, slots, ENCODER))


def test_what_enters_is_laid_out_as_if_it_alone_had_been_bound() -> None:
    large = catalogue(some_tools(90), tools=8)
    table = large.at(talk("please book a hotel"), 1)
    alone = build_tool_table(table.tools, table.slots, ENCODER)
    assert len(table.tools) == 8
    assert_equal(table, alone)
    names = entered(table)
    assert all({tool for tool, _ in slot.readers} <= names for slot in table.slots)
    assert {slot.key for slot in table.slots} <= {slot.key for slot in large.slots}


def test_the_nearest_tools_enter_as_a_plain_loop_would_choose_them() -> None:
    tools = parse_tools([{**tool, "name": f"t{i}"} for i, tool in enumerate(some_tools(90))])
    said = ["I want to compare every invoice with last month, and then list all hotels", "and track a parcel"]
    large = Catalogue(tools, slot_table(tools), Limits(tools=9), ENCODER, ENCODER)
    texts = tool_texts(tools, ())[0]
    words = ToolWords(tools, texts)

    def near(k: int, text: str) -> float:
        tool, message = ENCODER.encode([texts[k]])[0].sentence, ENCODER.encode([text])[0]
        tokens = message.tokens.astype(np.float32)
        parts = [message.sentence]
        if len(tokens) > 8:
            parts += [tokens[i : i + 8].mean(0) for i in range(0, len(tokens) - 4, 4)]
        return max(float(part @ tool / np.linalg.norm(part)) for part in parts) + 0.02 * float(words.shared(text)[k])

    def score(k: int) -> float:
        return max(0.9 * round(near(k, said[0]), 4), round(near(k, said[1]), 4), 0.0)

    best = sorted(range(90), key=lambda k: (-score(k), tools[k].name))[:9]
    assert entered(large.at(talk(*said), 2)) == {tools[k].name for k in best}


def test_a_request_for_several_things_brings_the_tools_of_each() -> None:
    wanted = ["track the parcel", "cancel our doctor", "share that song"]
    said = " that I told you of some time ago, and when this is done please go on to ".join(wanted)
    names = entered(catalogue(some_tools(90), tools=12).at(talk(said), 1))
    assert {"track_parcel", "cancel_doctor", "share_song"} <= names


def test_neither_the_order_of_the_tools_nor_what_comes_later_has_a_say() -> None:
    tools = some_tools(90)
    shuffled = random.Random(0).sample(tools, len(tools))
    messages = [Message("user", "a taxi"), Message("assistant", "to the concert?"), Message("user", "cancel my lesson")]
    for point in (1, 3):
        expected = catalogue(tools, tools=7).at(talk(*messages[:point]), point)
        assert_equal(catalogue(shuffled, tools=7).at(talk(*messages[:point]), point), expected)
        later = talk(*messages, "now a doctor", call("find_song"), Message("tool_response", "x"))
        assert_equal(catalogue(tools, tools=7).at(later, point), expected)


def test_tools_called_lately_stay() -> None:
    called = ["find_hotel", "list_song", "order_song", "share_invoice", "book_doctor"]
    said = talk("x", *(call(name) for name in called), call("no_such_tool"), "review the flight")
    names = entered(catalogue(some_tools(90), tools=8).at(said, 8))
    assert set(called[-CALLED:]) <= names
    assert "find_hotel" not in names


@pytest.mark.parametrize(
    "wording", ["find_song", "Find Song!", "findSong", "with find-song", "use `functions.find_song`"]
)
def test_a_tool_that_is_named_enters_however_it_is_written(wording: str) -> None:
    tools = some_tools(90)
    for tool in tools:
        if tool["name"] in ("find_song", "findSong"):
            tool["description"] = "zzz"
    assert "find_song" in entered(catalogue(tools, tools=1).at(talk(f"the parcel, but {wording}"), 1))
    camel = [{**tool, "name": "findSong"} if tool["name"] == "find_song" else tool for tool in tools]
    assert "findSong" in entered(catalogue(camel, tools=1).at(talk(f"the parcel, but {wording}"), 1))


def test_a_forced_tool_enters_before_all_others() -> None:
    large = catalogue(some_tools(90), tools=1)
    assert entered(large.at(talk("track a parcel"), 1, forced="book_song")) == {"book_song"}


def test_what_the_user_said_before_and_the_answer_count_too() -> None:
    large = catalogue(some_tools(90), tools=12)
    later = talk("track a parcel", Message("assistant", "shall I share a song"), "Fresno")
    assert {"track_parcel", "share_song"} <= entered(large.at(later, 3))


def test_without_anything_said_the_names_decide() -> None:
    large = catalogue(some_tools(30), tools=3)
    system = talk(Message("system", "track a parcel"))
    assert entered(large.at(system, 1)) == set(sorted(tool["name"] for tool in some_tools(30))[:3])


def test_slots_are_limited_and_slot_fields_always_enter() -> None:
    mood = SlotField("mood", "how the user feels")
    large = catalogue(some_tools(90, parameters=6), (mood,), tools=24, slots=15)
    table = large.at(talk("track a parcel"), 1)
    assert 1 < len(table.tools) < 24
    assert len(table.slots) <= 16
    assert "mood" in {slot.key for slot in table.slots}
    assert "track_parcel" in entered(table)


def test_of_a_tool_with_too_many_parameters_the_required_and_the_nearest_enter() -> None:
    properties = {f"setting{i}": {"type": "string", "description": f"knob{i}"} for i in range(200)}
    tool = {
        "name": "configure",
        "description": "Configure it",
        "parameters": {"type": "object", "properties": properties, "required": ["setting7", "setting150"]},
    }
    table = catalogue([tool], slots=20).at(talk("turn knob42 to eleven", "and go on"), 2)
    keys = [slot.key for slot in table.slots]
    assert len(keys) == 10
    assert {"setting7", "setting150", "setting42"} <= set(keys)
    assert table.required.sum() == 2


def test_relevance_is_over_all_tools_not_over_those_that_entered() -> None:
    tools = parse_tools(some_tools(90))
    table = build_tool_table(tools, (), ENCODER)
    messages = talk("zzz", Message("assistant", "track a parcel"), "track a parcel", call("find_song"), "zzz")
    said = read_conversation(messages, ENCODER)
    found = Catalogue(tools, slot_table(tools), Limits(tools=2), ENCODER, ENCODER).relevance(said)
    np.testing.assert_allclose(found, relevance_by_length(said, table), atol=1e-6)


def test_limits_that_let_nothing_in_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 1 tool and 2 slots, got 0 and 128"):
        Limits(tools=0)


def test_points_that_the_same_tools_enter_share_a_table() -> None:
    said = talk("track a parcel", Message("assistant", "ok"), "track a parcel", "cancel the concert")
    split = list(catalogue(some_tools(90), tools=5).split(said, [1, 3, 4]))
    assert sorted(point for _, points in split for point in points) == [1, 3, 4]
    assert len(list(catalogue(some_tools(20)).split(said, [1, 3, 4]))) == 1
    for table, points in split:
        for point in points:
            assert_equal(replace(table), catalogue(some_tools(90), tools=5).at(said, point))


def test_of_four_thousand_tools_the_choice_takes_milliseconds() -> None:
    large = catalogue(some_tools(4000))
    words = [f"word{i} {VERBS[i % 10]} {THINGS[i % 7]}" for i in range(20)]
    said = [talk(*words[: i + 1]) for i in range(20)]
    started = time.process_time()
    for i, conversation in enumerate(said):
        large.at(conversation, i + 1)
    assert (time.process_time() - started) / 20 < 0.02, "a few milliseconds where the machine is idle"


def test_vectors_of_tools_are_the_encoders_and_encoded_once() -> None:
    vectors = ToolVectors(ENCODER)
    texts = ["a", "b", "a"]
    for _ in range(2):
        for ours, theirs in zip(vectors.encode(texts), ENCODER.encode(texts), strict=True):
            np.testing.assert_array_equal(ours.sentence, theirs.sentence)
    assert (vectors.misses, len(vectors)) == (2, 2)
    small = ToolVectors(ENCODER, capacity=text_bytes(ENCODER.encode(["a"])[0]))
    assert len(small.encode(texts)) == 3
    assert len(small) == 1
