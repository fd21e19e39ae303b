"""Which answer to give: what the TRM asks for, among the answers that may be given here.

An answer may be given where each of its names is known, where it was seen after the same kind of message (nothing is
confirmed that was not done), and where all that it asks for is missing. Those that state what should be told here (see
`telling`) go first, and what the best of them leaves out is added (`completing`). It is given if what comes out states
nothing without a source; else the next best is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from trm_agent.features.tools import TextEncoder
from trm_agent.responses.bank import Response, ResponseBank
from trm_agent.responses.completing import completed, told_alone, unanswered
from trm_agent.responses.facts import Facts, name_of
from trm_agent.responses.fields import fields_at, otherwise, spoken_name
from trm_agent.responses.filling import fill
from trm_agent.responses.frames import FRAMES_LANGUAGE, Frames, load_frames
from trm_agent.responses.guard import unsupported
from trm_agent.responses.head import ResponseHead
from trm_agent.responses.offering import asked_parameter, with_choices
from trm_agent.responses.situation import Situation
from trm_agent.responses.telling import TellingHead, Wanted
from trm_agent.responses.templates import comparison_key, placeholders
from trm_agent.responses.writing import Writer, Written, repeats
from trm_agent.types import Decision, Message, ToolSchema
from trm_agent.values import normalise

MOST_TRIED = 20
MOST_MET = 256
"""Names of parameters that are encoded when tools are bound."""
TOLD = "told"
"""In the place of an answer's id, where fields are told and no answer of the bank is given."""


@dataclass(frozen=True)
class Chosen:
    """The words of an answer and where they come from.

    Attributes:
        text: To be said.
        id: Of the bank's answer, or `TOLD`.
        score: How near it is to what the TRM asks for, with what speaks for and against it.
        refused: How many better ones the guard has refused.
    """

    text: str
    id: str
    score: float
    refused: int = 0


