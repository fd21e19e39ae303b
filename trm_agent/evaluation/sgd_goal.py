"""Joint goal accuracy as the publisher of Schema-Guided Dialogue scores it (DSTC8 track 4; Rastogi et al. 2020).

Every frame of a user turn counts once: the state of one service that the turn is about. Each slot of that service
scores between 0 and 1, the frame scores their product, and a group the mean over its frames. A closed slot scores 1
if it is the first gold value to the letter; an open one the fuzzy likeness to the nearest gold value; a slot that is
filled on one side only scores 0, one that is empty on both sides 1.

Frames are read off `meta.frames`, which the data set's converter writes: `{service, seen, tools, state}`, the state
as published (parameter → gold values). Samples without them, and those where the user did not speak last, have none.
The prediction is the router's slot state. Tools that declare a parameter identically share one slot there, so that
two services may have to share one value; the scorer lets them differ.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from math import prod
from typing import Any

from trm_agent.evaluation.metrics import is_filled, share
from trm_agent.types import Decision, Sample, Slot, ToolSchema, slot_table

_NO_WORD = re.compile(r"[\W_]")


@dataclass(frozen=True)
class FrameScore:
    """How right the state of one service is after one user turn.

    Attributes:
        service: Its name.
        seen: Whether the service is in the training split.
        joint: Product over the service's slots, in [0, 1].
        average: Mean over the slots filled in the gold state, in [0, 1]; None without one.
    """

    service: str
    seen: bool
    joint: float
    average: float | None

    @property
    def exact(self) -> bool:
        """Whether every slot is right in full."""
        return self.joint == 1.0


def frame_scores(sample: Sample, decision: Decision) -> list[FrameScore]:
    """One score for each frame of the user turn that a sample follows; none if the user did not speak last."""
    if sample.history[-1].role != "user":
        return []
    return [_score(frame, sample.tools, decision.slots) for frame in sample.meta.get("frames", ())]


def joint_goal(pairs: Iterable[tuple[Sample, Decision]]) -> dict[str, dict[str, Any]]:
    """`all`, `seen`, `unseen`, then every service by name → its figures; empty without frames.

    `seen` and `unseen` are of the frame's service, not of the turn.
    """
    groups: dict[str, list[FrameScore]] = defaultdict(list)
    for sample, decision in pairs:
        for score in frame_scores(sample, decision):
            for name in ("all", "seen" if score.seen else "unseen", score.service):
                groups[name].append(score)
    order = ["all", "seen", "unseen", *sorted(groups.keys() - {"all", "seen", "unseen"})]
    return {name: _figures(groups[name]) for name in order if name in groups}


@lru_cache(maxsize=65_536)
def likeness(gold: str, given: str) -> float:
    """How alike two texts are without case, punctuation and the order of their words, in [0, 1], to two digits.

    The token sort ratio that the scorer uses, with the standard library's matching of sequences.
    """
    a, b = _sorted_words(gold), _sorted_words(given)
    return round(100 * SequenceMatcher(None, a, b).ratio()) / 100 if a and b else 0.0


def _score(frame: Mapping[str, Any], tools: Sequence[ToolSchema], slots: Mapping[str, Any]) -> FrameScore:
    gold: Mapping[str, Sequence[str]] = frame["state"]
    own = dict(_own_slots(frozenset(frame["tools"]), tools))
    scores = {
        name: _slot_score(slot, gold.get(name, ()), slots.get(slot.key) if slot else None)
        for name, slot in {**dict.fromkeys(gold), **own}.items()
    }
    filled = [scores[name] for name in gold]
    average = sum(filled) / len(filled) if filled else None
    return FrameScore(frame["service"], frame["seen"], prod(scores.values()), average)


def _own_slots(names: frozenset[str], tools: Sequence[ToolSchema]) -> Iterator[tuple[str, Slot]]:
    """Parameter → slot, over the tools of one service."""
    for slot in slot_table(tools):
        yield from ((parameter, slot) for tool, parameter in slot.readers if tool in names)


def _slot_score(slot: Slot | None, gold: Sequence[str], given: Any) -> float:
    if not gold or not is_filled(given):
        return float(not gold and not is_filled(given))
    if slot is not None and slot.parameter.choices:
        return float(gold[0] == str(given))
    return max(likeness(value, str(given)) for value in gold)


def _figures(scores: Sequence[FrameScore]) -> dict[str, Any]:
    averages = [score.average for score in scores if score.average is not None]
    return {
        "frames": len(scores),
        "joint_goal_accuracy": sum(score.joint for score in scores) / len(scores),
        "joint_goal_exact": share(score.exact for score in scores),
        "average_goal_accuracy": sum(averages) / len(averages) if averages else None,
    }


def _sorted_words(text: str) -> str:
    return " ".join(sorted(_NO_WORD.sub(" ", text.lower()).split()))
