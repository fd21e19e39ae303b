"""Skills → samples: a line beside its skill's tools and others', without its tool, or with something left to ask.

A skill's tools are worded anew for every sample (`skill_tools`), and which parameters a call must carry is drawn, so
that neither can be learned by heart. Tools of another skill count as not fitting only where the two share no theme
and the tools themselves are not alike.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Convert, Options, call_slots
from recipes.corpora.rivals import without_rivals
from recipes.corpora.single_requests import helper_pool
from recipes.corpora.skill_tools import Drawn, Style, askable_parameters, draw_style, draw_tool
from recipes.corpora.skills import Line, Skill, Wanted
from trm_agent.log import logger
from trm_agent.types import Message, Sample, SpeechAct, ToolSchema

EASY = 0.15
"""Share of requests beside tools of other skills only."""

NEAR = 0.15
"""Share of requests beside their skill's tools but for the right one."""

MISSING = 0.2
"""Share of the requests with their tool on offer that declare as required what was not said."""

MISSING_BARE = 0.6
"""The same share of requests that say nothing of what their tool may require ("set an alarm")."""

FROM_HELPERS = 0.25
"""Share of the tools of others that are drawn from CLINC150 and Banking77 instead of from skills."""

SIZES = ((0.08, 1, 2), (0.82, 3, 12), (0.95, 13, 20), (1.0, 21, 30))
"""How many tools are on offer: (cumulated share, fewest, most)."""

HELPER_DOMAINS: Mapping[str, frozenset[str]] = {
    "auto_and_commute": frozenset({"car", "navigation", "transport", "places"}),
    "banking": frozenset({"banking", "finance", "bank"}),
    "credit_cards": frozenset({"banking", "finance", "bank"}),
    "home": frozenset({"lights", "smart home", "home", "lists", "calendar", "shopping", "music", "orders", "food"}),
    "kitchen_and_dining": frozenset({"food", "recipes", "restaurants", "cooking"}),
    "travel": frozenset({"travel", "hotels", "flights", "car", "translation", "hospitality"}),
    "utility": frozenset(
        {
            "weather",
            "alarms",
            "timers",
            "time",
            "math",
            "phone",
            "messages",
            "dictionary",
            "sports",
            "games",
            "location",
        }
    ),
    "work": frozenset({"calendar", "work", "meetings", "hr"}),
}
"""Domain of CLINC150 → themes of skills that its tools might serve; Banking77 is all of the first."""


Asking = Mapping[str, Mapping[str, Sequence[str]]]
"""Skill → tool → parameters that may be required."""


def convert_skills(read: Callable[[Path, Options], Iterable[Skill]]) -> Convert:
    """The converter of a publisher's skills, so that its module says no more than how they are read.

    The name of a skill up to the first slash is the source that samples name. `Options.hold_out` and `only` name
    skills, `num_dialogues` lines in all, `distractors` the most tools of other skills.

    Args:
        read: The skills in a publisher's folder.
    """

    def convert(folder: Path, options: Options) -> Iterator[Sample]:
        return pair(tuple(read(folder, options)), options)

    return convert


def pair(skills: Sequence[Skill], options: Options) -> Iterator[Sample]:
    """The samples of skills, in random order."""
    kept = [skill for skill in skills if options.wants([skill.name])]
    places = [(skill, number) for skill in kept for number in _drawn_lines(skill, options)]
    options.rng("skills").shuffle(places)
    asking = {skill.name: askable_parameters(skill) for skill in kept}
    beside = {skill.name: strangers(skill, kept) for skill in kept}
    counts: Counter[str] = Counter()
    for skill, number in places[: options.num_dialogues]:
        rng = options.rng(f"{skill.name}/{number}")
        sample = line_sample(skill, number, beside[skill.name], asking, rng, options.distractors)
        if sample is not None:
            counts[str(sample.meta["subset"]).rpartition("/")[2] if sample.tool is None else "call"] += 1
            yield sample
    logger.info("%d skills: %s", len(kept), dict(counts))


def strangers(skill: Skill, skills: Iterable[Skill]) -> list[Skill]:
    """Skills of its language that share no theme with it."""
    return [
        other
        for other in skills
        if other.name != skill.name and other.language == skill.language and other.themes.isdisjoint(skill.themes)
    ]


