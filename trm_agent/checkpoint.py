"""A checkpoint folder: weights, sizes, encoder, calibration and training record, saved and loaded together.

    model.safetensors   the EMA weights, float16
    config.json         format, model sizes, slot fields, encoder name and fingerprint, sha256 of the weights
    calibration.json    raw scores → probabilities
    training.json       data fingerprints, seed, commit, metrics
    responses.jsonl, responses.safetensors    words for direct answers, where they were learned (`trm_agent.responses`)
    decoder.json, decoder.safetensors         likewise, what words them anew
    reader.onnx, body.onnx, step.onnx, graphs.json    the network for onnxruntime, which reads the same weights

No pickle is ever read. A folder that is incomplete, altered or made for another encoder is refused.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from safetensors import SafetensorError

from trm_agent.data.digest import file_sha256
from trm_agent.decoding.calibration import Calibration
from trm_agent.encoder.graph import GraphEncoder
from trm_agent.encoder.sentence import DEFAULT_SHA256, Encoder, find_encoder, load_encoder
from trm_agent.encoder.sessions import has_runtime
from trm_agent.encoder.stored import assemble_default, find_graph
from trm_agent.encoder.threads import settle_threads
from trm_agent.errors import CheckpointError, EncoderError, requires_extra
from trm_agent.log import logger
from trm_agent.model.config import ModelConfig
from trm_agent.model.graph_files import (
    GRAPHS,
    cached_graphs,
    copy_graphs,
    describe_graphs,
    drop_graphs,
    graphs_fit,
    known_graphs,
)
from trm_agent.model.graphs import Graphs
from trm_agent.types import SlotField

if TYPE_CHECKING:
    from trm_agent.model.network import RouterModel
    from trm_agent.responses.choosing import Responses

Backend = Literal["auto", "onnx", "torch"]

FORMAT = 1
WEIGHTS, CONFIG, CALIBRATION, TRAINING = "model.safetensors", "config.json", "calibration.json", "training.json"


class StoredModel:
    """A network in its file: its sizes are known, its parameters are read when they are asked for, which needs torch.

    Attributes:
        config: Its sizes.
        path: Of the weights.
    """

    def __init__(self, config: ModelConfig, path: Path) -> None:
        self.config = config
        self.path = path

    def state_dict(self) -> dict[str, Any]:
        """The parameters, as the network's own."""
        with requires_extra("train", "a network in torch"):
            from safetensors.torch import load_file

        return {name: value.float() for name, value in load_file(self.path).items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """The parameters as float32 arrays, for the graphs."""
        from safetensors.numpy import load_file

        return {name: value.astype(np.float32) for name, value in load_file(self.path).items()}

    def load(self) -> RouterModel:
        """The network, in evaluation mode and without gradients.

        Raises:
            MissingExtraError: torch is not installed.
        """
        with requires_extra("train", "a network in torch"):
            from trm_agent.model.network import RouterModel

        model = RouterModel(self.config)
        model.load_state_dict(self.state_dict())
        return model.eval().requires_grad_(False)


@dataclass(frozen=True)
class Checkpoint:
    """What a folder holds.

    Attributes:
        model: In evaluation mode, on the CPU. Where graphs serve, a `StoredModel` stands in its place.
        encoder_name: Of the encoder it was trained on.
        encoder_fingerprint: Of that encoder's weights.
        slot_fields: Slots beside the tools' parameters that it was trained with.
        calibration: Identity until one is fitted.
        training: The training record.
        weights_sha256: Of `model.safetensors`; empty before it is saved.
        responses: Words for direct answers; None where none were learned.
    """

    model: RouterModel | StoredModel
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
        """Write the folder; what is there already is replaced when all files are written, the config last.

        Graphs are written where some are known for a network of these sizes: the shipped ones, or what
        `export_graphs` made before.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._write_weights(_partial(folder / WEIGHTS))
        config = {
            "format": FORMAT,
            "model": self.model.config.to_json(),
            "encoder": {"name": self.encoder_name, "fingerprint": self.encoder_fingerprint},
            "slot_fields": [slot_field.to_json() for slot_field in self.slot_fields],
            "weights_sha256": file_sha256(_partial(folder / WEIGHTS)),
        }
        if self.responses is not None:
            from trm_agent.responses.storage import save_responses

            save_responses(self.responses, folder, str(config["weights_sha256"]))
        for name, data in ((CALIBRATION, self.calibration.to_json()), (TRAINING, self.training), (CONFIG, config)):
            text = json.dumps(data, indent=1, ensure_ascii=False)
            _partial(folder / name).write_text(f"{text}\n", encoding="utf-8")
        for name in (WEIGHTS, CALIBRATION, TRAINING, CONFIG):
            _partial(folder / name).replace(folder / name)
        self._write_graphs(folder, str(config["weights_sha256"]))

    def _write_weights(self, path: Path) -> None:
        if isinstance(self.model, StoredModel):
            shutil.copyfile(self.model.path, path)
            return
        from safetensors.torch import save_file

        save_file({name: value.detach().half().contiguous() for name, value in self.model.state_dict().items()}, path)

    def _write_graphs(self, folder: Path, weights: str) -> None:
        config = self.model.config
        if isinstance(self.model, StoredModel):
            beside = self.model.path.parent
            held = [beside] if graphs_fit(beside, config, weights) else known_graphs(config, [shipped_weights()])
        else:
            held = _true_graphs(config, folder)
        if held:
            copy_graphs(held[0], folder, config, weights)
        else:
            drop_graphs(folder)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint folder, its network into torch.

    Raises:
        CheckpointError: A file is missing, damaged, altered, or of another format.
    """
    return _in_torch(read_checkpoint(folder), folder)


def _in_torch(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    """A checkpoint that was read, with its network loaded."""
    assert isinstance(checkpoint.model, StoredModel)
    try:
        return replace(checkpoint, model=checkpoint.model.load())
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: not a checkpoint of this version: {error}") from error


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint folder; its network stays in its file.

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
    found = file_sha256(weights)
    if found != config.get("weights_sha256"):
        raise CheckpointError(
            f"{weights}: truncated or altered: expected sha256 {config.get('weights_sha256')}, got {found}"
        )
    try:
        model = StoredModel(ModelConfig.from_json(config["model"]), weights)
        fields = tuple(SlotField.from_json(item) for item in config["slot_fields"])
        encoder = config["encoder"]
        calibration = Calibration.from_json(_read(folder / CALIBRATION))
        name, fingerprint = encoder["name"], encoder["fingerprint"]
        training, responses = _read(folder / TRAINING), _responses(folder, found)
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: not a checkpoint of this version: {error}") from error
    return Checkpoint(model, name, fingerprint, fields, calibration, training, found, responses)


def shipped_weights() -> Path:
    """The checkpoint folder that ships with the package."""
    return Path(str(importlib.resources.files("trm_agent"))) / "weights"


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    try:
        return importlib.util.find_spec("torch") is not None
    except ValueError:  # a module that somebody blocked
        return False


def export_graphs(folder: Path) -> Checkpoint:
    """Put the graphs of a checkpoint's network beside its weights; needs torch, and onnx for sizes not known yet.

    Returns:
        The checkpoint.

    Raises:
        CheckpointError: The folder cannot be trusted, or the network is a control that has no graphs.
        MissingExtraError: torch or onnx is not installed.
    """
    checkpoint = read_checkpoint(folder)
    config = checkpoint.model.config
    with requires_extra("train", "the export of a network"):
        from trm_agent.model.export import check_exportable, export_network
    check_exportable(config)
    held = _true_graphs(config, folder)
    if not held:
        cached = cached_graphs(config)
        logger.info("exporting the graphs of a network of these sizes to %s; this takes a minute or two, once", cached)
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as draft:
            describe_graphs(Path(draft), config, "", export_network(config, Path(draft)))
            cached.mkdir(exist_ok=True)
            copy_graphs(Path(draft), cached, config, "")
        held = _true_graphs(config, folder)
    if not held:
        raise CheckpointError(f"{folder}: its exported graphs do not say what the network says; serve it with torch")
    copy_graphs(held[0], folder, config, checkpoint.weights_sha256)
    return checkpoint


def _true_graphs(config: ModelConfig, folder: Path) -> list[Path]:
    """Known graphs of a network's sizes that say what the network says in torch."""
    known = known_graphs(config, [folder, shipped_weights(), cached_graphs(config)])
    if not known:
        return []
    from trm_agent.model.export import still_true

    digests = [tuple(file_sha256(path / name) for name in GRAPHS) for path in known]
    return [path for path, digest in zip(known, digests, strict=True) if still_true(path, config, digest)]


def open_parts(
    folder: Path, backend: Backend = "auto", encoder: Encoder | None = None, threads: int | None = None
) -> tuple[Checkpoint, Graphs | None, Encoder]:
    """What a router is made of: the checkpoint, its graphs where they serve, and the encoder.

    Args:
        folder: Of the checkpoint.
        backend: See `Router.from_pretrained`.
        encoder: Instead of the one that the checkpoint was trained on.
        threads: CPU threads; default: see `encoder.threads`.

    Raises:
        CheckpointError: The folder cannot be trusted, or there are no graphs where they are needed.
        EncoderError: The encoder cannot be found, or has no graph where one is needed.
        ValueError: There is no such backend.
    """
    if backend not in ("auto", "onnx", "torch"):
        raise ValueError(f"backend is auto, onnx or torch, got {backend!r}")
    checkpoint = read_checkpoint(folder)
    assert isinstance(checkpoint.model, StoredModel)
    if backend == "onnx" and not has_runtime():
        raise CheckpointError("backend onnx needs onnxruntime, which is not installed; install it, or serve with torch")
    if backend == "torch" or not has_runtime():
        settle_threads(threads)
        return _in_torch(checkpoint, folder), None, encoder or load_encoder(checkpoint.encoder_name)
    config = checkpoint.model.config
    graphs = _graphs_for(folder, config, checkpoint.weights_sha256, backend)
    encoder = encoder or _open_encoder(checkpoint, backend, threads)
    if graphs is not None:
        try:
            return checkpoint, Graphs(graphs, config, checkpoint.model.arrays(), threads), encoder
        except (KeyError, ValueError, SafetensorError) as error:
            raise CheckpointError(f"{folder}: not a checkpoint of this version: {error}") from error
    settle_threads(threads)
    return _in_torch(checkpoint, folder), None, encoder


def _graphs_for(folder: Path, config: ModelConfig, weights: str, backend: Backend) -> Path | None:
    """Where the graphs lie that serve a checkpoint; None where torch does."""
    if graphs_fit(folder, config, weights):
        return folder
    if shipped := known_graphs(config, [shipped_weights()])[:1]:
        return shipped[0]
    if not has_torch():
        raise CheckpointError(
            f"{folder}: has no graphs, and torch is not installed; make them once where it is: "
            "recipes/export_graphs.py --checkpoint, with the extra `train`"
        )
    if backend == "onnx":
        export_graphs(folder)
        return folder
    logger.info("%s: no graphs of these sizes, so torch serves it; recipes/export_graphs.py makes them", folder)
    return None


def _open_encoder(checkpoint: Checkpoint, backend: Backend, threads: int | None) -> Encoder:
    """The encoder of a checkpoint, in onnxruntime where that can be had."""
    name, fingerprint = checkpoint.encoder_name, checkpoint.encoder_fingerprint
    if held := find_graph(fingerprint):
        return GraphEncoder(held, threads)
    if fingerprint == DEFAULT_SHA256:
        path, found = find_encoder(name)
        if found == fingerprint:
            return GraphEncoder(assemble_default(Path(path)), threads)
    if not has_torch():
        raise EncoderError(
            f"encoder {name!r} has no graph here, and torch is not installed; make one once where it is: "
            f"recipes/export_graphs.py --encoder, with the extra `train`, and name its folder with TRM_CACHE"
        )
    if backend == "onnx":
        with requires_extra("train", "the export of an encoder"):
            from trm_agent.encoder.export import export_encoder
        return GraphEncoder(export_encoder(name, *find_encoder(name)), threads)
    settle_threads(threads)
    return load_encoder(name)


def _responses(folder: Path, weights: str) -> Responses | None:
    """Words for direct answers, which need torch; None where there are none."""
    if not (folder / "responses.safetensors").is_file():
        return None
    with requires_extra("train", "learned words for answers"):
        from trm_agent.responses.storage import load_responses

    return load_responses(folder, weights)


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
