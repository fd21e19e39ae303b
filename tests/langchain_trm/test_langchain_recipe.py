"""The agent recipe runs from the command line and counts right."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user

PATH = Path(__file__).parents[2] / "recipes" / "agent_with_fallback.py"

SURE = {
    "Hi there!": Plan(),
    "I need a hotel in Lisbon.": Plan(intended="find_hotel", arguments={"city": "Lisbon"}),
    "For 3 nights, please.": Plan("find_hotel", {"city": "Lisbon", "nights": 3}),
    "Sounds good, book Hotel Aurora.": Plan("book_hotel", {"hotel": "Hotel Aurora"}),
    "Great, thanks!": Plan(),
}


@pytest.fixture
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agent_with_fallback", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_steps_hand_overs_and_savings_are_counted(
    recipe: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    router = ScriptedRouter(by_last_user(SURE, otherwise=Plan(confidence=0.3)))
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: router)
    assert recipe.main(["--min-confidence", "0.8"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "7 of 10 calls of the large model were saved (70%)." in out
    assert out.count("handed over:") == 2
    assert "handed over: And a taxi from the airport at 9 pm." in out
    assert "The hotel is Hotel Aurora" in out


def test_without_a_usable_checkpoint_it_says_why(
    recipe: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert recipe.main(["--checkpoint", str(tmp_path)]) == 1
    assert str(tmp_path) in caplog.text


def test_the_script_covers_the_conversation(recipe: ModuleType) -> None:
    assert set(recipe.CONVERSATION) == set(recipe.SCRIPT)


def test_help_names_every_option() -> None:
    done = subprocess.run([sys.executable, str(PATH), "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for option in ("--checkpoint", "--min-confidence", "--top-k"):
        assert option in done.stdout
