"""The parts of a training run: which episodes make a batch, how the learning rate goes, what a state file holds.

No loop is hidden here: `recipes/train_router.py` writes it out. Batches and dropout are functions of the seed and the
step alone, so a run that resumes goes on as if it had never stopped.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trm_agent.encoder.sentence import Vocabulary
from trm_agent.errors import CheckpointError
from trm_agent.features.batch import Batch, collate
from trm_agent.features.conversation import Conversation, read_conversation, read_text
from trm_agent.features.relevance import relevance_by_length
from trm_agent.features.tools import build_tool_table, tool_texts
from trm_agent.model.config import ModelConfig
from trm_agent.training.ema import EMA
from trm_agent.training.episodes import Episode
from trm_agent.training.targets import Targets, build_targets
from trm_agent.types import Sample, SlotField, ToolSchema, slot_table

NARROWEST_HIDDEN = 64
"""A matrix with fewer rows or columns reads flags or gives answers: it lies at an end of the network."""
EPISODES_FOR_FLOOR = 4_000
BUCKET = 50
"""Batches among which episodes are sorted by length, so that little of a batch is padding."""
STRIPS = 15
"""Parts of these; within each, episodes are sorted by the rows of their tools and slots."""


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, then a cosine down to `floor` of the peak.

    Attributes:
        peak: Highest learning rate.
        warmup: Steps up to it.
        total: Steps in all.
        floor: Share of the peak left at the end.
    """

    peak: float
    warmup: int
    total: int
    floor: float = 0.03

    def at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / max(1, self.total - self.warmup))
        return self.peak * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2)


def training_texts(episodes: Sequence[Episode]) -> list[str]:
    """Every text that training on these episodes encodes, once."""
    texts = dict.fromkeys(read_text(message) for episode in episodes for message in episode.messages)
    for episode in episodes:
        texts.update(dict.fromkeys(text for part in tool_texts(episode.tools, episode.slots) for text in part))
    return list(texts)


def sample_texts(samples: Sequence[Sample], slot_fields: Sequence[SlotField] = ()) -> list[str]:
    """Every text that deciding these samples encodes, once."""
    texts: dict[str, None] = {}
    tools: tuple[ToolSchema, ...] | None = None
    for sample in samples:
        texts.update(dict.fromkeys(read_text(message) for message in sample.history))
        if sample.tools != tools:
            tools = sample.tools
            fields = [*slot_fields, *(SlotField(name) for name in sample.slots)]
            parts = tool_texts(tools, slot_table(tools, list({f.name: f for f in fields[::-1]}.values())))
            texts.update(dict.fromkeys(text for part in parts for text in part))
    return list(texts)


def weight(episode: Episode, after_result: float) -> float:
    """What an episode adds to a batch, in decision points with twenty rows of tools and slots each.

    Args:
        episode: To weigh.
        after_result: Share of the points after a tool's result that are kept, see `thin`.
    """
    results = sum(episode.messages[point.messages - 1].role == "tool_response" for point in episode.points)
    points = len(episode.points) - results * (1 - after_result)
    return points * max(1.0, (len(episode.tools) + len(episode.slots)) / 20)


