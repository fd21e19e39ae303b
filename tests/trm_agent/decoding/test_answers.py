"""A bare answer is what was asked for, an entry said in another form is chosen, and ends follow their starts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from trm_agent.decoding.in_history import ends, moment, read_source
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.answers import say_forms, take_answers
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, Source, Value, parse_tools, slot_table

WEDNESDAY = datetime(2025, 3, 12, 10)
DATE, CLOCK = {"type": "string", "format": "date"}, {"type": "string", "description": "HH:MM"}
EMPTY, FULL = SlotPrediction(1.0, 0.0, 0.0), SlotPrediction(0.0, 1.0, 0.0, (SpanCandidate(0, 0, 4, 1.0),))


def tool(**properties: Any) -> Any:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return parse_tools([{"name": "plan", "description": "Plan it", "parameters": schema}])


def predicted(slots: tuple[SlotPrediction, ...], call: float = 0.0) -> Prediction:
    return Prediction(call, (0.9,), 0.1, slots, 1.0, 1)


@pytest.mark.parametrize(
    ("question", "answer", "taken"),
    [
        ("For which date?", "17", True),
        ("For which date?", "the 17th please", True),
        ("For which date?", "friday after next", True),
        ("For which date?", "no", False),
        ("For which date?", "why do you ask me such a thing", False),
        ("At what time?", "17", False),
        ("Shall I go on.", "17", False),
    ],
)
def test_a_day_that_was_asked_for_is_all_of_the_answer(question: str, answer: str, taken: bool) -> None:
    tools = tool(date=DATE, time=CLOCK)
    slots = slot_table(tools)
    history = [Message("user", "10 am"), Message("assistant", question), Message("user", answer)]
    after = take_answers(predicted((EMPTY, FULL)), Scene(tools, slots, history))
    assert (after.call > 0.5) is taken
    assert (after.slots[0].filled > 0.5) is taken
    if taken:
        assert after.slots[0].spans == (SpanCandidate(2, 0, len(answer), 0.9),)


def test_an_answer_makes_no_call_while_more_is_missing() -> None:
    tools = tool(date=DATE, time=CLOCK)
    history = [Message("assistant", "For which date?"), Message("user", "17")]
    after = take_answers(predicted((EMPTY, EMPTY)), Scene(tools, slot_table(tools), history))
    assert after.call == 0.0
    assert after.slots[0].filled > 0.5


def test_an_entry_is_chosen_by_another_form_of_its_word() -> None:
    tools = tool(response={"type": "string", "enum": ["accepted", "declined"]})
    slots = slot_table(tools)
    said = replace(EMPTY, empty=0.4, filled=0.6, choices=(0.9, 0.1))
    after = say_forms(predicted((said,), 0.9), Scene(tools, slots, [Message("user", "decline the review")]))
    assert after.slots[0].choices == pytest.approx((0.1, 0.9))
    for text in ("don't decline it", "accept or decline", "go on"):
        same = predicted((said,), 0.9)
        assert say_forms(same, Scene(tools, slots, [Message("user", text)])) == same


@pytest.mark.parametrize(
    ("text", "name", "schema", "end"),
    [
        ("from May 3rd for three nights", "check_out", DATE, "2025-05-06"),
        ("from May 3rd to May 5th", "end_date", DATE, "2025-05-05"),
        ("I need May 3rd off", "end_date", DATE, "2025-05-03"),
        ("from May 3rd", "end_date", DATE, None),
    ],
)
def test_the_end_is_read_where_the_start_is(text: str, name: str, schema: dict[str, Any], end: str | None) -> None:
    slots = slot_table(tool(start_date=DATE, **{name: schema}))
    start = text.index("May 3rd")
    read = {"start_date": Value("2025-05-03", 0.8, Source("span", 0, start, start + 7, "May 3rd"))}
    history = [Message("user", text)]
    found = ends(slots, read, {}, history, WEDNESDAY)
    assert {key: value.value for key, value in found.items()} == ({name: end} if end else {})
    for value in found.values():
        slot = next(slot for slot in slots if slot.key == name)
        again = read_source(value.source, slot.parameter, history, WEDNESDAY, slot)
        assert again == (value.value, value.source), "a state is checked by its sources"
    assert ends(slots, read, {name: read["start_date"]}, history, WEDNESDAY) == {}


def test_the_caller_says_what_the_present_is_before_a_system_message_does() -> None:
    history = [Message("system", "It is Monday, March 3rd 2025, 9:00"), Message("user", "on Friday")]
    assert moment(history, WEDNESDAY) == WEDNESDAY
    assert moment(history, None) == datetime(2025, 3, 3, 9)
    assert moment(history[1:], None) is None
    slots = slot_table(tool(date=DATE))
    source = Source("span", 1, 3, 9, "Friday")
    read = [read_source(source, slots[0].parameter, history, now, slots[0]) for now in (WEDNESDAY, None)]
    assert [found[0] for found in read if found] == ["2025-03-14", "2025-03-07"]
    assert read_source(Source("choice"), slots[0].parameter, history, None) is None


def test_an_entry_that_is_said_as_it_is_listed_is_left_to_the_model() -> None:
    tools = tool(account={"type": "string", "enum": ["checking", "savings"]})
    said = replace(EMPTY, empty=0.1, filled=0.9, choices=(0.9, 0.1))
    before = predicted((said,), 0.9)
    history = [Message("user", "into my friend's savings account")]
    assert say_forms(before, Scene(tools, slot_table(tools), history)) == before
