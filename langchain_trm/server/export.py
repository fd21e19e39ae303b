"""A conversation of the page, written down: as samples (one for each decision), or as a pytest test of the last one.

The page sends what it showed: `tools`, `messages` in OpenAI's form, `now`, `confirm`, and `decisions`: for each
assistant message, by its place, the decision record.
"""

from __future__ import annotations

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
    model = ChatTRM(tools=TOOLS, now=datetime.fromisoformat({now!r}), confirm={confirm!r})
    answer = model.invoke(convert_to_messages(MESSAGES))
    calls = [(call["name"], call["args"]) for call in answer.tool_calls]
    assert calls == {calls}
'''


def export_samples(data: Mapping[str, Any], limits: Limits) -> str:
    """JSONL: one sample for each decision of the conversation.

    Raises:
        ApiError: The conversation cannot be read, or holds no decision (400).
    """
    tools, _ = read_offer(data.get("tools"), None, limits)
    conversation = read_conversation(data.get("messages"), limits)
    entries = read_messages(conversation)
    records = data.get("decisions")
    records = records if isinstance(records, Mapping) else {}
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
            "id": f"playground:{place}",
            "meta": {"source": "playground", "dialogue": "playground", **_now(data)},
        } | ({"calls": calls} if len(calls) > 1 else {})
        try:
            lines.append(json.dumps(Sample.from_json(sample).to_json(), ensure_ascii=False))
        except TRMError as error:
            raise bad_request(f"messages[{place}] makes no sample: {error}", "messages") from error
    if not lines:
        raise bad_request("there is no decision to write down yet", "decisions")
    return "\n".join(lines) + "\n"


def export_test(data: Mapping[str, Any], limits: Limits) -> str:
    """A file with one test: what was decided last is decided again.

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
    return _TEST.format(
        tools=pprint.pformat(tools, width=110, sort_dicts=False),
        messages=pprint.pformat(data["messages"][:last], width=110, sort_dicts=False),
        now=_now(data).get("now", "2026-01-01T12:00:00"),
        confirm=data["confirm"] if data.get("confirm") in ("always", "never") else "auto",
        calls=pprint.pformat(calls, width=100, sort_dicts=False),
    )


def _now(data: Mapping[str, Any]) -> dict[str, str]:
    now = data.get("now")
    return {"now": now} if isinstance(now, str) else {}
