"""Whose words a direct answer has: the bank's, a responder's, or the asking rule's; the record says which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from langchain_trm.deciding import Step
from langchain_trm.output import cut
from langchain_trm.replies import LATER_REPLY, compose_reply
from trm_agent.errors import CheckpointError

Mode = Literal["auto", "retrieve", "generate", "ask"]
WORDS_KEY = "words"


@dataclass(frozen=True)
class Words:
    """The words of a step.

    Attributes:
        text: None where a responder has to word it.
        origin: `{"from": …}`: `bank` (with `id` and `score`), `responder`, `rule` or `reply`; None beside a call.
    """

    text: str | None
    origin: dict[str, Any] | None = None

    def on(self, step: Step) -> Step:
        """The step with their origin in its record."""
        return step if self.origin is None else replace(step, record={**step.record, WORDS_KEY: self.origin})


def find_words(
    step: Step, router: Any, mode: Mode, *, responder: Any = None, reply: str, stop: list[str] | None = None
) -> Words:
    """Word a step, or leave it to the responder.

    Args:
        step: As settled.
        router: Whose checkpoint may hold words.
        mode: `auto`: what the checkpoint has; `retrieve`: its bank; `generate`: its decoder; `ask`: neither.
        responder: Words what they do not.
        reply: What to say when there is nothing to report and nothing to ask, and no responder.
        stop: Where the words are cut off.

    Raises:
        CheckpointError: The checkpoint does not have what the mode names.
    """
    responses = _responses(router, mode)
    if step.decision.decision == "tool_call":
        return Words("")
    if responses is not None and (chosen := responses.choose(step.decision, step.history, step.tools)) is not None:
        origin = {"from": "bank", "id": chosen.id, "score": chosen.score}
        return Words(cut(chosen.text, stop), origin | ({"refused": chosen.refused} if chosen.refused else {}))
    if responder is not None:
        return Words(None, {"from": "responder"})
    text = compose_reply(step.decision, step.turn, step.tools, reply, step.history)
    return Words(cut(text, stop), {"from": "reply" if text in (reply, LATER_REPLY) else "rule"})


def _responses(router: Any, mode: Mode) -> Any:
    if mode == "generate":
        raise CheckpointError(
            'responses="generate" needs a checkpoint with a decoder, and this one has none; use "auto", "retrieve" '
            'or "ask"'
        )
    held = None if mode == "ask" else getattr(router, "responses", None)
    if mode == "retrieve" and held is None:
        raise CheckpointError(
            'responses="retrieve" needs a checkpoint with responses, and this one has none; learn them with '
            "recipes/train_responses.py or train_router --responses"
        )
    return held
