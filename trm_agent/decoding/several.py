"""Several calls in one turn: "the weather in Rome and in Oslo", "… and book me a taxi".

The model says whether there may be more than one, and which tools share the pointer; each of these is read where the
user speaks of it. How many calls a tool gets, the values say: those that are enumerated ("Rome and Oslo"), that the
same words lead up to ("a radius of 5 …, a radius of 10"), or that share a slot. Slots with as many values differ from
call to call, in order; any other takes what is said nearest, or is the same in all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.calls import Call, assemble, made_before
from trm_agent.decoding.coordination import RESPECTIVELY, alike, items, joined, tool_clauses
from trm_agent.decoding.echoes import without_echoes
from trm_agent.decoding.in_history import number_place, read_source
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.record_fields import leading, one_record_each
from trm_agent.decoding.rows import Reader, as_many
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.slots import SEVERAL, meant_tools, read_slots, readings, same_words
from trm_agent.types import Slot, Source, Span, ToolSchema, Value
from trm_agent.values.compare import choice_place

SINGLE = 0.98
"""Probability of a single call from which on there is one, whatever the words are."""
ONE = 0.5
"""The same from which on the calls of one tool are not put together at once."""
EVEN = 0.4
"""Part of an even share that a reading needs to count as one of several."""
EVEN_CHOICES = 0.8
"""The same for choices, which a model wavers between more often."""
CHOICE = 0.1
"""Least probability of a choice that the user names, among others."""
LISTED, SURELY_LISTED = 0.1, 0.3
"""Least probability of an enumeration that is taken apart: where several calls are likely, and where they are not."""
WITHIN, NEARLY = 0.02, 0.85
"""The same where so much of the slot's probability lies within it, for several likely calls or a number."""
ALIKE, SURELY_ALIKE = 0.02, 0.25
"""Part of a slot's spans that must lie on values said like its own; the same two cases."""
BESIDE = 0.02
"""Least probability of a reading beside each of another slot's values."""
WISHED = 0.2
"""Least probability of being filled for an empty slot that other slots leave its best reading to."""
MOST = 8
"""Most calls of one turn."""


@dataclass(frozen=True)
class Context:
    """What calls are put together from.

    Attributes:
        prediction: For this decision point.
        scene: Where it was made.
        values: Slot key → value, as read for a single call.
        calibration: For the confidence of values.
        theirs: Where other tools are spoken of: message and place of each clause.
    """

    prediction: Prediction
    scene: Scene
    values: Mapping[str, Value]
    calibration: Calibration
    theirs: tuple[tuple[int, Span], ...] = ()

    @property
    def several(self) -> bool:
        """Whether there may be more than one call."""
        return self.prediction.calls[0] < SEVERAL

    @property
    def single(self) -> bool:
        """Whether there is but one call, whatever the words are."""
        return self.prediction.calls[0] >= SINGLE


def several_calls(first: Call, context: Context) -> tuple[Call, ...]:
    """All calls of a turn, in the order in which their values are said; just `first` where one is meant.

    Args:
        first: The call that a single one would be; it may be made.
        context: Of the decision point.
    """
    if context.single:
        return (first,)
    tools = meant_tools(context.prediction, context.scene.tools)
    found = [call for tool in tools for call in _calls_of(tool, first, _own_part(tool, tools, context))]
    found = without_echoes(found, tools, context.scene.request)
    out: dict[str, Call] = {}
    for call in sorted(found, key=_place):
        if call.legal and made_before(call, context.scene.history) == "new":
            out.setdefault(json.dumps([call.tool.name, call.arguments], sort_keys=True, default=str), call)
    rows = _in_rows(tools[0], context) if len(tools) == 1 else ()
    return (rows if len(rows) >= len(out) else tuple(out.values()))[:MOST] or (first,)


def _in_rows(tool: ToolSchema, context: Context) -> tuple[Call, ...]:
    """The calls of one tool, put together at once; none unless several are likelier, and these are as many."""
    chances = context.prediction.calls
    if tool.records is not None or chances[0] >= ONE:
        return ()
    rows = Reader(tool, context.prediction, context.scene).rows()
    if len(rows) < 2 or not as_many(len(rows), chances):
        return ()
    own = [[value for key, value in row.items() if any(value is not other.get(key) for other in rows)] for row in rows]
    if min(max((value.confidence for value in values), default=0.0) for values in own) < EVEN:
        return ()
    sure = context.calibration.sure
    calls = tuple(assemble(tool, context.scene.slots, {key: sure(value) for key, value in row.items()}) for row in rows)
    told = all(call.legal and made_before(call, context.scene.history) == "new" for call in calls)
    return calls if told else ()


