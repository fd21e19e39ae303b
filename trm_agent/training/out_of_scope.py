"""What people type that no tool is for: writing, explaining, opinions, riddles, knowledge; made of frames of our own.

A router that has only seen requests for some tool takes everything for one.
"""

from __future__ import annotations

import importlib.resources
import json
import random
from functools import cache
from typing import Any


@cache
def _tables() -> dict[str, Any]:
    text = importlib.resources.files("trm_agent.training").joinpath("out_of_scope.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


FACTS = 0.35
"""Share of questions about the world, with names that a tool might take ("What is the capital of France?")."""


def instruction(rng: random.Random) -> str:
    """One instruction, sometimes without capitals or punctuation, sometimes two in a row."""
    tables = _tables()
    if rng.random() < FACTS:
        return _plainly(fact(rng), rng)
    sentence = _filled(rng.choice(tables["frames"]), rng)
    if rng.random() < 0.15:
        sentence = f"{sentence} {_filled(rng.choice(tables['frames']), rng)}"
    return _plainly(sentence, rng)


def fact(rng: random.Random) -> str:
    """One question about the world."""
    facts = _tables()["facts"]
    names = {f"{key}{n}": name for key in facts for n, name in zip(("", "2"), rng.sample(facts[key], 2), strict=True)}
    return str(rng.choice(facts["frames"]).format(**names))


def _plainly(sentence: str, rng: random.Random) -> str:
    return sentence.rstrip(".?!").lower() if rng.random() < 0.3 else sentence


def _filled(frame: str, rng: random.Random) -> str:
    tables = _tables()
    topic, other, third = rng.sample(tables["topics"], 3)
    text = rng.choice(tables["texts"])
    number = rng.randint(3, 90)
    return frame.format(
        a="an" if text[0] in "aeiou" else "a",
        text=text,
        topic=topic,
        other=other,
        third=third,
        n=number,
        m=rng.randint(2, number),
    )
