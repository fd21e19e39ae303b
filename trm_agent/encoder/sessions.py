"""ONNX graphs in onnxruntime: on one CPU thread unless somebody chose otherwise, and never spinning."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from trm_agent.encoder.threads import chosen_threads


def has_runtime() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def open_session(graph: Path, threads: int | None = None) -> Any:
    """A session of a graph.

    Args:
        graph: The file.
        threads: CPU threads of one call; default: `TRM_THREADS`, else `OMP_NUM_THREADS`, else one.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    named = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = chosen_threads(threads) or (int(named) if named.isdecimal() else 0) or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
