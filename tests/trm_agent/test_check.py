"""The check names every fault it knows, with the sample it is in, and passes samples that have none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from trm_agent.check.__main__ import main
from trm_agent.check.faults import FAULTS, NOTES
from trm_agent.check.mentions import Mentions
from trm_agent.log import logger
from trm_agent.text.dates import is_relative
from trm_agent.types import Message, Parameter

BOOK = {
    "name": "book",
    "description": "Book a table.",
    "parameters": {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "people": {"type": "integer"},
            "place": {"type": "string"},
            "room": {"type": "string", "enum": ["inside", "outside"]},
        },
        "required": ["day"],
    },
}
PING = {"name": "ping", "description": "", "parameters": {"type": "object", "properties": {}}}
NOW = "2026-03-14T09:30:00"


@pytest.fixture(autouse=True)
def restored_logger() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


def sample(text: str, arguments: dict[str, Any] | None, name: str, **meta: Any) -> dict[str, Any]:
    return {
        "tools": [BOOK, PING],
        "history": [{"role": "user", "content": text}],
        "decision": "direct_answer" if arguments is None else "tool_call",
        "slots": {},
        "tool": None if arguments is None else {"name": "book", "arguments": arguments},
        "content": "Hello." if arguments is None else None,
        "id": name,
        "meta": {"source": "logs", "dialogue": name.split(":")[0], **meta},
    }


GOOD = [
    sample("a table for four at Sen on 2026-03-20", {"day": "2026-03-20", "people": 4, "place": "Sen"}, "a:2"),
    sample("outside tomorrow please", {"day": "2026-03-15", "room": "outside"}, "b:2", now=NOW),
    sample("good evening to you", None, "c:2"),
]
BAD = {
    "missing": [sample("a table at Sen", {"place": "Sen"}, "m:2")],
    "forbidden": [sample("on 2026-03-20 upstairs", {"day": "2026-03-20", "room": "upstairs"}, "f:2")],
    "unsaid": [sample("on 2026-03-20 as always", {"day": "2026-03-20", "place": "Sen"}, "u:2")],
    "undated": [sample("a table for tomorrow", {"day": "2026-03-15"}, "d:2")],
    "contradiction": [
        sample("2026-03-20", {"day": "2026-03-20"}, "x:2"),
        sample(" 2026-03-20.", None, "y:2"),
    ],
    "duplicate": [
        sample("is there a table on 2026-03-20", {"day": "2026-03-20"}, "p:2"),
        sample("Is there a table on 2026-03-21?", {"day": "2026-03-21"}, "q:2"),
    ],
}
EXAMPLES = {
    "missing": "m:2  book lacks day",
    "forbidden": "f:2  book: room = 'upstairs' (string, not one of inside, outside)",
    "unsaid": "u:2  book.place = 'Sen'",
    "undated": "d:2  a table for tomorrow",
    "contradiction": 'y:2  direct_answer; x:2: book {"day": "2026-03-20"}',
    "duplicate": "q:2  like p: Is there a table on 2026-03-21?",
    "never_called": "ping",
    "undescribed": "ping",
    "unreadable": 'bad.jsonl:9  "tools" is missing',
}


def put(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def look(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    code = main(["--data", str(path), "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_samples_without_faults_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = look(put(tmp_path / "good.jsonl", GOOD), capsys)
    assert code == 0
    assert [kind for kind in FAULTS if report["faults"][kind]["count"]] == []
    assert (report["samples"], report["conversations"]) == (3, 3)
    assert report["decisions"] == {"tool_call": 2, "direct_answer": 1}
    assert report["calls"] == {"book": 2}


def test_the_same_words_on_another_day_may_mean_another_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        sample("outside tomorrow", {"day": "2026-03-15", "room": "outside"}, "t:2", now=NOW),
        sample("outside tomorrow", {"day": "2026-03-20", "room": "outside"}, "u:2", now="2026-03-19T10:00"),
    ]
    code, report = look(put(tmp_path / "days.jsonl", GOOD + rows), capsys)
    assert (code, report["faults"]["contradiction"]["count"]) == (0, 0)


@pytest.mark.parametrize("kind", BAD)
def test_each_fault_is_found_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    code, report = look(put(tmp_path / "bad.jsonl", GOOD + BAD[kind]), capsys)
    counts = {name: found["count"] for name, found in {**report["faults"], **report["notes"]}.items()}
    expected = dict.fromkeys((*FAULTS, *NOTES), 0) | {kind: 1, "never_called": 1, "undescribed": 1}
    assert counts == expected
    assert code == (1 if kind in FAULTS else 0)
    assert report["harmful"] == ([kind] if kind in FAULTS else [])


def test_a_folder_with_every_fault_is_one_page_with_their_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for rows in BAD.values() for row in rows]
    put(tmp_path / "logs" / "bad.jsonl", [*rows, {"history": []}])
    put(tmp_path / "logs" / "good.jsonl", GOOD)
    assert main(["--data", str(tmp_path / "logs")]) == 1
    page = capsys.readouterr().out
    assert page.startswith("11 samples of 11 conversations: 9 calls, 2 direct answers\ncalled: book 9\n")
    for kind, text in EXAMPLES.items():
        assert f"1  {kind}: {({**FAULTS, **NOTES})[kind]}\n" in page
        assert text in page
    assert len(page.splitlines()) <= 60
    assert max(map(len, page.splitlines())) <= 118
    assert page.endswith("not fit to train on: unreadable, missing, forbidden, unsaid, undated, contradiction\n")


def test_one_decision_only_is_a_fault_and_a_rare_one_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = look(put(tmp_path / "calls.jsonl", GOOD[:2]), capsys, "--tolerance", "0.9")
    assert (code, report["harmful"]) == (1, ["one_sided"])
    many = [sample(f"hello number {n}", None, f"h{n}:2") for n in range(20)]
    code, report = look(put(tmp_path / "rare.jsonl", [GOOD[0], *many]), capsys)
    assert code == 0
    assert report["notes"]["imbalance"]["examples"] == [{"id": "tool_call", "text": "1 of 21 samples"}]


def test_few_faults_are_no_failure_if_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path / "bad.jsonl", GOOD * 5 + BAD["unsaid"])
    assert look(path, capsys, "--tolerance", "0.1")[0] == 0
    assert look(path, capsys, "--tolerance", "0.01")[0] == 1


def test_a_date_in_the_system_message_is_a_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = BAD["undated"]
    today = {"role": "system", "content": "Today is 2026-03-14."}
    path = put(tmp_path / "dated.jsonl", [*GOOD, {**row, "history": [today, *row["history"]]}])
    assert look(path, capsys)[0] == 0


def test_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl: cannot be read: No such file or directory" in capsys.readouterr().err
    assert main(["--data", str(tmp_path)]) == 1
    assert "holds no .jsonl file" in capsys.readouterr().err
    assert main(["--data", str(put(tmp_path / "empty.jsonl", []))]) == 1
    assert "empty.jsonl: no samples" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["--data", "x", "--tolerance", "2"])
    assert caught.value.code == 2
    assert "must be from 0 to below 1, got '2'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "schema", "value", "holds"),
    [
        ("in Sen", {"type": "string"}, "sen", True),
        ("in Sendai", {"type": "string"}, "Sen", False),
        ("我去南京", {"type": "string"}, "南京", True),
        ("o Hue", {"type": "string"}, "Huế", True),
        ("twenty-one of them", {"type": "integer"}, 21, True),
        ("some of them", {"type": "integer"}, 21, False),
        ("next Friday at 7 pm", {"type": "string", "format": "date-time"}, "2026-03-20T19:00", True),
        ("next Friday at 7 pm", {"type": "string", "format": "date-time"}, "2026-03-20T20:00", False),
        ("ngày mai", {"type": "string", "format": "date"}, "2026-03-15", True),
        ("hot and sour", {"type": "array", "items": {"type": "string"}}, ["hot", "sour"], True),
        ("hot and sour", {"type": "array", "items": {"type": "string"}}, ["hot", "sweet"], False),
        ("whatever", {"type": "boolean"}, True, True),
        ("whatever", {"type": "string", "default": "Sen"}, "Sen", True),
    ],
)
def test_a_value_is_said_in_its_own_words_or_in_those_that_read_as_it(
    text: str, schema: dict[str, Any], value: Any, holds: bool
) -> None:
    default = schema.pop("default", None)
    parameter = Parameter("x", schema, default=default, has_default=default is not None)
    mentions = Mentions([Message("user", text)], datetime.fromisoformat(NOW))
    assert mentions.holds(value, parameter) is holds


@pytest.mark.parametrize(
    ("text", "relative"),
    [
        ("see you tomorrow", True),
        ("next Friday", True),
        ("in two weeks", True),
        ("vào ngày mai", True),
        ("on March 3rd 2026", False),
        ("on 2026-03-03", False),
        ("hello", False),
    ],
)
def test_relative_days_are_told_from_dates(text: str, relative: bool) -> None:
    assert is_relative(text) is relative


def test_help_tells_every_option_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("--data", "--examples", "--tolerance", "--json"))
    assert "uv run python -m trm_agent.check --data samples.jsonl" in text
    assert "Exit code: 0 fit to train on; 1" in text


def test_checking_never_loads_torch(tmp_path: Path) -> None:
    path = put(tmp_path / "good.jsonl", GOOD)
    code = (
        "import sys; from trm_agent.check.__main__ import main; "
        f"code = main(['--data', {str(path)!r}, '--json']); "
        "print(code, 'torch' in sys.modules, file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stderr == "0 False\n"
