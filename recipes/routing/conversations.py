"""Logs on disk → parts of them → conversations that can be decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.run_cases import as_history
from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError

if TYPE_CHECKING:
    from trm_agent.types import Message

KINDS = (".jsonl", ".parquet")


@dataclass(frozen=True)
class Part:
    """A run of rows of one file, and the number under which its decisions are written.

    Attributes:
        number: From 0, in the order of the input.
        file: To read.
        row: The first row, from 0, within the file.
        rows: How many rows.
        offset: Where the first row begins in bytes; for JSONL.
    """

    number: int
    file: str
    row: int
    rows: int
    offset: int = 0

    @property
    def name(self) -> str:
        return f"part-{self.number:06d}.jsonl"

    @property
    def bad_name(self) -> str:
        return f".bad-{self.number:06d}.jsonl"


@dataclass(frozen=True)
class Row:
    """A conversation that can be decided."""

    id: str
    history: list[Message]
    tools: str
    now: str | None


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files of the input, folders by name.

    Raises:
        DataError: A path does not exist, holds no such file, or is of another kind.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix in KINDS)
            if not inside:
                raise DataError(f"{path}: holds no .jsonl and no .parquet file")
            found += inside
        elif not path.is_file():
            raise DataError(f"{path}: no such file or folder")
        elif path.suffix not in KINDS:
            raise DataError(f"{path}: expected a .jsonl or .parquet file")
        else:
            found.append(path)
    return [file.resolve() for file in found]


def cut(files: Iterable[Path], rows: int) -> Iterator[Part]:
    """Parts of at most so many rows, in the order of the input; none spans two files."""
    number = 0
    for file in files:
        bounds = _parquet_bounds(file, rows) if file.suffix == ".parquet" else _line_bounds(file, rows)
        for row, count, offset in bounds:
            yield Part(number, str(file), row, count, offset)
            number += 1


def read_rows(part: Part) -> Iterator[tuple[int, Any]]:
    """The rows of a part with their numbers, from 1; what is no JSON comes as bytes."""
    if part.file.endswith(".parquet"):
        yield from _parquet_rows(part)
        return
    with Path(part.file).open("rb") as lines:
        lines.seek(part.offset)
        for number in range(part.row, part.row + part.rows):
            if (line := lines.readline()).strip():
                yield number + 1, line


def read_row(raw: Any, name: str, settings: Mapping[str, Any]) -> Row:
    """A conversation: `messages` (as OpenAI writes them) or `history`; `id`, `tools` and `now` if they are there.

    Raises:
        DataError: The row is none.
        HistoryError: Its messages are none.
        ToolError: Its tools are none.
    """
    from trm_agent.types import parse_history

    data = parse_json(raw) if isinstance(raw, bytes) else raw
    if not isinstance(data, Mapping):
        raise DataError(f"a row must be an object, got {type(data).__name__}")
    messages = column(data, "messages")
    history = column(data, "history") if messages is None else messages
    if not isinstance(history, list):
        raise DataError('a row needs "messages" or "history", a list')
    if messages is not None:
        try:
            history = list(as_history(messages))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f'"messages" cannot be read: {error!r:.120}') from error
    talk = parse_history(history)
    own = column(data, "tools")
    tools = settings["tools"] if own is None else json.dumps(own, sort_keys=True)
    if tools is None:
        raise DataError('the row has no "tools", and there is no --tools')
    if own is not None:
        _check_tools(tools)
    meta = data.get("meta")
    said = data.get("now") or (meta.get("now") if isinstance(meta, Mapping) else None) or settings["now"]
    now = None if said is None else moment(str(said)).isoformat()
    given = data.get("id")
    return Row(name if given is None else str(given), talk, tools, now)


@lru_cache(1024)
def _check_tools(tools: str) -> None:
    from trm_agent.types import parse_tools

    parse_tools(json.loads(tools))


def _line_bounds(file: Path, rows: int) -> Iterator[tuple[int, int, int]]:
    """First row, number of rows and byte offset of each part of a JSONL file."""
    start = position = count = row = 0
    with file.open("rb") as lines:
        for line in lines:
            count += 1
            position += len(line)
            if count == rows:
                yield row, count, start
                row, start, count = row + count, position, 0
    if count:
        yield row, count, start


def _parquet_bounds(file: Path, rows: int) -> Iterator[tuple[int, int, int]]:
    from pyarrow import ArrowInvalid, parquet

    try:
        total = parquet.ParquetFile(file).metadata.num_rows
    except ArrowInvalid as error:
        raise DataError(f"{file}: is no Parquet file: {error}") from error
    for row in range(0, total, rows):
        yield row, min(rows, total - row), 0


def _parquet_rows(part: Part) -> Iterator[tuple[int, Any]]:
    """The same for Parquet; row groups before the part are not read."""
    from pyarrow import parquet

    file = parquet.ParquetFile(part.file)
    groups: list[int] = []
    number = seen = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if seen + rows > part.row and seen < part.row + part.rows:
            number = number if groups else seen
            groups.append(group)
        seen += rows
    for batch in file.iter_batches(batch_size=256, row_groups=groups):
        for row in batch.to_pylist():
            number += 1
            if part.row < number <= part.row + part.rows:
                yield number, row


def column(data: Mapping[str, Any], key: str) -> Any:
    """A column that may hold JSON text."""
    value = data.get(key)
    return parse_json(value) if isinstance(value, str) else value


def moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"now must be ISO 8601, got {text!r}") from error
