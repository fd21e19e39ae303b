"""One doubted value does not hold a call up where the model knows very well which words it would be.

"Compound interest for an amount of 1500 for 2 years at 2.5 %": all is read but the principal, of which the model says
that it is probably not there, and if it is, then it is the 1500, which nothing else takes. Then it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trm_agent.decoding.prediction import Prediction, SlotPrediction
from trm_agent.decoding.rules.spans import surer
from trm_agent.decoding.scene import Scene

TOOL, CALL = 0.8, 0.2
"""Least probability of the tool and of a call; a call is made from .5."""
FILLED, POINTED = 0.05, 0.7
"""Least probability of being filled for the doubted slot, and of the words for it."""
MADE = 0.5
"""Probability that the call is left with, and least one of the doubted slot being filled: enough, hardly more."""


def settle(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction; a call that one required text or number alone holds up is made if its words are clear.

    Args:
        prediction: For a decision point; nothing changes where a call is made already.
        scene: Where it was made; nothing changes unless the user spoke last.
    """
    if not scene.answers_user(prediction):
        return prediction
    if not CALL <= prediction.call < MADE or not max(prediction.tools) >= TOOL:
        return prediction
    tool, slots = scene.meant(prediction), scene.slots
    own = {i for i, slot in enumerate(slots) if tool.name in slot.tools}
    required = [i for i in own if any(owner == tool.name and name in tool.required for owner, name in slots[i].readers)]
    doubted = [i for i in required if prediction.slots[i].filled <= MADE]
    if len(doubted) != 1:
        return prediction
    said = prediction.slots[doubted[0]]
    others = [prediction.slots[i] for i in own if i != doubted[0] and prediction.slots[i].filled > MADE]
    if said.choices or said.filled < FILLED or not _clear(said, others, len(scene.history) - 1):
        return prediction
    out = list(prediction.slots)
    out[doubted[0]] = surer(said, MADE + (1 - MADE) * said.filled)
    return replace(prediction, call=MADE, slots=tuple(out))


def _clear(said: SlotPrediction, others: Sequence[SlotPrediction], message: int) -> bool:
    """Whether the best words are in the last message, likely, and no other slot's best."""
    if not said.spans:
        return False
    best = said.spans[0]
    taken = any(other.spans and best.overlaps(other.spans[0]) for other in others)
    return best.message == message and best.probability >= POINTED and not taken
