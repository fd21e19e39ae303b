"""What is trained on: the logs, samples made up from the same tools, and everyday talk with other tools.

The logs alone make a router forget. Twins show the tools in more ways than a few conversations do; everyday talk keeps
what was known of refusals, questions, corrections and tools that are not the user's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recipes.corpora.everyday import samples_of
from recipes.corpora.everyday_domain import Dialogue, Point
from recipes.corpora.everyday_format import read_domain
from recipes.mix_samples import conversations, without_annotations
from trm_agent.data.jsonl import write_samples
from trm_agent.types import Sample, ToolSchema

EVERYDAY = Path(__file__).parents[1] / "everyday"
POINTS_OF_A_DOMAIN = 16
BARE = 0.75
"""Share of everyday domains whose tools lose their annotations, as in the training of the shipped weights."""


@dataclass(frozen=True)
class Plan:
    """How much of what a run sees, in decision points.

    Attributes:
        steps: Updates.
        repeats: How often the logs stand in the mix.
        twins: Samples made up from the tools.
        replay: Everyday samples.
    """

    steps: int
    repeats: int
    twins: int
    replay: int


def plan(talks: int, points: int, own: float, twins: float, batch: int, steps: int | None = None) -> Plan:
    """Shares of a run → how many samples; the run sees the mix about once.

    Args:
        talks: Conversations to learn from.
        points: Decisions in them.
        own: Share of the logs.
        twins: Share of what is made up; the rest is everyday talk.
        batch: Decision points of a step.
        steps: Default: 60 up to 160 conversations, then more, up to 150.
    """
    steps = steps or min(150, max(60, round(0.375 * talks)))
    total = steps * batch
    return Plan(steps, max(1, round(own * total / points)), round(twins * total), round((1 - own - twins) * total))


def write_mix(
    folder: Path, tools: Sequence[ToolSchema], amounts: Plan, seed: int, replay: Path | None = None
) -> dict[str, Path]:
    """Write `twins.jsonl` and `replay.jsonl`; what nothing is wanted of is left out.

    Args:
        folder: Where to.
        tools: The user's.
        amounts: How many samples.
        seed: Draws them.
        replay: Samples of other tools to draw conversations from, instead of everyday talk.

    Raises:
        DataError: No conversation can be made up about these tools, or `replay` cannot be read.
    """
    from trm_agent.synthesis.samples import synthesize

    files = {}
    if amounts.twins:
        files["twins"] = folder / "twins.jsonl"
        write_samples(files["twins"], synthesize(tools, amounts.twins, seed))
    if amounts.replay:
        files["replay"] = folder / "replay.jsonl"
        other = given(replay, amounts.replay, seed) if replay else everyday(EVERYDAY / "train", amounts.replay, seed)
        write_samples(files["replay"], map(Sample.from_json, other))
    return files


def given(path: Path, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many samples of a file, or a few more, in whole conversations drawn with the seed; all if it holds no more."""
    groups = list(conversations(path))
    random.Random(f"{seed}/replay").shuffle(groups)
    made = 0
    for group in groups:
        if made >= count:
            return
        yield from group
        made += len(group)


def everyday(folder: Path, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many everyday samples, or a few more: some dialogues of each domain, the domains in random order.

    Args:
        folder: Of domain files; read again from the start where there are too few.
        count: How many samples.
        seed: Draws domains and dialogues.
    """
    rng = random.Random(f"{seed}/replay")
    paths = sorted(folder.glob("*.yaml"))
    made = 0
    while made < count and paths:
        rng.shuffle(paths)
        for path in paths:
            domain = read_domain(path)
            dialogues = list(some(domain.dialogues, POINTS_OF_A_DOMAIN, rng))
            bare = rng.random() < BARE
            for sample in samples_of(replace(domain, dialogues=tuple(dialogues)), results=True, wordings=True):
                yield without_annotations(sample) if bare else sample
                made += 1
            if made >= count:
                return


def some(dialogues: Sequence[Dialogue], points: int, rng: random.Random) -> Iterator[Dialogue]:
    """Dialogues at random until they hold so many decision points."""
    order = list(dialogues)
    rng.shuffle(order)
    held = 0
    for dialogue in order:
        if held >= points:
            return
        held += sum(isinstance(turn, Point) for turn in dialogue.turns)
        yield dialogue
