"""Orders at a coffee bar become calls one after another, with ids that earlier results gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options
from recipes.corpora.taskmaster4 import convert, read_dialogues, spread
from trm_agent.errors import DataError
from trm_agent.types import Sample


def step(number: int, name: str, request: str, response: str) -> list[dict[str, str]]:
    call, answer = f"api_call_{number}", f"api_response_{number}"
    return [
        {"name": "api_call", "value": name, "context": call},
        {"name": "request", "value": request, "context": call},
        {"name": "api_response", "value": name, "context": answer},
        {"name": "response", "value": response, "context": answer},
    ]


def dialogue(name: str, *turns: tuple[str, str, list[dict[str, str]]]) -> dict[str, Any]:
    utterances = [{"speaker": who, "text": text, "annotations": notes} for who, text, notes in turns]
    return {"conversation_id": name, "utterances": utterances}


ORDER = dialogue(
    "one",
    (
        "user",
        "Two flat whites with oat milk please",
        [
            *step(0, "get_menu_items", '{"query": "Flat White"}', '{"menu_items": [{"menu_item_id": ""fw-77""}]}'),
            *step(
                1,
                "get_addons",
                '{"query": "oat milk OR extra foam", "menu_item_id": "fw-77"}',
                '{"attributes": [{"attribute_id": "milk", "options": ["Oat Milk", "Whole Milk"]}]}',
            ),
            *step(
                2,
                "add_order_item",
                '{"menu_item_id": "fw-77", "quantity": "2",'
                ' "attributes": [{"attribute_id": "milk", "option": "Oat Milk"}]}',
                '{"order_id": "900"}',
            ),
            *step(3, "get_order_details", '{"order_id": "12345"}', '{"order_id": "900"}'),
        ],
    ),
    ("assistant", "Is that right?", []),
    ("user", "Yes it is", step(4, "finish_order", '{"order_id": "900"}', '{"success": true}')),
    ("assistant", "Coming up.", []),
)
BROKEN = dialogue("two", ("user", "A mocha", step(0, "get_menu_items", "{oops", "{}")), ("assistant", "Sorry?", []))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data_00.json").write_text(json.dumps([ORDER, BROKEN]), encoding="utf-8")
    return tmp_path


def samples_of(folder: Path) -> list[Sample]:
    return [s for s in convert(folder, Options(distractors=0)) if s.meta["dialogue"] == "one"]


def test_calls_follow_one_another_and_take_ids_from_results(folder: Path) -> None:
    calls = [s.tool for s in samples_of(folder) if s.tool]
    assert [call["name"] for call in calls] == ["get_menu_items", "get_addons", "add_order_item", "finish_order"]
    assert calls[2]["arguments"] == {
        "menu_item_id": "fw-77",
        "quantity": 2,
        "attributes": [{"attribute_id": "milk", "option": "Oat Milk"}],
    }


def test_a_query_for_several_additions_may_be_left_out(folder: Path) -> None:
    sample = next(s for s in samples_of(folder) if s.tool and s.tool["name"] == "get_addons")
    assert sample.tool == {"name": "get_addons", "arguments": {"menu_item_id": "fw-77"}}
    assert sample.accept.optional == ("query",)


def test_an_id_that_nobody_gave_makes_no_sample_but_stays_in_the_history(folder: Path) -> None:
    answer = next(s for s in samples_of(folder) if s.content == "Is that right?")
    assert {"name": "get_order_details", "arguments": {"order_id": "12345"}} in [m.content for m in answer.history]
    assert answer.meta["slots_known"] is False


def test_a_yes_before_the_order_is_finished_confirms(folder: Path) -> None:
    sample = next(s for s in samples_of(folder) if s.tool and s.tool["name"] == "finish_order")
    assert sample.meta["speech_act"] == "confirm"


def test_a_dialogue_ends_where_a_request_is_not_json(folder: Path) -> None:
    assert [s for s in convert(folder, Options()) if s.meta["dialogue"] == "two"] == []


def test_dialogues_are_drawn_evenly_over_their_kinds(folder: Path) -> None:
    dialogues = read_dialogues(folder)
    many = {**{f"a{i}": dialogues["one"] for i in range(9)}, "b": dialogues["two"]}
    assert "b" in spread(many, 2, Options().rng("test"))


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected the folder TM-4-2024/data"):
        list(convert(tmp_path, Options()))
