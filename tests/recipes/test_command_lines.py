"""Every command answers `--help` at once, with `--` before every option, and names its own example."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELPERS = {"__init__.py", "opening.py"}
RECIPES = sorted(path.name for path in (ROOT / "recipes").glob("*.py") if path.name not in HELPERS)


def run_help(*command: str) -> tuple[str, float]:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, time.perf_counter() - started


@pytest.mark.parametrize("recipe", RECIPES)
def test_help_is_there_and_every_argument_is_an_option(recipe: str) -> None:
    text, _ = run_help(f"recipes/{recipe}")
    assert re.search(rf"uv run (--extra \w+ )?python recipes/{recipe}", text)
    assert "positional arguments" not in text
    shown = re.findall(r"^  (-\S+)", text, re.MULTILINE)
    assert all(option.startswith("--") or option == "-h," for option in shown)


@pytest.mark.parametrize("recipe", RECIPES)
def test_help_loads_no_torch(recipe: str) -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['recipe', '--help']\n"
        "try:\n"
        f"    runpy.run_path('recipes/{recipe}', run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_recipe_has_a_shebang_or_touches_the_path(recipe: str) -> None:
    text = (ROOT / "recipes" / recipe).read_text(encoding="utf-8")
    assert not text.startswith("#!")
    assert "sys.path" not in text


def test_convert_answers_help_without_torch() -> None:
    text, seconds = run_help("-m", "trm_agent.convert")
    assert "--slot-fields" in text
    assert seconds < 3, "half a second on an idle machine; loading torch alone takes longer than this bound"
