"""Decision points → predictions: the network's answers, in torch or by its graphs, in words of the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.features.batch import collate, collate_arrays
from trm_agent.features.conversation import Conversation
from trm_agent.features.tools import ToolTable
from trm_agent.model import graphs as network_graphs
from trm_agent.model.graphs import Graphs
from trm_agent.model.reader_cache import ReadingMemory

if TYPE_CHECKING:
    from trm_agent.model.halting import Halting

BATCH_TOKENS = 40_000
"""Conversations are forwarded together up to so many decision points times tokens."""


@dataclass(frozen=True)
class Item:
    """Decision points of one conversation that the same tools enter.

    Attributes:
        group: Of histories that continue one another.
        talk: What the points read.
        table: What enters.
        points: History lengths.
        forced: Whether a tool entered because the caller names it.
    """

    group: int
    talk: Conversation
    table: ToolTable
    points: list[int]
    forced: bool = False


class Network:
    """A network that answers, with what it remembers of the conversations it has read.

    Args:
        model: In torch; where graphs answer, the file it lies in.
        halting: When a decision stops before the last supervision step.
        graphs: The same network in onnxruntime; default: torch.
    """

    def __init__(self, model: Any, halting: Halting, graphs: Graphs | None = None) -> None:
        self.model = model
        self.halting = halting
        self.graphs = graphs
        self.memory = ReadingMemory(graphs.reader if graphs else model.reader)

    def predict(self, items: Sequence[Item]) -> list[dict[int, Prediction]]:
        """Forward items in chunks; of each: history length → prediction."""
        out: dict[int, dict[int, Prediction]] = {}
        for chunk in _chunks(items):
            out.update(zip(chunk, self._forward([items[i] for i in chunk]), strict=True))
        return [out[i] for i in range(len(items))]

    def _forward(self, items: Sequence[Item]) -> list[dict[int, Prediction]]:
        if self.graphs is not None:
            answered = [self._answer_by_graphs(self.graphs, item) for item in items]
        else:
            answered = self._answer_by_torch(items)
        return [
            {count: _prediction(read, i, item, steps[i]) for i, count in enumerate(item.points)}
            for item, (read, steps) in zip(items, answered, strict=True)
        ]

    def _answer_by_torch(self, items: Sequence[Item]) -> list[tuple[dict[str, np.ndarray], list[int]]]:
        """What the network says of the points of every item, and their supervision steps; all in one forward."""
        import torch

        from trm_agent.model.predict import read_answer
        from trm_agent.model.spans import Scope
        from trm_agent.responses.head import answer_state

        batch = collate([(item.table, item.talk, item.points) for item in items])
        size = self.model.config.span_tokens
        with torch.inference_mode():
            alone = items[0].talk if len(items) == 1 and len(items[0].talk.tokens) and items[0].talk.whole else None
            tokens = self.memory.read(alone, batch) if alone else None
            answer, steps = self.halting.last(self.model(batch, tokens=tokens), batch)
            read = read_answer(answer, Scope.of(batch, size)) | {"answer_state": answer_state(answer, batch).numpy()}
        out = []
        n = 0
        for item in items:
            own = slice(n, n + len(item.points))
            out.append(({name: array[own] for name, array in read.items()}, steps[own]))
            n += len(item.points)
        return out

    def _answer_by_graphs(self, graphs: Graphs, item: Item) -> tuple[dict[str, np.ndarray], list[int]]:
        """The same of one item, without torch."""
        config, halting = self.model.config, self.halting
        batch = collate_arrays([(item.table, item.talk, item.points)])
        alone = len(item.talk.tokens) > 0 and item.talk.whole
        tokens: Any = self.memory.read(item.talk, batch) if alone else graphs.reader.read(batch).hidden
        answers = graphs.answers(batch, tokens, config.supervision_steps)
        answer, steps = network_graphs.last_answer(answers, batch, halting.threshold, halting.unchanged)
        return network_graphs.read_answer(answer, batch, config.span_tokens), steps


def _chunks(items: Sequence[Item]) -> list[list[int]]:
    """Items of like length, as many together as fit `BATCH_TOKENS`."""
    chunks: list[list[int]] = []
    held = 0
    for i in sorted(range(len(items)), key=lambda i: len(items[i].talk.tokens)):
        count, length = len(items[i].points), len(items[i].talk.tokens)
        if chunks and (held + count) * length <= BATCH_TOKENS:
            chunks[-1].append(i)
            held += count
        else:
            chunks.append([i])
            held = count
    return chunks


def _prediction(read: dict[str, np.ndarray], n: int, item: Item, steps: int) -> Prediction:
    """What the model says of one point, for the tools and slots that entered."""
    slots, first = [], 0
    for s, slot in enumerate(item.table.slots):
        count = len(slot.parameter.choices)
        empty, filled, dontcare = read["op"][n, s].tolist()
        if count:
            choices = tuple(read["choice"][n, s, first : first + count].tolist())
            slots.append(SlotPrediction(empty, filled, dontcare, choices=choices))
        else:
            spans = _candidates(read["span"][n, s], read["start"][n, s], read["length"][n, s], item.talk)
            slots.append(SlotPrediction(empty, filled, dontcare, spans=spans))
        first += count
    return Prediction(
        call=float(read["decision"][n, 1]),
        tools=tuple(read["tool"][n, 1 : len(item.table.tools) + 1].tolist()),
        no_tool=float(read["tool"][n, 0]),
        slots=tuple(slots),
        halt=float(read["halt"][n]),
        calls=tuple(read["calls"][n].tolist()),
        steps=steps,
        answer_state=read["answer_state"][n],
        acts=tuple(read["acts"][n].tolist()),
    )


def _candidates(
    probabilities: np.ndarray, starts: np.ndarray, lengths: np.ndarray, talk: Conversation
) -> tuple[SpanCandidate, ...]:
    """Token spans → characters of the message they stand in; spans that are not legal have no probability."""
    out = []
    for p, start, length in zip(probabilities.tolist(), starts.tolist(), lengths.tolist(), strict=True):
        end = start + length
        if p < 1e-3 or end >= len(talk.tokens) or talk.token_message[start] != talk.token_message[end]:
            continue
        first, last = int(talk.token_spans[start, 0]), int(talk.token_spans[end, 1])
        out.append(SpanCandidate(int(talk.token_message[start]), first, last, p))
    return tuple(out)
