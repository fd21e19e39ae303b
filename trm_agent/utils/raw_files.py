"""Conversations on disk: which files of a folder hold them, and the raw conversations of one file as a stream."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from trm_agent.data.strict_json import read_array
from trm_agent.errors import DataError
from trm_agent.utils.logs.records import LINES, read_records

ENDINGS = (".json", *LINES)


def find_raw_files(folder: Path, *, recursive: bool = False, leave_out: Collection[Path] = ()) -> list[Path]:
    """The JSON and JSONL files of a folder (or the one file that is named), in the order of their names.

    Args:
        folder: Where to look.
        recursive: Look into subfolders too.
        leave_out: Files that are something else, such as the tool declarations.

    Raises:
        DataError: There is no such folder, or no such file in it.
    """
    if not folder.exists():
        raise DataError(f"{folder}: no such folder")
    if folder.is_file():
        return [folder]
    others = {path.resolve() for path in leave_out}
    try:
        entries = sorted(folder.rglob("*") if recursive else folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from None
    found = [p for p in entries if p.suffix.lower() in ENDINGS and not p.is_dir() and p.resolve() not in others]
    if not found:
        hint = "" if recursive else "; --recursive looks into its subfolders"
        raise DataError(f"{folder}: holds no .json or .jsonl file{hint}")
    return found


def read_conversations(path: Path) -> Iterator[tuple[int | None, list[Any]]]:
    """Stream the conversations of a file that holds one (a list of turns) or several (a list of such lists).

    A JSONL file holds one conversation a line.

    Yields:
        The conversation's number, from 1 (None when the file is one conversation), and its raw turns.

    Raises:
        DataError: The file is something else; the message does not name the file.
    """
    if path.suffix.lower() in LINES:
        for record in read_records(path):
            yield record.number, record.data
        return
    elements = read_array(path)
    first = next(elements, None)
    if not isinstance(first, list):
        yield None, ([] if first is None else [first]) + list(elements)
        return
    yield 1, first
    for number, conversation in enumerate(elements, 2):
        if not isinstance(conversation, list):
            raise DataError(f"conversation {number}: expected a list of turns like those before it")
        yield number, conversation
