"""The conversion command: what it writes, what it says, how it ends, and that it never holds the whole input."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import time
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trm_agent import convert
from trm_agent.convert import convert_files, main, read_tools
from trm_agent.data.jsonl import read_samples, write_samples
from trm_agent.errors import DataError, ToolError
from trm_agent.log import logger
from trm_agent.types import Sample
from trm_agent.utils import RawDataProcessor

REPOSITORY = Path(__file__).parents[2]
GOOD = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
CALL = {"role": "tool_call", "content": {"response": {"name": "hang_up", "arguments": {}}}}


@pytest.fixture(autouse=True)
def restored_logger() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder with one good conversation."""
    folder = tmp_path / "raw"
    folder.mkdir()
    put(folder / "good.json", GOOD)
    return folder


def put(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return path


def run(folder: Path, *options: object, output: Path | None = None) -> tuple[int, list[Sample]]:
    """The exit code, and the samples written (none when nothing was)."""
    output = output or folder.parent / "out" / "samples.jsonl"
    code = main(["--input", str(folder), "--output", str(output), *map(str, options)])
    return code, list(read_samples(output)) if output.is_file() else []


def test_the_sample_conversations_convert(sample_data: Path, tmp_path: Path) -> None:
    setup = sample_data / "setup"
    output = tmp_path / "samples.jsonl"
    code, samples = run(
        sample_data, "--tools", setup / "tools.json", "--system", setup / "system.txt", "--recursive", output=output
    )
    assert code == 0
    assert len(samples) == 28
    assert sum(sample.decision == "tool_call" for sample in samples) == 11
    assert {sample.meta["source"] for sample in samples} == {"sample_data"}
    assert "branches/vi_gap_nhan_vien:2" in {sample.id for sample in samples}
    assert len({sample.id for sample in samples}) == 28
    assert all(sample.history[0].role == "system" for sample in samples)


def test_converting_twice_gives_the_same_bytes(sample_data: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(sample_data, "--tools", sample_data / "setup" / "tools.json", output=tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_success_is_told_on_stderr_with_numbers_and_place(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raw)[0] == 0
    assert capsys.readouterr() == ("", f"{raw.parent}/out/samples.jsonl: 1 samples from 1 of 1 files\n")


def test_slot_fields_are_those_named(raw: Path) -> None:
    put(raw / "good.json", [GOOD[0], {"role": "assistant", "content": {"response": "hi", "city": "Huế", "phone": "1"}}])
    _, (sample,) = run(raw, "--slot-fields", "city", "date")
    assert sample.slots == {"city": "Huế", "date": ""}


def test_a_slot_field_with_another_use_is_refused(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raw, "--slot-fields", "think") == (1, [])
    assert "error: 'think' cannot be a slot field" in capsys.readouterr().err


def test_subfolders_are_looked_into_only_on_request(raw: Path) -> None:
    put(raw / "deep" / "er" / "more.json", GOOD)
    assert len(run(raw)[1]) == 1
    _, samples = run(raw, "--recursive")
    assert [sample.id for sample in samples] == ["deep/er/more:2", "good:2"]


def test_the_first_files_by_name_are_taken(raw: Path) -> None:
    for name in ("a", "c", "b"):
        put(raw / f"{name}.json", GOOD)
    _, samples = run(raw, "--num-input-files", 2)
    assert [sample.id for sample in samples] == ["a:2", "b:2"]
    assert len(run(raw, "--num-input-files", 99)[1]) == 4


def test_one_file_may_be_the_input(raw: Path) -> None:
    code, (sample,) = run(raw / "good.json", output=raw.parent / "s.jsonl")
    assert code == 0
    assert (sample.id, sample.meta["source"]) == ("good:2", "good")


def test_only_json_files_are_read_and_never_the_tools(raw: Path) -> None:
    put(raw / "notes.txt", b"not JSON")
    put(raw / "folder.json" / "x.txt", b"a folder")
    put(raw / "upper.JSON", GOOD)
    put(raw / "tools.json", [{"name": "hang_up"}])
    code, samples = run(raw, "--tools", raw / "tools.json")
    assert code == 0
    assert [sample.id for sample in samples] == ["good:2", "upper:2"]


def test_a_byte_order_mark_is_fine_everywhere(raw: Path) -> None:
    mark = b"\xef\xbb\xbf"
    put(raw / "good.json", mark + json.dumps([GOOD[0], CALL]).encode())
    tools = put(raw.parent / "tools.json", mark + b'[{"name": "hang_up"}]')
    system = put(raw.parent / "system.txt", mark + b"Be kind.\r\n")
    code, (sample,) = run(raw, "--tools", tools, "--system", system)
    assert code == 0
    assert sample.history[0].content == "Be kind."


def test_without_tools_they_are_declared_from_all_calls_and_it_is_said(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(raw / "call.json", [GOOD[0], CALL])
    code, samples = run(raw)
    assert code == 0
    assert [[tool.name for tool in sample.tools] for sample in samples] == [["hang_up"], ["hang_up"]]
    warning = "warning: no --tools: declared from their calls alone, without descriptions: hang_up\n"
    assert warning in capsys.readouterr().err


def test_tools_may_stand_in_an_object_and_in_either_form(tmp_path: Path) -> None:
    bare = {"name": "hang_up"}
    path = put(tmp_path / "tools.json", {"tools": [bare, {"type": "function", "function": {"name": "dial"}}]})
    assert [tool.name for tool in read_tools(path)] == ["hang_up", "dial"]


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", DataError, "not JSON: Expecting value at line 1, column 1"),
        (b"\xff", DataError, "not UTF-8"),
        ({"hang_up": {}}, ToolError, "expected a list of tool declarations"),
        ([], ToolError, "expected a list of tool declarations"),
        ([{"description": "nameless"}], ToolError, "a tool needs a name"),
        ([{"name": "a"}, {"name": "a"}], ToolError, "two tools are named 'a'"),
    ],
)
def test_broken_tools_are_one_line_that_names_the_file(
    tmp_path: Path, data: Any, kind: type[Exception], message: str
) -> None:
    path = put(tmp_path / "tools.json", data)
    with pytest.raises(kind, match=rf"tools\.json: {message}"):
        read_tools(path)


BROKEN = {
    "no JSON": (b"{", "expected a list, got an object"),
    "cut off": (json.dumps(GOOD).encode()[:-1], "not JSON: Expecting ',' delimiter at line 1, column 78"),
    "no list": ({"turns": GOOD}, "expected a list, got an object"),
    "a tool declaration": ([{"name": "x", "parameters": {}}], "turn 1: this is a tool declaration, not a turn"),
    "unknown role": ([*GOOD, {"role": "bot", "content": "x"}], "turn 3: unknown role 'bot'; expected one of system"),
    "no content": ([*GOOD, {"role": "assistant"}], "turn 3: the assistant turn has no content"),
    "no name": ([*GOOD, {"role": "tool_call", "content": {"response": {}}}], "turn 3: the tool_call has no name"),
    "undeclared": (
        [*GOOD, {"role": "tool_call", "content": {"response": {"name": "dial"}}}],
        "turn 3: calls 'dial', which is not declared; the tools are hang_up",
    ),
    "no call": ([*GOOD, {"role": "tool_response", "content": {"response": 1}}], "turn 3: a tool_response without a to"),
    "empty file": (b"", "the file is empty"),
    "no turns": ([], "the conversation holds no turns"),
    "no UTF-8": ('[{"role": "user", "content": "chào"}]'.encode("latin-1"), "not UTF-8: invalid continuation byte 0xe"),
    "half a character": (rb'[{"role": "user", "content": "\ud83d"}]', r"half a character: '\ud83d' stands alone"),
    "too deep": (b"[" * 5000, "nested more than 90 deep"),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_the_reason_and_left_out_whole(
    raw: Path, capsys: pytest.CaptureFixture[str], data: Any, reason: str
) -> None:
    put(raw / "broken.json", data)
    put(raw / "zebra.json", GOOD)
    tools = put(raw.parent / "tools.json", [{"name": "hang_up"}])
    code, samples = run(raw, "--tools", tools)
    assert code == 1
    assert [sample.id for sample in samples] == ["good:2", "zebra:2"]
    complaint, summary = capsys.readouterr().err.splitlines()
    assert complaint.startswith(f"error: {raw}/broken.json: {reason}")
    assert complaint.endswith("(file left out)")
    assert summary.endswith("2 samples from 2 of 3 files")


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_file_that_cannot_be_opened_is_named(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (raw / "gone.json").symlink_to(raw / "nowhere")
    code, samples = run(raw)
    assert (code, len(samples)) == (1, 1)
    assert (
        f"error: {raw}/gone.json: cannot be read: No such file or directory (file left out)" in capsys.readouterr().err
    )


def test_strict_stops_at_the_first_broken_file_and_writes_nothing(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(raw / "a.json", GOOD)
    for name in ("m", "n"):
        put(raw / f"{name}.json", b"")
    output = raw.parent / "samples.jsonl"
    output.write_text("older")
    assert main(["--input", str(raw), "--output", str(output), "--strict"]) == 1
    assert output.read_text() == "older"
    assert sorted(p.name for p in raw.parent.iterdir()) == ["raw", "samples.jsonl"]
    assert capsys.readouterr().err == f"error: {raw}/m.json: the file is empty\n"


@pytest.mark.parametrize("content", [b"", [{"role": "user", "content": "anyone there?"}]], ids=["broken", "undecided"])
def test_without_any_sample_nothing_is_written(raw: Path, capsys: pytest.CaptureFixture[str], content: Any) -> None:
    put(raw / "good.json", content)
    output = put(raw.parent / "out" / "samples.jsonl", b"")
    assert run(raw) == (1, [])
    assert output.read_bytes() == b""
    assert f"error: {raw}: no sample came of 1 file(s), so nothing is written\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"--input": "nowhere"}, "nowhere: no such folder"),
        ({"--input": "empty"}, "empty: holds no .json or .jsonl file; --recursive looks into its subfolders"),
        ({"--output": "raw"}, "raw: cannot be written: it is not a regular file"),
        ({"--output": "raw/good.json/s.jsonl"}, r"good\.json/s\.jsonl: cannot be written: "),
        ({"--output": "raw/good.json"}, r"good\.json: is read from, so it cannot be the output"),
        ({"--output": "tools.json", "--tools": "tools.json"}, r"tools\.json: is read from"),
        ({"--tools": "nowhere"}, "nowhere: cannot be read: No such file or directory"),
        ({"--system": "nowhere"}, "nowhere: cannot be read: No such file or directory"),
        ({"--system": "blank.txt"}, r"blank\.txt: holds no text; leave --system out"),
        ({"--system": "latin.txt"}, r"latin\.txt: not UTF-8: "),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(
    raw: Path, capsys: pytest.CaptureFixture[str], options: dict[str, str], message: str
) -> None:
    put(raw.parent / "blank.txt", b" \n")
    put(raw.parent / "latin.txt", b"caf\xe9 chaud")
    put(raw.parent / "tools.json", [{"name": "hang_up"}])
    (raw.parent / "empty").mkdir()
    before = {p: p.read_bytes() for p in raw.parent.rglob("*") if p.is_file()}
    chosen = {"--input": "raw", "--output": "s.jsonl", **options}
    assert main([part for option, path in chosen.items() for part in (option, str(raw.parent / path))]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(rf"error: .*{message}", line)
    assert {p: p.read_bytes() for p in raw.parent.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --input, --output"),
        (["raw", "out.jsonl"], "the following arguments are required: --input, --output"),
        (["--input", "a", "--output", "b", "--num-input-files", "0"], "must be a number from 1, got '0'"),
        (["--input", "a", "--output", "b", "--num-input-files", "ten"], "must be a number from 1, got 'ten'"),
        (["--input", "a", "--output", "b", "--slot-fields"], "--slot-fields: expected at least one argument"),
        (["--input", "a", "--output", "b", "--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_wrong_usage_leaves_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


# Memory


def many(folder: Path, count: int) -> list[Path]:
    return [put(folder / f"{number:03}.json", GOOD * 3) for number in range(count)]


def test_a_file_is_opened_only_when_its_turn_comes(tmp_path: Path) -> None:
    paths, asked = many(tmp_path, 200), []

    def spied() -> Iterator[Path]:
        for path in paths:
            asked.append(path)
            yield path

    stream = convert_files(spied(), RawDataProcessor())
    for number in range(200):
        for _ in range(3):
            next(stream)
        assert len(asked) == number + 1
    assert next(stream, None) is None


def test_no_sample_is_kept_once_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most two samples live at a time: the one being written, and the one before it."""
    many(tmp_path / "raw", 60)
    gc.collect()
    gc.freeze()  # what other tests left behind is not searched at every sample
    alive: weakref.WeakSet[Sample] = weakref.WeakSet()
    monkeypatch.setattr(Sample, "__hash__", object.__hash__)
    most = 0

    def watching(path: Path, samples: Iterable[Sample]) -> int:
        def watched() -> Iterator[Sample]:
            nonlocal most
            for sample in samples:
                alive.add(sample)
                gc.collect()
                most = max(most, len(alive))
                yield sample

        return write_samples(path, watched())

    monkeypatch.setattr(convert, "write_samples", watching)
    try:
        code, _ = run(tmp_path / "raw")
    finally:
        gc.unfreeze()
    assert code == 0
    assert 1 <= most <= 3


def test_the_conversations_of_one_big_file_are_taken_one_at_a_time(tmp_path: Path) -> None:
    path = put(tmp_path / "big.json", [GOOD] * 20_000)

    def alive() -> int:
        gc.collect()
        return sum(type(thing) is Sample for thing in gc.get_objects())

    before, tracked = alive(), 0  # other tests may hold samples of their own
    for sample in RawDataProcessor().process_file(path):
        if sample.id == "big#10000:2":
            tracked = alive() - before
    assert 1 <= tracked <= 20


# The command as it is typed


def command(*arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


def test_help_is_instant_and_tells_every_option() -> None:
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        told = command("-m", "trm_agent.convert", "--help")
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.5, "seconds"
    assert told.returncode == 0
    for option in ("--input", "--output", "--tools", "--slot-fields", "--recursive", "--system", "--num-input-files"):
        assert option in told.stdout
    assert "--strict" in told.stdout


def test_converting_never_loads_torch(raw: Path) -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "numpy", "sklearn", "langchain_core", "pydantic")
    code = (
        "import sys; from trm_agent.convert import main; "
        f"code = main(['--input', {str(raw)!r}, '--output', 'out.jsonl']); "
        f"print(code, sorted(set({heavy!r}) & set(sys.modules)))"
    )
    told = command("-c", code, cwd=raw.parent)
    assert told.stdout == "0 []\n", told.stderr


def test_the_command_runs_from_anywhere(raw: Path) -> None:
    told = command("-m", "trm_agent.convert", "--input", "raw", "--output", "new/out.jsonl", cwd=raw.parent)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "new/out.jsonl: 1 samples from 1 of 1 files\n")
    assert len(list(read_samples(raw.parent / "new" / "out.jsonl"))) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes")
def test_a_file_name_that_is_no_text_still_converts(raw: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(raw) + b"/\xff.json")), GOOD)
    code, samples = run(raw)
    assert code == 0
    assert [sample.id for sample in samples] == ["good:2", "?:2"]
