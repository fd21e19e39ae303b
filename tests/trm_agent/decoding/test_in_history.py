"""A day or a time that a message leaves out is the one spoken of last before it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from trm_agent.decoding.in_history import language_spoken, read_source
from trm_agent.types import Message, Source, parse_tools, slot_table

TOOLS = parse_tools(
    [
        {
            "name": "book",
            "description": "",
            "parameters": {
                "type": "object",
                "properties": {
                    "startsAt": {"type": "string", "format": "date-time"},
                    "endsAt": {"type": "string", "format": "date-time"},
                    "at": {"type": "string", "format": "time"},
                    "price": {"type": "integer", "description": "in đồng"},
                    "visit": {"type": "object", "properties": {"start": {"type": "string", "format": "date-time"}}},
                },
            },
        }
    ]
)
SLOTS = {slot.parameter.name: slot for slot in slot_table(TOOLS)}
NOW = datetime(2026, 1, 9, 9, 0)  # a Friday
CALLED = Message(
    "tool_call",
    {"name": "book", "arguments": {"startsAt": "2026-01-13T10:00", "endsAt": "2026-01-13T12:00", "at": "19:00"}},
)
BOOKED = Message("assistant", "It is booked.")


def read(parameter: str, text: str, words: str, *before: Message) -> Any:
    history = [*before, Message("user", text)]
    start = text.index(words)
    source = Source("span", len(history) - 1, start, start + len(words), words)
    found = read_source(source, SLOTS[parameter].parameter, history, NOW, SLOTS[parameter])
    return found and found[0]


@pytest.mark.parametrize(
    ("parameter", "text", "words", "value"),
    [
        ("startsAt", "Joost says 10 is bad. half past one", "half past one", "2026-01-13T13:30:00"),
        ("startsAt", "can't do Tuesday, Wednesday", "Wednesday", "2026-01-14T10:00:00"),
        ("startsAt", "Friday at five to three", "Friday", "2026-01-16T14:55:00"),
        ("endsAt", "till midnight rather", "midnight", "2026-01-14T00:00:00"),
        ("at", "eight, at seven I put the kids to bed", "eight", "20:00:00"),
        ("at", "at 8 am then", "8 am", "08:00:00"),
        ("at", "at 08:00 then", "08:00", "08:00:00"),
        ("startsAt", "make it an hour later", "hour later", "2026-01-13T11:00:00"),
        ("startsAt", "half an hour earlier, please", "half an hour earlier", "2026-01-13T09:30:00"),
        ("endsAt", "twelve hours later", "twelve hours later", "2026-01-14T00:00:00"),
        ("startsAt", "a day sooner is better", "a day sooner", "2026-01-12T10:00:00"),
        ("startsAt", "the week after suits them", "the week after", "2026-01-20T10:00:00"),
        ("at", "twenty minutes earlier", "twenty minutes earlier", "18:40:00"),
    ],
)
def test_the_call_before_says_the_rest(parameter: str, text: str, words: str, value: str) -> None:
    assert read(parameter, text, words, Message("user", "book it"), CALLED, BOOKED) == value


def test_a_call_with_a_nested_object_says_the_rest_too() -> None:
    made = Message("tool_call", {"name": "book", "arguments": {"visit": {"start": "2026-01-13 10:00"}}})
    assert read("visit.start", "make it half past one", "half past one", made, BOOKED) == "2026-01-13T13:30:00"


def test_what_was_said_before_says_the_day() -> None:
    asked = Message("assistant", "At what time?")
    assert (
        read("startsAt", "five to three", "five to three", Message("user", "on Monday"), asked) == "2026-01-12T14:55:00"
    )
    both = Message("user", "on Monday or on Tuesday")
    assert read("startsAt", "five to three", "five to three", both, asked) == "2026-01-09T14:55:00"


def test_a_message_without_small_words_is_in_the_language_spoken_before() -> None:
    before = Message("user", "mình muốn đặt hàng giá bao nhiêu")
    assert language_spoken([before, Message("assistant", "12")]) == "vi"
    assert language_spoken([Message("user", "12")]) == "en"
    assert read("price", "7tr2", "7tr2", before) == 7_200_000


def test_the_part_of_the_day_spoken_of_before_tells_an_hour() -> None:
    asked = (Message("user", "book Jonah for tonight"), Message("assistant", "From when until when?"))
    assert read("at", "eight to half past ten", "eight", *asked) == "20:00:00"
    assert read("at", "half past ten", "half past ten", *asked) == "22:30:00"
    assert read("at", "eight in the morning", "eight in the morning", *asked) == "08:00:00"
    assert read("at", "half past ten", "half past ten", Message("user", "a table for tomorrow")) == "10:30:00"


def test_later_than_nothing_is_not_known() -> None:
    assert read("at", "make it an hour later", "hour later") is None
    assert read("startsAt", "make it an hour later", "hour later") is None
