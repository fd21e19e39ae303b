"""The sample format on disk: JSONL in UTF-8, one sample a line, read as a stream and written all or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError
from trm_agent.types import Sample


def read_samples(path: str | Path, on_error: Callable[[DataError], None] | None = None) -> Iterator[Sample]:
    """Stream the samples of a file; blank lines and a byte order mark are passed over.

    Args:
        path: The JSONL file.
        on_error: Gets each bad line's error at once (`file:line: …`); without it the good samples are all given
            first and one error at the end lists every bad line.

    Raises:
        DataError: The file cannot be read, or (without `on_error`) lines of it are no samples.
    """
    path = Path(path)
    problems: list[str] = []
    for number, line in _lines(path):
        try:
            yield Sample.from_json(parse_json(line))
        except DataError as error:
            located = f"{path}:{number}: {error}"
            if on_error:
                on_error(DataError(located))
            else:
                problems.append(located)
    if problems:
        raise DataError("\n".join(problems))


def write_samples(path: str | Path, samples: Iterable[Sample]) -> int:
    """Write samples as they come, and put the file in place only when all are written.

    Args:
        path: The JSONL file; missing folders are made, an older file is replaced at the end.
        samples: Taken one at a time, never gathered. If taking one raises, `path` stays as it was.

    Returns:
        How many samples were written.

    Raises:
        DataError: The file cannot be written, or a sample holds what JSON cannot.
    """
    path = Path(path)
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise DataError(f"{path}: cannot be written: it is not a regular file")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    count = 0
    try:
        with _reported(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            file = partial.open("wb")
        with file:
            for count, sample in enumerate(samples, 1):
                line = _line(sample, f"{path}: sample {count}")
                with _reported(path):
                    file.write(line)
            with _reported(path):
                file.flush()
        with _reported(path):
            partial.replace(target)
    finally:
        if partial.exists():
            partial.unlink()
    return count


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip(b"\r\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _line(sample: Sample, where: str) -> bytes:
    try:
        return f"{json.dumps(sample.to_json(), ensure_ascii=False, allow_nan=False)}\n".encode()
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} cannot be written as JSON: {error}") from None


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
