"""Convert logs of conversations into training samples.

uv run python -m trm_agent.convert --input data/raw --output data/samples.jsonl --tools data/tools.json
uv run python -m trm_agent.convert --input chats.jsonl --output data/samples.jsonl --now-field created_at

Files are read one at a time and samples written as they come. A broken raw file is named with the reason and left out
whole, of the other formats the broken conversation; the rest is converted, and the exit code is 1. With --strict the
first of them ends it and nothing is written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from trm_agent.data.jsonl import write_samples
from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, progress, setup_logging
from trm_agent.types import Sample, ToolSchema
from trm_agent.utils.any_format import AnyFormat, FileProcessor
from trm_agent.utils.data_processor import DEFAULT_SLOT_FIELDS
from trm_agent.utils.declarations import read_declarations
from trm_agent.utils.logs.dates import FILE, Dates, read_moment
from trm_agent.utils.logs.detect import FORMATS
from trm_agent.utils.raw_files import find_raw_files

MOST_TOLD = 20
"""Broken conversations that are named; the others are counted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (wrong usage leaves through argparse with 2)."""
    options = _parser().parse_args(argv)
    setup_logging()
    try:
        return _convert(options)
    except TRMError as error:
        logger.error("%s", error)
        return 1


def convert_files(
    paths: Iterable[Path],
    processor: FileProcessor,
    *,
    root: Path | None = None,
    on_error: Callable[[DataError], None] | None = None,
) -> Iterator[Sample]:
    """Stream the samples of files, opening each when its turn comes.

    Args:
        paths: The files.
        processor: Converts their conversations.
        root: Dialogues are named by their path below it; by the file's stem without it.
        on_error: Gets the error of each broken file, which is left out whole.

    Raises:
        DataError: A file is broken and there is no `on_error`.
    """
    for path in paths:
        try:
            yield from processor.process_file(path, _dialogue(path, root))
        except DataError as error:
            if on_error is None:
                raise
            on_error(error)


def read_tools(path: Path) -> tuple[ToolSchema, ...]:
    """Read a JSON file of tool declarations: a list, or an object that holds it (`tools`, the answer of an MCP server).

    Raises:
        DataError: The file cannot be read, or is not JSON.
        ToolError: It holds something else, or a tool that cannot be used.
    """
    data = _located(path, parse_json, _read(path))
    tools: tuple[ToolSchema, ...] = _located(path, read_declarations, data)
    return tools


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trm_agent.convert",
        description="Convert logs of conversations (JSON, JSONL) into training samples (JSONL).",
        epilog="Exit code: 0 done; 1 a file or a conversation was left out, or an error was reported; 2 wrong usage.",
    )
    add = parser.add_argument
    add("--input", type=Path, required=True, metavar="DIR", help="folder of conversations, or one file")
    add("--output", type=Path, required=True, metavar="FILE", help="the JSONL file to write")
    add(
        "--format",
        choices=("auto", *FORMATS),
        default="auto",
        help="of the conversations; default: each file's own, told from its keys",
    )
    add("--tools", type=Path, metavar="FILE", help="tool declarations (default: names and arguments seen in the calls)")
    add(
        "--slot-fields",
        nargs="+",
        metavar="NAME",
        default=list(DEFAULT_SLOT_FIELDS),
        help=f"slots to read off raw turns (default: {' '.join(DEFAULT_SLOT_FIELDS)})",
    )
    add("--now-field", metavar="NAME", help="the field that says when a conversation took place, such as created_at")
    add(
        "--now",
        metavar="DATE",
        help="when the conversations took place (ISO 8601), or 'file' for their files' times; "
        "default: what the log records, else the file's time; raw conversations stay undated",
    )
    add("--recursive", action="store_true", help="look into subfolders too")
    add("--system", type=Path, metavar="FILE", help="system prompt for conversations that have none")
    add("--num-input-files", type=_positive, metavar="N", help="convert the first N files only, in the order of names")
    add("--strict", action="store_true", help="stop at the first broken file and write nothing")
    return parser


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1, got {text!r}")
    return number


def _convert(options: argparse.Namespace) -> int:
    others = [path for path in (options.tools, options.system) if path]
    paths = find_raw_files(options.input, recursive=options.recursive, leave_out=others)[: options.num_input_files]
    if options.output.resolve() in {path.resolve() for path in (*paths, *others)}:
        raise DataError(f"{options.output}: is read from, so it cannot be the output; choose another --output")
    dates = Dates(options.now_field, options.now)
    if options.now not in (None, FILE):
        read_moment(options.now, "--now")
    source = options.input.resolve()
    report = _Report(strict=options.strict)
    processor = AnyFormat(
        options.format,
        tools=read_tools(options.tools) if options.tools else None,
        slot_fields=options.slot_fields,
        system=_read_prompt(options.system) if options.system else None,
        source=source.stem if source.is_file() else source.name,
        dates=dates,
        on_broken=None if options.strict else report.conversation,
    )
    if not options.tools:
        processor.observe(progress(paths, "Looking for calls", len(paths)))
    samples = convert_files(
        progress(paths, "Converting", len(paths)),
        processor,
        root=options.input,
        on_error=None if options.strict else report.file,
    )
    first = next(samples, None)
    if first is None:
        raise DataError(f"{options.input}: no sample came of {len(paths)} file(s), so nothing is written")
    count = write_samples(options.output, chain([first], samples))
    for line in (dates.summary(), *processor.notes()):
        if line:
            logger.info("%s", line)
    logger.info(
        "%s: %d samples from %d of %d files%s",
        options.output,
        count,
        len(paths) - report.files,
        len(paths),
        report.rest(),
    )
    return 1 if report.files or report.conversations else 0


@dataclass
class _Report:
    """Says what is left out, and counts it."""

    strict: bool
    files: int = 0
    conversations: int = 0

    def file(self, error: DataError) -> None:
        self.files += 1
        logger.error("%s (file left out)", error)

    def conversation(self, error: DataError) -> None:
        self.conversations += 1
        if self.conversations <= MOST_TOLD:
            logger.error("%s (conversation left out)", error)

    def rest(self) -> str:
        return f"; {self.conversations} conversations left out" if self.conversations else ""


def _located(path: Path, read: Callable[[Any], Any], data: Any) -> Any:
    try:
        return read(data)
    except TRMError as error:
        raise type(error)(f"{path}: {error}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_prompt(path: Path) -> str:
    try:
        prompt = _read(path).decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None
    if not prompt:
        raise DataError(f"{path}: holds no text; leave --system out for no system prompt")
    return prompt


def _dialogue(path: Path, root: Path | None) -> str:
    """The path below the root without its ending, in characters that JSON can hold whatever the file system allows."""
    name = path.relative_to(root).with_suffix("") if root and root != path else Path(path.stem)
    return name.as_posix().encode("utf-8", "replace").decode()


if __name__ == "__main__":
    sys.exit(main())
