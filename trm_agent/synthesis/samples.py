"""Conversations about tools, from their declarations alone: the samples a router can start to learn from.

No model writes them: values come from lists, `faker` and the schemas' own examples, sentences from frames that tool
names and descriptions fill. What each kind of conversation is, and how often it occurs, is `KINDS`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.synthesis.conversation import Conversation, NoValueError
from trm_agent.synthesis.kinds import Scripts
from trm_agent.synthesis.makers import make_faker
from trm_agent.synthesis.parts import Scene, Stock
from trm_agent.synthesis.phrases import Phrases, Style
from trm_agent.synthesis.tools import Neighbours, alike
from trm_agent.synthesis.values import Lexicon, Values
from trm_agent.types import Sample, ToolSchema

if TYPE_CHECKING:
    from faker import Faker

KINDS: dict[str, float] = {
    "single": 0.18,
    "missing_one": 0.11,
    "missing_several": 0.05,
    "correction_before": 0.04,
    "correction_between": 0.06,
    "correction_after": 0.07,
    "list_edit": 0.03,
    "confirmation": 0.05,
    "pick": 0.07,
    "second_tool": 0.07,
    "same_tool_again": 0.07,
    "several_calls": 0.10,
    "small_talk": 0.04,
    "out_of_scope": 0.06,
}
"""Kind of conversation, a method of `Scripts` → its share. One that no drawn tool can have gives way to another."""

ALL_OFFERED = 12
"""A list of at most so many tools is offered whole, unless a size is asked for."""
ATTEMPTS = 40


def synthesize(
    tools: Sequence[ToolSchema],
    num: int,
    seed: int = 0,
    pool: Sequence[ToolSchema] = (),
    tools_per_dialogue: tuple[int, int] | None = None,
    crowded: float = 0.0,
    kinds: Sequence[str] = (),
) -> Iterator[Sample]:
    """Make samples up; equal arguments give equal samples.

    Args:
        tools: What conversations are about.
        num: How many samples; the last conversation may be cut.
        seed: Draws everything.
        pool: Tools that are never on offer: requests for them are out of scope.
        tools_per_dialogue: Fewest and most tools on offer, drawn anew for every conversation; None: all of them if
            they are at most `ALL_OFFERED`, else so many.
        crowded: Share of conversations in which the tools on offer are those nearest to one another, as what is left
            of a long list is.
        kinds: Only conversations of these kinds, in the proportion of `KINDS`; none named: all of them.

    Raises:
        DataError: No tool can be synthesised, or there is no such kind.
        MissingExtraError: `faker` is not installed.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise DataError(f"unknown kinds {', '.join(unknown)}; expected some of {', '.join(KINDS)}")
    shares = {kind: share for kind, share in KINDS.items() if not kinds or kind in kinds}
    maker = _Maker(tools, seed, pool, tools_per_dialogue, crowded, shares)
    count = number = 0
    while count < num:
        for sample in maker.conversation(number)[: num - count]:
            yield sample
            count += 1
        number += 1


