"""The façade: tools and a history in, a decision out.

    router = Router.from_pretrained()
    bound = router.bind(tools)
    decision = bound.decide(history)

A decision is a pure function of tools, history and `now`. The state that it carries only saves work: a state that
does not fit (other tools, other weights, another history, values the history does not hold) is not trusted, and the
history is replayed, which gives the same answer.
"""

from __future__ import annotations

import copy
import gc
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from trm_agent.checkpoint import Backend, Checkpoint, open_parts, shipped_weights
from trm_agent.decoding.by_clause import clauses, reread
from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.coverage import rate
from trm_agent.decoding.decide import check_tool_choice, decode, fold
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.records import gather
from trm_agent.decoding.rules import RULES, Rule
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.state import trusted_values
from trm_agent.encoder.sentence import CachingEncoder, Encoder
from trm_agent.encoder.threads import settle_threads
from trm_agent.errors import CheckpointError
from trm_agent.features.batch import collate, collate_arrays
from trm_agent.features.catalogue import Catalogue, Limits
from trm_agent.features.conversation import Conversation
from trm_agent.features.tool_vectors import ToolVectors
from trm_agent.features.tools import ToolTable
from trm_agent.features.window import read_windows
from trm_agent.log import logger
from trm_agent.model import graphs as network_graphs
from trm_agent.model.graphs import Graphs
from trm_agent.model.halting import Halting
from trm_agent.model.reader_cache import ReadingMemory
from trm_agent.types import (
    Decision,
    Message,
    SlotField,
    SlotState,
    ToolSchema,
    Value,
    history_hash,
    parse_history,
    parse_tools,
    prefix_hashes,
    slot_table,
)

if TYPE_CHECKING:
    from trm_agent.responses.choosing import Responses

IRRELEVANT_SHARE = 0.1
BATCH_TOKENS = 40_000
"""Conversations are forwarded together up to so many decision points times tokens."""


_NOT_READ = SlotPrediction(1.0, 0.0, 0.0)
_FIT_IT = "it ranks decisions and promises nothing; fit it on held-out samples with recipes/calibrate_router.py"


@dataclass(frozen=True)
class _Item:
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


@dataclass(frozen=True)
class _Point:
    """What is predicted for the tools and slots that entered a decision point."""

    table: ToolTable
    prediction: Prediction


@dataclass(frozen=True)
class _Request:
    """One history to decide, with what is already known of it."""

    history: list[Message]
    done: int
    values: dict[str, Value]

    @property
    def points(self) -> list[int]:
        """Decision points still to be read: those after the state, and the end."""
        return sorted({n for n in decision_points(self.history) if n > self.done} | {len(self.history)})

    def read(self, carry: bool) -> set[int]:
        """The points that enter the model: these, and the one before where its y is carried."""
        earlier = [n for n in decision_points(self.history) if n < self.points[0]]
        return {*self.points, *(earlier[-1:] if carry else ())}


