"""The log goes to stderr, one line a record, and knows its rank."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from trm_agent import log
from trm_agent.log import logger, progress, rank, setup_logging


@pytest.fixture(autouse=True)
def restored_logger() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal; called in the test, since pytest sets its own stderr just before."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    log._console.cache_clear()
    return stream


def test_the_log_goes_to_stderr_and_leaves_stdout_to_data(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging()
    logger.info("wrote %d samples", 3)
    logger.warning("careful")
    logger.debug("unheard")
    assert capsys.readouterr() == ("", "wrote 3 samples\nwarning: careful\n")


def test_verbose_shows_debug_records(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging(verbose=True)
    logger.debug("heard")
    assert capsys.readouterr().err == "debug: heard\n"


def test_a_long_record_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging()
    logger.error("x " * 500)
    assert capsys.readouterr().err.count("\n") == 1


def test_setting_up_twice_says_things_once_and_keeps_the_handlers_of_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = logging.NullHandler()
    logger.addHandler(other)
    setup_logging()
    setup_logging()
    logger.info("once")
    assert capsys.readouterr().err == "once\n"
    assert other in logger.handlers


def test_only_rank_0_tells_how_things_go(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("0", "3"):
        monkeypatch.setenv("RANK", number)
        setup_logging(verbose=True)
        logger.info("epoch 1")
        logger.warning("slow disk")
    assert capsys.readouterr().err.splitlines() == [
        "epoch 1",
        "warning: [rank 0] slow disk",
        "warning: [rank 3] slow disk",
    ]


@pytest.mark.parametrize(("value", "number"), [("2", 2), ("", 0), ("none", 0), ("-1", 0)])
def test_a_rank_that_is_no_number_counts_as_alone(monkeypatch: pytest.MonkeyPatch, value: str, number: int) -> None:
    monkeypatch.setenv("RANK", value)
    assert rank() == number


def test_a_terminal_gets_the_rich_handler_with_markup_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = terminal(monkeypatch)
    setup_logging()
    logger.warning("file [red].json: turn 3")
    assert "file [red].json: turn 3" in stream.getvalue()
    assert "WARNING" in stream.getvalue()


def test_progress_passes_items_on_one_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    taken = []

    def source() -> Iterator[int]:
        for item in range(3):
            taken.append(item)
            yield item

    stream = progress(source(), "Reading", total=3)
    assert next(stream) == 0
    assert taken == [0]
    assert list(stream) == [1, 2]
    assert capsys.readouterr().err == "", "no bar where nobody looks"


def test_progress_draws_a_bar_on_a_terminal_and_leaves_stdout_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, stdout = terminal(monkeypatch), sys.stdout
    for _ in progress([1, 2], "Reading"):
        assert sys.stdout is stdout
    assert "Reading" in stream.getvalue()
    assert "100%" in stream.getvalue()


def test_other_ranks_draw_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = terminal(monkeypatch)
    monkeypatch.setenv("RANK", "1")
    assert list(progress([1, 2], "Reading")) == [1, 2]
    assert stream.getvalue() == ""


def test_the_logger_loads_neither_torch_nor_rich() -> None:
    code = "import sys, trm_agent.log; print(sorted({'torch', 'rich'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_where_there_is_no_terminal_a_record_says_now_and_then_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, "trm_agent"):
        assert list(progress([1, 2, 3, 4], "reading")) == [1, 2, 3, 4]
        assert list(progress(iter([1, 2, 3]), "counting")) == [1, 2, 3]
    assert [record.message for record in caplog.records] == ["reading: 1 of 4", "reading: 3 of 4", "counting: 1"]
