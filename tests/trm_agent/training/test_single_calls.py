"""A turn with a list or with several calls, once per call: what is left to read, and what was taken up before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trm_agent.data.jsonl import write_samples
from trm_agent.encoder.sentence import Vocabulary
from trm_agent.testing import HashingEncoder, tiny_model
from trm_agent.training.augmentation import augment
from trm_agent.training.episodes import Episode, read_episodes
from trm_agent.training.one_by_one import read_one_by_one
from trm_agent.training.optimizer import assemble, training_texts
from trm_agent.training.rates import Rates
from trm_agent.types import Sample

ITEM = {
    "type": "object",
    "properties": {"drink": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["drink"],
}
ORDER = {
    "name": "create_order",
    "description": "Order drinks",
    "parameters": {
        "type": "object",
        "properties": {"table": {"type": "string"}, "items": {"type": "array", "items": ITEM}},
        "required": ["items"],
    },
}
INVITE = {
    "name": "invite",
    "description": "Invite people",
    "parameters": {
        "type": "object",
        "properties": {"people": {"type": "array", "items": {"type": "string"}}},
        "required": ["people"],
    },
}
SAID = "2 lattes, a flat white and 2 teas to the terrace"


def read(folder: Path, text: str, *calls: dict[str, Any], **more: Any) -> list[Episode]:
    raw = {
        "tools": [ORDER, INVITE],
        "history": [{"role": "user", "content": text}],
        "decision": "tool_call",
        "slots": {},
        "tool": calls[0],
        "content": "",
        "meta": {"slots_known": False},
    }
    if len(calls) > 1:
        raw["calls"] = list(calls)
    path = folder / "samples.jsonl"
    write_samples(path, [Sample.from_json({**raw, **more})])
    return read_one_by_one([path], read_episodes([path])[0].slot_fields)


def taken(episode: Episode) -> list[str]:
    return [episode.messages[m].text[start:end] for m, start, end in episode.used or ()]


def order(*items: dict[str, Any]) -> dict[str, Any]:
    return {"name": "create_order", "arguments": {"table": "terrace", "items": list(items)}}


LIST = order({"drink": "lattes", "count": 2}, {"drink": "flat white"}, {"drink": "teas", "count": 2})


def test_each_record_is_read_alone_and_what_went_before_is_marked(tmp_path: Path) -> None:
    episodes = read(tmp_path, SAID, LIST)
    points = [episode.points[0] for episode in episodes]
    assert [point.calls for point in points] == [3, 2, 1]
    assert [point.slots["items.drink"][0] for point in points] == ["lattes", "flat white", "teas"]
    assert "items.count" not in points[1].slots
    assert "items.count" in (points[1].known or ())
    assert taken(episodes[0]) == []
    assert sorted(taken(episodes[2])) == ["2", "flat white", "lattes", "terrace"]


def test_a_value_that_is_said_twice_is_the_one_beside_its_record(tmp_path: Path) -> None:
    episodes = read(tmp_path, SAID, LIST)
    assert episodes[0].points[0].places["items.count"] == (0, 0, 1)
    assert episodes[2].points[0].places["items.count"] == (0, SAID.rindex("2"), SAID.rindex("2") + 1)


def test_words_of_an_entry_are_those_of_its_own_record(tmp_path: Path) -> None:
    said = "two lattes and one tea"
    call = order({"drink": "lattes", "count": 2}, {"drink": "tea", "count": 1})
    call["arguments"].pop("table")
    accept = {"arguments": {"items[0].count": ["two"], "items[1].count": ["one"]}}
    counts = [episode.points[0].slots["items.count"] for episode in read(tmp_path, said, call, accept=accept)]
    assert counts == [(2, "two"), (1, "one")]


def test_a_plain_list_and_several_calls_are_read_alike(tmp_path: Path) -> None:
    people = {"name": "invite", "arguments": {"people": ["Ann", "Bo"]}}
    tea = order({"drink": "tea"})
    tea["arguments"].pop("table")
    episodes = read(tmp_path, "ask Ann and Bo over, and a tea please", people, tea)
    points = [episode.points[0] for episode in episodes]
    assert [(point.tool, point.calls) for point in points] == [("invite", 3), ("invite", 2), ("create_order", 1)]
    assert [point.slots.get("people") for point in points] == [(["Ann"],), (["Bo"],), None]
    assert "people" not in (points[2].known or ())
    assert taken(episodes[2]) == ["Ann", "Bo"]


def test_a_single_call_without_a_list_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "hello", {"name": "create_order", "arguments": {"table": "4", "items": []}}) == []


def test_marks_and_places_reach_the_batch(tmp_path: Path) -> None:
    episodes = read(tmp_path, SAID, LIST)
    last = augment(episodes, 1, Rates(typos=1, accents=1, nameless=1))[-1]
    assert last.messages[0].text == SAID
    vocabulary = Vocabulary(training_texts([last]), HashingEncoder())
    batch, targets = assemble([last], vocabulary, tiny_model().config)
    marks = batch.shapes[0, :, -2:].numpy()
    assert marks[:, 0].all()
    assert 0 < np.count_nonzero(marks[:, 1]) < len(marks)
    pointed = np.argwhere(targets.spans.numpy())
    assert len(pointed) == len(targets.span_slot) == 3
