"""A long conversation is read the same turn by turn and replayed, and never from what comes later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.trm_agent.model_doubles import TOOLS
from trm_agent.features.conversation import MAX_TOKENS
from trm_agent.features.window import STRIDE, first_messages, read_windows
from trm_agent.routing.requests import decision_points
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Decision, Message

ENCODER = HashingEncoder()


def long_talk(turns: int, words: int = 12) -> list[Message]:
    """Different words in every turn, of different number."""
    history: list[Message] = []
    for turn in range(turns):
        said = " ".join(f"word{turn}x{i}" for i in range(1 + (turn * 7) % (2 * words)))
        history += [Message("user", f"a bus from Fresno to town{turn}, {said}"), Message("assistant", f"ok {said}")]
    return history


def told(decision: Decision) -> tuple[Any, ...]:
    return decision.decision, decision.tool, decision.arguments, decision.slots, decision.missing


@pytest.mark.parametrize("seed", range(3))
def test_a_long_conversation_is_the_same_replayed_and_turn_by_turn(seed: int) -> None:
    bound = tiny_router(seed).bind(TOOLS)
    history = long_talk(60)
    state: dict[str, Any] | None = None
    for length in decision_points(history):
        resumed = bound.decide(history[:length], state=state)
        state = resumed.state
        if length % 20 == 1:
            replayed = bound.decide(history[:length])
            assert told(replayed) == told(resumed)
            assert replayed.confidence == pytest.approx(resumed.confidence, abs=1e-4)


def test_in_a_batch_the_beginnings_of_a_long_conversation_are_decided_as_alone() -> None:
    bound = tiny_router(1).bind(TOOLS)
    history = long_talk(60)
    lengths = [1, 9, 61, 119, 120]
    together = bound.decide_batch([history[:length] for length in lengths])
    assert [told(decision) for decision in together] == [told(bound.decide(history[:length])) for length in lengths]


def test_no_point_reads_what_comes_later_or_more_than_fits() -> None:
    history = long_talk(80)
    points = decision_points(history)
    seen: list[int] = []
    for talk, chosen in read_windows(history, points, ENCODER, 40_000):
        seen += chosen
        assert len(talk.messages) == len(talk.message_vectors) == len(talk.roles) == chosen[-1]
        assert len(talk.tokens) <= MAX_TOKENS
        assert talk.token_message.max() < chosen[-1]
        assert (talk.token_message < chosen[0]).any()
        texts = {history[m].text[a:b] for m, (a, b) in zip(talk.token_message, talk.token_spans, strict=True)}
        assert f"town{(chosen[-1] - 1) // 2}" in texts
    assert seen == points


def test_the_beginning_moves_on_in_strides_and_depends_on_nothing_later() -> None:
    history = long_talk(80)
    points = decision_points(history)
    firsts = first_messages(history, points, ENCODER)
    assert firsts == sorted(firsts)
    assert firsts[0] == 0
    assert len(set(firsts)) < len(points) / 3
    for length, first in zip(points, firsts, strict=True):
        assert first_messages(history[:length], [length], ENCODER) == [first]
        lengths = [min(len(e.tokens), 160) for e in ENCODER.encode([m.text for m in history[first:length]])]
        assert sum(lengths) <= MAX_TOKENS
        assert first == 0 or sum(lengths) > MAX_TOKENS - STRIDE - 160


def test_points_beyond_the_budget_get_windows_of_their_own_that_read_the_same() -> None:
    history = long_talk(20, words=2)
    points = decision_points(history)
    small = list(read_windows(history, points, ENCODER, 4 * MAX_TOKENS))
    assert [len(chosen) for _, chosen in small] == [4] * 5
    ((whole, _),) = read_windows(history, points, ENCODER, 40_000)
    for talk, _ in small:
        assert np.array_equal(talk.tokens, whole.tokens[: len(talk.tokens)])
