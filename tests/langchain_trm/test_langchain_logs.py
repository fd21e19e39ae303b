"""What LangChain objects hold comes out of `trm_agent.convert` as samples: tools, and the threads of a checkpointer."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from langchain_trm.logs import read_threads, write_threads, write_tools
from trm_agent.convert import main, read_tools
from trm_agent.data.jsonl import read_samples
from trm_agent.errors import DataError


@tool
def find_bus(to: str, day: str = "today") -> str:
    """Find a bus.

    Args:
        to: The city.
        day: The day.
    """
    return f"{to} {day}"


def assistant(state: MessagesState) -> dict[str, list[object]]:
    """Calls the tool and tells what it gave; every message carries a snapshot."""
    call = {"name": "find_bus", "args": {"to": "Huế"}, "id": f"c{len(state['messages'])}"}
    extra = {"trm": {"values": "x" * 100}}
    return {
        "messages": [
            AIMessage("", tool_calls=[call], additional_kwargs=extra),
            ToolMessage('{"at": "09:40"}', tool_call_id=call["id"]),
            AIMessage("At 09:40."),
        ]
    }


@pytest.fixture
def checkpointer() -> InMemorySaver:
    saver = InMemorySaver()
    graph = StateGraph(MessagesState).add_node("assistant", assistant).add_edge(START, "assistant").compile(saver)
    for thread, turns in (("b", 1), ("a", 2)):
        for _ in range(turns):
            graph.invoke({"messages": [HumanMessage("a bus to Huế")]}, {"configurable": {"thread_id": thread}})
    return saver


def test_the_last_state_of_every_thread_becomes_samples(tmp_path: Path, checkpointer: InMemorySaver) -> None:
    assert write_tools(tmp_path / "setup" / "tools.json", [find_bus]) == 1
    assert write_threads(tmp_path / "threads.jsonl", checkpointer) == 2
    assert "xxx" not in (tmp_path / "threads.jsonl").read_text("utf-8")
    output, tools = tmp_path / "samples.jsonl", tmp_path / "setup" / "tools.json"
    arguments = ["--input", tmp_path / "threads.jsonl", "--output", output, "--tools", tools]
    assert main([str(argument) for argument in arguments]) == 0
    samples = list(read_samples(output))
    assert [sample.id for sample in samples] == [f"threads#{n}" for n in ("1:2", "1:4", "1:6", "1:8", "2:2", "2:4")]
    assert samples[0].tool == {"name": "find_bus", "arguments": {"to": "Huế"}}
    (first, *_) = read_threads(checkpointer)
    assert samples[0].meta["now"] == first["created_at"][:19]


def test_tools_keep_what_their_docstring_says_of_parameters(tmp_path: Path) -> None:
    write_tools(tmp_path / "tools.json", [find_bus])
    (read,) = read_tools(tmp_path / "tools.json")
    assert (read.name, read.description, read.required) == ("find_bus", "Find a bus.", ("to",))
    assert [parameter.description for parameter in read.parameters] == ["The city.", "The day."]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be written: Is a directory"):
        write_tools(tmp_path, [find_bus])
