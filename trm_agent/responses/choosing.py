"""Which answer to give: what the TRM asks for, among the answers that may be given here.

An answer may be given where each of its names is known, where it was seen after the same kind of message (nothing is
confirmed that was not done), and where all that it asks for is missing. Those that state what should be told here (see
`telling`) go first, and what the best of them leaves out is added (`completing`). It is given if what comes out states
nothing without a source; else the next best is tried.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trm_agent.features import TextEncoder
from trm_agent.responses.bank import After, Response, ResponseBank
from trm_agent.responses.collecting import after
from trm_agent.responses.completing import completed, told_alone
from trm_agent.responses.facts import Facts, known_facts, known_flags
from trm_agent.responses.filling import can_fill, fill
from trm_agent.responses.frames import FRAMES_LANGUAGE, Frames, load_frames
from trm_agent.responses.guard import Evidence, unsupported
from trm_agent.responses.head import ResponseHead
from trm_agent.responses.telling import TellingHead, Wanted, fields_at, otherwise
from trm_agent.types import Decision, Message, ToolSchema
from trm_agent.values import normalise

if TYPE_CHECKING:
    from trm_agent.responses.writing import Writer

ABOUT = 0.6
"""Least probability of the intended tool at which something is asked for its sake."""
LEAST_SCORE = {"user": 0.2, "result": 0.3, "empty": 0.15}
"""An answer further from what the TRM asks for is not given; a result can always be read out instead."""
MOST_TRIED = 20
TOLD = "told"
"""In the place of an answer's id, where fields are told and no answer of the bank is given."""
GENERAL = 3
"""An answer seen with so many tools is no tool's own."""
FOREIGN = 0.3
"""What an answer loses that was only seen with other tools."""
ASKS = 0.2
"""What an answer gains that asks for what is missing."""
FREQUENT = 0.02
"""What an answer gains each time that its count doubles."""
COVERS = 0.3
"""What an answer gains that states all that should be told, and loses that states none of it."""


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
                bare = not response.names and not response.asks
                text = self.completed(text, place, scores, wanted, tools, row=row, bare=bare)
                return Chosen(text, response.id, round(float(score), 3), refused)
            refused += 1
            if refused >= MOST_TRIED:
                break
        return self._told_alone(place, wanted, tools, refused)

    def wanted(
        self, decision: Decision, history: Sequence[Message], tools: Sequence[ToolSchema], facts: Facts
    ) -> Wanted | None:
        """How probable it is that each known value should be told; None where that was not learned."""
        if self.telling is None or self.encoder is None or not facts:
            return None
        fields = fields_at(facts, decision.slots, history, tools, decision.intended_tool)
        fresh = [words for words in dict.fromkeys(fields.words) if words not in self._names]
        if fresh:
            self._names.update((words, e.sentence) for words, e in zip(fresh, self.encoder.encode(fresh), strict=True))
        names = np.stack([self._names[words] for words in fields.words])
        sure = self.telling.probabilities(decision.answer_state, names, fields.marks)
        changed = otherwise(history)
        sure = np.where([name in changed for name in fields.names], 1.0, sure)
        return Wanted.of(fields.names, sure, facts)

    def near(self, decision: Decision) -> np.ndarray:
        """Cosine of each answer of the bank with what the TRM asks for, [R]."""
        return np.asarray(self.bank.vectors @ self.head.query(decision.answer_state))

    def completed(
        self,
        text: str,
        place: Situation,
        near: np.ndarray,
        wanted: Wanted | None,
        tools: Sequence[ToolSchema],
        *,
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
            row: Of the answer, where it is the bank's.
            bare: It neither states nor asks anything, so what is added can take its place.
        """
        if wanted is None or not wanted.left(text):
            return text
        whole = completed(self.bank, text, place, near, wanted, self._frames(), tools, row=row, bare=bare)
        return whole if self._has_sources(whole, place) else text

    def _told_alone(
        self, place: Situation, wanted: Wanted | None, tools: Sequence[ToolSchema], refused: int
    ) -> Chosen | None:
        """What the user wants to know, field by field; not while something waits to be confirmed."""
        tool = next((tool for tool in tools if tool.name == place.tool), None)
        frames = self._frames()
        if wanted is None or frames is None or tool is None or tool.read_only is not True:
            return None
        text = told_alone(frames, place, wanted)
        return Chosen(text, TOLD, 0.0, refused) if text and self._has_sources(text, place) else None

    def _has_sources(self, text: str, place: Situation) -> bool:
        """Whether the guard lets an answer pass in which frames may have a part."""
        return not unsupported(text, place.evidence, self.bank.ordinary | load_frames().words, self.language)

    def _frames(self) -> Frames | None:
        """The package's frames, where the answers are in their language."""
        return load_frames() if self.language == FRAMES_LANGUAGE else None


@dataclass(frozen=True)
class Situation:
    """What decides which answers may be given.

    Attributes:
        facts: What may be said.
        evidence: What may be stated.
        flags: What is known as yes or no.
        after: What came just before.
        tool: The tool that is meant; "" for none.
        missing: What has to be asked for.
        last_said: The answer before, in comparison form.
    """

    facts: Facts
    evidence: Evidence
    flags: Mapping[str, bool]
    after: After
    tool: str
    missing: frozenset[str]
    last_said: str

    @classmethod
    def of(cls, decision: Decision, history: Sequence[Message], tools: Sequence[ToolSchema]) -> Situation:
        facts = known_facts(decision.slots, history, tools, decision.intended_tool)
        meant = decision.probabilities.get("tools", {}).get(decision.intended_tool or "", 1.0) >= ABOUT
        spoken = next((message.text for message in reversed(history) if message.role == "assistant"), "")
        return cls(
            facts,
            Evidence.of(history, facts),
            known_flags(decision.slots, history),
            after(history),
            decision.intended_tool or "" if meant else "",
            frozenset(decision.missing if meant else ()),
            normalise(spoken),
        )

    def allows(self, response: Response) -> bool:
        """Whether the condition of an answer holds here, and all its names are known."""
        if response.after and self.after not in response.after:
            return False
        if not self.missing.issuperset(response.asks):
            return False
        if any(self.flags.get(name) is not value for name, value in response.when.items()):
            return False
        return can_fill(response.text, self.facts)

    def ranked(self, bank: ResponseBank, near: np.ndarray, wanted: Wanted | None = None) -> Iterator[tuple[int, float]]:
        """(row, score) of the answers that may be given, the best first; the others are hardly looked at.

        Args:
            bank: The answers.
            near: Cosine of each with what the TRM asks for, [R].
            wanted: What should be told.
        """
        gain = np.where(bank.asking, ASKS, -ASKS) if self.missing and self.after == "user" else 0.0
        least, reach = LEAST_SCORE[self.after], COVERS if wanted else 0.0
        most = near + gain + FREQUENT * bank.frequency
        known, name_sets = frozenset(self.facts), bank.name_sets
        agreed: dict[frozenset[str], float] = {}
        waiting: list[tuple[float, str, int]] = []
        for row in np.argsort(-most, kind="stable").tolist():
            while waiting and -waiting[0][0] >= most[row] + reach:
                score, _, best = heapq.heappop(waiting)
                yield best, -score
            if most[row] + reach < least:
                break
            response, names = bank.responses[row], name_sets[row]
            if names <= known and self.allows(response):
                score = float(most[row]) - FOREIGN * self._is_foreign(response)
                if wanted is not None and names not in agreed:
                    agreed[names] = COVERS * wanted.agreement(response.names)
                score += agreed.get(names, 0.0)
                if score >= least:
                    heapq.heappush(waiting, (-score, response.id, row))
        for score, _, best in sorted(waiting):
            yield best, -score

    def _is_foreign(self, response: Response) -> bool:
        """Whether an answer is about other tools: not if it was ever given while none was meant."""
        return bool(response.tools) and not {self.tool, ""} & response.tools.keys() and len(response.tools) < GENERAL
