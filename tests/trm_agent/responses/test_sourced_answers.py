"""Hundreds of answers over made-up conversations: whatever is stated stands in the conversation or in a declaration.

The checker shares no code with the guard: it looks each number, code and capitalised word up in the raw text.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from recipes.audit_answers import unknown_words
from tests.trm_agent.responses.test_responses import DIALOGUES
from trm_agent.responses.frames import load_frames
from trm_agent.responses.speaking import speak_with_frames
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.training.responses import ResponseConfig, learn_responses
from trm_agent.types import Decision, Message, parse_tools

CITIES = ("Oslo", "San Jose", "Hà Nội", "Kraków", "Nowhere-on-Sea")
PLACES = ("Blue Elephant", "Casa 21", "Red Fort", "Quán Ăn Ngon", "McRae's")
CODES = ("AB-1207", "555-0134", "X9Z", "2031", "+47 22 11")
TIMES = ("7 pm", "half past eight", "19:30", "noon")
TOOLS = parse_tools(
    [
        {
            "name": name,
            "description": f"{verb} a table.",
            "parameters": {
                "type": "object",
                "properties": {n: {"type": "string"} for n in ("city", "cuisine", "place_name", "time", "guests")},
                "required": ["city", "time"],
            },
            "annotations": {"readOnlyHint": verb == "Find"},
        }
        for name, verb in (("find_restaurant", "Find"), ("book_table", "Book"))
    ]
)


def conversation(rng: random.Random) -> tuple[list[Message], dict[str, Any]]:
    """Some turns that end in a user message or a result, and the slots known there."""
    slots = {"city": rng.choice(CITIES), "time": rng.choice(TIMES), "guests": str(rng.randint(2, 60))}
    slots = {name: value for name, value in slots.items() if rng.random() < 0.7}
    history = [Message("user", f"I need a table, {', '.join(slots.values())}")]
    for _ in range(rng.randrange(3)):
        rows = [
            {
                "place_name": p,
                "phone": rng.choice(CODES),
                "rating": rng.randint(1, 500) / 100,
                "open": rng.random() < 0.5,
            }
            for p in rng.sample(PLACES, rng.randint(0, 4))
        ]
        call = {"name": rng.choice(TOOLS).name, "arguments": dict(slots)}
        content: Any = rng.choice(
            [rows, rows[:1], rows[0] if rows else {"error": "line 7 is down"}, "Ref QX-88 is set"]
        )
        history += [Message("tool_call", call), Message("tool_response", content)]
        if rng.random() < 0.7:
            history += [Message("assistant", f"How about {rows[-1]['place_name']}?" if rows else "Nothing there.")]
            history += [
                Message("user", rng.choice(["What is the phone?", "any other?", "book it", "thanks, bye", "hm"]))
            ]
    return history, slots


def decided(plain: Decision, rng: random.Random, slots: dict[str, Any]) -> Decision:
    tool = rng.choice([None, *TOOLS])
    missing = tuple(name for name in ("city", "time") if name not in slots) if tool else ()
    name = tool.name if tool else None
    state = rng.choice([1.0, -1.0]) * plain.answer_state
    return replace(
        plain,
        decision="direct_answer",
        slots=slots,
        missing=missing,
        intended_tool=name,
        probabilities={},
        answer_state=state,
    )


def test_nothing_is_stated_without_a_source_by_the_bank_or_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    # However badly an untrained router's answers fit, they are given and checked.
    monkeypatch.setattr("trm_agent.responses.situation.LEAST_SCORE", {"user": -9.0, "result": -9.0, "empty": -9.0})
    rng, router, encoder, frames = random.Random(0), tiny_router(), HashingEncoder(), load_frames()
    responses = learn_responses(router, DIALOGUES, encoder, ResponseConfig(steps=60, batch=8, hidden=32, decoder=None))
    plain = router.bind(TOOLS).decide([Message("user", "hi")])
    said = {"bank": 0, "frames": 0}
    declared = " ".join(str(tool.to_json()) for tool in TOOLS)
    for _ in range(400):
        history, slots = conversation(rng)
        decision = decided(plain, rng, slots)
        source = "\n".join([*(m.text for m in history), *map(str, slots.values()), declared])
        chosen = responses.choose(decision, history, TOOLS)
        framed = speak_with_frames(frames, decision, history, TOOLS, encoder=encoder)
        for name, words in (("bank", chosen), ("frames", framed)):
            if words is not None:
                said[name] += 1
                assert unknown_words(words.text, source) == [], (words.text, source)
    assert said["frames"] >= 200, said
    assert said["bank"] >= 20, said


def test_the_checker_finds_what_is_made_up() -> None:
    assert unknown_words("It is on Friday, 1 March 2019 at 7:30 pm.", "2019-03-01T19:30") == []
    assert unknown_words("It is on Monday, 4 March.", "2019-03-01T19:30") == ["Monday", "4"]
    assert unknown_words("At 9 pm in Bergen, code AB-13.", "a table in Oslo at 8 pm") == ["9", "Bergen", "AB", "13"]
