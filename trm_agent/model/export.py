"""The network → ONNX graphs, for `model.graphs`. Needs torch and onnx, once for each checkpoint.

Three graphs, of one conversation and its N decision points (B is 1): `reader` reads tokens, `body` lays out the rows
and takes the first supervision step, `step` takes any further one. So every number of steps, and halting between them,
is left to the caller. Nothing of the weights' values gets into them.

N decision points · W tokens · U of them to be read · M messages · K tools · S slots · C choices · E encoder width.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trm_agent.encoder.tracing import write_graph
from trm_agent.errors import CheckpointError
from trm_agent.features.batch import Batch
from trm_agent.features.conversation import MARKS
from trm_agent.features.flags import CHOICE_FLAGS, SLOT_FLAGS, TOOL_FLAGS
from trm_agent.features.likeness import SLOT_CHANNELS, TOOL_CHANNELS
from trm_agent.features.shapes import SHAPES
from trm_agent.features.tools import SLOT_FEATURES, TOOL_FEATURES
from trm_agent.log import logger
from trm_agent.model.answers import Answer, Question
from trm_agent.model.config import ModelConfig
from trm_agent.model.graph_files import BODY, GRAPHS, READER, STEP
from trm_agent.model.graphs import ANSWER, BODY_INPUTS, FED_BACK, STEP_INPUTS, open_graphs
from trm_agent.model.network import RouterModel
from trm_agent.model.reader import View, message_age, one_hot_recency, visible_tokens
from trm_agent.model.trm import deep_recursion

TOLERANCE = 1e-4
_OUTPUTS = {
    READER: ["hidden", "layers"],
    BODY: [*ANSWER, "length", "x", "choices", "y", "z"],
    STEP: [f"new_{name}" for name in (*ANSWER, "y", "z")],
}


def check_exportable(config: ModelConfig) -> None:
    """Raises:
    CheckpointError: The network is a control that is served with torch only.
    """
    if config.plain or config.carry or not config.likeness or not config.shapes:
        raise CheckpointError(
            "a network with plain or carry, or without shapes and likeness, has no graphs; serve it with torch"
        )


def export_network(config: ModelConfig, folder: Path) -> dict[str, list[str]]:
    """Write the graphs of an architecture; this takes a minute or two.

    Returns:
        The names of the weights that each graph asks for.

    Raises:
        CheckpointError: It is a control that is served with torch only, or torch made no graph of it.
    """
    check_exportable(config)
    model = RouterModel(config).eval()
    example = _example(config)
    try:
        return {
            graph: write_graph(
                module,
                {"inputs": example[graph]},
                {"inputs": {name: _axes(name, value) for name, value in example[graph].items()}},
                list(example[graph]),
                _OUTPUTS[graph],
                folder / graph,
                "model.",
            )
            for graph, module in _modules(model).items()
        }
    except RuntimeError as error:
        raise CheckpointError(f"the network cannot be exported: {error}; serve it with torch") from error


@lru_cache(maxsize=64)
def still_true(folder: Path, config: ModelConfig, digests: tuple[str, ...]) -> bool:
    """Whether graphs say what the network of today's source says, with random weights and other sizes than traced.

    Args:
        folder: With the graphs.
        config: Of their architecture.
        digests: Of the files: what was found out of them holds as long as they are the same.
    """
    generator = torch.Generator().manual_seed(1)
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # a training run that saves draws as if it had not
        model = RouterModel(config).eval()
        for parameter in model.parameters():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    example = _example(config, extra=3)
    try:
        sessions = open_graphs(folder, weights, optimized=False)
        for graph, module in _modules(model).items():
            inputs = example[graph]
            found = sessions[graph].run(_OUTPUTS[graph], {name: value.numpy() for name, value in inputs.items()})
            with torch.inference_mode():
                expected = module(inputs)
            for name, one, other in zip(_OUTPUTS[graph], found, expected, strict=True):
                scale = max(1.0, float(other.abs().max())) if other.numel() else 1.0
                if one.shape != tuple(other.shape) or not np.allclose(one, other.numpy(), atol=TOLERANCE * scale):
                    logger.info("%s: %s of %s is not what the network says", folder, name, graph)
                    return False
    except Exception as error:  # whatever a runtime says of graphs that were made by other source
        logger.info("%s: the graphs do not run: %s", folder, error)
        return False
    return True


def _modules(model: RouterModel) -> dict[str, nn.Module]:
    return dict(zip(GRAPHS, (_Reader(model), _Body(model), _Step(model)), strict=True))


class _Reader(nn.Module):
    def __init__(self, model: RouterModel) -> None:
        super().__init__()
        self.reader = model.reader

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Tokens read, [1, U, D]; keys and values of all tokens, [blocks, 2, heads, W, d]."""
        known = inputs["known"]
        before = [(known[i, 0][None], known[i, 1][None]) for i in range(len(self.reader.blocks))]
        hidden, layers = self.reader.read_on(
            inputs["tokens"].float(),
            inputs["shapes"],
            inputs["message_vectors"],
            inputs["roles"],
            inputs["owner"],
            inputs["attend"],
            (inputs["cosine"], inputs["sine"]),
            before,
        )
        return hidden, torch.stack([torch.cat(layer) for layer in layers])


