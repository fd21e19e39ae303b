"""What is known of a value that may be told, and which record of a result is spoken of."""

from __future__ import annotations

from typing import Any

from trm_agent.responses.facts import asks_something, in_focus, known_facts
from trm_agent.responses.fields import MARKS, fields_at
from trm_agent.types import Message, parse_tools

TOOLS = parse_tools(
    [
        {
            "name": "send_money",
            "description": "Send money",
            "parameters": {"type": "object", "properties": {"amount": {"type": "string"}, "to": {"type": "string"}}},
            "annotations": {"readOnlyHint": False},
        }
    ]
)
BUSES = [{"leaves": "06:00", "fare": "26"}, {"leaves": "07:30", "fare": "23"}, {"leaves": "09:20", "fare": "24"}]


def user(text: str) -> Message:
    return Message("user", text)


def answer(text: str) -> Message:
    return Message("assistant", text)


def result(content: Any) -> Message:
    return Message("tool_response", content)


def order(history: list[Message], content: Any = BUSES) -> list[str]:
    return [row["leaves"] for row in in_focus(content, history)]


def test_a_record_is_known_by_the_time_that_it_alone_has() -> None:
    history = [user("a bus"), result(BUSES), answer("One leaves at 7:30 am and costs $23."), user("What is the fare?")]
    assert order(history) == ["07:30", "09:20", "06:00"]


def test_records_that_were_told_come_after_those_that_were_not() -> None:
    history = [user("a bus"), result(BUSES), answer("One leaves at 6 am."), user("another?"), answer("One at 9:20 am.")]
    assert order([*history, user("and another?")]) == ["09:20", "07:30", "06:00"]
    again = [*history, user("search again"), result(BUSES)]
    assert order(again) == ["07:30", "06:00", "09:20"], "of a new result too"


def test_a_record_that_the_user_names_comes_first_though_it_was_told() -> None:
    history = [user("a bus"), result(BUSES), answer("At 6 am, or at 7:30 am."), user("I take the one at 6:00")]
    assert order(history)[0] == "06:00"
    assert order([user("a bus"), result(BUSES)]) == ["06:00", "07:30", "09:20"]


def test_marks_say_what_a_result_brings_that_nobody_has_said() -> None:
    call = Message("tool_call", {"name": "send_money", "arguments": {"amount": "180", "to": "Mom"}})
    came = result({"amount": "180", "to": "Mom", "days": "3", "at": "18:30"})
    untold, share = MARKS - 3, MARKS - 2

    def new(said: str) -> dict[str, float]:
        history = [user(said), call, came]
        facts = known_facts({}, history, TOOLS, "send_money")
        fields = fields_at(facts, {}, history, TOOLS, "send_money")
        assert fields.marks.shape == (len(facts), MARKS)
        rows = dict(zip(fields.names, fields.marks, strict=True))
        return {name: float(row[share]) for name, row in rows.items() if row[untold]}

    assert new("send Mom 180") == {"days": 0.5, "at": 0.5}
    assert new("send Mom 180 at 6:30 pm") == {"days": 1.0}, "a time in any form was said"
    assert new("send Mom 180 in 3 days at 6:30 pm") == {}


def test_marks_say_what_the_last_answer_told_of_another_record() -> None:
    history = [user("a bus"), result(BUSES), answer("One leaves at 6:00 am."), user("another?")]
    facts = known_facts({}, history, TOOLS)
    fields = fields_at(facts, {}, history, TOOLS, None)
    alike = {name for name, row in zip(fields.names, fields.marks, strict=True) if row[MARKS - 1]}
    assert alike == {"leaves#2", "leaves#3"}


def test_a_question_is_known_by_its_mark() -> None:
    assert asks_something([user("how much is it?"), answer("Well.")])
    assert asks_something([user("¿cuánto cuesta？")])
    assert not asks_something([user("how much?"), answer("Ten."), user("thanks")])
