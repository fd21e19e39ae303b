"""The records of a log file: one conversation each, with the place it stands at.

A file is JSON or JSONL. It holds one conversation (a list of messages, or an object), or several in a list, in an
object's list (`data`, `runs`, …) or one a line. A file of one message a line is one conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from trm_agent.data.strict_json import parse_json, read_values
from trm_agent.errors import DataError

LINES = (".jsonl", ".ndjson")
_RECORD_KEYS = ("messages", "conversations", "conversation", "inputs", "request", "choices", "body", "values")
_WRAPPERS = ("data", "runs", "items", "conversations", "threads", "records", "examples", "results")


@dataclass(frozen=True)
class Record:
    """One conversation as the file holds it.

    Attributes:
        number: From 1; None when the file is one conversation.
        line: That it begins in.
        data: A list of messages, or an object.
    """

    number: int | None
    line: int
    data: Any


def read_records(path: Path, on_error: Callable[[DataError], None] | None = None) -> Iterator[Record]:
    """Stream the records of a file.

    Args:
        path: The file; `.jsonl` and `.ndjson` hold one record a line, or one message a line of a single record.
        on_error: Gets each broken line of JSONL; without it the first raises.

    Raises:
        DataError: The file cannot be read, or is no JSON, with file and line.
    """
    try:
        if path.suffix.lower() in LINES:
            yield from _lines(path, on_error)
        else:
            yield from _values(path)
    except DataError as error:
        message = str(error)
        raise error if message.startswith(f"{path}:") else DataError(f"{path}: {message}") from None


def is_record(value: Any) -> bool:
    """Whether an element of a list is a conversation of its own, rather than a message of one."""
    if isinstance(value, list):
        return True
    return (
        isinstance(value, Mapping)
        and not {"role", "from", "lc"} & value.keys()
        and any(isinstance(value.get(key), list | Mapping) for key in _RECORD_KEYS)
    )


def _lines(path: Path, on_error: Callable[[DataError], None] | None) -> Iterator[Record]:
    try:
        with path.open("rb") as file:
            number = 0
            messages: list[Any] = []
            broken = False
            for line, text in enumerate(file, 1):
                if not text.strip():
                    continue
                number += 1
                try:
                    data = parse_json(text.rstrip(b"\r\n"))
                except DataError as error:
                    located = DataError(f"{path}:{line}: {_without_line(error)}")
                    if on_error is None:
                        raise located from None
                    on_error(located)
                    broken = True
                    continue
                if isinstance(data, Mapping) and _is_message(data) and not is_record(data):
                    messages.append(data)
                    continue
                yield Record(number, line, data)
        if messages and not broken:
            yield Record(None, 1, messages)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}") from None


def _values(path: Path) -> Iterator[Record]:
    in_list = _opens_list(path)
    values = read_values(path)
    first = next(values, None)
    if first is None:
        return
    line, data = first
    if isinstance(data, Mapping) and not is_record(data) and _is_message(data):
        yield Record(None, line, [data, *(value for _, value in values)])
        return
    rest = list(islice(values, 1))
    items = _wrapped(data)
    if items is None and not rest and isinstance(data, Mapping) and not in_list:
        yield Record(None, line, data)
        return
    number = 0
    for at, value in chain([first], rest, values):
        for item in _wrapped(value) or [value]:
            number += 1
            yield Record(number, at, item)


def _opens_list(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}") from None


def _is_message(data: Mapping[str, Any]) -> bool:
    return bool({"role", "from", "lc"} & data.keys()) or ("type" in data and ("data" in data or "content" in data))


def _wrapped(data: Any) -> list[Any] | None:
    """The records that an object holds in a list; None if it is a record itself."""
    if not isinstance(data, Mapping):
        return None
    found = [data[key] for key in _WRAPPERS if isinstance(data.get(key), list) and data[key]]
    return found[0] if len(found) == 1 and all(is_record(item) for item in found[0]) else None


def _without_line(error: DataError) -> str:
    return str(error).replace(" at line 1, column", " at column")