def line_sample(
    skill: Skill,
    number: int,
    beside: Sequence[Skill],
    asking: Asking,
    rng: random.Random,
    most_others: int | None = None,
) -> Sample | None:
    """The sample of one line; None where what it means cannot be said with the tools as drawn.

    Args:
        skill: Of the line.
        number: Of the line.
        beside: Skills that share no theme with it.
        asking: Of all these skills.
        rng: Draws.
        most_others: At most so many tools of others.
    """
    line = skill.lines[number]
    style = draw_style(rng)
    size = _size(rng)
    wanted = list(dict.fromkeys(want.tool for want in line.wanted))
    tools = {tool.name: tool for tool in skill.tools}
    near = _near(skill, wanted)
    kind = _kind(line, near, bool(beside), rng)
    drawn: list[Drawn] = []
    if kind in ("call", "missing"):
        drawn = [
            draw_tool(
                tools[want.tool],
                want,
                _askable(line, want, asking[skill.name][want.tool]),
                style,
                rng,
                missing=kind == "missing" and len(line.wanted) == 1,
            )
            for want in line.wanted
        ]
        drawn = _one_declaration(drawn)
        if any(not one.whole for one in drawn):
            return None
    offered = [one.tool for one in drawn]
    if kind != "easy":
        siblings = near if kind == "near" else _other_tools(skill, wanted, rng)
        least = 1 if kind == "near" else 0
        offered += _siblings(siblings, asking[skill.name], style, rng, size - len(set(wanted)), least)
    own = [tools[name] for name in wanted]
    least = 1 if kind == "easy" else 0
    room = max(size - len(offered), least)
    room = min(room, max(most_others, least)) if most_others is not None else room
    offered = _fill(offered, own, skill, beside, asking, rng, room, strict=kind not in ("call", "missing", "talk"))
    return _sample(skill, number, kind, drawn, offered, rng) if offered else None


def _sample(
    skill: Skill, number: int, kind: str, drawn: Sequence[Drawn], offered: Sequence[ToolSchema], rng: random.Random
) -> Sample:
    line = skill.lines[number]
    tools = list(offered)
    rng.shuffle(tools)
    gold = [one.call for one in drawn]
    calls = bool(gold) and not any(one.missing for one in drawn)
    kind = kind if not gold else "call" if calls else "missing"
    source, _, rest = skill.name.partition("/")
    subset = line.wanted[0].tool if line.wanted else "talk"
    meta: dict[str, Any] = {
        "source": source,
        "subset": f"{subset}/{kind}" if kind in ("missing", "easy", "near") else subset,
        "domain": min(skill.themes, default=rest or source),
        "dialogue": f"{skill.name}/{number}",
        "seen": skill.seen,
        "intent": drawn[0].tool.name if drawn else None,
    }
    act = _act(line)
    if act is not None:
        meta["speech_act"] = act
    question = (Message("assistant", line.asked),) if line.asked else ()
    return Sample(
        tools=tuple(tools),
        history=(*question, Message("user", line.text)),
        decision="tool_call" if calls else "direct_answer",
        slots=call_slots(tools, gold),
        tool=gold[0] if calls else None,
        content=None,
        id=f"{skill.name}/{number}",
        meta=meta,
        calls=tuple(gold) if calls and len(gold) > 1 else (),
    )


def _drawn_lines(skill: Skill, options: Options) -> list[int]:
    numbers = list(range(len(skill.lines)))
    if skill.weight < 1:
        numbers = options.rng(f"lines/{skill.name}").sample(numbers, round(skill.weight * len(numbers)))
    return numbers


def _size(rng: random.Random) -> int:
    draw = rng.random()
    return next(rng.randint(least, most) for share, least, most in SIZES if draw <= share)


def _kind(line: Line, near: Sequence[ToolSchema], others: bool, rng: random.Random) -> str:
    if not line.wanted:
        return "talk"
    draw = rng.random()
    if draw < NEAR and near:
        return "near"
    if NEAR <= draw < NEAR + EASY and others:
        return "easy"
    bare = len(line.wanted) == 1 and not line.wanted[0].said and not line.wanted[0].inferred
    return "missing" if rng.random() < (MISSING_BARE if bare else MISSING) else "call"


