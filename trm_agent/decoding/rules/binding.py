"""Which number belongs to which parameter: the one whose words stand beside it.

"A base of 10 and a height of 5" has two numbers that both slots would take. The model points; where parameters of one
tool are numbers, the words between the number before and this one speak for the parameter they name, and against the
others. Nothing is found that the model did not point at, and nothing changes where no parameter is named. Where a
parameter is a choice among numbers ("2", "3"), the number that the user last named it with speaks for its choice.

A span takes the whole of the numeral that it cuts. Where a single call is meant, numbers told in one breath ("4 and 5")
go to parameters in order, and two that a call requires do not take one numeral where there is another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.numerals import enumerated, extent, marks, numerals, place_in_row, touched
from trm_agent.decoding.rules.spans import NAMED, emptier, moved, named_odds, weighed, weighed_by_names
from trm_agent.decoding.scene import Scene
from trm_agent.text.language import word_list
from trm_agent.text.nouns import singular
from trm_agent.types import Message, Parameter, Slot, Span, identifier_words
from trm_agent.values.numbers import read_number

CHOSEN = 100.0
"""Odds that a choice gains by being the number that the user named its parameter with."""
ONE_CALL = 0.5
"""Probability of a single call from which on a tool's parameters share out the numbers."""
EAGER = 0.25
"""Least probability of being filled for a slot to have a share."""
BEFORE, AFTER = 6, 3
"""Words looked at."""
_NAMES_BEFORE = 12
"""Words before an enumeration that may name its parameters."""
_DESCRIBED = 12
"""Words of a description that may name the parameter."""
_WORD = re.compile(r"[^\W\d_]+")
_NUMERAL = re.compile(r"(?<![\w.,:/-])(?:\d{1,6}(?![\w:/])(?![.,]\d)|[^\W\d_]{2,12})(?!\w)")
_STOP = word_list("beside_numbers")


