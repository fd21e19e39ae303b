"""Four publishers' forms give one kind of conversation; every turn that decides gives a sample that can be known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options
from recipes.corpora.function_calling import convert
from trm_agent.errors import DataError
from trm_agent.types import Sample
from trm_agent.values import validates

PARCEL = {
    "name": "track_parcel",
    "description": "Track a parcel",
    "parameters": {
        "type": "dict",
        "properties": {
            "code": {"type": "str"},
            "fast": {"type": "bool", "default": False},
            "weight": {"type": "float"},
        },
    },
    "required": ["code"],
}
SECRET = {"name": "send_email", "description": "Send", "parameters": {"type": "object", "properties": {}}}
BELL = {"name": "ring_bell", "description": "Ring a bell", "parameters": {"type": "object", "properties": {}}}


def glaive(*turns: tuple[str, Any], tools: list[Any]) -> dict[str, Any]:
    said = [{"from": who, "value": text if isinstance(text, str) else json.dumps(text)} for who, text in turns]
    return {"conversations": said, "tools": json.dumps(tools) if tools else ""}


GLAIVE = [
    glaive(
        ("human", "Where is my parcel?"),
        ("gpt", "What is its code?"),
        ("human", "It is KX12."),
        ("function_call", {"name": "track_parcel", "arguments": {"code": "KX12", "weight": 7}}),
        ("observation", {"town": "Oslo"}),
        ("gpt", "It is in Oslo."),
        ("human", "Thanks, that is all."),
        ("gpt", "Bye."),
        tools=[PARCEL, SECRET],
    ),
    glaive(
        ("human", "Track something for me"),
        ("function_call", {"name": "track_parcel", "arguments": {"code": "INVENTED"}}),
        ("observation", "lost"),
        ("gpt", "It is lost."),
        tools=[PARCEL],
    ),
    glaive(("human", "Write a poem about rain"), ("gpt", "Rain, rain."), tools=[]),
    glaive(
        ("human", "Send a mail"), ("function_call", {"name": "send_email", "arguments": {}}), tools=[SECRET, PARCEL]
    ),
]
REASON = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "value": "Be brief."}]},
        {"role": "user", "content": [{"type": "text", "value": "Track AA1 and BB2"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "value": "Two codes."},
                *(
                    {"type": "tool_call", "value": json.dumps({"name": "track_parcel", "arguments": {"code": code}})}
                    for code in ("AA1", "BB2")
                ),
            ],
        },
        {
            "role": "tool",
            "content": [{"type": "text", "value": json.dumps([{"content": "here"}, {"content": "there"}])}],
        },
        {"role": "assistant", "content": [{"type": "text", "value": "Here and there."}]},
    ],
    "tools": json.dumps([{"type": "function", "function": PARCEL}, BELL]),
}


def toolrl(history: str, output: str) -> dict[str, str]:
    tools = (
        "1. Name: Book Seat\nDescription: Books\na seat\n"
        'Parameters: {"row": {"type": "int", "description": "Row", "default": ""},'
        ' "class": {"type": "str, optional", "description": "Class", "default": "economy"},'
        ' "meal": {"type": "str", "description": "Meal", "default": ""}}\n'
        "2. Name: Weigh Bag\nDescription: Weighs\nParameters: {}\n"
    )
    return {
        "instruction": f"**Available Tools**\n{tools}\n**Steps**",
        "input": f"**History**\n{history}",
        "output": output,
    }


def called(*lines: str) -> str:
    return "\n".join(("<tool_call>", *lines, "</tool_call>"))


TOOLRL = [
    toolrl(
        "<user> Book row 4, economy </user>",
        "<think> x </think>\n" + called('{"name": "Book Seat", "parameters": {"row": "4", "class": "economy"}}'),
    ),
    toolrl(
        "<user> Role definition:\n\nInquirer: Book me\nResponse assistant: Which row?\nInquirer: Row 9\n\n"
        " Please continue your answer. </user>",
        called('{"name": "Book Seat", "parameters": {"row": 9}}', '{"name": "Weigh Bag", "parameters": {}}'),
    ),
    toolrl("<user> Sing </user>", "<response> No function can sing. </response>"),
    toolrl("<user> Book </user>", "<response> Please provide the row. </response>"),
    toolrl("<user> Book </user>", called("nothing of use")),
]
CHOICE = (
    "User: What does {} weigh?\n###\nTool Choices: Scales = Weighs a thing.\nRadio = Plays music.\n###\n"
    'Thought: It weighs.\nAct: CALLTOOL["{}"]'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "glaive_toolcall_en_demo.json").write_text(json.dumps(GLAIVE), encoding="utf-8")
    (tmp_path / "reason_tool_use_demo_50.jsonl").write_text(json.dumps(REASON) + "\n", encoding="utf-8")
    (tmp_path / "rlla_sft.json").write_text(json.dumps(TOOLRL), encoding="utf-8")
    texts = [CHOICE.format(f"stone {i}", "Scales" if i else "Ruler") for i in range(60)]
    rows = "".join('"' + text.replace('"', '""') + '"\n' for text in texts)
    (tmp_path / "toolverifier_train.csv").write_text(f"text\n{rows}", encoding="utf-8")
    return tmp_path


def samples(folder: Path, split: str | None = None, seed: int = 0) -> list[Sample]:
    return list(convert(folder, Options(split=split, seed=seed)))


def of(folder: Path, dialogue: str) -> list[Sample]:
    """The samples of a conversation, with a seed that leaves its tool on the list."""
    for seed in range(20):
        found = [s for s in samples(folder, dialogue.split("/")[0], seed) if s.meta["dialogue"] == dialogue]
        if not any(s.meta["subset"].endswith("/absent") for s in found):
            return found
    raise AssertionError(dialogue)


def test_a_dialogue_gives_its_answers_and_calls_each_history_a_prefix_of_the_next(folder: Path) -> None:
    asks, call, tells, parts = of(folder, "glaive/0")
    assert [s.meta["intent"] for s in (asks, call, tells, parts)] == ["track_parcel"] * 3 + [None]
    assert (asks.decision, asks.content, asks.slots) == ("direct_answer", "What is its code?", {})
    assert call.tool == {"name": "track_parcel", "arguments": {"code": "KX12"}}
    assert call.accept.optional == ("weight",), "nobody said a weight"
    assert [m.role for m in tells.history[-2:]] == ["tool_call", "tool_response"]
    assert tells.slots == parts.slots == {"code": "KX12"}
    for before, after in ((asks, call), (call, tells), (tells, parts)):
        assert after.history[: len(before.history)] == before.history


def test_a_call_that_needs_an_invented_value_gives_no_sample(folder: Path) -> None:
    (words,) = of(folder, "glaive/1")
    assert (words.content, words.meta["intent"]) == ("It is lost.", "track_parcel")
    assert words.meta["slots_known"] is False


def test_mere_talk_has_tools_on_offer_and_no_intent(folder: Path) -> None:
    (poem,) = of(folder, "glaive/2")
    assert poem.tools
    assert (poem.decision, poem.meta["intent"]) == ("direct_answer", None)


def test_tools_of_benchmarks_are_neither_called_nor_offered(folder: Path) -> None:
    found = samples(folder)
    assert not [s for s in found if s.meta["dialogue"] == "glaive/3"]
    assert all(tool.name != "send_email" for s in found for tool in s.tools)


def test_calls_side_by_side_come_first_then_their_results(folder: Path) -> None:
    calls, words = of(folder, "reason/0")
    assert [call["arguments"] for call in calls.calls] == [{"code": "AA1"}, {"code": "BB2"}]
    assert [m.role for m in words.history[2:]] == ["tool_call", "tool_call", "tool_response", "tool_response"]
    assert [m.content for m in words.history[4:]] == ["here", "there"]


def test_declarations_are_brought_into_one_form(folder: Path) -> None:
    tool = next(tool for tool in of(folder, "glaive/0")[0].tools if tool.name == "track_parcel")
    assert [(p.name, p.type, p.required) for p in tool.parameters] == [
        ("code", "string", True),
        ("fast", "boolean", False),
        ("weight", "number", False),
    ]


def test_only_the_last_turn_of_a_toolrl_record_is_gold(folder: Path) -> None:
    (first,) = of(folder, "toolrl/0")
    assert first.tool == {"name": "Book Seat", "arguments": {"row": 4, "class": "economy"}}
    assert first.accept.optional == ("class",), "it equals the default"
    seat = next(tool for tool in first.tools if tool.name == "Book Seat")
    assert seat.required == ("row",), "a parameter that some call lacks is not required"
    (second,) = of(folder, "toolrl/1")
    assert [m.content for m in second.history] == ["Book me", "Which row?", "Row 9"]
    assert [call["name"] for call in second.calls] == ["Book Seat", "Weigh Bag"]
    assert of(folder, "toolrl/2")[0].meta["intent"] is None
    asks = of(folder, "toolrl/3")[0].meta
    assert "intent" not in asks, "it asks for a value of some tool"
    assert asks["slots_known"] is False
    assert not of(folder, "toolrl/4")


def test_a_tool_choice_is_a_call_without_arguments_or_its_tool_is_gone(folder: Path) -> None:
    found = samples(folder, "toolverifier")
    assert len(found) == 59, "one calls no tool on offer"
    for sample in found:
        if sample.decision == "tool_call":
            assert sample.tool == {"name": "Scales", "arguments": {}}
        else:
            assert sample.meta["subset"] == "toolverifier/absent"
            assert all(tool.name != "Scales" for tool in sample.tools)
    assert 1 <= sum(s.decision == "direct_answer" for s in found) <= 20


def test_every_call_validates(folder: Path) -> None:
    for sample in samples(folder):
        schemas = {tool.name: tool.schema for tool in sample.tools}
        for call in sample.calls or ([sample.tool] if sample.tool else []):
            assert validates(call["arguments"], schemas[call["name"]])


def test_problems_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"unknown split \['x'\]; expected one of glaive, reason, toolrl, toolverifier"):
        samples(folder, "x")
    (folder / "rlla_sft.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"rlla_sft\.json: Expecting"):
        samples(folder, "toolrl")
