"""A value out of a list of results comes from the row that the user speaks of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.result_rows import choose_rows
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.shown_rows import shown_rows
from trm_agent.types import Message, parse_tools, slot_table

NOW = datetime(2027, 5, 3, 9)
VISITS = [
    {"id": "V-31", "who": "Ilka Brandt", "at": "2027-05-04T08:00", "price": 40, "garden": True},
    {"id": "V-38", "who": "Mirko Haas", "at": "2027-05-06T14:30", "price": 25, "garden": False},
    {"id": "V-44", "who": "Noor Aziz", "at": "2027-06-01T19:00", "price": 60, "garden": False},
]
TOOL = {"name": "cancel_visit", "parameters": {"type": "object", "properties": {"visit": {"type": "string"}}}}


def history(said: str, *between: Message, result: Any = VISITS) -> list[Message]:
    return [
        Message("user", "what is planned?"),
        Message("tool_call", {"name": "list_visits", "arguments": {}}),
        Message("tool_response", result),
        *between,
        Message("user", said),
    ]


def meant(said: str, *between: Message, pointed: str = "V-44", share: float = 0.9, result: Any = VISITS) -> str:
    """The text at the best span for the visit, where the network points at one row's id."""
    past = history(said, *between, result=result)
    span = next(
        SpanCandidate(m, at, at + len(pointed), share)
        for m, message in enumerate(past)
        if (at := message.text.find(pointed)) >= 0
    )
    slots = slot_table(parse_tools([TOOL]))
    slot = SlotPrediction(0.1, 0.9, 0.0, spans=(span,))
    found = choose_rows(Prediction(0.9, (1.0,), 0.0, (slot,), 0.5, 2), Scene((), slots, past, NOW)).slots[0]
    assert sum(s.probability for s in found.spans) == pytest.approx(share)
    best = found.spans[0]
    return past[best.message].text[best.start : best.end]


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("Ilka's is off", "V-31"),
        ("cancel the one with Aziz", "V-44"),
        ("the Thursday one", "V-38"),
        ("the one tomorrow", "V-31"),
        ("the one in June", "V-44"),
        ("the one at half past two", "V-38"),
        ("the evening one please", "V-44"),
        ("drop the second", "V-38"),
        ("the last one", "V-44"),
        ("the cheapest", "V-38"),
        ("the earlier one", "V-31"),
        ("the one in the garden", "V-31"),
        ("bỏ cho tôi cái đầu tiên", "V-31"),
        ("die zweite bitte", "V-38"),
    ],
)
def test_what_is_said_of_a_row_tells_it(said: str, row: str) -> None:
    assert meant(said) == row


@pytest.mark.parametrize("said", ["cancel that", "please cancel the visit", "none of them has a dog"])
def test_where_nothing_is_said_of_a_row_the_network_decides(said: str) -> None:
    assert meant(said) == "V-44"
    assert meant(said, pointed="V-31") == "V-31"


def test_the_other_one_is_the_one_that_was_not_called() -> None:
    done = (
        Message("assistant", "Three visits."),
        Message("user", "cancel Mirko's"),
        Message("tool_call", {"name": "cancel_visit", "arguments": {"visit": "V-38"}}),
        Message("tool_response", {"ok": True}),
        Message("assistant", "Done."),
    )
    assert meant("the other one too", *done, pointed="V-38", result=VISITS[:2]) == "V-31"


def test_the_assistants_words_count_for_the_row_that_they_repeat() -> None:
    told = Message("assistant", "There are V-31, V-38 and V-44.")
    past = history("Ilka's is off", told)
    at = told.text.index("V-44")
    slots = slot_table(parse_tools([TOOL]))
    slot = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(3, at, at + 4, 0.8),))
    found = choose_rows(Prediction(0.9, (1.0,), 0.0, (slot,), 0.5, 2), Scene((), slots, past, NOW)).slots[0]
    best = found.spans[0]
    assert past[best.message].text[best.start : best.end] == "V-31"


def test_what_the_user_says_literally_stays() -> None:
    past = history("Ilka asks about V-44")
    at = past[-1].text.index("V-44")
    slots = slot_table(parse_tools([TOOL]))
    prediction = Prediction(
        0.9, (1.0,), 0.0, (SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(3, at, at + 4, 0.9),)),), 0.5, 2
    )
    assert choose_rows(prediction, Scene((), slots, past, NOW)) == prediction


def test_a_slight_suspicion_of_a_list_changes_nothing() -> None:
    assert meant("Ilka's is off", share=0.05) == "V-44"


@pytest.mark.parametrize(
    "result",
    [
        VISITS,
        {"visits": VISITS},
        {"visits": [{**visit, "lines": [{"note": "a"}, {"note": "b | c: d"}]} for visit in VISITS]},
        '[{"id": "V-31", "who": null}, {"id": "V-38", "who": "Mirko Haas"}]',
    ],
)
def test_every_cell_stands_where_it_is_said_to(result: Any) -> None:
    message = Message("tool_response", result)
    rows = shown_rows(message)
    texts = [[message.text[cell.place.start : cell.place.end] for cell in row.cells] for row in rows]
    assert [row[0] for row in texts][:2] == ["V-31", "V-38"]
    assert "Mirko Haas" in texts[1]
    assert all(
        cell.field.endswith(("id", "who", "at", "price", "garden", "note")) for row in rows for cell in row.cells
    )


@pytest.mark.parametrize("result", ["[1, 2", "fine", {"id": 1}, [{"id": 1}], {"a": VISITS, "b": VISITS}, None, [1, 2]])
def test_what_is_no_one_list_of_records_has_no_rows(result: Any) -> None:
    assert shown_rows(Message("tool_response", result)) == []
