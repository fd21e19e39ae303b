"""BFCL's entries become samples: the first right value is gold, an empty one says "may be left out"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.bfcl import CATEGORIES, convert, convert_entry
from recipes.corpora.building import Options
from trm_agent.errors import DataError
from trm_agent.types import Accept, Sample

KETTLE = {
    "name": "kettle.boil",
    "description": "Boil water in a kettle.",
    "parameters": {
        "type": "dict",
        "properties": {
            "litres": {"type": "float", "description": "How much water."},
            "room": {"type": "string", "description": "Where the kettle stands."},
            "unit": {"type": "string", "description": "Unit of the temperature. Default is celsius."},
            "marks": {"type": "tuple", "items": {"type": "integer"}, "description": "Two marks."},
            "owner": {"type": "dict", "properties": {"name": {"type": "string"}, "floor": {"type": "integer"}}},
        },
        "required": ["litres", "room"],
    },
}
LAMP = {
    "name": "lamp_on",
    "description": "Switch a lamp on.",
    "parameters": {"type": "dict", "properties": {"lamp": {"type": "any"}}, "required": ["lamp"]},
}


def entry(name: str, said: str, *tools: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "question": [[{"role": "user", "content": said}]], "function": list(tools)}


BOIL = entry("simple_python_0", "Boil 2 litres in the kitchen.", KETTLE)
RIGHT = {"kettle.boil": {"litres": [2.0, 2.5], "room": ["kitchen", "the kitchen"], "unit": ["", "celsius"]}}


def test_types_are_read_as_json_schema() -> None:
    (tool,) = convert_entry(BOIL, [RIGHT], "simple").tools
    assert [(p.name, p.type) for p in tool.parameters] == [
        ("litres", "number"),
        ("room", "string"),
        ("unit", "string"),
        ("marks", "array"),
        ("owner.name", "string"),
        ("owner.floor", "integer"),
    ]


def test_the_first_right_value_is_gold_and_the_rest_is_accepted() -> None:
    sample = convert_entry(BOIL, [RIGHT], "simple")
    assert sample.decision == "tool_call"
    assert sample.tool == {"name": "kettle.boil", "arguments": {"litres": 2.0, "room": "kitchen"}}
    assert sample.accept == Accept({"litres": [2.5], "room": ["the kitchen"], "unit": ["celsius"]}, ("unit",))
    assert sample.calls == ()
    assert sample.slots == {}
    assert sample.meta == {"source": "bfcl", "subset": "simple", "intent": "kettle.boil"}
    assert sample.id == "bfcl/simple_python_0"
    assert [(m.role, m.content) for m in sample.history] == [("user", "Boil 2 litres in the kitchen.")]


@pytest.mark.parametrize(
    ("values", "arguments", "accept"),
    [
        (["celsius", ""], {"unit": "celsius"}, Accept(optional=("unit",))),
        ([""], {}, Accept(optional=("unit",))),
        (["celsius"], {"unit": "celsius"}, Accept()),
    ],
)
def test_an_empty_value_says_that_a_parameter_may_be_left_out(
    values: list[Any], arguments: dict[str, Any], accept: Accept
) -> None:
    sample = convert_entry(BOIL, [{"kettle.boil": {"unit": values}}], "simple")
    assert sample.tool is not None
    assert sample.tool["arguments"] == arguments
    assert sample.accept == accept


def test_a_required_parameter_cannot_be_left_out() -> None:
    sample = convert_entry(BOIL, [{"kettle.boil": {"litres": ["", 1.0]}}], "simple")
    assert sample.tool == {"name": "kettle.boil", "arguments": {"litres": 1.0}}
    assert sample.accept == Accept()


def test_what_the_tool_does_not_declare_is_dropped() -> None:
    sample = convert_entry(BOIL, [{"kettle.boil": {"colour": ["", "red"], "room": ["attic"]}}], "simple")
    assert sample.tool == {"name": "kettle.boil", "arguments": {"room": "attic"}}
    assert sample.accept == Accept()


def test_an_object_stands_for_all_that_its_keys_allow() -> None:
    listed = {"name": ["Ann", "Anna"], "floor": [1, ""]}
    sample = convert_entry(BOIL, [{"kettle.boil": {"owner": [listed]}}], "simple")
    assert sample.tool is not None
    everything = [sample.tool["arguments"]["owner"], *sample.accept.arguments["owner"]]
    assert everything == [{"name": "Ann", "floor": 1}, {"name": "Ann"}, {"name": "Anna", "floor": 1}, {"name": "Anna"}]


def test_a_list_of_objects_stands_for_all_that_its_items_allow() -> None:
    listed = [{"name": ["Ann", "Anna"]}, {"name": ["Bo"]}]
    sample = convert_entry(BOIL, [{"kettle.boil": {"marks": [listed]}}], "simple")
    assert sample.tool is not None
    assert sample.tool["arguments"]["marks"] == [{"name": "Ann"}, {"name": "Bo"}]
    assert sample.accept.arguments["marks"] == [[{"name": "Anna"}, {"name": "Bo"}]]


def test_several_calls_keep_their_order_and_their_accepted_values() -> None:
    said = entry("parallel_multiple_0", "Boil a litre in the den and put the lamp on.", KETTLE, LAMP)
    answers = [{"kettle.boil": {"litres": [1.0], "room": ["den"], "unit": [""]}}, {"lamp_on": {"lamp": ["lamp", 1]}}]
    sample = convert_entry(said, answers, "parallel_multiple")
    assert sample.calls == (
        {"name": "kettle.boil", "arguments": {"litres": 1.0, "room": "den"}},
        {"name": "lamp_on", "arguments": {"lamp": "lamp"}},
    )
    assert sample.tool == sample.calls[0]
    assert sample.accept.calls == (Accept(optional=("unit",)), Accept({"lamp": [1]}))
    assert sample.accept.optional == ("unit",)
    assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


def test_without_an_answer_no_call_is_right() -> None:
    sample = convert_entry(entry("irrelevance_0", "What is love?", LAMP), [], "irrelevance")
    assert (sample.decision, sample.tool, sample.calls) == ("direct_answer", None, ())
    assert sample.meta["intent"] is None


def write(folder: Path, categories: dict[str, str] = CATEGORIES) -> Path:
    (folder / "possible_answer").mkdir()
    for name in categories.values():
        row = {**BOIL, "id": f"{name}_0"}
        (folder / f"BFCL_v4_{name}.json").write_text(json.dumps(row) + "\n", encoding="utf-8")
        if name != "irrelevance":
            answer = {"id": f"{name}_0", "ground_truth": [RIGHT]}
            (folder / "possible_answer" / f"BFCL_v4_{name}.json").write_text(json.dumps(answer), encoding="utf-8")
    return folder


def test_all_categories_are_read_or_the_one_asked_for(tmp_path: Path) -> None:
    write(tmp_path)
    assert [s.meta["subset"] for s in convert(tmp_path, Options())] == list(CATEGORIES)
    assert [s.id for s in convert(tmp_path, Options(split="simple"))] == ["bfcl/simple_python_0"]
    assert [s.decision for s in convert(tmp_path, Options(split="irrelevance"))] == ["direct_answer"]


def test_a_folder_that_is_not_as_published_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"simple": "simple_python"})
    with pytest.raises(DataError, match="split 'live' is none of BFCL's; expected one of simple, multiple"):
        list(convert(tmp_path, Options(split="live")))
    with pytest.raises(DataError, match=r"BFCL_v4_multiple\.json: No such file"):
        list(convert(tmp_path, Options()))
    file = tmp_path / "BFCL_v4_simple_python.json"
    file.write_text('{"id": "simple_python_7"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="simple_python_7 has no possible answer"):
        list(convert(tmp_path, Options(split="simple")))
    file.write_text("\n[1]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"simple_python\.json:2: expected an object with an id"):
        list(convert(tmp_path, Options(split="simple")))
    file.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"simple_python\.json:1: not JSON"):
        list(convert(tmp_path, Options(split="simple")))


def test_only_so_many_entries_are_drawn_with_the_seed(tmp_path: Path) -> None:
    write(tmp_path)
    rows = "".join(json.dumps({**BOIL, "id": f"irrelevance_{i}"}) + "\n" for i in range(20))
    (tmp_path / "BFCL_v4_irrelevance.json").write_text(rows, encoding="utf-8")

    def drawn(seed: int) -> list[str | None]:
        return [s.id for s in convert(tmp_path, Options(split="irrelevance", num_dialogues=3, seed=seed))]

    assert len(drawn(0)) == 3
    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
