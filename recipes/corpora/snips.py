"""SNIPS (Coucke et al. 2018) → samples: one spoken-style request, one intent of seven, slot spans.

The publisher names intents and slots only; `snips.json` holds several wordings of each, drawn for every sample, and
says which parameters may be required and which have a narrower type.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

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

FILES = {"train": "train_{}_full.json", "validate": "validate_{}.json"}
"""Split → its file in the folder of an intent."""

RIVALS = {
    "add_to_playlist": ("update_playlist",),
    "book_restaurant": (
        "restaurant_reservation",
        "restaurant_suggestion",
        "accept_reservations",
        "confirm_reservation",
    ),
    "get_weather": ("weather",),
    "play_music": ("play_music", "next_song", "what_song"),
}
"""First name of a tool → tools of other corpora that would serve its requests too."""

MEDIA = frozenset({"AddToPlaylist", "PlayMusic", "SearchCreativeWork", "SearchScreeningEvent"})
"""Intents so near to each other that none of them stands in for one that is not on offer."""


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of a split: `train` (default) or `validate`.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    split = pick_split(options.split, tuple(FILES))
    requests = [
        (intent, number, pieces)
        for intent in own_table("snips")
        if options.wants([intent])
        for number, pieces in enumerate(read_requests(folder / intent / FILES[split].format(intent), intent))
    ]
    options.rng(split).shuffle(requests)
    for intent, number, pieces in requests[: options.num_dialogues]:
        rng = options.rng(f"snips/{split}/{intent}/{number}")
        most = 8 if options.distractors is None else options.distractors
        yield request(intent, pieces, rng, dialogue=f"{split}/{intent}/{number}", seen=split == "train", most=most)


def read_requests(path: Path, intent: str) -> list[list[dict[str, Any]]]:
    """The requests of a file, each as its pieces: `text` and, for a slot, `entity`.

    Raises:
        DataError: The file is not what it should be.
    """
    data = read_json(path, dict, errors="surrogateescape")
    try:
        return [request["data"] for request in data[intent]]
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: expected {{{intent!r}: [{{'data': …}}]}}, {error!r}") from None


def request(
    intent: str, pieces: Sequence[Mapping[str, Any]], rng: random.Random, *, dialogue: str, seen: bool, most: int = 8
) -> Sample:
    """One request as a sample; see `request_sample`.

    Args:
        intent: As the publisher names it.
        pieces: Of the text, in order.
        rng: Draws wording, required parameters and distractors.
        dialogue: Name of the conversation.
        seen: Whether it may be trained on.
        most: At most so many distractors.
    """
    text = "".join(piece["text"] for piece in pieces).strip()
    worded = word_tool(own_table("snips")[intent], spans(pieces), rng)
    absent = most > 0 and rng.random() < ABSENT_RATE
    return request_sample(
        worded,
        distractor_pool(intent, rng, absent=absent),
        [Message("user", text)],
        rng,
        id=f"snips/{dialogue}",
        meta={"source": "snips", "subset": intent, "domain": intent, "dialogue": dialogue, "seen": seen},
        most=most,
        absent=absent,
    )


def spans(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Said]:
    """Slot → what is said of it; of several spans the first is the value and the others count as right too."""
    found: dict[str, list[str]] = {}
    for piece in pieces:
        if "entity" in piece and (text := piece["text"].strip()):
            found.setdefault(piece["entity"], []).append(text)
    return {slot: Said(texts[0], tuple(texts[1:])) for slot, texts in found.items()}


def tools(rng: random.Random, without: Collection[str] = ()) -> list[ToolSchema]:
    """The tools of all intents but some, each in a drawn wording."""
    return [word_tool(spec, {}, rng).tool for intent, spec in own_table("snips").items() if intent not in without]


def distractor_pool(intent: str, rng: random.Random, *, absent: bool = False) -> list[ToolSchema]:
    """The other tools, and about as many of other corpora, none of which serves the same requests."""
    names = own_table("snips")[intent]["names"]
    others = helper_pool(without=(*names, *RIVALS.get(names[0], ())))
    near = MEDIA if absent and intent in MEDIA else frozenset()
    return tools(rng, without={intent, *near}) + rng.sample(others, min(8, len(others)))
