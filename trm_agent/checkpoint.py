"""A checkpoint folder: weights, sizes, encoder, calibration and training record, saved and loaded together.

    model.safetensors   the EMA weights, float16
    config.json         format, model sizes, slot fields, encoder name and fingerprint, sha256 of the weights
    calibration.json    raw scores → probabilities
    training.json       data fingerprints, seed, commit, metrics
    responses.jsonl, responses.safetensors    words for direct answers, where they were learned (`trm_agent.responses`)
    decoder.json, decoder.safetensors         likewise, what words them anew

No pickle is ever read. A folder that is incomplete, altered or made for another encoder is refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from trm_agent.decoding.calibration import Calibration
from trm_agent.errors import CheckpointError
from trm_agent.model.network import ModelConfig, RouterModel
from trm_agent.responses.choosing import Responses
from trm_agent.responses.storage import load_responses, save_responses
from trm_agent.types import SlotField

FORMAT = 1
WEIGHTS, CONFIG, CALIBRATION, TRAINING = "model.safetensors", "config.json", "calibration.json", "training.json"


@dataclass(frozen=True)
class Checkpoint:
    """What a folder holds.

    Attributes:
        model: In evaluation mode, on the CPU.
        encoder_name: Of the encoder it was trained on.
        encoder_fingerprint: Of that encoder's weights.
        slot_fields: Slots beside the tools' parameters that it was trained with.
        calibration: Identity until one is fitted.
        training: The training record.
        weights_sha256: Of `model.safetensors`; empty before it is saved.
        responses: Words for direct answers; None where none were learned.
    """

    model: RouterModel
    encoder_name: str
    encoder_fingerprint: str
    slot_fields: tuple[SlotField, ...] = ()
    calibration: Calibration = field(default_factory=Calibration.identity)
    training: dict[str, Any] = field(default_factory=dict)
    weights_sha256: str = ""
    responses: Responses | None = None

    def calibrated_with(self, calibration: Calibration, samples: int) -> Checkpoint:
        """The same with another calibration, fitted on so many samples; the training record says so."""
        record = {**self.training, "calibration": calibration.summary(samples)}
        return replace(self, calibration=calibration, training=record)

    def save(self, folder: Path) -> None:
        """Write the folder; what is there already is replaced when all files are written, the config last."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.detach().half().contiguous() for name, value in self.model.state_dict().items()}
        save_file(weights, _partial(folder / WEIGHTS))
        config = {
            "format": FORMAT,
            "model": self.model.config.to_json(),
            "encoder": {"name": self.encoder_name, "fingerprint": self.encoder_fingerprint},
            "slot_fields": [slot_field.to_json() for slot_field in self.slot_fields],
            "weights_sha256": _sha256(_partial(folder / WEIGHTS)),
        }
        if self.responses is not None:
            save_responses(self.responses, folder, str(config["weights_sha256"]))
        for name, data in ((CALIBRATION, self.calibration.to_json()), (TRAINING, self.training), (CONFIG, config)):
            text = json.dumps(data, indent=1, ensure_ascii=False)
            _partial(folder / name).write_text(f"{text}\n", encoding="utf-8")
        for name in (WEIGHTS, CALIBRATION, TRAINING, CONFIG):
            _partial(folder / name).replace(folder / name)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint folder.

    Raises:
        CheckpointError: A file is missing, damaged, altered, or of another format.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such checkpoint folder")
    config = _read(folder / CONFIG)
    if config.get("format") != FORMAT:
        raise CheckpointError(f"{folder / CONFIG}: expected format {FORMAT}, got {config.get('format')!r}")
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise CheckpointError(
            f"{weights}: missing; a checkpoint needs {WEIGHTS}, {CONFIG}, {CALIBRATION} and {TRAINING}"
        )
    found = _sha256(weights)
    if found != config.get("weights_sha256"):
        raise CheckpointError(
            f"{weights}: truncated or altered: expected sha256 {config.get('weights_sha256')}, got {found}"
        )
    try:
        model = RouterModel(ModelConfig.from_json(config["model"]))
        model.load_state_dict({name: value.float() for name, value in load_file(weights).items()})
        fields = tuple(SlotField.from_json(item) for item in config["slot_fields"])
        encoder = config["encoder"]
        calibration = Calibration.from_json(_read(folder / CALIBRATION))
        checkpoint = Checkpoint(
            model.eval(),
            encoder["name"],
            encoder["fingerprint"],
            fields,
            calibration,
            _read(folder / TRAINING),
            found,
            load_responses(folder, found),
        )
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: not a checkpoint of this version: {error}") from error
    torch.nn.Module.requires_grad_(model, False)
    return checkpoint


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise CheckpointError(
            f"{path}: missing; a checkpoint needs {WEIGHTS}, {CONFIG}, {CALIBRATION} and {TRAINING}"
        ) from None
    except ValueError as error:
        raise CheckpointError(f"{path}: damaged: {error}") from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{path}: expected an object, got {type(data).__name__}")
    return data


def _partial(path: Path) -> Path:
    """Where a file is written before it is put in place."""
    return path.with_name(f"{path.name}.partial")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
