"""Weights in half the bytes: 16-bit integers with one scale a row.

A float16 keeps 11 bits of a number whatever its size. Within a row of a weight matrix the sizes are alike, and 16 bits
of the row's largest are some six times as exact in the same space. Vectors and scalars stay float32.

A graph reads them as they are. Tables are looked up first and then multiplied, so that they stay small in memory, too;
other matrices become float32 once, when the graph is opened. R rows · C columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

SCALE = ".scale"
_MOST = 32767


def packed(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """float32 arrays → what is written to a file: matrices [R, C] become int16 [R, C] and float32 [R, 1]."""
    out: dict[str, np.ndarray] = {}
    for name, value in weights.items():
        if value.ndim != 2:
            out[name] = value.astype(np.float32)
            continue
        largest = np.abs(value).max(axis=1, keepdims=True)
        scale = (np.where(largest > 0, largest, 1) / _MOST).astype(np.float32)
        out[name], out[name + SCALE] = np.rint(value / scale).astype(np.int16), scale
    return out


def read_packed(graph: Any) -> None:
    """Make a graph read the weights that `packed` writes, in place of float32 ones; needs onnx."""
    from onnx import TensorProto, helper

    matrices = {
        entry.name: entry
        for entry in graph.initializer
        if entry.data_location == TensorProto.EXTERNAL and len(entry.dims) == 2
    }
    for name, entry in matrices.items():
        scale = graph.initializer.add()
        scale.CopyFrom(entry)
        scale.name, scale.dims[1], entry.data_type = name + SCALE, 1, TensorProto.INT16
    nodes: list[Any] = []
    whole: set[str] = set()

    def times(codes: str, scale: str, out: str) -> None:
        nodes.append(helper.make_node("Cast", [codes], [f"{out}.codes"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{out}.codes", scale], [out]))

    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in matrices:
            table, rows = node.input
            (out,) = node.output
            nodes.append(helper.make_node("Gather", [table, rows], [f"{out}.rows"], axis=0))
            nodes.append(helper.make_node("Gather", [table + SCALE, rows], [f"{out}.scales"], axis=0))
            times(f"{out}.rows", f"{out}.scales", out)
            continue
        for i, name in enumerate(node.input):
            if name in matrices:
                if name not in whole:
                    times(name, name + SCALE, f"{name}.whole")
                    whole.add(name)
                node.input[i] = f"{name}.whole"
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
