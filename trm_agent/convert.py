"""Convert raw conversations into training samples.

uv run python -m trm_agent.convert --input data/raw --output data/samples.jsonl --tools data/tools.json

Files are read one at a time and samples written as they come. A broken file is named with the reason and left out
whole, the others are converted, and the exit code is 1; with --strict the first broken file ends it and nothing is
written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from trm_agent.data.jsonl import write_samples
from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError, ToolError, TRMError
from trm_agent.log import logger, progress, setup_logging
from trm_agent.types import Sample, ToolSchema, parse_tools
from trm_agent.utils.data_processor import DEFAULT_SLOT_FIELDS, RawDataProcessor
from trm_agent.utils.observed_tools import ObservedTools
from trm_agent.utils.raw_files import find_raw_files, read_conversations


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
    processor: RawDataProcessor,
    *,
    root: Path | None = None,
    on_error: Callable[[DataError], None] | None = None,
) -> Iterator[Sample]:
    """Stream the samples of raw files, opening each when its turn comes.

    Args:
        paths: The raw files.
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
    """Read a JSON file of tool declarations: a list, or an object that holds it under `tools`.

    Raises:
        DataError: The file cannot be read, or is not JSON.
        ToolError: It holds something else, or a tool that cannot be used.
    """
    data = _located(path, parse_json, _read(path))
    data = data.get("tools") if isinstance(data, dict) else data
    if not isinstance(data, list) or not data:
        raise ToolError(f"{path}: expected a list of tool declarations")
    tools: tuple[ToolSchema, ...] = _located(path, parse_tools, data)
    return tools


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trm_agent.convert",
        description="Convert raw conversations (JSON) into training samples (JSONL).",
        epilog="Exit code: 0 done; 1 a file was left out, or an error was reported; 2 wrong usage.",
    )
    add = parser.add_argument
    add("--input", type=Path, required=True, metavar="DIR", help="folder of raw conversations, or one JSON file")
    add("--output", type=Path, required=True, metavar="FILE", help="the JSONL file to write")
    add("--tools", type=Path, metavar="FILE", help="tool declarations (default: names and arguments seen in the calls)")
    add(
        "--slot-fields",
        nargs="+",
        metavar="NAME",
        default=list(DEFAULT_SLOT_FIELDS),
        help=f"slots to read off the turns (default: {' '.join(DEFAULT_SLOT_FIELDS)})",
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
    source = options.input.resolve()
    processor = RawDataProcessor(
        tools=read_tools(options.tools) if options.tools else _observed_tools(paths),
        slot_fields=options.slot_fields,
        system=_read_prompt(options.system) if options.system else None,
        source=source.stem if source.is_file() else source.name,
    )
    broken: list[DataError] = []

    def leave_out(error: DataError) -> None:
        logger.error("%s (file left out)", error)
        broken.append(error)

    samples = convert_files(
        progress(paths, "Converting", len(paths)),
        processor,
        root=options.input,
        on_error=None if options.strict else leave_out,
    )
    first = next(samples, None)
    if first is None:
        raise DataError(f"{options.input}: no sample came of {len(paths)} file(s), so nothing is written")
    count = write_samples(options.output, chain([first], samples))
    logger.info("%s: %d samples from %d of %d files", options.output, count, len(paths) - len(broken), len(paths))
    return 1 if broken else 0


def _observed_tools(paths: Sequence[Path]) -> tuple[ToolSchema, ...]:
    observed = ObservedTools()
    for path in progress(paths, "Looking for calls", len(paths)):
        try:
            for _, raw_data in read_conversations(path):
                observed.add(raw_data)
        except DataError:
            continue  # reported when the file is converted
    tools = observed.declare()
    if tools:
        names = ", ".join(tool.name for tool in tools)
        logger.warning("no --tools: declared from their calls alone, without descriptions: %s", names)
    return tools


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
