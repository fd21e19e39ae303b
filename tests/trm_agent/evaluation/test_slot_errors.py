"""Every slot error has one kind, and what a turn asks for is read off the gold states alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trm_agent.evaluation_doubles import decision, sample
from trm_agent.evaluation.metrics import judge
from trm_agent.evaluation.slot_errors import Judged, phenomena, read_turns, slot_errors
from trm_agent.types import DONTCARE, Accept, parse_tools


def tool(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "parameters": {"type": "object", "properties": properties}}


TEXT = {"type": "string"}
TOOLS = parse_tools(
    [
        tool("FindBus", start=TEXT, goal=TEXT, fare={"type": "string", "enum": ["low", "high"]}),
        tool("BookBus", start=TEXT, seat={"type": "string", "description": "Seat"}),
        tool("FindHotel", city={"type": "string", "description": "City"}),
    ]
)


def turn(gold: dict[str, Any], made: dict[str, Any], said: str = "hi", dialogue: str = "a", **more: Any) -> Judged:
    accept = Accept(slots=more.pop("accept", {}))
    given = sample(
        tools=TOOLS, slots=gold, history=[*more.pop("before", ()), said], accept=accept, dialogue=dialogue, **more
    )
    answer = decision(slots=made)
    return given, answer, judge(given, answer, has_state=True)


def kinds(*turns: Judged) -> list[str]:
    """Of the last turn."""
    return sorted(f"{error.finding}: {error.kind}" for error in list(read_turns(turns))[-1].errors)


@pytest.mark.parametrize(
    ("before", "gold", "made", "kind"),
    [
        ({}, {"start": "Rome"}, {}, "missed: new"),
        ({"start": "Oslo"}, {"start": "Rome"}, {}, "missed: changed"),
        ({"start": "Rome"}, {"start": "rome"}, {}, "missed: forgotten"),
        ({}, {"start": DONTCARE}, {}, "missed: dontcare"),
        ({}, {"start": "Rome"}, {"start": DONTCARE}, "wrong: dontcare"),
        ({"start": "Oslo"}, {"start": "Rome"}, {"start": "Oslo"}, "wrong: stale"),
        ({}, {"seat": "a b", "goal": "Bonn"}, {"seat": "a b", "goal": "a b"}, "wrong: same_tools"),
        ({}, {"city": "Bonn", "goal": "Rome"}, {"city": "Bonn", "goal": "Bonn"}, "wrong: other_tools"),
        ({}, {"fare": "low"}, {"fare": "high"}, "wrong: choice"),
        ({}, {"goal": "New York"}, {"goal": "York please"}, "wrong: boundary"),
        ({}, {"goal": "Rome"}, {"goal": "a bus"}, "wrong: other"),
        ({}, {}, {"goal": "a bus"}, "spurious: other"),
        ({}, {}, {"goal": DONTCARE}, "spurious: dontcare"),
        ({}, {"city": "Bonn"}, {"city": "Bonn", "goal": "bonn"}, "spurious: other_tools"),
        ({}, {"seat": "4"}, {"seat": "4", "goal": "4"}, "spurious: same_tools"),
    ],
)
def test_every_error_has_one_kind(
    before: dict[str, Any], gold: dict[str, Any], made: dict[str, Any], kind: str
) -> None:
    assert kinds(turn(before, before), turn(gold, made)) == [kind]


def test_tools_that_share_a_slot_directly_or_through_others_are_the_same() -> None:
    assert kinds(turn({"seat": "9", "goal": "Bonn"}, {"seat": "9", "goal": "9"})) == ["wrong: same_tools"]


def test_an_error_begins_once_until_another_value_takes_its_place() -> None:
    states = [{"goal": "a"}, {"goal": "a"}, {"goal": "b"}, {}]
    found = list(read_turns(turn({"goal": "Rome"}, made) for made in states))
    assert [error.began for one in found for error in one.errors] == [True, False, True, True]
    again = list(read_turns([turn({"goal": "Rome"}, {}), turn({"goal": "Rome"}, {}, dialogue="b")]))
    assert [error.began for one in again for error in one.errors] == [True, True], "another dialogue begins anew"


def test_a_value_of_other_tools_from_the_turn_before_is_left_over() -> None:
    first, second = turn({"city": "Bonn"}, {"city": "Bonn"}), turn({"city": "Rome"}, {"city": "Rome", "goal": "Bonn"})
    errors = slot_errors([first, second])
    assert (errors["leaked"], errors["kinds"]) == (1, {"spurious: other": {"count": 1, "began": 1}})


def test_slots_are_counted_by_what_happened_to_them() -> None:
    errors = slot_errors(
        [
            turn({"start": "Rome", "goal": "Bonn"}, {"start": "Rome"}),
            turn({"start": "Oslo", "goal": "Bonn"}, {"start": "Rome", "goal": "Bonn"}),
            turn({"start": "Oslo", "goal": "Bonn"}, {"start": "Oslo", "goal": "Bonn"}),
        ]
    )
    assert errors["by_change"] == {
        "new": {"slots": 2, "right": 0.5, "missed": 1, "stale": 0, "wrong": 0},
        "changed": {"slots": 1, "right": 0.0, "missed": 0, "stale": 1, "wrong": 0},
        "kept": {"slots": 3, "right": 1.0, "missed": 0, "stale": 0, "wrong": 0},
    }
    assert errors["after_correction"] == {"slots": 2, "right": 0.5, "missed": 0, "stale": 1, "wrong": 0}
    per_turn = {name: errors[f"{name}_per_turn"] for name in ("missed", "wrong", "spurious")}
    assert (errors["turns"], per_turn) == (3, {"missed": 1 / 3, "wrong": 1 / 3, "spurious": 0.0})


def test_another_accepted_wording_is_no_change() -> None:
    before = turn({"goal": "7 pm"}, {}, accept={"goal": ["19:00"]})
    found = list(read_turns([before, turn({"goal": "19:00"}, {})]))[-1]
    assert found.change("goal") == "kept"


def test_what_is_left_open_has_recall_and_precision() -> None:
    care = [
        turn({"goal": DONTCARE}, {"goal": DONTCARE}),
        turn({"goal": DONTCARE}, {}),
        turn({"goal": "Rome"}, {"goal": DONTCARE, "city": DONTCARE}),
    ]
    assert slot_errors(care)["dontcare"] == {"gold": 2, "given": 3, "recall": 0.5, "precision": 1 / 3}


def test_turns_are_told_apart_by_what_they_ask_for() -> None:
    turns = [
        turn({"city": "Bonn"}, {}, "a hotel in Bonn"),
        turn({"city": "Rome"}, {}, "no, in Rome"),
        turn({"city": "Rome", "goal": "Rome"}, {}, "and a bus there"),
        turn({"city": "Rome", "goal": "Rome", "seat": "4b"}, {}, "fine", before=["?", "Seat 4b is free."]),
        turn({"city": "Rome", "goal": "Rome", "seat": "4b", "start": DONTCARE}, {}, "whatever", frames=[{}, {}]),
        turn({"city": "Rome", "goal": "Rome", "seat": "4b", "start": DONTCARE}, {}, "thanks"),
    ]
    assert [phenomena(one) for one in read_turns(turns)] == [
        {"other": ["city"]},
        {"correction": ["city"]},
        {"carried_over": ["goal"]},
        {"offer_taken": ["seat"]},
        {"dontcare": ["start"], "several_services": ["city", "goal", "seat", "start"]},
        {"other": []},
    ]


def test_figures_of_a_phenomenon_are_over_its_turns_and_its_slots() -> None:
    turns = [
        turn({"city": "Bonn"}, {"city": "Bonn"}, "a hotel in Bonn", intent="FindHotel"),
        turn({"city": "Rome"}, {"city": "Rome", "seat": "4b"}, "no, in Rome", intent="FindHotel"),
    ]
    found = slot_errors(turns)["phenomena"]["correction"]
    assert found == {
        "turns": 1,
        "slots": 1.0,
        "decision_accuracy": 1.0,
        "call_exact": None,
        "joint_goal_accuracy_active": 1.0,
    }


def test_only_user_turns_with_a_gold_state_count() -> None:
    unknown = sample(tools=TOOLS)
    after_answer = turn({"goal": "Rome"}, {}, "Where to?", before=["a bus"])
    assert slot_errors([(unknown, decision(), judge(unknown, decision(), has_state=False)), after_answer]) == {}
