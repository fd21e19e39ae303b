"""Slot values read from what the model predicts.

The state is a pure function of the messages: every slot is read anew from the whole history, and only those of tools
that the conversation is clearly not about keep what they had, or take up what a result offers. A value is a closed
list's entry or the characters of a span, parsed for its parameter; its source names the very characters.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.held import held
from trm_agent.decoding.in_history import ends, number_place
from trm_agent.decoding.named_choices import named_with
from trm_agent.decoding.prediction import Prediction, SlotPrediction, unit, units
from trm_agent.decoding.rules import RULES, Rule, refine
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.shown import shown_names, shown_values
from trm_agent.text.field_names import meant_fields
from trm_agent.types import DONTCARE, Message, Parameter, Slot, Source, ToolSchema, Value
from trm_agent.values import normalise, validates

CALL_THRESHOLD = 0.5
INACTIVE = 0.2
SEVERAL = 0.8
"""Probability of a single call from which on there is one. Below it, readings that share a slot decide."""
SHARE = 0.1
"""Share of the pointer from which on a tool is one of several that are called."""
EAGER = 0.25
"""Least probability of being filled for a slot that a call needs, where the model is set on making that call."""
POOLED = 0.03
"""Least probability of a span that counts for its value beside the other places where it stands."""
OFFERED = 0.5
"""Least probability of being filled, and of the span, for what a result holds to be taken up whatever it is called."""
BESIDE = 0.6
"""Part of the likeliest entry's probability from which on another one belongs to the same list."""
# Where a span already went to another slot of the tool, the next best must be at least this probable.
SECOND_READING = 0.1
# The same for what a sure call requires: something has to be there.
LAST_READING = 0.01

_IDENTITY = Calibration.identity()


@dataclass(frozen=True)
class Reading:
    """Slot key → value for every filled slot, and slot key → raw probability for those read at this point."""

    values: dict[str, Value]
    raw: dict[str, float]


def fold(
    prediction: Prediction,
    scene: Scene,
    previous: Mapping[str, Value],
    *,
    calibration: Calibration = _IDENTITY,
    rules: Sequence[Rule] = RULES,
) -> dict[str, Value]:
    """The value of every filled slot after this decision point.

    Slots are read anew from the whole history; those of tools that the conversation is clearly not about keep
    their previous value. One of these that has none is read only if a tool result has shown a field that may fill it,
    or the model surely points at a text that a result holds: the user takes an offer up ("that sounds good") before
    anything is booked. A span that two open slots of one tool read alike goes to the surer one.

    Args:
        prediction: For this decision point.
        scene: Where it was made.
        previous: Slot key → value before this decision point, from an earlier fold.
        calibration: For the confidence of the values read here; carried values keep theirs.
        rules: See `refine`.

    Raises:
        ValueError: The prediction was made for other tools, slots or choices.
    """
    scene.check(prediction)
    return read_slots(refine(prediction, scene, rules), scene, previous, calibration).values


