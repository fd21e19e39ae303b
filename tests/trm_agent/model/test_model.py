"""The network: shapes, what it may look at, what it must not notice, and that it can learn."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.trm_agent.model_doubles import episode, vocabulary
from trm_agent.model.heads import tool_readiness
from trm_agent.model.network import ModelConfig, RouterModel
from trm_agent.model.reader import recency_bucket
from trm_agent.model.spans import Scope
from trm_agent.testing import tiny_model
from trm_agent.training.losses import losses, total
from trm_agent.training.optimizer import assemble, make_optimizer


def test_an_answer_has_the_shapes_its_docstring_gives() -> None:
    model = tiny_model()
    batch, _ = assemble([episode(), episode(2)], vocabulary(), tiny_model().config)
    answers = list(model(batch_float(batch)))
    N, S, W, K, C = 7, 4, batch.tokens.shape[1], 2, 2
    assert len(answers) == 2, "one answer per supervision step"
    answer = answers[-1]
    shapes = [
        tuple(t.shape) for t in (answer.decision, answer.tool, answer.op, answer.start, answer.end, answer.choice)
    ]
    assert shapes == [(N, 2), (N, 1 + K), (N, S, 3), (N, S, W), (N, S, W), (N, C)]
    assert answer.halt.shape == (N,)


def batch_float(batch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    return replace(batch, tokens=batch.tokens.float())


def test_a_decision_point_does_not_see_what_comes_after_it() -> None:
    model = tiny_model().eval()
    words = vocabulary()
    whole, _ = assemble([episode()], words, tiny_model().config)
    cut, _ = assemble([episode(4)], words, tiny_model().config)
    late, early = list(model(batch_float(whole)))[-1], list(model(batch_float(cut)))[-1]
    for name in ("decision", "tool", "op", "choice", "halt"):
        torch.testing.assert_close(getattr(late, name)[:2], getattr(early, name), rtol=0, atol=1e-4)


def test_carrying_brings_in_the_point_before_of_the_same_episode_from_the_second_step_on() -> None:
    model, plain = tiny_model(carry=True).eval(), tiny_model().eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("carry")})
    batch, _ = assemble([episode(), episode(4)], vocabulary(), model.config)
    carried, alone = list(model(batch_float(batch))), list(plain(batch_float(batch)))
    torch.testing.assert_close(carried[0].y, alone[0].y)
    first = torch.tensor([n == 0 or batch.episode[n] != batch.episode[n - 1] for n in range(len(batch.episode))])
    same = torch.tensor([torch.allclose(a, b) for a, b in zip(carried[1].y, alone[1].y, strict=True)])
    assert torch.equal(same, first)


def test_padding_does_not_change_an_answer() -> None:
    model = tiny_model().eval()
    words = vocabulary()
    alone, _ = assemble([episode(4)], words, tiny_model().config)
    beside, _ = assemble([episode(4), episode()], words, tiny_model().config)
    one, two = list(model(batch_float(alone)))[-1], list(model(batch_float(beside)))[-1]
    torch.testing.assert_close(one.decision, two.decision[:2], rtol=0, atol=1e-4)
    torch.testing.assert_close(one.op, two.op[:2], rtol=0, atol=1e-4)


def test_no_parameter_belongs_to_a_tool_or_a_slot() -> None:
    sizes = {
        name: tuple(p.shape)
        for name, p in RouterModel(ModelConfig(encoder_width=8, width=16, heads=2)).named_parameters()
    }
    embeddings = {name for name in sizes if "role" in name or "age" in name or "recency" in name}
    for name, shape in sizes.items():
        if name not in embeddings:
            assert set(shape) <= {1, 2, 3, 4, 6, 8, 10, 12, 13, 14, 16, 20, 24, 28, 32, 38, 48, 64, 96, 128}, (
                name,
                shape,
            )


def test_the_plain_control_takes_one_step() -> None:
    batch, _ = assemble([episode()], vocabulary(), tiny_model().config)
    assert len(list(tiny_model(plain=True)(batch_float(batch)))) == 1


def test_readiness_falls_with_an_empty_required_slot_by_hand() -> None:
    model = tiny_model()
    batch, _ = assemble([episode()], vocabulary(), tiny_model().config)
    question = model.embed(batch_float(batch))
    op = torch.tensor([0.0, 0.0, -50.0]).expand(4, 4, 3)
    everything, lowest = tool_readiness(op, question)
    # find_bus requires two slots, each filled with probability 1/2; get_weather requires one.
    torch.testing.assert_close(everything[0], torch.log(torch.tensor([0.25, 0.5])))
    torch.testing.assert_close(lowest[0], torch.tensor([0.5, 0.5]))


def test_recency_is_exact_near_by_and_coarse_far_off() -> None:
    assert recency_bucket(torch.tensor([0, 3, 9, 10, 20, 40, 400])).tolist() == [0, 3, 9, 10, 12, 14, 15]


def test_a_width_that_heads_cannot_share_is_refused() -> None:
    with pytest.raises(ValueError, match="width must be a multiple of twice the heads, got width 30 and 4 heads"):
        ModelConfig(width=30)


@pytest.mark.parametrize("plain", [False, True])
def test_it_learns_one_batch(plain: bool) -> None:
    model = tiny_model(plain=plain)
    words = vocabulary()
    batch, targets = assemble([episode()], words, tiny_model().config)
    batch, scope = batch_float(batch), Scope.of(batch, 6)
    optimizer = make_optimizer(model, weight_decay=0.0)
    for group in optimizer.param_groups:
        group["lr"] = 1e-2
    for _ in range(150):
        optimizer.zero_grad()
        torch.stack([total(losses(answer, targets, scope)) for answer in model(batch)]).sum().backward()
        optimizer.step()
    parts = losses(list(model(batch))[-1], targets, scope)
    assert max(float(parts[name].detach()) for name in ("decision", "tool", "op", "span", "choice")) < 0.1
