"""A router × samples → report.

Every decision is made from the messages alone, so the slot state is always the router's own. The messages, calls and
results in a history are the data set's: a wrong call is not lived through, and a result restates the gold call's
arguments. The report says so beside its figures.

Latency is measured first, on some dialogues, turn by turn with the state handed on: later on the router's encoder
would know the messages already.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from trm_agent.decoding.calibration import Calibration, fit_calibration
from trm_agent.decoding.coverage import ordinary_words, unread
from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import DataError, TRMError
from trm_agent.evaluation.metrics import judge, state_labels
from trm_agent.evaluation.recalibration import records_of
from trm_agent.evaluation.report import Case, Report
from trm_agent.features.conversation import read_text
from trm_agent.log import logger
from trm_agent.log import progress as progress_bar
from trm_agent.router import Router
from trm_agent.types import Decider, Decision, Message, Sample, SlotField, ToolSchema, slot_table

REFERENCE_TIME = datetime(2019, 3, 1, 9, tzinfo=UTC)
"""What "tomorrow" counts from where a sample's `meta.now` does not say; fixed, so that figures can be repeated."""
BATCH = 32
AHEAD = 32
"""Dialogues whose messages are encoded together: short ones beside short ones, so that little is padded."""
LATENCY_TURNS = 30


class Evaluated(Decider, Protocol):
    """What is evaluated: `trm_agent.router.Router`, or another decider with an encoder."""

    @property
    def encoder(self) -> Encoder:
        """Whose vectors it reads, and which remembers the texts it has seen."""


def evaluate(
    router: Evaluated,
    samples: Iterable[Sample],
    *,
    checkpoint: str = "shipped",
    data: Sequence[str] = (),
    slot_fields: Sequence[SlotField] = (),
    now: datetime = REFERENCE_TIME,
    latency_turns: int = LATENCY_TURNS,
    seed: int = 0,
    progress: bool = False,
    metrics: Sequence[str] = (),
) -> Report:
    """Decide every sample and judge it.

    Args:
        router: What is evaluated.
        samples: Those of one dialogue one after the other.
        checkpoint: What the report calls the router.
        data: What the report calls the samples.
        slot_fields: What is known of slots that no tool declares. Those that the samples of a source list are bound.
        now: What relative dates count from where `meta.now` does not say.
        latency_turns: Turns to time in each source and subset, in whole dialogues; 0 times none.
        seed: Draws the dialogues that are timed.
        progress: Show a bar.
        metrics: Figures of public benchmarks to add to every group (keys of `trm_agent.evaluation.benchmarks.METRICS`).

    Raises:
        DataError: There are no samples, or one cannot be decided; it is named.
    """
    samples = list(share_parts(samples))
    if not samples:
        raise DataError("there are no samples to evaluate; expected at least one")
    fields = _slot_fields(samples, slot_fields)
    dialogues = list(group_dialogues(samples))
    timed = _measure(router, _draw_timed(dialogues, latency_turns, seed), fields, now)
    cases: list[Case] = []
    shown = progress_bar(dialogues, f"evaluating {checkpoint}", len(dialogues)) if progress else dialogues
    for dialogue in _encoded_ahead(router.encoder, shown):
        cases.extend(_decide_dialogue(router, dialogue, fields, now))
    cases = [
        replace(case, verdict=replace(case.verdict, latency_ms=timed[id(case.sample)].milliseconds))
        if id(case.sample) in timed
        else case
        for case in cases
    ]
    _check_agreement(cases, timed)
    latencies = [{**t.decision.latency_ms, "total": t.milliseconds} for t in timed.values()]
    return Report(
        checkpoint, router.fingerprint, router.encoder.name, cases, latencies, tuple(data), metrics=tuple(metrics)
    )


