"""A message list as arrays: which part of each message is read, and what each of its tokens covers.

M messages · W tokens · P likely values · E encoder width.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from trm_agent.encoder.sentence import EncodedText
from trm_agent.features.likeness import surroundings
from trm_agent.features.shapes import piece_spans, token_shapes
from trm_agent.features.tools import TextEncoder
from trm_agent.text.language import HAN
from trm_agent.types import ROLES, Message

TOKEN_LIMITS = {"system": 32, "user": 160, "assistant": 96, "tool_call": 32, "tool_response": 40}
CHARACTER_LIMITS = {"system": 160, "user": 1000, "assistant": 600, "tool_call": 200, "tool_response": 160}
MAX_TOKENS = 768
MARKS = 2
"""Of each token where a message is read one call at a time: that it is, and that an earlier call took the token up."""
LOUD = 4.0
"""What a mark says; a louder one is learned sooner from the few turns that have them."""
LONGEST_PIECE = 32
"""Longest piece that is marked, in tokens."""

_WORD = re.compile(rf"[^\W\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff{HAN}\uf900-\ufaff]")
"""A character of a word. Scripts without spaces between words (Chinese, Japanese, Thai, Lao, Khmer) have none: there a
value may begin and end anywhere."""
_CONTRACTION = re.compile(r"(?<=\w['’])(?:s|t|ll|re|ve|d|m)\b", re.IGNORECASE)
"""The end of "I'll" or "don't": no value begins there, though one may end before it ("Anna's")."""
_TERM = re.compile(r"[^\W_]+")


def read_text(message: Message) -> str:
    """The part of a message that is encoded: its beginning, so that a huge message costs no more than a long one."""
    return message.text[: CHARACTER_LIMITS[message.role]]


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
        marks: Zero but where a message is read one call at a time, [W, 2], see `one_at_a_time`.
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
    marks: np.ndarray

    def one_at_a_time(self, used: Iterable[tuple[int, int, int]]) -> Conversation:
        """The same conversation, to be read for its next call alone.

        Args:
            used: Message, first and one-past-last character of what the calls before took up.
        """
        marks = np.zeros((len(self.tokens), MARKS), np.float32)
        marks[:, 0] = LOUD
        for message, start, end in used:
            inside = (self.token_spans[:, 0] < end) & (self.token_spans[:, 1] > start)
            marks[(self.token_message == message) & inside, 1] = LOUD
        return replace(self, marks=marks)

    @property
    def whole(self) -> bool:
        """Whether it is read for all calls at once, as ever."""
        return not self.marks.any()

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
    tokens, spans, owner, parts = [], [], [], []
    words: list[str] = []
    found: list[tuple[int, int, int]] = []
    count = 0
    for index in range(first, len(messages)):
        message, limit = messages[index], TOKEN_LIMITS[messages[index].role]
        tokens.append(encoded[index].tokens[:limit])
        spans.append(encoded[index].spans[:limit])
        owner.append(np.full(len(tokens[-1]), index))
        parts.append(_read_tokens(read_text(message), np.ascontiguousarray(spans[-1], np.int32).tobytes()))
        words.extend(parts[-1].words)
        found.extend((count + at, extra, kind) for at, extra, kind in parts[-1].pieces)
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
        word_start=np.concatenate([part.starts for part in parts])[keep],
        word_end=np.concatenate([part.ends for part in parts])[keep],
        shapes=np.concatenate([part.shapes for part in parts])[keep],
        pieces=np.array([(at - cut, *rest) for at, *rest in found if at >= cut], np.int64).reshape(-1, 3),
        words=tuple(words[keep]),
        marks=np.zeros((min(count, MAX_TOKENS), MARKS), np.float32),
    )


@dataclass(frozen=True)
class _TokenWords:
    """How the tokens of one message are written, wherever in a conversation it stands.

    Attributes:
        starts: Whether a word starts with the token, [W].
        ends: Whether a word ends with the token, [W].
        shapes: [W, 28].
        words: The word of each token.
        pieces: First token, length − 1, kind.
    """

    starts: np.ndarray
    ends: np.ndarray
    shapes: np.ndarray
    words: tuple[str, ...]
    pieces: tuple[tuple[int, int, int], ...]


@lru_cache(maxsize=1024)
def _read_tokens(text: str, covered: bytes) -> _TokenWords:
    """What is written where; a conversation's messages are laid out again every turn.

    Args:
        text: Of a message.
        covered: The characters that each of its tokens covers, int32 [W, 2].
    """
    spans, breaks = np.frombuffer(covered, np.int32).reshape(-1, 2), _word_breaks(text)
    pieces = tuple(piece_spans(text, spans, 0, LONGEST_PIECE))
    starts, ends = breaks[spans[:, 0]], breaks[spans[:, 1]]
    for found in _CONTRACTION.finditer(text):
        starts = starts & (spans[:, 0] != found.start())
    return _TokenWords(starts, ends, token_shapes(text, spans), tuple(_words_of(text, spans)), pieces)


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


@lru_cache(maxsize=4096)
def _word_breaks(text: str) -> np.ndarray:
    """Whether no word runs across each character boundary, [len(text) + 1]; a message is read again every turn."""
    word = np.fromiter((_WORD.match(character) is not None for character in text), bool, len(text))
    breaks = np.ones(len(text) + 1, bool)
    breaks[1:-1] = ~(word[:-1] & word[1:])
    breaks.setflags(write=False)
    return breaks
