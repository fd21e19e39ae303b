"""A schema-guided dialogue becomes samples: calls before words, every accepted wording kept, distractors seeded."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.sgd import convert_dialogue, read_dialogues, read_services
from trm_agent.errors import DataError
from trm_agent.types import Sample


def slot(name: str, values: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "description": f"The {name}", "is_categorical": bool(values), "possible_values": values or []}


def service(name: str, intent: str, slots: list[dict[str, Any]], optional: dict[str, str]) -> dict[str, Any]:
    required = [s["name"] for s in slots if s["name"] not in optional]
    body = {
        "name": intent,
        "description": f"Do {intent}",
        "is_transactional": True,
        "required_slots": required,
        "optional_slots": optional,
        "result_slots": [],
    }
    return {"service_name": name, "description": name, "slots": slots, "intents": [body]}


SCHEMA = [
    service("Tables_1", "BookTable", [slot("town"), slot("time"), slot("seats", ["1", "2"])], {"seats": "2"}),
    service("Trains_1", "FindTrain", [slot("town"), slot("day")], {}),
    service("Tables_2", "BookTable", [slot("place")], {}),
]


def state(intent: str, **values: list[str]) -> dict[str, Any]:
    return {"active_intent": intent, "requested_slots": [], "slot_values": values}


def dialogue() -> dict[str, Any]:
    return {
        "dialogue_id": "7_00001",
        "services": ["Tables_1"],
        "turns": [
            {
                "speaker": "USER",
                "utterance": "A table in Fresno at 7 pm",
                "frames": [
                    {"service": "Tables_1", "state": state("BookTable", town=["Fresno"], time=["7 pm", "19:00"])}
                ],
            },
            {
                "speaker": "SYSTEM",
                "utterance": "Your table is booked.",
                "frames": [
                    {
                        "service": "Tables_1",
                        "service_call": {
                            "method": "BookTable",
                            "parameters": {"town": "Fresno", "time": "19:00", "seats": "2"},
                        },
                        "service_results": [{"town": "Fresno"}] * 5,
                    }
                ],
            },
        ],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (tmp_path / "dialogues_001.json").write_text(json.dumps([dialogue()]), encoding="utf-8")
    return tmp_path


def convert(
    folder: Path, *, distractors: int = 0, seed: int = 0, seen: tuple[str, ...] = ("Tables_1",)
) -> list[Sample]:
    services = read_services(folder / "schema.json")
    rng = random.Random(seed)
    found = next(iter(read_dialogues(folder)))
    return convert_dialogue(found, services, seen=frozenset(seen), rng=rng, distractors=distractors)


def test_a_turn_with_a_service_call_gives_the_call_and_then_the_words(folder: Path) -> None:
    call, words = convert(folder)
    assert (call.decision, call.tool) == (
        "tool_call",
        {"name": "BookTable", "arguments": {"town": "Fresno", "time": "19:00", "seats": "2"}},
    )
    assert [m.role for m in call.history] == ["user"]
    assert (words.decision, words.content) == ("direct_answer", "Your table is booked.")
    assert [m.role for m in words.history] == ["user", "tool_call", "tool_response"]
    assert len(words.history[-1].content) == 3, "results beyond the first three are left out"


def test_every_accepted_wording_counts_for_the_state_and_for_the_call(folder: Path) -> None:
    call, _ = convert(folder)
    assert call.slots == {"town": "Fresno", "time": "7 pm"}
    assert call.accept.slots == {"time": ["19:00"]}
    assert call.accept.arguments == {"time": ["7 pm"]}
    assert call.accept.optional == ("seats",), "an argument equal to its declared default may be left out"


def test_tools_carry_what_the_schema_declares(folder: Path) -> None:
    tool = convert(folder)[0].tools[0]
    assert (tool.name, tool.required, tool.read_only) == ("BookTable", ("town", "time"), False)
    seats = tool.parameters[-1]
    assert (seats.choices, seats.default, seats.has_default) == (("1", "2"), "2", True)


def test_meta_tells_dialogue_domain_intent_and_whether_the_service_was_seen(folder: Path) -> None:
    meta = convert(folder)[0].meta
    assert meta == {
        "source": "sgd",
        "subset": "tables",
        "domain": "Tables",
        "dialogue": "7_00001",
        "seen": True,
        "intent": "BookTable",
        "frames": [
            {
                "service": "Tables_1",
                "seen": True,
                "tools": ["BookTable"],
                "state": {"town": ["Fresno"], "time": ["7 pm", "19:00"]},
            }
        ],
    }
    assert convert(folder, seen=("Trains_1",))[0].meta["seen"] is False


def test_distractors_are_seeded_and_never_share_a_tool_name(folder: Path) -> None:
    names = [{t.name for t in convert(folder, distractors=2, seed=seed)[0].tools} for seed in range(20)]
    assert {"BookTable"} in names
    assert {"BookTable", "FindTrain"} in names
    again = [{t.name for t in convert(folder, distractors=2, seed=seed)[0].tools} for seed in range(20)]
    assert names == again


def test_the_same_intent_of_two_services_in_one_dialogue_is_told_apart_by_domain(folder: Path) -> None:
    services = read_services(folder / "schema.json")
    both = dialogue() | {"services": ["Tables_1", "Tables_2"]}
    samples = convert_dialogue(both, services, seen=frozenset(), rng=random.Random(0), distractors=0)
    assert {t.name for t in samples[0].tools} == {"BookTable", "BookTable_Tables"}


def test_another_wording_renames_tools_parameters_and_gold_alike(folder: Path, tmp_path: Path) -> None:
    worded = json.loads(json.dumps(SCHEMA).replace("BookTable", "ReserveSeats").replace("town", "city"))
    path = tmp_path / "worded.json"
    path.write_text(json.dumps(worded), encoding="utf-8")
    services = read_services(folder / "schema.json", path)
    samples = convert_dialogue(dialogue(), services, seen=frozenset(), rng=random.Random(0), distractors=0)
    assert samples[0].tool == {"name": "ReserveSeats", "arguments": {"city": "Fresno", "time": "19:00", "seats": "2"}}
    assert samples[0].slots["city"] == "Fresno"


def test_samples_survive_the_round_trip_through_json(folder: Path) -> None:
    for sample in convert(folder):
        assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


def test_a_folder_without_dialogues_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no dialogues_\*\.json; expected a split folder"):
        next(iter(read_dialogues(tmp_path)))
