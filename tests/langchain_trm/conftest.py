"""Tools and scripted models that the tests share."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import BaseTool, tool

from langchain_trm import ChatTRM, loading
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user


@tool(parse_docstring=True)
def search_flights(city: str, day: str) -> dict[str, Any]:
    """Search for flights.

    Args:
        city: City to fly to.
        day: Day of departure.
    """
    return {"flight": "XY 12", "price": 120}


@tool(parse_docstring=True)
def book_flight(flight: str) -> str:
    """Book a flight that was found.

    Args:
        flight: Number of the flight.
    """
    return f"booked {flight}"


@pytest.fixture
def tools() -> list[BaseTool]:
    return [search_flights, book_flight]


@pytest.fixture
def travel() -> ScriptedRouter:
    """Books flights by script."""
    return ScriptedRouter(
        by_last_user(
            {
                "a flight to Rome tomorrow": Plan("search_flights", {"city": "Rome", "day": "tomorrow"}),
                "a flight to Rome": Plan(intended="search_flights", arguments={"city": "Rome"}),
                "tomorrow": Plan("search_flights", {"city": "Rome", "day": "tomorrow"}),
                "book XY 12": Plan("book_flight", {"flight": "XY 12"}),
                "hm, maybe": Plan("book_flight", {"flight": "maybe"}, confidence=0.4),
            }
        )
    )


@pytest.fixture
def model(travel: ScriptedRouter, tools: list[BaseTool]) -> ChatTRM:
    return ChatTRM(router=travel, tools=tools)


@pytest.fixture(autouse=True)
def _fresh_weights_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_routers", {})
    monkeypatch.delenv("TRM_MODEL", raising=False)
