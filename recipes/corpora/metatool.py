"""MetaTool / ToolE (Huang et al. 2023): a request, the one tool that serves it → samples.

Tools are a name and a description, so a call has no arguments. Task 1 asks only whether a request needs a tool; its
requests are kept out of training, its tools are not.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from recipes.corpora.building import Options, declare, with_distractors
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Message, Sample, ToolSchema

ABSENT = 0.12
"""Share of requests for training whose tool is taken off the list."""
MOST_DISTRACTORS = 12
BENCHMARK_DISTRACTORS = 9
_FEWEST_WORDS = 3


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the publisher's folder (`plugin_des.json`, `all_clean_data.csv`, `Task1.json`).

    Args:
        folder: As published.
        options: `split`: `train` (default) or `task1`. `distractors`: at most so many, by default 12 in training;
            Task 1 has one tool more than this on every list, by default 10 tools. `hold_out`, `only`: tools.

    Raises:
        DataError: A file is missing or not what it should be, or there is no such split.
    """
    split = options.split or "train"
    if split not in ("train", "task1"):
        raise DataError(f"unknown split {split!r}; expected train or task1")
    tools = {name: declare(name, text) for name, text in _read_json(folder / "plugin_des.json").items()}
    task1 = _read_json(folder / "Task1.json")
    records = _training(folder, task1) if split == "train" else _benchmark(task1)
    if options.num_dialogues:
        records = options.rng(split).sample(records, min(options.num_dialogues, len(records)))
    offer = [tool for name, tool in tools.items() if name not in options.hold_out]
    for name, query, wanted in records:
        if wanted is None or options.wants([wanted]):
            gold = tools[wanted] if wanted is not None else None
            yield _sample(name, query, gold, offer, options.rng(name), options.distractors, training=split == "train")


def _training(folder: Path, task1: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str | None]]:
    """(name, request, tool), without those of Task 1, repeated ones and those with several right tools."""
    rows = list(_read_rows(folder / "all_clean_data.csv"))
    kept_out = {_key(item["query"]) for item in task1}
    right: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        right[_key(row["Query"])].add(row["Tool"])
    counts: Counter[str] = Counter(requests=len(rows))
    out: list[tuple[str, str, str | None]] = []
    done: set[str] = set()
    for number, row in enumerate(rows):
        key = _key(row["Query"])
        if key in kept_out:
            counts["left out: in Task 1"] += 1
        elif key in done:
            counts["left out: repeated"] += 1
        elif len(right[key]) > 1:
            counts["left out: several tools are right"] += 1
        elif len(key.split()) < _FEWEST_WORDS:
            counts["left out: too short"] += 1
        else:
            done.add(key)
            out.append((f"train/{number}", row["Query"], row["Tool"]))
    logger.info("metatool train: %s, %d kept", dict(counts), len(out))
    return out


def _benchmark(task1: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str | None]]:
    return [(f"task1/{number}", item["query"], item.get("tool")) for number, item in enumerate(task1)]


def _sample(
    name: str,
    query: str,
    gold: ToolSchema | None,
    offer: Sequence[ToolSchema],
    rng: Random,
    distractors: int | None,
    *,
    training: bool,
) -> Sample:
    absent = training and rng.random() < ABSENT
    own = [gold] if gold and not absent else []
    others = [tool for tool in offer if gold is None or tool.name != gold.name]
    if training:
        most = MOST_DISTRACTORS if distractors is None else distractors
        tools = with_distractors(own, others, rng, 0 if own else 1, most if own else max(most, 1))
    else:
        wanted = (BENCHMARK_DISTRACTORS if distractors is None else distractors) + (0 if own else 1)
        tools = with_distractors(own, others, rng, wanted, wanted)
    call = {"name": own[0].name, "arguments": {}} if own else None
    subset = "train" if training else "task1/needed" if gold else "task1/not_needed"
    return Sample(
        tools=tools,
        history=(Message("user", query),),
        decision="tool_call" if call else "direct_answer",
        slots={},
        tool=call,
        content=None,
        id=f"metatool/{name}",
        meta={
            "source": "metatool",
            "subset": f"{subset}/absent" if absent else subset,
            "domain": "plugins",
            "dialogue": name,
            "seen": True,
            "intent": call["name"] if call else None,
        },
    )


def _key(query: str) -> str:
    """By which requests are the same: their words."""
    return " ".join(re.findall(r"\w+", query.casefold()))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def _read_rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if missing := {"Query", "Tool"} - set(rows.fieldnames or ()):
                raise DataError(f"{path}: no column {', '.join(sorted(missing))}; expected Query and Tool")
            yield from rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from None
