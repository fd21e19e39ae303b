"""Which tools of a long list enter a decision point.

Every tool is a row of x and so is every slot, so a network over thousands of tools would be unbearably slow. Of a
list longer than its limits only the tools enter that lie nearest to what was said, with those called lately. Which
ones is a pure function of the tools, in any order, and of the messages before the point: a state taken at the end of a
history fits whatever continues it. Those that enter are laid out as if they alone had been bound.

Near is what any few words of a message mean, not only the whole of it: a request may want several things.

K tools · S slots · C choices · M messages · W tokens · P parts of a message · E encoder width.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TypeVar

import numpy as np

from trm_agent.encoder.sentence import EncodedText
from trm_agent.features.conversation import TOKEN_LIMITS, Conversation, read_text
from trm_agent.features.relevance import relevance, relevance_by_length
from trm_agent.features.tool_index import ToolWords
from trm_agent.features.tools import (
    REQUIRED_FEATURE,
    TextEncoder,
    ToolTable,
    comparison_texts,
    declared_slots,
    declared_tools,
    encode_tools,
    tool_texts,
)
from trm_agent.types import Message, Slot, ToolSchema

USERS = 10
"""So many of the latest user messages are looked at."""
DECAY = 0.9
"""What a user message counts beside the one after it."""
ANSWER = 0.8
"""What the latest answer counts beside the latest user message."""
CALLED = 4
"""So many of the tools called last enter in any case."""
PART = 8
"""Tokens of a part of a message."""
STRIDE = 4
"""Tokens from one part to the next, in a message of at most `STRIDE * MOST_PARTS` tokens."""
MOST_PARTS = 24
WORDS = 0.02
"""What shared words count beside the cosine; BM25 is some 5 to 25 where the rare words agree."""

_MESSAGES = 512
_TABLES = 64
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Limits:
    """How much enters a decision point; a tool list within both enters whole.

    Attributes:
        tools: Rows for tools.
        slots: Rows for slots of tools; slot fields always enter. No tool takes more than half of them: of a tool
            with more parameters than that, the required ones come first, then those nearest to what the user said.
    """

    tools: int = 24
    slots: int = 128

    def __post_init__(self) -> None:
        if self.tools < 1 or self.slots < 2:
            raise ValueError(f"expected at least 1 tool and 2 slots, got {self.tools} and {self.slots}")


class Catalogue:
    """A tool list of any length, and what of it enters where.

    Args:
        tools: In any order.
        slots: Their slot table.
        limits: How much enters.
        encoder: Of their texts; the tokens of names and descriptions are kept.
        messages: Encoder of messages.
    """

    def __init__(
        self,
        tools: Sequence[ToolSchema],
        slots: Sequence[Slot],
        limits: Limits,
        encoder: TextEncoder,
        messages: TextEncoder,
    ) -> None:
        self.tools = tuple(sorted(tools, key=lambda tool: tool.name))
        self.slots = tuple(slots)
        self.limits = limits
        self.row = {tool.name: k for k, tool in enumerate(self.tools)}
        encoded = encode_tools(self.tools, slots, encoder)
        self._tool_vectors, self._slot_vectors, self._choice_vectors = encoded.tools, encoded.slots, encoded.choices
        self._tool_labels, self._slot_labels = encoded.tool_labels, encoded.slot_labels
        self._tool_features = declared_tools(self.tools)
        self._slot_features = declared_slots(slots, np.zeros(len(slots), bool))
        self._choice_texts = comparison_texts(slots)
        self._first_choice = np.cumsum([0, *(len(slot.parameter.choices) for slot in slots)])
        self._reads = self._slots_of_tools()
        self._fields = [s for s, slot in enumerate(slots) if not slot.readers]
        self._encoder = messages
        self._words = None if self.fits else ToolWords(self.tools, tool_texts(self.tools, ())[0])
        self._lock = Lock()
        self._nearness: OrderedDict[tuple[str, str], tuple[np.ndarray, float]] = OrderedDict()
        self._tables: OrderedDict[tuple[tuple[int, ...], tuple[int, ...]], ToolTable] = OrderedDict()

    @cached_property
    def nbytes(self) -> int:
        """Bytes of its vectors; of a long list also of what it remembers of messages, once that is full."""
        arrays = (self._tool_vectors, self._slot_vectors, self._choice_vectors, self._slot_features)
        labels = sum(label.tokens.nbytes for label in (*self._tool_labels, *self._slot_labels))
        own = sum(array.nbytes for array in arrays) + labels
        if self.fits:
            return own
        rows = (self.limits.tools + self.limits.slots) * self._tool_vectors.shape[1]
        return own + 8 * _MESSAGES * len(self.tools) + 4 * _TABLES * rows

    @property
    def fits(self) -> bool:
        """Whether everything enters everywhere."""
        return len(self.tools) <= self.limits.tools and len(self.slots) - len(self._fields) <= self.limits.slots

    def at(self, history: Sequence[Message], point: int, forced: str | None = None) -> ToolTable:
        """What enters a decision point.

        Args:
            history: Of a conversation.
            point: Messages before the point; only they count.
            forced: A tool that enters in any case, before all others.
        """
        if self.fits:
            return self._table(tuple(range(len(self.tools))), tuple(range(len(self.slots))))
        messages = history[:point]
        tools, slots = self._admit(self._ranked(messages, forced), messages)
        return self._table(tuple(sorted(tools)), tuple(sorted(slots)))

    def nearest(self, history: Sequence[Message], point: int) -> list[ToolSchema]:
        """Tools in the order in which they would enter a decision point, as far as they are looked at.

        Args:
            history: Of a conversation.
            point: Messages before the point; only they count.
        """
        if self._words is None:
            return list(self.tools)
        return [self.tools[k] for k in self._ranked(history[:point], None)]

    def split(self, history: Sequence[Message], points: Sequence[int]) -> Iterator[tuple[ToolTable, list[int]]]:
        """The points of a conversation by what enters them."""
        together: dict[int, tuple[ToolTable, list[int]]] = {}
        for point in points:
            table = self.at(history, point)
            together.setdefault(id(table), (table, []))[1].append(point)
        yield from together.values()

    def relevance(self, talk: Conversation) -> np.ndarray:
        """As `features.relevance_by_length`, over all tools; [M + 1]."""
        if self.fits:
            return relevance_by_length(talk, self.at(talk.messages, len(talk.messages)))
        return relevance(talk, lambda m: self._near(talk.messages[m])[1])

    def _slots_of_tools(self) -> list[dict[int, bool]]:
        """Of each tool: the slots it reads, and whether it requires them."""
        reads: list[dict[int, bool]] = [{} for _ in self.tools]
        needed = [set(tool.required) for tool in self.tools]
        for s, slot in enumerate(self.slots):
            for tool, parameter in slot.readers:
                k = self.row[tool]
                reads[k][s] = reads[k].get(s, False) or parameter in needed[k]
        return reads

    def _ranked(self, messages: Sequence[Message], forced: str | None) -> list[int]:
        """Tools as they may enter: the forced one, those called last, those nearest to what was said."""
        nearness = np.zeros(len(self.tools), np.float32)
        for weight, message in _heard(messages):
            nearness = np.maximum(nearness, weight * self._near(message)[0])
        called = [name for name in _called(messages) if name in self.row][:CALLED]
        first = [self.row[name] for name in (forced, *called) if name is not None]
        nearest = np.argsort(-nearness, kind="stable")[: 2 * self.limits.tools].tolist()
        return list(dict.fromkeys([*first, *nearest]))

    def _near(self, message: Message) -> tuple[np.ndarray, float]:
        """How near every tool is to a message, [K]; and the best cosine of a tool with the whole of it.

        Always the same product of the same shapes, and rounded, so that equal tools tie and the name decides.
        """
        text = read_text(message)
        key = message.role, text
        with self._lock:
            if key in self._nearness:
                self._nearness.move_to_end(key)
                return self._nearness[key]
        encoded = self._encoder.encode([text])[0]
        cosines = _parts(encoded, TOKEN_LIMITS[message.role]) @ self._tool_vectors.T
        assert self._words is not None, "only a list that does not fit is searched"
        nearness = np.round(cosines.max(axis=0) + WORDS * self._words.shared(text), 4)
        nearness[self._words.named(text)] = max(1.0, nearness.max(initial=0.0))
        found = nearness, float(cosines[0].max(initial=-1.0))
        with self._lock:
            return _remember(self._nearness, key, found, _MESSAGES)

    def _admit(self, ranked: Sequence[int], messages: Sequence[Message]) -> tuple[list[int], set[int]]:
        """Let tools in, best first, as long as there are rows for them and their slots."""
        tools: list[int] = []
        slots = set(self._fields)
        for k in ranked:
            own = self._own_slots(k, messages)
            if tools and len(slots | own) - len(self._fields) > self.limits.slots:
                continue
            tools.append(k)
            slots |= own
            if len(tools) == self.limits.tools:
                break
        return tools, slots

    def _own_slots(self, k: int, messages: Sequence[Message]) -> set[int]:
        own, most = self._reads[k], self.limits.slots // 2
        if len(own) <= most:
            return set(own)
        rows = sorted(own)
        near = np.full(len(rows), -1.0)
        for message in messages:
            if message.role == "user":
                encoded = self._encoder.encode([read_text(message)])[0]
                parts = _parts(encoded, TOKEN_LIMITS["user"])
                near = np.maximum(near, np.round(parts @ self._slot_vectors[rows].T, 4).max(axis=0))
        order = sorted(range(len(rows)), key=lambda i: (not own[rows[i]], -near[i], i))
        return {rows[i] for i in order[:most]}

    def _table(self, tools: tuple[int, ...], slots: tuple[int, ...]) -> ToolTable:
        """The table of these tools and slots, as if they alone had been bound."""
        key = tools, slots
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        table = self._select(tools, slots)
        with self._lock:
            return _remember(self._tables, key, table, _TABLES)

    def _select(self, tools: Sequence[int], slots: Sequence[int]) -> ToolTable:
        names = {self.tools[k].name for k in tools}
        column = {s: i for i, s in enumerate(slots)}
        required, optional = np.zeros((len(tools), len(slots)), bool), np.zeros((len(tools), len(slots)), bool)
        for i, k in enumerate(tools):
            for s, needed in self._reads[k].items():
                if s in column:
                    (required if needed else optional)[i, column[s]] = True
        features = self._slot_features[list(slots)]
        features[:, REQUIRED_FEATURE] = required.any(0)
        choices = [c for s in slots for c in range(self._first_choice[s], self._first_choice[s + 1])]
        owners = [i for i, s in enumerate(slots) for _ in self.slots[s].parameter.choices]
        return ToolTable(
            tools=tuple(self.tools[k] for k in tools),
            slots=tuple(_read_by(self.slots[s], names) for s in slots),
            tool_vectors=self._tool_vectors[list(tools)],
            tool_features=self._tool_features[list(tools)],
            slot_vectors=self._slot_vectors[list(slots)],
            slot_features=features,
            required=required,
            optional=optional,
            choice_vectors=self._choice_vectors[choices],
            choice_slot=np.array(owners, np.int64),
            choice_texts=tuple(self._choice_texts[c] for c in choices),
            tool_labels=tuple(self._tool_labels[k] for k in tools),
            slot_labels=tuple(self._slot_labels[s] for s in slots),
        )


def _heard(messages: Sequence[Message]) -> Iterator[tuple[float, Message]]:
    """Messages that say which tools may be meant, and what each counts."""
    users = [message for message in messages if message.role == "user"]
    for age, message in enumerate(reversed(users[-USERS:])):
        yield DECAY**age, message
    answers = [message for message in messages if message.role == "assistant"]
    if answers:
        yield ANSWER, answers[-1]


def _called(messages: Sequence[Message]) -> list[str]:
    """The different tools called so far, the latest first."""
    return list(dict.fromkeys(m.content["name"] for m in reversed(messages) if m.role == "tool_call"))


def _parts(encoded: EncodedText, most: int) -> np.ndarray:
    """Unit vectors of a message, the whole of it first, and of each few of its tokens; [P, E]."""
    tokens = encoded.tokens[:most].astype(np.float32)
    stride = max(STRIDE, -(-len(tokens) // MOST_PARTS))
    starts = range(0, len(tokens) - PART + stride, stride) if len(tokens) > PART else ()
    parts = np.stack([encoded.sentence, *(tokens[start : start + PART].mean(axis=0) for start in starts)])
    return parts / np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-6)


def _read_by(slot: Slot, tools: set[str]) -> Slot:
    """A slot, read by no other tools than these."""
    readers = tuple((tool, parameter) for tool, parameter in slot.readers if tool in tools)
    return slot if len(readers) == len(slot.readers) else replace(slot, readers=readers)


def _remember(known: OrderedDict[_Key, _Value], key: _Key, value: _Value, capacity: int) -> _Value:
    """Keep a value, unless the key has one; the least recently used go."""
    kept = known.setdefault(key, value)
    while len(known) > capacity:
        known.popitem(last=False)
    return kept
