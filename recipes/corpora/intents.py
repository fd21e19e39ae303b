"""Intent corpora → samples: every intent is a tool without parameters, whatever fits none is answered directly.

For training a few of the tools are on offer, named and described or only named, and now and then without the right
one; often they are those of the request's own domain, since a long list comes down to what is near a request. The
publisher's other splits are benchmarks: all tools on offer, described, always in one order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from recipes.corpora.building import Options, with_distractors
from trm_agent.errors import DataError
from trm_agent.types import Message, Sample, ToolSchema

LEAST, MOST = 4, 25
"""Distractors in training."""

ABSENT_RATE = 0.15
"""Share of training samples whose right tool is not on offer."""

NEAR_RATE = 0.5
"""Share of training samples beside whose tool the others of its domain stand first."""

DESCRIBED_RATE = 0.5
"""Share of training samples whose tools carry descriptions; the others have only their names."""


@dataclass(frozen=True)
class Request:
    """One labelled request.

    Attributes:
        text: What the user says.
        intent: Its tool; None for what no tool serves.
        id: Within the corpus.
    """

    text: str
    intent: str | None
    id: str


@dataclass(frozen=True)
class IntentSet:
    """The tools of a corpus.

    Attributes:
        source: Name of the corpus.
        tools: Intent → (domain, tool).
        helpers: Distractors of other corpora, in training.
    """

    source: str
    tools: Mapping[str, tuple[str, ToolSchema]]
    helpers: Sequence[ToolSchema] = ()

    def domain(self, intent: str | None) -> str:
        """The domain of an intent; what no tool serves is `oos`.

        Raises:
            DataError: There is no such intent.
        """
        if intent is None:
            return "oos"
        if intent not in self.tools:
            raise DataError(f"unknown intent {intent!r}; expected one of the {len(self.tools)} of {self.source}")
        return self.tools[intent][0]


def training_samples(requests: Sequence[Request], intents: IntentSet, options: Options) -> Iterator[Sample]:
    """The requests, in random order, each with tools of its own draw."""
    for item in _drawn(requests, intents, options):
        rng = options.rng(f"{intents.source}/{item.id}")
        yield training_sample(item, intents, rng, most=MOST if options.distractors is None else options.distractors)


def training_sample(item: Request, intents: IntentSet, rng: random.Random, most: int = MOST) -> Sample:
    """One request with its tool and `LEAST` to `most` others, or in `ABSENT_RATE` of the draws without its tool."""
    own = [intents.tools[item.intent][1]] if item.intent else []
    absent = bool(own) and most > 0 and rng.random() < ABSENT_RATE
    pool = [tool for intent, (_, tool) in intents.tools.items() if intent != item.intent]
    pool += rng.sample(list(intents.helpers), min(len(pool), len(intents.helpers)))
    near = [tool for domain, tool in intents.tools.values() if domain == intents.domain(item.intent)]
    near = [tool for tool in near if tool not in own]
    near = rng.sample(near, min(len(near), most))
    if own and near and rng.random() < NEAR_RATE:
        own, pool = [*([] if absent else own), *near], [tool for tool in pool if tool not in near]
        tools = with_distractors(own, pool, rng, 0, max(0, most - len(near)))
    else:
        tools = with_distractors([] if absent else own, pool, rng, min(LEAST, most), most)
    if rng.random() >= DESCRIBED_RATE:
        tools = tuple(replace(tool, description="") for tool in tools)
    return _sample(item, tools, intents, seen=True, absent=absent)


def benchmark_samples(requests: Sequence[Request], intents: IntentSet, options: Options) -> Iterator[Sample]:
    """The requests as published, all tools on offer, described, in one order drawn with the seed."""
    tools = [tool for _, tool in intents.tools.values()]
    options.rng(f"{intents.source}/tools").shuffle(tools)
    for item in _drawn(requests, intents, options):
        yield _sample(item, tuple(tools), intents, seen=False)


def _drawn(requests: Sequence[Request], intents: IntentSet, options: Options) -> list[Request]:
    kept = [item for item in requests if options.wants([intents.domain(item.intent), item.intent or "oos"])]
    options.rng(f"{intents.source}/order").shuffle(kept)
    return kept[: options.num_dialogues]


def _sample(
    item: Request, tools: tuple[ToolSchema, ...], intents: IntentSet, *, seen: bool, absent: bool = False
) -> Sample:
    domain = intents.domain(item.intent)
    tool = None if absent else item.intent
    return Sample(
        tools=tools,
        history=(Message("user", item.text),),
        decision="tool_call" if tool else "direct_answer",
        slots={},
        tool={"name": tool, "arguments": {}} if tool else None,
        content=None,
        id=f"{intents.source}/{item.id}",
        meta={
            "source": intents.source,
            "subset": f"{domain}/absent" if absent else domain,
            "domain": domain,
            "dialogue": item.id,
            "seen": seen,
            "intent": tool,
        },
    )
