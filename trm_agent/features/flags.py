"""What a decision point adds to its conversation: what was done by then, and how near tools, slots and choices are.

K tools · S slots · C choices · M messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trm_agent.features.conversation import CHARACTER_LIMITS, Conversation
from trm_agent.features.tools import ToolTable, padded
from trm_agent.text.field_names import field_names, meant_fields, parameter_words

SLOT_FLAGS = 6
TOOL_FLAGS = 7
CHOICE_FLAGS = 8


@dataclass(frozen=True)
class Flags:
    """What changes from one decision point to the next: [K, 7], [S, 6], [C, 8]."""

    tools: np.ndarray
    slots: np.ndarray
    choices: np.ndarray


def point_flags(table: ToolTable, talk: Conversation, visible: Sequence[int]) -> list[Flags]:
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
            Flags(
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


def _comparable(text: str) -> str:
    """`padded`, remembered for texts of a usual length."""
    return _padded_before(text) if len(text) <= max(CHARACTER_LIMITS.values()) else padded(text)


@lru_cache(maxsize=4096)
def _padded_before(text: str) -> str:
    return padded(text)
