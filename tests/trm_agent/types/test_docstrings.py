"""Docstrings as tool descriptions: their section of parameters describes the parameters."""

from __future__ import annotations

import pytest

from trm_agent.features.tools import tool_texts
from trm_agent.types import ToolSchema, slot_table

GOOGLE = "Requests leave.\n\nArgs:\n    start: first day off\n    end: last day off;\n        same as start for one day"
NUMPY = "Requests leave.\n\nParameters\n----------\nstart : str\n    first day off\nend : str\n    last day off"
SPHINX = "Requests leave.\n\n:param start: first day off\n:param end: last day off"


def tool(description: str, **own: str) -> ToolSchema:
    properties = {name: {"type": "string", "description": own.get(name, "")} for name in ("start", "end")}
    return ToolSchema.from_json(
        {"name": "request_leave", "description": description, "parameters": {"properties": properties}}
    )


@pytest.mark.parametrize("description", [GOOGLE, NUMPY, SPHINX])
def test_a_docstring_describes_the_parameters_and_the_tool_without_them(description: str) -> None:
    read = tool(description)
    assert read.parameters[0].description == "first day off"
    assert read.parameters[1].description.startswith("last day off")
    assert read.summary == "Requests leave."
    assert read.description == description


def test_what_is_encoded_is_the_summary_and_each_parameters_own_words() -> None:
    read = tool(GOOGLE)
    tools, slots, _ = tool_texts([read], slot_table([read]))
    assert "first day" not in tools[0]
    assert any("start" in slot and "first day off" in slot for slot in slots)


def test_a_declared_description_is_kept_beside_it_and_not_said_twice() -> None:
    assert tool(GOOGLE, start="YYYY-MM-DD").parameters[0].description == "first day off; YYYY-MM-DD"
    assert tool(GOOGLE, start="the first day off").parameters[0].description == "the first day off"


def test_the_declaration_and_what_is_sent_stay_as_declared() -> None:
    plain, documented = tool("Requests leave."), tool(GOOGLE)
    assert plain.parameters[0].declaration == documented.parameters[0].declaration
    assert documented.to_json()["function"]["description"] == GOOGLE


@pytest.mark.parametrize(
    "description",
    ["Note: this is plain\nwith: colons", "Args:\n    who: somebody else's", "Arguments\nabout money", "Args:", ""],
)
def test_any_other_text_is_left_as_it_is(description: str) -> None:
    read = tool(description)
    assert read.summary == description
    assert [parameter.description for parameter in read.parameters] == ["", ""]
