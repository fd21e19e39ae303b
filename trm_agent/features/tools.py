"""A tool list and its slots as arrays: what is encoded of them, and what their schema declares.

K tools · S slots · C choices · E encoder width. Which choice belongs to which slot, and which slot to which tool, is
given by index: nothing depends on the order, and no tool, service or slot has an identity of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from trm_agent.encoder.sentence import EncodedText
from trm_agent.features.likeness import Label, read_labels
from trm_agent.types import Slot, ToolSchema, identifier_words

SLOT_TYPES = ("string", "integer", "number", "boolean", "array", "object")
SLOT_FEATURES = len(SLOT_TYPES) + 8
REQUIRED_FEATURE = len(SLOT_TYPES) + 1
"""Column of a slot's features that says whether a tool requires it."""
TOOL_FEATURES = 6

_TERM = re.compile(r"[^\W_]+")


class TextEncoder(Protocol):
    """What looks texts up: an encoder, a cache, or a vocabulary."""

    @property
    def width(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> list[EncodedText]: ...


@dataclass(frozen=True)
class ToolTable:
    """A tool list and its slots as arrays; computed once per tool list.

    Attributes:
        tools: In the order given.
        slots: In `slot_table` order.
        tool_vectors: [K, E].
        tool_features: a constant, may be called without asking first (read-only, or it does not say), no required
            parameter, share of required, number of parameters, does not say whether it is read-only; [K, 6].
        slot_vectors: [S, E].
        slot_features: Type one-hot, closed, required by a tool, read by no tool, a date, a time of day, has a default,
            part of an object, has no description; [S, 14].
        required: Whether the tool requires the slot, [K, S].
        optional: Whether the tool takes the slot without requiring it, [K, S].
        choice_vectors: [C, E].
        choice_slot: Slot of each choice, [C].
        choice_texts: Comparison text of each choice.
        tool_labels: The words that name and describe each tool.
        slot_labels: The same of each slot.
    """

    tools: tuple[ToolSchema, ...]
    slots: tuple[Slot, ...]
    tool_vectors: np.ndarray
    tool_features: np.ndarray
    slot_vectors: np.ndarray
    slot_features: np.ndarray
    required: np.ndarray
    optional: np.ndarray
    choice_vectors: np.ndarray
    choice_slot: np.ndarray
    choice_texts: tuple[str, ...]
    tool_labels: tuple[Label, ...]
    slot_labels: tuple[Label, ...]

    @cached_property
    def owners(self) -> np.ndarray:
        """Mean vector of the tools that read each slot, [S, E]."""
        readers = (self.required | self.optional).astype(np.float32)
        return readers.T @ self.tool_vectors / np.maximum(readers.sum(0), 1)[:, None]


@dataclass(frozen=True)
class EncodedTools:
    """What the encoder says of a tool list.

    Attributes:
        tools: [K, E].
        slots: [S, E].
        choices: [C, E].
        tool_labels: The words that name and describe each tool.
        slot_labels: The same of each slot.
    """

    tools: np.ndarray
    slots: np.ndarray
    choices: np.ndarray
    tool_labels: tuple[Label, ...]
    slot_labels: tuple[Label, ...]


def tool_texts(tools: Sequence[ToolSchema], slots: Sequence[Slot]) -> tuple[list[str], list[str], list[str]]:
    """What is encoded of a tool list: a text per tool, per slot, and per choice (slot by slot)."""
    by_tool = [_labelled(tool.name, tool.summary) for tool in tools]
    by_slot = [_labelled(slot.parameter.name, slot.parameter.description) for slot in slots]
    by_choice = [
        f"{identifier_words(slot.parameter.name)}: {choice_words(choice)}"
        for slot in slots
        for choice in slot.parameter.choices
    ]
    return by_tool, by_slot, by_choice


def choice_words(choice: Any) -> str:
    """A choice as it would be read aloud."""
    if isinstance(choice, bool):
        return "yes" if choice else "no"
    return identifier_words(choice) if isinstance(choice, str) and "_" in choice else str(choice)


def build_tool_table(tools: Sequence[ToolSchema], slots: Sequence[Slot], encoder: TextEncoder) -> ToolTable:
    """Encode a tool list and lay out what is declared."""
    encoded = encode_tools(tools, slots, encoder)
    K, S = len(tools), len(slots)
    row = {tool.name: k for k, tool in enumerate(tools)}
    required, optional = np.zeros((K, S), bool), np.zeros((K, S), bool)
    for s, slot in enumerate(slots):
        for tool_name, parameter_name in slot.readers:
            tool = tools[row[tool_name]]
            needed = parameter_name in tool.required
            (required if needed else optional)[row[tool_name], s] = True
    return ToolTable(
        tools=tuple(tools),
        slots=tuple(slots),
        tool_vectors=encoded.tools,
        tool_features=declared_tools(tools),
        slot_vectors=encoded.slots,
        slot_features=declared_slots(slots, np.any(required, axis=0, keepdims=True)[0]),
        required=required,
        optional=optional,
        choice_vectors=encoded.choices,
        choice_slot=np.array([s for s, slot in enumerate(slots) for _ in slot.parameter.choices], np.int64),
        choice_texts=comparison_texts(slots),
        tool_labels=encoded.tool_labels,
        slot_labels=encoded.slot_labels,
    )


def encode_tools(tools: Sequence[ToolSchema], slots: Sequence[Slot], encoder: TextEncoder) -> EncodedTools:
    """Encode the texts of a tool list."""
    by_tool, by_slot, by_choice = tool_texts(tools, slots)
    encoded = encoder.encode([*by_tool, *by_slot, *by_choice])
    vectors = np.stack([e.sentence for e in encoded]) if encoded else np.zeros((0, encoder.width), np.float32)
    K, S = len(by_tool), len(by_slot)
    return EncodedTools(
        tools=vectors[:K],
        slots=vectors[K : K + S],
        choices=vectors[K + S :],
        tool_labels=read_labels(tools, encoded[:K]),
        slot_labels=read_labels(slots, encoded[K : K + S]),
    )


def declared_tools(tools: Sequence[ToolSchema]) -> np.ndarray:
    """What each tool's schema declares, [K, 6]."""
    return np.array([_tool_features(tool) for tool in tools], np.float32).reshape(len(tools), TOOL_FEATURES)


def declared_slots(slots: Sequence[Slot], required: np.ndarray) -> np.ndarray:
    """What each slot's parameter declares, and whether a tool requires it; [S, 14]."""
    rows = [_slot_features(slot, bool(needed)) for slot, needed in zip(slots, required, strict=True)]
    return np.array(rows, np.float32).reshape(len(slots), SLOT_FEATURES)


def comparison_texts(slots: Sequence[Slot]) -> tuple[str, ...]:
    """What each choice is compared with messages by, slot by slot."""
    return tuple(padded(choice_words(choice)) for slot in slots for choice in slot.parameter.choices)


def padded(text: str) -> str:
    """A text as the words that are compared, each between spaces, in lower case."""
    return f" {' '.join(_TERM.findall(text.casefold()))} "


def _labelled(name: str, description: str) -> str:
    words = identifier_words(name)
    return f"{words}: {description[:1000]}" if description else words


def _tool_features(tool: ToolSchema) -> list[float]:
    required, total = len(tool.required), len(tool.parameters)
    asks = tool.read_only is False
    return [1.0, not asks, required == 0, required / max(total, 1), min(total, 10) / 10, tool.read_only is None]


def _slot_features(slot: Slot, required: bool) -> list[float]:
    kind = slot.parameter.type
    one_hot = [float(kind == name) for name in SLOT_TYPES]
    parameter, form = slot.parameter, slot.parameter.schema.get("format")
    return [
        *one_hot,
        bool(parameter.choices),
        required,
        not slot.readers,
        form in ("date", "date-time"),
        form in ("time", "date-time"),
        parameter.has_default,
        "." in parameter.name,
        not parameter.description,
    ]
