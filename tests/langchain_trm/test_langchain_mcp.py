"""Tools of a real MCP server, in memory, bind as the session lists them and as langchain-mcp-adapters loads them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp import ClientSession
from mcp.server.fastmcp import FastMCP
from mcp.shared.memory import create_connected_server_and_client_session
from mcp.types import ToolAnnotations
from pydantic import Field

from langchain_trm import ChatTRM
from langchain_trm.tools import is_output, read_tools
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user
from trm_agent.types import ToolSchema, parse_tools

SAID = "close ticket AB-12"


def server() -> FastMCP:
    """Two tools: one reads, one changes something; one has no description but a title."""
    app = FastMCP("tickets")

    @app.tool(annotations=ToolAnnotations(title="Find a ticket", readOnlyHint=True), description="")
    def find_ticket(
        number: str = Field(description="Number of the ticket", pattern=r"^[\w-]+$"),
        status: Literal["open", "closed"] = "open",
    ) -> dict[str, Any]:
        return {"number": number, "status": status}

    @app.tool(annotations=ToolAnnotations(readOnlyHint=False, destructiveHint=True))
    def close_ticket(number: str = Field(description="Number of the ticket")) -> str:
        """Close a ticket for good."""
        return f"{number} is closed"

    return app


@asynccontextmanager
async def connected() -> AsyncIterator[ClientSession]:
    async with create_connected_server_and_client_session(server()._mcp_server) as session:
        yield session


def check(schemas: dict[str, ToolSchema]) -> None:
    found, closed = schemas["find_ticket"], schemas["close_ticket"]
    assert [p.name for p in found.parameters] == ["number", "status"]
    assert found.required == closed.required == ("number",)
    assert found.parameters[0].description == "Number of the ticket"
    assert found.parameters[1].choices == ("open", "closed")
    assert found.description == "Find a ticket"
    assert closed.description == "Close a ticket for good."
    assert (found.read_only, found.destructive) == (True, None)
    assert (closed.read_only, closed.destructive) == (False, True)


async def test_the_list_of_a_session_binds_as_it_comes() -> None:
    async with connected() as session:
        listed = (await session.list_tools()).tools
    for tools in (
        listed,
        [tool.model_dump() for tool in listed],
        [tool.model_dump(exclude_none=True) for tool in listed],
    ):
        check({tool.name: tool for tool in parse_tools(read_tools(tools))})
    plain = parse_tools([tool.model_dump() for tool in listed])
    check({tool.name: tool for tool in plain})


async def test_the_tools_of_the_adapters_bind_as_they_come() -> None:
    async with connected() as session:
        loaded = await load_mcp_tools(session)
    converted = read_tools(loaded)
    assert [is_output(tool) for tool in converted] == [False, False]
    check({tool.name: tool for tool in parse_tools(converted)})
    bare = [
        StructuredTool(name=t.name, description=t.description, args_schema=t.args_schema, coroutine=t.coroutine)
        for t in loaded
    ]
    assert {t.name: t.read_only for t in parse_tools(read_tools(bare))} == {"find_ticket": None, "close_ticket": None}


@pytest.mark.parametrize(("confirm", "runs"), [("auto", False), ("never", True)])
async def test_an_agent_calls_the_server_and_asks_before_it_destroys(confirm: Any, runs: bool) -> None:
    router = ScriptedRouter(by_last_user({SAID: Plan("close_ticket", {"number": "AB-12"})}))
    async with connected() as session:
        agent = create_agent(ChatTRM(router=router, confirm=confirm), await load_mcp_tools(session))
        out = await agent.ainvoke({"messages": [HumanMessage(SAID)]})
    results = [message.text for message in out["messages"] if isinstance(message, ToolMessage)]
    assert results == (["AB-12 is closed"] if runs else [])


async def test_an_agent_reads_without_asking() -> None:
    router = ScriptedRouter(by_last_user({"where is AB-12": Plan("find_ticket", {"number": "AB-12"})}))
    async with connected() as session:
        agent = create_agent(ChatTRM(router=router), await load_mcp_tools(session))
        out = await agent.ainvoke({"messages": [HumanMessage("where is AB-12")]})
    (result,) = [message for message in out["messages"] if isinstance(message, ToolMessage)]
    assert '"status": "open"' in result.text
