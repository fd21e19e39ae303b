"""Tools and conversations that nobody wrote down, from a seed."""

from __future__ import annotations

import random
from typing import Any

VERBS = ["find", "book", "cancel", "list", "update", "share", "track", "compare", "order", "review"]
THINGS = ["hotel", "flight", "table", "parcel", "invoice", "doctor", "concert", "taxi", "apartment", "lesson", "song"]
PARAMETERS = {
    "city": {"type": "string", "description": "City where it takes place"},
    "date": {"type": "string", "description": "Day it is wanted for"},
    "time": {"type": "string", "description": "Time of day"},
    "guests": {"type": "integer", "description": "Number of people"},
    "price": {"type": "string", "description": "Price range", "enum": ["cheap", "moderate", "expensive"]},
    "name": {"type": "string", "description": "Name of the place or person"},
    "refundable": {"type": "boolean", "description": "Whether the money can be returned"},
}
SENTENCES = [
    "I would like to {verb} a {thing} in {city} for {number} people",
    "could you also {verb} the {thing} on the {number}th, somewhere in {city}",
    "no, make it {number} o'clock, and please {verb} it under the name {city}",
    "what about a cheaper {thing} near {city}, number {number} on the list perhaps",
]
CITIES = ["Lisbon", "Oakland", "Ghent", "Osaka", "Leeds", "Quito", "Turin", "Bergen", "Hanoi", "Krakow"]


def make_tools(count: int, rng: random.Random) -> list[dict[str, Any]]:
    """So many different tools with two to five parameters each."""
    names = rng.sample([(verb, thing) for verb in VERBS for thing in THINGS], count)
    tools = []
    for verb, thing in names:
        chosen = rng.sample(sorted(PARAMETERS), rng.randint(2, 5))
        properties = {name: PARAMETERS[name] for name in chosen}
        tools.append(
            {
                "name": f"{verb}_{thing}",
                "description": f"{verb.capitalize()} a {thing} for the user",
                "parameters": {"type": "object", "properties": properties, "required": chosen[:2]},
            }
        )
    return tools


def make_conversation(messages: int, rng: random.Random) -> list[dict[str, Any]]:
    """So many messages, the user's last; no text comes twice."""
    opening = {"role": "system", "content": "You help people with bookings and errands. Be brief."}
    user = {"role": "user", "content": make_sentence(rng)}
    history = [user] if messages % 2 else [opening, user]
    while len(history) < messages:
        history += make_exchange(rng)
    return history


def make_exchange(rng: random.Random) -> list[dict[str, Any]]:
    """An answer and the next request."""
    answer = f"Sure, I noted {make_sentence(rng)}. Is there anything else?"
    return [{"role": "assistant", "content": answer}, {"role": "user", "content": make_sentence(rng)}]


def make_sentence(rng: random.Random) -> str:
    words = {"verb": rng.choice(VERBS), "thing": rng.choice(THINGS), "city": rng.choice(CITIES)}
    return rng.choice(SENTENCES).format(**words, number=rng.randrange(1_000_000))


def make_short_exchange(rng: random.Random) -> list[dict[str, Any]]:
    """A short answer and a short request."""
    answer = f"Sure, number {rng.randrange(1_000_000)}."
    words = f"and in {rng.choice(CITIES)} for {rng.randrange(1_000)} people"
    return [{"role": "assistant", "content": answer}, {"role": "user", "content": words}]
