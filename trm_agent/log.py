"""The one logger, its handler on stderr, and the progress bar that shares the terminal with it.

Under `torchrun` every process logs: rank 0 tells how things go, the others speak only to warn, and a warning
carries its rank. The rank is read from the environment, so nothing here loads torch.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")

logger = logging.getLogger("trm_agent")

REPORT_EVERY = 30.0
"""Seconds between two records of how far something is."""


def rank() -> int:
    """This process's number among those started together, as `torchrun` sets it; 0 when there is one."""
    value = os.environ.get("RANK", "0")
    return int(value) if value.isdecimal() else 0


def setup_logging(verbose: bool = False) -> None:
    """Send the project's log to stderr: coloured on a terminal, one plain line a record elsewhere.

    May be called again; the handler is replaced, and handlers that others added stay.

    Args:
        verbose: Show DEBUG records too (on rank 0).
    """
    handler = _terminal_handler() if sys.stderr.isatty() else logging.StreamHandler()
    handler.name = "trm_agent"
    handler.setFormatter(_RankFormatter(coloured=sys.stderr.isatty()))
    for old in [h for h in logger.handlers if h.name == handler.name]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if rank() else logging.DEBUG if verbose else logging.INFO)


def progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Pass the items on and tell how far they are: a bar on a terminal, elsewhere a record every half minute.

    Only rank 0 tells.

    Args:
        items: Taken one at a time, never gathered.
        description: What the bar says.
        total: How many there are; without it the length, where there is one.
    """
    if rank():
        yield from items
        return
    if not sys.stderr.isatty():
        known = len(items) if total is None and isinstance(items, Sized) else total
        yield from _reported(items, description, known)
        return
    from rich.progress import Progress

    with Progress(*Progress.get_default_columns(), console=_console(), redirect_stdout=False) as bar:
        yield from bar.track(items, total, description=description)


def _reported(items: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    """The items; a record says now and then how many have been passed on."""
    told = time.monotonic()
    for count, item in enumerate(items):
        if time.monotonic() - told >= REPORT_EVERY:
            told = time.monotonic()
            logger.info("%s: %d%s", description, count, f" of {total}" if total is not None else "")
        yield item


class _RankFormatter(logging.Formatter):
    """The level (a coloured handler shows it itself), the rank of a warning under `torchrun`, the message."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__("%(message)s")
        self.coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        level = "" if self.coloured or record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        where = f"[rank {rank()}] " if "RANK" in os.environ and record.levelno >= logging.WARNING else ""
        return f"{level}{where}{super().format(record)}"


@cache
def _console() -> Console:
    """The terminal on stderr: one object, so that log lines appear above the bar."""
    from rich.console import Console

    return Console(stderr=True)


def _terminal_handler() -> logging.Handler:
    from rich.highlighter import NullHighlighter
    from rich.logging import RichHandler

    return RichHandler(console=_console(), show_path=False, show_time=False, highlighter=NullHighlighter())
