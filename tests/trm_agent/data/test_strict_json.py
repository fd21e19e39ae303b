"""JSON is read as the standard has it, and a big list gives its elements one at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trm_agent.data import strict_json
from trm_agent.data.strict_json import MAX_DEPTH, json_type, parse_json, read_array
from trm_agent.errors import DataError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def in_chunks(data: bytes, size: int) -> Iterator[Any]:
    """The elements, as read from a file that gives `size` bytes at a time."""

    class Slow(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

    return strict_json._elements(strict_json._Text(Slow(data)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, NaN]", "not JSON: NaN is no number"),
        ("-Infinity", "not JSON: -Infinity is no number"),
        ("1e999", "not JSON: 1e999 is too large a number"),
        ("1" * 5000, "not JSON: Exceeds the limit"),
        (r'"cut \ud83d"', r"half a character: '\\ud83d' stands alone"),
        ("[" * 100_000, f"nested more than {MAX_DEPTH} deep"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} deep"),
        ('{"a": 1,}', "not JSON: .* at line 1, column"),
        ("[1,\n2\n3]", "not JSON: Expecting ',' delimiter at line 3, column 1"),
        ("[] x", "not JSON: Extra data at line 1, column 4"),
        ("", "not JSON: Expecting value at line 1, column 1"),
        (b'{"a": "\xe9"}', "not UTF-8: invalid continuation byte at byte 7"),
    ],
)
def test_what_is_not_json_is_refused_with_the_reason(text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_json(text)


def test_what_is_just_allowed_is_read() -> None:
    assert parse_json(r'"\ud83c\udfb5"') == "🎵", "two halves make a character"
    assert parse_json(b"\xef\xbb\xbf [1e308]\n") == [1e308]
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(parse_json(deepest)) == deepest
    assert len(parse_json("[" + "[]," * 500 + "[]]")) == 501, "many lists are not deep"


@given(JSON)
def test_any_json_survives(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.lists(JSON), st.integers(1, 40), st.sampled_from([None, 2]), st.booleans())
@example([12, 345, "é\n", 1.5, "🎵"], 1, None, False)
def test_a_list_read_in_pieces_is_the_list_read_whole(
    values: list[Any], size: int, indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    assert list(in_chunks(data, size)) == values


@settings(max_examples=300)
@given(st.text(alphabet='[]{},:" \n1e-tNé\\u', max_size=25).map(lambda tail: "[" + tail), st.integers(1, 8))
def test_broken_text_in_pieces_is_refused_for_the_reason_it_is_refused_whole(text: str, size: int) -> None:
    def outcome(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except DataError as error:
            return str(error).split(":")[0]

    assert outcome(lambda: list(in_chunks(text.encode(), size))) == outcome(lambda: parse_json(text))


def test_elements_come_before_the_rest_is_read() -> None:
    stream = in_chunks(b'[{"role": "user"}, {"role": "assistant"}, broken', 4)
    assert next(stream) == {"role": "user"}
    assert next(stream) == {"role": "assistant"}
    with pytest.raises(DataError, match="not JSON: Expecting value at line 1, column 43"):
        next(stream)


def test_what_is_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window on the file stays small however long the list is."""
    monkeypatch.setattr(strict_json, "_CHUNK", 256)
    data = json.dumps([{"number": n} for n in range(5000)]).encode()
    text = strict_json._Text(io.BytesIO(data))
    widths = [len(text.window) for _ in strict_json._elements(text)]
    assert len(widths) == 5000
    assert max(widths) <= 2 * 256 < len(data) / 100


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_mistake_is_placed_by_line_and_column_of_the_file(size: int) -> None:
    with pytest.raises(DataError, match="not JSON: Expecting ',' delimiter at line 4, column 10"):
        list(in_chunks(b'[\n  {"a": 1},\n  {"b": 2},\n  [1, 2  3]\n]', size))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n\t", "the file is empty"),
        (b'{"messages": []}', "expected a list, got an object"),
        (b'"text"', "expected a list, got text"),
        (b"null", "expected a list, got null"),
        (b"<html>", "not JSON: Expecting value at line 1, column 1"),
        (b"[1, 2", "not JSON: Expecting ',' delimiter at line 1, column 6"),
        (b"[1, ]", "not JSON: Expecting value at line 1, column 5"),
        (b"[1] [2]", "not JSON: Extra data at line 1, column 5"),
        (b'[{"a": "b', "not JSON: Unterminated string starting at at line 1, column 8"),
        (b'["ok",\n\n"\xff"]', "not UTF-8: invalid start byte 0xff at line 3; save the file as UTF-8"),
        ('["Hà Nội"]'.encode("utf-16"), "not UTF-8: invalid start byte 0xff at line 1"),
        (b'["cut \xc3', "not UTF-8: unexpected end of data 0xc3 at line 1"),
        (b'["' + rb"\ud83d" + b'"]', "half a character"),
        (b"[" + b"[" * 91 + b"]" * 91 + b"]", "nested more than 90 deep"),
    ],
)
def test_a_file_that_holds_no_list_is_refused_with_the_reason(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "raw.json").write_bytes(data)
    with pytest.raises(DataError, match=message):
        list(read_array(tmp_path / "raw.json"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file or directory"):
        list(read_array(tmp_path / "none.json"))


def test_types_are_called_what_json_calls_them() -> None:
    values: list[Any] = [None, True, 1, 0.5, "a", [], {}]
    assert [json_type(v) for v in values] == [
        "null", "a boolean", "a number", "a number", "text", "a list", "an object",
    ]  # fmt: skip
