"""Which answers of the bank may be given at a point, and in which order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from trm_agent.responses.bank import After, Response, ResponseBank
from trm_agent.responses.collecting import after, nothing_answered
from trm_agent.responses.facts import (
    Facts,
    asks_something,
    fields_of,
    flags_told,
    known_facts,
    known_flags,
    latest_results,
    name_of,
)
from trm_agent.responses.filling import can_fill
from trm_agent.responses.guard import Evidence
from trm_agent.responses.offering import declared_choices
from trm_agent.responses.telling import Wanted
from trm_agent.responses.templates import in_record, record_of, same_value
from trm_agent.types import Decision, Message, ToolSchema
from trm_agent.values import normalise

ABOUT = 0.6
"""Least probability of the intended tool at which something is asked for its sake."""
LEAST_SCORE = {"user": 0.2, "result": 0.3, "empty": 0.15}
"""An answer further from what the TRM asks for is not given; a result can always be read out instead."""
GENERAL = 3
"""An answer seen with so many tools is no tool's own."""
LATER = 5
"""An answer said so often and never as the first one begins no conversation."""
FOREIGN = 0.3
"""What an answer loses that was only seen with other tools."""
ASKS = 0.2
"""What an answer gains that asks for what is missing."""
FREQUENT = 0.02
"""What an answer gains each time that its count doubles."""
COVERS = 0.3
"""What an answer gains that states all that should be told, and loses that states none of it."""


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
        question: Whether the user asks something.
        asked: Those of `flags` that the question speaks of.
        related: Names, without a number, of what the tool takes and the latest results hold; other values are of
            something else that was talked about.
        first: Whether the conversation has had no answer yet.
        let_go: Whether the user refuses or gives up what was about to be done.
    """

    facts: Facts
    evidence: Evidence
    flags: Mapping[str, bool]
    after: After
    tool: str
    missing: frozenset[str]
    last_said: str
    question: bool = False
    asked: Mapping[str, bool] = field(default_factory=dict)
    related: frozenset[str] = frozenset()
    first: bool = False
    let_go: bool = False

    @classmethod
    def of(cls, decision: Decision, history: Sequence[Message], tools: Sequence[ToolSchema]) -> Situation:
        facts = known_facts(decision.slots, history, tools, decision.intended_tool)
        meant = decision.probabilities.get("tools", {}).get(decision.intended_tool or "", 1.0) >= ABOUT
        spoken = next((message.text for message in reversed(history) if message.role == "assistant"), "")
        tool = next((tool for tool in tools if meant and tool.name == decision.intended_tool), None)
        flags, question = known_flags(decision.slots, history), asks_something(history)
        first = {name: value for name, value in flags.items() if "#" not in name}
        came = after(history)
        heard = came == "user" and question
        asked = flags_told(history[-1].text, first, decision.intended_tool or "") if heard else {}
        return cls(
            facts,
            Evidence.of(history, {**facts, "": declared_choices(tool, decision.missing)}),
            flags,
            came,
            decision.intended_tool or "" if meant else "",
            frozenset(decision.missing if meant else ()),
            normalise(spoken),
            question,
            asked,
            _related(tool, history),
            nothing_answered(history),
            decision.lets_go,
        )

    def allows(self, response: Response) -> bool:
        """Whether the condition of an answer holds here, and all its names are known."""
        if response.after and self.after not in response.after:
            return False
        if self.first and response.first == 0 and response.count >= LATER:
            return False
        if not self.missing.issuperset(response.asks):
            return False
        if any(self.flags.get(name) is not value for name, value in response.when.items()):
            return False
        sayable = all(name in self.sayable for name in response.names)
        return sayable and (response.record in (None, 1) or self.of_one_record(response.names))

    @cached_property
    def sayable(self) -> frozenset[str]:
        """The names whose values an answer can hold."""
        return frozenset(name for name in self.facts if can_fill(f"{{{name}}}", self.facts))

    def of_one_record(self, names: Sequence[str]) -> bool:
        """Whether what names say of one record is true of it: no rent of the second beside the name of the first."""
        number = record_of(names)
        if number in (None, 1):
            return True
        there = ((name, in_record(name, number)) for name in names)
        return all(own == name or own not in self.facts or self._same(name, own) for name, own in there)

    def _same(self, one: str, other: str) -> bool:
        return any(same_value(a, b) for a in self.facts[one] for b in self.facts[other])

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
        known, name_sets = self.sayable, bank.name_sets
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


def _related(tool: ToolSchema | None, history: Sequence[Message]) -> frozenset[str]:
    returned = (name for result in latest_results(history) for name, _ in fields_of(result.content))
    taken = (name_of(parameter.name) for parameter in tool.parameters) if tool else ()
    return frozenset(name.partition("#")[0] for name in (*returned, *taken))
