"""What a turn, a bind and a batch cost in a process that is running."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from recipes.latency.clock import Spent, spread, summary, timed
from recipes.latency.made_up import make_conversation, make_exchange, make_short_exchange, make_tools
from trm_agent.features.tool_vectors import ToolVectors

if TYPE_CHECKING:
    from trm_agent.router import BoundRouter, Router

WAYS = ("short", "state", "replay", "cold")
PARTS = ("encoder", "trm", "decoding", "total")
WARM_UP = 3


def turn_rows(
    router: Router, tools: Sequence[int], messages: Sequence[int], turns: int, rng: random.Random
) -> Iterator[dict[str, Any]]:
    """A row for every number of tools, length of history and way; of the cold way a third of the turns."""
    for count in tools:
        bound = router.bind(make_tools(count, rng))
        for length in messages:
            for way in WAYS:
                yield turn_row(bound, count, length, way, max(1, turns // 3) if way == "cold" else turns, rng)


def turn_row(bound: BoundRouter, tools: int, messages: int, way: str, turns: int, rng: random.Random) -> dict[str, Any]:
    """Percentiles of so many turns: of their CPU and wall time, and of the wall time of each part."""
    known = make_conversation(messages - 2, rng)
    state = bound.decide(known).state
    spent, parts = [], []
    for _ in range(WARM_UP + turns):
        exchange = make_short_exchange(rng) if way == "short" else make_exchange(rng)
        history = make_conversation(messages, rng) if way == "cold" else [*known, *exchange]
        given = state if way in ("short", "state") else None
        decision, one = timed(partial(bound.decide, history, state=given))
        spent.append(one)
        parts.append(decision.latency_ms)
    shares = {part: spread([one[part] for one in parts[WARM_UP:]]) for part in PARTS}
    return {"tools": tools, "messages": messages, "way": way, "turns": turns, **summary(spent[WARM_UP:]), **shares}


def bind_rows(router: Router, counts: Sequence[int], rounds: int, rng: random.Random) -> list[dict[str, Any]]:
    """CPU milliseconds a tool: encoded for the first time, and from the vectors of a file, as a next process would."""
    rows = []
    for count in counts:
        new, saved = [], []
        for i in range(rounds):
            tools = [{**tool, "description": f"{tool['description']} no. {i}"} for tool in make_tools(count, rng)]
            vectors, loaded = (ToolVectors(router.encoder.encoder) for _ in range(2))
            new.append(_bind(router, vectors, tools))
            with TemporaryDirectory() as folder:
                path = Path(folder) / "tools.safetensors"
                vectors.save(path)
                reading = timed(partial(loaded.load, path))[1]
            binding = _bind(router, loaded, tools)
            saved.append(Spent(reading.cpu + binding.cpu, reading.wall + binding.wall))
        per_tool = {
            name: spread([one.cpu / count for one in spent]) for name, spent in (("new", new), ("saved", saved))
        }
        rows.append({"tools": count, "rounds": rounds, **per_tool})
    return rows


def _bind(router: Router, vectors: ToolVectors, tools: list[dict[str, Any]]) -> Spent:
    """Bind a list that only these vectors may know, with a router that has bound nothing."""
    router = router.with_rules(router.rules)
    router.tool_vectors = vectors
    return timed(partial(router.bind, tools))[1]


def batch_rows(router: Router, sizes: Sequence[int], decisions: int, rng: random.Random) -> list[dict[str, Any]]:
    """Decisions of a CPU second for batches of different four-message conversations that were never seen."""
    bound = router.bind(make_tools(5, rng))
    rows = []
    for size in sizes:
        batches = [[make_conversation(4, rng) for _ in range(size)] for _ in range(max(1, decisions // size))]
        bound.decide_batch([make_conversation(4, rng) for _ in range(size)])
        spent = timed(partial(_decide_all, bound, batches))[1]
        count = size * len(batches)
        rows.append(
            {
                "batch": size,
                "decisions": count,
                "cpu_ms": spent.cpu / count,
                "per_cpu_s": 1000 * count / spent.cpu,
                "per_wall_s": 1000 * count / spent.wall,
            }
        )
    return rows


def _decide_all(bound: BoundRouter, batches: Sequence[Sequence[Any]]) -> None:
    for batch in batches:
        bound.decide_batch(batch)
