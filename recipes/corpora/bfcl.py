"""Berkeley Function Calling Leaderboard, the Python single-turn categories → samples. A benchmark: never trained on.

A possible answer lists, for every parameter, the values that count as right; an empty string among them says that the
parameter may be left out. The first is the gold one, the others are accepted. Categories without possible answers
(irrelevance) want no call. No slots are listed: the benchmark judges calls, not a state.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options
from trm_agent.errors import DataError
from trm_agent.types import Accept, Message, Sample, ToolSchema, parse_tools

CATEGORIES: dict[str, str] = {
    "simple": "simple_python",
    "multiple": "multiple",
    "parallel": "parallel",
    "parallel_multiple": "parallel_multiple",
    "irrelevance": "irrelevance",
}
"""`Options.split` → the publisher's name of the category, in its file names."""

_LEFT_OUT = ""
"""What the publisher writes among the right values of a parameter that may be left out."""


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of `BFCL_v4_*.json` and `possible_answer/`, as published; of all categories without a split.

    Raises:
        DataError: The split is none of `CATEGORIES`, or a file is missing or not what it should be.
    """
    if options.split is not None and options.split not in CATEGORIES:
        raise DataError(f"split {options.split!r} is none of BFCL's; expected one of {', '.join(CATEGORIES)}")
    for category in [options.split] if options.split else CATEGORIES:
        name = f"BFCL_v4_{CATEGORIES[category]}.json"
        answers = {}
        if category != "irrelevance":
            answers = {row["id"]: row["ground_truth"] for row in _read_lines(folder / "possible_answer" / name)}
        rows = list(_read_lines(folder / name))
        if options.num_dialogues is not None:
            rows = random.Random(options.seed).sample(rows, min(options.num_dialogues, len(rows)))
        for row in rows:
            if category != "irrelevance" and row["id"] not in answers:
                raise DataError(f"{folder / name}: {row['id']} has no possible answer")
            yield convert_entry(row, answers.get(row["id"], ()), category)


def convert_entry(row: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], category: str) -> Sample:
    """Turn one entry into its sample.

    Args:
        row: As published: `id`, `question` (one turn of messages), `function` (the tools).
        answers: Its possible answers, one a call: tool → parameter → right values; empty where no call is right.
        category: What the sample's subset is called.
    """
    tools = parse_tools(row["function"])
    calls = [_read_answer(answer, tools) for answer in answers]
    gold = [call for call, _ in calls]
    several = len(gold) > 1
    return Sample(
        tools=tools,
        history=tuple(Message(message["role"], message["content"]) for message in row["question"][0]),
        decision="tool_call" if gold else "direct_answer",
        slots={},
        tool=gold[0] if gold else None,
        content=None,
        id=f"bfcl/{row['id']}",
        accept=_accept([accept for _, accept in calls]),
        meta={"source": "bfcl", "subset": category, "intent": gold[0]["name"] if gold else None},
        calls=tuple(gold) if several else (),
    )


def _accept(accepts: Sequence[Accept]) -> Accept:
    if not accepts:
        return Accept()
    first = accepts[0]
    return Accept(first.arguments, first.optional, calls=tuple(accepts) if len(accepts) > 1 else ())


def _read_answer(answer: Mapping[str, Any], tools: Sequence[ToolSchema]) -> tuple[dict[str, Any], Accept]:
    """The gold call, and what else is right; parameters that the tool does not declare cannot be given."""
    ((name, given),) = answer.items()
    schema = next(tool.schema for tool in tools if tool.name == name)
    arguments: dict[str, Any] = {}
    accepted: dict[str, list[Any]] = {}
    optional = []
    for parameter, values in given.items():
        if parameter not in schema["properties"]:
            continue
        if _LEFT_OUT in values and parameter not in schema.get("required", ()):
            optional.append(parameter)
        right = [value for listed in values if listed != _LEFT_OUT for value in _concrete(listed)]
        if right and (values[0] != _LEFT_OUT or parameter not in optional):
            arguments[parameter] = right.pop(0)
        if right:
            accepted[parameter] = right
    return {"name": name, "arguments": arguments}, Accept(accepted, tuple(optional))


def _concrete(value: Any) -> list[Any]:
    """Every value that a listed one stands for: an object lists the right values of each of its keys."""
    if isinstance(value, Mapping):
        choices = [[(key, right) for right in rights] for key, rights in value.items()]
        return [{key: right for key, right in pairs if right != _LEFT_OUT} for pairs in itertools.product(*choices)]
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return [list(items) for items in itertools.product(*map(_concrete, value))]
    return [value]


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict) or "id" not in row:
            raise DataError(f"{path}:{number}: expected an object with an id, as published")
        yield row
