"""One turn goes through no more of the project than it did: what has to be kept in the head at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from recipes.trace_turn import ROOT, main, trace
from trm_agent.types import parse_history
from trm_agent.types.tools import nests_deeper

MOST = {"files": 72, "functions": 386, "changes": 264}
"""As measured; where a change brings a figure down, it is brought down here too."""
GROWTH = 1.1


def test_a_turn_takes_no_more_files_functions_and_changes_of_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["--json", "--files"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == len(found["functions_of"])
    assert found["functions"] == sum(found["functions_of"].values())
    grown = {name: (most, found[name]) for name, most in MOST.items() if found[name] > GROWTH * most}
    assert grown == {}, "figures that grew by more than a tenth: (stored, now)"
    assert all(found[name] > most / 3 for name, most in MOST.items()), "so little was hardly the whole turn"


def test_a_function_counts_once_and_staying_in_a_file_is_no_change() -> None:
    def work() -> None:
        for _ in range(2):
            parse_history([{"role": "user", "content": "hi"}])

    traced = trace(work)
    assert traced.files == {"trm_agent/types/messages.py": 2}
    assert traced.figures() == {"files": 1, "functions": 2, "changes": 0}


def test_a_change_is_counted_where_the_file_changes() -> None:
    def work() -> None:
        for _ in range(3):
            nests_deeper({}, 1)
            sys.modules["trm_agent.log"].rank()  # type: ignore[attr-defined]

    assert trace(work).figures() == {"files": 2, "functions": 2, "changes": 5}


def test_what_was_profiled_before_goes_on() -> None:
    before = sys.getprofile()
    with pytest.raises(ZeroDivisionError):
        trace(lambda: 1 / 0)
    assert sys.getprofile() is before


def test_a_checkpoint_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "recipes/trace_turn.py", "--checkpoint", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no such checkpoint folder" in done.stderr
    assert done.stdout == ""
