"""Each point stops on its own, is answered as it was when it stopped, and a router with other steps says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.trm_agent.model_doubles import MESSAGES, TOOLS, episode, vocabulary
from trm_agent.features.batch import Batch
from trm_agent.model.answers import Answer
from trm_agent.model.halting import Halting, outline
from trm_agent.testing import tiny_model, tiny_router
from trm_agent.training.optimizer import assemble


@pytest.fixture(scope="module")
def batch() -> Batch:
    return assemble([episode(), episode(2)], vocabulary(), tiny_model().config)[0]


@pytest.fixture(scope="module")
def answers(batch: Batch) -> list[Answer]:
    with torch.inference_mode():
        return list(tiny_model()(batch, steps=4))


def with_halt(answers: list[Answer], probabilities: Tensor) -> list[Answer]:
    """The same answers with these halting probabilities, [steps, N]."""
    return [replace(a, halt=torch.logit(p)) for a, p in zip(answers, probabilities, strict=True)]


def test_by_default_every_point_takes_every_step(answers: list[Answer], batch: Batch) -> None:
    answer, steps = Halting().last(answers, batch)
    assert steps == [4] * len(batch.episode)
    assert torch.equal(answer.decision, answers[-1].decision)
    assert torch.equal(answer.start, answers[-1].start)


def test_a_point_keeps_the_answer_with_which_it_stopped(answers: list[Answer], batch: Batch) -> None:
    N = len(batch.episode)
    sure = torch.full((4, N), 0.1)
    sure[0, 0] = sure[2, 1] = 0.9
    sure[1, 0] = 0.95
    answer, steps = Halting(threshold=0.9).last(with_halt(answers, sure), batch)
    assert steps == [1, 3] + [4] * (N - 2)
    for n, step in enumerate(steps):
        for name in ("decision", "tool", "op", "start", "end", "choice", "calls"):
            assert torch.equal(getattr(answer, name)[n], getattr(answers[step - 1], name)[n]), (name, n)


def test_no_step_is_taken_after_the_last_point_stopped(answers: list[Answer], batch: Batch) -> None:
    taken = iter(with_halt(answers, torch.full((4, len(batch.episode)), 0.8)))
    Halting(threshold=0.5).last(taken, batch)
    assert len(list(taken)) == 3


def test_a_point_stops_when_its_answer_is_that_of_the_step_before(answers: list[Answer], batch: Batch) -> None:
    first, second = answers[0], replace(answers[0], decision=answers[0].decision.flip(-1))
    flipped = torch.zeros(len(batch.episode), 1, dtype=torch.bool)
    flipped[0] = True
    second = replace(second, decision=torch.where(flipped, second.decision, first.decision))
    _, steps = Halting(unchanged=True).last([first, second, second, second], batch)
    assert steps == [3] + [2] * (len(batch.episode) - 1)


def test_an_outline_holds_what_counts_and_nothing_of_slots_that_are_not_filled(
    answers: list[Answer], batch: Batch
) -> None:
    answer = answers[0]
    empty = replace(answer, op=torch.tensor([1.0, 0.0, 0.0]).expand_as(answer.op))
    moved = replace(empty, start=-empty.start, end=-empty.end, choice=-empty.choice, halt=empty.halt + 1)
    assert torch.equal(outline(empty, batch), outline(moved, batch))
    filled = replace(answer, op=torch.tensor([0.0, 1.0, 0.0]).expand_as(answer.op))
    moved = replace(filled, start=-filled.start)
    assert not torch.equal(outline(filled, batch), outline(moved, batch))
    picked = replace(filled, choice=-filled.choice)
    assert not torch.equal(outline(filled, batch), outline(picked, batch))


def test_a_threshold_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a probability in \[0, 1\], got 90"):
        Halting(threshold=90)


def test_a_router_with_other_steps_shares_weights_and_encoder_but_not_state() -> None:
    router = tiny_router(seed=3)
    before = router.bind(TOOLS).decide(MESSAGES[:3])
    more = router.with_steps(4)
    decision = more.bind(TOOLS).decide(MESSAGES[:3])
    assert (before.supervision_steps, decision.supervision_steps) == (2, 4)
    assert more.encoder is router.encoder
    assert more.model.net is router.model.net
    assert router.model.config.supervision_steps == 2
    assert decision.probabilities != before.probabilities
    assert more.fingerprint != router.fingerprint
    again = more.with_steps(2).bind(TOOLS).decide(MESSAGES[:3])
    assert (again.probabilities, again.state) == (before.probabilities, before.state)
    early = router.with_steps(4, Halting(threshold=0.0))
    assert early.fingerprint != more.fingerprint
    assert early.bind(TOOLS).decide(MESSAGES[:3]).supervision_steps == 1
    with pytest.raises(ValueError, match="at least one supervision step, got 0"):
        router.with_steps(0)


def test_a_router_that_halts_decides_alike_with_and_without_state() -> None:
    router = tiny_router(seed=3)
    halts = [router.with_steps(s).bind(TOOLS).decide(MESSAGES[:n]).scores["halt"] for s in (1, 2) for n in (1, 3, 7)]
    bound = router.with_steps(4, Halting(threshold=sorted(halts)[3], unchanged=True)).bind(TOOLS)
    first = bound.decide(MESSAGES[:1])
    handed_on = bound.decide(MESSAGES[:3], state=first.state)
    alone = bound.decide(MESSAGES[:3])
    assert handed_on.supervision_steps == alone.supervision_steps
    assert handed_on.slots == alone.slots
    assert handed_on.decision == alone.decision
