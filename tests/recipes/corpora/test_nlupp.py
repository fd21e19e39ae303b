"""NLU++: combinations of intent modules make tools, what combines otherwise trains slots only."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.nlupp import request, right_spec
from recipes.corpora.single_requests import own_table
from trm_agent.errors import DataError
from trm_agent.types import Sample
from trm_agent.values import validates


def record(text: str, *intents: str, **slots: str) -> dict[str, Any]:
    return {"text": text, "intents": list(intents), "slots": {k: {"text": v} for k, v in slots.items()}}


def samples(item: dict[str, Any], domain: str = "hotels") -> list[Sample]:
    return [request(item, domain, random.Random(seed), dialogue="d", seen=True) for seed in range(60)]


CHANGE = record("hi, shift our stay to May 3rd", "greet", "change", "booking", "existing", date_from="May 3rd")


def test_modifiers_do_not_change_the_tool_but_other_modules_do() -> None:
    specs = own_table("nlupp")["hotels"]
    change = right_spec(["greet", "change", "booking", "existing"], specs)
    assert change is not None
    assert "change_booking" in change["names"]
    assert right_spec(["change", "booking", "deny"], specs) is None


def test_a_known_combination_is_a_call_unless_something_required_is_missing() -> None:
    kinds = {sample.meta["subset"] for sample in samples(CHANGE)}
    assert kinds == {"hotels", "hotels/missing", "hotels/absent"}
    for sample in samples(CHANGE):
        tools = {tool.name: tool for tool in sample.tools}
        if sample.tool:
            assert sample.tool["name"] == sample.meta["intent"]
            assert validates(sample.tool["arguments"], tools[sample.tool["name"]].schema)
            assert list(sample.tool["arguments"].values()) == ["May 3rd"]
        elif sample.meta["intent"]:
            assert set(tools[sample.meta["intent"]].required) - {key.rsplit(".", 1)[-1] for key in sample.slots}


def test_tools_of_a_domain_share_a_slot() -> None:
    for sample in samples(CHANGE):
        assert list(sample.slots.values()) in (["May 3rd"], [])
        assert sample.slots or sample.meta["intent"] is None


def test_another_combination_trains_slots_only_and_offers_a_tool_that_takes_them() -> None:
    for sample in samples(record("no, from May 3rd", "deny", "change", date_from="May 3rd")):
        assert sample.meta["decision_known"] is False
        assert "intent" not in sample.meta
        assert list(sample.slots.values()) == ["May 3rd"]


def test_mere_talk_is_answered_whatever_is_on_offer() -> None:
    for sample in samples(record("lovely, bye", "thank", "end_call"), "banking"):
        assert (sample.decision, sample.meta["intent"], sample.meta["subset"]) == (
            "direct_answer",
            None,
            "banking/talk",
        )


def test_every_tool_names_slots_and_intents_that_exist_and_no_two_share_a_combination() -> None:
    table = own_table("nlupp")
    for domain in ("banking", "hotels"):
        specs = [*table[domain], *table["both"]]
        made = [frozenset(intents) for spec in specs for intents in spec["intents"]]
        names = [name for spec in specs for name in spec["names"]]
        assert len(made) == len(set(made))
        assert len(names) == len(set(names))
        assert {slot for spec in specs for slot in spec["slots"]} <= set(table["parameters"])


def test_folds_are_splits_and_requests_without_anything_to_learn_are_left_out(tmp_path: Path) -> None:
    for domain in ("banking", "hotels"):
        (tmp_path / "data" / domain).mkdir(parents=True)
        for fold in range(20):
            body = [record("bye", "end_call"), record("a refund", "refund"), {"text": "hm"}]
            (tmp_path / "data" / domain / f"fold{fold}.json").write_text(json.dumps(body), encoding="utf-8")
    convert = corpus("nlupp")
    assert len(list(convert(tmp_path, Options()))) == 32
    held = list(convert(tmp_path, Options(split="val", only=frozenset({"hotels"}))))
    assert [(s.meta["domain"], s.meta["seen"]) for s in held] == [("hotels", False)] * 4
    (tmp_path / "data" / "hotels" / "fold3.json").write_text('[{"intents": []}]', encoding="utf-8")
    with pytest.raises(DataError, match=r"fold3\.json: record 0: KeyError\('text'\)"):
        list(convert(tmp_path, Options()))
