"""What is wrong with samples, and what is worth knowing of them, before anything is trained on them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trm_agent.check.mentions import Mentions, in_full
from trm_agent.text.dates import is_relative
from trm_agent.text.present import present, stated_present
from trm_agent.types import Message, Parameter, Sample, ToolSchema, argument_leaves
from trm_agent.values import normalise, validates
from trm_agent.values.moment_in_message import moment_kind

FAULTS = {
    "unreadable": "lines that are no samples",
    "missing": "calls that lack required arguments",
    "forbidden": "calls that their schema forbids",
    "unsaid": "calls with values that stand nowhere in the text",
    "undated": "turns that name a day by today's date, without a date (convert --now-field, --now)",
    "contradiction": "the same history, another decision",
    "one_sided": "one decision only: nothing to tell apart",
}
"""Kinds that harm training, in words."""

NOTES = {
    "duplicate": "nearly the same words in another conversation",
    "never_called": "tools that are never called",
    "undescribed": "tools without a description",
    "imbalance": "a decision taken less than one time in ten",
}
"""Kinds that are worth knowing, in words."""

RARE = 0.1
_LEAST_WORDS = 4


@dataclass
class Found:
    """What was found of one kind.

    Attributes:
        count: Samples (tools, lines) that it touches.
        examples: The first of them: where, and what.
    """

    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Report:
    """What a look at samples gave.

    Attributes:
        samples: How many.
        conversations: How many they are of.
        decisions: Decision → samples.
        calls: Tool on offer → calls of it.
        found: Kind → what was found.
    """

    samples: int = 0
    conversations: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    found: dict[str, Found] = field(default_factory=lambda: {kind: Found() for kind in (*FAULTS, *NOTES)})

    def harmful(self, tolerance: float = 0.0) -> list[str]:
        """The kinds that harm training and touch more than this share of the samples."""
        most = tolerance * self.samples
        return [
            kind
            for kind in FAULTS
            if (found := self.found[kind]).count > (0 if kind == "one_sided" else most) and found.count
        ]


class Inspector:
    """Takes samples one at a time; memory grows by a digest or two a sample."""

    def __init__(self, examples: int = 3) -> None:
        """Begin with nothing.

        Args:
            examples: Kept of each kind.
        """
        self.report = Report()
        self._most = examples
        self._tools: dict[str, ToolSchema] = {}
        self._dialogues: set[tuple[str, str]] = set()
        self._decided: dict[bytes, tuple[Any, str]] = {}
        self._worded: dict[bytes, tuple[str, str]] = {}

    def unreadable(self, problem: str) -> None:
        """A line that is no sample."""
        place, _, reason = problem.partition(": ")
        self._found("unreadable", place, reason)

    def add(self, sample: Sample, place: str) -> None:
        """Look at one sample.

        Args:
            sample: To look at.
            place: Names it where it has no id (`file:line`).
        """
        report, name = self.report, sample.id or place
        report.samples += 1
        report.decisions[sample.decision] += 1
        dialogue = (str(sample.meta.get("source", "")), str(sample.meta.get("dialogue", name)))
        self._dialogues.add(dialogue)
        report.conversations = len(self._dialogues)
        for tool in sample.tools:
            self._tools.setdefault(tool.name, tool)
        now, dated = _now(sample)
        self._look_at_calls(sample, name, Mentions(sample.history, now), dated)
        last = sample.history[-1]
        if not dated and last.role == "user" and _takes_moments(sample.tools) and is_relative(last.text):
            self._found("undated", name, _short(last.text))
        self._look_at_others(sample, name, dialogue)

    def finish(self) -> Report:
        """The report, with what only all samples together show."""
        report = self.report
        for name, tool in sorted(self._tools.items()):
            if not report.calls[name]:
                self._found("never_called", name, _short(tool.description))
            if not tool.description.strip():
                self._found("undescribed", name, "")
        for decision in ("tool_call", "direct_answer"):
            count = report.decisions[decision]
            if report.samples and not count:
                self._found("one_sided", decision, f"none of {report.samples} samples")
            elif report.samples and count < RARE * report.samples:
                self._found("imbalance", decision, f"{count} of {report.samples} samples")
        return report

    def _look_at_calls(self, sample: Sample, name: str, mentions: Mentions, dated: bool) -> None:
        tools = {tool.name: tool for tool in sample.tools}
        problems: dict[str, list[str]] = {}
        for call, accept in sample.gold_calls:
            tool, arguments = tools[call["name"]], call["arguments"]
            self.report.calls[tool.name] += 1
            if lacking := [n for n in tool.schema.get("required") or () if n not in arguments]:
                problems.setdefault("missing", []).append(f"{tool.name} lacks {', '.join(map(str, lacking))}")
            elif not validates(_in_full(tool, arguments), tool.schema):
                problems.setdefault("forbidden", []).append(f"{tool.name}: {_offence(tool, arguments)}")
            for parameter, value in _values(tool, arguments):
                wordings = [value, *accept.arguments.get(parameter.name, ())]
                if any(mentions.holds(wording, parameter) for wording in wordings):
                    continue
                if not dated and moment_kind(parameter) and any(is_relative(m.text) for m in _users(sample)):
                    continue  # reported as undated
                problems.setdefault("unsaid", []).append(f"{tool.name}.{parameter.name} = {value!r}")
        for kind, texts in problems.items():
            self._found(kind, name, _short("; ".join(texts)))

    def _look_at_others(self, sample: Sample, name: str, dialogue: tuple[str, str]) -> None:
        """Compare a sample with all before it."""
        if not sample.meta.get("either") and sample.meta.get("decision_known", True):
            offered = sorted(tool.name for tool in sample.tools)
            relative = any(is_relative(m.text) for m in _users(sample))
            day = str(sample.meta.get("now"))[:10] if relative else ""
            key = _digest([offered, day, *([m.role, normalise(m.text)] for m in sample.history)])
            outcome = [sample.decision, [[c["name"], normalise(c["arguments"])] for c, _ in sample.gold_calls]]
            before, first = self._decided.setdefault(key, (outcome, name))
            if before != outcome:
                self._found("contradiction", name, f"{_outcome(outcome)}; {first}: {_outcome(before)}")
        words = _words(sample)
        if len(words) >= _LEAST_WORDS:
            other = self._worded.setdefault(_digest(words), dialogue)
            if other != dialogue:
                self._found("duplicate", name, f"like {other[1]}: {_short(_users(sample)[-1].text)}")

    def _found(self, kind: str, place: str, text: str) -> None:
        found = self.report.found[kind]
        found.count += 1
        if len(found.examples) < self._most:
            found.examples.append((place, text))


def _values(tool: ToolSchema, arguments: Mapping[str, Any]) -> Iterator[tuple[Parameter, Any]]:
    """The declared parameters of a call with their values."""
    declared = {parameter.name: parameter for parameter in tool.parameters}
    for name, value in argument_leaves(arguments):
        if name in declared:
            yield declared[name], value


def _in_full(tool: ToolSchema, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with the seconds of their times."""
    declared = {parameter.name: parameter for parameter in tool.parameters}
    return {name: in_full(value, declared[name]) if name in declared else value for name, value in arguments.items()}


