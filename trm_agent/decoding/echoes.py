"""One request, one call: a second tool whose call is made of the words of the first one's has no request of its own.

Where two tools share the pointer ("find the latest patch of Cyberpunk on Xbox": `games.update`, `games.price`), the
model may doubt which is meant, not that one is. Two requests have words of their own: each tool's values, or a clause
that speaks of the tool ("weather in Rome, and a hotel there").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from trm_agent.decoding.calls import Call
from trm_agent.decoding.coordination import tool_clauses
from trm_agent.types import Source, ToolSchema


def without_echoes(calls: Sequence[Call], tools: Sequence[ToolSchema], request: str) -> list[Call]:
    """The calls without those of tools whose values all lie on the words of another tool's calls.

    Of two tools that take the same words the one with more values stays, of as many the likelier. A tool that a clause
    of the last user message speaks of, and another clause of another, stays.

    Args:
        calls: Of one turn, legal or not; those that are not say nothing of others.
        tools: That are called, the likeliest first.
        request: The user's last message.
    """
    by_tool: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.legal:
            by_tool[call.tool.name].append(call)
    ranked = [tool.name for tool in tools if tool.name in by_tool]
    if len(ranked) < 2:
        return list(calls)
    spoken_of = _spoken_of(tools, request)
    spans = {name: [source for call in made for source in _placed(call)] for name, made in by_tool.items()}
    rank = {name: (max(len(call.values) for call in by_tool[name]), -ranked.index(name)) for name in ranked}
    gone: set[str] = set()
    for name in ranked:
        rivals = [other for other in ranked if other != name and other not in gone]
        if name not in spoken_of and any(_echoes(name, other, spans, rank) for other in rivals):
            gone.add(name)
    return [call for call in calls if call.tool.name not in gone]


def _echoes(name: str, other: str, spans: dict[str, list[Source]], rank: dict[str, tuple[int, int]]) -> bool:
    """Whether all words of a tool's calls are another's, and not the other way round for one that ranks lower."""
    if not _covered(spans[name], spans[other]):
        return False
    return rank[name] < rank[other] or not _covered(spans[other], spans[name])


def _covered(sources: Sequence[Source], others: Sequence[Source]) -> bool:
    return bool(sources) and all(any(map(source.overlaps, others)) for source in sources)


def _placed(call: Call) -> list[Source]:
    """Where its values stand; those that stand nowhere are left out."""
    return [value.source for value in call.values.values() if value.source.span is not None]


def _spoken_of(tools: Sequence[ToolSchema], request: str) -> set[str]:
    """The tools that clauses of a text speak of, where these are several."""
    owners = {owner for _, owner in tool_clauses(request, tools) if owner is not None}
    return {tools[owner].name for owner in owners} if len(owners) > 1 else set()
