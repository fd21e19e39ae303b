"""Seal-Tools (Wu et al. 2024): one request, the calls it wants → samples.

The splits share tools: a request that calls a tool of the out-of-domain benchmark is left out of the training
splits, and no such tool is a distractor there. Training keeps what can be known from the request: a call that uses the
outcome of another, or needs a value that nobody said, leaves its request out; the benchmark keeps the latter as
published.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from recipes.corpora.building import Options, call_slots, declare, with_distractors
from recipes.corpora.rivals import without_rivals
from recipes.corpora.wordings import GoldCall, accept_of, hold_against, json_type
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Message, Sample, ToolSchema

TRAINING = ("dev", "test_in_domain")
BENCHMARK = "test_out_domain"
OTHER_BENCHMARKS = frozenset(("bookHotel",))
"""Tools that MTU-Bench declares too: kept out of training like those of this corpus's benchmark."""
ABSENT = 0.12
"""Share of single calls for training whose tool is taken off the list."""
MOST_DISTRACTORS = 12
BENCHMARK_DISTRACTORS = 10

_REFERENCE = "API_call"
_PLACEHOLDER = r"(?:specific|specified|given|certain|particular|provided|mentioned|aforementioned)"


@dataclass(frozen=True)
class Pool:
    """The tools of the corpus.

    Attributes:
        tools: Name → schema.
        fields: Name → the publisher's field, such as `Sports/Golf`.
    """

    tools: dict[str, ToolSchema]
    fields: dict[str, str]


