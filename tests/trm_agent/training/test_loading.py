"""Batches come in order, whoever makes them."""

from __future__ import annotations

import logging
import multiprocessing

import pytest
import torch

from tests.trm_agent.model_doubles import episode, vocabulary
from trm_agent.testing import tiny_model
from trm_agent.training.batches import Plan, Steps, load_steps


def test_where_no_process_can_be_forked_batches_are_made_in_this_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps = Steps([episode()] * 3, vocabulary(), tiny_model().config, Plan(0, 4, 1.0, 0, 3))
    alone = list(load_steps(steps))
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    with caplog.at_level(logging.WARNING, "trm_agent"):
        helped = list(load_steps(steps, 2))
    assert [record.message for record in caplog.records] == [
        "this platform cannot fork processes: batches are made in this one"
    ]
    assert [step.number for step in helped] == [step.number for step in alone] == [0, 1, 2]
    for one, other in zip(helped, alone, strict=True):
        assert torch.equal(one.batch.tokens, other.batch.tokens)
