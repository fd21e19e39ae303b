"""A conversation of the page, written down: as samples (one for each decision), or as a pytest test of the last one.

The page sends what it showed: `tools`, `messages` in OpenAI's form, `confirm`, and for each assistant message, by its
place, the decision record (`decisions`) and what "today" was (`moments`).
"""

from __future__ import annotations

import hashlib
import json
import pprint
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage

from langchain_trm.messages import read_messages
from langchain_trm.server.errors import bad_request
from langchain_trm.server.requests import read_conversation, read_offer
from langchain_trm.server.settings import Limits
from trm_agent.errors import TRMError
from trm_agent.types import Sample

_TEST = '''"""A conversation that was tried out, and what was decided at its end."""

from datetime import datetime

from langchain_core.messages import convert_to_messages

from langchain_trm import ChatTRM

TOOLS = {tools}

MESSAGES = {messages}


def test_the_decision_is_as_it_was() -> None:
    model = ChatTRM({model}tools=TOOLS, now=datetime.fromisoformat({now!r}), confirm={confirm!r})
    answer = model.invoke(convert_to_messages(MESSAGES))
    calls = [(call["name"], call["args"]) for call in answer.tool_calls]
    assert calls == {calls}
'''
_ANSWER = """    decision = answer.response_metadata["decision"]
    assert decision["intended_tool"] == {tool!r}
    assert decision["missing"] == {missing!r}
"""


def export_samples(data: Mapping[str, Any], limits: Limits) -> str:
    """JSONL: one sample for each decision of the conversation.

    Raises:
        ApiError: The conversation cannot be read, or holds no decision (400).
    """
    tools, _ = read_offer(data.get("tools"), None, limits)
    conversation = read_conversation(data.get("messages"), limits)
    entries = read_messages(conversation)
    records = _mapping(data, "decisions")
    dialogue = _dialogue(data)
    lines = []
    for place, message in enumerate(conversation):
        record = records.get(str(place))
        if not isinstance(message, AIMessage) or not isinstance(record, Mapping):
            continue
        before = [entry.message for entry in entries if entry.position is not None and entry.position < place]
        calls = [{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        sample = {
            "tools": tools,
            "history": [entry.to_json() for entry in before],
            "decision": "tool_call" if calls else "direct_answer",
            "slots": record.get("slots") or {},
            "tool": calls[0] if calls else None,
            "content": None if calls else message.text,
            "id": f"{dialogue}:{place}",
            "meta": {"source": "playground", "dialogue": dialogue, **_now(data, place)},
        } | ({"calls": calls} if len(calls) > 1 else {})
        try:
            lines.append(json.dumps(Sample.from_json(sample).to_json(), ensure_ascii=False))
        except TRMError as error:
            raise bad_request(f"messages[{place}] makes no sample: {error}", "messages") from error
    if not lines:
        raise bad_request("there is no decision to write down yet", "decisions")
    return "\n".join(lines) + "\n"


def export_test(data: Mapping[str, Any], limits: Limits, checkpoint: str | None = None) -> str:
    """A file with one test: what was decided last is decided again.

    Args:
        data: What the page sends.
        limits: For it.
        checkpoint: The folder of the weights that decided; None for those that ship.

    Raises:
        ApiError: The conversation cannot be read, or holds no decision (400).
    """
    tools, _ = read_offer(data.get("tools"), None, limits)
    conversation = read_conversation(data.get("messages"), limits)
    last = next((i for i in range(len(conversation) - 1, -1, -1) if isinstance(conversation[i], AIMessage)), None)
    if last is None or last == 0:
        raise bad_request("there is no decision to write down yet", "messages")
    answer = conversation[last]
    calls = [(call["name"], call["args"]) for call in getattr(answer, "tool_calls", [])]
    record = _mapping(data, "decisions").get(str(last))
    text = _TEST.format(
        tools=pprint.pformat(tools, width=110, sort_dicts=False),
        messages=pprint.pformat(data["messages"][:last], width=110, sort_dicts=False),
        model="" if checkpoint is None else f"model={checkpoint!r}, ",
        now=_now(data, last).get("now", "2026-01-01T12:00:00"),
        confirm=data["confirm"] if data.get("confirm") in ("always", "never") else "auto",
        calls=pprint.pformat(calls, width=100, sort_dicts=False),
    )
    if calls or not isinstance(record, Mapping):
        return text
    return text + _ANSWER.format(tool=record.get("intended_tool"), missing=record.get("missing") or [])


def _now(data: Mapping[str, Any], place: int) -> dict[str, str]:
    """What "today" was for the decision at a place."""
    now = _mapping(data, "moments").get(str(place), data.get("now"))
    return {"now": now} if isinstance(now, str) else {}


def _dialogue(data: Mapping[str, Any]) -> str:
    """A name that a conversation keeps while it goes on, and that no other has."""
    begun = json.dumps([data["messages"][0], next(iter(_mapping(data, "moments").values()), data.get("now"))])
    return f"playground-{hashlib.sha256(begun.encode()).hexdigest()[:8]}"


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}
