"""A SNIPS request becomes one sample: its spans are the arguments of one of seven tools, worded anew each time."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.single_requests import own_table
from recipes.corpora.snips import request, spans
from trm_agent.errors import DataError
from trm_agent.types import Sample
from trm_agent.values import validates

PIECES: list[dict[str, Any]] = [
    {"text": "Reserve a "},
    {"text": "bistro", "entity": "restaurant_type"},
    {"text": " for "},
    {"text": "three", "entity": "party_size_number"},
    {"text": " in "},
    {"text": "Oslo ", "entity": "city"},
    {"text": "\n"},
]


def samples() -> list[Sample]:
    return [request("BookRestaurant", PIECES, random.Random(seed), dialogue="d", seen=True) for seed in range(80)]


def test_the_text_is_whole_and_the_spans_are_the_slots() -> None:
    assert {slot: said.text for slot, said in spans(PIECES).items()} == {
        "restaurant_type": "bistro",
        "party_size_number": "three",
        "city": "Oslo",
    }
    for sample in samples():
        assert sample.history[0].content == "Reserve a bistro for three in Oslo"
        if sample.meta["intent"]:
            assert set(map(str, sample.slots.values())) in ({"bistro", "three", "Oslo"}, {"bistro", "3", "Oslo"})


def test_the_same_slot_twice_counts_either_way() -> None:
    said = spans([{"text": "close", "entity": "where"}, {"text": " or "}, {"text": "near", "entity": "where"}])["where"]
    assert (said.text, said.others) == ("close", ("near",))


def test_calls_validate_and_a_missing_parameter_is_a_direct_answer() -> None:
    kinds = {sample.meta["subset"] for sample in samples()}
    assert kinds == {"BookRestaurant", "BookRestaurant/missing", "BookRestaurant/absent"}
    for sample in samples():
        tools = {tool.name: tool for tool in sample.tools}
        if sample.tool:
            tool = tools[sample.tool["name"]]
            assert validates(sample.tool["arguments"], tool.schema)
            assert set(tool.required) <= set(sample.tool["arguments"])
        assert sample.meta["intent"] is None or sample.meta["intent"] in tools


def test_no_tool_on_offer_would_serve_the_request_as_well() -> None:
    rivals = {"restaurant_reservation", *own_table("snips")["BookRestaurant"]["names"]}
    for sample in samples():
        assert len({tool.name for tool in sample.tools} & rivals) == (0 if sample.meta["intent"] is None else 1)


def test_parameter_names_of_a_tool_never_clash() -> None:
    for spec in own_table("snips").values():
        names = [name for parameter in spec["parameters"].values() for name in parameter["names"]]
        assert len(names) == len(set(names))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for intent in own_table("snips"):
        (tmp_path / intent).mkdir()
        for name in (f"train_{intent}_full.json", f"validate_{intent}.json"):
            body = {intent: [{"data": PIECES}, {"data": [{"text": "Hello"}]}]}
            (tmp_path / intent / name).write_text(json.dumps(body), encoding="utf-8")
    return tmp_path


def test_splits_selections_and_seeds(folder: Path) -> None:
    convert = corpus("snips")
    train = list(convert(folder, Options()))
    assert len(train) == 14
    assert train == list(convert(folder, Options()))
    assert train != list(convert(folder, Options(seed=1)))
    held = list(convert(folder, Options(split="validate", hold_out=frozenset({"RateBook"}))))
    assert (len(held), {sample.meta["seen"] for sample in held}) == (12, {False})
    assert len(list(convert(folder, Options(num_dialogues=3, distractors=0)))) == 3


def test_a_file_of_another_shape_is_named(folder: Path) -> None:
    (folder / "RateBook" / "train_RateBook_full.json").write_text('{"Rate": []}', encoding="utf-8")
    with pytest.raises(DataError, match=r"train_RateBook_full\.json: expected \{'RateBook'"):
        list(corpus("snips")(folder, Options()))
