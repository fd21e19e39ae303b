"""Runs as LangSmith exports them: of a model call, or of a chain or agent whose state holds messages.

Of a run only what it put out is a decision. Tools stand among the parameters of the invocation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm_agent.errors import DataError
from trm_agent.utils.logs.messages import Dialogue, first_of, thread_of

EXPECTED = 'expected "messages" in the inputs and a message in the outputs of the run'


def is_run(record: Mapping[str, Any]) -> bool:
    """Whether a record is a run: it has inputs, and outputs or a type."""
    return isinstance(record.get("inputs"), Mapping) and ("outputs" in record or "run_type" in record)


def is_other_run(record: Any) -> bool:
    """Whether a record is a run that decided nothing: one that failed, or one of a tool, a retriever or a parser."""
    if not isinstance(record, Mapping) or not is_run(record):
        return False
    return bool(record.get("error")) or not (_inputs(record) and _outputs(record))


def unpack(record: Mapping[str, Any]) -> Dialogue:
    """The conversation of a run.

    Raises:
        DataError: It holds no messages.
    """
    before, after = _inputs(record), _outputs(record)
    if not before or not after:
        raise DataError(EXPECTED)
    known = _end_of(before, after)
    messages = after if known else [*before, *after]
    extra = record.get("extra")
    metadata = extra.get("metadata") if isinstance(extra, Mapping) else None
    return Dialogue(
        messages,
        _tools(record),
        decided_from=known or len(before),
        stamp=record.get("start_time"),
        thread=thread_of(metadata, record, {"thread_id": record.get("trace_id")}),
    )


def _end_of(before: list[Any], after: list[Any]) -> int:
    """Where the messages put in end among those put out, when these are the whole state of a chain; 0 else."""
    wanted, given = list(map(_content, before)), list(map(_content, after))
    ends = (end for end in range(len(given), len(wanted) - 1, -1) if given[end - len(wanted) : end] == wanted)
    return next(ends, 0)


def _content(message: Any) -> Any:
    body = first_of(message, ("kwargs", "data")) if isinstance(message, Mapping) else message
    body = message if body is None else body
    return body.get("content") if isinstance(body, Mapping) else body


def _inputs(record: Mapping[str, Any]) -> list[Any]:
    messages = record["inputs"].get("messages")
    if isinstance(messages, list) and len(messages) == 1 and isinstance(messages[0], list):
        return list(messages[0])  # a model run: a batch of one
    return list(messages) if isinstance(messages, list) else []


def _outputs(record: Mapping[str, Any]) -> list[Any]:
    outputs = record.get("outputs")
    if not isinstance(outputs, Mapping):
        return []
    if isinstance(outputs.get("messages"), list):
        return list(outputs["messages"])
    generations = outputs.get("generations")
    while isinstance(generations, list) and generations:
        generations = generations[0]
    choices = outputs.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    for found in (generations, first, outputs):
        if isinstance(found, Mapping) and isinstance(found.get("message"), Mapping):
            return [found["message"]]
    output = outputs.get("output")
    return [output] if isinstance(output, Mapping) and ("content" in output or "kwargs" in output) else []


def _tools(record: Mapping[str, Any]) -> Any:
    extra = record.get("extra")
    parameters = extra.get("invocation_params") if isinstance(extra, Mapping) else None
    for place in (parameters, record["inputs"], record):
        found = first_of(place, ("tools", "functions")) if isinstance(place, Mapping) else None
        if found is not None:
            return found
    return None
