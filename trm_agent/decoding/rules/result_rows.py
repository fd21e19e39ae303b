"""Which entry of a list of results is meant: "the Friday one", "Haddad's", "the cheaper one", "the other".

The network points at the right column of such a list and hardly knows the row: of 2,000 values of training domains it
had 43 % at the right one. What people say of a row are words, days and times that stand in it, its place in the list,
or that it has most or least of something. So the probability that the network gives a column stays, and is shared out
anew among its rows. `WEIGHTS` were fitted on training domains (docs/log.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.row_signs import Signs, signs
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.shown_rows import Cell, shown_rows
from trm_agent.types import Message
from trm_agent.values import normalise

WEIGHTS: Mapping[str, float] = {
    "pointed": 0.15,
    "named": 2.7,
    "numbered": 1.0,
    "dated": 1.5,
    "placed": 1.4,
    "extreme": 1.5,
    "other": 1.5,
    "told": 0.8,
    "recalled": 0.3,
    "spoken": 0.3,
}
"""What speaks for a row, each by `signs`; `pointed` is the logarithm of the network's own probability."""
LEAST = 0.1
"""Probability of a column from which on its rows are told apart."""
FLOOR = 1e-3
SHORTEST = 3
"""Characters of a value that is known again in other words than those of its result."""


def choose_rows(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, values of lists of results taken from the row that is spoken of.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    if not scene.fits(prediction) or not scene.last_user:
        return prediction
    elsewhere = [_elsewhere(said, scene) >= LEAST for said in prediction.slots]
    tables = _tables(scene) if any(elsewhere) else []
    if not tables:
        return prediction
    out = [
        _chosen(said, tables, scene) if other else said for said, other in zip(prediction.slots, elsewhere, strict=True)
    ]
    return replace(prediction, slots=tuple(out))


def _elsewhere(said: SlotPrediction, scene: Scene) -> float:
    """How probably a slot points at words that are not the user's."""
    return sum(
        span.probability
        for span in said.spans
        if 0 <= span.message < len(scene.history) and scene.history[span.message].role != "user"
    )


@dataclass(frozen=True)
class _Table:
    """A list of results before the user's last message.

    Attributes:
        message: Its place in the history.
        columns: Field → the cell of each row, None where a row has none.
        values: Field → the text of each cell, as it is compared.
        signs: What speaks for each row.
    """

    message: int
    columns: Mapping[str, Sequence[Cell | None]]
    values: Mapping[str, Sequence[str]]
    signs: Signs


def _tables(scene: Scene) -> list[_Table]:
    """The lists of results that the user may choose from and says something of, the latest first."""
    out = []
    for message in range((scene.last_user or 0) - 1, -1, -1):
        rows = shown_rows(scene.history[message])
        spoken = signs(rows, message, scene) if rows else []
        if not any(value for row in spoken for value in row.values()):
            continue
        text = scene.history[message].text
        columns, values = {}, {}
        for field in dict.fromkeys(cell.field for row in rows for cell in row.cells):
            cells = [next((cell for cell in row.cells if cell.field == field), None) for row in rows]
            texts = [normalise(text[cell.place.start : cell.place.end]) if cell else "" for cell in cells]
            if len(set(texts) - {""}) > 1:
                columns[field], values[field] = cells, texts
        out.append(_Table(message, columns, values, spoken))
    return out


def _chosen(said: SlotPrediction, tables: Sequence[_Table], scene: Scene) -> SlotPrediction:
    """One slot, what it points at in a column of the latest list that it points into shared out among the rows.

    The assistant's words and later calls repeat what the list holds, so a span counts for the row whose text it is.
    """
    texts = [_text(span, scene.history) for span in said.spans]
    for table in tables:
        best = max(
            table.values,
            key=lambda field: _mass(said.spans, texts, table, field),
            default=None,
        )
        if best is not None and _mass(said.spans, texts, table, best) >= LEAST:
            return _shared(said, texts, table, best)
    return said


def _text(span: SpanCandidate, history: Sequence[Message]) -> str:
    """What stands at a span as it is compared; nothing where the user says it, or where it may be any number."""
    if not 0 <= span.message < len(history) or history[span.message].role in ("user", "system"):
        return ""
    text = normalise(history[span.message].text[span.start : span.end])
    return text if history[span.message].role == "tool_response" or len(text) >= SHORTEST else ""


def _mass(spans: Sequence[SpanCandidate], texts: Sequence[str], table: _Table, field: str) -> float:
    held = set(table.values[field]) - {""}
    return sum(
        span.probability
        for span, text in zip(spans, texts, strict=True)
        if text in held and span.message >= table.message
    )


def _shared(said: SlotPrediction, texts: Sequence[str], table: _Table, field: str) -> SlotPrediction:
    values = table.values[field]
    found: list[list[SpanCandidate]] = [[] for _ in values]
    out = []
    for span, text in zip(said.spans, texts, strict=True):
        if text and text in values and span.message >= table.message:
            found[values.index(text)].append(span)
        else:
            out.append(span)
    mass = [sum(span.probability for span in spans) for spans in found]
    whole = sum(mass)
    scores = {
        i: WEIGHTS["pointed"] * math.log(p / whole + FLOOR)
        + sum(WEIGHTS[name] * value for name, value in table.signs[i].items())
        for i, p in enumerate(mass)
        if values[i]
    }
    best = max(scores.values())
    total = sum(math.exp(score - best) for score in scores.values())
    for i, score in scores.items():
        place = max(found[i], key=lambda span: span.probability) if found[i] else None
        cell = table.columns[field][i]
        if place is None and cell is not None:
            place = SpanCandidate(table.message, cell.place.start, cell.place.end, 0.0)
        if place is not None:
            out.append(replace(place, probability=whole * math.exp(score - best) / total))
    return replace(said, spans=tuple(sorted(out, key=lambda span: -span.probability)))
