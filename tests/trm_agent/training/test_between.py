"""Weights on the way from one checkpoint to another."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from trm_agent.decoding.calibration import Calibration, Logistic
from trm_agent.errors import CheckpointError
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.training.between import between
from trm_agent.types import SlotField


def test_each_parameter_goes_the_same_share_of_the_way() -> None:
    fitted = Calibration(value=Logistic((2.0,), 0.0))
    start = replace(tiny_router(seed=1).checkpoint, calibration=fitted)
    end = tiny_router(seed=2, slot_fields=[SlotField("phone")]).checkpoint
    before = {name: value.clone() for name, value in end.model.state_dict().items()}
    middle = between(start, end, 0.25)
    first = start.model.state_dict()
    for name, value in middle.model.state_dict().items():
        assert torch.allclose(value, 0.75 * first[name] + 0.25 * before[name], atol=1e-6), name
        assert torch.equal(end.model.state_dict()[name], before[name]), "the end itself stays as it is"
    assert middle.calibration == fitted
    assert middle.slot_fields == end.slot_fields


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_are_the_checkpoints_themselves(share: float) -> None:
    ends = tiny_router(seed=1).checkpoint, tiny_router(seed=2).checkpoint
    found = between(*ends, share).model.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in ends[int(share)].model.state_dict().items())


def test_there_is_no_way_between_networks_of_other_sizes() -> None:
    with pytest.raises(CheckpointError, match="no way between checkpoints that differ in their parameters"):
        between(tiny_router().checkpoint, tiny_router(encoder=HashingEncoder(16)).checkpoint, 0.5)
