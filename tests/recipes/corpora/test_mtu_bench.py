"""A prompt of MTU-Bench is taken apart: three forms of tools, two of conversations, impossible answers left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options
from recipes.corpora.mtu_bench import NOW, convert, convert_entry
from trm_agent.errors import DataError
from trm_agent.types import Sample

HEAD = "\nAnswer the user.\nThe following is a list of APIs and their parameters that you can use:"
BY_NAME = [
    {
        "name": "FindBoat",
        "description": "Find a boat",
        "required_parameters": ["lake"],
        "optional_parameters": {"day": "dontcare", "seats": "2"},
        "result_parameters": ["boat"],
    }
]
AS_OBJECTS = [
    {
        "name": "get_rooms",
        "description": "Rooms of a house",
        "required_parameters": [{"name": "house", "type": "string", "description": "Which house."}],
        "optional_parameters": [
            {"name": "floor", "type": "int", "description": "Which floor.", "default": 1},
            {"name": "kind", "type": "string", "options": ["bed", "bath"], "description": "Which kind."},
            {"name": "owner", "type": "Dict", "description": "Whose.", "properties": {"name": {"type": "string"}}},
        ],
        "result_parameters": [],
    },
    {
        "name": "send_rooms",
        "description": "Send rooms",
        "required_parameters": [{"name": "email", "description": "Where to."}],
        "optional_parameters": [],
        "result_parameters": [],
    },
]
SHARED = {
    "apis": [{"name": "order_soup", "description": "Order soup"}, {"name": "get_menu", "description": "The menu"}],
    "available_parameters": [{"name": "soup", "description": "Which soup."}],
}


def entry(tools: str, conversation: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {"id": "X_0", "question": f"{HEAD}\n{tools}\n{conversation}", "answer": answer}


def read(tools: Any, conversation: str, answer: dict[str, Any]) -> Sample:
    sample = convert_entry(entry(json.dumps(tools), conversation, answer), "ood", "X_0")
    assert sample is not None
    return sample


def messages(sample: Sample) -> list[tuple[str, Any]]:
    return [(message.role, message.content) for message in sample.history]


def test_parameters_by_name_as_python_prints_them() -> None:
    row = entry(repr(BY_NAME), "User: A boat on Lake Como for 3?", {"FindBoat": {"lake": "Lake Como", "seats": "3"}})
    sample = convert_entry(row, "s-s", "S-S_7")
    assert sample is not None
    (tool,) = sample.tools
    assert [(p.name, p.type, p.required, p.has_default, p.default) for p in tool.parameters] == [
        ("lake", "string", True, False, None),
        ("day", "string", False, False, None),
        ("seats", "string", False, True, "2"),
    ]
    assert messages(sample) == [("user", "A boat on Lake Como for 3?")]
    assert sample.tool == {"name": "FindBoat", "arguments": {"lake": "Lake Como", "seats": "3"}}
    assert sample.id == "mtu-bench/S-S_7"
    assert sample.meta == {"source": "mtu-bench", "subset": "s-s", "now": NOW, "intent": "FindBoat"}


def test_parameters_as_objects() -> None:
    sample = read(AS_OBJECTS, "User: Rooms of Elm House", {"get_rooms": json.dumps({"house": "Elm House"})})
    rooms, send = sample.tools
    assert [(p.name, p.type, p.choices, p.default) for p in rooms.parameters] == [
        ("house", "string", (), None),
        ("floor", "integer", (), 1),
        ("kind", "string", ("bed", "bath"), None),
        ("owner.name", "string", (), None),
    ]
    assert send.required == ("email",)
    assert sample.tool == {"name": "get_rooms", "arguments": {"house": "Elm House"}}


def test_tools_beside_one_list_of_parameters() -> None:
    sample = read(SHARED, "User: Tomato soup please", {"order_soup": '{"soup": "tomato"}'})
    assert [(t.name, [p.name for p in t.parameters], t.required) for t in sample.tools] == [
        ("order_soup", ["soup"], ()),
        ("get_menu", ["soup"], ()),
    ]


def test_of_two_tools_of_one_name_the_first_stands() -> None:
    again = [{**BY_NAME[0], "description": "Again"}, {**BY_NAME[0], "name": "BookBoat"}]
    sample = read([*BY_NAME, *again], "User: A boat on Lake Como", {"FindBoat": {"lake": "Lake Como"}})
    assert [(tool.name, tool.description) for tool in sample.tools] == [
        ("FindBoat", "Find a boat"),
        ("BookBoat", "Find a boat"),
    ]


@pytest.mark.parametrize("answer", [{}, {"": {}}, {"": "{}"}])
def test_no_named_call_is_no_call(answer: dict[str, Any]) -> None:
    sample = read(BY_NAME, "User: Hello", answer)
    assert (sample.decision, sample.tool) == ("direct_answer", None)
    assert "intent" not in sample.meta


def test_several_calls_in_order_and_names_as_they_are_offered() -> None:
    answer = {"GET_rooms": {"house": "Elm"}, " send_rooms": {"email": "get_rooms.email"}}
    sample = read(AS_OBJECTS, "User: Send me the rooms of Elm", answer)
    assert [call["name"] for call in sample.calls] == ["get_rooms", "send_rooms"]
    assert sample.tool == sample.calls[0]


def test_a_conversation_with_actions() -> None:
    said = (
        "User: Elm.\nAction: {}\nAssistant: Which floor?\n\nUser: Two.\n"
        'Action: {"get_rooms": {"house": "Elm"}}\nAssistant: Here:\nUser: Bye'
    )
    assert messages(read(AS_OBJECTS, said, {})) == [
        ("user", "Elm."),
        ("assistant", "Which floor?"),
        ("user", "Two."),
        ("tool_call", {"name": "get_rooms", "arguments": {"house": "Elm"}}),
        ("assistant", "Here:"),
        ("user", "Bye"),
    ]


def test_a_conversation_with_thoughts_and_observations() -> None:
    said = (
        "user: A soup?\nfunction: \nThought: Which one? I ask.\nobservation: \nassistant: : Which?\n"
        'user: Pea.\nfunction: \nThought: Order.\nAction: order_soup\nAction Input: {"soup": "pea"}\n'
        'observation: : {"price": 3}\nassistant: : It is 3.\n'
        'user: How much?\nfunction: \nThought: Known.\nobservation: : {"price": 3}\nassistant: : 3.\nUser: Fine.'
    )
    assert messages(read(SHARED, said, {"": "{}"})) == [
        ("user", "A soup?"),
        ("assistant", "Which?"),
        ("user", "Pea."),
        ("tool_call", {"name": "order_soup", "arguments": {"soup": "pea"}}),
        ("tool_response", {"price": 3}),
        ("assistant", "It is 3."),
        ("user", "How much?"),
        ("assistant", "3."),
        ("user", "Fine."),
    ]


@pytest.mark.parametrize(
    ("tools", "answer"),
    [
        (BY_NAME, {"BookBoat": {"lake": "Como"}}),
        (BY_NAME, {"FindBoat": {"lake": "Como", "colour": "red"}}),
        (AS_OBJECTS, {"get_rooms": {"house": "Elm"}, "Fly": {}}),
        (["tools"], {"FindBoat": {"lake": "Como"}}),
    ],
)
def test_an_answer_that_cannot_be_given_is_left_out(tools: Any, answer: dict[str, Any]) -> None:
    assert convert_entry(entry(json.dumps(tools), "User: A boat", answer), "ood", "X_0") is None


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_both_files_are_read_repeated_ids_told_apart_and_omissions_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = entry(json.dumps(BY_NAME), "User: A boat on Como", {"FindBoat": {"lake": "Como"}})
    bad = {**good, "answer": {"Fly": {}}}
    write(tmp_path / "S-S_eval.jsonl", [good])
    write(tmp_path / "OOD_eval.jsonl", [good, bad, good])
    with caplog.at_level("INFO", logger="trm_agent"):
        samples = list(convert(tmp_path, Options()))
    assert [s.id for s in samples] == ["mtu-bench/X_0", "mtu-bench/X_0", "mtu-bench/X_0#3"]
    assert [s.meta["subset"] for s in samples] == ["s-s", "ood", "ood"]
    assert "1 of 3 left out" in caplog.text
    assert len(list(convert(tmp_path, Options(split="ood", num_dialogues=1)))) <= 1


def test_a_folder_that_is_not_as_published_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="split 'm-m' is none of MTU-Bench's; expected one of s-s, ood"):
        list(convert(tmp_path, Options(split="m-m")))
    with pytest.raises(DataError, match=r"S-S_eval\.jsonl: No such file"):
        list(convert(tmp_path, Options()))
    write(tmp_path / "S-S_eval.jsonl", [{"id": "S-S_0"}])
    with pytest.raises(DataError, match=r"S-S_eval\.jsonl:1: expected an object with id, question and answer"):
        list(convert(tmp_path, Options(split="s-s")))
    write(tmp_path / "S-S_eval.jsonl", [{"id": "S-S_0", "question": "User: hi", "answer": {}}])
    with pytest.raises(DataError, match="S-S_0: not as published: the prompt has no list of APIs"):
        list(convert(tmp_path, Options(split="s-s")))
    write(tmp_path / "S-S_eval.jsonl", [entry("[{", "User: hi", {})])
    with pytest.raises(DataError, match="neither JSON nor Python"):
        list(convert(tmp_path, Options(split="s-s")))
