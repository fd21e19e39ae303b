"""Folders' docstrings, the README's tree and "I want to …" name what is there: a newcomer finds the file by reading."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(
    init.parent for top in ("trm_agent", "langchain_trm", "recipes") for init in (ROOT / top).rglob("__init__.py")
)
LONGEST = 400
TOO_LONG = {"trm_agent/encoder/sentence.py"}
"""Files that are still to be split; none may be added."""
FOLDERS = ["trm_agent", "langchain_trm", "recipes", "docs", "tests"]


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_names_each_of_its_modules(folder: Path) -> None:
    contents = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    assert modules, "a folder without modules needs no docstring"
    assert modules - set(re.findall(r"\w+", contents)) == set(), "modules that the docstring does not name"


def test_the_readme_has_a_line_for_each_folder() -> None:
    tree = (ROOT / "README.md").read_text(encoding="utf-8").split("## What is where")[1].split("```")[1]
    inner = [path.name for path in (ROOT / "trm_agent").iterdir() if path.is_dir() and path.name != "__pycache__"]
    named = re.findall(r"^ *(\w+)/", tree, re.MULTILINE)
    assert sorted(named) == sorted([*FOLDERS, *inner])
    assert max(map(len, tree.splitlines())) <= 120


def test_the_files_that_a_change_touches_exist() -> None:
    text = (ROOT / "docs" / "i_want_to.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`([\w.]+/[\w./]+|\w+\.(?:toml|md))`", text)) - {"tests/"}
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_names_that_a_change_touches_stand_in_their_files() -> None:
    text = (ROOT / "docs" / "i_want_to.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)` (?:of|in) `([\w./]+\.py)`", text)
    assert len(named) >= 4
    assert [(n, path) for n, path in named if f"\n{n}" not in (ROOT / path).read_text(encoding="utf-8")] == []


def test_no_file_is_longer_than_a_reader_holds_in_the_head() -> None:
    folders = ("trm_agent", "langchain_trm", "recipes")
    files = {path.relative_to(ROOT).as_posix(): path for folder in folders for path in (ROOT / folder).rglob("*.py")}
    assert len(files) > 200
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in files.items()}
    long = {name for name, length in lengths.items() if length > LONGEST}
    assert long - TOO_LONG == set(), "split them by responsibility"
    assert TOO_LONG - long == set(), "no longer too long: take them off the list"
