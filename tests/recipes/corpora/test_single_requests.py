"""A tool is worded anew for every request; what it declares always fits what the request says."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import declare
from recipes.corpora.single_requests import (
    Said,
    draw_required,
    helper_pool,
    pick_split,
    read_as,
    read_json,
    request_sample,
    word_tool,
)
from trm_agent.errors import DataError
from trm_agent.types import Message
from trm_agent.values import validates

SPEC: dict[str, Any] = {
    "names": ["order_pizza", "PizzaOrder"],
    "descriptions": ["Order a pizza.", "Brings pizza."],
    "parameters": {
        "size": {"names": ["size"], "descriptions": ["How big"], "enum": ["small", "large"]},
        "count": {"names": ["count", "how_many"], "descriptions": ["How many"], "type": "integer", "askable": True},
        "street": {"names": ["street", "address"], "descriptions": ["Where to"], "askable": True},
    },
}
SAID = {"size": Said("Large"), "count": Said("two", ("three",))}
META = {"source": "pizza", "subset": "order", "domain": "food", "dialogue": "1", "seen": True}


def test_wordings_types_and_required_parameters_vary_and_always_fit() -> None:
    names, kinds, required = set(), set(), set()
    for seed in range(200):
        worded = word_tool(SPEC, SAID, random.Random(seed))
        names.add(worded.tool.name)
        required.add(worded.tool.required)
        count = next(p for p in worded.tool.parameters if p.name in ("count", "how_many"))
        kinds.add((count.type, worded.said[count.name], *worded.also[count.name]))
        assert {p.name for p in worded.tool.parameters} >= set(worded.said)
        assert all(validates(worded.said[p.name], p.schema) for p in worded.tool.parameters if p.name in worded.said)
    assert names == {"order_pizza", "PizzaOrder"}
    assert kinds == {("integer", 2, 3), ("string", "two", "three")}
    assert () in required
    assert len(required) > 4


def test_a_closed_list_is_declared_only_where_it_holds_what_is_said() -> None:
    for seed in range(50):
        worded = word_tool(SPEC, {"size": Said("enormous")}, random.Random(seed))
        assert worded.said == {"size": "enormous"}
        assert not next(p for p in worded.tool.parameters if p.name == "size").choices


def test_a_number_is_not_read_where_more_than_the_number_counts() -> None:
    number = {"type": "integer"}
    assert read_as("seven people", "n", number) == 7
    assert read_as("me and 3 friends", "n", number) is None
    assert read_as("2 couples", "n", number) is None


def test_required_parameters_are_mostly_said_and_at_least_as_many_as_asked_for() -> None:
    draws = [draw_required(["a", "b", "c"], {"a"}, random.Random(seed), 1, 0.25) for seed in range(400)]
    lacking = sum(not set(names) <= {"a"} for names in draws)
    assert 60 < lacking < 140
    assert all("a" in names for names in draws)
    assert all(draw_required(["a", "b"], (), random.Random(seed), 1) for seed in range(20))


def test_a_missing_parameter_or_an_absent_tool_means_a_direct_answer() -> None:
    history = [Message("user", "Two large pizzas")]
    pool = [declare("wash_car"), declare("order_pizza")]
    kinds = set()
    for seed in range(60):
        rng = random.Random(seed)
        worded = word_tool(SPEC, SAID, rng)
        absent = seed % 3 == 0
        sample = request_sample(worded, pool, history, rng, id="1", meta=META, absent=absent)
        kinds.add(sample.meta["subset"])
        if absent:
            assert (sample.decision, sample.tool, sample.meta["intent"], sample.slots) == (
                "direct_answer",
                None,
                None,
                {},
            )
            assert worded.tool.name not in {tool.name for tool in sample.tools}
        elif worded.missing:
            assert (sample.decision, sample.tool, sample.slots) == ("direct_answer", None, worded.said)
            assert sample.meta["intent"] == worded.tool.name
        else:
            assert sample.tool == {"name": worded.tool.name, "arguments": worded.said}
            assert sample.accept.slots == sample.accept.arguments == worded.also
    assert kinds == {"order", "order/missing", "order/absent"}


def test_the_pool_leaves_out_small_talk_and_what_the_corpus_is_about() -> None:
    names = {tool.name for tool in helper_pool(["banking", "bank_support"], ["weather"])}
    assert {"book_flight", "apr"} <= names
    assert names.isdisjoint({"greeting", "yes", "balance", "card_arrival", "weather"})


def test_a_stray_byte_of_another_encoding_is_taken_for_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('["Café", "'.encode() + b"Caf\xe9" + b'"]')
    assert read_json(path, list, errors="surrogateescape") == ["Café", "Café"]


def test_bad_files_and_splits_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(DataError, match=r"a\.json: .*No such file"):
        read_json(path, list)
    path.write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json: expected a list, got dict"):
        read_json(path, list)
    with pytest.raises(DataError, match="unknown split 'dev'; expected one of train, test"):
        pick_split("dev", ("train", "test"))
    assert pick_split(None, ("train", "test")) == "train"
