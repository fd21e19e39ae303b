"""Questions and values of one sort: who is asked, that values are said once, and that their order is kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from trm_agent.synthesis.phrases import Phrases, Style
from trm_agent.synthesis.questions import Questions
from trm_agent.synthesis.together import rank_in_name
from trm_agent.synthesis.values import MARK, Given, Said
from trm_agent.types import ToolSchema


def schema(name: str, description: str, **properties: dict[str, Any]) -> ToolSchema:
    parameters = {"type": "object", "properties": properties}
    return ToolSchema.from_json({"name": name, "description": description, "parameters": parameters})


def given(tool: ToolSchema, kind: str = "city") -> list[Given]:
    texts = [f"value {i}" for i, _ in enumerate(tool.parameters)]
    return [
        Given(parameter, Said(text, text, kind), chr(MARK + i))
        for i, (parameter, text) in enumerate(zip(tool.parameters, texts, strict=True))
    ]


def asked(tool: ToolSchema, values: Sequence[Given], times: int = 200) -> list[tuple[str, list[Given]]]:
    questions = Questions(random.Random(0))
    return [found for _ in range(times) if (found := questions.question(tool, values))]


def test_what_tells_something_is_asked_about_a_value() -> None:
    event = schema("get_event_date", "Retrieve the date of an event.", event={"type": "string"})
    values = given(event)
    texts = {body.format(more="") for body, rest in asked(event, values) if not rest}
    assert any(text.startswith("when was") for text in texts)
    assert all(values[0].mark in text for text in texts)
    assert all(text.endswith("?") and "{" not in text for text in texts)


@pytest.mark.parametrize("name", ["book_table", "delete_file", "set_alarm"])
def test_what_changes_something_is_ordered(name: str) -> None:
    assert not asked(schema(name, "", event={"type": "string"}), [])


def test_a_value_of_a_question_is_not_said_again() -> None:
    tool = schema("get_city_population", "Get the population.", city={"type": "string"}, year={"type": "string"})
    for body, rest in asked(tool, given(tool)):
        for g in given(tool):
            assert (g.mark in body) != (g.mark in {other.mark for other in rest})


def test_every_value_stands_in_the_request_once() -> None:
    tool = schema(
        "get_time_difference", "Get the time difference.", place1={"type": "string"}, place2={"type": "string"}
    )
    phrases = Phrases(random.Random(0), Style())
    values = given(tool)
    texts = [phrases.request(tool, values) for _ in range(300)]
    assert all(text.count(g.mark) == 1 for text in texts for g in values)
    between = [text for text in texts if f"between {values[0].mark} and {values[1].mark}" in text]
    assert len(between) > 15
    assert not any(f"{values[1].mark} and {values[0].mark}" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "rank"), [("place1", 1), ("second_city", 2), ("option_b", 2), ("player_10", 10), ("city", 0)]
)
def test_the_number_of_a_name(name: str, rank: int) -> None:
    assert rank_in_name(name) == rank
