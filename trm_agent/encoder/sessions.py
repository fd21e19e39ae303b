"""ONNX graphs in onnxruntime: on one CPU thread unless somebody chose otherwise, and never spinning.

Graph files hold no weights. They name them, and whoever opens a graph gives them: so the weights lie in one file, in
whatever precision that file has, and one graph serves all weights of an architecture.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trm_agent.encoder.threads import chosen_threads


def has_runtime() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def give_back_memory() -> None:
    """Hand what opening graphs freed back to the system; glibc alone keeps it, and it is as much as the weights."""
    if sys.platform.startswith("linux") and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def runtime_values(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Weights as onnxruntime takes them; a session copies what it needs, and they may go when it is open."""
    import onnxruntime

    return {name: onnxruntime.OrtValue.ortvalue_from_numpy(value) for name, value in weights.items()}


def open_session(
    graph: Path,
    threads: int | None = None,
    *,
    names: Sequence[str] = (),
    weights: Mapping[str, Any] | None = None,
    optimized: bool = True,
) -> Any:
    """A session of a graph.

    Args:
        graph: The file.
        threads: CPU threads of one call; default: `TRM_THREADS`, else `OMP_NUM_THREADS`, else one.
        names: Of the weights that the graph asks for.
        weights: Where they are, see `runtime_values`.
        optimized: Whether the runtime simplifies the graph first: slower to open, faster to run.

    Raises:
        KeyError: One of the weights is not there.
        ValueError: The runtime refuses the graph, for weights of other sizes for example.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    named = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = chosen_threads(threads) or (int(named) if named.isdecimal() else 0) or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if names:
        held = weights or {}
        options.add_external_initializers(list(names), [held[name] for name in names])
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises from a tree of its own
        raise ValueError(f"{graph.name}: {error}") from error
