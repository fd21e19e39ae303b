"""Tools and conversations → tensors: the only place that decides the layout of x.

B episodes · N decision points · M messages · W tokens · K tools · S slots · C choices · E encoder width.
Tokens, messages and tools belong to an episode and are read once for all its decision points; a point adds how much
of the conversation it sees and what was done in it. Which choice belongs to which slot, and which slot to which
tool, is given by index: nothing depends on the order, and no tool, service or slot has an identity of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from trm_agent.encoder.sentence import EncodedText
from trm_agent.features.likeness import (
    Label,
    read_labels,
    slot_likeness,
    surroundings,
    tool_likeness,
)
from trm_agent.features.shapes import piece_spans, token_shapes
from trm_agent.text.field_names import field_names, meant_fields, parameter_words
from trm_agent.types import ROLES, Message, Slot, ToolSchema, identifier_words

TOKEN_LIMITS = {"system": 32, "user": 160, "assistant": 96, "tool_call": 32, "tool_response": 40}
CHARACTER_LIMITS = {"system": 160, "user": 1000, "assistant": 600, "tool_call": 200, "tool_response": 160}
MAX_TOKENS = 768
LONGEST_PIECE = 32
"""Longest piece that is marked, in tokens."""
RECENT_MESSAGES = 6
RECENCY_BUCKETS = 16
SLOT_TYPES = ("string", "integer", "number", "boolean", "array", "object")
SLOT_FEATURES = len(SLOT_TYPES) + 8
SLOT_FLAGS = 6
REQUIRED_FEATURE = len(SLOT_TYPES) + 1
"""Column of a slot's features that says whether a tool requires it."""
TOOL_FEATURES = 6
TOOL_FLAGS = 7
CHOICE_FLAGS = 8

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_WORD = re.compile(r"\w")
_TERM = re.compile(r"[^\W_]+")


def read_text(message: Message) -> str:
    """The part of a message that is encoded: its beginning, so that a huge message costs no more than a long one."""
    return message.text[: CHARACTER_LIMITS[message.role]]


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
    by_tool = [_labelled(tool.name, tool.description) for tool in tools]
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
    return tuple(_padded(choice_words(choice)) for slot in slots for choice in slot.parameter.choices)


@dataclass(frozen=True)
class Conversation:
    """A message list as arrays, with what each token covers.

    Attributes:
        messages: As given.
        message_vectors: [M, E].
        roles: Index into `ROLES`, [M].
        tokens: float16 [W, E].
        token_message: Message of each token, [W].
        token_spans: Characters of `Message.text` each token covers, [W, 2].
        word_start: Whether a word starts with the token, [W].
        word_end: Whether a word ends with the token, [W].
        shapes: How each token is written, [W, 28], see `shapes.token_shapes`.
        pieces: Likely values: first token, length − 1, kind; [P, 3].
        words: The word each token stands in, in lower case.
    """

    messages: tuple[Message, ...]
    message_vectors: np.ndarray
    roles: np.ndarray
    tokens: np.ndarray
    token_message: np.ndarray
    token_spans: np.ndarray
    word_start: np.ndarray
    word_end: np.ndarray
    shapes: np.ndarray
    pieces: np.ndarray
    words: tuple[str, ...]

    @cached_property
    def unit_tokens(self) -> np.ndarray:
        """The tokens at unit length, float32 [W, E]."""
        tokens = self.tokens.astype(np.float32)
        return tokens / np.maximum(np.linalg.norm(tokens, axis=-1, keepdims=True), 1e-6)

    @cached_property
    def around(self) -> np.ndarray:
        """What stands around each token, [W, E]."""
        return surroundings(self.unit_tokens, self.token_message)


def read_conversation(messages: Sequence[Message], encoder: TextEncoder) -> Conversation:
    """Encode the messages; each role is cut at its limit, and the oldest tokens go beyond `MAX_TOKENS`."""
    return lay_out(messages, encoder.encode([read_text(message) for message in messages]))


