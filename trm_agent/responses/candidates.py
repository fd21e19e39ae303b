"""What a decoder may copy, and what else it is told of a point: the fields known by name, a row each.

The rows hold names and where a value comes from, never the value itself: a value that was not in the training data
is copied like any other. What is missing, and what is known as yes or no, has a row that cannot be copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trm_agent.responses.facts import fields_of, latest_results, name_of
from trm_agent.responses.filling import can_fill
from trm_agent.responses.situation import Situation
from trm_agent.responses.telling import TELL, Wanted
from trm_agent.types import Decision, Message
from trm_agent.values import normalise

MOST_CANDIDATES = 48
FEATURES = 14
_LAST_RECORD = 3


@dataclass(frozen=True)
class Candidate:
    """A field.

    Attributes:
        name: As in a template.
        features: Of `FEATURES` numbers: missing, yes, no; from a result that has just come, an older one, a slot, a
            call; of a second, a third record; said by the user just now, said in an answer; a number; how probable it
            is that it should be told, and whether that is `TELL` or more.
        copied: Whether it may be.
    """

    name: str
    features: tuple[float, ...]
    copied: bool

    @property
    def words(self) -> str:
        """Its name as it is encoded."""
        return self.name.partition("#")[0].replace("_", " ")


def candidates(
    place: Situation, decision: Decision, history: Sequence[Message], wanted: Wanted | None = None
) -> list[Candidate]:
    """The fields of a point, those that cannot be copied first; at most `MOST_CANDIDATES`.

    Args:
        place: What may be said there.
        decision: Whose slots and missing parameters they are.
        history: The conversation so far.
        wanted: What should be told; None where that is not known.
    """
    sure = wanted.names if wanted else {}
    missing = [Candidate(name_of(name), _flags(0), False) for name in decision.missing]
    told = [Candidate(name, _flags(1 if value else 2), False) for name, value in place.flags.items()]
    origins = _Origins.of(decision, history)
    known = [
        Candidate(name, origins.features(name, str(values[0]), sure.get(name, 0.0)), True)
        for name, values in place.facts.items()
        if can_fill(f"{{{name}}}", place.facts)
    ]
    return [*missing, *told, *known][:MOST_CANDIDATES]


@dataclass(frozen=True)
class _Origins:
    """Names by where they come from, and what was said, in comparison form."""

    fresh: frozenset[str]
    returned: frozenset[str]
    held: frozenset[str]
    sent: frozenset[str]
    asked: str
    answered: str

    @classmethod
    def of(cls, decision: Decision, history: Sequence[Message]) -> _Origins:
        returned = frozenset(name for result in latest_results(history) for name, _ in fields_of(result.content))
        calls = [message for message in history if message.role == "tool_call"][-1:]
        sent = frozenset(name for call in calls for name, _ in fields_of(call.content.get("arguments") or {}))
        asked = next((message.text for message in reversed(history) if message.role == "user"), "")
        answered = " \n ".join(message.text for message in history if message.role == "assistant")
        fresh = bool(history) and history[-1].role == "tool_response"
        held = frozenset(map(name_of, decision.slots))
        return cls(
            returned if fresh else frozenset(),
            frozenset() if fresh else returned,
            held,
            sent,
            normalise(asked),
            normalise(answered),
        )

    def features(self, name: str, value: str, wanted: float) -> tuple[float, ...]:
        plain = normalise(value)
        record = name.partition("#")[2]
        return (
            0.0,
            0.0,
            0.0,
            *(float(name in names) for names in (self.fresh, self.returned, self.held, self.sent)),
            *(float(record == str(number)) for number in range(2, _LAST_RECORD + 1)),
            float(plain in self.asked),
            float(plain in self.answered),
            float(plain.replace(".", "", 1).isdecimal()),
            wanted,
            float(wanted >= TELL),
        )


def _flags(place: int) -> tuple[float, ...]:
    return tuple(float(i == place) for i in range(FEATURES))
