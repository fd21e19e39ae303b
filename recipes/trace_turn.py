"""How much of the project one turn goes through: files, functions, and changes of file.

uv run python recipes/trace_turn.py
uv run python recipes/trace_turn.py --json --files

One `ChatTRM.invoke` that ends in one call is traced, after other turns have loaded and warmed everything up. What is
traced is Python code of the project alone, in the order in which it runs:
  files      modules of which a function is entered
  functions  different functions that are entered
  changes    times that code in another file than the one before is entered
Comprehensions count for nothing of their own: newer versions of Python run them within their function.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

ROOT = Path(__file__).parents[1]
PACKAGES = ("trm_agent", "langchain_trm")
COMPREHENSIONS = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>"))
WARM_UP = ("Hi there!", "find me some Thai food in Leeds", "please reserve a table at Casa Nova in York at 7 pm")
TURN = "I need an Italian restaurant in Oakland"
TOOL = "find_restaurants"


@dataclass(frozen=True)
class Trace:
    """Code of the project in the order in which it was entered."""

    entered: tuple[CodeType, ...]

    @property
    def files(self) -> dict[str, int]:
        """File, relative to the repository → how many of its functions were entered; the most first."""
        return dict(Counter(name(code) for code in dict.fromkeys(self.entered)).most_common())

    @property
    def changes(self) -> int:
        return sum(before.co_filename != after.co_filename for before, after in pairwise(self.entered))

    def figures(self) -> dict[str, int]:
        return {"files": len(self.files), "functions": sum(self.files.values()), "changes": self.changes}


def trace(work: Callable[[], Any]) -> Trace:
    """Run something, and note what of the project it enters in this thread."""
    folders = tuple(f"{ROOT / package}/" for package in PACKAGES)
    entered: list[CodeType] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(folders) and code.co_name not in COMPREHENSIONS:
            entered.append(code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return Trace(tuple(entered))


def name(code: CodeType) -> str:
    return Path(code.co_filename).relative_to(ROOT).as_posix()


def trace_turn(checkpoint: Path | None = None) -> Trace:
    """Trace the turn of this recipe.

    Raises:
        TRMError: The checkpoint cannot be used, or the turn does not end in the one call that is meant.
    """
    from langchain_trm import ChatTRM
    from recipes.quickstart import FUNCTIONS, as_tool

    settings: dict[str, Any] = {"threads": 1, "tools": [as_tool(function) for function in FUNCTIONS.values()]}
    if checkpoint:
        settings["model"] = str(checkpoint)
    model = ChatTRM(**settings)
    for text in WARM_UP:
        model.invoke(text)
    answers: list[Any] = []
    traced = trace(lambda: answers.append(model.invoke(TURN)))
    called = [call["name"] for call in answers[0].tool_calls]
    if called != [TOOL]:
        raise TRMError(f"the turn was to end in one call of {TOOL}, it called {', '.join(called) or 'nothing'}")
    return traced


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--files", action="store_true", help="also every file with the number of its functions")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        traced = trace_turn(args.checkpoint)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    figures = traced.figures()
    if args.json:
        print(json.dumps(figures | ({"functions_of": traced.files} if args.files else {}), indent=1))
        return 0
    rows = [*figures.items(), *(traced.files.items() if args.files else ())]
    width = max(len(label) for label, _ in rows)
    for label, number in rows:
        print(f"{label:<{width}}  {number:>5}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