def read_pool(path: Path) -> Pool:
    """Read `tool.jsonl`.

    Raises:
        DataError: It cannot be read.
    """
    tools: dict[str, ToolSchema] = {}
    fields: dict[str, str] = {}
    for record in _read_lines(path):
        properties = {name: _specification(spec) for name, spec in record["parameters"].items()}
        name = record["api_name"]
        tools[name] = declare(name, record["api_description"], properties, record["required"])
        fields[name] = record["field"]
    return Pool(tools, fields)


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the publisher's folder (`tool.jsonl`, `<split>.jsonl`).

    Args:
        folder: As published.
        options: `split`: `dev`, `test_in_domain`, `test_out_domain`, or several joined by `+` (default: the first
            two, for training). `distractors`: at most so many, by default up to 12 in training; the benchmark always
            has this number, by default 10. `hold_out`, `only`: tools.

    Raises:
        DataError: A file is missing or not what it should be, or there is no such split.
    """
    splits = options.split.split("+") if options.split else list(TRAINING)
    if unknown := set(splits) - {*TRAINING, BENCHMARK}:
        raise DataError(f"unknown split {sorted(unknown)}; expected dev, test_in_domain or test_out_domain")
    pool = read_pool(folder / "tool.jsonl")
    published = _read_lines(folder / f"{BENCHMARK}.jsonl")
    benchmark = OTHER_BENCHMARKS | {call["api"] for record in published for call in record["calling"]}
    counts: Counter[str] = Counter()
    for split in splits:
        records = list(_read_lines(folder / f"{split}.jsonl"))
        if options.num_dialogues:
            records = options.rng(split).sample(records, min(options.num_dialogues, len(records)))
        training = split != BENCHMARK
        reserved = (benchmark if training else frozenset()) | options.hold_out
        offer = [tool for name, tool in pool.tools.items() if name not in reserved]
        for record in records:
            counts["requests"] += 1
            rng = options.rng(record["id"])
            if not options.wants(call["api"] for call in record["calling"]):
                counts["held out"] += 1
            elif training and not reserved.isdisjoint(call["api"] for call in record["calling"]):
                counts["left out: calls a tool of the benchmark"] += 1
            elif sample := convert_request(record, pool, offer, rng, counts, options.distractors, training=training):
                yield sample
    logger.info("seal-tools %s: %s", "+".join(splits), dict(counts))


def convert_request(
    record: Mapping[str, Any],
    pool: Pool,
    offer: Sequence[ToolSchema],
    rng: Random,
    counts: Counter[str],
    distractors: int | None = None,
    *,
    training: bool = True,
) -> Sample | None:
    """The sample of one request; None if it is left out.

    Args:
        record: As published.
        pool: All tools.
        offer: Distractors are drawn from these.
        rng: Draws them, their number and the order.
        counts: Of what is converted and left out and why, added to.
        distractors: At most so many, for the benchmark just so many; None for the default.
        training: Whether this is for training, not for the benchmark.
    """
    history = (Message("user", record["query"]),)
    if reason := _unusable(record, training):
        counts[f"left out: {reason}"] += 1
        return None
    calls = [hold_against(pool.tools[c["api"]], c["parameters"], history) for c in record["calling"]]
    counts["arguments that are not of the declared type"] += sum(len(call.dropped) for call in calls)
    optional: list[tuple[str, ...]] = []
    if training:
        invented = [_invented(call, record["query"]) for call in calls]
        counts["optional arguments that nobody said"] += sum(map(len, invented))
        calls = [call.without(names) for call, names in zip(calls, invented, strict=True)]
        optional = invented
    if not all(call.is_valid(pool.tools[call.name]) for call in calls):
        counts["left out: a required value is not said" if training else "left out: no valid call"] += 1
        return None
    own = _distinct(calls, pool)
    absent = training and len(calls) == 1 and rng.random() < ABSENT
    most = distractors if distractors is not None else MOST_DISTRACTORS if training else BENCHMARK_DISTRACTORS
    names = {tool.name for tool in own}
    others = [tool for tool in offer if tool.name not in names]
    if training:
        others = without_rivals(others, own, by_topic=absent)
    least, most = (1, max(most, 1)) if absent else (0 if training else most, most)
    tools = with_distractors([] if absent else own, others, rng, least, most)
    meta = {
        "source": "seal-tools",
        "subset": ("single" if len(calls) == 1 else "multiple") + ("/absent" if absent else ""),
        "domain": pool.fields[calls[0].name].split("/")[0],
        "dialogue": record["id"],
        "seen": training,
        "intent": None if absent else calls[0].name,
    }
    counts["direct answers" if absent else "calls"] += 1 if absent else len(calls)
    if absent:
        return Sample(tools, history, "direct_answer", {}, None, None, f"seal-tools/{record['id']}", meta=meta)
    gold = [call.call for call in calls]
    return Sample(
        tools=tools,
        history=history,
        decision="tool_call",
        slots=call_slots(tools, gold),
        tool=gold[0],
        content=None,
        id=f"seal-tools/{record['id']}",
        accept=accept_of(calls, tools, optional),
        meta=meta,
        calls=tuple(gold) if len(gold) > 1 else (),
    )


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise DataError(f"{path}:{number}: expected an object, got {type(record).__name__}")
                yield record
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def _specification(published: Mapping[str, Any]) -> dict[str, Any]:
    """Its JSON Schema; `example`, `unit` and the like stay with the description alone."""
    out = {**json_type(published["type"]), "description": published.get("description", "")}
    if isinstance(published.get("choices"), list):
        out["enum"] = published["choices"]
    if "default" in published:
        out["default"] = published["default"]
    return out


def _unusable(record: Mapping[str, Any], training: bool) -> str | None:
    """Why a request cannot be converted."""
    if any(_REFERENCE in str(value) for call in record["calling"] for value in call["parameters"].values()):
        return "a call uses the outcome of another"
    if training and record["query"].lstrip().startswith("{"):
        return "no request"
    return None


def _invented(call: GoldCall, query: str) -> tuple[str, ...]:
    """Arguments that nobody said, and those that only stand for a value ("a specific country")."""
    placeholders = [
        name
        for name, value in call.call["arguments"].items()
        if isinstance(value, str) and re.search(rf"\b{_PLACEHOLDER}\s+{re.escape(value)}\b", query, re.IGNORECASE)
    ]
    return tuple(dict.fromkeys([*call.unsaid, *placeholders]))


def _distinct(calls: Sequence[GoldCall], pool: Pool) -> list[ToolSchema]:
    return [pool.tools[name] for name in dict.fromkeys(call.name for call in calls)]
