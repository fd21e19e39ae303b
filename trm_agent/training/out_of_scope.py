"""What people type that no tool is for: writing, explaining, opinions, riddles; made of frames of our own.

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


def instruction(rng: random.Random) -> str:
    """One instruction, sometimes without capitals or punctuation, sometimes two in a row."""
    tables = _tables()
    sentence = _filled(rng.choice(tables["frames"]), rng)
    if rng.random() < 0.15:
        sentence = f"{sentence} {_filled(rng.choice(tables['frames']), rng)}"
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
