"""Words for a direct answer where nobody else has any: a question, a result read out, or a short reply.

How a parameter is asked for, how a tool is named and how a field is told have their owner in `trm_agent.responses`.
Here stands the order, and what frames do not tell: results that are nested or long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_trm.turns import Call, Turn
from trm_agent.responses.asking import question
from trm_agent.responses.frames import Frames, load_frames
from trm_agent.responses.phrasing import as_sentence, confirmation, said_value, tell, upper_first
from trm_agent.text.statements import label_words
from trm_agent.types import Decision, Message, Parameter, ToolSchema, slot_table

DEFAULT_REPLY = "How can I help you?"
LATER_REPLY = "Is there anything else I can help you with?"
"""In the place of the default once something was called."""
ABOUT = 0.6
"""Least probability of the intended tool at which a question for its sake is asked."""
LET_GO = ("refuse", "give_up")
"""Speech acts after which what waits is not done."""

_MAX_ROWS = 3
_MAX_LENGTH = 1500


def compose_reply(
    decision: Decision,
    turn: Turn,
    tools: Sequence[ToolSchema],
    reply: str,
    history: Sequence[Message] = (),
    frames: Frames | None = None,
) -> str:
    """Word a direct answer: read out a result, ask for what is missing, or ask before something is done.

    Args:
        decision: Whose `content` is used where it has any.
        turn: What was done in this turn: a result that came last is read out.
        tools: On offer, for the declaration of what is missing.
        reply: What to say when there is nothing to report and nothing to ask.
        history: The conversation; what was called in it already is not offered again.
        frames: The wordings; None: the package's English ones.
    """
    if decision.content:
        return decision.content
    frames = frames or load_frames()
    parts = []
    if turn.ends_with_result and turn.last_result is not None:
        parts.append(describe_result(turn.last_result, frames))
    tool = next((tool for tool in tools if tool.name == decision.intended_tool), None)
    if tool is not None and _is_about(decision, tool):
        missing = first_missing(decision, tools)
        waits = missing is not None or (tool.read_only is not True and not parts and not _called(tool, history))
        if waits and not parts and decision.speech_act in LET_GO:
            parts.append(frames.fill("cancelled", {}) or reply)
        elif missing is not None:
            parts.append(ask_for(missing, frames))
        elif waits:
            parts.append(ask_before(tool, decision, tools, frames))
    return " ".join(part for part in parts if part) or small_reply(frames, reply, history)


def small_reply(frames: Frames, reply: str, history: Sequence[Message]) -> str:
    """What is said where there is nothing to report and nothing to ask; the default in the language of the frames."""
    if reply != DEFAULT_REPLY:
        return reply
    if any(message.role == "tool_call" for message in history):
        return frames.fill("later", {}) or LATER_REPLY
    return frames.fill("reply", {}) or reply


def first_missing(decision: Decision, tools: Sequence[ToolSchema]) -> Parameter | None:
    """The declaration of the first required parameter that nothing fills."""
    parameters = {p.name: p for tool in tools if tool.name == decision.intended_tool for p in tool.parameters}
    return next((parameters[name] for name in decision.missing if name in parameters), None)


def ask_before(tool: ToolSchema, decision: Decision, tools: Sequence[ToolSchema], frames: Frames | None = None) -> str:
    """A question before a tool that may change something is called, with the values it would be called with."""
    readers = {reader: slot.key for slot in slot_table(tools) for reader in slot.readers}
    values = [(p.name, decision.slots.get(readers[tool.name, p.name])) for p in tool.parameters]
    made = confirmation(frames or load_frames(), tool, values)
    return made[0] if made is not None else ""


def ask_for(parameter: Parameter, frames: Frames | None = None) -> str:
    """A question for a parameter; in English where the frames have none."""
    return question(frames or load_frames(), parameter) or question(load_frames(), parameter) or parameter.name


def describe_result(call: Call, frames: Frames | None = None) -> str:
    """What a call returned; that it is done, where it returned nothing, and that it failed or was declined."""
    frames = frames or load_frames()
    content = call.result.message.content if call.result is not None else None
    if call.rejected:
        return frames.fill("declined", {}) or ""
    if call.failed:
        error = content.get("error") if isinstance(content, Mapping) else content
        said = _inline(frames, error).strip()
        return frames.fill("failed", {"error": said.rstrip(".") or None}) or said
    told = tell(frames, content)
    return told if told is not None else _nested(frames, content)


def _is_about(decision: Decision, tool: ToolSchema) -> bool:
    """Whether the conversation is clearly about the tool, so that a question for its sake makes sense."""
    return bool(decision.probabilities.get("tools", {}).get(tool.name, 1.0) >= ABOUT)


def _called(tool: ToolSchema, history: Sequence[Message]) -> bool:
    """Whether the tool was called in this conversation."""
    return any(message.role == "tool_call" and message.content["name"] == tool.name for message in history)


def _nested(frames: Frames, content: Any) -> str:
    """A result that frames do not tell, field by field; of several records the first ones."""
    if isinstance(content, list) and content:
        rows = "; ".join(_inline(frames, row) for row in content[:_MAX_ROWS])
        return _sentence(upper_first(rows) + ("; …" if len(content) > _MAX_ROWS else ""))
    if isinstance(content, Mapping):
        said = {label_words(str(key), frames.language): _inline(frames, value) for key, value in content.items()}
        return _sentence(upper_first("; ".join(f"{label}: {text}" for label, text in said.items() if text)))
    return _sentence(_inline(frames, content))


def _inline(frames: Frames, value: Any, name: str = "") -> str:
    if isinstance(value, Mapping):
        items = ((str(key), item) for key, item in value.items() if item is not None)
        return ", ".join(f"{label_words(key, frames.language)} {_inline(frames, item, key)}" for key, item in items)
    if isinstance(value, list):
        return ", ".join(_inline(frames, item, name) for item in value)
    return "" if value is None else said_value(frames, value, name)


def _sentence(text: str) -> str:
    if len(text) > _MAX_LENGTH:
        return f"{text[:_MAX_LENGTH].rsplit(maxsplit=1)[0]} …"
    return as_sentence(text) if text else ""
