"""How people ask for a tool and give values: sentences with a mark for every value.

A mark is one private-use character; noise (case, punctuation, typos) leaves marks alone, and the conversation puts
the values in last. So every value stands in the message as its words are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trm_agent.synthesis.attachments import alone, beside_name
from trm_agent.synthesis.cues import kind_of, label
from trm_agent.synthesis.questions import Questions
from trm_agent.synthesis.talk import PREAMBLES
from trm_agent.synthesis.tasks import Tasks, lowered
from trm_agent.synthesis.together import Together
from trm_agent.synthesis.values import MARK, Given
from trm_agent.synthesis.words import INFO_VERBS
from trm_agent.text.nouns import is_plural
from trm_agent.types import ToolSchema

ASKED = 0.25
"""Share of requests for a tool that tells something which are questions."""

_MARKS = "".join(chr(MARK + number) for number in range(64)) + " "


@dataclass(frozen=True)
class Style:
    """How one user types.

    Attributes:
        lower: No capitals, in values neither.
        bare: No full stop or question mark at the end.
        typos: Chance of one typo in a message.
    """

    lower: bool = False
    bare: bool = False
    typos: float = 0.0

    @classmethod
    def draw(cls, rng: random.Random) -> Style:
        lower = rng.random() < 0.22
        return cls(lower, rng.random() < (0.8 if lower else 0.15), 0.15 if rng.random() < 0.15 else 0.0)


class Phrases(Together):
    """Draws wordings for one conversation."""

    def __init__(self, rng: random.Random, style: Style) -> None:
        super().__init__(rng)
        self.style = style
        self.tasks = Tasks(rng)
        self.questions = Questions(rng)

    def request(self, tool: ToolSchema, given: Sequence[Given], opener: str = "") -> str:
        """A request for a tool that gives some values."""
        if self.chance(ASKED) and (asked := self.questions.question(tool, given)):
            body, rest = asked
            inline, sentences = self._share_out(tool, rest)
            return _told([body.format(more=f" {self._joined(inline)}" if inline else ""), *sentences], opener)
        verb, thing, given = self.tasks.task(tool, list(given))
        if self.chance(0.07) and thing and all(kind_of(g.parameter) != "boolean" for g in given):
            return self._terse(verb, thing, given)
        inline, sentences = self._share_out(tool, given)
        task = f"{verb} {thing}".strip()
        lead = [self.pick(PREAMBLES)] if self.chance(0.05) and not opener else []
        if sentences and self.chance(0.25) and not lead:
            lead, sentences = sentences[:1], sentences[1:]
        frame = self._frame(verb, thing, greets=not lead and not opener)
        what = re.sub("^some ", "the ", thing) or task
        body = frame.format(task=task, thing=what, more=f" {self._joined(inline)}" if inline else "")
        return _told([*lead, body, *sentences], opener)

    def clause(self, tool: ToolSchema, given: Sequence[Given]) -> str:
        """A request that can follow "and also": imperative, on one line."""
        verb, thing, given = self.tasks.task(tool, list(given))
        inline, rest = self.tied(tool, given)
        inline += [self.attach(g, alone(g, tool)) for g in rest]
        return f"{verb} {thing} {self._joined(inline)}".strip()

    def request_ending(self, tool: ToolSchema, given: Sequence[Given], tail: str) -> str:
        """A request of one sentence that gives some values and ends in words of the caller's."""
        verb, thing, given = self.tasks.task(tool, list(given), brief=True)
        inline, rest = self.tied(tool, given)
        inline += [self.attach(g, alone(g, tool)) for g in rest]
        what = re.sub("^some ", "the ", thing) or verb
        return self._frame(verb, thing, greets=True).format(
            task=f"{verb} {thing}".strip(), thing=what, more=f" {' '.join([*inline, tail])}"
        )

    def _frame(self, verb: str, thing: str, greets: bool) -> str:
        frames = [
            "{task}{more}", "{task}{more}", "please {task}{more}", "{task}{more}, please", "can you {task}{more}?",
            "can you {task}{more}?", "could you {task}{more}?", "could you please {task}{more}?",
            "I want to {task}{more}", "I'd like to {task}{more}", "I would like to {task}{more}",
            "I need to {task}{more}",
            "I need you to {task}{more}", "I want you to {task}{more}", "would you {task}{more} for me?",
            "help me {task}{more}", "hey, {task}{more}", "{task}{more} please", "hi, can you {task}{more}?",
            "I'm trying to {task}{more}", "is it possible to {task}{more}?", "can I {task}{more}?",
            "let's {task}{more}",
            "hi there, I'd like to {task}{more}", "would it be possible to {task}{more}?",
        ]  # fmt: skip
        first = verb.split()[0]
        if not greets:
            frames = [f for f in frames if not re.match(r"hi|hey", f)]
        if verb.endswith(" me"):
            frames = [f for f in frames if not re.search(r"\bto \{task|can I|let's|help me|for me", f)]
        if thing and (
            first in INFO_VERBS or verb in ("give me", "pull up", "look up", "calculate", "compute", "work out")
        ):
            thing = thing.removeprefix("some ")
            noun = re.split(r" (?:of|for|in|on|to|from|at|by|with|about) ", thing)[0].rstrip(_MARKS).split()[-1:]
            plural = bool(noun) and is_plural(noun[0])
            be = "are" if plural else "is"
            frames += [
                f"what {be} {{thing}}{{more}}?", f"what {be} {{thing}}{{more}}?", "I need {thing}{more}",
                "I'd like to know {thing}{more}", "show me {thing}{more}", "I'm looking for {thing}{more}",
                "do you have {thing}{more}?", "I want {thing}{more}", "tell me {thing}{more}", "give me {thing}{more}",
                "can I see {thing}{more}?", f"do you know what {{thing}} {be}{{more}}?", "I want to know {thing}{more}",
                "could you tell me {thing}{more}?", "can I have {thing}{more}?", "{thing}{more}?", "{thing}{more}",
            ]  # fmt: skip
        return self.pick(frames)

    def _terse(self, verb: str, thing: str, given: Sequence[Given]) -> str:
        """A list of keywords: "weather forecast, city: Rome"."""
        bare = re.sub(r"^(?:a|an|the|some) ", "", thing)
        parts = [f"{label(g.parameter)}: {beside_name(g)}" for g in given]
        if not parts:
            return bare if verb.split()[0] in INFO_VERBS else f"{verb} {bare}"
        start = bare if verb.split()[0] in INFO_VERBS or verb.endswith(" me") else f"{verb} {bare}"
        return self.pick(
            (f"{start}, {', '.join(parts)}", f"{start}. {', '.join(parts)}", f"{start} - {'; '.join(parts)}")
        )

    def _share_out(self, tool: ToolSchema, given: Sequence[Given]) -> tuple[list[str], list[str]]:
        """Which values go into the request's own sentence, and which get sentences of their own."""
        most = self.pick((1, 2, 2, 3, 3, 4))
        order = list(given)
        if self.chance(0.5):
            self.rng.shuffle(order)
        inline, rest = self.tied(tool, order, most)
        sentences = []
        while rest:
            if len(rest) > 1 and self.chance(0.4):
                a, b = rest[:2]
                rest = rest[2:]
                sentences.append(f"{self.statement(a)} and {lowered(self.statement(b))}")
            else:
                sentences.append(self.statement(rest.pop(0)))
        return inline, sentences

    def _joined(self, parts: Sequence[str]) -> str:
        if len(parts) > 1 and parts[-1][0] not in "(" and self.chance(0.35):
            return f"{' '.join(parts[:-1])}{self.pick((' and ', ', '))}{parts[-1]}"
        return " ".join(parts)

    def finish(self, text: str) -> str:
        """The user's habits: case, end of the sentence, a typo. Marks stay as they are."""
        text = re.sub(r"\s+", " ", text).strip()
        text = re.sub(r"\band and\b", "and", re.sub(r" ([,.?!])", r"\1", text))
        capital = re.sub(r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), text)
        text = text.lower() if self.style.lower else capital
        if self.style.bare:
            text = text.rstrip(".?") if chr(MARK) > text[-2:-1] or text[-1:] == "." else text
        elif text[-1:] not in ".?!" and self.chance(0.6):
            text += "."
        if self.style.typos and self.chance(self.style.typos):
            text = self._typo(text)
        return text

    def _typo(self, text: str) -> str:
        places = [m.start() for m in re.finditer(r"(?<=[a-z])[a-z](?=[a-z])", text)]
        if not places:
            return text
        at = self.rng.choice(places)
        kind = self.rng.randrange(3)
        if kind == 0:
            return text[:at] + text[at + 1 :]
        if kind == 1:
            return text[:at] + text[at] + text[at:]
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


def _told(parts: Sequence[str], opener: str) -> str:
    """A request and what is said around it, as sentences."""
    return f"{opener} {' '.join(map(_sentence, parts))}".strip()


def _sentence(text: str) -> str:
    return text if text[-1:] in ".?!" else f"{text}."