def _own_part(tool: ToolSchema, tools: Sequence[ToolSchema], context: Context) -> Context:
    """The context for one of several tools: its slots are read where the last user message speaks of it, if it does.

    What the tool requires is read as if it alone were meant, however small its share of the pointer.
    """
    last, scene = context.scene.last_user, context.scene
    if len(tools) < 2 or last is None:
        return context
    own = tools.index(tool)
    parts = tool_clauses(scene.request, tools)
    spoken = any(owner == own for _, owner in parts)
    theirs = [place for place, owner in parts if owner not in (own, None)] if spoken else []
    slots = []
    for slot, said in zip(context.scene.slots, context.prediction.slots, strict=True):
        inside = tuple(span for span in said.spans if span.message != last or not any(map(span.span.overlaps, theirs)))
        slots.append(replace(said, spans=inside) if tool.name in slot.tools and inside else said)
    alone = tuple(float(offered.name == tool.name) for offered in context.scene.tools)
    prediction = replace(context.prediction, slots=tuple(slots), tools=alone, no_tool=0.0)
    values = read_slots(prediction, scene, context.values, context.calibration).values
    mine = {slot.key for slot in context.scene.slots if tool.name in slot.tools}
    kept = {key: values.get(key, value) for key, value in context.values.items()}
    kept |= {key: value for key, value in values.items() if key in mine}
    return replace(context, prediction=prediction, values=kept, theirs=tuple((last, place) for place in theirs))


def _calls_of(tool: ToolSchema, first: Call, context: Context) -> Iterator[Call]:
    """The calls of one tool: as many as most of the slots with several values have."""
    found = _alternatives(tool, context)
    if tool.records is not None:
        sure = context.calibration.sure
        for fields in one_record_each(tool, found, context.values, context.prediction, context.scene, sure):
            yield assemble(tool, context.scene.slots, fields)
        return
    choices = _differing(found)
    lead = leading(choices.values())
    count = max(1, len(lead))
    if lead and lead[0].source.message is not None:
        choices |= _beside(lead, [key for key, values in found.items() if len(values) != count], context)
    for different in _crossed(choices, context) or [
        {key: _nth(number, found, lead) for key, found in choices.items()} for number in range(count)
    ]:
        call = assemble(tool, context.scene.slots, {**context.values, **different})
        yield first if count == 1 and tool.name == first.tool.name and not context.theirs else call


def _crossed(choices: Mapping[str, Sequence[Value]], context: Context) -> list[dict[str, Value]]:
    """Every value of one slot with every value of the others, where each slot's are enumerated by themselves.

    "Lakers and Bulls in 2018 and 2020" is four calls; with "respectively" it is two.
    """
    count = prod(len(values) for values in choices.values())
    if len(choices) < 2 or count > MOST or not all(_enumeration(values, context) for values in choices.values()):
        return []
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def _enumeration(values: Sequence[Value], context: Context) -> bool:
    """Whether values stand one after the other in one message, as the items of an enumeration do."""
    message = values[0].source.message
    if message is None or any(value.source.message != message for value in values):
        return False
    text = context.scene.history[message].text
    places = [value.source.span or Span(0, 0) for value in values]
    return not RESPECTIVELY.search(text) and joined(text, places)


def _differing(found: Mapping[str, list[Value]]) -> dict[str, list[Value]]:
    """The slots with several values; those whose values stand nowhere only if all do."""
    several = {key: values for key, values in found.items() if len(values) > 1}
    placed = {key: values for key, values in several.items() if values[0].source.message is not None}
    return placed or several


