"""What is said with the frames alone: no head, no bank, only the decision, the conversation and the tools.

In this order: a result that has just come is told; what is missing is asked for; before something is done it is
confirmed; a field that the user names is told; a greeting, thanks or a goodbye is answered; what no tool is for is
declined. Everything is checked by the guard; what it refuses is not said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trm_agent.features.tools import TextEncoder
from trm_agent.responses.asking import question
from trm_agent.responses.collecting import after, says_nothing
from trm_agent.responses.facts import QUESTION_MARKS, Facts, asks_something, known_facts, latest_results, name_of
from trm_agent.responses.frames import TALK, Frames
from trm_agent.responses.guard import Evidence, unsupported
from trm_agent.responses.phrasing import action, confirmation, said_value, tell, word_fields
from trm_agent.responses.templates import same_value
from trm_agent.types import (
    DONTCARE,
    Decision,
    Message,
    Parameter,
    ToolSchema,
    argument_leaves,
    identifier_words,
    slot_table,
)

ABOUT = 0.6
"""Least probability of the intended tool at which something is asked for its sake."""
PERHAPS = 0.2
"""Probability of a tool from which the user is asked whether it is meant, before anything is declined."""
ALIKE = 0.55
"""Cosine with an example from which a message is a greeting, thanks or a goodbye."""
MOST_ABILITIES = 3
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Framed:
    """Words made with a frame.

    Attributes:
        text: To be said.
        kind: Of the frame.
    """

    text: str
    kind: str


@dataclass(frozen=True)
class Outcome:
    """How the latest call ended, where that is known beside its result.

    Attributes:
        failed: It did not work.
        declined: A person refused it.
    """

    failed: bool = False
    declined: bool = False


def speak_with_frames(
    frames: Frames,
    decision: Decision,
    history: Sequence[Message],
    tools: Sequence[ToolSchema],
    *,
    encoder: TextEncoder | None = None,
    outcome: Outcome | None = None,
    small_talk: bool = True,
    language: str | None = None,
) -> Framed | None:
    """Words for a direct answer; None where no frame fits, or the guard refuses what does.

    Args:
        frames: The wordings.
        decision: A direct answer.
        history: What it answers.
        tools: On offer.
        encoder: Of messages, to know a greeting; None: greetings are not told from other messages.
        outcome: Of the latest call; default: as its result reads.
        small_talk: Whether greetings and requests that no tool is for are answered; else None is returned there.
        language: Of number words (ISO 639-1); None: that of the frames.
    """
    framed = _Point(frames, decision, history, tools, encoder, outcome, small_talk).words()
    if framed is None:
        return None
    facts: Facts = {**known_facts(decision.slots, history, tools, decision.intended_tool), "": [declarations(tools)]}
    wrong = unsupported(framed.text, Evidence.of(history, facts), frames.words, language or frames.language)
    return None if wrong else framed


def last_answer(history: Sequence[Message]) -> str:
    """The latest words of the assistant; empty before it spoke."""
    return next((m.text for m in reversed(history) if m.role == "assistant"), "").rstrip()


def asked_to_go_ahead(frames: Frames, history: Sequence[Message]) -> bool:
    """Whether the latest answer asks something else than what more can be done."""
    last = last_answer(history)
    closing = [f.text for kind in (*TALK, "later", "reply", "nothing") for f in frames.of(kind)]
    return last[-1:] in QUESTION_MARKS and bool(last) and not any(last.endswith(text) for text in closing)


def declarations(tools: Sequence[ToolSchema]) -> str:
    """What tools say of themselves, which may be repeated."""
    return " \n ".join(
        str(part)
        for tool in tools
        for part in (
            identifier_words(tool.name),
            tool.description,
            *(x for p in tool.parameters for x in (identifier_words(p.name), p.description, p.default, *p.choices)),
        )
    )


@dataclass(frozen=True)
class _Point:
    frames: Frames
    decision: Decision
    history: Sequence[Message]
    tools: Sequence[ToolSchema]
    encoder: TextEncoder | None
    outcome: Outcome | None
    small_talk: bool

    def words(self) -> Framed | None:
        """The first that applies."""
        told = self._told() if after(self.history) != "user" else None
        if after(self.history) != "user" and told is None:
            return None
        tool = self._tool()
        wanted = _first_missing(self.decision, tool) if tool else None
        pending = tool is not None and tool.read_only is not True and not self._done(tool)
        if told is None and (left := self._let_go(bool(wanted or pending))) is not None:
            return left
        talk = self._talk() if told is None and self.small_talk else None
        if talk is not None and (talk == "goodbye" or not (wanted or pending)):
            return _framed(self.frames.fill(talk, {"abilities": self._abilities("and")}), talk)
        if tool is not None and wanted is not None:
            return _after(told, question(self.frames, wanted, tool.read_only), "ask")
        if told is not None:
            return told
        if (named := self._named()) is not None:
            return named
        if tool is not None and pending:
            return self._confirmation(tool)
        return self._otherwise(tool) if self.small_talk else None

    def _let_go(self, waits: bool) -> Framed | None:
        """That nothing is done, where the user refuses or gives up what waits; that it waits, where they hesitate.

        A refusal that answers no question ("please don't cancel B-77") is heard as well; it needs no offer of help.
        """
        act = self.decision.speech_act
        if act == "refuse" and not last_answer(self.history).endswith(tuple(QUESTION_MARKS)):
            return _framed(self.frames.fill("cancelled", {}), "cancelled")
        kind = "cancelled" if self.decision.lets_go else "waiting" if act == "hesitate" else None
        if kind is None or not (waits or asked_to_go_ahead(self.frames, self.history)):
            return None
        return _framed(self.frames.fill(kind, {}), kind)

    def _tool(self) -> ToolSchema | None:
        """The tool that the conversation is clearly about."""
        tool = next((tool for tool in self.tools if tool.name == self.decision.intended_tool), None)
        sure = tool is not None and self.decision.probabilities.get("tools", {}).get(tool.name, 1.0) >= ABOUT
        return tool if sure else None

    def _told(self) -> Framed | None:
        """The result, or the results, that have just come."""
        results = latest_results(self.history)
        if self.outcome is not None and self.outcome.declined:
            return _framed(self.frames.fill("declined", {}), "declined")
        if (self.outcome is not None and self.outcome.failed) or any(_error(r.content) is not None for r in results):
            error = next((e for r in results if (e := _error(r.content) or _plain(r.content))), "")
            return _framed(
                self.frames.fill("failed", {"error": said_value(self.frames, error).rstrip(".") or None}), "failed"
            )
        called = [m.content["name"] for m in self.history if m.role == "tool_call"][-len(results) :]
        known = {tool.name: tool for tool in self.tools}
        kinds = [known[name].read_only if name in known else None for name in called]
        kinds += [None] * (len(results) - len(kinds))
        if len(results) == 1 and says_nothing(results[0].content) and kinds[0] is True:
            return _framed(self.frames.fill("nothing", {}), "nothing")
        texts = [
            tell(self.frames, _as_said(r.content, self.decision.slots), kind)
            for r, kind in zip(results, kinds, strict=True)
        ]
        return None if None in texts else _framed(" ".join(text for text in texts if text), "told")

    def _confirmation(self, tool: ToolSchema) -> Framed | None:
        beginnings = {f.beginning for kind in ("confirm", "confirm_again") for f in self.frames.of(kind)}
        last = next((m.text for m in reversed(self.history) if m.role == "assistant"), "")
        again = last.endswith("?") and any(beginning and last.startswith(beginning) for beginning in beginnings)
        made = confirmation(self.frames, tool, list(self._values(tool).items()), again)
        return None if made is None else Framed(*made)

    def _values(self, tool: ToolSchema) -> dict[str, Any]:
        """What a tool would be called with: the values of its slots, else defaults."""
        readers = {reader: slot.key for slot in slot_table(self.tools) for reader in slot.readers}
        held = {p.name: self.decision.slots.get(readers[tool.name, p.name]) for p in tool.parameters}
        values = {p.name: p.default if held[p.name] is None else held[p.name] for p in tool.parameters}
        return {name: value for name, value in values.items() if value not in (None, DONTCARE)}

    def _done(self, tool: ToolSchema) -> bool:
        """Whether a tool was called, and no other value for it has been said since."""
        calls = [i for i, m in enumerate(self.history) if m.role == "tool_call" and m.content["name"] == tool.name]
        if not calls:
            return False
        sent = dict(argument_leaves(self.history[calls[-1]].content.get("arguments") or {}))
        since = " \n ".join(m.text.casefold() for m in self.history[calls[-1] :] if m.role == "user")
        now = self._values(tool)
        other = [v for name, v in now.items() if name in sent and not same_value(str(v), str(sent[name]))]
        return not any(str(value).casefold() in since for value in other)

    def _named(self) -> Framed | None:
        """Fields of the latest result that the user's last message names, where it is a question."""
        said = next((m.text for m in reversed(self.history) if m.role == "user"), "")
        if not asks_something(self.history):
            return None
        words = {word.rstrip("s") for word in _WORD.findall(said.casefold())}
        pairs = []
        for result in latest_results(self.history):
            rows = result.content if isinstance(result.content, list) else [result.content]
            record = rows[0] if rows and isinstance(rows[0], Mapping) else {}
            asked = [name for name in record if {w.rstrip("s") for w in identifier_words(str(name)).split()} <= words]
            pairs += [(str(name), record[name]) for name in asked if not isinstance(record[name], Mapping | list)]
        return _framed(word_fields(self.frames, pairs, subject=True).more or None, "named") if pairs else None

    def _talk(self) -> str | None:
        """A kind of `TALK`, if the user's last message is one."""
        said = next((m.text for m in reversed(self.history) if m.role == "user"), "")
        if self.encoder is None or not said.strip():
            return None
        encoder: Any = self.encoder
        kinds, vectors = _examples(self.frames, encoder)
        if not kinds:
            return None
        near = vectors @ self.encoder.encode([said])[0].sentence
        return kinds[int(near.argmax())] if near.max() >= ALIKE else None

    def _otherwise(self, tool: ToolSchema | None) -> Framed | None:
        if any(message.role == "tool_call" for message in self.history):
            return _framed(self.frames.fill("later", {}), "later")
        if tool is not None or not self.tools or self.encoder is None:
            return None
        if (maybe := self._perhaps()) is not None:
            return _framed(self.frames.fill("unsure", {"action": action(maybe, self.frames.language)}), "unsure")
        return _framed(self.frames.fill("scope", {"abilities": self._abilities("or")}), "scope")

    def _perhaps(self) -> ToolSchema | None:
        """The tool that may be meant, though not surely."""
        odds = self.decision.probabilities.get("tools", {})
        likeliest = max(self.tools, key=lambda tool: odds.get(tool.name, 0.0))
        return likeliest if odds.get(likeliest.name, 0.0) >= PERHAPS and self.frames.of("unsure") else None

    def _abilities(self, word: str) -> str:
        """What the tools on offer do."""
        offered = sorted(self.tools, key=lambda tool: tool.name)[:MOST_ABILITIES]
        return self.frames.joined([action(tool, self.frames.language) for tool in offered], word)


