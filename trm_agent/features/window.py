"""Which tokens a decision point of a long conversation reads.

A point reads the newest messages, at most `MAX_TOKENS` tokens. Which ones depends on nothing that comes after it: so
a history that is replayed is read as it was read turn by turn, and every point reads only what was said before it.
The beginning moves on in strides, so that many points share one window and a replay costs a forward per stride.

M messages · W tokens · E encoder width.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby

from trm_agent.encoder.sentence import EncodedText
from trm_agent.features.conversation import MAX_TOKENS, TOKEN_LIMITS, Conversation, lay_out, read_text
from trm_agent.features.tools import TextEncoder
from trm_agent.types import Message

STRIDE = 192
"""Tokens that are dropped together. A smaller stride keeps more of a long conversation and makes its replay slower."""


def read_windows(
    history: Sequence[Message], points: Sequence[int], encoder: TextEncoder, budget: int
) -> Iterator[tuple[Conversation, list[int]]]:
    """Read a history for its decision points.

    Args:
        history: The whole of it.
        points: History lengths at which something is decided, ascending.
        encoder: Of its texts.
        budget: Points times tokens of one window; further points that read the same get a window of their own.

    Yields:
        What a number of points reads, and those points; its messages end with the last of them.
    """
    encoded = encoder.encode([read_text(message) for message in history])
    firsts = _firsts(history, points, encoded)
    for first, group in groupby(zip(firsts, points, strict=True), key=lambda pair: pair[0]):
        shared = [point for _, point in group]
        size = max(1, budget // MAX_TOKENS)
        for start in range(0, len(shared), size):
            chosen = shared[start : start + size]
            end = chosen[-1]
            yield lay_out(history[:end], encoded[:end], first), chosen


def first_messages(history: Sequence[Message], points: Sequence[int], encoder: TextEncoder) -> list[int]:
    """The oldest message that each point reads; 0 as long as the conversation fits."""
    return _firsts(history, points, encoder.encode([read_text(message) for message in history]))


def _firsts(history: Sequence[Message], points: Sequence[int], encoded: Sequence[EncodedText]) -> list[int]:
    lengths = (min(len(e.tokens), TOKEN_LIMITS[m.role]) for e, m in zip(encoded, history, strict=True))
    before = list(accumulate(lengths, initial=0))
    firsts = []
    for point in points:
        strides = -(-max(0, before[point] - MAX_TOKENS) // STRIDE)
        firsts.append(min(bisect_left(before, strides * STRIDE), point - 1))
    return firsts
