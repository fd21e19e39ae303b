"""Raw scores to probabilities that mean something.

Three small logistic models: is the decision (and its tool) right, is the emitted call right in whole, is one value
right. Coefficients are plain numbers in JSON; scikit-learn is needed to fit them, never to use them. A model that
could not be fitted is the identity: the plain product of the raw probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trm_agent.errors import CheckpointError, requires_extra
from trm_agent.log import logger
from trm_agent.types import Decision, Value

CALIBRATION_VERSION = 3
MIN_RECORDS = 40
MIN_PER_CLASS = 8

_EDGE = 1e-6
_OF_CALLS = ("calls", "opening", "unread", "unread_numbers", "later", "lists", "shared", "carried")
_OLDER = {1: {"call": 5}, 2: {"call": 9}}
"""Version → how many features a model had that has more today; the others count nothing there."""


@dataclass(frozen=True)
class DecisionScores:
    """What the model said, before calibration; probabilities in [0, 1], `margin` in [-1, 1].

    Attributes:
        decision: Probability of the decision that was taken.
        tool: Probability of the tool given that a call is made; 1 for a direct answer.
        margin: Lead of the outcome taken (direct answer, or one tool) over the best other outcome.
        halt: The halting head: "the whole decision is right".
        arguments: Product over the arguments of all calls; None without a call.
        weakest: The least certain of them; None without a call.
        omitted: Probability that what was left out of the (first) call is rightly left out; None without a call.
        values: Slot key → probability of its value, for the slots read at this decision point.
        calls: How many are made.
        opening: 1 where calls with parameters answer the user's first message, else 0; like the next two only of calls.
        unread: Share of the words of the user's last message that no call accounts for (`decoding.coverage`).
        unread_numbers: So many numbers of it.
        later: 1 where calls with parameters answer a later message of the user, else 0.
        lists: Arguments with several entries, or with records.
        shared: Arguments that are read from words, or are entries of a closed list named by words, of another argument.
        carried: Share of the arguments that do not stand in the user's last message.
    """

    decision: float
    tool: float
    margin: float
    halt: float
    arguments: float | None = None
    weakest: float | None = None
    omitted: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    calls: float = 1.0
    opening: float = 0.0
    unread: float = 0.0
    unread_numbers: float = 0.0
    later: float = 0.0
    lists: float = 0.0
    shared: float = 0.0
    carried: float = 0.0

    @classmethod
    def of(cls, decision: Decision) -> DecisionScores:
        """The scores a decision was made with, read back from its record."""
        scores = decision.scores
        prefix = "value:"
        return cls(
            decision=scores["decision"],
            tool=scores["tool"],
            margin=scores["margin"],
            halt=scores["halt"],
            arguments=scores.get("arguments"),
            weakest=scores.get("weakest"),
            omitted=scores.get("omitted"),
            values={key.removeprefix(prefix): p for key, p in scores.items() if key.startswith(prefix)},
            **{name: scores[name] for name in _OF_CALLS if name in scores},
        )

    def to_json(self) -> dict[str, float]:
        """Flat, for `Decision.scores`; a value's score stands under `value:<slot key>`."""
        out = {"decision": self.decision, "tool": self.tool, "margin": self.margin, "halt": self.halt}
        for name in ("arguments", "weakest", "omitted"):
            if (score := getattr(self, name)) is not None:
                out[name] = score
        if self.is_call:
            out |= {name: getattr(self, name) for name in _OF_CALLS}
        return out | {f"value:{key}": p for key, p in self.values.items()}

    @property
    def is_call(self) -> bool:
        return self.arguments is not None


@dataclass(frozen=True)
class CalibrationRecord:
    """One decision and what was right about it.

    Attributes:
        scores: Of the decision.
        decision_right: Decision and tool are right; None where the data does not say.
        call_right: The emitted call is right in whole; None without a call or where the data does not say.
        values_right: Slot key → whether the value read for it is right; slots that are not judged are left out.
    """

    scores: DecisionScores
    decision_right: bool | None = None
    call_right: bool | None = None
    values_right: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Logistic:
    """sigmoid(coefficients · features + intercept)."""

    coefficients: tuple[float, ...]
    intercept: float

    def __call__(self, features: Sequence[float]) -> float:
        return _sigmoid(self.score(features))

    def score(self, features: Sequence[float]) -> float:
        """The logit of the probability."""
        return self.intercept + math.fsum(c * f for c, f in zip(self.coefficients, features, strict=True))

    def widened(self, width: int) -> Logistic:
        """The same over so many features, of which the new ones count nothing."""
        return Logistic((*self.coefficients, *[0.0] * (width - len(self.coefficients))), self.intercept)


