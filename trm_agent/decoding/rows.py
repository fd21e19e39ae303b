"""Which words belong to which record, or to which call of one tool, decided for all of a message at once.

"150 for the sketch due on the 10th and 250 for the final": one reading points at both amounts, both names and the
date. Here they are put into rows, in the order of the text: a row takes a field once, ends where the next begins, and
is likelier the surer its spans are, the fewer commas stand within it and the more alike the rows begin. A beam search
finds the best rows. The network's count of calls weighs in how many there are.

The weights below were fitted on records of training domains by random search; figures are in docs/log.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trm_agent.decoding.prediction import Prediction, SlotPrediction, unit
from trm_agent.decoding.record_fields import is_field
from trm_agent.decoding.scene import Scene
from trm_agent.text.language import language_of
from trm_agent.text.sentences import count_joiners
from trm_agent.types import Slot, Source, Span, ToolSchema, Value
from trm_agent.values.compare import choice_place

LEAST = 0.02
"""Least probability of a span, or of an entry of a closed list, that may stand in a row."""
HOPELESS = -2.2
"""Score below which a span is not looked at."""
BEAM = 25

TAKEN = 1.9
"""What a field's likeliest span adds; others add less by the log of the ratio."""
FILLED = 0.9
"""Of the log odds that the field is filled, so much is added."""
BOUNDS = (-2.5, 1.5)
"""Least and most that is added so."""
WITHIN = 0.7
"""What a comma or a joining word within a row costs."""
WORD = 0.13
"""What a word between two fields of a row costs."""
ANOTHER = 0.7
"""What another row costs."""
UNJOINED = 2.4
"""The same where no comma or joining word stands before it."""
UNLIKE = 0.6
"""The same where it begins with another field than the first row."""
LACKING = 2.2
"""What a required field costs that stands in the message and not in the row."""
COUNT = 0.6
"""Of the log probability of as many calls, so much is added."""


@dataclass(frozen=True)
class Cell:
    """A field's value in a row.

    Attributes:
        key: Of its slot.
        start: Character of the message.
        end: One past its last character.
        score: What it adds to a row.
        value: With its source; its confidence is the probability that the field is filled by it.
    """

    key: str
    start: int
    end: int
    score: float
    value: Value


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Found:
    """Rows that end at a character, and what they score."""

    score: float
    end: int
    rows: tuple[Row, ...]

    @property
    def form(self) -> tuple[Any, ...]:
        """What the rest of the message can tell of it: of two alike, the better one is enough."""
        last = frozenset(cell.key for cell in self.rows[-1]) if self.rows else frozenset()
        return self.end, len(self.rows), last, self.rows[0][0].key if self.rows else ""


def as_many(count: int, calls: Sequence[float]) -> bool:
    """Whether so many calls are likeliest; the last probability is that of so many or more."""
    most = max(range(len(calls)), key=lambda n: calls[n]) + 1
    return min(count, len(calls)) == most


