"""The page works in a real browser: it loads under its own security policy, asks for a decision, and shows it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user
from tests.langchain_trm.server.conftest import Serve

BROWSER = next((path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH")
@pytest.mark.parametrize("width", [375, 1280])
def test_a_decision_is_shown(served: Serve, tmp_path: Path, width: int) -> None:
    plan = Plan("find_restaurants", {"city": "Oakland", "cuisine": "Thai"}, confidence=0.5)
    url = served(router=ScriptedRouter(by_last_user({"Thai food in Oakland": plan})))
    command = [
        *(str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
        *(f"--window-size={width},800", "--virtual-time-budget=20000", "--dump-dom"),
    ]
    shown = subprocess.run(
        [*command, f"{url}/#say=Thai%20food%20in%20Oakland"], capture_output=True, text=True, timeout=240, check=True
    ).stdout
    assert "Call find_restaurants" in shown
    assert "Would be handed over: decision and tool are 50 % sure, 90 % is asked for." in shown
    assert ">Oakland</mark>" in shown
    assert "What find_restaurants returns" in shown
    assert shown.count('class="tool"') == 3