def plan_epoch(
    episodes: Sequence[Episode], weights: Sequence[float], seed: int, epoch: int, size: float
) -> list[list[int]]:
    """Batches of episodes alike in length and in rows that weigh `size` or little less, in random order; a function of
    its arguments alone.
    """
    rng = random.Random(f"{seed}/{epoch}")
    order = list(range(len(episodes)))
    rng.shuffle(order)
    span = max(1, int(BUCKET * size * len(order) / sum(weights)))
    batches: list[list[int]] = []
    for start in range(0, len(order), span):
        batch: list[int] = []
        held = 0.0
        for i in alike(episodes, order[start : start + span]):
            if batch and held + weights[i] > size:
                batches.append(batch)
                batch, held = [], 0.0
            batch.append(i)
            held += weights[i]
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def alike(episodes: Sequence[Episode], chosen: Sequence[int]) -> Iterator[int]:
    """The chosen episodes so that neighbours are alike: by length, and among those of like length by rows.

    Every other strip is sorted downwards: where one ends and the next begins, rows are alike, too.
    """
    by_length = sorted(chosen, key=lambda i: episodes[i].length)
    size = max(1, -(-len(by_length) // STRIPS))
    for strip, start in enumerate(range(0, len(by_length), size)):
        yield from sorted(
            by_length[start : start + size],
            key=lambda i: len(episodes[i].tools) + len(episodes[i].slots),
            reverse=strip % 2 == 1,
        )


def plan_steps(
    episodes: Sequence[Episode], seed: int, size: float, after_result: float, first: int, last: int
) -> Iterator[tuple[int, list[int]]]:
    """(step, episodes of its batch) from step `first` up to `last`."""
    weights = [weight(episode, after_result) for episode in episodes]
    step = 0
    for epoch in count():
        for batch in plan_epoch(episodes, weights, seed, epoch, size):
            if step >= last:
                return
            if step >= first:
                yield step, batch
            step += 1


def steps_per_epoch(episodes: Sequence[Episode], seed: int, size: float, after_result: float) -> int:
    """Steps of the first epoch; others take about as many."""
    weights = [weight(episode, after_result) for episode in episodes]
    return len(plan_epoch(episodes, weights, seed, 0, size))


def thin(episode: Episode, rng: random.Random, keep: float) -> Episode:
    """Keep only some of the points that follow a tool's result: they say little that the call before did not."""
    points = [
        point
        for point in episode.points
        if episode.messages[point.messages - 1].role != "tool_response" or rng.random() < keep
    ]
    return replace(episode, points=tuple(points)) if points else episode


def assemble(episodes: Sequence[Episode], vocabulary: Vocabulary, config: ModelConfig) -> tuple[Batch, Targets]:
    """Episodes → a batch and its gold labels."""
    items = [
        (
            episode,
            build_tool_table(episode.tools, episode.slots, vocabulary),
            _read(episode, vocabulary),
        )
        for episode in episodes
    ]
    batch = collate([(table, talk, [point.messages for point in episode.points]) for episode, table, talk in items])
    return batch, build_targets(items, batch, config.span_tokens, config.most_calls)


def _read(episode: Episode, vocabulary: Vocabulary) -> Conversation:
    talk = read_conversation(episode.messages, vocabulary)
    return talk if episode.used is None else talk.one_at_a_time(episode.used)


def relevance_floor(episodes: Sequence[Episode], vocabulary: Vocabulary, most: float = 0.2) -> float:
    """The highest floor, up to `most`, that lies below the relevance of nearly every gold call (all but one in 200).

    Of very many episodes some thousands say it, spread evenly over all.
    """
    needed = []
    for episode in episodes[:: 1 + len(episodes) // EPISODES_FOR_FLOOR]:
        calls = [point.messages for point in episode.points if point.tool is not None]
        if calls:
            table = build_tool_table(episode.tools, episode.slots, vocabulary)
            near = relevance_by_length(read_conversation(episode.messages, vocabulary), table)
            needed.extend(near[calls].tolist())
    return min(most, sorted(needed)[len(needed) // 200] - 1e-3) if needed else most


OPTIMIZERS = ("adamw", "muon")


def make_optimizer(
    model: nn.Module, kind: str = "adamw", weight_decay: float = 0.05
) -> torch.optim.Optimizer | Together:
    """AdamW, or Muon for the matrices between hidden layers and AdamW for the rest; only matrices decay.

    Muon (Jordan et al. 2024) takes a step of equal size in every direction of a matrix. Its steps are scaled to those
    of AdamW, so that one learning rate, set step by step, serves both.

    Raises:
        ValueError: Another kind.
    """
    if kind not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {kind!r}")
    hidden = {
        id(module.weight)
        for module in model.modules()
        if kind == "muon" and isinstance(module, nn.Linear) and min(module.weight.shape) >= NARROWEST_HIDDEN
    }
    parameters = list(model.parameters())
    matrices = [p for p in parameters if p.ndim > 1 and id(p) not in hidden]
    others = [p for p in parameters if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    fused = all(p.is_cuda for p in parameters)
    adamw = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.95), fused=fused or None)
    if not hidden:
        return adamw
    between = [p for p in parameters if id(p) in hidden]
    muon = torch.optim.Muon(between, lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    return Together(muon, adamw)


class Together:
    """Two optimizers as one; the parameters of the second are counted after those of the first."""

    def __init__(self, first: torch.optim.Optimizer, second: torch.optim.Optimizer) -> None:
        self.parts = (first, second)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        first, second = (part.state_dict() for part in self.parts)
        offset = self._counted()
        state = first["state"] | {offset + index: moments for index, moments in second["state"].items()}
        return {"state": state, "param_groups": [first["param_groups"], second["param_groups"]]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        offset = self._counted()
        moments = [
            {index: value for index, value in state_dict["state"].items() if index < offset},
            {index - offset: value for index, value in state_dict["state"].items() if index >= offset},
        ]
        for part, own, groups in zip(self.parts, moments, state_dict["param_groups"], strict=True):
            part.load_state_dict({"state": own, "param_groups": groups})

    def _counted(self) -> int:
        return sum(len(group["params"]) for group in self.parts[0].param_groups)


def average_gradients(model: nn.Module) -> None:
    """Replace every gradient by its mean over the processes, in one message.

    The network answers step by step, as a generator, which `DistributedDataParallel` cannot follow; at this size one
    message after the backward pass costs little.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for parameter, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = part.view_as(parameter)


def save_training_state(
    path: Path, step: int, model: nn.Module, ema: EMA, optimizer: torch.optim.Optimizer | Together
) -> None:
    """Write everything a resumed run needs, as safetensors, in one atomic replacement."""
    state: dict[str, Tensor] = {"step": torch.tensor(step), "ema/step": torch.tensor(ema.step)}
    state |= {f"model/{name}": value for name, value in model.state_dict().items()}
    state |= {f"ema/{name}": value for name, value in ema.average.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        state |= {f"optimizer/{index}/{name}": torch.as_tensor(value) for name, value in moments.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: value.detach().contiguous().cpu() for name, value in state.items()}, partial)
    partial.replace(path)


def load_training_state(path: Path, model: nn.Module, ema: EMA, optimizer: torch.optim.Optimizer | Together) -> int:
    """Restore a run.

    Returns:
        The step to go on with.

    Raises:
        CheckpointError: The file is damaged, or belongs to another model.
    """
    try:
        state = load_file(path)
        model.load_state_dict(_under(state, "model/"))
        ema.load_state_dict(_under(state, "ema/"))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(state, "optimizer/").items():
            index, key = name.split("/")
            moments.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    except Exception as error:
        raise CheckpointError(f"{path}: cannot resume from it: {error}") from error
    return int(state["step"])


def _under(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