@dataclass(frozen=True)
class Calibration:
    """Maps raw scores to calibrated probabilities; None stands for the identity.

    Attributes:
        decision: Over `decision_features`.
        call: Over `call_features`.
        value: Over the logit of a value's probability.
        ordinary: Words that a right call may leave unread (`trm_agent.decoding.coverage`).
        holds: False where held-out decisions were right less often than it promises.
    """

    decision: Logistic | None = None
    call: Logistic | None = None
    value: Logistic | None = None
    ordinary: frozenset[str] = frozenset()
    holds: bool = True

    @classmethod
    def identity(cls) -> Calibration:
        return cls()

    @property
    def calibrated(self) -> bool:
        """Whether all three models were fitted, and hold as far as is known."""
        return self.holds and None not in (self.decision, self.call, self.value)

    def summary(self, samples: int) -> dict[str, Any]:
        """What a training record says of it: fitted or not, in whole and in parts, and on how many samples."""
        parts = {name: getattr(self, name) is not None for name in ("decision", "call", "value")}
        return {"fitted": self.calibrated, "samples": samples, **parts}

    def decision_confidence(self, scores: DecisionScores) -> float:
        """Probability that decision and tool are right."""
        if self.decision is None:
            return _unit(scores.decision * scores.tool)
        return self.decision(decision_features(scores))

    def call_confidence(self, scores: DecisionScores) -> float:
        """Probability that the emitted call is right in whole."""
        if self.call is None:
            return _unit(scores.decision * scores.tool * (1.0 if scores.arguments is None else scores.arguments))
        return self.call(call_features(scores))

    def sure(self, value: Value, of: int = 1) -> Value:
        """A value that was read, its probability made a confidence; `of`: so many share the probability."""
        return replace(value, confidence=self.value_confidence(min(1.0, value.confidence * of)))

    def value_confidence(self, probability: float) -> float:
        """Probability that one value is right."""
        return _unit(probability) if self.value is None else self.value(value_features(probability))

    def value_score(self, confidence: float) -> float:
        """The probability that `value_confidence` has made a confidence of."""
        if self.value is None or not self.value.coefficients[0]:
            return _unit(confidence)
        return _sigmoid((_logit(confidence) - self.value.intercept) / self.value.coefficients[0])

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"version": CALIBRATION_VERSION, "calibrated": self.calibrated}
        out["ordinary"] = sorted(self.ordinary)
        out |= {} if self.holds else {"holds": False}
        for name in ("decision", "call", "value"):
            model = getattr(self, name)
            out[name] = model and {"coefficients": list(model.coefficients), "intercept": model.intercept}
        return out

    @classmethod
    def from_json(cls, data: Any) -> Calibration:
        """Read what `to_json` wrote.

        Raises:
            CheckpointError: An unknown version, or coefficients that are missing, too few or not finite.
        """
        version = data.get("version") if isinstance(data, Mapping) else type(data).__name__
        if version != CALIBRATION_VERSION and version not in _OLDER:
            raise CheckpointError(f"calibration: version {version!r}; expected {CALIBRATION_VERSION}")
        older = _OLDER.get(version, {})
        models = {name: _read_model(name, data.get(name), older.get(name, width)) for name, width in _WIDTHS.items()}
        ordinary = data.get("ordinary", [])
        if not isinstance(ordinary, list) or not all(isinstance(word, str) for word in ordinary):
            raise CheckpointError(f"calibration: 'ordinary' must be a list of words, got {ordinary!r}")
        wide = {name: model and model.widened(_WIDTHS[name]) for name, model in models.items()}
        return cls(**wide, ordinary=frozenset(ordinary), holds=data.get("holds", True) is not False)


def decision_features(scores: DecisionScores) -> tuple[float, ...]:
    """Logits of the product, the decision and the halting head; the margin; whether it is a call."""
    product = _logit(scores.decision * scores.tool)
    return product, _logit(scores.decision), scores.margin, _logit(scores.halt), float(scores.is_call)


