"""Conversations about tools, from their declarations alone: the samples a router can start to learn from.

No model writes them: values come from lists, `faker` and the schemas' own examples, sentences from frames that tool
names and descriptions fill. What each kind of conversation is, and how often it occurs, is `KINDS`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trm_agent.data.synthesis_conversation import Conversation, NoValueError, complete
from trm_agent.data.synthesis_cues import kind_of
from trm_agent.data.synthesis_phrases import Given, Phrases, Style, lowered
from trm_agent.data.synthesis_replies import again, answer, correction, question, questions
from trm_agent.data.synthesis_talk import CLOSING, CONNECTORS, OPENERS, OUT_OF_SCOPE, REFUSALS, SMALL_TALK
from trm_agent.data.synthesis_tools import alike, may_serve
from trm_agent.data.synthesis_values import Lexicon, Values, make_faker
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Parameter, Sample, ToolSchema

if TYPE_CHECKING:
    from faker import Faker

KINDS: dict[str, float] = {
    "single": 0.24,
    "missing_one": 0.14,
    "missing_several": 0.07,
    "correction_before": 0.06,
    "correction_after": 0.08,
    "second_tool": 0.09,
    "same_tool_again": 0.08,
    "two_calls": 0.10,
    "small_talk": 0.06,
    "out_of_scope": 0.08,
}
"""Kind of conversation → its share. A kind that the drawn tool cannot have is replaced by another draw."""

ALL_OFFERED = 12
"""A list of at most so many tools is offered whole, unless a size is asked for."""
ATTEMPTS = 40


def synthesize(
    tools: Sequence[ToolSchema],
    num: int,
    seed: int = 0,
    pool: Sequence[ToolSchema] = (),
    tools_per_dialogue: tuple[int, int] | None = None,
) -> Iterator[Sample]:
    """Make samples up; equal arguments give equal samples.

    Args:
        tools: What conversations are about.
        num: How many samples; the last conversation may be cut.
        seed: Draws everything.
        pool: Tools that are never on offer: requests for them are out of scope.
        tools_per_dialogue: Fewest and most tools on offer, drawn anew for every conversation; None: all of them if
            they are at most `ALL_OFFERED`, else so many.

    Raises:
        DataError: No tool can be synthesised, or `faker` is not installed.
    """
    maker = _Maker(tools, seed, pool, tools_per_dialogue)
    count = number = 0
    while count < num:
        for sample in maker.conversation(number)[: num - count]:
            yield sample
            count += 1
        number += 1


@dataclass
class _Scene:
    """A conversation with the tools that could be talked of in it."""

    talk: Conversation
    tool: ToolSchema
    usable: list[ToolSchema]


class _Maker:
    def __init__(
        self,
        tools: Sequence[ToolSchema],
        seed: int,
        pool: Sequence[ToolSchema],
        size: tuple[int, int] | None,
    ) -> None:
        self.tools, self.seed, self.pool, self.size = list(tools), seed, list(pool), size
        self.fake: Faker = make_faker()
        self.lexicon = Lexicon([*tools, *pool])
        self.impossible = self._find_impossible([*tools, *pool])
        self.usable = [tool for tool in self.tools if self._can(tool)]
        self.pool = [tool for tool in self.pool if self._can(tool)]
        if not self.usable:
            raise DataError("no tool has parameters that values can be made up for")

    def conversation(self, number: int) -> list[Sample]:
        """The samples of one conversation, drawn by its number alone."""
        draw = random.Random(f"{self.seed}/{number}")
        kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
        for attempt in range(ATTEMPTS):
            rng = random.Random(f"{self.seed}/{number}/{attempt}")
            if attempt >= ATTEMPTS // 2:
                kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
            scene = self._scene(rng, kind, f"synth/{self.seed}/{number}")
            try:
                getattr(self, f"_{kind}")(scene)
            except NoValueError:
                continue
            return scene.talk.samples
        raise DataError(f"no conversation came about in {ATTEMPTS} attempts; the schemas allow too few values")

    def _scene(self, rng: random.Random, kind: str, name: str) -> _Scene:
        offered = self._offer(rng)
        usable = [tool for tool in offered if self._can(tool)]
        style = Style.draw(rng)
        now = datetime(2024, 1, 1) + timedelta(
            days=rng.randrange(1000), hours=rng.randint(7, 21), minutes=rng.randrange(60)
        )
        values = Values(rng, self.fake, now, self.lexicon, style.lower)
        talk = Conversation(offered, Phrases(rng, style), values, kind, name, now)
        return _Scene(talk, rng.choice(usable), usable)

    def _offer(self, rng: random.Random) -> list[ToolSchema]:
        """Tools for one conversation, at least one of which can be talked of; drawn ones are told apart by name."""
        if self.size is None and len(self.tools) <= ALL_OFFERED:
            return rng.sample(self.tools, len(self.tools))
        low, high = self.size or (ALL_OFFERED, ALL_OFFERED)
        wanted = min(rng.randint(low, high), len(self.tools))
        out = [rng.choice(self.usable)]
        near = self.tools.index(out[0])
        neighbours = self.tools[max(0, near - 15) : near + 15]
        for _ in range(20 * wanted):
            if len(out) >= wanted:
                break
            tool = rng.choice(neighbours if rng.random() < 0.3 else self.tools)
            if not any(tool.name == other.name or alike(tool, other) for other in out):
                out.append(tool)
        rng.shuffle(out)
        return out

    # Kinds of conversation, each found by its name.

    def _single(self, scene: _Scene) -> None:
        self._complete_request(scene.talk, scene.tool)
        self._end(scene.talk)

    def _missing_one(self, scene: _Scene) -> None:
        self._incomplete_request(scene, 1)
        self._end(scene.talk)

    def _missing_several(self, scene: _Scene) -> None:
        self._incomplete_request(scene, 3)
        self._end(scene.talk)

    def _correction_before(self, scene: _Scene) -> None:
        self._incomplete_request(scene, 1, corrected=True)
        self._end(scene.talk)

    def _correction_after(self, scene: _Scene) -> None:
        talk, tool = scene.talk, scene.tool
        self._complete_request(talk, tool)
        talk.finish()
        known = talk.known(tool)
        later = [p for p in tool.parameters if p.name not in known and self._free(tool, p)]
        if later and talk.rng.random() < 0.3:
            new = talk.give(talk.rng.choice(later))
            p = talk.phrases
            said = p.pick((f"also {p.attach(new, True)}", p.statement(new), f"and {lowered(p.statement(new))}"))
            talk.user(said, tool, [new])
        else:
            self._correct(talk, tool)
        self._act(talk, tool)
        self._end(talk)

    def _second_tool(self, scene: _Scene) -> None:
        talk = scene.talk
        others = [tool for tool in scene.usable if tool.name != scene.tool.name]
        if not others:
            raise NoValueError("a second tool")
        self._complete_request(talk, scene.tool)
        talk.finish()
        self._complete_request(talk, talk.rng.choice(others), opener=talk.phrases.pick(OPENERS))
        self._end(talk)

    def _same_tool_again(self, scene: _Scene) -> None:
        talk, tool = scene.talk, scene.tool
        self._complete_request(talk, tool)
        for _ in range(talk.rng.choice((1, 1, 2))):
            talk.finish()
            changeable = [p for p in tool.parameters if p.name in talk.known(tool) and kind_of(p) != "message"]
            if not changeable:
                raise NoValueError(tool.name)
            parameter = talk.rng.choice(changeable)
            new = talk.give(parameter, old=talk.known(tool)[parameter.name])
            talk.user(again(talk.phrases, new), tool, [new])
            self._act(talk, tool)
        self._end(talk)

    def _two_calls(self, scene: _Scene) -> None:
        talk, tool = scene.talk, scene.tool
        others = [other for other in scene.usable if other.name != tool.name]
        if tool.read_only is False:
            raise NoValueError("a call that is confirmed comes alone")
        if others and talk.rng.random() < 0.5:
            self._two_tools(talk, tool, talk.rng.choice(others))
        else:
            self._twice(talk, tool)
        self._end(talk)

    def _small_talk(self, scene: _Scene) -> None:
        talk = scene.talk
        for _ in range(talk.rng.choice((1, 1, 2))):
            self._chat(talk)
        if talk.rng.random() < 0.6:
            self._complete_request(talk, scene.tool)
            self._end(talk)

    def _out_of_scope(self, scene: _Scene) -> None:
        talk = scene.talk
        place = talk.rng.random()
        if place < 0.35:
            self._complete_request(talk, scene.tool)
            talk.finish()
        self._stray(talk)
        if 0.35 <= place < 0.55:
            self._complete_request(talk, scene.tool)
            self._end(talk)
        elif place > 0.9:
            self._stray(talk)

    # What they are made of.

    def _complete_request(self, talk: Conversation, tool: ToolSchema, opener: str = "") -> None:
        given = self._values(talk, tool)
        talk.user(self._doubts(talk, given, talk.phrases.request(tool, given, opener)), tool, given)
        self._act(talk, tool)

    def _incomplete_request(self, scene: _Scene, most: int, corrected: bool = False) -> None:
        talk, tool, rng = scene.talk, scene.tool, scene.talk.rng
        given = self._values(talk, tool)
        asked = [g for g in given if g.parameter.required and not g.parameter.has_default]
        least = 2 if most > 1 else 1
        if len(asked) < least:
            raise NoValueError(tool.name)
        missing = rng.sample(asked, rng.randint(least, min(most, len(asked))))
        missing = [g for g in given if g in missing]
        told = [g for g in given if g not in missing]
        talk.user(self._doubts(talk, told, talk.phrases.request(tool, told)), tool, told)
        if len(missing) > 1 and rng.random() < 0.25:
            missing = self._ask_together(talk, tool, missing)
        for g in missing:
            talk.reply(question(talk.phrases, g.parameter), tool)
            if rng.random() < 0.08:
                self._interrupt(talk, tool, g.parameter)
            text = answer(talk.phrases, g)
            if corrected and g is missing[-1]:
                self._correct(talk, tool, f"{text}.", [g])
            else:
                talk.user(text, tool, [g])
        self._act(talk, tool)

    def _ask_together(self, talk: Conversation, tool: ToolSchema, missing: list[Given]) -> list[Given]:
        """The assistant asks for several at once; the user gives all of them, or all but the last."""
        p = talk.phrases
        talk.reply(questions(p, [g.parameter for g in missing]), tool)
        now = missing if p.chance(0.7) else missing[:-1]
        said = [p.statement(g) for g in now]
        text = f"{said[0]} and {' and '.join(map(lowered, said[1:]))}" if len(said) > 1 else said[0]
        if p.chance(0.3):
            text = ", ".join(g.shown if kind_of(g.parameter) != "boolean" else p.flag_sentence(g) for g in now)
        talk.user(text, tool, now)
        return missing[len(now) :]

    def _correct(self, talk: Conversation, tool: ToolSchema, before: str = "", also: Sequence[Given] = ()) -> None:
        known = {name: said for name, said in talk.known(tool).items() if all(g.parameter.name != name for g in also)}
        parameters = [p for p in tool.parameters if p.name in known]
        if not parameters:
            raise NoValueError(tool.name)
        parameter = talk.rng.choice(parameters)
        old = known[parameter.name]
        new = talk.give(parameter, old=old)
        named = Given(parameter, old, talk.mark(old.text)) if old.kind not in ("boolean", "message", "list") else None
        talk.user(f"{before} {correction(talk.phrases, new, named)}".strip(), tool, [*also, new])

    def _act(self, talk: Conversation, tool: ToolSchema) -> None:
        """Call it; a tool that says it changes something is confirmed first."""
        p = talk.phrases
        if tool.read_only is False:
            told = ", ".join(f"{name.replace('_', ' ')} {said.value}" for name, said in talk.known(tool).items())
            talk.reply(
                p.pick((f"Please confirm: {told}.", f"Shall I go ahead? {told}.", f"Just to confirm: {told}. OK?")),
                tool,
            )
            talk.user(
                p.pick(("yes", "yes please", "correct", "that's right", "go ahead", "yep", "sounds good", "please do"))
            )
        talk.call(tool)

    def _end(self, talk: Conversation) -> None:
        """Stop at the call, report, or report and part."""
        end = talk.rng.random()
        if end < 0.4:
            return
        talk.finish()
        if end > 0.8:
            self._chat(talk, closing=True)

    def _chat(self, talk: Conversation, closing: bool = False) -> None:
        said, reply = talk.rng.choice(CLOSING if closing else SMALL_TALK)
        talk.user(said)
        last = talk.samples[-1].meta["intent"] if closing and talk.samples else None
        talk.reply(reply, next((tool for tool in talk.tools if tool.name == last), None))

    def _interrupt(self, talk: Conversation, tool: ToolSchema, parameter: Parameter) -> None:
        """The user says something else instead of an answer, and is asked again."""
        if talk.rng.random() < 0.5:
            said, reply = talk.rng.choice(SMALL_TALK[5:])
            talk.user(said)
        else:
            talk.user(self._stray_text(talk))
            reply = talk.phrases.pick(REFUSALS)
        talk.reply(f"{reply} {question(talk.phrases, parameter)}", None)

    def _stray(self, talk: Conversation) -> None:
        talk.user(self._stray_text(talk))
        talk.reply(talk.phrases.pick(REFUSALS), None)

    def _stray_text(self, talk: Conversation) -> str:
        """A request for what no tool on offer does."""
        rng, offered = talk.rng, talk.tools
        names = {tool.name for tool in offered}
        foreign = self.pool if self.pool and rng.random() < 0.7 else [t for t in self.usable if t.name not in names]
        if foreign and rng.random() < 0.65:
            for _ in range(20):
                tool = rng.choice(foreign)
                about = f"{tool.name} {tool.description}"
                if tool.name in names or any(alike(tool, other) or may_serve(other, about) for other in offered):
                    continue
                return talk.phrases.request(tool, self._values(talk, tool))
        fitting = [text for text in OUT_OF_SCOPE if not any(may_serve(tool, text) for tool in offered)]
        return rng.choice(fitting or OUT_OF_SCOPE)

    def _two_tools(self, talk: Conversation, first: ToolSchema, second: ToolSchema) -> None:
        if second.read_only is False:
            raise NoValueError("a call that is confirmed comes alone")
        given = self._values(talk, first)
        start = talk.phrases.clause(first, given) if talk.rng.random() < 0.5 else talk.phrases.request(first, given)
        start = (
            talk.phrases.pick(("", "please ", "can you ", "I need you to ")) + start if start[:1].islower() else start
        )
        shared = {p.name for p in first.parameters if p.declaration in {q.declaration for q in second.parameters}}
        more = [g for g in self._values(talk, second) if g.parameter.name not in shared]
        if any(
            p.name in shared and p.required and p.name not in {g.parameter.name for g in given}
            for p in second.parameters
        ):
            raise NoValueError(second.name)
        joint = talk.phrases.pick(CONNECTORS)
        text = f"{start.rstrip('.?')} {joint} {talk.phrases.clause(second, more)}"
        talk.user(text, first, given)
        talk.learn(second, more)
        talk.call(first, second)

    def _twice(self, talk: Conversation, tool: ToolSchema) -> None:
        """The same tool for two values of one parameter."""
        given = self._values(talk, tool)
        single = [g for g in given if kind_of(g.parameter) not in ("list", "boolean", "message")]
        if not single:
            raise NoValueError(tool.name)
        varied = talk.rng.choice(single)
        other = talk.give(varied.parameter, old=varied.said)
        if varied.said.unit != other.said.unit:
            raise NoValueError(tool.name)
        joint = talk.phrases.pick(
            ("{a} and {b}", "{a} and {b}", "both {a} and {b}", "{a} and also {b}", "{a} as well as {b}")
        )
        text = talk.phrases.request(tool, given)
        text = put_in_place(text, varied.mark, joint, a=varied.mark, b=other.mark)
        talk.user(text, tool, given)
        known = talk.known(tool)
        talk.call_with([(tool, known), (tool, {**known, varied.parameter.name: other.said})])

    def _values(self, talk: Conversation, tool: ToolSchema) -> list[Given]:
        """Values for what a call must carry and for some of the rest; shared ones that are known may be left out."""
        rng = talk.rng
        free = {p.name: p for p in tool.parameters if self._free(tool, p)}
        share = rng.choice((0.0, 0.2, 0.4, 0.8))
        chosen = {name for name, p in free.items() if not p.required and rng.random() < share}
        if not any(p.required for p in tool.parameters) and free and rng.random() < 0.7:
            chosen.add(rng.choice(sorted(free)))
        defaults = {p.name for p in tool.parameters if p.has_default and rng.random() < 0.5}
        names = complete(tool.schema, chosen, lambda path: path not in defaults)
        if any(name not in free for name in names):
            raise NoValueError(tool.name)
        known = talk.known(tool) if tool in talk.tools else {}
        given = []
        for name, parameter in free.items():
            if name in names and not (name in known and rng.random() < 0.5):
                given.append(talk.give(parameter))
        return given

    def _doubts(self, talk: Conversation, given: Sequence[Given], text: str) -> str:
        """Now and then the user names a value that is not meant, or takes one back at once."""
        open_kinds = (
            "city",
            "date",
            "time",
            "person",
            "country",
            "food",
            "product",
            "choice",
            "movie",
            "color",
            "weekday",
            "money",
        )
        some = [g for g in given if g.said.kind in open_kinds and not g.said.unit]
        if not some or not talk.phrases.chance(0.06):
            return text
        g = talk.rng.choice(some)
        if len(g.parameter.choices) == 1:
            return text
        wrong = talk.give(g.parameter, old=g.said)
        form = talk.phrases.pick(
            (
                "{right}, not {wrong}",
                "{right} (not {wrong})",
                "{wrong}, no wait, {right}",
                "{wrong}, sorry, {right}",
                "{right} instead of {wrong}",
            )
        )
        return put_in_place(text, g.mark, form, right=g.mark, wrong=wrong.mark)

    def _free(self, tool: ToolSchema, parameter: Parameter) -> bool:
        return (tool.name, parameter.name) not in self.impossible

    def _can(self, tool: ToolSchema) -> bool:
        names = complete(tool.schema, set(), lambda path: True)
        free = {p.name for p in tool.parameters if self._free(tool, p)}
        defaults = {p.name for p in tool.parameters if p.has_default}
        return names <= free | defaults

    def _find_impossible(self, tools: Sequence[ToolSchema]) -> set[tuple[str, str]]:
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
        return found


def put_in_place(text: str, mark: str, form: str, **marks: str) -> str:
    """The text with several marks where one stood, each in quotes where that one was."""
    if f'"{mark}"' in text:
        return text.replace(f'"{mark}"', form.format(**{name: f'"{m}"' for name, m in marks.items()}))
    return text.replace(mark, form.format(**marks))
