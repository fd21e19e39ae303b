"""The page works in a real browser: by keyboard, at a desk's and at a telephone's width, and offline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.langchain_trm.scripted_router import Plan, ScriptedRouter
from tests.langchain_trm.server.browser import BROWSER, Page, opened
from tests.langchain_trm.server.conftest import Serve
from trm_agent.types import Message, ToolSchema

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium: none of chromium, google-chrome, chrome is on the PATH"),
]

FIND = Plan("find_restaurants", {"city": "Oakland", "cuisine": "Thai"}, confidence=0.5)
MCP = {"tools": [{"name": "open_ticket", "description": "Open a ticket.", "inputSchema": {"type": "object"}}]}


def script(messages: list[Message], tools: Sequence[ToolSchema], _: str) -> Plan:
    """Finds restaurants for whoever wants Thai food, as long as a tool finds places to eat."""
    if messages[-1].role != "user" or "Thai" not in messages[-1].text:
        return Plan()
    return FIND if any("place to eat" in tool.description for tool in tools) else Plan()


@pytest.fixture(params=[(390, 844), (1280, 800)], ids=["phone", "desk"])
def page(request: pytest.FixtureRequest, served: Serve, tmp_path: Path) -> Iterator[Page]:
    url = served(router=ScriptedRouter(script))
    with opened(f"{url}/", tmp_path / "profile", *request.param) as shown:
        shown.wait("document.querySelectorAll('.tool').length === 3 && document.activeElement.id === 'text'")
        yield shown
        assert shown.js("document.documentElement.scrollWidth") <= request.param[0]
        assert [address for address in shown.asked if not address.startswith((url, "data:", "blob:"))] == []
        assert shown.wrong == []


def say(page: Page, text: str, title: str) -> None:
    """Type a message, send it with the keyboard, and wait for the card with its decision."""
    page.type(text)
    page.press("Enter")
    newest = "Array.from(document.querySelectorAll('.what'), n => n.textContent).pop()"
    page.wait(f"{newest} === {json.dumps(title)}")


def tools(page: Page) -> list[Any]:
    return list(page.js("Array.from(document.querySelectorAll('.tool summary'), n => n.textContent)"))


def open_tools(page: Page) -> None:
    if page.js("getComputedStyle(document.getElementById('toggle')).display !== 'none'"):
        page.click("#toggle")


def test_a_conversation_is_held_with_the_keyboard_alone(page: Page) -> None:
    say(page, "Thai food in Oakland", "Call find_restaurants")
    shown = page.js("document.getElementById('log').innerText")
    assert "Would be handed over: decision and tool are 50 % sure, 90 % is asked for." in shown
    assert page.js("Array.from(document.querySelectorAll('mark'), n => n.textContent)") == ["Thai", "Oakland"]
    page.wait("document.activeElement.matches('.results textarea')")
    page.press("Enter")
    page.wait("document.querySelectorAll('.decision').length === 2 && document.activeElement.id === 'text'")
    assert "What find_restaurants returns" not in page.js("document.getElementById('log').innerText")


def test_a_changed_description_changes_the_decision_and_leaves_the_focus(page: Page) -> None:
    say(page, "Thai food in Oakland", "Call find_restaurants")
    open_tools(page)
    page.click(".tool summary")
    page.wait("document.querySelector('.tool').open")
    page.click("#tool-0")
    page.js("document.activeElement.select()")
    page.type("Look at the stars.")
    page.press("Tab")
    page.wait("!document.body.classList.contains('busy') && document.querySelector('.changed')")
    assert "Changed. Before: find_restaurants(city=Oakland" in page.js("document.querySelector('.changed').textContent")
    assert page.js("document.activeElement.id") == "tool-0-0"


def test_pasted_tools_replace_the_others_or_the_page_says_what_is_wrong(page: Page) -> None:
    open_tools(page)
    page.click("#adding summary")
    for text, told in (
        ("[", "the tools are not JSON: Expecting value at line 1, column 2"),
        ('[{"name": "f", "args": {"a": 1}}]', "tool 'f' has no parameters, but 'args'; expected a JSON Schema"),
    ):
        page.js("document.getElementById('pasted').value = ''")
        page.click("#pasted")
        page.type(text)
        page.click("#paste button[value=replace]")
        page.wait(f"document.getElementById('paste-error').textContent.startsWith({json.dumps(told)})")
    assert len(tools(page)) == 3
    page.js("document.getElementById('pasted').value = ''")
    page.click("#pasted")
    page.type(json.dumps(MCP))
    page.click("#paste button[value=replace]")
    page.wait("document.querySelectorAll('.tool').length === 1")
    assert tools(page) == ["open_ticket"]
    assert page.js("document.activeElement.textContent") == "Add tools"


def test_a_request_that_failed_can_be_made_again(page: Page) -> None:
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.call("Network.emulateNetworkConditions", offline=True, **offline)
    page.type("Thai food in Oakland")
    page.press("Enter")
    page.wait("document.getElementById('error').textContent.startsWith('The server cannot be reached.')")
    page.call("Network.emulateNetworkConditions", offline=False, **offline)
    page.click("#again")
    page.wait("document.querySelectorAll('.decision').length === 1")
    assert page.js("document.getElementById('error').textContent") == ""


def test_the_conversation_is_exported(page: Page) -> None:
    say(page, "Thai food in Oakland", "Call find_restaurants")
    for button, told in (("#samples", '"decision": "tool_call"'), ("#test", "def test_the_decision_is_as_it_was")):
        page.click(button)
        page.wait(f"document.getElementById('exported').value.includes({json.dumps(told)})")
        page.press("Escape")
        page.wait("!document.getElementById('export').open")