class _Maker:
    def __init__(
        self,
        tools: Sequence[ToolSchema],
        seed: int,
        pool: Sequence[ToolSchema],
        size: tuple[int, int] | None,
        crowded: float,
        shares: Mapping[str, float],
    ) -> None:
        self.seed, self.size, self.crowded, self.shares = seed, size, crowded, shares
        self.neighbours = Neighbours(tools)
        self.fake: Faker = make_faker()
        self.lexicon = Lexicon([*tools, *pool])
        self.stock = Stock(tuple(tools), tuple(pool), self._find_impossible([*tools, *pool]))
        self.scripts = Scripts(self.stock)
        if not self.stock.usable:
            raise DataError("no tool has parameters that values can be made up for")

    def conversation(self, number: int) -> list[Sample]:
        """The samples of one conversation, drawn by its number alone."""
        draw = random.Random(f"{self.seed}/{number}")
        kind = draw.choices(list(self.shares), list(self.shares.values()))[0]
        for attempt in range(ATTEMPTS):
            rng = random.Random(f"{self.seed}/{number}/{attempt}")
            if attempt >= ATTEMPTS // 2:
                kind = draw.choices(list(self.shares), list(self.shares.values()))[0]
            scene = self._scene(rng, kind, f"synth/{self.seed}/{number}")
            try:
                getattr(self.scripts, kind)(scene)
            except NoValueError:
                continue
            return scene.talk.samples
        raise DataError(f"no conversation came about in {ATTEMPTS} attempts; the schemas allow too few values")

    def _scene(self, rng: random.Random, kind: str, name: str) -> Scene:
        offered = self._offer(rng)
        if kind == "out_of_scope" and len(offered) > 2 and rng.random() < 0.3:
            offered = self._without_one(offered, rng)
        usable = [tool for tool in offered if self.stock.can(tool)]
        style = Style.draw(rng)
        now = datetime(2024, 1, 1) + timedelta(
            days=rng.randrange(1000), hours=rng.randint(7, 21), minutes=rng.randrange(60)
        )
        values = Values(rng, self.fake, now, self.lexicon, style.lower)
        talk = Conversation(offered, Phrases(rng, style), values, kind, name, now)
        return Scene(talk, rng.choice(usable), usable)

    def _offer(self, rng: random.Random) -> list[ToolSchema]:
        """Tools for one conversation, at least one of which can be talked of; drawn ones are told apart by name."""
        if self.size is None and len(self.stock.tools) <= ALL_OFFERED:
            return rng.sample(self.stock.tools, len(self.stock.tools))
        low, high = self.size or (ALL_OFFERED, ALL_OFFERED)
        wanted = min(rng.randint(low, high), len(self.stock.tools))
        out = [rng.choice(self.stock.usable)]
        if self.crowded and rng.random() < self.crowded:
            return self._crowd(out[0], wanted, rng)
        near = self.stock.tools.index(out[0])
        neighbours = self.stock.tools[max(0, near - 15) : near + 15]
        for _ in range(20 * wanted):
            if len(out) >= wanted:
                break
            tool = rng.choice(neighbours if rng.random() < 0.3 else self.stock.tools)
            if not any(tool.name == other.name or alike(tool, other) for other in out):
                out.append(tool)
        rng.shuffle(out)
        return out

    def _crowd(self, tool: ToolSchema, wanted: int, rng: random.Random) -> list[ToolSchema]:
        """A tool among those nearest to it."""
        out = [tool]
        for other in self.neighbours.nearest(tool):
            if len(out) >= wanted:
                break
            if not any(other.name == known.name or alike(other, known) for known in out):
                out.append(other)
        rng.shuffle(out)
        return out

    def _without_one(self, offered: list[ToolSchema], rng: random.Random) -> list[ToolSchema]:
        """The tools less one, so that a request for that one is out of scope."""
        gone = rng.choice(offered)
        rest = [tool for tool in offered if tool is not gone]
        return rest if any(self.stock.can(tool) for tool in rest) else offered

    def _find_impossible(self, tools: Sequence[ToolSchema]) -> frozenset[tuple[str, str]]:
        """Parameters that no value can be made up for; said once, all together."""
        rng = random.Random(self.seed)
        values = Values(rng, self.fake, datetime(2025, 3, 5, 12), self.lexicon)
        out: dict[str, bool] = {}
        found = set()
        for tool in tools:
            for parameter in tool.parameters:
                key = parameter.declaration
                if key not in out:
                    out[key] = values.draw(parameter) is None
                if out[key]:
                    found.add((tool.name, parameter.name))
        if found:
            some = ", ".join(f"{tool}.{name}" for tool, name in sorted(found)[:8])
            logger.warning("no values can be made up for %d parameters, which are left out: %s", len(found), some)
        return frozenset(found)
