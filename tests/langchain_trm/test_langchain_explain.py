"""A decision can be looked at: as a table for people, as JSON for everything else."""

from __future__ import annotations

import io
import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from rich.console import Console

from langchain_trm import ChatTRM, LowConfidenceError, explain


def test_a_call_is_shown_with_every_value_and_its_place(model: ChatTRM) -> None:
    shown = str(explain(model.invoke("a flight to Rome tomorrow")))
    assert "call search_flights" in shown
    assert "97.0%" in shown
    assert "span of message 0 [12:16] “Rome”" in shown
    assert "book_flight" in shown
    assert "2 in 3.0 ms" in shown


def test_a_direct_answer_shows_what_is_missing_and_what_is_known(model: ChatTRM) -> None:
    shown = str(explain(model.invoke("a flight to Rome")))
    assert "direct answer" in shown
    assert "missing" in shown
    assert "day" in shown
    assert "Slots" in shown
    assert "Rome" in shown


def test_messages_decisions_records_and_refusals_can_be_explained(model: ChatTRM) -> None:
    message = model.invoke("book XY 12")
    record = message.response_metadata["decision"]
    assert explain(message).to_json() == record == explain(record).to_json()
    assert explain(model.decide("book XY 12")).record["tool"] == "book_flight"
    with pytest.raises(LowConfidenceError) as caught:
        model.model_copy(update={"min_confidence": 0.9}).invoke("hm, maybe")
    assert "40.0%" in str(explain(caught.value))


def test_the_json_is_plain(model: ChatTRM) -> None:
    record = explain(model.invoke("a flight to Rome tomorrow")).to_json()
    assert json.loads(json.dumps(record)) == record


def test_rich_prints_it_and_markup_in_values_is_text(model: ChatTRM) -> None:
    model.router.script = lambda *_: __import__("scripted_router").Plan("book_flight", {"flight": "[red]x[/red]"})
    out = Console(file=io.StringIO(), width=100)
    out.print(explain(model.invoke("book [red]x[/red]")))
    assert "[red]x[/red]" in out.file.getvalue()  # type: ignore[attr-defined]


def test_messages_of_others_cannot_be_explained() -> None:
    with pytest.raises(ValueError, match="AIMessage: no decision record; only messages of ChatTRM can be explained"):
        explain(AIMessage("hi"))
    with pytest.raises(ValueError, match="HumanMessage: no decision record"):
        explain(HumanMessage("hi"))
