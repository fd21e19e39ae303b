"""A torch module → an ONNX graph without its weights. Needs torch and onnx.

The graph names its weights as the module does. While it is made they are inputs, so that nothing of their values can
get into it; in the file they are initialisers whose data lie elsewhere, and `sessions.open_session` hands them in.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trm_agent.errors import requires_extra

OPSET = 20
"""Later ones have an attention of their own that onnxruntime refuses with a broadcast mask."""


def write_graph(
    module: nn.Module,
    example: Mapping[str, Any],
    sizes: Mapping[str, Any],
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    prefix: str = "",
    finish: Callable[[Any], None] | None = None,
) -> list[str]:
    """Trace a module and write its graph.

    Args:
        module: In evaluation mode.
        example: Its arguments by name.
        sizes: Which of their axes may be of any length, see `torch.export`.
        inputs: Names of the graph's inputs, in order.
        outputs: Names of its outputs, in order.
        path: Of the file.
        prefix: Left out of the names of the weights.
        finish: What else is done to the graph.

    Returns:
        The names of the weights that the graph asks for.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        RuntimeError: torch made no graph of the module.
    """
    with requires_extra("train", "the export of a graph"):
        import onnx as _onnx  # noqa: F401
        import onnxscript as _onnxscript  # noqa: F401
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            kwargs=dict(example),
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=dict(sizes),
            input_names=list(inputs),
            output_names=list(outputs),
            optimize=False,
            verbose=False,
        )
        if program is None:
            raise RuntimeError(f"{path.name}: torch made no graph of the module")
        graph = program.model.graph
        weights = [name for name, _ in module.named_parameters() if name in graph.initializers]
        for name in weights:
            value = graph.initializers.pop(name)
            value.const_value = None
            graph.inputs.append(value)
        program.optimize()
    proto = program.model_proto
    _leave_weights_out(proto.graph, set(weights), prefix)
    _strip(proto)
    if finish is not None:
        finish(proto.graph)
    path.write_bytes(proto.SerializeToString(deterministic=True))
    return sorted(entry.name for entry in proto.graph.initializer if entry.external_data)


def _leave_weights_out(graph: Any, weights: set[str], prefix: str) -> None:
    """Turn inputs that are weights into initialisers without data; those that nothing reads go."""
    from onnx import TensorProto

    read = {name for node in graph.node for name in node.input}
    held = [value for value in graph.input if value.name in weights and value.name in read]
    given = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(given)
    for value in held:
        kind = value.type.tensor_type
        entry = graph.initializer.add()
        entry.name = value.name.removeprefix(prefix)
        entry.data_type = kind.elem_type
        entry.dims.extend(axis.dim_value for axis in kind.shape.dim)
        entry.data_location = TensorProto.EXTERNAL
        place = entry.external_data.add()
        place.key, place.value = "location", "model.safetensors"
    short = {value.name: value.name.removeprefix(prefix) for value in held}
    for node in graph.node:
        node.input[:] = [short.get(name, name) for name in node.input]


def _strip(proto: Any) -> None:
    """Take out what only says where in the source a node comes from."""
    graph = proto.graph
    del proto.metadata_props[:], graph.metadata_props[:], graph.value_info[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    graph.doc_string = proto.doc_string = ""