def call_features(scores: DecisionScores) -> tuple[float, ...]:
    """Logits of the whole product, decision and tool, the weakest argument, what is left out, the halting head; how
    many calls there are; what of the user's message is unread; lists, words taken twice, arguments from before.

    What is unread counts apart for a conversation's first request and for later messages: these answer questions and
    take offers up, and say much that is no argument. For tools without parameters it does not count.
    """
    arguments, weakest, omitted = (1.0 if p is None else p for p in (scores.arguments, scores.weakest, scores.omitted))
    both = scores.decision * scores.tool
    logits = map(_logit, (both * arguments, both, weakest, omitted, scores.halt))
    numbers = math.log1p(scores.unread_numbers)
    first = scores.opening, scores.opening * scores.unread, scores.opening * numbers
    later = scores.later * scores.unread, scores.later * numbers
    held = math.log1p(scores.lists), min(1.0, scores.shared), scores.carried
    return *logits, math.log(scores.calls), *first, *later, *held


def value_features(probability: float) -> tuple[float, ...]:
    """The logit of a value's probability."""
    return (_logit(probability),)


_WIDTHS = {"decision": 5, "call": 14, "value": 1}


def fit_calibration(records: Iterable[CalibrationRecord], *, ordinary: frozenset[str] = frozenset()) -> Calibration:
    """Fit the three models on decisions that were not trained on.

    Args:
        records: Of held-out decision points, own state.
        ordinary: Words that their `unread` does not count.

    Returns:
        A calibration; what there was too little data for, or data of one class only, stays the identity, and a
        warning says so.
    """
    fitted = {name: _fit(name, pairs) for name, pairs in labelled(list(records)).items()}
    return Calibration(fitted["decision"], fitted["call"], fitted["value"], ordinary)


def labelled(records: Sequence[CalibrationRecord]) -> dict[str, list[tuple[tuple[float, ...], bool]]]:
    """Model (`decision`, `call`, `value`) → its features of each record, and whether that was right."""
    return {
        "decision": [(decision_features(r.scores), r.decision_right) for r in records if r.decision_right is not None],
        "call": [(call_features(r.scores), r.call_right) for r in records if r.call_right is not None],
        "value": [
            (value_features(r.scores.values[key]), right)
            for r in records
            for key, right in r.values_right.items()
            if key in r.scores.values
        ],
    }


def _fit(name: str, pairs: Sequence[tuple[tuple[float, ...], bool]]) -> Logistic | None:
    right = sum(label for _, label in pairs)
    if len(pairs) < MIN_RECORDS or min(right, len(pairs) - right) < MIN_PER_CLASS:
        logger.warning(
            "%s confidence stays uncalibrated: %d records, %d of them right; at least %d records and %d of each "
            "kind are needed",
            name,
            len(pairs),
            right,
            MIN_RECORDS,
            MIN_PER_CLASS,
        )
        return None
    import numpy as np

    with requires_extra("train", "fitting a calibration"):
        from sklearn.linear_model import LogisticRegression

    features = np.asarray([f for f, _ in pairs], dtype=np.float64)
    labels = np.asarray([label for _, label in pairs], dtype=np.int64)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    model = LogisticRegression(max_iter=1000).fit((features - mean) / scale, labels)
    coefficients = model.coef_[0] / scale
    intercept = float(model.intercept_[0] - coefficients @ mean)
    return Logistic(tuple(float(c) for c in coefficients), intercept)


def _read_model(name: str, data: Any, width: int) -> Logistic | None:
    if data is None:
        return None
    try:
        model = Logistic(tuple(float(c) for c in data["coefficients"]), float(data["intercept"]))
    except (TypeError, KeyError, ValueError):
        raise CheckpointError(f"calibration: {name!r} must be null or {{coefficients, intercept}}") from None
    if len(model.coefficients) != width or not all(map(math.isfinite, (*model.coefficients, model.intercept))):
        raise CheckpointError(f"calibration: {name!r} needs {width} finite coefficients, got {data['coefficients']!r}")
    return model


def _unit(p: float) -> float:
    return min(1.0, max(0.0, p))


def _sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))


def _logit(p: float) -> float:
    p = min(1 - _EDGE, max(_EDGE, p))
    return math.log(p / (1 - p))