@dataclass(frozen=True)
class Responses:
    """A bank, and the head that looks answers up in it.

    Attributes:
        bank: The answers.
        head: Learned on one router's answer states.
        language: Of number words (ISO 639-1).
        writer: Words answers of its own; None where no decoder was learned.
        telling: Learned with the head: which values should be told; None: nothing is known of that.
        encoder: For the names of fields; None: likewise.
    """

    bank: ResponseBank
    head: ResponseHead
    language: str = "en"
    writer: Writer | None = None
    telling: TellingHead | None = None
    encoder: TextEncoder | None = field(default=None, compare=False, repr=False)
    _names: dict[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    def choose(self, decision: Decision, history: Sequence[Message], tools: Sequence[ToolSchema]) -> Chosen | None:
        """The best answer that may be given; None where there is none.

        Args:
            decision: A direct answer, with its answer state.
            history: What it answers.
            tools: On offer.
        """
        if decision.answer_state is None or not self.bank.responses:
            return None
        place = Situation.of(decision, history, tools)
        scores = self.near(decision)
        wanted = self.wanted(decision, history, tools, place.facts)
        refused = 0
        for row, score in place.ranked(self.bank, scores, wanted):
            text = fill(self.bank.responses[row].text, place.facts)
            if text is None or normalise(text) == place.last_said:
                continue
            if not unsupported(text, place.evidence, self.bank.ordinary, self.language):
                response = self.bank.responses[row]
                text = self._offering(text, place, tools, response.asks)
                bare = not response.names and not response.asks
                text = self.completed(text, place, scores, wanted, tools, names=response.names, row=row, bare=bare)
                return Chosen(text, response.id, round(float(score), 3), refused)
            refused += 1
            if refused >= MOST_TRIED:
                break
        return self._told_alone(place, wanted, tools, refused)

    def write(self, decision: Decision, history: Sequence[Message], tools: Sequence[ToolSchema]) -> Written | None:
        """An answer in the decoder's words, to be said if nothing speaks against it; None where nothing can be written.

        Args:
            decision: A direct answer, with its answer state.
            history: What it answers.
            tools: On offer.
        """
        if self.writer is None or decision.answer_state is None:
            return None
        place = Situation.of(decision, history, tools)
        wanted = self.wanted(decision, history, tools, place.facts)
        template, score = self.writer.template(place, decision, history, wanted)
        text = fill(template, place.facts) if template else None
        if text is None:
            return Written("", template, score, "it came to no end")
        why = self.objection(text, template, place)
        if not why:
            names = placeholders(template)
            known = self._in_bank(template)
            text = self._offering(text, place, tools, None if known is None else known.asks)
            bare = not names and "?" not in text
            text = self.completed(text, place, self.near(decision), wanted, tools, names=names, bare=bare)
        return Written(text, template, score, why)

    def objection(self, text: str, template: str, place: Situation) -> str:
        """Why an answer of the decoder may not be said; empty if it may.

        Args:
            text: The answer, filled.
            template: The same with `{name}` for every value that is copied.
            place: What may be said here.
        """
        if wrong := unsupported(text, place.evidence, self.bank.ordinary, self.language):
            return f"nothing holds {', '.join(wrong)}"
        if normalise(text) == place.last_said:
            return "it was said just before"
        if repeats(template):
            return "it repeats itself"
        if not place.of_one_record(placeholders(template)):
            return "it mixes records"
        known = self._in_bank(template)
        return "" if known is None or place.allows(known) else "it was only said elsewhere"

    def _in_bank(self, template: str) -> Response | None:
        """The answer of the bank with these words; None where there is none."""
        row = self.bank.row_of_key.get(comparison_key(template))
        return None if row is None else self.bank.responses[row]

    def wanted(
        self, decision: Decision, history: Sequence[Message], tools: Sequence[ToolSchema], facts: Facts
    ) -> Wanted | None:
        """How probable it is that each known value should be told; None where that was not learned."""
        if self.telling is None or self.encoder is None or not facts:
            return None
        fields = fields_at(facts, decision.slots, history, tools, decision.intended_tool)
        self._read(fields.words)
        names = np.stack([self._names[words] for words in fields.words])
        sure = self.telling.probabilities(decision.answer_state, names, fields.marks)
        changed = otherwise(history)
        sure = np.where([name in changed for name in fields.names], 1.0, sure)
        return Wanted.of(fields.names, sure, facts)

    def meet(self, tools: Sequence[ToolSchema]) -> None:
        """Encode the names of parameters ahead, so that no answer waits for it; of the first of very many tools."""
        names = dict.fromkeys(spoken_name(name_of(p.name)) for tool in tools for p in tool.parameters)
        if self.telling is not None and self.encoder is not None:
            self._read(list(names)[:MOST_MET])

    def _read(self, names: Sequence[str]) -> None:
        """Encode the names of fields that have not come up yet."""
        fresh = [words for words in dict.fromkeys(names) if words not in self._names]
        if fresh and self.encoder is not None:
            self._names.update((words, e.sentence) for words, e in zip(fresh, self.encoder.encode(fresh), strict=True))

    def near(self, decision: Decision) -> np.ndarray:
        """Cosine of each answer of the bank with what the TRM asks for, [R]."""
        # By torch as everything else: a second pool of threads beside its own makes both wait (p95 40 ms instead of 8).
        return (torch.from_numpy(self.bank.vectors) @ torch.from_numpy(self.head.query(decision.answer_state))).numpy()

    def completed(
        self,
        text: str,
        place: Situation,
        near: np.ndarray,
        wanted: Wanted | None,
        tools: Sequence[ToolSchema],
        *,
        names: Sequence[str] = (),
        row: int | None = None,
        bare: bool = False,
    ) -> str:
        """An answer with what it leaves out, where that states nothing without a source.

        Args:
            text: The answer, filled.
            place: What may be said here.
            near: As of `near`.
            wanted: What should be told; None: nothing is added.
            tools: On offer.
            names: Whose values it states.
            row: Of the answer, where it is the bank's.
            bare: It neither states nor asks anything, so what is added can take its place.
        """
        if wanted is None or not (wanted.left(text) or unanswered(text, place)):
            return text
        whole = completed(self.bank, text, place, near, wanted, self._frames(), tools, names=names, row=row, bare=bare)
        return whole if self._has_sources(whole, place) else text

    def _offering(self, text: str, place: Situation, tools: Sequence[ToolSchema], asks: Sequence[str] | None) -> str:
        """An answer with the choices of what it asks for, where these are few; `asks` as of `asked_parameter`."""
        tool, frames = next((tool for tool in tools if tool.name == place.tool), None), self._frames()
        if tool is None or frames is None:
            return text
        parameter = asked_parameter(text, asks, tool, tuple(place.missing))
        return text if parameter is None else with_choices(frames, text, parameter)

    def _told_alone(
        self,
        place: Situation,
        wanted: Wanted | None,
        tools: Sequence[ToolSchema],
        refused: int,
    ) -> Chosen | None:
        """What the user wants to know, field by field; while something waits to be confirmed, only to a question."""
        tool = next((tool for tool in tools if tool.name == place.tool), None)
        frames = self._frames()
        if wanted is None or frames is None or tool is None:
            return None
        if tool.read_only is not True and not place.question:
            return None
        text = told_alone(frames, place, wanted)
        return Chosen(text, TOLD, 0.0, refused) if text and self._has_sources(text, place) else None

    def _has_sources(self, text: str, place: Situation) -> bool:
        """Whether the guard lets an answer pass in which frames may have a part."""
        return not unsupported(text, place.evidence, self.bank.ordinary | load_frames().words, self.language)

    def _frames(self) -> Frames | None:
        """The package's frames, where the answers are in their language."""
        return load_frames() if self.language == FRAMES_LANGUAGE else None
