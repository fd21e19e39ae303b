"""MTU-Bench, its single-turn single-tool and out-of-distribution sets → samples. A benchmark: never trained on.

An entry is one prompt: rules, then the tools (JSON or as Python prints them), then the conversation, its turns marked
by who speaks. Tools stand in three forms: parameters by name, parameters as objects, or tools beside one list of
parameters that any of them may take; of two tools of one name the first stands. An entry is left out if its answer
cannot be given: a tool that is not on offer, or an argument that the tool does not declare.
"""

from __future__ import annotations

import ast
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, declare
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import DONTCARE, Message, Sample, ToolSchema

FILES: dict[str, str] = {"s-s": "S-S_eval.jsonl", "ood": "OOD_eval.jsonl"}
"""`Options.split` → the publisher's file: one turn and one tool; out of distribution."""

NOW = "2024-01-04T09:00:00"
"""The day that every prompt says it is."""

_TOOLS = re.compile(r"list of APIs and their parameters that you can use:\s*")
_SPEAKER = re.compile(r"^(User|Assistant|Action Input|Action|Thought|function|observation) *: *:?", re.M | re.I)


@dataclass(frozen=True)
class _Turn:
    speaker: str
    text: str


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of `S-S_eval.jsonl` and `OOD_eval.jsonl`, as published; of both without a split.

    Raises:
        DataError: The split is none of `FILES`, or a file is missing or not what it should be.
    """
    if options.split is not None and options.split not in FILES:
        raise DataError(f"split {options.split!r} is none of MTU-Bench's; expected one of {', '.join(FILES)}")
    for subset in [options.split] if options.split else FILES:
        path = folder / FILES[subset]
        rows = list(_read_lines(path))
        if options.num_dialogues is not None:
            rows = random.Random(options.seed).sample(rows, min(options.num_dialogues, len(rows)))
        met: Counter[str] = Counter()
        left_out = 0
        for row in rows:
            met[row["id"]] += 1
            name = row["id"] if met[row["id"]] == 1 else f"{row['id']}#{met[row['id']]}"
            try:
                sample = convert_entry(row, subset, name)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{path}: {row['id']}: not as published: {error}") from None
            if sample is None:
                left_out += 1
            else:
                yield sample
        if left_out:
            logger.info("%s: %d of %d left out: the answer cannot be given", path, left_out, len(rows))


def convert_entry(row: Mapping[str, Any], subset: str, name: str) -> Sample | None:
    """Turn one entry into its sample; None if its answer cannot be given with the tools on offer.

    Args:
        row: As published: `question`, the whole prompt, and `answer`, tool → arguments.
        subset: What the sample's subset is called.
        name: Its id within the benchmark.
    """
    declared, conversation = _split_prompt(row["question"])
    tools = tuple({tool.name: tool for tool in reversed(list(_read_tools(declared)))}.values())[::-1]
    calls = _read_calls(row["answer"], tools)
    if not all(_can_be_made(call, tools) for call in calls):
        return None
    meta: dict[str, Any] = {"source": "mtu-bench", "subset": subset, "now": NOW}
    if calls:
        meta["intent"] = calls[0]["name"]
    return Sample(
        tools=tools,
        history=tuple(_read_history(conversation, tools)),
        decision="tool_call" if calls else "direct_answer",
        slots={},
        tool=calls[0] if calls else None,
        content=None,
        id=f"mtu-bench/{name}",
        meta=meta,
        calls=tuple(calls) if len(calls) > 1 else (),
    )


def _split_prompt(prompt: str) -> tuple[Any, str]:
    """The tools as data, and the conversation."""
    start = _TOOLS.search(prompt)
    end = re.compile(r"^user *:", re.M | re.I).search(prompt, start.end()) if start else None
    if start is None or end is None:
        raise ValueError("the prompt has no list of APIs before a user's turn")
    return _read_literal(prompt[start.end() : end.start()].strip()), prompt[end.start() :]


def _read_literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            raise ValueError(f"neither JSON nor Python: {text:.60}") from None


def _read_tools(declared: Any) -> Iterator[ToolSchema]:
    if isinstance(declared, Mapping):
        shared = dict(map(_parameter, declared["available_parameters"]))
        yield from (declare(api["name"], api["description"], shared) for api in declared["apis"])
        return
    for api in declared:
        if not isinstance(api, Mapping):
            continue  # one prompt of the publisher's holds the name of a variable instead of its value
        required = dict(map(_parameter, api["required_parameters"]))
        optional = dict(map(_parameter, _entries(api["optional_parameters"])))
        yield declare(api["name"].strip(), api["description"], {**required, **optional}, list(required))


def _entries(optional: Any) -> Sequence[Any]:
    """Optional parameters, given as objects or as name → default, as objects."""
    if not isinstance(optional, Mapping):
        return list(optional)
    return [
        {"name": name} if default == DONTCARE else {"name": name, "default": default}
        for name, default in optional.items()
    ]


def _parameter(given: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(given, Mapping):
        return str(given), {"type": "string"}
    schema = {key: value for key, value in given.items() if key not in ("name", "options")}
    return given["name"], {"type": "string", **schema, **({"enum": given["options"]} if "options" in given else {})}


def _read_calls(answer: Mapping[str, Any], tools: Sequence[ToolSchema]) -> list[dict[str, Any]]:
    """Calls in order; no call is written as no entry, or as one without a name."""
    offered = {tool.name.lower(): tool.name for tool in tools}
    calls = []
    for name, arguments in answer.items():
        if name.strip():
            given = json.loads(arguments) if isinstance(arguments, str) else arguments
            calls.append({"name": offered.get(name.strip().lower(), name.strip()), "arguments": given})
    return calls


def _can_be_made(call: Mapping[str, Any], tools: Sequence[ToolSchema]) -> bool:
    schema = next((tool.schema for tool in tools if tool.name == call["name"]), None)
    return schema is not None and call["arguments"].keys() <= schema["properties"].keys()


def _read_history(conversation: str, tools: Sequence[ToolSchema]) -> Iterator[Message]:
    """Messages: what was thought is dropped, and so is a result that repeats the one before without a call."""
    action: str | None = None
    open_call = False
    for turn in _turns(conversation):
        if turn.speaker in ("user", "assistant") and turn.text:
            yield Message("user" if turn.speaker == "user" else "assistant", turn.text)
        elif turn.speaker == "action" and turn.text.startswith("{"):
            yield from (Message("tool_call", call) for call in _read_calls(json.loads(turn.text), tools))
        elif turn.speaker == "action":
            action = turn.text
        elif turn.speaker == "action input" and action:
            yield from (Message("tool_call", call) for call in _read_calls({action: turn.text}, tools))
            action, open_call = None, True
        elif turn.speaker == "observation" and open_call:
            yield Message("tool_response", _read_literal(turn.text) if turn.text[:1] in ("{", "[") else turn.text)
            open_call = False


def _turns(conversation: str) -> Iterator[_Turn]:
    marks = list(_SPEAKER.finditer(conversation))
    ends = [mark.start() for mark in marks[1:]] + [len(conversation)]
    for mark, end in zip(marks, ends, strict=True):
        yield _Turn(mark[1].lower(), conversation[mark.end() : end].strip())


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict) or not {"id", "question", "answer"} <= row.keys():
            raise DataError(f"{path}:{number}: expected an object with id, question and answer, as published")
        yield row
