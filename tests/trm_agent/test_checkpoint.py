"""A checkpoint folder comes back as it was, or is refused with one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trm_agent.checkpoint import load_checkpoint
from trm_agent.errors import CheckpointError
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import SlotField

HISTORY = [{"role": "user", "content": "a bus from Fresno to Anaheim for 3 people"}]
TOOLS = [
    {
        "name": "find_bus",
        "description": "Find a bus",
        "parameters": {"properties": {"to": {"type": "string"}, "people": {"type": "integer"}}, "required": ["to"]},
    }
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a router for whose sizes no graphs are at hand, whatever other tests exported."""
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    tiny_router(slot_fields=[SlotField("phone", "a number", ("1", "2"))]).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def test_a_saved_router_decides_alike_and_knows_its_slot_fields(folder: Path) -> None:
    first = Router.from_pretrained(folder, encoder=HashingEncoder())
    first.save_pretrained(folder.parent / "again")
    again = Router.from_pretrained(folder.parent / "again", encoder=HashingEncoder())
    assert again.fingerprint == first.fingerprint
    assert again.checkpoint.slot_fields == (SlotField("phone", "a number", ("1", "2")),)
    left, right = (router.bind(TOOLS).decide(HISTORY, tool_choice="any") for router in (first, again))
    assert (left.arguments, left.confidence, left.state) == (right.arguments, right.confidence, right.state)


def test_nothing_in_a_checkpoint_is_a_pickle(folder: Path) -> None:
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "calibration.json", "training.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}: missing; a checkpoint needs model.safetensors, config.json"):
        load_checkpoint(folder)


def test_an_altered_or_truncated_file_is_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="truncated or altered: expected sha256"):
        load_checkpoint(folder)


def test_another_format_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "format": 99}))
    with pytest.raises(CheckpointError, match="expected format 1, got 99"):
        load_checkpoint(folder)


def test_damaged_json_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json: damaged"):
        load_checkpoint(folder)


def test_sizes_that_do_not_fit_the_weights_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["model"]["width"] = 32
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="not a checkpoint of this version"):
        load_checkpoint(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere: no such checkpoint folder"):
        load_checkpoint(tmp_path / "nowhere")


def test_another_encoder_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"trained on encoder 'hashing-32' .*, got 'hashing-16'"):
        Router.from_pretrained(folder, encoder=HashingEncoder(16))
