"""Files that recipes write: folders are made, and what cannot be written is a `DataError` with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trm_agent.errors import DataError, requires_extra
from trm_agent.log import logger

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_text(path: Path, text: str) -> None:
    """Write a text file.

    Raises:
        DataError: It cannot be written.
    """
    _write(path, lambda: path.write_text(text, encoding="utf-8"))


def save_figure(figure: Figure, path: Path, dpi: int = 120) -> None:
    """Save a figure in the format that the name says, and close it.

    Raises:
        DataError: It cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    with requires_extra("report", "a plot"):
        from matplotlib import pyplot

    try:
        _write(path, lambda: figure.savefig(path, dpi=dpi))
    finally:
        pyplot.close(figure)


def _write(path: Path, write: Callable[[], object]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write()
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
    logger.info("wrote %s", path)