def _beside(lead: Sequence[Value], keys: Sequence[str], context: Context) -> dict[str, list[Value]]:
    """Slot key → a reading beside each of the lead's values, for the slots where the model points at so many."""
    out: dict[str, list[Value]] = {}
    taken = [value for key, value in context.values.items() if key not in keys]
    for slot, said in zip(context.scene.slots, context.prediction.slots, strict=True):
        if slot.key not in keys or said.choices:
            continue
        nearest: dict[int, Value] = {}
        for value in readings(said, slot, context.scene):
            if value.confidence < BESIDE * said.filled or value.source.message != lead[0].source.message:
                continue
            if any(same_words(value, other) for other in (*lead, *taken, *nearest.values())):
                continue
            at = _start(value)[1]
            number = min(range(len(lead)), key=lambda n: abs(_start(lead[n])[1] - at))
            nearest.setdefault(number, value)
        if len(nearest) == len(lead):
            out[slot.key] = [context.calibration.sure(nearest[number]) for number in range(len(lead))]
    return out


def _nth(number: int, found: Sequence[Value], lead: Sequence[Value]) -> Value:
    """A slot's value for one of the calls: in order, or where there are more or fewer, the one said nearest."""
    if len(found) == len(lead):
        return found[number]
    message, start = _start(lead[number])
    return min(found, key=lambda value: (_start(value)[0] != message, abs(_start(value)[1] - start)))


def _alternatives(tool: ToolSchema, context: Context) -> dict[str, list[Value]]:
    """Slot key → values of the calls, in the order in which they are said."""
    own = {slot.key for slot in context.scene.slots if tool.name in slot.tools}
    pairs = zip(context.scene.slots, context.prediction.slots, strict=True)
    table = [(slot, said) for slot, said in pairs if slot.key in own]
    taken = {slot.key: context.values[slot.key] for slot, _ in table if slot.key in context.values}
    wished = [found for slot, said in table if slot.key not in taken for found in _wished(slot, said, context)]
    out: dict[str, list[Value]] = {}
    for slot, said in table:
        if slot.key in taken:
            elsewhere = [*(value for key, value in taken.items() if key != slot.key), *wished]
            listed = _enumerated(taken[slot.key], slot, said, elsewhere, context)
            out[slot.key] = listed or (
                _named_choices(slot, said, context)
                if said.choices
                else max(
                    _said_alike(taken[slot.key], slot, said, elsewhere, context),
                    _sharing(slot, said, elsewhere, context),
                    key=lambda found: (len(found) > 1, _pointed(found, said)),
                )
            )
    return out


def _wished(slot: Slot, said: SlotPrediction, context: Context) -> list[Value]:
    """The best reading of a slot that was not read, where it nearly was."""
    found = next(readings(said, slot, context.scene, least=WISHED), None)
    return [found] if found is not None and found.confidence > WISHED / 2 else []


def _named_choices(slot: Slot, said: SlotPrediction, context: Context) -> list[Value]:
    """The likely choices that the last user message names, in its order; else those that are about as likely."""
    if not context.several or slot.parameter.type in ("boolean", "array"):
        return []
    text = context.scene.request
    found = sorted(readings(said, slot, context.scene), key=lambda v: -v.confidence)
    shares = [value.confidence / max(said.filled, 1e-6) for value in found]
    likely = [v for v in found if v.source.kind == "choice" and v.confidence > CHOICE * said.filled]
    places = {place: value for value in likely if (place := choice_place(value.value, text)) is not None}
    named = {p: v for p, v in places.items() if not any(p != o and o[0] <= p[0] and p[1] <= o[1] for o in places)}
    kept = [named[place] for place in sorted(named)] if len(named) > 1 else found[: _share_count(shares, EVEN_CHOICES)]
    return [context.calibration.sure(value, len(kept)) for value in kept]


def _enumerated(
    value: Value, slot: Slot, said: SlotPrediction, elsewhere: Sequence[Value], context: Context
) -> list[Value]:
    """The items of the enumeration that a slot's value is or stands in, where the model points at all of it."""
    if slot.parameter.type == "array" or not _by_user(value, context):
        return []
    for span in sorted(said.spans, key=lambda span: span.start - span.end):
        whole = replace(value, source=Source("span", span.message, span.start, span.end))
        if not 0 <= span.message < len(context.scene.history) or not same_words(whole, value):
            continue
        if span.probability < _least_listed(span, slot, said, context):
            continue
        places = items(context.scene.history[span.message].text, span.span)
        found = _read_places(places, span.message, value, slot, context)
        own = not {number_place(value), value.source.span}.isdisjoint((*places, span.span))
        if span.probability < LISTED and not own:
            continue
        if len(found) > 1 and len(found) == len(places) and not any(same_words(whole, other) for other in elsewhere):
            return found
    return []