def calibrate_router(router: Router, samples: Iterable[Sample]) -> Calibration:
    """Fit confidence to what the router gets right on held-out samples, on its own state.

    Args:
        router: Of its own calibration the ordinary words stay, no more: raw scores are read.
        samples: Neither trained on nor reported on; those of one dialogue one after the other.

    Raises:
        DataError: There are no samples, or one cannot be decided.
    """
    cases = evaluate(router, samples, latency_turns=0).cases
    left = [unread(case.decision.calls, case.sample.tools, case.sample.history) for case in cases]
    right = (
        (case.decision.calls, rest) for case, rest in zip(cases, left, strict=True) if case.verdict.call_right is True
    )
    ordinary = router.checkpoint.calibration.ordinary | ordinary_words(right)
    records = (
        replace(record, scores=replace(record.scores, unread=rest.share(ordinary)))
        for record, rest in zip(records_of(cases), left, strict=True)
    )
    return fit_calibration(records, ordinary=ordinary)


def share_parts(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The same samples, with tools and messages that equal those of the one before held only once."""
    last: Sample | None = None
    for sample in samples:
        if last is not None:
            kept = sum(1 for _ in _common(last.history, sample.history))
            history = (*last.history[:kept], *sample.history[kept:])
            sample = replace(sample, tools=last.tools if last.tools == sample.tools else sample.tools, history=history)
        yield sample
        last = sample


def group_dialogues(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """Consecutive samples of one dialogue; a sample that names no dialogue stands alone."""
    group: list[Sample] = []
    for sample in samples:
        if group and not _same_dialogue(group[-1], sample):
            yield group
            group = []
        group.append(sample)
    if group:
        yield group


def draw_dialogues(samples: Iterable[Sample], count: int, seed: int) -> Iterator[Sample]:
    """So many dialogues, drawn evenly, in their order; holds no more than those."""
    rng = random.Random(seed)
    kept: list[tuple[int, list[Sample]]] = []
    for position, dialogue in enumerate(group_dialogues(share_parts(samples))):
        if len(kept) < count:
            kept.append((position, dialogue))
        elif (place := rng.randrange(position + 1)) < count:
            kept[place] = (position, dialogue)
    for _, dialogue in sorted(kept, key=lambda pair: pair[0]):
        yield from dialogue


@dataclass(frozen=True)
class _Timed:
    decision: Decision
    milliseconds: float


_Fields = Mapping[Any, tuple[SlotField, ...]]


def _slot_fields(samples: Sequence[Sample], known: Sequence[SlotField]) -> _Fields:
    """Source → the slots that no tool declares.

    They are gathered over the whole source: that a sample lists a field must not tell the router that it is filled.
    """
    described = {slot_field.name: slot_field for slot_field in known}
    names: dict[Any, set[str]] = defaultdict(set)
    tools: tuple[ToolSchema, ...] | None = None
    declared: set[str] = set()
    for sample in samples:
        if sample.tools is not tools:
            tools, declared = sample.tools, {slot.key for slot in slot_table(sample.tools)}
        names[sample.meta.get("source")] |= sample.slots.keys() - declared
    return {key: tuple(described.get(n, SlotField(n)) for n in sorted(found)) for key, found in names.items()}


def _draw_timed(dialogues: Sequence[list[Sample]], turns: int, seed: int) -> list[list[Sample]]:
    order = list(dialogues)
    random.Random(seed).shuffle(order)
    left: dict[tuple[Any, Any], int] = defaultdict(lambda: turns)
    chosen = []
    for dialogue in order:
        if left[_subset(dialogue[0])] > 0:
            left[_subset(dialogue[0])] -= len(dialogue)
            chosen.append(dialogue)
    return chosen


def _measure(router: Evaluated, dialogues: Iterable[list[Sample]], fields: _Fields, now: datetime) -> dict[int, _Timed]:
    """Identity of a sample → its decision and time, decided one after the other as an application would."""
    timed: dict[int, _Timed] = {}
    for dialogue in dialogues:
        state: dict[str, Any] | None = None
        bound = None
        for sample, last in zip(dialogue, [None, *dialogue], strict=False):
            with _named(sample):
                if bound is None or last is None or last.tools != sample.tools:
                    bound, state = router.bind(sample.tools, fields[sample.meta.get("source")]), None
                if not timed:
                    bound.decide([Message("user", "warming up")])
                start = time.perf_counter()
                decision = bound.decide(sample.history, state=state, now=_now(sample, now))
                timed[id(sample)] = _Timed(decision, 1000 * (time.perf_counter() - start))
            state = decision.state
    return timed


def _encoded_ahead(encoder: Encoder, dialogues: Iterable[list[Sample]]) -> Iterator[list[Sample]]:
    source = iter(dialogues)
    while chunk := list(islice(source, AHEAD)):
        encoder.encode(list({read_text(message): None for dialogue in chunk for message in dialogue[-1].history}))
        yield from chunk


def _decide_dialogue(router: Evaluated, dialogue: Sequence[Sample], fields: _Fields, now: datetime) -> Iterator[Case]:
    labels = state_labels(dialogue)
    for chunk in _chunks(list(zip(dialogue, labels, strict=True))):
        first = chunk[0][0]
        with _named(*(sample for sample, _ in chunk)):
            bound = router.bind(first.tools, fields[first.meta.get("source")])
            decisions = bound.decide_batch([sample.history for sample, _ in chunk], now=_now(first, now))
        for (sample, has_state), decision in zip(chunk, decisions, strict=True):
            turn = sum(message.role == "user" for message in sample.history)
            verdict = judge(sample, decision, has_state=has_state)
            yield Case(sample, replace(decision, state={}, latency_ms={}, answer_state=None), verdict, turn)


def _chunks(pairs: Sequence[tuple[Sample, bool]]) -> Iterator[list[tuple[Sample, bool]]]:
    chunk: list[tuple[Sample, bool]] = []
    for pair in pairs:
        full = len(chunk) == BATCH
        if chunk and (full or chunk[-1][0].tools != pair[0].tools or _moment(chunk[-1][0]) != _moment(pair[0])):
            yield chunk
            chunk = []
        chunk.append(pair)
    yield chunk


def _check_agreement(cases: Sequence[Case], timed: Mapping[int, _Timed]) -> None:
    """Decided with a state handed on or from the messages alone, a decision is the same; if not, say so."""
    differing = [
        case.sample.id
        for case in cases
        if (other := timed.get(id(case.sample))) is not None and _essence(other.decision) != _essence(case.decision)
    ]
    if differing:
        logger.warning(
            "%d of %d timed decisions differ from those made in batches without state (first: sample %s)",
            len(differing),
            len(timed),
            differing[0],
        )


def _essence(decision: Decision) -> tuple[Any, ...]:
    return decision.decision, decision.tool, decision.arguments, decision.slots


@contextmanager
def _named(*samples: Sample) -> Iterator[None]:
    """Name the samples in whatever the router reports."""
    try:
        yield
    except TRMError as error:
        names = [str(sample.id or "(without id)") for sample in (samples[0], *samples[1:][-1:])]
        raise DataError(f"{'samples' if len(names) > 1 else 'sample'} {' to '.join(names)}: {error}") from error


def _same_dialogue(a: Sample, b: Sample) -> bool:
    return a.meta.get("dialogue") is not None and all(a.meta.get(k) == b.meta.get(k) for k in ("source", "dialogue"))


def _subset(sample: Sample) -> tuple[Any, Any]:
    return sample.meta.get("source"), sample.meta.get("subset")


def _moment(sample: Sample) -> Any:
    return sample.meta.get("now")


def _now(sample: Sample, default: datetime) -> datetime:
    said = _moment(sample)
    if said is None:
        return default
    try:
        return datetime.fromisoformat(said)
    except (TypeError, ValueError):
        raise DataError(f"meta.now is {said!r}; expected an ISO 8601 date and time") from None


def _common(a: Sequence[Message], b: Sequence[Message]) -> Iterator[Message]:
    for one, other in zip(a, b, strict=False):
        if one != other:
            return
        yield one
