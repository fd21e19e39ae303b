"""A gold value is found where the conversation words it, and only there; declarations tell types and rivals."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.corpora.building import declare
from recipes.corpora.rivals import without_rivals
from recipes.corpora.wordings import accept_of, coerce, hinted, hold_against, json_schema, json_type, wording
from trm_agent.types import Message, Parameter, ToolSchema

TEXT = "Lend 12,000 dollars at 5% to dogs and cats, from March 3rd, 2024 to May 9, 2024 at 7 pm; mark it top left."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (12000.0, "12,000"),
        (0.05, "5%"),
        ("dog", "dogs"),
        ("TOP_LEFT", "top left"),
        ("2024-03-03", "March 3rd, 2024"),
        ("2024-05-09", "May 9, 2024"),
        ("19:00", "7 pm"),
        ("dogs, cats", "dogs and cats"),
        ("horse", None),
        (13, None),
        ("2024-03-04", None),
        (True, None),
    ],
)
def test_a_value_is_found_in_the_words_of_the_text(value: Any, said: str | None) -> None:
    assert wording(value, TEXT) == said


def test_a_list_is_the_stretch_that_reads_as_its_items() -> None:
    pets = Parameter("pets", {"type": "array", "items": {"type": "string"}})
    assert wording(["dogs", "cats"], TEXT, pets) == "dogs and cats"
    assert wording(["cats", "dogs"], TEXT, pets) is None
    assert wording(["dogs", "May"], TEXT, pets) is None, "other words stand between them"


def test_words_that_do_not_stand_together_are_a_hint() -> None:
    assert hinted("cats left", TEXT)
    assert not hinted("cats right", TEXT)


@pytest.mark.parametrize(
    ("published", "kind"),
    [
        ("str", {"type": "string"}),
        ("float, optional", {"type": "number"}),
        ("List[int]", {"type": "array", "items": {"type": "integer"}}),
        ("Tuple[float, float]", {"type": "array", "items": {"type": "number"}}),
        ("List[Union[int, float]]", {"type": "array", "items": {"type": "number"}}),
        ("List[List[str]]", {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
        ("Callable[[float], float]", {"type": "string"}),
    ],
)
def test_types_as_python_writes_them(published: str, kind: dict[str, Any]) -> None:
    assert json_type(published) == kind
    assert json_schema({"type": "dict", "properties": {"a": {"type": published}}})["properties"]["a"] == kind


@pytest.mark.parametrize(
    ("value", "schema", "meant"),
    [
        ("5", {"type": "integer"}, 5),
        (5.0, {"type": "integer"}, 5),
        (5.5, {"type": "integer"}, None),
        (7, {"type": "string"}, "7"),
        ("yes", {"type": "boolean"}, True),
        ("[1, 2]", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ("[1", {"type": "array", "items": {"type": "integer"}}, None),
        ([1, 2], {"type": "number"}, None),
        ("RED", {"type": "string", "enum": ["red", "blue"]}, "red"),
        ('{"a": "1"}', {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
    ],
)
def test_a_value_takes_its_declared_type_where_that_is_clearly_meant(
    value: Any, schema: dict[str, Any], meant: Any
) -> None:
    assert coerce(value, schema) == meant


def loan() -> ToolSchema:
    properties = {"amount": {"type": "number"}, "start": {"type": "string"}, "note": {"type": "string"}}
    return declare("lend", "Lend money", properties, ["amount"])


def test_a_gold_call_tells_what_was_said_and_what_was_not() -> None:
    arguments = {"amount": "12000", "start": "2024-03-03", "note": "urgent", "colour": "red"}
    held = hold_against(loan(), arguments, [Message("user", TEXT)])
    assert held.call == {"name": "lend", "arguments": {"amount": 12000, "start": "2024-03-03", "note": "urgent"}}
    assert held.words == {"amount": ["12,000"], "start": ["March 3rd, 2024"]}
    assert (held.unsaid, held.dropped) == (("note",), ("colour",))
    honest = held.without(held.unsaid)
    assert honest.is_valid(loan())
    assert honest.left_out == ("note",)
    assert not held.without(["amount"]).is_valid(loan()), "it is required"


def test_the_words_count_as_right_for_slots_and_arguments() -> None:
    held = hold_against(loan(), {"amount": 12000}, [Message("user", TEXT)])
    accept = accept_of([held], [loan()], [("note",)])
    assert (accept.arguments, accept.slots) == ({"amount": ["12,000"]}, {"amount": ["12,000"]})
    assert accept.optional == ("note",)
    assert len(accept_of([held, held], [loan()]).calls) == 2


def test_rivals_share_a_telling_word_of_the_name_or_most_of_the_description() -> None:
    job = declare("Job Search", "Finds open positions in a town")
    others = [declare("job_listing", "Lists work"), declare("xq7", "Finds open positions in a town"), declare("Search")]
    assert [tool.name for tool in without_rivals(others, [job])] == ["job_listing", "Search"]
    assert [tool.name for tool in without_rivals(others, [job], by_topic=True)] == ["Search"]
