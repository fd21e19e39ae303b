"""Restaurants-8k: slots asked for become a question; a call is right when what is required is said."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.restaurants8k import question, request, spans
from trm_agent.errors import DataError
from trm_agent.types import Sample


def record(text: str, asked: list[str] | None = None, **values: str) -> dict[str, Any]:
    out: dict[str, Any] = {"userInput": {"text": text}}
    if asked:
        out["context"] = {"requestedSlots": asked}
    if values:
        out["labels"] = [
            {"slot": slot, "valueSpan": {"startIndex": text.index(value), "endIndex": text.index(value) + len(value)}}
            for slot, value in values.items()
        ]
    return out


def samples(item: dict[str, Any]) -> list[Sample]:
    return [request(item, random.Random(seed), dialogue="d", seen=True) for seed in range(60)]


def test_a_span_without_a_start_begins_the_text_and_loses_its_full_stop() -> None:
    assert spans("7:30. sharp", [{"slot": "time", "valueSpan": {"endIndex": 5}}])["time"].text == "7:30"
    assert (
        spans("at 7 p.m.", [{"slot": "time", "valueSpan": {"startIndex": 3, "endIndex": 9}}])["time"].text == "7 p.m."
    )


def test_slots_asked_for_become_a_question_in_several_wordings() -> None:
    asked = {question(["first_name", "last_name", "first_name"], random.Random(seed)) for seed in range(60)}
    assert len(asked) > 5
    assert all("name" in words for words in asked)
    assert "What about the date and the time?" in {question(["date", "time"], random.Random(s)) for s in range(300)}


def test_what_is_required_decides_between_call_and_answer() -> None:
    item = record("Nine of us on Friday", ["people"], people="Nine", date="Friday")
    found = samples(item)
    assert {sample.meta["subset"] for sample in found} == {"asked", "asked/missing"}
    for sample in found:
        assert [m.role for m in sample.history] == ["assistant", "user"]
        tool = next(tool for tool in sample.tools if tool.name == sample.meta["intent"])
        assert tool.required
        assert sample.slots.keys() >= ({*tool.required} if sample.tool else set())
        assert (sample.decision == "tool_call") == set(tool.required).issubset(
            {key.rsplit(".", 1)[-1] for key in sample.slots}
        )


def test_an_utterance_that_fills_nothing_is_never_a_call_and_has_no_known_intent() -> None:
    for sample in samples(record("Is there a garden?")):
        assert (sample.decision, sample.tool, sample.slots) == ("direct_answer", None, {})
        assert sample.meta["subset"] in ("unasked/other", "unasked/absent")
        assert "intent" not in sample.meta or sample.meta["intent"] is None


def test_of_a_booking_that_stands_it_is_not_known_whether_to_call() -> None:
    found = [s for s in samples(record("Move my booking to Monday", date="Monday")) if "absent" not in s.meta["subset"]]
    assert {s.meta["subset"] for s in found} == {"unasked/standing"}
    assert {s.meta.get("decision_known") for s in found} == {False, None}
    assert all(s.tool is None and "intent" not in s.meta and list(s.slots.values()) == ["Monday"] for s in found)


def test_no_other_tool_books_a_table() -> None:
    names = {tool.name for sample in samples(record("For Friday", date="Friday")) for tool in sample.tools}
    assert names.isdisjoint({"BookRestaurant", "book_restaurant", "restaurant_reservation", "cancel_reservation"})


def test_splits_and_files(tmp_path: Path) -> None:
    for name, count in (("train_0.json", 3), ("test.json", 2)):
        (tmp_path / name).write_text(json.dumps([record("For Friday", date="Friday")] * count), encoding="utf-8")
    convert = corpus("restaurants8k")
    assert len(list(convert(tmp_path, Options()))) == 3
    assert [s.meta["seen"] for s in convert(tmp_path, Options(split="test"))] == [False, False]
    (tmp_path / "test.json").write_text('[{"text": "hello"}]', encoding="utf-8")
    with pytest.raises(DataError, match=r"test\.json: record 0: KeyError\('userInput'\)"):
        list(convert(tmp_path, Options(split="test")))