class _Part(nn.Module):
    """A part of a network that becomes a graph."""

    def __init__(self, model: RouterModel) -> None:
        super().__init__()
        self.model = model


class _Body(_Part):
    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        model, config = self.model, self.model.config
        batch = _batch(inputs)
        question = model.embed(batch, inputs["read"], _view(batch))
        y, z = model.y_start.expand_as(question.x), model.z_start.expand_as(question.x)
        y, z = deep_recursion(model.net, question.x, y, z, config.n, config.T, question.mask)
        answer = model.heads(y, question)
        return *_parts(answer), answer.length + 0, question.x, question.choices, y, z


class _Step(_Part):
    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        model, config = self.model, self.model.config
        batch = _batch(inputs)
        question = Question.of(batch, inputs["x"], inputs["choices"], inputs["read"], _view(batch))
        nothing = torch.zeros(0)
        before = Answer(
            **dict.fromkeys(Answer.__dataclass_fields__, nothing) | {name: inputs[name] for name in FED_BACK}
        )
        y, z = inputs["y"], inputs["z"]
        if config.feedback:
            y = y + model.feedback(before, question)
        y, z = deep_recursion(model.net, question.x, y, z, config.n, config.T, question.mask)
        return *_parts(model.heads(y, question, before)), y, z


def _parts(answer: Answer) -> list[Tensor]:
    return [getattr(answer, name) for name in ANSWER]


def _batch(inputs: dict[str, Tensor]) -> Batch:
    """A batch of one conversation; what a graph is not given it does not use."""
    held: dict[str, Any] = dict.fromkeys(Batch.__dataclass_fields__)
    held |= {name: value for name, value in inputs.items() if name in held}
    held["episode"] = torch.zeros_like(inputs["visible"])
    return Batch(**held)


def _view(batch: Batch) -> View:
    """What the points of one conversation see: each has its place."""
    place = torch.arange(len(batch.visible))
    visible = visible_tokens(batch)
    return View(
        1, len(batch.visible), batch.episode, place, place, one_hot_recency(message_age(batch), visible), visible
    )


