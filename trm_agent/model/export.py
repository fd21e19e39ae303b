"""The network → ONNX graphs, for `model.graphs`. Needs torch and onnx, once for each checkpoint.

Three graphs, of one conversation and its N decision points (B is 1): `reader` reads tokens, `body` lays out the rows
and takes the first supervision step, `step` takes any further one. So every number of steps, and halting between them,
is left to the caller.

N decision points · W tokens · U of them to be read · M messages · K tools · S slots · C choices · E encoder width.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trm_agent.errors import CheckpointError
from trm_agent.features.batch import Batch
from trm_agent.features.flags import CHOICE_FLAGS, SLOT_FLAGS, TOOL_FLAGS
from trm_agent.features.likeness import SLOT_CHANNELS, TOOL_CHANNELS
from trm_agent.features.shapes import SHAPES
from trm_agent.features.tools import SLOT_FEATURES, TOOL_FEATURES
from trm_agent.model.graphs import ANSWER, BODY, BODY_INPUTS, FED_BACK, READER, STEP, STEP_INPUTS
from trm_agent.model.heads import Answer, Question
from trm_agent.model.network import RouterModel
from trm_agent.model.reader import View, message_age, one_hot_recency, visible_tokens
from trm_agent.model.trm import deep_recursion

OPSET = 20


def export_network(model: RouterModel, folder: Path) -> None:
    """Write the graphs of a network.

    Raises:
        CheckpointError: It is a control that is served with torch only.
    """
    if model.config.plain or model.config.carry or not model.config.likeness or not model.config.shapes:
        raise CheckpointError(
            "a network with plain or carry, or without shapes and likeness, has no graphs; serve it with torch"
        )
    model = model.eval()
    example = _example(model)
    _write(_Reader(model), example["reader"], ["hidden", "layers"], folder / READER)
    _write(_Body(model), example["body"], [*ANSWER, "length", "x", "choices", "y", "z"], folder / BODY)
    _write(_Step(model), example["step"], [f"new_{name}" for name in (*ANSWER, "y", "z")], folder / STEP)


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
        return *_parts(model.heads(y, question)), y, z


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


def _example(model: RouterModel) -> dict[str, dict[str, Tensor]]:
    """Inputs of unlike sizes, so that no two axes are taken for one."""
    config = model.config
    N, W, U, M, K, S, C, T, E, D = 3, 23, 9, 7, 4, 5, 6, 11, config.encoder_width, config.width
    heads, width = config.heads, config.width // config.heads
    message = torch.arange(W)[None] * M // W
    body = {
        "read": torch.randn(1, W, D),
        "token_mask": torch.ones(1, W, dtype=torch.bool),
        "token_message": message,
        "message_vectors": torch.randn(1, M, E),
        "roles": torch.zeros(1, M, dtype=torch.long),
        "tool_vectors": torch.randn(1, K, E),
        "tool_features": torch.randn(1, K, TOOL_FEATURES),
        "tool_mask": torch.ones(1, K, dtype=torch.bool),
        "slot_vectors": torch.randn(1, S, E),
        "slot_features": torch.randn(1, S, SLOT_FEATURES),
        "slot_mask": torch.ones(1, S, dtype=torch.bool),
        "required": torch.ones(1, K, S, dtype=torch.bool),
        "optional": torch.zeros(1, K, S, dtype=torch.bool),
        "choice_vectors": torch.randn(1, C, E),
        "choice_slot": torch.zeros(1, C, dtype=torch.long),
        "choice_mask": torch.ones(1, C, dtype=torch.bool),
        "visible": torch.tensor([2, 4, 7]),
        "tool_flags": torch.randn(N, K, TOOL_FLAGS),
        "slot_flags": torch.randn(N, S, SLOT_FLAGS),
        "choice_flags": torch.randn(N, C, CHOICE_FLAGS),
        "slot_likeness": torch.randn(1, S, W, SLOT_CHANNELS),
        "tool_likeness": torch.randn(1, K, W, TOOL_CHANNELS),
        "label_tokens": torch.randn(1, S, T, E).half(),
        "label_mask": torch.ones(1, S, T, dtype=torch.bool),
    }
    L = 8 + K + S
    step = body | {
        "x": torch.randn(N, L, D),
        "choices": torch.randn(N, C, D),
        "y": torch.randn(N, L, D),
        "z": torch.randn(N, L, D),
        "decision": torch.randn(N, 2),
        "tool": torch.randn(N, 1 + K),
        "op": torch.randn(N, S, 3),
        "start": torch.randn(N, S, W),
        "end": torch.randn(N, S, W),
        "choice": torch.randn(N, C),
    }
    reader = {
        "tokens": torch.randn(1, U, E).half(),
        "shapes": torch.randn(1, U, SHAPES),
        "message_vectors": torch.randn(1, M, E),
        "roles": torch.zeros(1, M, dtype=torch.long),
        "owner": message[:, -U:],
        "attend": torch.ones(1, 1, U, W, dtype=torch.bool),
        "cosine": torch.randn(U, width),
        "sine": torch.randn(U, width),
        "known": torch.randn(config.reader_layers, 2, heads, W - U, width),
    }
    return {
        "reader": reader,
        "body": {name: body[name] for name in BODY_INPUTS},
        "step": {name: step[name] for name in STEP_INPUTS},
    }


def _write(module: nn.Module, inputs: dict[str, Tensor], outputs: Sequence[str], path: Path) -> None:
    """Export a module; axes of the example that are no size of the network may be of any length."""
    sizes = {name: _axes(name, value) for name, value in inputs.items()}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            kwargs={"inputs": inputs},
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes={"inputs": sizes},
            input_names=list(inputs),
            output_names=list(outputs),
            verbose=False,
        )
        if program is None:
            raise CheckpointError(f"{path}: torch made no graph of the network")
        program.save(str(path))


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
