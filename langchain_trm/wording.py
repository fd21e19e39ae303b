"""Whose words a direct answer has: the bank's, a responder's, the frames' or the rule's; the record says which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from langchain_trm.deciding import Step
from langchain_trm.output import cut
from langchain_trm.replies import DEFAULT_REPLY, compose_reply, small_reply
from trm_agent.errors import CheckpointError
from trm_agent.responses.frames import Frames, load_frames
from trm_agent.text.phrases import conversation_language
from trm_agent.types import Decider, Decision, Message, ToolSchema

if TYPE_CHECKING:
    from trm_agent.responses.choosing import Responses
    from trm_agent.responses.speaking import Framed

Mode = Literal["auto", "retrieve", "generate", "ask"]
WORDS_KEY = "words"


@dataclass(frozen=True)
class Words:
    """The words of a step.

    Attributes:
        text: None where a responder has to word it.
        origin: `{"from": …}`: `bank` (with `id` and `score`), `decoder` (with `score` and what it `copied`),
            `responder`, `frames` (with their `kind`), `rule` or `reply`; None beside a call.
    """

    text: str | None
    origin: dict[str, Any] | None = None

    def on(self, step: Step) -> Step:
        """The step with their origin in its record."""
        return step if self.origin is None else replace(step, record={**step.record, WORDS_KEY: self.origin})


def find_words(
    step: Step,
    router: Decider,
    mode: Mode,
    *,
    responder: Any = None,
    reply: str,
    stop: list[str] | None = None,
    frames: str | None = None,
) -> Words:
    """Word a step, or leave it to the responder.

    Args:
        step: As settled.
        router: Whose checkpoint may hold words.
        mode: `auto`: the checkpoint's bank, else the frames; `retrieve`: its bank; `generate`: its decoder, and the
            bank for what that may not say; `ask`: none of these.
        responder: Words what they do not.
        reply: What to say when there is nothing to report and nothing to ask, and no responder.
        stop: Where the words are cut off.
        frames: File of frames; None: those of the package.

    Raises:
        CheckpointError: The checkpoint does not have what the mode names.
        DataError: The file holds no frames.
    """
    responses = _responses(router, mode)
    if step.decision.decision == "tool_call":
        return Words("")
    refused = 0
    if mode == "generate" and responses is not None and (written := responses.write(*_asked(step))) is not None:
        if not written.refused:
            return Words(cut(written.text, stop), written.origin)
        refused = 1
    if responses is not None and (chosen := responses.choose(*_asked(step))) is not None:
        origin = {"from": "bank", "id": chosen.id, "score": chosen.score}
        refused += chosen.refused
        return Words(cut(chosen.text, stop), origin | ({"refused": refused} if refused else {}))
    if responder is not None:
        return Words(None, {"from": "responder"})
    if mode == "auto" and (framed := _framed(step, router, reply, frames)) is not None:
        return Words(cut(framed.text, stop), {"from": "frames", "kind": framed.kind})
    spoken = spoken_frames(step, frames)
    text = compose_reply(step.decision, step.turn, step.tools, reply, step.history, spoken)
    return Words(cut(text, stop), {"from": "reply" if text == small_reply(spoken, reply, step.history) else "rule"})


def spoken_frames(step: Step, frames: str | None = None) -> Frames:
    """The frames of a file, else the package's in the language of the conversation."""
    if frames:
        return load_frames(Path(frames))
    return load_frames(None, conversation_language(m.text for m in step.history if m.role == "user"))


def _framed(step: Step, router: Decider, reply: str, frames: str | None) -> Framed | None:
    """Words of the frames. Another `reply` than the default stands for all small talk, in whatever language."""
    from trm_agent.responses.speaking import Outcome, speak_with_frames

    if step.decision.content:
        return None
    last = step.turn.last_result if step.turn.ends_with_result else None
    encoder = getattr(router, "encoder", None)
    return speak_with_frames(
        spoken_frames(step, frames),
        step.decision,
        step.history,
        step.tools,
        encoder=encoder if hasattr(encoder, "encode") else None,
        outcome=None if last is None else Outcome(last.failed, last.rejected),
        small_talk=reply == DEFAULT_REPLY,
    )


def _asked(step: Step) -> tuple[Decision, list[Message], tuple[ToolSchema, ...]]:
    return step.decision, step.history, step.tools


def _responses(router: Decider, mode: Mode) -> Responses | None:
    held: Responses | None = None if mode == "ask" else getattr(router, "responses", None)
    if mode == "retrieve" and held is None:
        raise CheckpointError(
            'responses="retrieve" needs a checkpoint with responses, and this one has none; learn them with '
            "recipes/train_responses.py or train_router --responses"
        )
    if mode == "generate" and (held is None or held.writer is None):
        raise CheckpointError(
            'responses="generate" needs a checkpoint with a decoder, and this one has none; learn one with '
            "recipes/train_responses.py or train_router --responses"
        )
    return held
