"""Questions and results read naturally, whatever a schema or a tool gives."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_trm.messages import Entry
from langchain_trm.replies import DEFAULT_REPLY, LATER_REPLY, ask_for, compose_reply, describe_result
from langchain_trm.turns import Call, Turn
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter
from trm_agent.types import Decision, Message, Parameter


@pytest.mark.parametrize(
    ("name", "schema", "question"),
    [
        ("city", {"description": "City to fly to"}, "What is the city to fly to?"),
        ("city", {"description": "The city to fly to."}, "What is the city to fly to?"),
        ("day", {"description": "Day of departure. Format: YYYY-MM-DD"}, "What is the day of departure?"),
        ("name", {"description": "Your name"}, "What is your name?"),
        ("iata", {"description": "IATA code of the airport"}, "What is the IATA code of the airport?"),
        ("n", {"description": "How many people travel"}, "Could you tell me how many people travel?"),
        (
            "direct",
            {"type": "boolean", "description": "Whether the flight is direct"},
            "Is the flight direct?",
        ),
        ("when", {"description": "When do you want to leave?"}, "When do you want to leave?"),
        ("wifi", {"description": "Is Wi-Fi wanted"}, "Is Wi-Fi wanted?"),
        ("departure_city", {}, "Where will you be leaving from?"),
        ("address.street", {}, "What is the address street?"),
        (
            "cls",
            {"description": "Cabin class", "enum": ["economy", "first_class"]},
            "Which cabin class would you like: economy or first class?",
        ),
        (
            "n",
            {"enum": list(range(20)), "description": "Size"},
            "Which size would you like: 0, 1, 2, 3, 4, 5, 6, 7, …?",
        ),
        ("nights", {"type": "integer"}, "How many nights?"),
        ("extra_toppings", {"type": "array", "items": {"type": "string"}}, "What are the extra toppings?"),
        ("address", {"type": "array"}, "What is the address?"),
        ("status", {"type": "integer"}, "What is the status?"),
        ("note", {"description": "Optional: a note, e.g. for the driver"}, "What is the note?"),
    ],
)
def test_a_question_in_the_words_of_the_description(name: str, schema: dict[str, Any], question: str) -> None:
    assert ask_for(Parameter(name, schema)) == question


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"result": 3}, "Here is what I have. The result is 3."),
        (
            {"temperature": 18, "isSunny": True, "note": None},
            "Here is what I have. The temperature is 18 and it is sunny.",
        ),
        (
            [{"name": "A", "price": 1}, {"name": "B", "price": 2}],
            "Here is what I have: A. The price is 1. There is also B.",
        ),
        ([{"name": "A"}], "Here is what I have: A."),
        ([1, 2, 3, 4], "I found 1, 2, 3 and 4."),
        ([], "I'm sorry, I found nothing that fits. Would you like to change something?"),
        ("It's sunny.", "It's sunny."),
        ("42", "42."),
        ({"hotel": {"name": "A", "stars": 3}, "tags": ["x", "y"]}, "Hotel: name A, stars 3; tags: x, y."),
        (None, "Done."),
        ({}, "Done."),
        ("", "Done."),
    ],
)
def test_a_result_is_read_out(content: Any, text: str) -> None:
    assert describe_result(Call("search", {}, Entry(Message("tool_response", content), 0))) == text


def test_a_failure_is_said() -> None:
    entry = Entry(Message("tool_response", {"error": "no such city"}), 0, None, failed=True)
    assert describe_result(Call("search_flights", {}, entry)) == "I'm sorry, that did not work: no such city."
    assert describe_result(Call("", {}, entry)) == "I'm sorry, that did not work: no such city."


def test_the_default_sentence_asks_for_more_once_something_was_called() -> None:
    decision = ask(Plan())
    called = [Message("tool_call", {"name": "look_up", "arguments": {}}), Message("tool_response", "ok")]
    assert compose_reply(decision, Turn(), (), DEFAULT_REPLY, [Message("user", "hi")]) == DEFAULT_REPLY
    assert compose_reply(decision, Turn(), (), DEFAULT_REPLY, called) == LATER_REPLY
    assert compose_reply(decision, Turn(), (), "As you like.", called) == "As you like."


def ask(plan: Plan) -> Decision:
    return ScriptedRouter(lambda history, tools, choice: plan).bind([]).decide([Message("user", "thanks")])
