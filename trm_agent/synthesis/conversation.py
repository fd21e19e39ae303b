"""One conversation in the making: what was said, what is known, and the sample of every decision.

Whoever writes a dialogue says things with values in them; slots, arguments and accepted wordings follow from that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from trm_agent.synthesis.cues import kind_of
from trm_agent.synthesis.phrases import Phrases
from trm_agent.synthesis.replies import report, result
from trm_agent.synthesis.values import MARK, Given, Said, Values
from trm_agent.types import Accept, Message, Parameter, Sample, ToolSchema, records_parameter, slot_table
from trm_agent.values import validates

Call = tuple[ToolSchema, dict[str, Said]]


class NoValueError(Exception):
    """No value can be drawn where one is needed; another conversation is begun."""


class Conversation:
    """Messages, known values and samples.

    Args:
        tools: On offer.
        phrases: The user's and the assistant's wordings.
        values: Draws values.
        subset: The kind of conversation, for `meta.subset`.
        name: Of the conversation, for `meta.dialogue`.
    """

    def __init__(
        self, tools: Sequence[ToolSchema], phrases: Phrases, values: Values, subset: str, name: str, now: datetime
    ) -> None:
        self.tools, self.phrases, self.values = tuple(tools), phrases, values
        self.rng = phrases.rng
        self.subset, self.name, self.now = subset, name, now
        self.history: list[Message] = []
        self.samples: list[Sample] = []
        self._keys = {reader: slot.key for slot in slot_table(tools) for reader in slot.readers}
        self._state: dict[str, Said] = {}
        self._given: set[tuple[str, str]] = set()
        self._marked: list[str] = []
        self._calls: list[tuple[ToolSchema, dict[str, Any]]] = []

    def known(self, tool: ToolSchema) -> dict[str, Said]:
        """Parameter → value, for what was said so far, for whichever tool."""
        found = ((p.name, self._state.get(self._keys[tool.name, p.name])) for p in tool.parameters)
        return {name: said for name, said in found if said is not None}

    def give(self, parameter: Parameter, said: Said | None = None, old: Said | None = None) -> Given:
        """A value (by default a new one) with its mark.

        Raises:
            NoValueError: None can be drawn.
        """
        if said is None:
            taken = [v for known in self._state.values() for v in (known.value, known.text)]
            taken += self._marked
            if old is not None:
                taken += [old.value, old.text]
            avoid = [] if parameter.choices or kind_of(parameter) == "boolean" else taken
            said = self.values.draw(parameter, avoid if old is None else [*avoid, old.value])
            if said is None:
                raise NoValueError(parameter.name)
        return Given(parameter, said, self.mark(said.text))

    def mark(self, text: str) -> str:
        """A mark that stands for these words in the messages to come."""
        self._marked.append(text)
        return chr(MARK + len(self._marked) - 1)

    def user(self, text: str, tool: ToolSchema | None = None, given: Iterable[Given] = ()) -> None:
        """The user says something; the values in it are known from now on."""
        if tool is not None:
            self.learn(tool, given)
        self.history.append(Message("user", self._rendered(self.phrases.finish(text))))

    def learn(self, tool: ToolSchema, given: Iterable[Given]) -> None:
        """These values have been said for a tool."""
        for g in given:
            self._state[self._keys[tool.name, g.parameter.name]] = g.said
            self._given.add((tool.name, g.parameter.name))

    def reply(self, text: str, intent: ToolSchema | None) -> None:
        """The assistant answers: one decision."""
        text = self._rendered(text)
        self._decide("direct_answer", intent, content=text)
        self.history.append(Message("assistant", text))

    def say(self, text: str) -> None:
        """The assistant said something that is no decision to learn from: another one ran before."""
        self.history.append(Message("assistant", self._rendered(text)))

    def call(self, *tools: ToolSchema) -> None:
        """The assistant calls tools with what is known.

        Raises:
            NoValueError: What is known makes no valid call.
        """
        self.call_with([(tool, self.known(tool)) for tool in tools])

    def call_with(self, calls: Sequence[Call]) -> None:
        """The assistant makes these calls: one decision. See `call`."""
        made: list[dict[str, Any]] = [{"name": tool.name, "arguments": arguments(tool, given)} for tool, given in calls]
        for (tool, _), call in zip(calls, made, strict=True):
            if not validates(call["arguments"], tool.schema):
                raise NoValueError(tool.name)
        self._decide("tool_call", calls[0][0], calls=made, accept=[self._accepted(*call) for call in calls])
        self._calls = list(zip([tool for tool, _ in calls], made, strict=True))
        self.history += [Message("tool_call", call) for call in made]

    def finish(self) -> None:
        """The tools return, and the assistant reports: one decision."""
        returned = [result(self.phrases, tool, call["arguments"]) for tool, call in self._calls]
        self.returned(*returned)
        told = [report(self.phrases, tool, content) for (tool, _), content in zip(self._calls, returned, strict=True)]
        self.reply(" ".join(dict.fromkeys(told)), self._calls[0][0])

    def returned(self, *contents: Any) -> None:
        """What the tools return."""
        self.history += [Message("tool_response", content) for content in contents]

    def _decide(
        self,
        decision: Any,
        intent: ToolSchema | None,
        *,
        content: str | None = None,
        calls: Sequence[dict[str, Any]] = (),
        accept: Sequence[Accept] = (),
    ) -> None:
        slots = {key: said.value for key, said in sorted(self._state.items())}
        wordings = {key: [said.text] for key, said in sorted(self._state.items()) if _differs(said)}
        first = accept[0] if accept else Accept()
        several = len(calls) > 1
        self.samples.append(
            Sample(
                tools=self.tools,
                history=tuple(self.history),
                decision=decision,
                slots=slots,
                tool=calls[0] if calls else None,
                content=content,
                id=f"{self.name}:{len(self.samples)}",
                accept=Accept(first.arguments, first.optional, wordings, tuple(accept) if several else ()),
                meta={
                    "source": "synth",
                    "subset": self.subset,
                    "dialogue": self.name,
                    "intent": intent.name if intent else None,
                    "now": self.now.isoformat(),
                },
                calls=tuple(calls) if several else (),
            )
        )

    def _accepted(self, tool: ToolSchema, given: Mapping[str, Said]) -> Accept:
        """Wordings of the arguments, and those that only another tool's request or a default gave."""
        optional = [
            p.name
            for p in tool.parameters
            if (p.name in given and not p.required and (tool.name, p.name) not in self._given)
            or (p.name not in given and p.required and p.has_default)
        ]
        return Accept({n: [said.text] for n, said in given.items() if _differs(said)}, tuple(optional))

    def _rendered(self, text: str) -> str:
        """The text with the words in the place of their marks, and no article before words that bring their own."""
        for number, words in enumerate(self._marked):
            mark = chr(MARK + number)
            if re.match(r"(?:the|an?) ", words, re.IGNORECASE):
                text = re.sub(rf"\b(?:[Tt]he|[Aa]n?) {mark}", mark, text)
            text = text.replace(mark, words)
        return text