def lay_out(messages: Sequence[Message], encoded: Sequence[EncodedText], first: int = 0) -> Conversation:
    """Encoded messages as a conversation, as `read_conversation` does.

    Args:
        messages: At least one.
        encoded: What the encoder says of each message's `read_text`.
        first: The oldest message whose tokens are kept.
    """
    tokens, spans, owner, starts, ends, shapes = [], [], [], [], [], []
    words: list[str] = []
    found: list[tuple[int, int, int]] = []
    count = 0
    for index in range(first, len(messages)):
        message, part = messages[index], encoded[index]
        text = read_text(message)
        limit, breaks = TOKEN_LIMITS[message.role], _word_breaks(text)
        tokens.append(part.tokens[:limit])
        spans.append(part.spans[:limit])
        owner.append(np.full(len(tokens[-1]), index))
        starts.append(breaks[spans[-1][:, 0]])
        ends.append(breaks[spans[-1][:, 1]])
        shapes.append(token_shapes(text, spans[-1]))
        words.extend(_words_of(text, spans[-1]))
        found.extend(piece_spans(text, spans[-1], count, LONGEST_PIECE))
        count += len(tokens[-1])
    keep = slice(-MAX_TOKENS, None)
    cut = max(0, count - MAX_TOKENS)
    return Conversation(
        messages=tuple(messages),
        message_vectors=np.stack([part.sentence for part in encoded]),
        roles=np.array([ROLES.index(message.role) for message in messages]),
        tokens=np.concatenate(tokens)[keep],
        token_message=np.concatenate(owner)[keep].astype(np.int64),
        token_spans=np.concatenate(spans)[keep],
        word_start=np.concatenate(starts)[keep],
        word_end=np.concatenate(ends)[keep],
        shapes=np.concatenate(shapes)[keep],
        pieces=np.array([(at - cut, *rest) for at, *rest in found if at >= cut], np.int64).reshape(-1, 3),
        words=tuple(words[keep]),
    )


def _words_of(text: str, spans: np.ndarray) -> list[str]:
    """The word that each token stands in, in lower case; of what is no word, the token."""
    owner, words = _word_places(text)
    return [
        words[owner[start]] if start < len(owner) and owner[start] >= 0 else text[start:end].lower()
        for start, end in spans.tolist()
    ]


@lru_cache(maxsize=4096)
def _word_places(text: str) -> tuple[list[int], list[str]]:
    owner, words = [-1] * len(text), list[str]()
    for match in _TERM.finditer(text):
        owner[match.start() : match.end()] = [len(words)] * (match.end() - match.start())
        words.append(match.group().lower())
    return owner, words


def relevance_by_length(talk: Conversation, table: ToolTable) -> np.ndarray:
    """Per history length: how near what the user said so far comes to any tool, as the best cosine; [M + 1].

    A call in the history makes it relevant whatever was said.
    """
    if not len(table.tools):
        return relevance(talk, lambda m: -1.0)
    return relevance(talk, lambda m: float((table.tool_vectors @ talk.message_vectors[m]).max()))


def relevance(talk: Conversation, nearest: Callable[[int], float]) -> np.ndarray:
    """`relevance_by_length`, where the best cosine of a message with any tool is known; [M + 1]."""
    near = np.full(len(talk.messages) + 1, -1.0)
    for n, message in enumerate(talk.messages, 1):
        near[n] = near[n - 1]
        if message.role == "tool_call":
            near[n] = 1.0
        elif message.role == "user":
            near[n] = max(near[n], nearest(n - 1))
    return near


