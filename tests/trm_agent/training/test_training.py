"""A run is a function of its seed: batches, learning rate, and what a resumed run goes on with."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.trm_agent.model_doubles import episode, vocabulary
from trm_agent.errors import CheckpointError
from trm_agent.model.network import RouterModel
from trm_agent.model.spans import Scope
from trm_agent.testing import tiny_model
from trm_agent.training.ema import EMA
from trm_agent.training.losses import losses, total
from trm_agent.training.optimizer import (
    Schedule,
    alike,
    assemble,
    load_training_state,
    make_optimizer,
    plan_epoch,
    plan_steps,
    relevance_floor,
    save_training_state,
    thin,
    weight,
)


def test_the_learning_rate_rises_and_falls_by_hand() -> None:
    schedule = Schedule(peak=1.0, warmup=4, total=12, floor=0.1)
    assert [schedule.at(step) for step in (0, 1, 3)] == [0.25, 0.5, 1.0]
    assert schedule.at(8) == pytest.approx(0.55)
    assert schedule.at(12) == pytest.approx(0.1)
    assert schedule.at(99) == pytest.approx(0.1)


def test_an_epoch_takes_every_episode_once_and_another_order_each_time() -> None:
    episodes = [episode(i % 3) for i in range(23)]
    first, second = plan_epoch(episodes, [1.0] * 23, 0, 0, 4), plan_epoch(episodes, [1.0] * 23, 0, 1, 4)
    assert sorted(i for batch in first for i in batch) == list(range(23))
    assert first != second
    assert first == plan_epoch(episodes, [1.0] * 23, 0, 0, 4)


def test_a_batch_weighs_no_more_than_asked_for_unless_one_episode_does() -> None:
    weights = [float(1 + i % 7) for i in range(40)]
    batches = plan_epoch([episode(i % 3) for i in range(40)], weights, 3, 0, 6.0)
    for batch in batches:
        assert sum(weights[i] for i in batch) <= 6 or len(batch) == 1


def test_neighbours_are_alike_in_length_and_among_those_in_rows() -> None:
    rng = random.Random(4)
    lengths = [rng.randrange(1000) for _ in range(600)]
    rows = [rng.randrange(60) for _ in range(600)]
    episodes: Any = [SimpleNamespace(length=a, tools=[0] * b, slots=[]) for a, b in zip(lengths, rows, strict=True)]
    order = list(alike(episodes, range(600)))
    assert sorted(order) == list(range(600))

    def spread(values: list[int]) -> float:
        batches = [[values[i] for i in order[start : start + 8]] for start in range(0, 600, 8)]
        return sum(max(batch) - min(batch) for batch in batches) / len(batches)

    assert spread(lengths) < 100
    assert spread(rows) < 20


def test_an_episode_weighs_what_its_points_and_rows_cost_by_hand() -> None:
    assert weight(episode(), 1.0) == 4.0
    assert weight(episode(), 0.25) == 3.25


def test_steps_go_on_where_they_stopped() -> None:
    episodes = [episode(i % 3) for i in range(10)]
    whole = list(plan_steps(episodes, 1, 12, 0.5, 0, 9))
    assert whole[5:] == list(plan_steps(episodes, 1, 12, 0.5, 5, 9))
    assert [step for step, _ in whole] == list(range(9))


def test_thinning_only_drops_points_after_a_result() -> None:
    story = episode()
    assert [p.messages for p in thin(story, random.Random(0), 0.0).points] == [1, 3, 7]
    assert thin(story, random.Random(0), 1.0) == story


def take_steps(model: RouterModel, optimizer: torch.optim.AdamW, ema: EMA, steps: range) -> None:
    batch, targets = assemble([episode()], vocabulary(), tiny_model().config)
    scope = Scope.of(batch, 6)
    for step in steps:
        torch.manual_seed(step)
        for group in optimizer.param_groups:
            group["lr"] = 1e-3
        torch.stack([total(losses(a, targets, scope)) for a in model(as_float(batch))]).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        ema.update(model)


def as_float(batch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    from dataclasses import replace

    return replace(batch, tokens=batch.tokens.float())


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_a_restored_run_ends_with_the_very_same_weights(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trm_agent.training.optimizer.NARROWEST_HIDDEN", 16)
    model = tiny_model()
    optimizer, ema = make_optimizer(model, kind), EMA(model)
    take_steps(model, optimizer, ema, range(3))
    save_training_state(tmp_path / "state.safetensors", 3, model, ema, optimizer)
    take_steps(model, optimizer, ema, range(3, 6))

    other = tiny_model(seed=9)
    other_optimizer, other_ema = make_optimizer(other, kind), EMA(other)
    step = load_training_state(tmp_path / "state.safetensors", other, other_ema, other_optimizer)
    take_steps(other, other_optimizer, other_ema, range(step, 6))
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
        assert torch.equal(ema.average[name], other_ema.average[name]), name


def test_muon_takes_the_matrices_between_hidden_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.training.optimizer.NARROWEST_HIDDEN", 16)
    model = tiny_model()
    optimizer = make_optimizer(model, "muon")
    taken = [group["params"] for group in optimizer.param_groups]
    assert sorted(id(p) for group in taken for p in group) == sorted(map(id, model.parameters()))
    assert taken[0]
    assert all(p.ndim == 2 and min(p.shape) >= 16 for p in taken[0])
    with pytest.raises(ValueError, match="adamw, muon, got 'sgd'"):
        make_optimizer(model, "sgd")


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    path.write_bytes(b"nonsense")
    model = tiny_model()
    with pytest.raises(CheckpointError, match=r"state\.safetensors: cannot resume from it"):
        load_training_state(path, model, EMA(model), make_optimizer(model))


def test_the_relevance_floor_lies_below_what_gold_calls_need() -> None:
    words = vocabulary()
    floor = relevance_floor([episode()], words)
    assert floor == relevance_floor([episode()] * 3, words)
    assert 0 < floor <= 0.2
    assert relevance_floor([episode()], words, most=0.05) == 0.05
    assert relevance_floor([episode(6)], words) == 0.2, "no calls, nothing to go by"