def arguments(tool: ToolSchema, given: Mapping[str, Said]) -> dict[str, Any]:
    """The arguments of a call, nested as the schema nests; required ones without a value take their default."""
    values = {p.name: p.default for p in tool.parameters if p.required and p.has_default and p.name not in given}
    values |= {p.name: given[p.name].value for p in tool.parameters if p.name in given}
    out: dict[str, Any] = {}
    _nest(tool.schema, "", values, out)
    return out


def _nest(schema: Mapping[str, Any], prefix: str, values: Mapping[str, Any], out: dict[str, Any]) -> None:
    required = schema.get("required")
    wanted = required if isinstance(required, list) else []
    for name, spec in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        if path in values:
            out[name] = values[path]
        elif isinstance(spec, Mapping) and isinstance(spec.get("properties"), Mapping) and spec["properties"]:
            part: dict[str, Any] = {}
            _nest(spec, f"{path}.", values, part)
            if part or name in wanted:
                out[name] = part
        elif not prefix and name == records_parameter(schema):
            record: dict[str, Any] = {}
            _nest(spec["items"], f"{path}.", values, record)
            if record:
                out[name] = [record]


def complete(schema: Mapping[str, Any], chosen: set[str], wanted: Callable[[str], bool], prefix: str = "") -> set[str]:
    """The chosen parameters with all that must be given beside them.

    Args:
        schema: Of an object.
        chosen: Dotted names.
        wanted: Whether a required parameter is asked of the user (one with a default is not).
        prefix: Of the object's own names.
    """
    required = schema.get("required")
    names = set(required) if isinstance(required, list) else set()
    out = {name for name in chosen if name.startswith(prefix)}
    for name, spec in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        if isinstance(spec, Mapping) and spec.get("type") == "object" and spec.get("properties"):
            if name in names or any(c.startswith(f"{path}.") for c in chosen):
                out |= complete(spec, {c for c in chosen if c.startswith(f"{path}.")}, wanted, f"{path}.")
        elif name in names and wanted(path):
            out.add(path)
    return out


def _differs(said: Said) -> bool:
    """Whether the words are no choice and not the value itself."""
    return said.kind not in ("boolean", "choice") and said.text != str(said.value)
