"""The telecom logs are raw conversations that pass the check, and those held out are in other words."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from recipes.make_telecom_logs import FOLDER, SLOT_FIELDS, call, main, parameter_types, played, read_scripts
from recipes.own_logs.samples import look_over, spoken
from trm_agent.convert import convert_files, read_tools
from trm_agent.errors import DataError
from trm_agent.types import Sample
from trm_agent.utils import RawDataProcessor

TYPES = parameter_types(FOLDER / "tools.json")


def written(folder: Path, *options: str) -> list[list[Sample]]:
    assert main(["--output", str(folder), *options]) == 0
    processor = RawDataProcessor(read_tools(FOLDER / "tools.json"), SLOT_FIELDS)
    return [list(convert_files([path], processor)) for path in sorted(folder.glob("*.json"))]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Sample]]]:
    folder = tmp_path_factory.mktemp("telecom")
    sizes = {"few": ("--num", "20"), "many": ("--num", "200"), "test": ("--split", "test")}
    return {name: written(folder / name, *options) for name, options in sizes.items()}


def test_every_size_is_fit_to_train_on(logs: dict[str, list[list[Sample]]]) -> None:
    assert [len(conversations) for conversations in logs.values()] == [20, 200, 40]
    assert {name: look_over(found).harmful() for name, found in logs.items()} == {"few": [], "many": [], "test": []}


def test_the_first_conversations_are_the_same_in_every_size(logs: dict[str, list[list[Sample]]]) -> None:
    assert logs["many"][:20] == logs["few"]


def test_every_tool_is_called_in_training_and_in_the_test(logs: dict[str, list[list[Sample]]]) -> None:
    tools = {tool.name for tool in read_tools(FOLDER / "tools.json")}
    for name in ("many", "test"):
        assert {s.tool["name"] for found in logs[name] for s in found if s.tool} == tools


def test_no_message_of_the_test_is_one_of_the_training(logs: dict[str, list[list[Sample]]]) -> None:
    said = {line for found in logs["many"] for line in spoken(found).splitlines() if len(line.split()) > 3}
    tested = {line for found in logs["test"] for line in spoken(found).splitlines() if len(line.split()) > 3}
    assert len(tested) > 50
    assert not said & tested


def test_the_slots_are_what_the_customer_has_said_by_then() -> None:
    script = next(s for s in read_scripts(FOLDER / "train.txt") if s[-1].wordings[0] == "Glad to hear it.")
    turns = played(script, TYPES, 0, random.Random(0))
    assert turns[1]["content"]["name"]
    assert turns[1]["content"]["phone"] in turns[0]["content"]
    assert turns[1]["content"]["address"] == ""


def test_a_call_is_read_with_the_types_of_its_parameters() -> None:
    made = call("top_up phone: 07700 900123; amount: 12.50", TYPES)
    assert made == {"name": "top_up", "arguments": {"phone": "07700 900123", "amount": 12.5}}


def test_a_line_without_a_mark_is_named(tmp_path: Path) -> None:
    path = tmp_path / "script.txt"
    path.write_text("> hello\nhow are you\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"script.txt:2: a line begins with >, <, ! or ="):
        read_scripts(path)


def test_files_are_the_raw_format(tmp_path: Path) -> None:
    assert main(["--output", str(tmp_path / "raw"), "--num", "1"]) == 0
    turns = json.loads((tmp_path / "raw" / "train_0001.json").read_text(encoding="utf-8"))
    assert {turn["role"] for turn in turns} <= {"user", "assistant", "tool_call", "tool_response"}