def read_slots(
    prediction: Prediction, scene: Scene, previous: Mapping[str, Value], calibration: Calibration
) -> Reading:
    """`fold` of a refined prediction, with the raw probabilities beside the values."""
    tools, slots, history = scene.tools, scene.slots, scene.history
    odds = dict(zip((tool.name for tool in tools), units(prediction.tools), strict=True))
    needed = _needed(prediction, tools)
    shown = shown_names(history)
    values: dict[str, Value] = {}
    candidates: dict[str, Iterator[Value]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    eager: set[str] = set()
    for slot, said in zip(slots, prediction.slots, strict=True):
        owners[slot.key] = tuple(sorted(slot.tools))
        idle = bool(slot.readers) and math.fsum(odds.get(owner, 0.0) for owner in owners[slot.key]) < INACTIVE
        before = previous.get(slot.key) if idle else None
        if before is not None and (kept := _carry(before, slot.parameter, history)) is not None:
            values[slot.key] = kept
        if not idle or meant_fields(slot.parameter, shown) or _offered(slot, said, history):
            if not needed.isdisjoint(slot.readers):
                eager.add(slot.key)
            least = EAGER if slot.key in eager else 0.5
            candidates[slot.key] = readings(said, slot, scene, least=least)
    read = {
        key: value
        for key, value in _share_out(candidates, owners, eager).items()
        if key not in values or _confirms(value, values[key])
    }
    read |= ends(slots, read, values, history, scene.now)
    if tools and prediction.calls[0] >= SEVERAL:
        read |= held(read, scene.meant(prediction), slots, history, corrected=prediction.act == "correct")
    for key, value in read.items():
        values[key] = calibration.sure(value)
    ordered = {slot.key: values[slot.key] for slot in slots if slot.key in values}
    return Reading(ordered, {key: read[key].confidence for key in ordered if key in read})


def _confirms(read: Value, kept: Value) -> bool:
    """Whether a slot is read again as what it has, at the same place."""
    return read.value == kept.value and replace(read.source, kind="state") == kept.source


def meant_tools(prediction: Prediction, tools: Sequence[ToolSchema]) -> list[ToolSchema]:
    """The tools that are called if something is, the likeliest first: one, or all that share the pointer.

    Args:
        prediction: For this decision point.
        tools: In the order of `prediction.tools`.
    """
    odds = dict(zip((tool.name for tool in tools), units(prediction.tools), strict=True))
    ranked = sorted(tools, key=lambda tool: (-odds[tool.name], tool.name))
    total = math.fsum(odds.values())
    if prediction.calls[0] >= SEVERAL or total <= 0:
        return ranked[:1]
    return ranked[:1] + [tool for tool in ranked[1:] if odds[tool.name] / total > SHARE]


def _needed(prediction: Prediction, tools: Sequence[ToolSchema]) -> frozenset[tuple[str, str]]:
    """(tool, parameter) of what the calls require that the model is set on making; nothing without one."""
    if not tools or unit(prediction.call) < CALL_THRESHOLD:
        return frozenset()
    return frozenset((tool.name, name) for tool in meant_tools(prediction, tools) for name in tool.required)


def _offered(slot: Slot, said: SlotPrediction, history: Sequence[Message]) -> bool:
    """Whether the model surely points at what an answer said of a result, a text that the result holds."""
    if slot.parameter.type != "string" or not said.filled > OFFERED or not said.spans:
        return False
    span = said.spans[0]
    if span.probability < OFFERED or not 0 <= span.message < len(history):
        return False
    message = history[span.message]
    text = message.text[span.start : span.end].strip().lower()
    return message.role == "assistant" and any(
        text == value.lower() for values in shown_values(history).values() for value in values
    )


def _carry(value: Value, parameter: Parameter, history: Sequence[Message]) -> Value | None:
    """A value from before; its place is kept only while the history still shows it there."""
    if value.source.kind == "dontcare":
        return replace(value, value=DONTCARE)
    if not validates(value.value, parameter.schema):
        return None
    source = replace(value.source, kind="state")
    if source.message is not None and not _stands_there(source, history):
        source = Source("state", text=source.text)
    return replace(value, source=source)


def _stands_there(source: Source, history: Sequence[Message]) -> bool:
    if source.message is None or not 0 <= source.message < len(history):
        return False
    return history[source.message].text[source.start : source.end] == source.text


def readings(said: SlotPrediction, slot: Slot, scene: Scene, *, least: float = 0.5) -> Iterator[Value]:
    """What a slot can be filled with, best first, confidences uncalibrated; nothing if it is most likely empty.

    Args:
        said: What the model says of the slot.
        slot: To read.
        scene: Where spans point into.
        least: Below 0.5, the slot is also read where it is less probably filled than empty, but at least so probably.
    """
    parameter = slot.parameter
    if said.dontcare > max(said.empty, said.filled):
        yield Value(DONTCARE, unit(said.dontcare), Source("dontcare"))
    likely = said.filled > max(said.empty, said.dontcare)
    if not likely and (least >= 0.5 or said.filled < max(least, said.dontcare)):
        return
    listed = parameter.type == "array" and "const" not in parameter.schema and parameter.schema.get("enum") is None
    if said.choices:
        entries = sorted(zip(units(said.choices), parameter.choices, strict=True), key=lambda entry: -entry[0])
        several = _chosen_together(entries, parameter, scene) if listed and not scene.one_entry else []
        if len(several) > 1 and validates(several, parameter.schema):
            yield Value(several, unit(said.filled * entries[0][0]), Source("choice"))
        for probability, choice in entries:
            value = [choice] if listed else choice
            if choice is not None and validates(value, parameter.schema):
                yield Value(value, unit(said.filled * probability), Source("choice"))
    for probability, value, source in _pooled(said, slot, scene):
        yield Value(value, unit(said.filled * unit(probability)), source)


def _chosen_together(entries: Sequence[tuple[float, Any]], parameter: Parameter, scene: Scene) -> list[Any]:
    """The entries of a closed list that belong together: those that are named, else those about as likely as the first.

    In training every entry of a list is right, so its probability is spread over them.
    """
    named = named_with(entries[0][1], parameter, scene)
    if len(named) > 1:
        return named
    likely = {normalise(choice) for odds, choice in entries if odds >= BESIDE * entries[0][0]}
    return [choice for choice in parameter.choices if normalise(choice) in likely]


def _pooled(said: SlotPrediction, slot: Slot, scene: Scene) -> Iterator[tuple[float, Any, Source]]:
    """What a slot's spans read as, the likeliest first: probability, value, and the likeliest place.

    A value that was said several times is as likely as all its places together, as in training.
    """
    likely = [span for span in said.spans if span.probability >= POOLED]
    found: dict[str, tuple[float, Any, Source]] = {}
    for span in likely:
        if (read := scene.read(span, slot)) is not None:
            text = normalise(read[0])
            known, value, source = found.get(text, (0.0, *read))
            found[text] = known + span.probability, value, source
    yield from sorted(found.values(), key=lambda one: -one[0])
    for span in said.spans[len(likely) :]:
        if (read := scene.read(span, slot)) is not None:
            yield span.probability, *read


def _share_out(
    readings: Mapping[str, Iterator[Value]], owners: Mapping[str, tuple[str, ...]], eager: Set[str]
) -> dict[str, Value]:
    """Give every slot its best reading; the surer of two slots of one tool keeps a span that both read alike."""
    queue: list[tuple[float, str, Value]] = []
    for key, candidates in readings.items():
        if (first := next(candidates, None)) is not None:
            heapq.heappush(queue, (-first.confidence, key, first))
    taken: set[tuple[str, int, int, int, str]] = set()
    values: dict[str, Value] = {}
    while queue:
        _, key, value = heapq.heappop(queue)
        places = _places(value, owners[key])
        if taken.isdisjoint(places):
            taken |= places
            values[key] = value
        elif (other := next(readings[key], None)) is not None and other.confidence >= (
            LAST_READING if key in eager else SECOND_READING
        ):
            heapq.heappush(queue, (-other.confidence, key, other))
    return values


def _places(value: Value, owners: Sequence[str]) -> set[tuple[str, int, int, int, str]]:
    source = value.source
    if source.kind != "span" or source.message is None or source.start is None or source.end is None:
        return set()
    text = normalise(value.value)
    if isinstance(value.value, int | float) and (place := number_place(value)) is not None:
        return {(owner, source.message, *place, "") for owner in owners}  # one number, whatever its unit
    return {(owner, source.message, source.start, source.end, text) for owner in owners}


def same_words(value: Value, other: Value) -> bool:
    """Whether two readings are of the same words, or of the same choice."""
    if value.source.span is None:
        return other.source.message is None and value.value == other.value
    return value.source.overlaps(other.source)
