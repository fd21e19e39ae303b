"""Files of MultiWOZ 2.1 and of ConvLab-3's WOZ and CamRest → dialogues of one form.

A turn is what the user says, what is known after it, what the assistant does and what it says.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from trm_agent.errors import DataError

Deed = Literal["inform", "nothing_found", "book", "no_book", "request", "close"]

SLOTS = {
    "addr": "address",
    "arrive": "arrive_by",
    "arriveby": "arrive_by",
    "depart": "departure",
    "dest": "destination",
    "id": "train_id",
    "leave": "leave_at",
    "leaveat": "leave_at",
    "post": "postcode",
    "price": "price_range",
    "pricerange": "price_range",
    "price range": "price_range",
    "ref": "reference",
    "ticket": "fare",
}
"""A publisher's slot, lower case → the parameter or the result's key, where they differ."""

_DEEDS: Mapping[str, Deed] = {
    "inform": "inform",
    "recommend": "inform",
    "select": "inform",
    "offerbook": "inform",
    "nooffer": "nothing_found",
    "book": "book",
    "offerbooked": "book",
    "nobook": "no_book",
    "request": "request",
    "bye": "close",
    "welcome": "close",
}
_EMPTY = ("", "not mentioned", "none")
_SAME = {"free": "yes", "guest house": "guesthouse", "center": "centre"}
_ASKS = re.compile(r"\b(?:what|which|any particular|preference|prefer)\b[^?]*\?", re.IGNORECASE)
_ASKED_SLOTS = {"food": r"food|cuisine", "area": r"area|part of town|where", "price_range": r"pric"}


@dataclass(frozen=True)
class Turn:
    """A user's turn and the assistant's.

    Attributes:
        said: By the user.
        state: Domain → parameter of its search → value; `dontcare` is a value.
        booking: Domain → parameter of its booking → value.
        deeds: What the assistant does: (deed, domain; empty where it is not told).
        asked: Parameters it asks for.
        told: Domain → what it tells of a result.
        answer: Its words.
    """

    said: str
    state: Mapping[str, Mapping[str, str]]
    booking: Mapping[str, Mapping[str, str]]
    deeds: tuple[tuple[Deed, str], ...]
    asked: frozenset[str]
    answer: str
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_multiwoz(archive: Path) -> Iterator[tuple[str, list[Turn]]]:
    """Name and turns of each dialogue of `val.json.zip`."""
    for name, dialogue in _member(archive, archive.name.removesuffix(".zip")).items():
        log = dialogue["log"]
        yield f"multiwoz/{name}", [_multiwoz_turn(log[i], log[i + 1]) for i in range(0, len(log) - 1, 2)]


def read_convlab(archive: Path, name: str) -> Iterator[tuple[str, list[Turn]]]:
    """Name and turns of each training dialogue of a `data.zip`."""
    for dialogue in _member(archive, "data/dialogues.json"):
        if dialogue["data_split"] == "train":
            turns = dialogue["turns"]
            pairs = [(turns[i], turns[i + 1]) for i in range(0, len(turns) - 1, 2)]
            yield f"{name}/{dialogue['dialogue_id']}", [_convlab_turn(user, system) for user, system in pairs]


def plain(text: str) -> str:
    """The text without the spaces that a tokeniser left."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" (n't|'s|'m|'re|'ll|'ve|'d)\b", r"\1", text)
    return re.sub(r" ([?.!,;:])", r"\1", text)


def slot(name: str) -> str:
    """The parameter of a publisher's slot."""
    return SLOTS.get(name.lower(), name.lower())


def _multiwoz_turn(user: Mapping[str, Any], system: Mapping[str, Any]) -> Turn:
    deeds: list[tuple[Deed, str]] = []
    asked: set[str] = set()
    told: dict[str, dict[str, str]] = {}
    for act, items in system["dialog_act"].items():
        domain, _, what = act.lower().partition("-")
        if what not in _DEEDS:
            continue
        domain = "" if domain in ("booking", "general") else domain
        deeds.append((_DEEDS[what], domain))
        if what == "request":
            asked |= {slot(name) for name, _ in items}
        else:
            values = {
                slot(name): plain(value) for name, value in items if value not in ("?", "none", "") and name != "none"
            }
            told.setdefault(domain, {}).update(values)
    state = {domain: _values(parts["semi"]) for domain, parts in system["metadata"].items()}
    booking = {}
    for domain, parts in system["metadata"].items():
        booking[domain] = _values({key: value for key, value in parts["book"].items() if key != "booked"})
        booked = parts["book"]["booked"]
        if domain == "train" and booked and booked[0].get("trainID"):
            booking[domain]["train_id"] = booked[0]["trainID"]
    return Turn(plain(user["text"]), state, booking, tuple(deeds), frozenset(asked), plain(system["text"]), told)


def _convlab_turn(user: Mapping[str, Any], system: Mapping[str, Any]) -> Turn:
    state = {domain: _values(values) for domain, values in user["state"].items()}
    text = plain(system["utterance"])
    deeds: list[tuple[Deed, str]] = []
    asked: set[str] = set()
    told: dict[str, str] = {}
    acts = system.get("dialogue_acts")
    if acts is None:  # WOZ does not say what the assistant does
        if _ASKS.search(text):
            deeds = [("request", "restaurant")]
            asked = {name for name, words in _ASKED_SLOTS.items() if re.search(words, text, re.IGNORECASE)}
        elif re.search(r"\b(?:bye|welcome|great day)\b", text, re.IGNORECASE):
            deeds = [("close", "")]
        elif "?" not in text:
            deeds = [("inform", "restaurant")]
            told = {"summary": text}
    else:
        for act in [*acts["binary"], *acts["categorical"], *acts["non-categorical"]]:
            what = _DEEDS.get(act["intent"].lower())
            if what:
                deeds.append((what, "restaurant"))
            if what == "request":
                asked.add(slot(act["slot"]))
            elif what == "inform" and act.get("value"):
                told[slot(act["slot"])] = act["value"]
    return Turn(plain(user["utterance"]), state, {}, tuple(deeds), frozenset(asked), text, {"restaurant": told})


def _values(published: Mapping[str, Any]) -> dict[str, str]:
    """Parameters that have a value, the first of several."""
    out: dict[str, str] = {}
    for name, value in published.items():
        if isinstance(value, str) and value not in _EMPTY:
            first = re.split(r"[|<>]", value)[0].strip()
            out[slot(name)] = _SAME.get(
                first, "dontcare" if first in ("dontcare", "do not care", "dont care") else first
            )
    return out


def _member(archive: Path, name: str) -> Any:
    try:
        with zipfile.ZipFile(archive) as opened:
            return json.loads(opened.read(name))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{archive}: {error}") from None


def domains(turns: Sequence[Turn]) -> set[str]:
    """Domains of which a dialogue knows anything in the end."""
    last = turns[-1]
    return {domain for known in (last.state, last.booking) for domain, values in known.items() if values}