@dataclass
class Batch:
    """Episodes and their decision points, padded; see the module docstring for the axes.

    Attributes:
        tokens: [B, W, E].
        token_mask: True for real tokens, [B, W].
        token_message: [B, W].
        word_start: [B, W].
        word_end: [B, W].
        message_vectors: [B, M, E].
        roles: [B, M].
        tool_vectors: [B, K, E].
        tool_features: [B, K, 6].
        tool_mask: [B, K].
        slot_vectors: [B, S, E].
        slot_features: [B, S, 14].
        slot_mask: [B, S].
        required: [B, K, S].
        optional: [B, K, S].
        choice_vectors: [B, C, E].
        choice_slot: [B, C].
        choice_mask: [B, C].
        episode: Episode of each point, [N].
        visible: Messages each point sees, [N].
        tool_flags: What was done with the tool, how near it is to what was said; [N, K, 7], see `_tool_flags`.
        slot_flags: What calls and results hold of the slot, how near it is; [N, S, 6], see `_slot_flags`.
        choice_flags: Literal mentions of the choice, how near it is; [N, C, 8], see `_choice_flags`.
        shapes: How each token is written, [B, W, 28].
        pieces: Likely values: first token, length − 1, kind; the kind is −1 for none; [B, P, 3].
        slot_likeness: How like each token is to the words of each slot, [B, S, W, 16], see `features.likeness`.
        tool_likeness: The same of each tool, [B, K, W, 3].
        label_tokens: Token vectors of each slot's name and description, float16 [B, S, T, E].
        label_mask: True for real tokens, [B, S, T].
    """

    tokens: Tensor
    token_mask: Tensor
    token_message: Tensor
    word_start: Tensor
    word_end: Tensor
    message_vectors: Tensor
    roles: Tensor
    tool_vectors: Tensor
    tool_features: Tensor
    tool_mask: Tensor
    slot_vectors: Tensor
    slot_features: Tensor
    slot_mask: Tensor
    required: Tensor
    optional: Tensor
    choice_vectors: Tensor
    choice_slot: Tensor
    choice_mask: Tensor
    episode: Tensor
    visible: Tensor
    tool_flags: Tensor
    slot_flags: Tensor
    choice_flags: Tensor
    shapes: Tensor
    pieces: Tensor
    slot_likeness: Tensor
    tool_likeness: Tensor
    label_tokens: Tensor
    label_mask: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        return replace(self, **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory, from which a GPU copies while it computes."""
        return replace(self, **{f.name: getattr(self, f.name).pin_memory() for f in fields(self)})


def collate(items: Sequence[tuple[ToolTable, Conversation, Sequence[int]]]) -> Batch:
    """Pad (tools, conversation, visible message counts of its decision points) to one batch."""
    import torch

    return Batch(**{name: torch.from_numpy(array) for name, array in collate_arrays(items).items()})


def collate_arrays(items: Sequence[tuple[ToolTable, Conversation, Sequence[int]]]) -> dict[str, np.ndarray]:
    """The fields of a `Batch` as arrays, for where there is no torch."""
    tables = [table for table, _, _ in items]
    talks = [talk for _, talk, _ in items]
    flags = [_point_flags(table, talk, visible) for table, talk, visible in items]
    K = max(1, *(len(t.tools) for t in tables))
    S = max(1, *(len(t.slots) for t in tables))
    C = max(1, *(len(t.choice_slot) for t in tables))
    W = max(1, *(len(t.tokens) for t in talks))
    episode = np.concatenate([np.full(len(visible), b) for b, (_, _, visible) in enumerate(items)])
    counts = np.concatenate([np.asarray(visible) for _, _, visible in items])
    return {
        "tokens": _pad([t.tokens for t in talks], W),
        "token_mask": _pad([np.ones(len(t.tokens), bool) for t in talks], W),
        "token_message": _pad([t.token_message for t in talks], W),
        "word_start": _pad([t.word_start for t in talks], W),
        "word_end": _pad([t.word_end for t in talks], W),
        "message_vectors": _pad([t.message_vectors for t in talks]),
        "roles": _pad([t.roles for t in talks]),
        "tool_vectors": _pad([t.tool_vectors for t in tables], K),
        "tool_features": _pad([t.tool_features for t in tables], K),
        "tool_mask": _pad([np.ones(len(t.tools), bool) for t in tables], K),
        "slot_vectors": _pad([t.slot_vectors for t in tables], S),
        "slot_features": _pad([t.slot_features for t in tables], S),
        "slot_mask": _pad([np.ones(len(t.slots), bool) for t in tables], S),
        "required": _pad([t.required for t in tables], K, S),
        "optional": _pad([t.optional for t in tables], K, S),
        "choice_vectors": _pad([t.choice_vectors for t in tables], C),
        "choice_slot": _pad([t.choice_slot for t in tables], C),
        "choice_mask": _pad([np.ones(len(t.choice_slot), bool) for t in tables], C),
        "episode": episode,
        "visible": counts,
        "tool_flags": _pad([point.tools for points in flags for point in points], K),
        "slot_flags": _pad([point.slots for points in flags for point in points], S),
        "choice_flags": _pad([point.choices for points in flags for point in points], C),
        "shapes": _pad([t.shapes for t in talks], W),
        "pieces": _pad_pieces([t.pieces for t in talks]),
        "slot_likeness": _pad([_slot_likeness(t, talk) for t, talk, _ in items], S, W),
        "tool_likeness": _pad([_tool_likeness(t, talk) for t, talk, _ in items], K, W),
        "label_tokens": _pad([_labels(t) for t in tables], S),
        "label_mask": _pad([_label_mask(t) for t in tables], S),
    }


def _slot_likeness(table: ToolTable, talk: Conversation) -> np.ndarray:
    return slot_likeness(table.slot_labels, talk.unit_tokens, talk.words, talk.around, table.owners)


def _tool_likeness(table: ToolTable, talk: Conversation) -> np.ndarray:
    return tool_likeness(table.tool_labels, table.tool_vectors, talk.unit_tokens, talk.around)


def _labels(table: ToolTable) -> np.ndarray:
    """Token vectors of the slots' labels, [S, T, E]."""
    width = table.slot_vectors.shape[-1]
    longest = max([1, *(len(label.tokens) for label in table.slot_labels)])
    out = np.zeros((len(table.slot_labels), longest, width), np.float16)
    for row, label in zip(out, table.slot_labels, strict=True):
        row[: len(label.tokens)] = label.tokens
    return out


def _label_mask(table: ToolTable) -> np.ndarray:
    longest = max([1, *(len(label.tokens) for label in table.slot_labels)])
    counts = np.array([len(label.tokens) for label in table.slot_labels]).reshape(-1, 1)
    return np.arange(longest)[None] < counts


def _pad_pieces(found: Sequence[np.ndarray]) -> np.ndarray:
    out = np.full((len(found), max([1, *(len(rows) for rows in found)]), 3), -1, np.int64)
    for row, rows in zip(out, found, strict=True):
        row[: len(rows)] = rows
    return out


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


@lru_cache(maxsize=4096)
def _word_breaks(text: str) -> np.ndarray:
    """Whether no word runs across each character boundary, [len(text) + 1]; a message is read again every turn."""
    word = np.fromiter((_WORD.match(character) is not None for character in text), bool, len(text))
    breaks = np.ones(len(text) + 1, bool)
    breaks[1:-1] = ~(word[:-1] & word[1:])
    breaks.setflags(write=False)
    return breaks


def _comparable(text: str) -> str:
    """`_padded`, remembered for texts of a usual length."""
    return _padded_before(text) if len(text) <= max(CHARACTER_LIMITS.values()) else _padded(text)


@lru_cache(maxsize=4096)
def _padded_before(text: str) -> str:
    return _padded(text)


def _padded(text: str) -> str:
    return f" {' '.join(_TERM.findall(text.casefold()))} "


@dataclass(frozen=True)
class _Flags:
    """What changes from one decision point to the next: [K, 7], [S, 6], [C, 8]."""

    tools: np.ndarray
    slots: np.ndarray
    choices: np.ndarray


def _point_flags(table: ToolTable, talk: Conversation, visible: Sequence[int]) -> list[_Flags]:
    """The flags of every decision point of a conversation."""
    nearness = _Nearness.of(table, talk)
    done = _Done.of(table, talk)
    mentioned = _mentions(table, talk, max(visible))
    roles = [message.role for message in talk.messages]
    out = []
    for count in visible:
        users = [m for m in range(count) if roles[m] == "user"]
        spoken = [m for m in range(count) if roles[m] == "assistant"]
        out.append(
            _Flags(
                _tool_flags(done, nearness.tools, count, users, spoken),
                _slot_flags(done, nearness.slots, count, users, spoken),
                _choice_flags(mentioned[:count], nearness.choices, table.choice_slot, users, spoken),
            )
        )
    return out


@dataclass(frozen=True)
class _Nearness:
    """Cosine of every tool, slot and choice with every message: [K, M], [S, M], [C, M]."""

    tools: np.ndarray
    slots: np.ndarray
    choices: np.ndarray

    @classmethod
    def of(cls, table: ToolTable, talk: Conversation) -> _Nearness:
        said = talk.message_vectors.T
        return cls(table.tool_vectors @ said, table.slot_vectors @ said, table.choice_vectors @ said)


@dataclass(frozen=True)
class _Done:
    """What calls and results of a conversation say of tools and slots.

    Attributes:
        called: (message, tool) of every call of a tool on offer.
        filled: Message of a call → slots that it fills, [S].
        other: Message of a call → slots whose parameter name it fills for another tool, [S].
        returned: Message of a result → slots that one of its fields may fill, [S].
    """

    called: list[tuple[int, int]]
    filled: dict[int, np.ndarray]
    other: dict[int, np.ndarray]
    returned: dict[int, np.ndarray]
    tools: int
    slots: int

    @classmethod
    def of(cls, table: ToolTable, talk: Conversation) -> _Done:
        rows = {tool.name: k for k, tool in enumerate(table.tools)}
        names = [parameter_words(slot.parameter.name) for slot in table.slots]
        called, filled, other, returned = [], {}, {}, {}
        for m, message in enumerate(talk.messages):
            if message.role == "tool_call":
                tool = message.content["name"]
                if tool in rows:
                    called.append((m, rows[tool]))
                given = field_names(message.content.get("arguments", {}))
                named = np.array([name in given for name in names], bool).reshape(-1)
                reads = np.array([any(t == tool for t, _ in slot.readers) for slot in table.slots], bool).reshape(-1)
                filled[m], other[m] = named & reads, named & ~reads
            elif message.role == "tool_response":
                given = field_names(message.content)
                meant = [bool(meant_fields(slot.parameter, given)) for slot in table.slots]
                returned[m] = np.array(meant, bool).reshape(-1)
        return cls(called, filled, other, returned, len(table.tools), len(table.slots))


def _near(nearness: np.ndarray, users: Sequence[int], spoken: Sequence[int]) -> np.ndarray:
    """Cosine with the last user message, its lead over the best, with any user message, the last answer; [·, 4]."""
    out = np.zeros((len(nearness), 4), np.float32)
    if len(nearness) and users:
        out[:, 0] = nearness[:, users[-1]]
        out[:, 1] = out[:, 0] - out[:, 0].max()
        out[:, 2] = nearness[:, list(users)].max(1)
    if spoken:
        out[:, 3] = nearness[:, spoken[-1]]
    return out


def _tool_flags(
    done: _Done, nearness: np.ndarray, count: int, users: Sequence[int], spoken: Sequence[int]
) -> np.ndarray:
    """Called since the last user message, called before, called last; then as in `_near`; [K, 7]."""
    flags = np.zeros((done.tools, 3), np.float32)
    since = users[-1] if users else 0
    calls = [(m, k) for m, k in done.called if m < count]
    for m, k in calls:
        flags[k, 0 if m > since else 1] = 1
    if calls:
        flags[calls[-1][1], 2] = 1
    return np.concatenate([flags, _near(nearness, users, spoken)], axis=1)


def _slot_flags(
    done: _Done, nearness: np.ndarray, count: int, users: Sequence[int], spoken: Sequence[int]
) -> np.ndarray:
    """Filled by the latest call, by any call of a tool that reads it, by its name in another tool's call, a field of
    the latest result; cosine with the last user message and the last answer; [S, 6].
    """
    flags = np.zeros((done.slots, SLOT_FLAGS), np.float32)
    calls = [m for m in done.filled if m < count]
    results = [m for m in done.returned if m < count]
    if calls:
        flags[:, 0] = done.filled[calls[-1]]
        flags[:, 1] = np.any([done.filled[m] for m in calls], axis=0)
        flags[:, 2] = np.any([done.other[m] for m in calls], axis=0)
    if results:
        flags[:, 3] = done.returned[results[-1]]
    flags[:, 4:] = _near(nearness, users, spoken)[:, [0, 3]]
    return flags


def _mentions(table: ToolTable, talk: Conversation, last: int) -> np.ndarray:
    """Whether a message holds a choice word for word, [last, C]."""
    mentioned = np.zeros((last, len(table.choice_texts)), bool)
    if table.choice_texts:
        for m, message in enumerate(talk.messages[:last]):
            text = _comparable(message.text)
            mentioned[m] = [choice in text for choice in table.choice_texts]
    return mentioned


def _choice_flags(
    mentioned: np.ndarray, nearness: np.ndarray, owner: np.ndarray, users: Sequence[int], spoken: Sequence[int]
) -> np.ndarray:
    """Mentioned in the last user message, in any, in the last answer, anywhere, how lately; cosine with the last user
    message, its lead within the slot, with any user message; [C, 8].
    """
    C = mentioned.shape[1]
    flags = np.zeros((C, CHOICE_FLAGS), np.float32)
    if users:
        flags[:, 0], flags[:, 1] = mentioned[users[-1]], mentioned[list(users)].any(0)
        flags[:, 5] = nearness[:, users[-1]]
        best = np.full(int(owner.max()) + 1 if C else 0, -1.0, np.float32)
        np.maximum.at(best, owner, flags[:, 5])
        flags[:, 6] = flags[:, 5] - best[owner]
        flags[:, 7] = nearness[:, list(users)].max(1)
    if spoken:
        flags[:, 2] = mentioned[spoken[-1]]
    flags[:, 3] = mentioned.any(0)
    age = np.where(mentioned.any(0), mentioned[::-1].argmax(0), 99)
    flags[:, 4] = np.where(age < 99, 1 / (1 + age), 0)
    return flags


def _pad(arrays: Sequence[np.ndarray], *sizes: int) -> np.ndarray:
    """Stack arrays, each axis zero-padded to the largest, or to the size given."""
    rank = arrays[0].ndim
    shape = [max([*sizes[axis : axis + 1], *(a.shape[axis] for a in arrays)]) for axis in range(rank)]
    out = np.zeros((len(arrays), *shape), arrays[0].dtype)
    for row, array in zip(out, arrays, strict=True):
        row[tuple(slice(0, size) for size in array.shape)] = array
    return out