def _near(skill: Skill, wanted: Sequence[str]) -> list[ToolSchema]:
    """The skill's other tools that serve none of the calls."""
    own = [tool for tool in skill.tools if tool.name in wanted]
    close = _alike(skill, wanted)
    return without_rivals([tool for tool in skill.tools if tool.name not in close], own)


def _other_tools(skill: Skill, wanted: Sequence[str], rng: random.Random) -> list[ToolSchema]:
    """The skill's other tools; half of the time without those that might serve the line as well."""
    close = _alike(skill, wanted) if rng.random() < 0.5 else set(wanted)
    return [tool for tool in skill.tools if tool.name not in close]


def _alike(skill: Skill, wanted: Sequence[str]) -> set[str]:
    """The tools meant and those of their groups."""
    return {name for group in skill.alike if not group.isdisjoint(wanted) for name in group} | set(wanted)


def _askable(line: Line, want: Wanted, askable: Sequence[str]) -> list[str]:
    """What one of a line's calls may be required to carry: of several, what every call of its tool says."""
    if len(line.wanted) == 1:
        return list(askable)
    same = [other for other in line.wanted if other.tool == want.tool]
    return [name for name in askable if all(name in other.said or name in other.inferred for other in same)]


def _one_declaration(drawn: Sequence[Drawn]) -> list[Drawn]:
    """Several calls of one tool share its first wording, if that carries what they say."""
    first: dict[str, Drawn] = {}
    out: list[Drawn] = []
    for one in drawn:
        known = first.setdefault(one.original, one)
        out.append(one if known is one else one.worded_as(known))
    return out


def _siblings(
    siblings: Sequence[ToolSchema],
    asking: Mapping[str, Sequence[str]],
    style: Style,
    rng: random.Random,
    room: int,
    least: int,
) -> list[ToolSchema]:
    most = min(len(siblings), max(room, least))
    number = most if rng.random() < 0.6 else rng.randint(min(least, most), most)
    return [draw_tool(tool, None, asking[tool.name], style, rng).tool for tool in rng.sample(list(siblings), number)]


def _fill(
    offered: Sequence[ToolSchema],
    own: Sequence[ToolSchema],
    skill: Skill,
    beside: Sequence[Skill],
    asking: Asking,
    rng: random.Random,
    room: int,
    *,
    strict: bool,
) -> list[ToolSchema]:
    """The tools on offer, each name once, and so many of others that serve none of the calls."""
    out = list({tool.name: tool for tool in offered}.values())
    names = {tool.name.lower() for tool in out}
    for tool in _strangers(own, skill, beside, asking, rng, room, strict=strict):
        if tool.name.lower() not in names:
            names.add(tool.name.lower())
            out.append(tool)
    return out


def _strangers(
    own: Sequence[ToolSchema],
    skill: Skill,
    beside: Sequence[Skill],
    asking: Asking,
    rng: random.Random,
    room: int,
    *,
    strict: bool,
) -> list[ToolSchema]:
    helpers = 0 if skill.language != "en" else sum(rng.random() < FROM_HELPERS for _ in range(room))
    if not beside and skill.language == "en":
        helpers = room
    out: list[ToolSchema] = []
    taken: set[tuple[str, str]] = set()
    for _ in range(room - helpers):
        if not beside:
            break
        other = rng.choice(list(beside))
        if other.tools and (fit := without_rivals([rng.choice(other.tools)], own, by_topic=strict)):
            if (other.name, fit[0].name) in taken:
                continue
            taken.add((other.name, fit[0].name))
            style = draw_style(rng)
            out.append(draw_tool(fit[0], None, asking[other.name][fit[0].name], style, rng).tool)
    if helpers:
        near = [domain for domain, themes in HELPER_DOMAINS.items() if not themes.isdisjoint(skill.themes)]
        pool = without_rivals(helper_pool(without_domains=near), own, by_topic=True)
        out += rng.sample(pool, min(helpers, len(pool)))
    return out


def _act(line: Line) -> SpeechAct | None:
    if line.act is not None or not line.wanted:
        return line.act
    return "answer" if line.asked else "request"
