"""Weights, loaded once per process and path, and the settings that are saved beside them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from trm_agent.errors import CheckpointError
from trm_agent.types import Decider

if TYPE_CHECKING:
    from trm_agent.checkpoint import Backend
    from trm_agent.features.tool_vectors import ToolVectors
    from trm_agent.router import Router

SETTINGS_FILE = "langchain.json"

_lock = threading.RLock()
_routers: dict[str, tuple[float, Router]] = {}
_vectors: WeakKeyDictionary[ChatRouter, dict[Path, int]] = WeakKeyDictionary()


class Fingerprinted(Protocol):
    """Something that is told from its like."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal behaviour."""


class ChatRouter(Decider, Protocol):
    """What `ChatTRM` asks of its router beside decisions: `trm_agent.router.Router`, or another.

    One whose checkpoint has words for direct answers holds them as `responses`.
    """

    @property
    def encoder(self) -> Fingerprinted:
        """Part of the cache key."""

    @property
    def tool_vectors(self) -> ToolVectors:
        """Of the tools bound so far; used where `ChatTRM(tool_vectors=…)` is."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""

    def token_ids(self, text: str) -> list[int]:
        """The ids of its tokenizer."""

    def save_pretrained(self, path: str | Path) -> None:
        """Write a checkpoint folder."""

    def warm_up(self) -> object:
        """Encode a text and decide once; used by `ChatTRM.warm_up`."""

    def save_tool_vectors(self, path: str | Path) -> None:
        """Write the vectors of the tools bound so far."""


def load_router(path: str | Path | None, threads: int | None = None, backend: Backend = "auto") -> Router:
    """The router of a checkpoint folder, or the shipped one; the same object until the folder changes.

    Args:
        path: The folder; None for the shipped weights.
        threads: CPU threads; see `Router`. What was loaded first counts for a folder that is shared.
        backend: See `Router.from_pretrained`.
    """
    from trm_agent.router import Router

    folder = "" if path is None else str(Path(path).resolve())
    key = f"{backend} {folder}"
    with _lock:
        changed = _changed(folder)
        known = _routers.get(key)
        if known is None or known[0] != changed:
            known = (changed, Router.from_pretrained(path, threads=threads, backend=backend))
            _routers[key] = known
        return known[1]


def add_tool_vectors(router: ChatRouter, path: str | Path) -> None:
    """Make a router know the tool vectors of a file; read once for each router, and again when the file changes.

    Raises:
        EncoderError: The file cannot be read, or holds the vectors of another encoder.
    """
    file = Path(path).resolve()
    changed = file.stat().st_mtime_ns if file.is_file() else 0
    with _lock:
        known = _vectors.setdefault(router, {})
        if known.get(file) != changed:
            router.tool_vectors.load(file)
            known[file] = changed


def save_settings(folder: str | Path, settings: dict[str, Any]) -> None:
    """Write the settings beside the weights, complete or not at all."""
    target = Path(folder) / SETTINGS_FILE
    draft = target.with_suffix(".tmp")
    draft.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(target)


def read_settings(folder: str | Path) -> dict[str, Any]:
    """The settings of a folder; none where nothing was saved.

    Raises:
        CheckpointError: The file is not JSON, or not an object.
    """
    path = Path(folder) / SETTINGS_FILE
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path}: not readable as JSON ({error}); save the model again") from error
    if not isinstance(settings, dict):
        raise CheckpointError(f"{path}: expected an object, got {type(settings).__name__}; save the model again")
    return settings


def _changed(folder: str) -> float:
    """When weights or answers were last written."""
    names = ("model.safetensors", "responses.jsonl", "responses.safetensors", "decoder.json", "graphs.json")
    files = [Path(folder) / name for name in names]
    return max((file.stat().st_mtime for file in files if folder and file.is_file()), default=0.0)
