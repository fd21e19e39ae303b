"""A system message may say what day it is; what it says of other days is not the present."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from trm_agent.text.content import content_at, is_answer
from trm_agent.text.present import present, stated_present
from trm_agent.text.tense import tense


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Today is 2025-03-12", "2025-03-12"),
        ("You are helpful. Current date: March 12, 2025", "2025-03-12"),
        ("The current date is 12 March 2025.", "2025-03-12"),
        ("**Current date:** 2025-03-12", "2025-03-12"),
        ("Today's date is Wednesday, March 12, 2025. Be brief.", "2025-03-12"),
        ("It is Wednesday, March 12th 2025, 10:00", "2025-03-12T10:00"),
        ("It's Wednesday, 12 March 2025, 9:30 pm.", "2025-03-12T21:30"),
        ("Current date and time: 2025-03-12 10:00:00", "2025-03-12T10:00"),
        ("Current time: 2025-03-12T10:00:00Z", "2025-03-12T10:00+00:00"),
        ("Today is 2025-13-45", None),
        ("It is important to be kind.", None),
        ("The store opened on March 3, 2019.", None),
        ("Today is March 12", None),
        ("You book tables.", None),
    ],
)
def test_the_present_is_read_where_it_is_stated(text: str, moment: str | None) -> None:
    stated = stated_present(text)
    if moment is None:
        assert stated is None
        return
    assert stated == (datetime.fromisoformat(moment), "T" in moment)


def test_the_clock_gives_the_time_of_a_day_that_is_stated_without_one() -> None:
    assert present((datetime(2025, 3, 12, 10), True)) == datetime(2025, 3, 12, 10)
    timed = present((datetime(2025, 3, 12), False))
    assert timed.date() == datetime(2025, 3, 12).date()
    assert abs(datetime.combine(timed.date(), datetime.now().time()) - timed) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("sentence", "time"),
    [
        ("how was the weather on Tuesday", "past"),
        ("what did I spend on Monday?", "past"),
        ("I bought it on Friday", "past"),
        ("we walked home on Sunday", "past"),
        ("I wanted to book a table for Friday", "future"),
        ("will it rain on Tuesday", "future"),
        ("I need the 15th off", None),
        ("the weather on Tuesday", None),
    ],
)
def test_a_sentence_has_a_tense(sentence: str, time: str | None) -> None:
    assert tense(sentence) == time


@pytest.mark.parametrize(
    ("text", "span", "content"),
    [
        ("remind me to call mum", "mum", "call mum"),
        ("remind me to check the oven in 10 minutes", "oven", "check the oven"),
        ("remind me to do the school run at 7", "school run", "do the school run"),
        ("remind me tomorrow at 5 to water the plants", "plants", "water the plants"),
        ("add a reminder to pay rent on Friday, please", "rent", "pay rent"),
        ("tell Anna I'll be late", "late", "I'll be late"),
        ("let my boss know that the train is stuck.", "train", "the train is stuck"),
        ("text Bob saying dinner is ready", "dinner", "dinner is ready"),
        ("find a hotel in Rome", "Rome", None),
        ("remind me to call mum", "me", None),
    ],
)
def test_content_runs_from_its_lead_to_its_end(text: str, span: str, content: str | None) -> None:
    start = text.index(span)
    found = content_at(text, (start, start + len(span)), "text: what to note")
    assert (text[slice(*found)] if found else None) == content
    assert content_at(text, (start, start + len(span)), "city: the city") is None


@pytest.mark.parametrize(
    ("question", "text", "whole"),
    [
        ("What is the problem?", "my screen flickers when I plug in the charger", True),
        ("Please tell me. What is the issue?", "start to finish, that is the trouble", True),
        ("Why do you want to return it?", "the zip broke after a day", True),
        ("What is the problem?", "never mind then, thanks", False),
        ("What is the problem?", "no it is fine", False),
        ("Shall I report the problem?", "the screen is broken", False),
        ("What is your name?", "my screen flickers badly", False),
        ("", "my screen flickers badly", False),
        ("What is the problem?", "screen broken", False),
    ],
)
def test_a_whole_message_answers_a_question_for_a_text(question: str, text: str, whole: bool) -> None:
    assert is_answer(text, question, "description: description of the problem") is whole
