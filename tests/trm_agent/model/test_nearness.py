"""What stands around the places at which the other slots of a call point."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from trm_agent.model.answers import FILLED, message_edges
from trm_agent.model.nearness import CHANNELS, Nearness, around, together
from trm_agent.testing import tiny_model

W = 40
OWNER = torch.tensor([[0] * 10 + [1] * 20 + [2] * 7 + [0] * 3])
"""Three messages, and three tokens of padding."""
REAL = torch.tensor([[True] * 37 + [False] * 3])


def sure(token: int) -> torch.Tensor:
    """One point, whose one slot surely stands there."""
    return (torch.arange(W) == token).float()[None, None]


def question() -> SimpleNamespace:
    return SimpleNamespace(messages=message_edges(OWNER, REAL), view=SimpleNamespace(episode=torch.tensor([0])))


def test_stretches_before_and_after_a_value_the_value_and_its_message() -> None:
    found = [channel.nonzero().squeeze(-1).tolist() for channel in around(sure(15), sure(17), question())[0, 0]]
    assert found == [
        [18, 19],
        [20, 21, 22, 23],
        [*range(24, 34)],
        [13, 14],
        [*range(9, 13)],
        [*range(9)],
        [15, 17],
        [*range(10, 30)],
    ]
    assert len(found) == CHANNELS


def test_messages_end_before_the_padding() -> None:
    first, last = message_edges(OWNER, REAL)
    assert first[0, [0, 9, 10, 29, 30, 36]].tolist() == [0, 0, 10, 10, 30, 30]
    assert last[0, [0, 9, 10, 29, 30, 36]].tolist() == [10, 10, 30, 30, 37, 37]


def test_only_open_slots_of_the_likely_tool_are_heard_and_never_the_slot_itself() -> None:
    op = torch.full((1, 3, 3), -1e4)
    op[..., FILLED] = 0
    answer = SimpleNamespace(tool=torch.tensor([[-1e4, 0.0, -1e4]]), op=op)
    asked = SimpleNamespace(
        reads=torch.tensor([[[True, True, False], [False, False, True]]]), closed=torch.tensor([[False, False, False]])
    )
    assert together(answer, asked)[0].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    asked.closed[0, 1] = True
    assert together(answer, asked)[0].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_it_learns_that_a_value_stands_right_after_another() -> None:
    torch.manual_seed(0)
    near, slots = Nearness(16), torch.randn(1, 2, 16)
    optimizer = torch.optim.Adam(near.parameters(), 0.1)

    def loss(place: int) -> torch.Tensor:
        start = torch.full((1, 2, W), -1e4)
        start[0, 0, place], start[0, 1] = 0, 0
        before = SimpleNamespace(
            start=start, end=start, tool=torch.tensor([[-1e4, 0.0]]), op=torch.tensor([[[-9.0, 9, -9]] * 2])
        )
        asked = SimpleNamespace(
            **vars(question()), reads=torch.ones(1, 1, 2, dtype=torch.bool), closed=torch.zeros(1, 2, dtype=torch.bool)
        )
        scores = near(slots, before, asked)[0][0, 1]
        return -scores.log_softmax(-1)[[place + 1, place + 2]].logsumexp(-1)

    first = loss(20).item()
    for step in range(60):
        optimizer.zero_grad()
        loss(11 + step % 15).backward()
        optimizer.step()
    assert loss(20).item() < first / 4 < 1, "places that it has seen as well as others"


def test_it_says_nothing_before_it_is_trained() -> None:
    near = tiny_model().heads.near
    assert near is not None
    assert not any(weight.any() for name, weight in near.named_parameters() if "key" not in name)
    assert tiny_model(plain=True).heads.near is None
