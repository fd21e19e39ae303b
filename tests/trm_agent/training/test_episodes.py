"""Samples of one conversation become one episode, and what the data does not say is not made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.trm_agent.model_doubles import MESSAGES, TOOLS
from trm_agent.data.jsonl import write_samples
from trm_agent.encoder.sentence import Vocabulary
from trm_agent.errors import DataError
from trm_agent.testing import HashingEncoder, tiny_model
from trm_agent.training.episodes import fingerprint, read_episodes
from trm_agent.training.optimizer import assemble, training_texts
from trm_agent.training.targets import IGNORE
from trm_agent.types import Sample, SlotField, parse_tools, slot_table

CALL = {"name": "find_bus", "arguments": {"from_city": "Fresno", "to_city": "Anaheim"}}


def sample(length: int, **changes: Any) -> Sample:
    raw = {
        "tools": TOOLS,
        "history": [m.to_json() for m in MESSAGES[:length]],
        "decision": "direct_answer",
        "slots": {},
        "tool": None,
        "content": "",
    }
    return Sample.from_json({**raw, **changes})


def write(folder: Path, *samples: Sample) -> Path:
    path = folder / "samples.jsonl"
    write_samples(path, samples)
    return path


def test_histories_that_continue_one_another_are_one_episode(tmp_path: Path) -> None:
    call = sample(3, decision="tool_call", tool=CALL, slots={"from_city": "Fresno"})
    path = write(tmp_path, sample(1), call, sample(5), sample(1), sample(3))
    episodes = read_episodes([path])
    assert [[p.messages for p in e.points] for e in episodes] == [[1, 3, 5], [1, 3]]
    assert [len(e.messages) for e in episodes] == [5, 3]


def test_the_intent_before_a_call_is_known_by_hindsight(tmp_path: Path) -> None:
    call = sample(3, decision="tool_call", tool=CALL)
    points = read_episodes([write(tmp_path, sample(1), call, sample(5))])[0].points
    assert [(p.intent, p.intent_known) for p in points] == [("find_bus", True), ("find_bus", True), (None, False)]


def test_an_intent_that_the_data_gives_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, sample(1, meta={"intent": None}), sample(3, meta={"intent": "get_weather"}))
    assert [p.intent for p in read_episodes([path])[0].points] == [None, "get_weather"]


def test_parameters_that_a_log_never_lists_are_known_from_calls_only(tmp_path: Path) -> None:
    call = sample(3, decision="tool_call", tool=CALL, slots={"phone": ""})
    path = write(tmp_path, sample(1, slots={"phone": ""}), call)
    episodes = read_episodes([path])
    words = Vocabulary(training_texts(episodes), HashingEncoder())
    _, targets = assemble(episodes, words, tiny_model().config)
    keys = [slot.key for slot in episodes[0].slots]
    assert keys == ["city", "from_city", "phone", "seat", "to_city"]
    assert targets.op.tolist() == [[IGNORE, IGNORE, 0, IGNORE, IGNORE], [IGNORE, 1, 0, 0, 1]]


def test_parameters_that_a_log_lists_are_empty_where_it_lists_none(tmp_path: Path) -> None:
    path = write(tmp_path, sample(1), sample(3, slots={"from_city": "Fresno"}))
    assert [p.known for p in read_episodes([path])[0].points] == [None, None]


def test_closed_slot_fields_are_gathered_and_open_ones_stay_open(tmp_path: Path) -> None:
    intents = ["greet", "order"] * 3
    rows = [sample(1, slots={"intent_of_user": intent, "phone": str(i)}) for i, intent in enumerate(intents)]
    fields = read_episodes([write(tmp_path, *rows)])[0].slot_fields
    assert fields == (SlotField("intent_of_user", "", ("greet", "order")), SlotField("phone"))


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, sample(1))
    path.write_text(path.read_text() + '{"tools": []}\n')
    with pytest.raises(DataError, match=r'samples\.jsonl:2: "history" is missing'):
        read_episodes([path])


def test_the_fingerprint_is_of_the_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, sample(1))
    before = fingerprint([path])
    path.write_text(path.read_text() + "\n")
    assert fingerprint([path]) != before
    assert before.keys() == {"samples.jsonl"}


def test_a_slot_field_whose_name_tools_declare_in_different_ways_is_a_slot_of_its_own() -> None:
    other = {"name": "get_time", "parameters": {"properties": {"city": {"type": "string", "description": "Where"}}}}
    tools = parse_tools([*TOOLS, other])
    assert {"city", "get_time.city", "get_weather.city"} <= {
        slot.key for slot in slot_table(tools, [SlotField("city")])
    }
