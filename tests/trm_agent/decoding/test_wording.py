"""Spans that end where quotes, codes and names do."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.wording import quotes, word_spans
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table


def read(text: str, pointed: str, name: str = "note", tool: str = "save") -> str:
    """The text that a span stands for afterwards."""
    schema = {"type": "object", "properties": {name: {"type": "string"}}}
    slots = slot_table(parse_tools([{"name": tool, "parameters": schema}]))
    start = text.index(pointed)
    said = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(0, start, start + len(pointed), 0.8),))
    [span] = (
        word_spans(Prediction(0.9, (0.9,), 0.1, (said,), 0.5, 1), Scene((), slots, [Message("user", text)]))
        .slots[0]
        .spans
    )
    return text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "pointed", "name", "expected"),
    [
        ("Play 'Blue in Green' now", "Blue in", "song", "Blue in Green"),
        ('Play "Blue in Green" now', 'Green"', "song", "Blue in Green"),
        ("a tag 'red' and label 'deep sea'", "red' and label 'deep sea", "label", "deep sea"),
        ("a tag 'red' and label 'deep sea'", "red' and label 'deep sea", "tag", "red"),
        ("with title 'Notes' and body 'It's late, isn't it?'", "body", "body", "It's late, isn't it?"),
        ("Ann's dog and Bob's cat", "dog", "pet", "dog"),
        ("play the song 'Yes'", "play the song", "mood", "play the song"),
    ],
)
def test_a_span_becomes_the_quoted_text(text: str, pointed: str, name: str, expected: str) -> None:
    assert read(text, pointed, name) == expected


def test_a_text_quoted_as_a_whole_has_no_quotes() -> None:
    assert quotes("'Book me a table for two in Oslo'") == ()
    assert [slice(*place) for place in quotes("call it `a b`, “c”")] == [slice(9, 12), slice(16, 17)]


@pytest.mark.parametrize(
    ("text", "pointed", "expected"),
    [
        ("open ~/notes/march.txt please", "march", "~/notes/march.txt"),
        ("write to ann.lee@mail.org.", "lee@mail", "ann.lee@mail.org"),
        ("see www.site.com/a?b=1, then", "site", "www.site.com/a?b=1"),
        ("a sugar-free cake", "sugar", "sugar-free"),
        ("shares of Miller Ltd. today", "Miller Ltd", "Miller Ltd."),
        ("the coach of Bolton F.C. said", "Bolton F.C", "Bolton F.C."),
        ("I live in Rome. It is nice", "Rome", "Rome"),
        ("from Rome, Italy", "Rome", "Rome"),
    ],
)
def test_a_span_ends_where_its_code_does(text: str, pointed: str, expected: str) -> None:
    assert read(text, pointed) == expected


@pytest.mark.parametrize(
    ("pointed", "name", "tool", "expected"),
    [
        ("burglary incidents", "incident_type", "search", "burglary"),
        ("Autumn season", "season", "search", "Autumn"),
        ("dining rooms", "room", "search", "dining rooms"),
        ("middle class", "social_class", "social_class_report", "middle class"),
        ("Oslo time zone", "from_timezone", "convert", "Oslo"),
        ("Empire State Building", "building_type", "search", "Empire State Building"),
        ("old town library", "library_name", "library.find", "old town library"),
        ("Stratos guitar", "model", "guitar_price.find", "Stratos"),
        ("the season", "season", "search", "the season"),
    ],
)
def test_the_noun_of_the_name_is_left_out(pointed: str, name: str, tool: str, expected: str) -> None:
    assert read(f"look for {pointed}, please", pointed, name, tool) == expected


def test_spans_that_become_the_same_add_up_and_other_types_stay() -> None:
    properties = {"city": {"type": "string"}, "count": {"type": "integer"}}
    tools = parse_tools([{"name": "go", "parameters": {"type": "object", "properties": properties}}])
    text = "to 'New Haven' 5-6"
    city = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(0, 8, 13, 0.5), SpanCandidate(0, 4, 7, 0.3)))
    count = SlotPrediction(0.1, 0.9, 0.0, spans=(SpanCandidate(0, 15, 16, 0.5), SpanCandidate(7, 1, 2, 0.3)))
    prediction = Prediction(0.9, (0.9,), 0.1, (city, count), 0.5, 1)
    moved = word_spans(prediction, Scene((), slot_table(tools), [Message("user", text)]))
    assert moved.slots[0].spans == (SpanCandidate(0, 4, 13, 0.8),)
    assert moved.slots[1] == count
    assert word_spans(prediction, Scene((), slot_table(tools)[:1], [])) is prediction
