"""Words for a direct answer where nobody else has any: a question, a result read out, or a short reply."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_trm.turns import Call, Turn
from trm_agent.types import DONTCARE, Decision, Message, Parameter, ToolSchema, identifier_words, slot_table
from trm_agent.values import choice_text

DEFAULT_REPLY = "How can I help you?"
LATER_REPLY = "Is there anything else I can help you with?"
"""In the place of the default once something was called."""
ABOUT = 0.6
"""Least probability of the intended tool at which a question for its sake is asked."""

_MAX_CHOICES = 8
_MAX_ROWS = 3
_MAX_LENGTH = 1500
_SENTENCE_END = re.compile(r"(?<=[^.\s]{2})[.;](?=\s|$)")
_CLAUSE = re.compile(r"^(whether|if|how|when|where|which|what|who|why)\b", re.IGNORECASE)
_VERB = re.compile(r"^(should|do|does|is|are|can|will|would)\b", re.IGNORECASE)
_DETERMINER = re.compile(r"^(the|a|an|your|any|one|all|each|this|that|its|his|her|their|our|my)\b", re.IGNORECASE)
_PLURAL = re.compile(r"[^su]s$")
_FILLER = re.compile(r"^(optional|required)[:,]?\s+", re.IGNORECASE)


def compose_reply(
    decision: Decision, turn: Turn, tools: Sequence[ToolSchema], reply: str, history: Sequence[Message] = ()
) -> str:
    """Word a direct answer: read out a result, ask for what is missing, or ask before something is done.

    Args:
        decision: Whose `content` is used where it has any.
        turn: What was done in this turn: a result that came last is read out.
        tools: On offer, for the declaration of what is missing.
        reply: What to say when there is nothing to report and nothing to ask.
        history: The conversation; what was called in it already is not offered again.
    """
    if decision.content:
        return decision.content
    parts = []
    if turn.ends_with_result and turn.last_result is not None:
        parts.append(describe_result(turn.last_result))
    tool = next((tool for tool in tools if tool.name == decision.intended_tool), None)
    if tool is not None and _is_about(decision, tool):
        if missing := first_missing(decision, tools):
            parts.append(ask_for(missing))
        elif tool.read_only is not True and not parts and not _called(tool, history):
            parts.append(ask_before(tool, decision, tools))
    if not any(parts) and reply == DEFAULT_REPLY and any(message.role == "tool_call" for message in history):
        return LATER_REPLY
    return " ".join(part for part in parts if part) or reply


def first_missing(decision: Decision, tools: Sequence[ToolSchema]) -> Parameter | None:
    """The declaration of the first required parameter that nothing fills."""
    parameters = {p.name: p for tool in tools if tool.name == decision.intended_tool for p in tool.parameters}
    return next((parameters[name] for name in decision.missing if name in parameters), None)


def ask_before(tool: ToolSchema, decision: Decision, tools: Sequence[ToolSchema]) -> str:
    """A question before a tool that may change something is called, with the values it would be called with."""
    readers = {reader: slot.key for slot in slot_table(tools) for reader in slot.readers}
    values = [(p.name, decision.slots.get(readers[tool.name, p.name])) for p in tool.parameters]
    shown = ", ".join(f'{identifier_words(name)} "{_inline(v)}"' for name, v in values if v not in (None, DONTCARE))
    return f"Shall I go ahead and {identifier_words(tool.name)}{f': {shown}' if shown else ''}?"


def ask_for(parameter: Parameter) -> str:
    """A question for a parameter, in the words of its description."""
    words = _FILLER.sub("", _SENTENCE_END.split(parameter.description.strip(), maxsplit=1)[0].strip())
    if not words:
        words = identifier_words(parameter.name.replace(".", " "))
        if _PLURAL.search(words) and parameter.type in ("integer", "number"):
            return f"How many {words}?"
        if _PLURAL.search(words) and parameter.type == "array":
            return f"What are the {words}?"
    choices = [choice_text(choice) for choice in parameter.choices[:_MAX_CHOICES] if not isinstance(choice, bool)]
    hint = f" ({_listed(choices, len(parameter.choices))})" if choices else ""
    if words.endswith("?"):
        return words[:-1] + hint + "?"
    words = _lower_first(words)
    if _VERB.match(words):
        return f"{words[0].upper()}{words[1:]}{hint}?"
    if _CLAUSE.match(words):
        return f"Could you tell me {words}{hint}?"
    return f"What is {words if _DETERMINER.match(words) else f'the {words}'}{hint}?"


def describe_result(call: Call) -> str:
    """What a call returned, field by field; that it is done, where it returned nothing."""
    content = call.result.message.content if call.result is not None else None
    if call.failed:
        error = content.get("error") if isinstance(content, Mapping) else content
        name = identifier_words(call.name) or "the tool"
        outcome = "was declined" if call.rejected else f"did not work: {_inline(error)}"
        return _sentence(f"{name[0].upper()}{name[1:]} {outcome}")
    return _described(content) or "Done."


def _is_about(decision: Decision, tool: ToolSchema) -> bool:
    """Whether the conversation is clearly about the tool, so that a question for its sake makes sense."""
    return bool(decision.probabilities.get("tools", {}).get(tool.name, 1.0) >= ABOUT)


def _called(tool: ToolSchema, history: Sequence[Message]) -> bool:
    """Whether the tool was called in this conversation."""
    return any(message.role == "tool_call" and message.content["name"] == tool.name for message in history)


def _described(content: Any) -> str:
    if isinstance(content, Mapping) and content:
        pairs = [(identifier_words(str(key)), value) for key, value in content.items() if value not in (None, "")]
        text = ", ".join(f"{key}: {_inline(value)}" for key, value in pairs)
        return _sentence(text[:1].upper() + text[1:]) if text else ""
    if isinstance(content, list) and len(content) == 1:
        return _described(content[0])
    if isinstance(content, list):
        if not content:
            return "Nothing was found."
        rows = "; ".join(_inline(row) for row in content[:_MAX_ROWS])
        return _sentence(f"{len(content)} results, first {rows}" if len(content) > _MAX_ROWS else rows)
    return "" if content in (None, "", {}) else _sentence(_inline(content))


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(
            f"{identifier_words(str(key))} {_inline(item)}" for key, item in value.items() if item is not None
        )
    if isinstance(value, list):
        return ", ".join(_inline(item) for item in value)
    return "" if value is None else str(value).strip()


def _listed(choices: Sequence[str], total: int) -> str:
    if total > len(choices):
        return ", ".join([*choices, "…"])
    return " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)


def _lower_first(words: str) -> str:
    """Lower the first letter, but not of an abbreviation or a name in capitals."""
    first = words.split()[0]
    return words if first[1:] != first[1:].lower() else words[0].lower() + words[1:]


def _sentence(text: str) -> str:
    if len(text) > _MAX_LENGTH:
        return f"{text[:_MAX_LENGTH].rsplit(maxsplit=1)[0]} …"
    return text if text[-1:] in ".!?" else f"{text}."