def _least_listed(whole: SpanCandidate, slot: Slot, said: SlotPrediction, context: Context) -> float:
    """The least probability of an enumeration that is taken apart."""
    inside = sum(span.probability for span in said.spans if span.within(whole))
    meant = context.several or slot.parameter.type in ("integer", "number")
    if meant and inside > NEARLY * sum(span.probability for span in said.spans):
        return WITHIN
    return LISTED if context.several else SURELY_LISTED


def _said_alike(
    value: Value, slot: Slot, said: SlotPrediction, elsewhere: Sequence[Value], context: Context
) -> list[Value]:
    """The values that the same words lead up to as to one of a slot's readings, where the model points at several."""
    if slot.parameter.type == "array" or not _by_user(value, context):
        return []
    total = sum(span.probability for span in said.spans)
    best: list[Value] = []
    most = 0.0
    numeric = slot.parameter.type in ("integer", "number") and context.several
    others = map(context.calibration.sure, readings(said, slot, context.scene)) if numeric else ()
    for anchor in (value, *others):
        if anchor is not value:
            most = max(most, _pointed([value], said))
        if any(same_words(anchor, other) for other in elsewhere):
            continue
        found = _like(anchor, slot, elsewhere, context)
        own, pooled = _pointed([anchor], said), _pointed(found, said)
        least = ALIKE if context.several else SURELY_ALIKE
        if len(found) > 1 and pooled - own > least * total and pooled > most:
            best, most = found, pooled
    return best


def _like(anchor: Value, slot: Slot, elsewhere: Sequence[Value], context: Context) -> list[Value]:
    """The values said like this one, with it."""
    source, place = anchor.source, number_place(anchor)
    if source.message is None or place is None:
        return []
    beside = [
        its
        for other in elsewhere
        if other.source.message == source.message and (its := number_place(other)) is not None
    ]
    places = alike(context.scene.history[source.message].text, place, beside)
    found = _read_places(places, source.message, anchor, slot, context)
    return [other for other in found if not any(same_words(other, value) for value in elsewhere)][:MOST]


def _pointed(values: Sequence[Value], said: SlotPrediction) -> float:
    """How much of a slot's spans lies on some values, each by itself."""
    return sum(
        span.probability
        for span in said.spans
        if sum(same_words(Value(None, 1.0, Source("span", span.message, span.start, span.end)), v) for v in values) == 1
    )


def _read_places(places: Sequence[Span], message: int, value: Value, slot: Slot, context: Context) -> list[Value]:
    """What stands at some places of a message, read for a slot; as sure as the value that was read for it."""
    text = context.scene.history[message].text
    theirs = [place for index, place in context.theirs if index == message]
    own = [place for place in places if not any(map(place.overlaps, theirs))]
    sources = [Source("span", message, *place, text[slice(*place)]) for place in own]
    read = [read_source(source, slot.parameter, context.scene.history, context.scene.now, slot) for source in sources]
    return [replace(value, value=found[0], source=found[1]) for found in read if found is not None]


def _sharing(slot: Slot, said: SlotPrediction, elsewhere: Sequence[Value], context: Context) -> list[Value]:
    """Readings that are likely enough to be one of several, where there may be more than one call."""
    if not context.several:
        return []
    apart: list[Value] = []
    for value in readings(said, slot, context.scene):
        if len(apart) < MOST and not any(same_words(value, other) for other in (*apart, *elsewhere)):
            apart.append(value)
    kept = apart[: _share_count([value.confidence / max(said.filled, 1e-6) for value in apart], EVEN)]
    return sorted((context.calibration.sure(value, len(kept)) for value in kept), key=_start)


def _by_user(value: Value, context: Context) -> bool:
    """Whether the user said it: what is enumerated in an offer is not asked for."""
    message = value.source.message
    return message is not None and context.scene.history[message].role == "user"


def _share_count(shares: Sequence[float], even: float) -> int:
    """The most readings of which the last still has a part of an even share; at least one."""
    return max((k for k in range(2, len(shares) + 1) if shares[k - 1] > even / k), default=1)


def _start(value: Value) -> tuple[int, int]:
    source = value.source
    return (-1 if source.message is None else source.message, source.start or 0)


def _place(call: Call) -> tuple[int, int]:
    """Where the latest of a call's values is said; what differs between two calls is said apart."""
    return max((_start(value) for value in call.values.values()), default=(-1, 0))
