"""The page is served whole, loads nothing from elsewhere, and what it asks the server for is answered."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from langchain_trm import ChatTRM
from langchain_trm.server.playground import STATIC
from langchain_trm.server.signatures import read_pasted
from tests.langchain_trm.scripted_router import ScriptedRouter
from tests.langchain_trm.server.conftest import TOOLS, Serve
from trm_agent.errors import ToolError
from trm_agent.types import Sample, parse_tools

SIGNATURE = '''
from typing import Literal

def find_bus(from_city: str, seats: int = 1, kind: Literal["fast", "slow"] | None = None, *, days: list[date]) -> str:
    """Find a bus.

    Args:
        from_city: City to leave from
    """
    raise SystemExit("never run")

async def stop(self, at: "datetime.time", by: Optional[float] = NOTHING): ...
'''


def test_the_page_and_its_files_are_served(served: Serve) -> None:
    url = served()
    page = httpx.get(f"{url}/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)
    assert sorted(named) == ["static/playground.css", "static/playground.js", "static/record.js"]
    for path in [*named, "static/example.json"]:
        assert httpx.get(f"{url}/{path}").status_code == 200


def test_the_page_needs_nothing_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        assert not re.search(r"https?://|//cdn|@import", path.read_text(encoding="utf-8")), path.name


def test_every_field_of_the_page_has_a_label() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    fields = re.findall(r'<(?:input|textarea|select)[^>]*\bid="([^"]+)"', page)
    assert len(fields) >= 8
    assert set(fields) <= set(re.findall(r'<label[^>]*\bfor="([^"]+)"', page))


def test_the_script_asks_for_elements_that_are_there() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    script = (STATIC / "playground.js").read_text(encoding="utf-8")
    asked = set(re.findall(r'\$\("([^"]+)"\)', script))
    assert len(asked) >= 15
    assert asked <= set(re.findall(r'\bid="([^"]+)"', page))


def test_the_example_tools_can_be_bound() -> None:
    example = json.loads((STATIC / "example.json").read_text(encoding="utf-8"))
    assert {tool.name for tool in parse_tools(example["tools"])} == example["results"].keys()
    assert example["suggestions"]


def test_python_is_read_and_not_run() -> None:
    find, stop = (tool["function"] for tool in read_pasted(SIGNATURE))
    assert (find["name"], find["description"]) == ("find_bus", "Find a bus.")
    assert find["parameters"]["required"] == ["from_city", "days"]
    assert find["parameters"]["properties"] == {
        "from_city": {"type": "string", "description": "City to leave from"},
        "seats": {"type": "integer", "default": 1},
        "kind": {"type": "string", "enum": ["fast", "slow"]},
        "days": {"type": "array", "items": {"type": "string", "format": "date"}},
    }
    assert stop["parameters"]["properties"] == {"at": {"type": "string", "format": "time"}, "by": {"type": "number"}}
    assert stop["parameters"]["required"] == ["at"]


@pytest.mark.parametrize(
    "text",
    ["def add(a: int, b: int)", "def add(a: int, b: int) -> int:", "def add(a: int, b: int) -> int: return a + b"],
)
def test_a_bare_signature_is_enough(text: str) -> None:
    (tool,) = read_pasted(text)
    assert tool["function"]["name"] == "add"
    assert tool["function"]["parameters"]["required"] == ["a", "b"]


@pytest.mark.parametrize(
    "listed",
    [
        TOOLS,
        {"tools": TOOLS},
        TOOLS[0],
        [tool["function"] for tool in TOOLS],
        {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {"tools": [{"name": "search_flights", "inputSchema": {"type": "object"}}]},
        },
        [{"function_declarations": [{"name": "search_flights", "parameters": {"type": "OBJECT"}}]}],
        [{"toolSpec": {"name": "search_flights", "inputSchema": {"json": {"type": "object"}}}}],
        [{"type": "web_search_preview"}, *TOOLS],
    ],
    ids=["list", "object", "one", "bare", "mcp", "gemini", "bedrock", "beside a provider's"],
)
def test_lists_are_read_in_every_form(listed: Any) -> None:
    assert read_pasted(json.dumps(listed))[0]["function"]["name"] == "search_flights"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "there is nothing to read; paste a JSON list of tools, or a Python function"),
        ("[", "the tools are not JSON"),
        ("[]", "expected a list of tool declarations, got an empty list"),
        ("[1]", "a tool must be an object with a name and its parameters, got a number"),
        ('[{"name": 1, "parameters": {}}]', "a tool needs a name"),
        ('[{"type": "custom", "custom": {"name": "c"}}]', "a tool needs a name"),
        ('{"servers": 1}', "expected a list of tool declarations, got an object with 'servers'"),
        ('[{"name": "f", "args": {"a": 1}}]', "tool 'f' has no parameters, but 'args'"),
        ('[{"name": "f", "parameters": {"a": {"type": "string"}}}]', "tool 'f': expected a JSON Schema of type object"),
        ('[{"name": "f"}, {"name": "f"}]', "two tools are named 'f'"),
        ("def f(a): ...\ndef f(b): ...", "two tools are named 'f'"),
        ('[{"type": "web_search_preview"}]', "a provider runs these tools itself"),
        ("hello there", "this is neither JSON nor Python"),
        ("x = 1", "there is no function in this"),
        ("def f(" + "(" * 300, "neither JSON nor Python|nests too deep"),
    ],
)
def test_what_holds_no_tools_is_named(text: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        read_pasted(text)


def test_pasted_tools_come_back_over_http(served: Serve) -> None:
    url = served()
    answer = httpx.post(f"{url}/playground/tools", json={"text": "def add(a: int): ..."})
    assert answer.json()["tools"][0]["function"]["name"] == "add"
    answer = httpx.post(f"{url}/playground/tools", json={"text": "x = 1"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "text")
    assert httpx.post(f"{url}/playground/tools", json={"text": 1}).status_code == 400


def conversation(url: str) -> dict[str, Any]:
    """What the page would send after a call, its result, and the answer."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "a flight to Rome tomorrow"}]
    decisions = {}
    for result in (None, '{"flight": "XY 12"}'):
        if result:
            call = messages[-1]["tool_calls"][0]["id"]
            messages.append({"role": "tool", "tool_call_id": call, "content": result})
        body = {"model": "trm", "messages": messages, "tools": TOOLS, "trm": {"hand_over": False}}
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=30).json()
        decisions[str(len(messages))] = answer["trm"]["decision"]
        messages.append(answer["choices"][0]["message"])
    moments = {place: f"2026-03-0{place}T08:00:00" for place in decisions}
    return {"tools": TOOLS, "messages": messages, "decisions": decisions, "moments": moments}