class Router:
    """A checkpoint with its encoder, ready to be bound to tools.

    Args:
        checkpoint: Model, calibration and what they were trained with.
        encoder: The frozen encoder; its fingerprint must be the checkpoint's.
        halting: When a decision stops before the last supervision step; by default never.
        rules: Rules of language between network and decision; none of them: what the network alone says.
        threads: CPU threads; default: see `encoder.threads`. Graphs have their own.
        graphs: The checkpoint's network in onnxruntime; default: torch.

    Raises:
        CheckpointError: The checkpoint was trained on another encoder.
        ValueError: `threads` is below 1.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        encoder: Encoder,
        halting: Halting = Halting(),  # noqa: B008
        rules: Sequence[Rule] = RULES,
        threads: int | None = None,
        graphs: Graphs | None = None,
    ) -> None:
        if encoder.fingerprint != checkpoint.encoder_fingerprint:
            raise CheckpointError(
                f"the checkpoint was trained on encoder {checkpoint.encoder_name!r} "
                f"({checkpoint.encoder_fingerprint[:12]}…), got {encoder.name!r} ({encoder.fingerprint[:12]}…)"
            )
        if graphs is None:
            settle_threads(threads)
        self.checkpoint = checkpoint
        self.graphs = graphs
        # A network of torch, or where graphs answer the file it lies in.
        model: Any = checkpoint.model if graphs else _packed(checkpoint.model)
        self.model = model
        self.encoder = encoder if isinstance(encoder, CachingEncoder) else CachingEncoder(encoder)
        self.halting = halting
        self.rules = tuple(rules)
        self.memory = ReadingMemory(graphs.reader if graphs else model.reader)
        self.tool_vectors = ToolVectors(self.encoder.encoder)
        self._bound: OrderedDict[str, BoundRouter] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path | None = None,
        *,
        encoder: Encoder | None = None,
        tool_vectors: str | Path | None = None,
        threads: int | None = None,
        backend: Backend = "auto",
    ) -> Router:
        """Load a checkpoint folder, or the weights that ship with the package.

        Args:
            path: The folder; default: the shipped weights.
            encoder: Default: the one the checkpoint was trained on.
            tool_vectors: A file that `save_tool_vectors` wrote: tools in it are bound without encoding them.
            threads: CPU threads; default: see `encoder.threads`.
            backend: `auto`: network and encoder each in onnxruntime where its graph is there, and so for the shipped
                sizes always; else in torch. `onnx` exports what is missing, once; `torch` insists on torch. Decisions
                are the same.

        Raises:
            CheckpointError: The folder cannot be trusted.
            EncoderError: Its encoder cannot be found, or the tool vectors are another encoder's.
        """
        folder = Path(path) if path is not None else shipped_weights()
        checkpoint, graphs, encoder = open_parts(folder, backend, encoder, threads)
        if not checkpoint.calibration.calibrated:
            logger.warning("%s: its confidence is not calibrated: %s", path or "the shipped weights", _FIT_IT)
        router = cls(checkpoint, encoder, threads=threads, graphs=graphs)
        if tool_vectors is not None:
            router.tool_vectors.load(Path(tool_vectors))
        return router

    def warm_up(self) -> None:
        """Pay for the first turn before it comes.

        One sentence is encoded and decided on; what is loaded by then is taken out of garbage collection (`gc.freeze`,
        for the whole process).
        """
        bound = self.bind([{"name": "find_bus", "parameters": {"properties": {"city": {"type": "string"}}}}])
        bound.decide([{"role": "user", "content": "I need a bus to Anaheim"}])
        gc.collect()
        gc.freeze()

    def save_pretrained(self, path: str | Path) -> None:
        """Write a checkpoint folder."""
        self.checkpoint.save(Path(path))

    def save_tool_vectors(self, path: str | Path) -> None:
        """Write the vectors of all tools bound so far, for `from_pretrained(tool_vectors=path)`.

        Raises:
            EncoderError: The file cannot be written.
        """
        self.tool_vectors.save(Path(path))

    def with_calibration(self, calibration: Calibration) -> Router:
        """The same router with other calibration."""
        return self._like(checkpoint=replace(self.checkpoint, calibration=calibration))

    def with_rules(self, rules: Sequence[Rule]) -> Router:
        """A router with other rules of language; it shares weights and encoder with this one."""
        return self._like(rules=rules)

    def with_steps(self, most: int, halting: Halting | None = None) -> Router:
        """A router that takes so many supervision steps; it shares weights and encoder with this one.

        Args:
            most: Supervision steps; more than it was trained with is allowed.
            halting: When a decision stops earlier; by default as this router does.

        Raises:
            ValueError: `most` is below 1.
        """
        if most < 1:
            raise ValueError(f"a decision takes at least one supervision step, got {most}")
        model = copy.copy(self.model)  # its parameters are the same tensors
        model.config = replace(model.config, supervision_steps=most)
        return self._like(checkpoint=replace(self.checkpoint, model=model), halting=halting)

    def _like(
        self,
        checkpoint: Checkpoint | None = None,
        halting: Halting | None = None,
        rules: Sequence[Rule] | None = None,
    ) -> Router:
        """A router that differs in nothing but what is given; it shares encoder and tool vectors."""
        router = Router(
            checkpoint or self.checkpoint,
            self.encoder,
            halting or self.halting,
            self.rules if rules is None else rules,
            graphs=self.graphs,
        )
        router.tool_vectors = self.tool_vectors
        return router

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal weights, sizes, encoder, calibration and halting."""
        parts = [
            weights_hash(self.checkpoint),
            json.dumps(self.model.config.to_json()),
            repr(self.halting),
            self.encoder.fingerprint,
            json.dumps(self.checkpoint.calibration.to_json()),
        ]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]

    @cached_property
    def responses(self) -> Responses | None:
        """Words for direct answers; None where the checkpoint has none."""
        held = self.checkpoint.responses
        if held is None:
            return None
        from trm_agent.responses.storage import ready

        return ready(held, self.encoder.encoder)

    def count_tokens(self, text: str) -> int:
        return len(self.token_ids(text))

    def token_ids(self, text: str) -> list[int]:
        return self.encoder.token_ids(text)

    def bind(
        self,
        tools: Sequence[ToolSchema | Mapping[str, Any]],
        slot_fields: Sequence[SlotField] | None = None,
        *,
        limits: Limits | None = None,
    ) -> BoundRouter:
        """Encode a tool list once; binding an equal list again costs nothing.

        Args:
            tools: On offer.
            slot_fields: Slots beside their parameters; default: those the checkpoint was trained with.
            limits: How many tools and slots enter a decision; of longer lists the nearest to what was said.

        Raises:
            ToolError: The list cannot be used.
        """
        parsed = parse_tools(tools)
        extra = self.checkpoint.slot_fields if slot_fields is None else tuple(slot_fields)
        limits = limits or Limits()
        offer = [[t.to_json() for t in parsed], [f.to_json() for f in extra], [limits.tools, limits.slots]]
        key = json.dumps(offer, sort_keys=True, default=str)
        with self._lock:
            if key in self._bound:
                self._bound.move_to_end(key)
                return self._bound[key]
        catalogue = Catalogue(parsed, slot_table(parsed, extra), limits, self.tool_vectors, self.encoder)
        bound = BoundRouter(self, parsed, catalogue, hashlib.sha256(key.encode()).hexdigest())
        if self.responses is not None:
            self.responses.meet(parsed)
        with self._lock:
            self._bound[key] = bound
            while len(self._bound) > 256:
                self._bound.popitem(last=False)
        return bound


