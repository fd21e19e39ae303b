"""JSON as the standard has it, whole or as a stream of the elements of one big list.

Python's reader lets through what no other reader takes (`NaN`, infinite numbers) and what no writer or tokenizer
takes (half a surrogate pair, nesting without end). Here each of these is an error that says so.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from trm_agent.errors import DataError

MAX_DEPTH = 100
"""Of a value read whole; an element of a streamed list may nest `_ROOM` less, and so be wrapped and read back."""

_ROOM = 10
_CHUNK = 1 << 16
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_SPACE = re.compile(r"[^ \t\r\n]")
_NUMBER_TAIL = re.compile(r"[^-+.0-9eE]")
"""Anything that cannot be the rest of a number: without it in sight, a `1` may still become `1.5`."""


def parse_json(text: str | bytes) -> Any:
    """Read one JSON value.

    Raises:
        DataError: It is something else; the message says what and where.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"not UTF-8: {error.reason} at byte {error.start}") from None
    start = _skip_space(text, 0)
    try:
        value, end = _decode(text, start)
        end = _skip_space(text, end)
        if end < len(text):
            raise json.JSONDecodeError("Extra data", text, end)
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    return value


def read_array(path: Path) -> Iterator[Any]:
    """Stream the elements of the list that a file holds; memory grows with the largest element only.

    Raises:
        DataError: The file cannot be read, or is no JSON list in UTF-8. The message does not name the file.
    """
    with _opened(path) as text:
        yield from _elements(text)


def read_values(path: Path) -> Iterator[tuple[int, Any]]:
    """Stream what a file holds: the elements of one list, or JSON values one after the other.

    Yields:
        The line that a value begins in, from 1, and the value.

    Raises:
        DataError: The file cannot be read, or holds something else. The message does not name the file.
    """
    with _opened(path) as text:
        if text.peek() in ("[", ""):
            yield from _located_elements(text)
            return
        while text.peek():
            yield text.located_value()


def json_type(value: Any) -> str:
    """What JSON calls the type of a value, with its article."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


@contextmanager
def _opened(path: Path) -> Iterator[_Text]:
    try:
        with path.open("rb") as file:
            yield _Text(file)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}") from None


class _Text:
    """A window on the text of a file: what is not yet read, and where in the file it starts."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.window = ""
        self.position = 0
        self.line = 1
        self.column = 1
        self.at_end = False

    def peek(self) -> str:
        """The next character that is no white space; empty at the end of the file."""
        while True:
            self.position = _skip_space(self.window, self.position)
            if self.position < len(self.window):
                return self.window[self.position]
            if self.at_end:
                return ""
            self.fill()

    def fill(self) -> None:
        """Drop what is read and take in as much again as is left, so that a large element is retried seldom."""
        self.line, self.column = self.place(self.position)
        self.window = self.window[self.position :]
        self.position = 0
        data = self.file.read(max(_CHUNK, len(self.window)))
        self.at_end = not data
        try:
            self.window += self.decoder.decode(data, final=self.at_end)
        except UnicodeDecodeError as error:
            line = self.place(len(self.window))[0] + error.object.count(b"\n", 0, error.start)
            byte = error.object[error.start]
            raise DataError(f"not UTF-8: {error.reason} 0x{byte:02x} at line {line}; save the file as UTF-8") from None

    def value(self) -> Any:
        """Read one JSON value."""
        self.peek()
        while True:
            try:
                value, end = _decode(self.window, self.position, MAX_DEPTH - _ROOM)
            except json.JSONDecodeError as error:
                if self.at_end:
                    raise self.broken(error.msg, error.pos) from None
            else:
                if self.at_end or _NUMBER_TAIL.search(self.window, end):
                    self.position = end
                    return value
            self.fill()

    def located_value(self) -> tuple[int, Any]:
        """The line that the next JSON value begins in, and the value."""
        self.peek()
        line = self.place(self.position)[0]
        return line, self.value()

    def broken(self, reason: str, position: int) -> DataError:
        line, column = self.place(position)
        return DataError(f"not JSON: {reason} at line {line}, column {column}")

    def place(self, position: int) -> tuple[int, int]:
        """Line and column, in the file, of a position in the window."""
        newline = self.window.rfind("\n", 0, position)
        if newline < 0:
            return self.line, self.column + position
        return self.line + self.window.count("\n", 0, position), position - newline


def _elements(text: _Text) -> Iterator[Any]:
    yield from (value for _, value in _located_elements(text))


def _located_elements(text: _Text) -> Iterator[tuple[int, Any]]:
    opening = text.peek()
    if not opening:
        raise DataError("the file is empty")
    if opening != "[":
        kind = "an object" if opening == "{" else json_type(text.value())
        raise DataError(f"expected a list, got {kind}")
    text.position += 1
    if text.peek() == "]":
        text.position += 1
    else:
        yield text.located_value()
        while (mark := text.peek()) == ",":
            text.position += 1
            yield text.located_value()
        if mark != "]":
            raise text.broken("Expecting ',' delimiter", text.position)
        text.position += 1
    if text.peek():
        raise text.broken("Extra data", text.position)


def _decode(text: str, start: int, max_depth: int = MAX_DEPTH) -> tuple[Any, int]:
    """One value and where it ends; a JSONDecodeError is left to the caller, who knows whether more text comes."""
    try:
        value, end = _DECODER.raw_decode(text, start)
        if _SURROGATE.search(text, start, end):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"half a character: {error.object[error.start]!r} stands alone") from None
    except RecursionError:
        raise DataError(f"nested more than {max_depth} deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise DataError(f"not JSON: {error}") from None
    if text.count("[", start, end) + text.count("{", start, end) > max_depth and _depth(value) > max_depth:
        raise DataError(f"nested more than {max_depth} deep")
    return value, end


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _skip_space(text: str, position: int) -> int:
    found = _NOT_SPACE.search(text, position)
    return found.start() if found else len(text)


def _reject(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return value


_DECODER = json.JSONDecoder(parse_constant=_reject, parse_float=_finite)
