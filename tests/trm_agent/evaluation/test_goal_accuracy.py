"""The joint goal by frame follows the publisher's definition, by hand arithmetic."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trm_agent.evaluation_doubles import decision, sample
from trm_agent.evaluation.sgd_goal import frame_scores, joint_goal, likeness
from trm_agent.types import parse_tools


def tool(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "parameters": {"type": "object", "properties": properties}}


TEXT = {"type": "string"}
TOOLS = parse_tools(
    [
        tool("FindTable", town=TEXT, seats={"type": "string", "enum": ["1", "2"]}),
        tool("BookTable", town=TEXT, hour=TEXT),
        tool("FindTrain", goal={"type": "string", "description": "Where to"}),
    ]
)
TABLES = {"service": "Tables_1", "seen": True, "tools": ["FindTable", "BookTable"]}
TRAINS = {"service": "Trains_1", "seen": False, "tools": ["FindTrain"]}


def scored(slots: dict[str, Any], state: dict[str, list[str]], **frame: Any) -> float:
    given = sample(tools=TOOLS, frames=[{**TABLES, **frame, "state": state}])
    return frame_scores(given, decision(slots=slots))[0].joint


@pytest.mark.parametrize(
    ("gold", "given", "ratio"),
    [
        ("San Jose", "san jose", 1.0),
        ("7:30 pm", "pm, 7 30!", 1.0),  # neither case, punctuation nor order
        ("ab", "ac", 0.5),  # 2 · 1 matching / 4
        ("abc", "ab", 0.8),
        ("!", "!", 0.0),  # nothing is left to compare
    ],
)
def test_likeness_is_the_token_sort_ratio(gold: str, given: str, ratio: float) -> None:
    assert likeness(gold, given) == ratio


def test_a_frame_scores_the_product_over_the_slots_of_its_service() -> None:
    gold = {"town": ["abc"], "hour": ["ab", "7 pm"], "seats": ["2"]}
    assert scored({"town": "abc", "hour": "7 pm", "seats": "2"}, gold) == 1.0
    assert scored({"town": "ab", "hour": "ac", "seats": "2"}, gold) == pytest.approx(0.8 * 0.5)
    assert scored({"town": "abc", "hour": "7 pm", "seats": "1"}, gold) == 0.0, "closed slots by equality"
    assert scored({"town": "abc", "seats": "2"}, gold) == 0.0, "filled in the gold state alone"
    assert scored({"town": "abc", "seats": "2"}, {"town": ["abc"]}) == 0.0, "filled by the router alone"
    assert scored({}, {}) == 1.0
    assert scored({"goal": "Fresno"}, {}) == 1.0, "slots of other services do not count"


def test_a_gold_slot_that_no_tool_takes_cannot_be_right() -> None:
    assert scored({"town": "abc"}, {"town": ["abc"], "view": ["sea"]}) == 0.0


def test_every_service_of_a_user_turn_counts_once_seen_and_unseen_by_the_service() -> None:
    frames = [{**TABLES, "state": {"town": ["Fresno"]}}, {**TRAINS, "state": {"goal": ["Fresno"]}}]
    both = sample(tools=TOOLS, frames=frames, seen=False)
    after_answer = sample(tools=TOOLS, frames=frames, history=["hi", "hello"])
    made = decision(slots={"town": "Fresno", "goal": "Fresn"})
    found = joint_goal([(both, made), (after_answer, made)])
    assert list(found) == ["all", "seen", "unseen", "Tables_1", "Trains_1"]
    train = round(100 * 10 / 11) / 100
    assert found["Trains_1"] == {
        "frames": 1,
        "joint_goal_accuracy": train,
        "joint_goal_exact": 0.0,
        "average_goal_accuracy": train,
    }
    assert found["seen"] == found["Tables_1"]
    assert (found["all"]["frames"], found["all"]["joint_goal_accuracy"]) == (2, (1 + train) / 2)


def test_without_frames_there_is_no_figure() -> None:
    assert joint_goal([(sample(tools=TOOLS), decision())]) == {}


def test_an_empty_gold_state_has_no_average() -> None:
    given = sample(tools=TOOLS, frames=[{**TABLES, "state": {}}])
    assert joint_goal([(given, decision())])["all"]["average_goal_accuracy"] is None