class BoundRouter:
    """A router that knows its tools."""

    def __init__(self, router: Router, tools: tuple[ToolSchema, ...], catalogue: Catalogue, digest: str) -> None:
        self.router = router
        self.tools = tools
        self.slots = catalogue.slots
        self._catalogue = catalogue
        self._slot = {slot.key: slot for slot in self.slots}
        self.fingerprint = hashlib.sha256(f"{router.fingerprint}|{digest}".encode()).hexdigest()[:32]

    def entering(self, history: Sequence[Message | Mapping[str, Any]]) -> list[str]:
        """The tools, by name, that would be looked at after a history: all of them, or the nearest of a long list.

        Raises:
            HistoryError: The history is empty or malformed.
        """
        messages = parse_history(history)
        return [tool.name for tool in self._catalogue.at(messages, len(messages)).tools]

    def decide(
        self,
        history: Sequence[Message | Mapping[str, Any]],
        *,
        state: Mapping[str, Any] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> Decision:
        """Decide what comes after a history.

        Args:
            history: Messages, or plain JSON.
            state: `Decision.state` of an earlier turn of the same conversation; saves re-reading, changes nothing.
            tool_choice: `auto`, `any`, `none`, or the name of the tool to call.
            now: What relative dates count from.

        Raises:
            HistoryError: The history is empty or malformed.
            ToolError: `tool_choice` names no tool on offer.
        """
        return self.decide_batch([history], states=[state], tool_choice=tool_choice, now=now)[0]

    def decide_batch(
        self,
        histories: Sequence[Sequence[Message | Mapping[str, Any]]],
        *,
        states: Sequence[Mapping[str, Any] | None] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> list[Decision]:
        """Decide several histories in one vectorised forward; histories that continue one another are read once.

        Raises:
            HistoryError: A history is empty or malformed.
            ToolError: `tool_choice` names no tool on offer.
            ValueError: Not as many states as histories.
        """
        if states is not None and len(states) != len(histories):
            raise ValueError(f"expected one state for each of the {len(histories)} histories, got {len(states)}")
        check_tool_choice(tool_choice, self.tools)
        started = time.perf_counter()
        parsed = [parse_history(history) for history in histories]
        requests = [self._resume(messages, states[i] if states else None, now) for i, messages in enumerate(parsed)]
        groups = _continuations(requests)
        carry = self.router.model.config.carry
        points = [sorted({n for i in members for n in requests[i].read(carry)}) for members in groups]
        windows = [
            (group, talk, visible)
            for group, members in enumerate(groups)
            for talk, visible in read_windows(
                requests[members[0]].history, points[group], self.router.encoder, BATCH_TOKENS
            )
        ]
        encoded = time.perf_counter()
        ends = [{len(requests[i].history) for i in members} for members in groups]
        items = [
            item
            for group, talk, visible in windows
            for item in self._items(group, talk, visible, ends[group], tool_choice)
        ]
        predictions: list[dict[tuple[int, bool], _Point]] = [{} for _ in groups]
        for item, predicted in zip(items, self._predict(items), strict=True):
            for n, prediction in predicted.items():
                predictions[item.group][n, item.forced] = _Point(item.table, prediction)
        forwarded = time.perf_counter()
        out: list[Decision | None] = [None] * len(histories)
        for members, found in zip(groups, predictions, strict=True):
            for i in members:
                decision = self._decide(requests[i], found, tool_choice, now)
                read = self._by_clause(decision, requests[i].history, states[i] if states else None, now)
                out[i] = gather(read, self.tools)
        finished = time.perf_counter()
        share = 1000 / max(1, len(histories))
        latency = {
            "encoder": (encoded - started) * share,
            "trm": (forwarded - encoded) * share,
            "decoding": (finished - forwarded) * share,
            "total": (finished - started) * share,
        }
        return [replace(decision, latency_ms=latency) for decision in out if decision is not None]

    def _resume(self, history: list[Message], state: Mapping[str, Any] | None, now: datetime | None) -> _Request:
        if state is None:
            return _Request(history, 0, {})
        values = trusted_values(state, self.fingerprint, self._slot, history, now)
        if values is None:
            logger.warning("the slot state does not fit these tools, weights or messages; replaying the history")
            return _Request(history, 0, {})
        return _Request(history, int(state["messages"]), values)

    def _items(
        self, group: int, talk: Conversation, points: list[int], ends: set[int], tool_choice: str
    ) -> Iterator[_Item]:
        """Points of a window by what enters them; an end is read once more where the tool to call would not enter.

        That second reading decides, and is not remembered: what the state holds does not depend on `tool_choice`.
        """
        for table, together in self._catalogue.split(talk.messages, points):
            yield _Item(group, talk, table, together)
            if tool_choice in self._catalogue.row and all(tool.name != tool_choice for tool in table.tools):
                for n in ends.intersection(together):
                    yield _Item(group, talk, self._catalogue.at(talk.messages, n, tool_choice), [n], forced=True)

    def _predict(self, items: Sequence[_Item]) -> list[dict[int, Prediction]]:
        """Forward items in chunks; of each: history length → prediction."""
        out: dict[int, dict[int, Prediction]] = {}
        for chunk in _chunks(items):
            out.update(zip(chunk, self._forward([items[i] for i in chunk]), strict=True))
        return [out[i] for i in range(len(items))]

    def _forward(self, items: Sequence[_Item]) -> list[dict[int, Prediction]]:
        if self.router.graphs is not None:
            answered = [self._answer_by_graphs(self.router.graphs, item) for item in items]
        else:
            answered = self._answer_by_torch(items)
        floor = self.router.model.config.relevance_floor
        out: list[dict[int, Prediction]] = []
        for item, (read, steps) in zip(items, answered, strict=True):
            relevance = self._catalogue.relevance(item.talk)
            out.append(
                {
                    count: _discount(_prediction(read, i, item, steps[i]), relevance[count] < floor)
                    for i, count in enumerate(item.points)
                }
            )
        return out

    def _answer_by_torch(self, items: Sequence[_Item]) -> list[tuple[dict[str, np.ndarray], list[int]]]:
        """What the network says of the points of every item, and their supervision steps; all in one forward."""
        import torch

        from trm_agent.model.predict import read_answer
        from trm_agent.model.spans import Scope
        from trm_agent.responses.head import answer_state

        batch = collate([(item.table, item.talk, item.points) for item in items])
        size = self.router.model.config.span_tokens
        with torch.inference_mode():
            alone = items[0].talk if len(items) == 1 and len(items[0].talk.tokens) else None
            tokens = self.router.memory.read(alone, batch) if alone else None
            answer, steps = self.router.halting.last(self.router.model(batch, tokens=tokens), batch)
            read = read_answer(answer, Scope.of(batch, size)) | {"answer_state": answer_state(answer, batch).numpy()}
        out = []
        n = 0
        for item in items:
            own = slice(n, n + len(item.points))
            out.append(({name: array[own] for name, array in read.items()}, steps[own]))
            n += len(item.points)
        return out

    def _answer_by_graphs(self, graphs: Graphs, item: _Item) -> tuple[dict[str, np.ndarray], list[int]]:
        """The same of one item, without torch."""
        config, halting = self.router.model.config, self.router.halting
        batch = collate_arrays([(item.table, item.talk, item.points)])
        alone = len(item.talk.tokens) > 0
        tokens: Any = self.router.memory.read(item.talk, batch) if alone else graphs.reader.read(batch).hidden
        answers = graphs.answers(batch, tokens, config.supervision_steps)
        answer, steps = network_graphs.last_answer(answers, batch, halting.threshold, halting.unchanged)
        return network_graphs.read_answer(answer, batch, config.span_tokens), steps

    def _decide(
        self, request: _Request, points: Mapping[tuple[int, bool], _Point], tool_choice: str, now: datetime | None
    ) -> Decision:
        """Fold the decision points in order, then decide at the end."""
        calibration = self.router.checkpoint.calibration
        history, values, done = request.history, request.values, request.done
        end, forced = len(history), (len(history), True) in points

        def after(n: int, before: dict[str, Value]) -> dict[str, Value]:
            prediction, scene = self._offer(points[n, False], before, history[:n], now)
            return fold(prediction, scene, before, calibration=calibration, rules=self.router.rules)

        for n in request.points[:-1]:
            values, done = after(n, values), n
        decision = decode(
            *self._offer(points[end, forced], values, history, now),
            previous=values,
            calibration=calibration,
            tool_choice=tool_choice,
            rules=self.router.rules,
        )
        if end in decision_points(history):
            values, done = after(end, values) if forced else decision.slot_values, end
        held = {key: value.to_json() for key, value in values.items()}
        state = SlotState(self.fingerprint, done, history_hash(history[:done]), held)
        tools = dict.fromkeys(self._catalogue.row, 0.0) | decision.probabilities["tools"]
        return replace(
            decision,
            state=state.to_json(),
            probabilities={**decision.probabilities, "tools": tools},
            answer_state=points[end, forced].prediction.answer_state,
        )

    def _by_clause(
        self, decision: Decision, history: list[Message], state: Mapping[str, Any] | None, now: datetime | None
    ) -> Decision:
        """The same decision, each of several calls read in the clause that speaks of it."""
        parts = clauses(decision.calls, history)
        if not parts:
            return decision
        tools = {tool.name: tool for tool in self.tools}
        said = [self.decide(part.history, state=state, tool_choice=part.call.tool, now=now) for part in parts]
        calls = reread(parts, [next(iter(one.made), None) for one in said], tools, tuple(self._slot.values()))
        return rate(decision.with_calls(calls), self.tools, history, self.router.checkpoint.calibration)

    def _offer(
        self, point: _Point, values: Mapping[str, Value], history: Sequence[Message], now: datetime | None
    ) -> tuple[Prediction, Scene]:
        """A prediction with its scene: its tools and slots, and the slots that hold a value and did not enter.

        Whatever else did not enter would be predicted empty and not meant: leaving it out changes nothing.
        """
        slots = point.table.slots
        entered = {slot.key for slot in slots}
        if entered.issuperset(values):
            return point.prediction, Scene(point.table.tools, slots, history, now)
        carried = [self._slot[key] for key in values if key not in entered]
        said = [*zip(slots, point.prediction.slots, strict=True), *((slot, _NOT_READ) for slot in carried)]
        said.sort(key=lambda pair: pair[0].key)
        prediction = replace(point.prediction, slots=tuple(prediction for _, prediction in said))
        return prediction, Scene(point.table.tools, tuple(slot for slot, _ in said), history, now)


def decision_points(history: Sequence[Message]) -> list[int]:
    """Lengths at which something may be decided: after every user message and every result.

    What comes later has no say in it, so that a state taken at the end of a history fits whatever continues it.
    """
    return [n for n, message in enumerate(history, 1) if message.role in ("user", "tool_response")]


def _packed(model: Any) -> Any:
    """The network with its large layers laid out for oneDNN."""
    from trm_agent.encoder.packed_linear import packed

    return packed(model.eval())


def weights_hash(checkpoint: Checkpoint) -> str:
    """The checkpoint's sha256, or one of the live parameters where it was never saved."""
    if checkpoint.weights_sha256:
        return checkpoint.weights_sha256
    digest = hashlib.sha256()
    for name, value in sorted(checkpoint.model.state_dict().items()):
        digest.update(name.encode() + value.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _continuations(requests: Sequence[_Request]) -> list[list[int]]:
    """Group requests whose histories are prefixes of one another, the longest first in each group."""
    if len(requests) == 1:
        return [[0]]
    groups: list[list[int]] = []
    known: dict[str, int] = {}
    for i in sorted(range(len(requests)), key=lambda i: -len(requests[i].history)):
        hashes = prefix_hashes(requests[i].history)
        if hashes[-1] in known:
            groups[known[hashes[-1]]].append(i)
            continue
        for prefix in hashes:
            known.setdefault(prefix, len(groups))
        groups.append([i])
    return groups


def _chunks(items: Sequence[_Item]) -> list[list[int]]:
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


def _discount(prediction: Prediction, irrelevant: bool) -> Prediction:
    """Where nothing said so far has to do with any tool, the tools and a call lose most of their probability."""
    if not irrelevant or not prediction.tools:
        return prediction
    tools = tuple(p * IRRELEVANT_SHARE for p in prediction.tools)
    return replace(prediction, call=prediction.call * IRRELEVANT_SHARE, tools=tools, no_tool=1 - sum(tools))


def _prediction(read: dict[str, np.ndarray], n: int, item: _Item, steps: int) -> Prediction:
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
