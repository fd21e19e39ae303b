"""What the simplest methods reach on the same samples, so that a figure can be read against something.

Decision: the training data's majority; logistic regression on the sentence vectors of the last user and assistant
message and the role that spoke last. Tool of a gold call: the tool whose name and description are nearest to the last
user message; the five nearest training calls. None of them gives arguments or slots, so those figures stay None.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import DataError, requires_extra
from trm_agent.evaluation.metrics import Verdict
from trm_agent.evaluation.report import grouped_figures
from trm_agent.log import progress as progress_bar
from trm_agent.types import ROLES, Role, Sample, ToolSchema, identifier_words

NEIGHBOURS = 5
TRAIN_LIMIT = 20_000
CHUNK = 512

Vectors = Mapping[str, np.ndarray]


def run_baselines(
    train: Iterable[Sample],
    samples: Sequence[Sample],
    encoder: Encoder,
    *,
    limit: int = TRAIN_LIMIT,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, dict[str, Any]]:
    """Fit the baselines and judge them.

    Args:
        train: Taken one at a time; samples whose decision is not known are passed over.
        samples: What they are judged on.
        encoder: The frozen encoder whose sentence vectors they use.
        limit: At most so many training samples are kept, drawn with the seed.
        seed: See above.
        progress: Show a bar.

    Returns:
        Name of the baseline → {"groups", "after_user"}, as in the report.

    Raises:
        DataError: The training data does not hold both decisions.
    """
    known = _draw((sample for sample in train if sample.meta.get("decision_known") is not False), limit, seed)
    counts = Counter(sample.decision for sample in known)
    if len(counts) < 2:
        held = f"only {next(iter(counts))}" if counts else "no samples with a known decision"
        raise DataError(f"the training data of the baselines holds {held}; both decisions are needed")
    vectors = _sentences(_texts(known, samples), encoder, progress)
    verdicts = {
        "majority": _decided(samples, [counts["tool_call"] > counts["direct_answer"]] * len(samples)),
        "logistic_regression": _decided(samples, _regression(known, samples, vectors)),
        "nearest_tool": [_pointed(sample, _nearest_tool(sample, vectors)) for sample in samples],
        "nearest_calls": _by_neighbours(known, samples, vectors),
    }
    return {name: _figures(samples, found) for name, found in verdicts.items()}


def _draw(samples: Iterable[Sample], limit: int, seed: int) -> list[Sample]:
    """So many samples, drawn evenly, without their tools."""
    rng = random.Random(seed)
    kept: list[Sample] = []
    for position, sample in enumerate(samples):
        if len(kept) < limit:
            kept.append(replace(sample, tools=()))
        elif (place := rng.randrange(position + 1)) < limit:
            kept[place] = replace(sample, tools=())
    return kept


def _texts(train: Iterable[Sample], samples: Iterable[Sample]) -> Iterator[str]:
    for sample in (*train, *samples):
        yield _last(sample, "user")
        yield _last(sample, "assistant")
    for sample in samples:
        if sample.tool:
            yield from map(_tool_text, sample.tools)


def _last(sample: Sample, role: Role) -> str:
    return next((message.text for message in reversed(sample.history) if message.role == role), "")


def _tool_text(tool: ToolSchema) -> str:
    return f"{identifier_words(tool.name)}: {tool.description}" if tool.description else identifier_words(tool.name)


def _sentences(texts: Iterable[str], encoder: Encoder, progress: bool) -> Vectors:
    """Text → sentence vector [E]; the token vectors are dropped chunk by chunk."""
    distinct = sorted(set(texts), key=len)
    chunks: Iterable[list[str]] = [distinct[i : i + CHUNK] for i in range(0, len(distinct), CHUNK)]
    vectors: dict[str, np.ndarray] = {}
    for chunk in progress_bar(chunks, "encoding for the baselines") if progress else chunks:
        vectors.update(zip(chunk, (encoded.sentence for encoded in encoder.encode(chunk)), strict=True))
    return vectors


def _regression(train: Sequence[Sample], samples: Sequence[Sample], vectors: Vectors) -> list[bool]:
    with requires_extra("train", "the baseline of a logistic regression"):
        from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=2000)
    model.fit(_features(train, vectors), [sample.decision == "tool_call" for sample in train])
    return [bool(called) for called in model.predict(_features(samples, vectors))]


def _features(samples: Sequence[Sample], vectors: Vectors) -> np.ndarray:
    """Last user message, last assistant message, role of the last message; [N, 2 E + 5]."""
    roles = np.eye(len(ROLES), dtype=np.float32)
    return np.stack(
        [
            np.concatenate(
                [
                    vectors[_last(sample, "user")],
                    vectors[_last(sample, "assistant")],
                    roles[ROLES.index(sample.history[-1].role)],
                ]
            )
            for sample in samples
        ]
    )


def _nearest_tool(sample: Sample, vectors: Vectors) -> str | None:
    if not sample.tool:
        return None
    query = vectors[_last(sample, "user")]
    by_name = sorted(sample.tools, key=lambda tool: tool.name)
    return max(by_name, key=lambda tool: float(vectors[_tool_text(tool)] @ query)).name


def _by_neighbours(train: Sequence[Sample], samples: Sequence[Sample], vectors: Vectors) -> list[Verdict]:
    """The tool that most of the nearest training calls of the tools on offer went to; None for a tool never called."""
    calls = [(sample.tool["name"], vectors[_last(sample, "user")]) for sample in train if sample.tool]
    names = np.array([name for name, _ in calls])
    matrix = np.stack([vector for _, vector in calls])
    known = set(names.tolist())
    verdicts = []
    for sample in samples:
        tool = None
        if sample.tool and sample.tool["name"] in known:
            offered = np.isin(names, [tool.name for tool in sample.tools])
            distance = np.where(offered, -(matrix @ vectors[_last(sample, "user")]), np.inf)
            near = np.argsort(distance, kind="stable")[: min(NEIGHBOURS, int(offered.sum()))]
            tool = Counter(names[near].tolist()).most_common(1)[0][0]
        verdicts.append(_pointed(sample, tool))
    return verdicts


def _decided(samples: Sequence[Sample], called: Sequence[bool]) -> list[Verdict]:
    return [
        Verdict(None if s.meta.get("decision_known") is False else s.decision == "tool_call", called=c)
        for s, c in zip(samples, called, strict=True)
    ]


def _pointed(sample: Sample, tool: str | None) -> Verdict:
    return Verdict(tool_right=tool == sample.tool["name"] if sample.tool and tool is not None else None)


def _figures(samples: Sequence[Sample], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    after = [i for i, sample in enumerate(samples) if sample.history[-1].role == "user"]
    return {
        "groups": grouped_figures(samples, verdicts),
        "after_user": grouped_figures([samples[i] for i in after], [verdicts[i] for i in after]),
    }
