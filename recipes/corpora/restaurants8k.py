"""Restaurants-8k (Coope et al. 2020) → samples: one utterance of a booking, sometimes with what the system asked for.

The publisher gives the names of the slots asked for, not the question: it is worded here. Spans are labelled, intents
are not, so that a call would be right is known only where nothing speaks of a booking that already stands.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recipes.corpora import snips
from recipes.corpora.building import Options
from recipes.corpora.single_requests import (
    ABSENT_RATE,
    Said,
    helper_pool,
    own_table,
    pick_split,
    read_json,
    request_sample,
    word_tool,
)
from trm_agent.errors import DataError
from trm_agent.types import Message, Sample, ToolSchema

FILES = {"train": "train_0.json", "test": "test.json"}
MISSING_RATE = 0.35
BLUNT_RATE = 0.5
"""Share of questions that use one of a slot's own wordings, where there is one."""

RIVALS = (
    "restaurant_reservation",
    "restaurant_suggestion",
    "restaurant_reviews",
    "accept_reservations",
    "confirm_reservation",
    "cancel_reservation",
    "how_busy",
    "cancel",
)
"""Tools of CLINC150 that would serve some of the requests too."""

_STANDING = re.compile(
    r"\b(chang\w*|cancel\w*|amend\w*|modif\w*|mov(e|ed|ing)|switch\w*|updat\w*|reschedul\w*|add|remove|instead|made|late"
    r"|booked|reserved|already|previous|existing|mistake|wrong|meant"
    r"|(have|had|got) (a|an|my|the) (\w+ )?(booking|reservation)"
    r"|(my|our|that|the) (current )?(booking|reservation|table))\b",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"[ap]\.\s?m\.$", re.IGNORECASE)


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of `train_0.json` (split `train`, default), which holds all of the training data, or `test.json`.

    Raises:
        DataError: The file is missing or not what it should be.
    """
    split = pick_split(options.split, tuple(FILES))
    if not options.wants(["book_table"]):
        return
    records = list(enumerate(read_json(folder / FILES[split], list)))
    options.rng(f"restaurants8k/{split}").shuffle(records)
    most = 8 if options.distractors is None else options.distractors
    for number, record in records[: options.num_dialogues]:
        rng = options.rng(f"restaurants8k/{split}/{number}")
        try:
            yield request(record, rng, dialogue=f"{split}/{number}", seen=split == "train", most=most)
        except (KeyError, TypeError) as error:
            raise DataError(f"{folder / FILES[split]}: record {number}: {error!r}") from None


def request(record: Mapping[str, Any], rng: random.Random, *, dialogue: str, seen: bool, most: int = 8) -> Sample:
    """One utterance as a sample; see `request_sample`.

    Args:
        record: As published.
        rng: Draws wording, question, required parameters and distractors.
        dialogue: Name of the conversation.
        seen: Whether it may be trained on.
        most: At most so many distractors.
    """
    text = record["userInput"]["text"]
    asked = list(dict.fromkeys(record.get("context", {}).get("requestedSlots", [])))
    said = spans(text, record.get("labels", []))
    history = [*([Message("assistant", question(asked, rng))] if asked else []), Message("user", text)]
    worded = word_tool(own_table("restaurants8k")["tool"], said, rng, least=1, missing_rate=MISSING_RATE)
    sample = request_sample(
        worded,
        distractor_pool(rng),
        history,
        rng,
        id=f"restaurants8k/{dialogue}",
        meta={
            "source": "restaurants8k",
            "subset": "asked" if asked else "unasked",
            "domain": "restaurant",
            "dialogue": dialogue,
            "seen": seen,
        },
        most=most,
        absent=not asked and most > 0 and rng.random() < ABSENT_RATE,
    )
    if sample.meta["intent"] is None:
        return sample
    return _less_certain(sample, standing=bool(_STANDING.search(text)), about=bool(said or asked))


def spans(text: str, labels: Sequence[Mapping[str, Any]]) -> dict[str, Said]:
    """Slot → its span, without the white space and the full stop that some carry."""
    out: dict[str, Said] = {}
    for label in labels:
        span = label["valueSpan"]
        value = text[span.get("startIndex", 0) : span["endIndex"]].strip()
        value = value if _ABBREVIATION.search(value) else value.rstrip(".,")
        if value:
            out.setdefault(label["slot"], Said(value))
    return out


def question(asked: Sequence[str], rng: random.Random) -> str:
    """A question for some slots, in drawn words."""
    table = own_table("restaurants8k")
    names = {"first_name", "last_name"} <= set(asked)
    topics = [slot for slot in asked if not (names and slot in ("first_name", "last_name"))]
    topics += ["first_name last_name"] if names else []
    if len(topics) == 1 and rng.random() < BLUNT_RATE:
        return str(rng.choice(table["questions"][topics[0]]))
    phrases = [rng.choice(table["topics"][topic]) for topic in topics]
    listed = " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)
    return str(rng.choice(table["frames"])).format(listed)


def distractor_pool(rng: random.Random) -> list[ToolSchema]:
    """The tools of SNIPS but for the booking, and about as many intents, none of which serves the same requests."""
    own = own_table("restaurants8k")["tool"]["names"]
    others = helper_pool(without=(*own, *RIVALS))
    return snips.tools(rng, without={"BookRestaurant"}) + rng.sample(others, min(8, len(others)))


def _less_certain(sample: Sample, *, standing: bool, about: bool) -> Sample:
    """Takes back what the labels do not say: the intent where no slot is spoken of, the call where a booking stands."""
    if about and not standing:
        return sample
    place = sample.meta["subset"].split("/")[0]
    meta = {key: value for key, value in sample.meta.items() if key != "intent"}
    meta["subset"] = f"{place}/standing" if standing else f"{place}/other"
    if sample.tool is None:
        return replace(sample, meta=meta)
    meta["decision_known"] = False
    return replace(sample, decision="direct_answer", tool=None, accept=replace(sample.accept, arguments={}), meta=meta)
