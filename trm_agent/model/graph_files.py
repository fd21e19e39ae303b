"""The files of a network's graphs: which belong to which weights, and where graphs of an architecture are known.

    reader.onnx, body.onnx, step.onnx    without weights; see `graphs`
    graphs.json                          sha256 of the weights and of the three, their architecture, names of weights

Graphs hold no weights, so those of one checkpoint serve every other of the same sizes. They lie beside the weights, for
the shipped sizes in the package, for others in the cache (`TRM_CACHE`), under the number of their format.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trm_agent.data.digest import file_sha256
from trm_agent.encoder.stored import cache_folder
from trm_agent.errors import CheckpointError
from trm_agent.model.config import ModelConfig

FORMAT = 4
READER, BODY, STEP, ABOUT = "reader.onnx", "body.onnx", "step.onnx", "graphs.json"
GRAPHS = (READER, BODY, STEP)
_OUTSIDE = ("supervision_steps", "dropout", "relevance_floor")
"""What changes no graph."""


def architecture(config: ModelConfig) -> str:
    """Equal for networks that have the same graphs."""
    sizes = {name: value for name, value in config.to_json().items() if name not in _OUTSIDE}
    return hashlib.sha256(json.dumps(sizes, sort_keys=True).encode()).hexdigest()


def graphs_fit(folder: Path, config: ModelConfig, weights: str) -> bool:
    """Whether a checkpoint folder holds graphs; they must be those of its weights.

    Args:
        folder: Of the checkpoint.
        config: Its sizes.
        weights: sha256 of its weights.

    Raises:
        CheckpointError: They are of other weights, or damaged.
    """
    path = folder / ABOUT
    if not path.is_file():
        return False
    again = "make them again (recipes/export_graphs.py)"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        made_for, files = about["weights_sha256"], about["sha256"]
        if about["format"] != FORMAT or set(files) != set(GRAPHS) or set(about["weights"]) != set(GRAPHS):
            raise CheckpointError(f"{path}: graphs of another version; {again}")
        if made_for != weights or about["architecture"] != architecture(config):
            raise CheckpointError(
                f"{path}: the graphs were made for weights {made_for[:12]}…, not for {weights[:12]}…; {again}"
            )
        for name, expected in files.items():
            if file_sha256(folder / name) != expected:
                raise CheckpointError(f"{folder / name}: altered; {again}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: damaged: {error}; {again}") from error
    return True


def known_graphs(config: ModelConfig, folders: Sequence[Path]) -> list[Path]:
    """Of some folders those with graphs of an architecture."""
    wanted = architecture(config)
    return [
        folder
        for folder in folders
        if (about := read_about(folder)).get("architecture") == wanted and about.get("format") == FORMAT
    ]


def cached_graphs(config: ModelConfig) -> Path:
    """Where the cache holds the graphs of an architecture, or would."""
    return cache_folder() / f"graphs-{FORMAT}" / architecture(config)[:32]


def read_about(folder: Path) -> dict[str, Any]:
    """What `graphs.json` says; nothing where there is none that can be read."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def describe_graphs(folder: Path, config: ModelConfig, weights: str, names: Mapping[str, Sequence[str]]) -> None:
    """Write `graphs.json`.

    Args:
        folder: With the graphs.
        config: Sizes of the network.
        weights: sha256 of the weights that they are to serve; empty in the cache.
        names: Of the weights that each graph asks for.
    """
    about = {
        "format": FORMAT,
        "weights_sha256": weights,
        "architecture": architecture(config),
        "sha256": {name: file_sha256(folder / name) for name in GRAPHS},
        "weights": {name: list(names[name]) for name in GRAPHS},
    }
    (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def copy_graphs(source: Path, folder: Path, config: ModelConfig, weights: str) -> None:
    """Put known graphs beside weights of their architecture; the description comes last."""
    names = read_about(source)["weights"]
    if source.resolve() != folder.resolve():
        for name in GRAPHS:
            shutil.copyfile(source / name, folder / f"{name}.partial")
        for name in GRAPHS:
            (folder / f"{name}.partial").replace(folder / name)
    describe_graphs(folder, config, weights, names)


def drop_graphs(folder: Path) -> None:
    """Take the graphs out of a checkpoint folder."""
    for name in (ABOUT, *GRAPHS):
        (folder / name).unlink(missing_ok=True)