def _after(told: Framed | None, text: str | None, kind: str) -> Framed | None:
    """A result and then a question."""
    if text is None:
        return told
    return Framed(text if told is None else f"{told.text} {text}", kind)


def _framed(text: str | None, kind: str) -> Framed | None:
    return Framed(text, kind) if text else None


def _first_missing(decision: Decision, tool: ToolSchema) -> Parameter | None:
    parameters = {parameter.name: parameter for parameter in tool.parameters}
    return next((parameters[name] for name in decision.missing if name in parameters), None)


def _error(content: Any) -> str | None:
    error = content.get("error") if isinstance(content, Mapping) else None
    return None if not error else str(error)


def _plain(content: Any) -> str:
    return content if isinstance(content, str) else ""


def _as_said(content: Any, slots: Mapping[str, Any]) -> Any:
    """A result with its values as the user said them (`19:30` for "half past seven"), where they are the same."""
    said = {name_of(key): value for key, value in slots.items() if isinstance(value, str) and value != DONTCARE}
    if isinstance(content, list):
        return [_as_said(row, slots) for row in content]
    if not isinstance(content, Mapping):
        return content
    return {
        name: said[name_of(str(name))]
        if name_of(str(name)) in said and isinstance(value, str) and same_value(said[name_of(str(name))], value)
        else value
        for name, value in content.items()
    }


@lru_cache(maxsize=8)
def _examples(frames: Frames, encoder: Any) -> tuple[list[str], np.ndarray]:
    """The kind of every example message, and their vectors [examples, E]."""
    pairs = [(kind, text) for kind in TALK for frame in frames.of(kind) for text in frame.like]
    if not pairs:
        return [], np.zeros((0, encoder.width), np.float32)
    return [kind for kind, _ in pairs], np.stack([e.sentence for e in encoder.encode([text for _, text in pairs])])
