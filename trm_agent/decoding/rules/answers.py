"""What answers a question outright, and what a closed list calls otherwise than the user does.

"17", after "For which date?", is the date: the model takes a bare number for none. "Decline it" is the entry
`declined`, "more than 4" the entry `>`: it compares sentences, and signs have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from trm_agent.decoding.in_history import read_source
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.rules.spans import surer
from trm_agent.decoding.scene import Scene
from trm_agent.text.field_names import parameter_words
from trm_agent.text.nouns import singular
from trm_agent.text.sentences import sentences
from trm_agent.types import Source
from trm_agent.values.choices import said_choices
from trm_agent.values.moment_in_message import moment_kind

SURE = 0.9
"""Probability of an answer, and of the call that it makes whole."""
TOOL = 0.5
"""Least probability of the tool that is asked for."""
WORDS = 6
"""An answer has no more."""
LIKELY = 0.3
"""Least probability of being filled for an entry that is said in another form to be taken."""
_WORD = re.compile(r"[^\W\d_]+")
_DENIED = re.compile(r"\b(?:not?|without|but|except|excluding|never|don't|n't)\b", re.IGNORECASE)


def take_answers(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction; a day, a time or a number that was asked for and is all of the answer is there.

    Args:
        prediction: For a decision point.
        scene: Where it was made; nothing changes unless the user answers a question.
    """
    slots, history = scene.slots, scene.history
    if not scene.answers_user(prediction) or len(history) < 2 or history[-2].role != "assistant":
        return prediction
    question, text = history[-2].text.strip(), history[-1].text
    tool = scene.meant(prediction)
    if not question.endswith("?") or not max(prediction.tools) >= TOOL or len(text.split()) > WORDS:
        return prediction
    asked = {singular(word) for word in _WORD.findall(sentences(question)[-1])}
    needed = [i for i, slot in enumerate(slots) if any(o == tool.name and p in tool.required for o, p in slot.readers)]
    empty = [i for i in needed if prediction.slots[i].filled < TOOL]
    meant = [i for i in empty if asked & set(map(singular, parameter_words(slots[i].parameter.name).split()))]
    if len(meant) != 1 or prediction.slots[meant[0]].choices:
        return prediction
    slot = slots[meant[0]]
    if moment_kind(slot.parameter) is None and slot.parameter.type not in ("integer", "number"):
        return prediction
    start = len(text) - len(text.lstrip())
    end = start + len(text.strip())
    source = Source("span", len(history) - 1, start, end, text[start:end])
    if read_source(source, slot.parameter, history, None, slot) is None:
        return prediction
    out = list(prediction.slots)
    span = SpanCandidate(len(history) - 1, start, end, SURE)
    out[meant[0]] = replace(surer(out[meant[0]], SURE), spans=(span,))
    whole = len(empty) == 1
    return replace(prediction, slots=tuple(out), call=max(prediction.call, SURE) if whole else prediction.call)


def say_forms(prediction: Prediction, scene: Scene) -> Prediction:
    """The same prediction; of a closed list the one entry that the user's last message says in another form is chosen.

    Args:
        prediction: For a decision point.
        scene: Where it was made; nothing changes unless the user spoke last.
    """
    if not scene.answers_user(prediction):
        return prediction
    meant, text = scene.meant(prediction).name, scene.request
    out = list(prediction.slots)
    for i, slot in enumerate(scene.slots):
        parameter, said = slot.parameter, out[i]
        closed = said.choices and parameter.type not in ("array", "boolean") and meant in slot.tools
        if not closed or not (said.filled >= LIKELY or (parameter.required and prediction.call >= LIKELY)):
            continue
        named = said_choices(text, parameter)
        # What is said as it is listed the model sees, and knows which parameter it is said of.
        if len(named) == 1 and not _DENIED.search(text) and not re.search(rf"\b{re.escape(named[0])}\b", text, re.I):
            out[i] = _chosen(said, [choice == named[0] for choice in parameter.choices])
    return replace(prediction, slots=tuple(out))


def _chosen(said: SlotPrediction, named: Sequence[bool]) -> SlotPrediction:
    best = max(range(len(named)), key=lambda i: said.choices[i])
    if named[best]:
        return said
    rest = sum(p for p, yes in zip(said.choices, named, strict=True) if not yes) or 1.0
    choices = tuple(SURE if yes else p * (1 - SURE) / rest for p, yes in zip(said.choices, named, strict=True))
    return surer(replace(said, choices=choices), max(said.filled, SURE))