def test_a_conversation_is_exported_as_samples(served: Serve) -> None:
    url = served()
    sent = conversation(url) | {"format": "samples"}
    lines = httpx.post(f"{url}/playground/export", json=sent).json()["text"].splitlines()
    call, answer = (Sample.from_json(json.loads(line)) for line in lines)
    assert call.tool == {"name": "search_flights", "arguments": {"city": "Rome", "day": "tomorrow"}}
    assert [message.role for message in call.history] == ["user"]
    assert answer.decision == "direct_answer"
    assert answer.content == sent["messages"][-1]["content"]
    assert [message.role for message in answer.history] == ["user", "tool_call", "tool_response"]
    assert [call.meta["now"], answer.meta["now"]] == ["2026-03-01T08:00:00", "2026-03-03T08:00:00"]
    assert call.meta["dialogue"] == answer.meta["dialogue"]
    sent["messages"][0]["content"] = "a flight to Oslo"
    other = json.loads(httpx.post(f"{url}/playground/export", json=sent).json()["text"].splitlines()[0])
    assert other["meta"]["dialogue"] != call.meta["dialogue"]


def test_a_conversation_is_exported_as_a_test_that_passes(
    served: Serve, travel: ScriptedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = served()
    sent = conversation(url) | {"format": "test"}
    sent["messages"] = sent["messages"][:2]
    text = httpx.post(f"{url}/playground/export", json=sent).json()["text"]
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: travel)
    names: dict[str, Any] = {}
    exec(compile(text, "test_conversation.py", "exec"), names)
    names["test_the_decision_is_as_it_was"]()
    assert "('search_flights', {'city': 'Rome', 'day': 'tomorrow'})" in text
    monkeypatch.setattr(ChatTRM, "invoke", lambda *_: type("Answer", (), {"tool_calls": []}))
    with pytest.raises(AssertionError):
        names["test_the_decision_is_as_it_was"]()


def test_the_test_of_an_answer_says_what_is_asked_for(
    served: Serve, travel: ScriptedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = served(model="runs/mine")
    messages = [{"role": "user", "content": "a flight to Rome"}]
    body = {"model": "trm", "messages": messages, "tools": TOOLS}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=30).json()
    sent = {
        "tools": TOOLS,
        "messages": [*messages, answer["choices"][0]["message"]],
        "decisions": {"1": answer["trm"]["decision"]},
        "format": "test",
    }
    text = httpx.post(f"{url}/playground/export", json=sent).json()["text"]
    assert "ChatTRM(model='runs/mine', tools=TOOLS" in text
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda *_: travel)
    names: dict[str, Any] = {}
    exec(compile(text, "test_conversation.py", "exec"), names)
    names["test_the_decision_is_as_it_was"]()
    names["MESSAGES"][0]["content"] = "hello"
    with pytest.raises(AssertionError):
        names["test_the_decision_is_as_it_was"]()


def test_there_must_be_something_to_export(served: Serve) -> None:
    url = served()
    sent = {"tools": TOOLS, "messages": [{"role": "user", "content": "hi"}], "decisions": {}}
    for form in ("samples", "test"):
        answer = httpx.post(f"{url}/playground/export", json=sent | {"format": form})
        assert answer.json()["error"]["message"] == "there is no decision to write down yet"
    answer = httpx.post(f"{url}/playground/export", json=sent | {"format": "poem"})
    assert answer.json()["error"]["message"] == "`format` must be samples or test, got 'poem'"
