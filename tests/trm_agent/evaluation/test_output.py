"""Files are written with their folders, and what cannot be written says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from trm_agent.errors import DataError
from trm_agent.evaluation.files import save_figure, write_text


def test_folders_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.md", "é\n")
    assert (tmp_path / "a" / "b.md").read_text(encoding="utf-8") == "é\n"
    save_figure(Figure(), tmp_path / "c" / "d.png")
    assert (tmp_path / "c" / "d.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_written_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written: Is a directory"):
        write_text(tmp_path, "x")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        save_figure(Figure(), tmp_path / "file" / "d.png")
