"""Which number belongs to which parameter: the one whose words stand beside it.

"A base of 10 and a height of 5" has two numbers that both slots would take. The model points; where parameters of one
tool are numbers, the words between the number before and this one speak for the parameter they name, and against the
others. Nothing is found that the model did not point at, and nothing changes where no parameter is named. Where a
parameter is a choice among numbers ("2", "3"), the number that the user last named it with speaks for its choice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from trm_agent.types import Message, Parameter, Slot, identifier_words
from trm_agent.values.numbers import read_number

if TYPE_CHECKING:
    from trm_agent.reading import Prediction, SlotPrediction

NAMED = 8.0
"""Odds that a number gains where its parameter is named beside it, and loses where another is."""
CHOSEN = 100.0
"""Odds that a choice gains by being the number that the user named its parameter with."""
BEFORE, AFTER = 6, 3
"""Words looked at."""
_DESCRIBED = 12
"""Words of a description that may name the parameter."""
_WORD = re.compile(r"[^\W\d_]+")
_NUMERAL = re.compile(r"(?<![\w.,:/-])(?:\d{1,6}(?![\w:/])(?![.,]\d)|[^\W\d_]{2,12})(?!\w)")
_STOP = frozenset(
    (
        *("a", "an", "the", "of", "for", "to", "in", "on", "at", "by", "with", "from", "and", "or", "is", "are", "be"),
        *("as", "it", "its", "this", "that", "which", "what", "where", "if", "you", "your", "per", "each", "value"),
        *("number", "amount", "total", "given", "optional", "default", "integer", "float", "int", "used", "using"),
        "calculate",
    )
)


def bind_numbers(prediction: Prediction, slots: Sequence[Slot], history: Sequence[Message]) -> Prediction:
    """The same prediction, spans of numbers and choices among numbers weighed by the words beside them.

    Args:
        prediction: For a decision point.
        slots: In the order of `prediction.slots`.
        history: What the spans point into.
    """
    return _bind_spans(_bind_choices(prediction, slots, history), slots, history)


def _bind_choices(prediction: Prediction, slots: Sequence[Slot], history: Sequence[Message]) -> Prediction:
    if len(slots) != len(prediction.slots):
        return prediction
    numbers = {i: found for i, slot in enumerate(slots) if slot.readers and (found := _choice_numbers(slot.parameter))}
    if not numbers:
        return prediction
    owners = [{tool for tool, _ in slot.readers} for slot in slots]
    said = [found for message in history if message.role == "user" for found in _said_numbers(message.text)]
    out = list(prediction.slots)
    for i, values in numbers.items():
        sisters = [j for j in range(len(slots)) if j != i and not owners[i].isdisjoint(owners[j])]
        names = _telling({j: slots[j] for j in (i, *sisters)})
        others = frozenset().union(*(names[j] for j in sisters))
        named = [number for number, cues in said if number in values and _weight(cues, names[i], others) > 1]
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
    if len(numeric) < 2 or len(slots) != len(prediction.slots):
        return prediction
    owners = {i: {tool for tool, _ in slots[i].readers} for i in numeric}
    out = list(prediction.slots)
    for i in numeric:
        sisters = [j for j in numeric if j != i and not owners[i].isdisjoint(owners[j])]
        if sisters and len(out[i].spans) > 1:
            names = _telling({j: slots[j] for j in (i, *sisters)})
            out[i] = _weighed(out[i], names[i], frozenset().union(*(names[j] for j in sisters)), history)
    return replace(prediction, slots=tuple(out))


def _telling(slots: Mapping[int, Slot]) -> dict[int, frozenset[str]]:
    """Per slot the words of its name and description that no other slot's have."""
    told = {
        i: _words(identifier_words(slot.parameter.name)) | _words(slot.parameter.description, _DESCRIBED)
        for i, slot in slots.items()
    }
    return {i: words.difference(*(told[j] for j in slots if j != i)) for i, words in told.items()}


@lru_cache(maxsize=4096)
def _words(text: str, most: int = 1000) -> frozenset[str]:
    """Words that tell something, without their plural; letters that stand alone are names too ("a = 2")."""
    found = [word.lower() for word in _WORD.findall(text)[:most]]
    kept = [word for word in found if word not in _STOP or text.strip().lower() == word]
    return frozenset(map(_singular, kept))


def _weighed(said: SlotPrediction, own: Set[str], others: Set[str], history: Sequence[Message]) -> SlotPrediction:
    weights = [
        _weight(beside(history[span.message].text, span.start, span.end), own, others)
        if 0 <= span.message < len(history)
        else 1.0
        for span in said.spans
    ]
    before = sum(span.probability for span in said.spans)
    after = sum(span.probability * weight for span, weight in zip(said.spans, weights, strict=True))
    if after <= 0 or len(set(weights)) == 1:
        return said
    spans = [
        replace(span, probability=span.probability * weight * before / after)
        for span, weight in zip(said.spans, weights, strict=True)
    ]
    return replace(said, spans=tuple(sorted(spans, key=lambda span: -span.probability)))


def _weight(cues: tuple[frozenset[str], frozenset[str]], own: Set[str], others: Set[str]) -> float:
    """By the words before; where they name no parameter, by those after."""
    for words in cues:
        mine, theirs = not words.isdisjoint(own), not words.isdisjoint(others)
        if mine != theirs:
            return NAMED if mine else 1 / NAMED
        if mine:
            return 1.0
    return 1.0


def beside(text: str, start: int, end: int) -> tuple[frozenset[str], frozenset[str]]:
    """Words before characters `start` to `end`, back to the number or clause before, and after, up to the next one."""
    before = re.split(r"\d[\d,.]*|[.;,?!](?:\s|$)| and | with ", text[:start])[-1]
    after = re.split(r"\d|[.;,?!](?:\s|$)| and | with ", text[end:], maxsplit=1)[0]
    return _cues(_WORD.findall(before)[-BEFORE:]), _cues(_WORD.findall(after)[:AFTER])


def _cues(words: Sequence[str]) -> frozenset[str]:
    """Without articles: "a" names a parameter only next to its number, as in "a = 2"."""
    lower = [word.lower() for word in words]
    kept = [word for place, word in enumerate(lower) if len(word) > 1 or place == len(lower) - 1]
    return frozenset(map(_singular, kept))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
