"""Small tool sets: homes, a personal assistant, and first steps of calls, beside functions without requests."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipes.corpora.building import Options
from recipes.corpora.small_tool_sets import convert
from recipes.corpora.tool_sets import mask, read_pool
from trm_agent.errors import DataError
from trm_agent.types import Sample
from trm_agent.values import validates


def write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


NAMES = [
    f"{kind}.{room}" for kind in ("light", "lock", "fan") for room in ("attic", "porch", "cellar", "sauna", "loft")
]
HOME: dict[str, list[dict[str, str]]] = {
    "device_names": [
        {"device_name": name, "description": f"{name.split('.')[1].title()} {name.split('.')[0].title()}"}
        for name in NAMES
    ],
    "durations": [{"duration": "00:07:00", "name": "Seven minutes"}],
    "responses": [
        {"service": "light.turn_on", "response_confirmed": "It shines.", "persona": "assistant"},
        {"service": "light.turn_on", "response_confirmed": "Arr.", "persona": "pirate"},
    ],
    "specific_actions": [{"service_name": "light.turn_on", "device_name": "attic", "phrase": "Attic light on please"}],
    "templated_actions": [
        {"device_type": "light", "service": "turn_on", "phrase": "Make <device_name> <color>"},
        {
            "device_type": "lock|fan",
            "service": "lock|turn_off",
            "phrase": "Lock the <device_name1> and stop the <device_name2>",
        },
    ],
    "status_requests": [
        {
            "device_type": "lock",
            "state": "locked",
            "phrase": f"Is the <device_name> shut, case {i}",
            "assistant_response": "It is.",
        }
        for i in range(12)
    ],
    "refusals": [
        {
            "reason_type": "not_available",
            "service_name": "fan.turn_on",
            "device_name": "barn",
            "friendly_name": "Barn Fan",
            "desired_state": "",
            "phrase": "Turn on the <device_name>",
            "response": "There is none.",
        },
        {
            "reason_type": "already_state",
            "service_name": "lock.lock",
            "device_name": "loft",
            "friendly_name": "Loft Lock",
            "desired_state": "locked",
            "phrase": "Lock the <device_name>",
            "response": "It is locked.",
        },
    ],
    "failed_tool_calls": [
        {
            "service_name": "lock.unlock",
            "correct_device_name": "lock.sauna",
            "correct_friendly_name": "Sauna Lock",
            "bad_device_name": "lock.zauna",
            "phrase": "Unlock the sauna",
            "error_result": "no such name",
            "retry_prompt": "Again.",
        }
    ],
}
LEON = {
    "actions": {
        "add_bird": {"utterance_samples": ["[Note|Write] @color bird", "Put a @color bird down"]},
        "list_birds": {"utterance_samples": ["Which birds have I seen?"]},
    }
}
GREETING = {"actions": {"run": {"utterance_samples": ["Hello you"]}}}
SPECS = [
    {
        "name": "find_island",
        "description": "Find an island",
        "query_parameters": {"q": {"type": "String", "required": True, "description": "Name"}},
    },
    {
        "name": "sail_to",
        "description": "Sail somewhere",
        "query_parameters": {"id": {"type": "string", "required": True, "description": "Id"}},
    },
]
NESTED = {
    "input": "Find the island Korsholm and sail there",
    "output": [
        {"name": "find_island", "arguments": {"q": "Korsholm"}, "label": "var1"},
        {"name": "sail_to", "arguments": {"id": "$var1.id$"}, "label": "var2"},
        {"name": "var_result", "arguments": {"x": "$var2$"}},
    ],
}
TANGLED = {**NESTED, "output": [*NESTED["output"], {"name": "find_island", "arguments": {"q": "Aland"}}]}
ALPACA = {
    "Name": "Harbour",
    "Documentation": json.dumps(
        {
            "paths": {
                "/berth": {
                    "post": {
                        "operationId": "bookBerth",
                        "description": "Book a berth",
                        "requestBody": {
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/B"}}}
                        },
                    }
                }
            },
            "components": {
                "schemas": {
                    "B": {"properties": {"boat": {"type": "string"}, "mail": {"type": "string"}}, "required": ["boat"]}
                }
            },
        }
    ),
    "Instructions": ["A berth for Thetis, tell me at al@sea.net", "Book me a berth"],
    "Golden_Answers": [
        [{"Action": "bookBerth", "Action_Input": '{"boat": "Thetis", "mail": "al@sea.net"}'}],
        [
            {"Action": "getDetails", "Action_Input": '{"Question": "Which boat?"}'},
            {"Action": "bookBerth", "Action_Input": '{"boat": ${boat from getDetails}}'},
        ],
    ],
}
FUNCTION = {
    "name": "funcQ",
    "description": "Performs it",
    "parameters": {"type": "object", "properties": {"p": {"type": "integer"}}, "required": ["p"]},
}
CASES = [
    {
        "prompt": "Call funcQ with 4",
        "available_functions": [FUNCTION],
        "expected_function_calls": [{"name": "funcQ", "arguments": {"p": 4}, "result": "four"}],
    },
    {"prompt": "Call funcZ with 4", "available_functions": [FUNCTION], "expected_function_calls": []},
    {
        "prompt": "Call funcQ with 5 and funcZ",
        "available_functions": [FUNCTION],
        "expected_function_calls": [{"name": "funcQ", "arguments": {"p": 5}, "result": "", "optional": True}],
    },
]
RAPID = {
    "api_list": [
        {
            "tool_name": "Tide-Table",
            "api_name": "By Port",
            "api_description": "Tides, ask me@port.org",
            "required_parameters": [{"name": "port", "type": "STRING", "description": "", "default": "me@port.org"}],
            "optional_parameters": [],
        }
    ]
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    piles = tmp_path / "acon96+home-llm" / "data" / "piles" / "english"
    for name, rows in HOME.items():
        write_rows(piles / f"pile_of_{name}.csv", rows)
    write(piles / "pile_of_todo_items.txt", "Feed the goat\n")
    write(tmp_path / "leon-ai+leon" / "skills" / "fun" / "birds" / "config" / "en.json", LEON)
    write(tmp_path / "leon-ai+leon" / "skills" / "leon" / "greeting" / "config" / "en.json", GREETING)
    data = tmp_path / "IBM+NESTFUL" / "data"
    write(data / "executable" / "executable-spec.json", SPECS)
    write(data / "executable" / "executable-data.json", [NESTED, TANGLED])
    write(data / "non-executable" / "non-executable-glaive-spec.json", [])
    write(data / "non-executable" / "non-executable-glaive-data.json", [])
    write(tmp_path / "tangqiaoyu+ToolAlpaca" / "data" / "eval_simulated.json", [ALPACA])
    suite = tmp_path / "gptscript-ai+function-calling-test-suite" / "specs"
    write(suite / "01_basic.yaml", yaml.safe_dump_all(CASES))
    write(
        tmp_path / "Junjie-Ye+ToolEyes" / "Tool_Library" / "Sea" / "Buoy" / "config.json",
        [{**FUNCTION, "name": "buoy"}],
    )
    rapid = tmp_path / "THUNLP-MT+StableToolBench" / "solvable_queries" / "test_instruction"
    write(rapid / "G1.json", [RAPID])
    droid = {
        "name": "dial_radio",
        "description": "Dial",
        "arguments": {"n": {"type": "Optional[int]", "required": True}},
    }
    write(tmp_path / "UbiquitousLearning+DroidCall" / "data" / "api.jsonl", json.dumps(droid))
    return tmp_path


def samples(folder: Path, split: str) -> list[Sample]:
    return list(convert(folder, Options(split=split)))


def test_every_gold_call_is_allowed_by_its_tool(folder: Path) -> None:
    for sample in samples(folder, "home-llm+leon+nestful+toolalpaca+gptscript"):
        tools = {tool.name: tool for tool in sample.tools}
        for call in sample.calls or ([sample.tool] if sample.tool else []):
            assert validates(call["arguments"], tools[call["name"]].schema), sample.id


def test_a_device_is_named_as_the_tools_of_its_home_want_it(folder: Path) -> None:
    calls = [s for s in samples(folder, "home-llm") if s.meta["subset"] == "templated_actions" and s.tool]
    assert calls
    for sample in calls:
        said = " ".join(message.text for message in sample.history)
        for call in sample.calls or ([sample.tool] if sample.tool else []):
            tool = next(tool for tool in sample.tools if tool.name == call["name"])
            device = call["arguments"].get("name") or call["arguments"]["entity_id"]
            assert device in said or device in tool.schema["properties"]["entity_id"]["enum"]


def test_several_devices_make_several_calls(folder: Path) -> None:
    assert {len(s.calls) for s in samples(folder, "home-llm") if "stop the" in s.history[-1].text} == {2}


def test_a_state_is_read_from_the_message_or_by_a_tool_never_both(folder: Path) -> None:
    asked = [s for s in samples(folder, "home-llm") if s.meta["subset"] == "status_requests"]
    assert {s.decision for s in asked} == {"tool_call", "direct_answer"}
    for sample in asked:
        reads = "get_state" in {tool.name for tool in sample.tools}
        assert (sample.decision == "tool_call") == reads
        assert reads or "locked" in sample.history[0].text


def test_a_device_that_is_not_there_is_answered(folder: Path) -> None:
    missing, already = [s for s in samples(folder, "home-llm") if s.meta["subset"] == "refusals"]
    assert missing.decision == "direct_answer"
    assert "barn" not in missing.history[0].text
    assert already.meta["either"] is True


def test_after_a_failed_call_the_right_id_is_taken(folder: Path) -> None:
    sample = next(s for s in samples(folder, "home-llm") if s.meta["subset"] == "failed_tool_calls")
    assert sample.history[-2].content["arguments"] == {"entity_id": "lock.zauna"}
    assert sample.tool
    assert sample.tool["arguments"] == {"entity_id": "lock.sauna"}


def test_leon_has_values_of_ours_and_small_talk(folder: Path) -> None:
    found = samples(folder, "leon")
    assert not any("@" in s.history[-1].text or "[" in s.history[-1].text for s in found)
    talk = next(s for s in found if s.history[-1].text == "Hello you")
    assert (talk.decision, talk.meta["speech_act"]) == ("direct_answer", "small_talk")


def test_of_nested_calls_the_first_step_is_gold_if_nothing_literal_comes_later(folder: Path) -> None:
    found = samples(folder, "nestful")
    assert len(found) == 1
    assert found[0].tool in ({"name": "find_island", "arguments": {"q": "Korsholm"}}, None)


def test_a_question_for_details_is_an_answer_and_bodies_are_parameters(folder: Path) -> None:
    full, asking = samples(folder, "toolalpaca")
    assert asking.content == "Which boat?"
    assert full.tool is None or full.tool["arguments"] == {"boat": "Thetis", "mail": "al@example.com"}
    assert full.history[-1].text.endswith("al@example.com")


def test_a_function_that_is_not_there_is_answered_and_optional_calls_are_left_out(folder: Path) -> None:
    found = samples(folder, "gptscript")
    assert not any("with 5" in s.history[0].text for s in found)
    assert [s.decision for s in found if "funcZ" in s.history[0].text] == ["direct_answer"]


def test_the_pool_has_names_types_and_no_addresses(folder: Path) -> None:
    pool = {tool.name: tool for tool in read_pool(folder)}
    assert sorted(pool) == ["buoy", "by_port_tide_table", "dial_radio"]
    assert pool["by_port_tide_table"].schema["properties"]["port"] == {"type": "string", "description": ""}
    assert "port.org" not in pool["by_port_tide_table"].description
    assert pool["dial_radio"].schema["properties"]["n"]["type"] == "integer"
    assert mask("write to a.b@c.de now") == "write to a.b@example.com now"


def test_an_unknown_split_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="unknown split"):
        samples(folder, "shopping")
