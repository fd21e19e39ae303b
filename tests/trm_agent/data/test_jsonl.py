"""Samples survive the disk, bad lines are named, and a file is written whole or not at all."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from trm_agent.data.jsonl import read_samples, write_samples
from trm_agent.errors import DataError
from trm_agent.types import Accept, Message, Sample, ToolSchema

TOOL = ToolSchema.from_json({"name": "play", "parameters": {"properties": {"song": {"type": "string"}}}})
SAMPLE = Sample(
    tools=(TOOL,),
    history=(Message("user", "Phát bài Diễm Xưa 🎵\u2028 ngay"),),
    decision="tool_call",
    slots={"song": "Diễm Xưa"},
    tool={"name": "play", "arguments": {"song": "Diễm Xưa"}},
    content=None,
    id="a:2",
    accept=Accept(arguments={"song": ["diem xua"]}),
    meta={"source": "test"},
)


def as_line(**changes: object) -> str:
    return json.dumps({**SAMPLE.to_json(), **changes}, ensure_ascii=False)


def test_samples_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "samples.jsonl"
    assert write_samples(path, [SAMPLE, SAMPLE]) == 2
    assert list(read_samples(path)) == [SAMPLE, SAMPLE]
    assert path.read_bytes().count(b"\n") == 2
    assert "Diễm" in path.read_text("utf-8"), "text stays readable"


def test_the_published_keys_come_first_and_in_order(tmp_path: Path) -> None:
    write_samples(tmp_path / "s.jsonl", [SAMPLE])
    keys = list(json.loads((tmp_path / "s.jsonl").read_text("utf-8")))
    assert keys == ["tools", "history", "decision", "slots", "tool", "content", "id", "accept", "meta"]


def test_a_byte_order_mark_blank_lines_and_a_missing_last_newline_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + f"{as_line()}\r\n\r\n  \n{as_line()}".encode())
    assert list(read_samples(path)) == [SAMPLE, SAMPLE]


def test_one_error_at_the_end_lists_every_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join([as_line(), as_line(history=[]), "{", as_line(decision="maybe"), as_line()]), "utf-8")
    good: list[Sample] = []
    with pytest.raises(DataError) as caught:
        good.extend(read_samples(path))
    assert good == [SAMPLE, SAMPLE]
    assert str(caught.value).splitlines() == [
        f'{path}:2: "history" is empty; a sample needs at least one message',
        f"{path}:3: not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
        f"{path}:4: \"decision\" must be tool_call or direct_answer, got 'maybe'",
    ]


def test_a_callback_hears_of_each_bad_line_when_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"[]\n" + as_line().encode() + b"\n\xff\n")
    heard: list[DataError] = []
    stream = read_samples(path, heard.append)
    assert next(stream) == SAMPLE
    assert [str(error) for error in heard] == [f"{path}:1: a sample must be an object, got list"]
    assert list(stream) == []
    assert str(heard[1]) == f"{path}:3: not UTF-8: invalid start byte at byte 0"


def test_reading_is_lazy(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(as_line() + "\nbroken\n", "utf-8")
    assert next(read_samples(path)) == SAMPLE


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()], ids=["missing", "folder"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: object) -> None:
    path = tmp_path / "s.jsonl"
    make(path)  # type: ignore[operator]
    with pytest.raises(DataError, match=r"s\.jsonl: cannot be read: (No such file|Is a directory)"):
        list(read_samples(path))


def test_a_failing_source_leaves_the_older_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("older")

    def source() -> Iterator[Sample]:
        yield SAMPLE
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_samples(path, source())
    assert [p.name for p in tmp_path.iterdir()] == ["s.jsonl"]
    assert path.read_text() == "older"


def test_the_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    seen = []

    def source() -> Iterator[Sample]:
        for _ in range(3):
            seen.append(path.exists())
            yield SAMPLE

    write_samples(path, source())
    assert seen == [False, False, False]
    assert path.exists()


def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, mode: Full(self, mode))
    with pytest.raises(DataError, match=r"s\.jsonl: cannot be written: No space left on device"):
        write_samples(tmp_path / "s.jsonl", [SAMPLE])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_a_device_or_a_file_in_the_way_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written: it is not a regular file"):
        write_samples(tmp_path, [SAMPLE])
    with pytest.raises(DataError, match="/dev/null: cannot be written: it is not a regular file"):
        write_samples("/dev/null", [SAMPLE])
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/s\.jsonl: cannot be written: (File exists|Not a directory)"):
        write_samples(tmp_path / "file" / "s.jsonl", [SAMPLE])


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.jsonl").write_text("older")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    write_samples(tmp_path / "link.jsonl", [SAMPLE])
    assert (tmp_path / "link.jsonl").is_symlink()
    assert list(read_samples(tmp_path / "real.jsonl")) == [SAMPLE]


@pytest.mark.parametrize(("value", "reason"), [(float("nan"), "not JSON compliant"), ("\ud83d", "surrogates")])
def test_a_sample_that_json_cannot_hold_is_named(tmp_path: Path, value: object, reason: str) -> None:
    odd = Sample((), (Message("user", "x"),), "direct_answer", {"a": value}, None, "y")
    with pytest.raises(DataError, match=rf"s\.jsonl: sample 2 cannot be written as JSON: .*{reason}"):
        write_samples(tmp_path / "s.jsonl", [SAMPLE, odd])
    assert list(tmp_path.iterdir()) == []
