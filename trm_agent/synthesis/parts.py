"""What conversations are made of: requests, questions and answers, corrections, edits, other talk.

What is said draws from `Phrases`; what follows from it is `Conversation`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from trm_agent.synthesis.changes import edit, listed
from trm_agent.synthesis.conversation import Conversation, NoValueError, complete
from trm_agent.synthesis.cues import kind_of, sense_of
from trm_agent.synthesis.replies import agreement, answer, confirmation, correction, question, questions, suggestion
from trm_agent.synthesis.talk import CLOSING, OUT_OF_SCOPE, REFUSALS, SMALL_TALK
from trm_agent.synthesis.tasks import lowered
from trm_agent.synthesis.texts import put_in_place
from trm_agent.synthesis.together import in_order, is_number
from trm_agent.synthesis.tools import alike, may_serve
from trm_agent.synthesis.values import Given
from trm_agent.types import Parameter, ToolSchema, identifier_words


@dataclass(frozen=True)
class Stock:
    """The tools there are.

    Attributes:
        tools: To be offered.
        pool: Never offered; requests for them are out of scope.
        impossible: (tool, parameter) that no value can be made up for.
    """

    tools: tuple[ToolSchema, ...]
    pool: tuple[ToolSchema, ...]
    impossible: frozenset[tuple[str, str]]

    def free(self, tool: ToolSchema, parameter: Parameter) -> bool:
        """Whether values for the parameter can be made up."""
        return (tool.name, parameter.name) not in self.impossible

    def can(self, tool: ToolSchema) -> bool:
        """Whether a call of it can be made up."""
        names = complete(tool.schema, set(), lambda path: True)
        free = {p.name for p in tool.parameters if self.free(tool, p)}
        defaults = {p.name for p in tool.parameters if p.has_default}
        return names <= free | defaults

    @cached_property
    def usable(self) -> tuple[ToolSchema, ...]:
        """Tools that calls can be made up for."""
        return tuple(tool for tool in self.tools if self.can(tool))

    @cached_property
    def strange(self) -> tuple[ToolSchema, ...]:
        """Of the pool, the same."""
        return tuple(tool for tool in self.pool if self.can(tool))


@dataclass
class Scene:
    """A conversation with the tools that could be talked of in it."""

    talk: Conversation
    tool: ToolSchema
    usable: list[ToolSchema]


class Parts:
    """Says what conversations about the tools of a stock are made of."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    def _complete_request(self, talk: Conversation, tool: ToolSchema, opener: str = "") -> None:
        given = self._values(talk, tool)
        talk.user(self._doubts(talk, given, talk.phrases.request(tool, given, opener)), tool, given)
        self._act(talk, tool)

    def _incomplete_request(
        self, scene: Scene, most: int, *, corrected: bool = False, between: bool = False, edited: bool = False
    ) -> None:
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
        if len(missing) > 1 and not between and rng.random() < 0.25:
            missing = self._ask_together(talk, tool, missing)
        changed = rng.choice(missing) if between or edited else None
        for g in missing:
            talk.reply(question(talk.phrases, g.parameter), tool)
            if g is changed:
                (self._edit if edited else self._correct)(talk, tool)
                talk.reply(question(talk.phrases, g.parameter), tool)
            if rng.random() < 0.08:
                self._interrupt(talk, tool, g.parameter)
            if rng.random() < 0.08:
                self._sidestep(talk, tool, g.parameter)
            text = answer(talk.phrases, g)
            if not corrected and rng.random() < 0.08 and g.said.kind not in ("boolean", "message", "list"):
                self._propose(talk, tool, g)
            elif corrected and g is missing[-1]:
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

    def _edit(self, talk: Conversation, tool: ToolSchema) -> None:
        parameters = listed(tool, talk.known(tool))
        if not parameters:
            raise NoValueError(tool.name)
        edit(talk, tool, talk.rng.choice(parameters))

    def _act(self, talk: Conversation, tool: ToolSchema) -> None:
        """Call it; a tool that says it changes something is confirmed first."""
        p = talk.phrases
        if tool.read_only is False:
            told = confirmation(tool, talk.known(tool))
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
        if end < 0.5:
            return
        talk.finish()
        if end > 0.88:
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

    def _propose(self, talk: Conversation, tool: ToolSchema, g: Given) -> None:
        """The user leaves it open, the assistant proposes a value, the user takes it."""
        p = talk.phrases
        talk.user(
            p.pick(("I don't know", "what do you suggest?", "not sure", "hmm, you choose", "no idea", "I don't mind"))
        )
        talk.reply(suggestion(p, g), tool)
        talk.user(agreement(p), tool, [g])

    def _sidestep(self, talk: Conversation, tool: ToolSchema, asked: Parameter) -> None:
        """The user gives another value than the one asked for, and is asked again."""
        known = talk.known(tool)
        rest = [q for q in tool.parameters if q.name not in known and not q.required and "." not in q.name]
        rest = [q for q in rest if self.stock.free(tool, q) and kind_of(q) != "boolean"]
        if rest:
            new = talk.give(talk.rng.choice(rest))
            talk.user(talk.phrases.statement(new), tool, [new])
            talk.reply(question(talk.phrases, asked), tool)

    def _stray(self, talk: Conversation) -> None:
        talk.user(self._stray_text(talk))
        talk.reply(talk.phrases.pick(REFUSALS), None)

    def _stray_text(self, talk: Conversation) -> str:
        """A request for what no tool on offer does."""
        rng, offered = talk.rng, talk.tools
        names = {tool.name for tool in offered}
        strange = self.stock.strange
        own = [tool for tool in self.stock.usable if tool.name not in names]
        foreign = strange if strange and rng.random() < 0.7 else own
        taken_away = foreign is own and len(self.stock.tools) - len(offered) == 1
        if foreign and rng.random() < 0.65:
            for _ in range(20):
                tool = rng.choice(foreign)
                about = f"{identifier_words(tool.name)} {tool.description}"
                near = not taken_away and any(may_serve(other, about) for other in offered)
                if tool.name not in names and not near and not any(alike(tool, other) for other in offered):
                    return talk.phrases.request(tool, self._values(talk, tool))
        fitting = [text for text in OUT_OF_SCOPE if not any(may_serve(tool, text) for tool in offered)]
        return rng.choice(fitting or OUT_OF_SCOPE)

    def _values(self, talk: Conversation, tool: ToolSchema) -> list[Given]:
        """Values for what a call must carry and for some of the rest; shared ones that are known may be left out."""
        rng = talk.rng
        talk.values.plain_money = any("currency" in (kind_of(p), sense_of(p)) for p in tool.parameters)
        free = {p.name: p for p in tool.parameters if self.stock.free(tool, p)}
        share = rng.choice((0.0, 0.2, 0.4, 0.8))
        chosen = {name for name, p in free.items() if not p.required and rng.random() < share}
        if not any(p.required for p in tool.parameters) and free and rng.random() < 0.7:
            chosen.add(rng.choice(sorted(free)))
        chosen |= {name for name, p in free.items() if p.type == "array" and rng.random() < 0.4}
        numbers = [name for name, p in free.items() if is_number(p)]
        if len(numbers) > 1 and rng.random() < 0.4:
            chosen.update(numbers)
        defaults = {p.name for p in tool.parameters if p.has_default and rng.random() < 0.5}
        names = complete(tool.schema, chosen, lambda path: path not in defaults)
        if any(name not in free for name in names):
            raise NoValueError(tool.name)
        known = talk.known(tool) if tool in talk.tools else {}
        given = []
        for name, parameter in free.items():
            if name in names and not (name in known and rng.random() < 0.5):
                given.append(talk.give(parameter))
        return in_order(given)

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