def _example(config: ModelConfig, extra: int = 0) -> dict[str, dict[str, Tensor]]:
    """Inputs of unlike sizes, so that no two axes are taken for one; larger by `extra` each.

    Example numbers, the same in every run.
    """
    randn = _randn()
    N, W, U, M, K, S, C, T = (size + extra for size in (3, 23, 9, 7, 4, 5, 6, 11))
    E, D = config.encoder_width, config.width
    heads, width = config.heads, config.width // config.heads
    message = torch.arange(W)[None] * M // W
    body = {
        "read": randn(1, W, D),
        "token_mask": torch.ones(1, W, dtype=torch.bool),
        "token_message": message,
        "message_vectors": randn(1, M, E),
        "roles": torch.zeros(1, M, dtype=torch.long),
        "tool_vectors": randn(1, K, E),
        "tool_features": randn(1, K, TOOL_FEATURES),
        "tool_mask": torch.ones(1, K, dtype=torch.bool),
        "slot_vectors": randn(1, S, E),
        "slot_features": randn(1, S, SLOT_FEATURES),
        "slot_mask": torch.ones(1, S, dtype=torch.bool),
        "required": torch.ones(1, K, S, dtype=torch.bool),
        "optional": torch.zeros(1, K, S, dtype=torch.bool),
        "choice_vectors": randn(1, C, E),
        "choice_slot": torch.zeros(1, C, dtype=torch.long),
        "choice_mask": torch.ones(1, C, dtype=torch.bool),
        "visible": (torch.arange(N) * (M - 2)) // N + 2,
        "tool_flags": randn(N, K, TOOL_FLAGS),
        "slot_flags": randn(N, S, SLOT_FLAGS),
        "choice_flags": randn(N, C, CHOICE_FLAGS),
        "slot_likeness": randn(1, S, W, SLOT_CHANNELS),
        "tool_likeness": randn(1, K, W, TOOL_CHANNELS),
        "label_tokens": randn(1, S, T, E).half(),
        "label_mask": torch.ones(1, S, T, dtype=torch.bool),
    }
    L = 8 + K + S
    step = body | {
        "x": randn(N, L, D),
        "choices": randn(N, C, D),
        "y": randn(N, L, D),
        "z": randn(N, L, D),
        "decision": randn(N, 2),
        "tool": randn(N, 1 + K),
        "op": randn(N, S, 3),
        "start": randn(N, S, W),
        "end": randn(N, S, W),
        "choice": randn(N, C),
    }
    reader = {
        "tokens": randn(1, U, E).half(),
        "shapes": randn(1, U, SHAPES + MARKS),
        "message_vectors": randn(1, M, E),
        "roles": torch.zeros(1, M, dtype=torch.long),
        "owner": message[:, -U:],
        "attend": torch.ones(1, 1, U, W, dtype=torch.bool),
        "cosine": randn(U, width),
        "sine": randn(U, width),
        "known": randn(config.reader_layers, 2, heads, W - U, width),
    }
    return {
        READER: reader,
        BODY: {name: body[name] for name in BODY_INPUTS},
        STEP: {name: step[name] for name in STEP_INPUTS},
    }


def _randn() -> Any:
    """Random numbers that are the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return lambda *size: torch.randn(*size, generator=generator)


_LAYOUT = {
    "read": "1W.", "token_mask": "1W", "token_message": "1W", "message_vectors": "1M.", "roles": "1M",
    "tool_vectors": "1K.", "tool_features": "1K.", "tool_mask": "1K", "slot_vectors": "1S.", "slot_features": "1S.",
    "slot_mask": "1S", "required": "1KS", "optional": "1KS", "choice_vectors": "1C.", "choice_slot": "1C",
    "choice_mask": "1C", "visible": "N", "tool_flags": "NK.", "slot_flags": "NS.", "choice_flags": "NC.",
    "slot_likeness": "1SW.", "tool_likeness": "1KW.", "label_tokens": "1ST.", "label_mask": "1ST",
    "x": "NL.", "choices": "NC.", "y": "NL.", "z": "NL.", "decision": "N.", "tool": "Nk", "op": "NS.",
    "start": "NSW", "end": "NSW", "choice": "NC",
    "tokens": "1U.", "shapes": "1U.", "owner": "1U", "attend": "11UW", "cosine": "U.", "sine": "U.", "known": "...k.",
}  # fmt: skip
"""Axes of every input; those written as 1 or . are fixed."""


def _axes(name: str, value: Tensor) -> dict[int, Any]:
    layout = _LAYOUT[name]
    assert len(layout) == value.ndim, f"{name}: {layout} for {tuple(value.shape)}"
    return {axis: torch.export.Dim.DYNAMIC for axis, letter in enumerate(layout) if letter not in "1."}