def _offence(tool: ToolSchema, arguments: Mapping[str, Any]) -> str:
    """The first argument that its schema does not allow."""
    for parameter, value in _values(tool, arguments):
        if not validates(in_full(value, parameter), parameter.schema):
            choices = f", not one of {', '.join(map(str, parameter.choices[:6]))}" if parameter.choices else ""
            return f"{parameter.name} = {value!r} ({parameter.type}{choices})"
    known = set(tool.schema["properties"])
    more = [name for name in arguments if name not in known]
    return f"undeclared {', '.join(more)}" if more else f"{dict(arguments)!r}"


def _now(sample: Sample) -> tuple[datetime | None, bool]:
    """What relative dates of a sample count from, and whether it is known."""
    said = sample.meta.get("now")
    if said:
        try:
            return datetime.fromisoformat(str(said)).replace(tzinfo=None), True
        except ValueError:
            return None, False
    for message in sample.history:
        if message.role == "system" and (stated := stated_present(message.text)) is not None:
            return present(stated).replace(tzinfo=None), True
    return None, False


def _takes_moments(tools: Iterable[ToolSchema]) -> bool:
    return any(moment_kind(parameter) is not None for tool in tools for parameter in tool.parameters)


def _users(sample: Sample) -> list[Message]:
    return [message for message in sample.history if message.role == "user"]


def _words(sample: Sample) -> list[str]:
    """What the user said so far, letter case, marks and figures aside."""
    said = " ".join(message.text for message in _users(sample)).casefold()
    return re.findall(r"\w+", re.sub(r"\d+", "0", said))


def _digest(value: Any) -> bytes:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")).digest()[:16]


def _outcome(outcome: Sequence[Any]) -> str:
    decision, calls = outcome
    return ", ".join(f"{name} {arguments}" for name, arguments in calls) or str(decision)


def _short(text: str, most: int = 90) -> str:
    return cut(" ".join(text.split()), most)


def cut(text: str, most: int) -> str:
    """A text of so many characters at most; an ellipsis shows where it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
