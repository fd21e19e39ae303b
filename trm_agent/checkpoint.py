"""A checkpoint folder: weights, sizes, encoder, calibration and training record, saved and loaded together.

    model.safetensors   the EMA weights, float16
    config.json         format, model sizes, slot fields, encoder name and fingerprint, sha256 of the weights
    calibration.json    raw scores → probabilities
    training.json       data fingerprints, seed, commit, metrics
    responses.jsonl, responses.safetensors    words for direct answers, where they were learned (`trm_agent.responses`)
    decoder.json, decoder.safetensors         likewise, what words them anew
    reader.onnx, body.onnx, step.onnx, graphs.json    the network for onnxruntime, where it was exported

No pickle is ever read. A folder that is incomplete, altered or made for another encoder is refused.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError

from trm_agent.data.digest import file_sha256
from trm_agent.decoding.calibration import Calibration
from trm_agent.encoder.graph import GraphEncoder, graph_folder, is_exported
from trm_agent.encoder.sentence import Encoder, load_encoder
from trm_agent.encoder.sessions import has_runtime
from trm_agent.encoder.threads import settle_threads
from trm_agent.errors import CheckpointError
from trm_agent.model.config import ModelConfig
from trm_agent.model.graphs import ABOUT as GRAPHS_ABOUT
from trm_agent.model.graphs import GRAPHS, Graphs, describe_graphs, graphs_fit
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
        from safetensors.torch import load_file

        return {name: value.float() for name, value in load_file(self.path).items()}

    def load(self) -> RouterModel:
        """The network, in evaluation mode and without gradients."""
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
        """Write the folder; what is there already is replaced when all files are written, the config last."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.detach().half().contiguous() for name, value in self.model.state_dict().items()}
        save_file(weights, _partial(folder / WEIGHTS))
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
        _drop_other_graphs(folder, str(config["weights_sha256"]))


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


def export_graphs(folder: Path) -> Checkpoint:
    """Put the graphs of a checkpoint's network beside its weights, all of them or none; needs torch and onnx.

    Returns:
        The checkpoint.

    Raises:
        CheckpointError: The folder cannot be trusted, or the network is a control that has no graphs.
    """
    from trm_agent.model.export import export_network

    checkpoint = load_checkpoint(folder)
    assert not isinstance(checkpoint.model, StoredModel)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        export_network(checkpoint.model, Path(draft))
        describe_graphs(Path(draft), checkpoint.weights_sha256)
        for name in (*GRAPHS, GRAPHS_ABOUT):
            (Path(draft) / name).replace(folder / name)
    return checkpoint


def _drop_other_graphs(folder: Path, weights: str) -> None:
    """Graphs of the weights that were there before are of no use."""
    about = folder / GRAPHS_ABOUT
    if about.is_file() and _read(about).get("weights_sha256") != weights:
        for name in (GRAPHS_ABOUT, *GRAPHS):
            (folder / name).unlink(missing_ok=True)


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
        CheckpointError: The folder cannot be trusted, or `onnx` is asked for and there are no graphs.
        EncoderError: The encoder cannot be found.
        ValueError: There is no such backend.
    """
    if backend not in ("auto", "onnx", "torch"):
        raise ValueError(f"backend is auto, onnx or torch, got {backend!r}")
    checkpoint = read_checkpoint(folder)
    assert isinstance(checkpoint.model, StoredModel)
    runs = backend != "torch" and has_runtime()
    has_graphs = runs and graphs_fit(folder, checkpoint.weights_sha256)
    exported = runs and is_exported(checkpoint.encoder_fingerprint)
    if backend == "onnx" and not (has_graphs and (encoder or exported)):
        raise CheckpointError(
            f"{folder}: there are no graphs of the network, or none of its encoder {checkpoint.encoder_name!r} in the "
            "cache, or onnxruntime is missing; make them with recipes/export_graphs.py (extra `train`)"
        )
    if encoder is None and exported:
        encoder = GraphEncoder(graph_folder(checkpoint.encoder_fingerprint), threads)
    if has_graphs and encoder is not None:
        return checkpoint, Graphs(folder, checkpoint.model.config, threads), encoder
    settle_threads(threads)
    return _in_torch(checkpoint, folder), None, encoder or load_encoder(checkpoint.encoder_name)


def _responses(folder: Path, weights: str) -> Responses | None:
    """Words for direct answers, which need torch; None where there are none."""
    if not (folder / "responses.safetensors").is_file():
        return None
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