@dataclass(frozen=True)
class Reader:
    """Reads the rows of a message.

    Attributes:
        tool: A row is one of its records; where it has none, one call of it.
        prediction: For this decision point, refined.
        scene: Where it was made.
        alone: Whether a row holds what it needs; else an earlier call may hold it.
    """

    tool: ToolSchema
    prediction: Prediction
    scene: Scene
    alone: bool = True

    def rows(self) -> list[dict[str, Value]]:
        """Slot key → value, for each row in the order of the text; `alone`, what is said once for all stands in all."""
        if self.scene.last_user is None:
            return []
        found = self._best()
        rows = [{cell.key: _one_of(len(found), cell.value) for cell in row} for row in found]
        taken = [Span(cell.start, cell.end) for row in found for cell in row]
        for slot, said in self._fields if rows and self.alone else ():
            having = [row for row in rows if slot.key in row]
            if len(having) == len(rows) or not said.filled > max(said.empty, said.dontcare):
                continue
            if not having and (value := self._for_all(slot, said, taken)) is not None:
                for row in rows:
                    row[slot.key] = value
            elif having and (slot.parameter.required or (self.tool.records is None and len(having) == 1)):
                _spread(slot.key, rows, having[0][slot.key] if len(having) == 1 else None)
        return rows

    @cached_property
    def _fields(self) -> list[tuple[Slot, SlotPrediction]]:
        pairs = zip(self.scene.slots, self.prediction.slots, strict=True)
        if self.tool.records is None:
            return [(slot, said) for slot, said in pairs if self.tool.name in slot.tools]
        return [(slot, said) for slot, said in pairs if is_field(slot, self.tool)]

    @cached_property
    def _cells(self) -> list[Cell]:
        """What may stand in rows, in the order of the text."""
        cells: list[Cell] = []
        for slot, said in self._fields:
            odds = math.log(max(1e-3, said.filled) / max(1e-3, 1 - said.filled)) * FILLED
            bonus = TAKEN + min(BOUNDS[1], max(BOUNDS[0], odds))
            most = max([span.probability for span in said.spans] or list(said.choices) or [1.0])
            for start, end, probability, value in self._candidates(slot, said):
                score = math.log(probability / most) + bonus
                if score > HOPELESS:
                    cells.append(Cell(slot.key, start, end, score, value))
        return sorted(cells, key=lambda cell: (cell.start, cell.end))

    def _candidates(self, slot: Slot, said: SlotPrediction) -> Iterator[tuple[int, int, float, Value]]:
        """Where a field may stand in the user's last message, each place once, the likeliest first."""
        last, seen = self.scene.last_user, set[tuple[int, int]]()
        for span in said.spans:
            place = (span.start, span.end)
            if span.message == last and span.probability >= LEAST and place not in seen:
                seen.add(place)
                if (read := self.scene.read(span, slot)) is not None:
                    yield *place, span.probability, Value(read[0], unit(said.filled * span.probability), read[1])
        for choice, probability in zip(slot.parameter.choices, said.choices, strict=False):
            named = choice_place(choice, self.scene.request) if probability >= LEAST else None
            if named is not None:
                yield *named, probability, _choice(slot, choice, said.filled * probability)

    def _best(self) -> tuple[Row, ...]:
        """The best rows of the message; empty where nothing may stand in one."""
        beam = [Found(0.0, 0, ())]
        for cell in self._cells:
            grown = (more for found in beam if cell.start >= found.end for more in self._with(found, cell))
            best: dict[tuple[Any, ...], Found] = {}
            for found in [*beam, *grown]:
                if found.form not in best or found.score > best[found.form].score:
                    best[found.form] = found
            beam = sorted(best.values(), key=lambda found: -found.score)[:BEAM]
        ended = [found for found in beam if found.rows]
        return max(ended, key=self._score_at_end).rows if ended else ()

    def _with(self, found: Found, cell: Cell) -> Iterator[Found]:
        """The rows with one cell more: in the last row where it has room, and as the first of another."""
        if not found.rows:
            yield Found(found.score + cell.score, cell.end, ((cell,),))
            return
        between = self.scene.request[found.end : cell.start]
        joiners = count_joiners(between, self._language)
        *before, last = found.rows
        if all(other.key != cell.key for other in last):
            cost = WITHIN * joiners + WORD * len(between.split())
            yield Found(found.score + cell.score - cost, cell.end, (*before, (*last, cell)))
        cost = ANOTHER + (0.0 if joiners else UNJOINED) + (UNLIKE if cell.key != found.rows[0][0].key else 0.0)
        yield Found(found.score + cell.score - cost - self._lacking(last), cell.end, (*found.rows, (cell,)))

    def _lacking(self, row: Row) -> float:
        return LACKING * len(self._required - {cell.key for cell in row})

    def _score_at_end(self, found: Found) -> float:
        calls = self.prediction.calls
        likely = calls[min(len(found.rows), len(calls)) - 1]
        return found.score - self._lacking(found.rows[-1]) + COUNT * math.log(max(likely, 1e-3))

    @cached_property
    def _required(self) -> set[str]:
        """Required fields of which something stands in the message."""
        if not self.alone:
            return set()
        standing = {cell.key for cell in self._cells}
        return {slot.key for slot, _ in self._fields if slot.parameter.required and slot.key in standing}

    @cached_property
    def _language(self) -> str:
        return language_of(self.scene.request)

    def _for_all(self, slot: Slot, said: SlotPrediction, taken: Sequence[Span]) -> Value | None:
        """A value that no row has, for all of them: the likeliest that stands in no other field's words."""
        if said.choices:
            probability, choice = max(zip(said.choices, slot.parameter.choices, strict=True), key=lambda one: one[0])
            return _choice(slot, choice, said.filled * probability)
        for span in said.spans:
            free = span.message != self.scene.last_user or not any(map(span.span.overlaps, taken))
            if free and (read := self.scene.read(span, slot)) is not None:
                return Value(read[0], unit(said.filled * span.probability), read[1])
        return None


def _one_of(rows: int, value: Value) -> Value:
    """A value with the probability that it would have alone: in training so many rows share it."""
    return replace(value, confidence=unit(value.confidence * rows))


def _choice(slot: Slot, choice: Any, probability: float) -> Value:
    return Value([choice] if slot.parameter.type == "array" else choice, unit(probability), Source("choice"))


def _spread(key: str, rows: Sequence[dict[str, Value]], for_all: Value | None) -> None:
    """Give rows without a field what is said for all, or what the row before them has."""
    before = for_all
    for row in rows:
        if key in row:
            before = row[key]
        elif before is not None:
            row[key] = before
