"""Held-out conversations played live: the router's own words and calls stand in the history, as when it serves.

What the user says, and what the tools return, is the log's. A turn is right if its calls are those of the log, or if
none is made where the log answers (`recipes/evaluate_live.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from recipes.corpora.everyday_domain import Argument, Dialogue, Domain, GoldCall, Message, Point
from recipes.evaluate_live import play
from trm_agent.evaluation.run import REFERENCE_TIME
from trm_agent.types import Accept, Sample

if TYPE_CHECKING:
    from trm_agent.router import Router


@dataclass(frozen=True)
class Turn:
    """One turn of the user, played.

    Attributes:
        conversation: Its name.
        said: By the user.
        gold: The log's calls; none where it answers.
        made: The router's.
        words: Its answer.
        right: Whether the calls are right.
        confidence: Of decision and tool, the least of the turn's; 1 where nothing was called.
        call_confidence: Likewise, of the calls as a whole.
    """

    conversation: str
    said: str
    gold: list[dict[str, Any]]
    made: list[dict[str, Any]]
    words: str
    right: bool
    confidence: float
    call_confidence: float


def played(router: Router, conversations: Sequence[Sequence[Sample]]) -> list[Turn]:
    """Every turn of every conversation, in order."""
    from langchain_trm import ChatTRM

    turns = []
    for conversation in conversations:
        last = conversation[-1]
        name = str(last.meta.get("dialogue", last.id))
        now = last.meta.get("now")
        moment = datetime.fromisoformat(str(now)) if now else REFERENCE_TIME
        model = ChatTRM(
            router=router,
            tools=list(last.to_json()["tools"]),
            slot_fields=router.checkpoint.slot_fields,
            now=moment.replace(tzinfo=None),
        )
        script = dialogue_of(conversation)
        for row in play(model, Domain(name, "", "", "", (), (script,)), script):
            kept = ("said", "gold", "made", "words", "right", "confidence", "call_confidence")
            turns.append(Turn(conversation=name, **{key: row[key] for key in kept}))
    return turns


def dialogue_of(conversation: Sequence[Sample]) -> Dialogue:
    """The samples of a conversation as a script: what the user says, and what is right after it.

    Only decisions that the log shows are asked of the router; what else was said stands in the history as it is.
    """
    return Dialogue(tuple(_parts(conversation)))


def _parts(conversation: Sequence[Sample]) -> Iterator[Point | Message]:
    last = conversation[-1]
    # Beside a message, by its place: what the assistant decided there.
    decided = {len(sample.history): sample for sample in conversation}
    place = 0
    while place < len(last.history):
        message = last.history[place]
        place += 1
        if message.role != "user" or place not in decided:
            yield Message(message.role, message.content)
            continue
        calls: list[GoldCall] = []
        results: list[Any] = []
        say = ""
        # Calls and results up to what the assistant says, or the user.
        while True:
            sample = decided.get(place)
            if sample is not None:
                calls += [gold_call(call, accept) for call, accept in sample.gold_calls]
                say = sample.content or say
            if place >= len(last.history) or last.history[place].role in ("user", "system"):
                break
            if last.history[place].role == "tool_response":
                results.append(last.history[place].content)
            place += 1
        yield Point("turn", message.text, calls=tuple(calls), say=say, result=_result(calls, results))


def gold_call(call: dict[str, Any], accept: Accept) -> GoldCall:
    """A sample's call with everything that is right beside it."""
    arguments = {
        name: Argument((value, *accept.arguments.get(name, ())), optional=name in accept.optional)
        for name, value in call["arguments"].items()
    }
    arguments |= {
        name: Argument(tuple(accept.arguments.get(name, ())), given=False)
        for name in accept.optional
        if name not in arguments
    }
    return GoldCall(call["name"], arguments)


def _result(calls: Sequence[GoldCall], results: Sequence[Any]) -> Any:
    """One result, or as many as there are calls; None where the log shows none."""
    if len(calls) > 1 and len(results) == len(calls):
        return list(results)
    return results[0] if results else None
