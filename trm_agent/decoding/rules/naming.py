"""Which text belongs to which parameter: the one whose name stands beside it.

"The price of the company Amazon on the NASDAQ exchange" has two names that `company` and `exchange` would both take.
The model points; where a tool has several parameters that are texts, the words next to a text speak for the parameter
they name and against the others. Nothing is found that the model did not point at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.rules.spans import weighed_by_names
from trm_agent.decoding.rules.wording import UNFILLED
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import parameter_words
from trm_agent.text.language import word_list
from trm_agent.text.nouns import singular
from trm_agent.types import Slot, Span

BEFORE, AFTER = 3, 1
"""Words looked at."""
_WORD = re.compile(r"[^\W\d_]+")
_BREAK = re.compile(r"[.;,:?!](?:\s|$)| and | with | or ")
_GENERAL = word_list("general_in_names")


def name_texts(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction, texts weighed by the parameters' names that stand beside them.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
    """
    slots, history = scene.slots, scene.history
    if not scene.fits(prediction):
        return prediction
    texts = _texts(prediction, slots)
    words = {i: _name(slots[i].parameter.name) for i in texts}
    out = list(prediction.slots)
    for i in texts:
        sisters = [j for j in texts if j != i and not slots[i].tools.isdisjoint(slots[j].tools)]
        if sisters and len(out[i].spans) > 1:
            others = frozenset().union(*(words[j] for j in sisters))
            out[i] = weighed_by_names(out[i], history, _beside, words[i] - others, others - words[i])
    return replace(prediction, slots=tuple(out))


def _texts(prediction: Prediction, slots: Sequence[Slot]) -> list[int]:
    """The slots that are open texts of a tool, where the model points at something."""
    return [
        i
        for i, (slot, said) in enumerate(zip(slots, prediction.slots, strict=True))
        if slot.readers and slot.parameter.type == "string" and said.spans and said.filled > UNFILLED
    ]


@lru_cache(maxsize=8192)
def _name(name: str) -> frozenset[str]:
    return frozenset(singular(word) for word in parameter_words(name).split() if word not in _GENERAL)


@lru_cache(maxsize=16_384)
def _beside(text: str, place: Span) -> tuple[frozenset[str], frozenset[str]]:
    """Words before and after a place, up to the end of the clause."""
    before = _WORD.findall(_BREAK.split(text[: place[0]])[-1])[-BEFORE:]
    after = _WORD.findall(_BREAK.split(text[place[1] :], maxsplit=1)[0])[:AFTER]
    return frozenset(map(singular, before)), frozenset(map(singular, after))