def bind_numbers(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, spans of numbers and choices among numbers weighed by the words beside them.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    return _bind_spans(_bind_choices(prediction, scene.slots, scene.history), scene.slots, scene.history)


def _bind_choices(prediction: Prediction, slots: Sequence[Slot], history: Sequence[Message]) -> Prediction:
    if len(slots) != len(prediction.slots):
        return prediction
    numbers = {i: found for i, slot in enumerate(slots) if slot.readers and (found := _choice_numbers(slot.parameter))}
    if not numbers:
        return prediction
    owners = [slot.tools for slot in slots]
    said = [found for message in history if message.role == "user" for found in _said_numbers(message.text)]
    out = list(prediction.slots)
    for i, values in numbers.items():
        sisters = [j for j in range(len(slots)) if j != i and not owners[i].isdisjoint(owners[j])]
        names = _telling({j: slots[j] for j in (i, *sisters)})
        others = frozenset().union(*(names[j] for j in sisters))
        named = [number for number, cues in said if number in values and named_odds(cues, names[i], others) > 1]
        if named and len(out[i].choices) == len(values):
            out[i] = _chosen(out[i], [value == named[-1] for value in values])
    return replace(prediction, slots=tuple(out))


def _chosen(said: SlotPrediction, named: Sequence[bool]) -> SlotPrediction:
    """The named choice gains, and so does that the slot is filled at all."""
    odds = [p * (CHOSEN if yes else 1.0) for p, yes in zip(said.choices, named, strict=True)]
    before, after = sum(said.choices), sum(odds)
    filled = said.filled * NAMED
    total = said.empty + said.dontcare + filled
    if after <= 0 or total <= 0:
        return said
    return replace(
        said,
        empty=said.empty / total,
        filled=filled / total,
        dontcare=said.dontcare / total,
        choices=tuple(p * before / after for p in odds),
    )


def _choice_numbers(parameter: Parameter) -> tuple[float | None, ...]:
    """The number that each choice is; nothing unless most are numbers."""
    values = tuple(_number(str(choice)) for choice in parameter.choices)
    return values if 2 * sum(value is not None for value in values) > len(values) else ()


@lru_cache(maxsize=4096)
def _number(word: str) -> float | None:
    """Of digits, or of one word ("three"); "a" is none."""
    if len(word) < 2 and not word.isdigit():
        return None
    found = read_number(word)
    return None if found is None else float(found)


@lru_cache(maxsize=1024)
def _said_numbers(text: str) -> tuple[tuple[float, tuple[frozenset[str], frozenset[str]]], ...]:
    """The whole numbers of a text, in order, with the words after and before each; `_weight` asks the first first."""
    found = []
    for match in _NUMERAL.finditer(text):
        number = 0.0 if match.group().lower() == "no" else _number(match.group())
        if number is not None:
            before, after = beside(text, match.start(), match.end())
            found.append((number, (after, before)))
    return tuple(found)


def _bind_spans(prediction: Prediction, slots: Sequence[Slot], history: Sequence[Message]) -> Prediction:
    numeric = [i for i, slot in enumerate(slots) if slot.readers and slot.parameter.type in ("integer", "number")]
    if not numeric or len(slots) != len(prediction.slots):
        return prediction
    owners = {i: slots[i].tools for i in numeric}
    out = list(prediction.slots)
    for i in numeric:
        out[i] = _whole(out[i], history)
        sisters = [j for j in numeric if j != i and not owners[i].isdisjoint(owners[j])]
        if sisters and len(out[i].spans) > 1:
            names = _telling({j: slots[j] for j in (i, *sisters)})
            others = frozenset().union(*(names[j] for j in sisters))
            out[i] = weighed_by_names(out[i], history, _around, names[i], others)
            out[i] = _marked(out[i], slots[i], [slots[j] for j in sisters], history)
    if prediction.calls[0] >= ONE_CALL:
        for tool in sorted(set().union(*owners.values())):
            group = [i for i in numeric if tool in owners[i] and out[i].spans and out[i].filled >= EAGER]
            if len(group) > 1:
                _hand_out(out, group, slots, history)
                asking = [i for i in group if slots[i].parameter.required]
                _keep_apart(out, asking, history)
                _leave(out, asking, [i for i in group if i not in asking], history)
    if all(new is old for new, old in zip(out, prediction.slots, strict=True)):
        return prediction
    return replace(prediction, slots=tuple(out))


def _whole(said: SlotPrediction, history: Sequence[Message]) -> SlotPrediction:
    """Spans that cut a numeral take all of it; those that become the same add up."""
    spans = moved(said.spans, history, extent)
    return said if spans == said.spans else replace(said, spans=spans)


def _ranked(spans: Iterable[SpanCandidate]) -> tuple[SpanCandidate, ...]:
    return tuple(sorted(spans, key=lambda span: -span.probability))


def _within(span: SpanCandidate, told: Set[tuple[int, int]], history: Sequence[Message]) -> bool:
    """Whether a span has numerals, and none but those `told`: "4 and 5" as well as "4"."""
    found = touched(history[span.message].text, span.start, span.end) if 0 <= span.message < len(history) else ()
    return bool(found) and all((span.message, n) in told for n in found)


def _numeral_of(span: SpanCandidate, history: Sequence[Message]) -> tuple[int, int] | None:
    """Message and place (in `numerals`) of the one numeral that a span has."""
    if not 0 <= span.message < len(history):
        return None
    found = touched(history[span.message].text, span.start, span.end)
    return (span.message, found[0]) if len(found) == 1 else None


def _marked(said: SlotPrediction, slot: Slot, sisters: Sequence[Slot], history: Sequence[Message]) -> SlotPrediction:
    """A percentage speaks for a rate and against its sisters; so do money and lengths of time."""
    own = marks(slot.parameter)
    others = frozenset().union(*(marks(sister.parameter) for sister in sisters))
    if not own and not others:
        return said
    weights = []
    for span in said.spans:
        at = _numeral_of(span, history)
        mark = None if at is None else numerals(history[at[0]].text)[at[1]].mark
        weights.append(1.0 if mark is None else NAMED if mark in own else 1 / NAMED if mark in others else 1.0)
    return weighed(said, weights)


def _hand_out(
    out: list[SlotPrediction], group: Sequence[int], slots: Sequence[Slot], history: Sequence[Message]
) -> None:
    """The numbers of an enumeration go, in order, to the slots that compete for them, where these are as many."""
    for at, message in enumerate(history):
        for run in enumerated(message.text) if message.role == "user" else ():
            told = {(at, n) for n in run}
            mass = {i: sum(s.probability for s in out[i].spans if _within(s, told, history)) for i in group}
            rivals = [i for i in group if 2 * mass[i] > sum(span.probability for span in out[i].spans)]
            if len(rivals) != len(run):
                continue
            before = message.text[: numerals(message.text)[run[0]].start]
            for i, n in zip(_in_order({i: slots[i] for i in rivals}, before), run, strict=False):
                out[i] = _given(out[i], told, (at, n), history)


def _given(
    said: SlotPrediction, told: Set[tuple[int, int]], own: tuple[int, int], history: Sequence[Message]
) -> SlotPrediction:
    """All probability that the numerals `told` have goes to one of them."""
    inside = [span for span in said.spans if _within(span, told, history)]
    numeral = numerals(history[own[0]].text)[own[1]]
    start, end = next(
        ((span.start, span.end) for span in inside if _numeral_of(span, history) == own), (numeral.start, numeral.end)
    )
    mass = sum(span.probability for span in inside)
    given = replace(said.spans[0], message=own[0], start=start, end=end, probability=mass)
    return replace(said, spans=_ranked((given, *(span for span in said.spans if span not in inside))))


def _in_order(rivals: Mapping[int, Slot], before: str) -> list[int]:
    """As the text before the numbers names them; else as their names count ("x", "y"); nothing where neither tells."""
    names = _telling(rivals)
    clause = re.split(r"[.;?!](?:\s|$)|\d", before)[-1]
    words = [singular(word.lower()) for word in _WORD.findall(clause)[-_NAMES_BEFORE:]]
    said = {i: max((n for n, word in enumerate(words) if word in names[i]), default=-1) for i in rivals}
    if min(said.values()) >= 0 and len(set(said.values())) == len(rivals):
        return sorted(rivals, key=said.__getitem__)
    found = {i: place for i, slot in rivals.items() if (place := place_in_row(slot.parameter.name)) is not None}
    places = {int(place) if place.isdigit() else ord(place) for _, place in found.values()}
    one_row = len({stem for stem, _ in found.values()}) == 1 and len(places) == len(rivals)
    if not one_row or max(places) - min(places) >= len(places):  # "w" and "h" are no row
        return []
    return sorted(rivals, key=found.__getitem__)


def _keep_apart(out: list[SlotPrediction], asking: Sequence[int], history: Sequence[Message]) -> None:
    """A numeral that the surest slot takes counts less for others that have another to take."""
    left = list(asking)
    taken: set[tuple[int, int]] = set()
    while left:
        best = max(left, key=lambda i: out[i].filled * out[i].spans[0].probability)
        left.remove(best)
        at = _numeral_of(out[best].spans[0], history)
        if at is None:
            continue
        taken.add(at)
        for i in left:
            places = [_numeral_of(span, history) for span in out[i].spans]
            if any(place is not None and place not in taken for place in places):
                out[i] = weighed(out[i], [1 / NAMED if place == at else 1.0 for place in places])


def _leave(out: list[SlotPrediction], asking: Sequence[int], others: Sequence[int], history: Sequence[Message]) -> None:
    """What may be left out is filled with no numeral that is the best of what a call requires."""
    taken = {at for i in asking if (at := _numeral_of(out[i].spans[0], history)) is not None}
    for i in others:
        total = sum(span.probability for span in out[i].spans)
        free = sum(span.probability for span in out[i].spans if _numeral_of(span, history) not in taken)
        if total > 0 and free < total:
            odds = [1 / NAMED if _numeral_of(span, history) in taken else 1.0 for span in out[i].spans]
            out[i] = emptier(weighed(out[i], odds), free / total)


def _telling(slots: Mapping[int, Slot]) -> dict[int, frozenset[str]]:
    """Per slot the words that tell it: of its name, unless others are so named; else of its description alone."""
    named = {i: _words(identifier_words(slot.parameter.name)) for i, slot in slots.items()}
    described = {i: _words(slot.parameter.description, _DESCRIBED) for i, slot in slots.items()}
    out = {}
    for i in slots:
        others = [j for j in slots if j != i]
        name = named[i].difference(*(named[j] for j in others))
        out[i] = name | described[i].difference(*(named[j] | described[j] for j in others))
    return out


@lru_cache(maxsize=4096)
def _words(text: str, most: int = 1000) -> frozenset[str]:
    """Words that tell something, without their plural; letters that stand alone are names too ("a = 2")."""
    found = [word.lower() for word in _WORD.findall(text)[:most]]
    kept = [word for word in found if word not in _STOP or text.strip().lower() == word]
    return frozenset(map(singular, kept))


def _around(text: str, place: Span) -> tuple[frozenset[str], frozenset[str]]:
    return beside(text, *place)


def beside(text: str, start: int, end: int) -> tuple[frozenset[str], frozenset[str]]:
    """Words before characters `start` to `end`, back to the number or clause before, and after, up to the next one."""
    before = re.split(r"\d[\d,.]*|[.;,?!](?:\s|$)| and | with ", text[:start])[-1]
    after = re.split(r"\d|[.;,?!](?:\s|$)| and | with ", text[end:], maxsplit=1)[0]
    return _cues(_WORD.findall(before)[-BEFORE:]), _cues(_WORD.findall(after)[:AFTER])


def _cues(words: Sequence[str]) -> frozenset[str]:
    """Without articles: "a" names a parameter only next to its number, as in "a = 2"."""
    lower = [word.lower() for word in words]
    kept = [word for place, word in enumerate(lower) if len(word) > 1 or place == len(lower) - 1]
    return frozenset(map(singular, kept))
