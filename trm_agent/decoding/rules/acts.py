"""Nothing is called that nobody asked for: a refusal, a report or a story holds a call back.

The network says for each turn what the user does with it. That judgement is made of the turn as a whole, the
probability of a call rather of its words: "please don't cancel B-77" shares its words with the order.
"""

from __future__ import annotations

from dataclasses import replace

from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.scene import Scene
from trm_agent.types import SPEECH_ACTS, SpeechAct

ASKS_FOR_NOTHING: tuple[SpeechAct, ...] = ("refuse", "hesitate", "give_up", "state", "small_talk")


def hold_back(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, a call at most as likely as it is that the user asks for something.

    Args:
        prediction: For a decision point; nothing changes where the weights know no speech acts.
        scene: Where it was made; nothing changes unless the user spoke last.
    """
    if not prediction.acts or not scene.user_spoke_last:
        return prediction
    against = sum(prediction.acts[SPEECH_ACTS.index(act)] for act in ASKS_FOR_NOTHING)
    return replace(prediction, call=min(prediction.call, max(0.0, 1 - against)))
