"""What came of a run as one HTML page: before and after, what it cost, and the turns that changed.

The page needs nothing beside itself. Whatever comes from the logs is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.own_logs.live import Turn
from trm_agent.errors import requires_extra

if TYPE_CHECKING:
    from recipes.own_logs.judging import Judged
    from trm_agent.evaluation.confidence import Scored

SHOWN = 60
"""Turns of each kind on the page."""

ROWS: dict[str, str | tuple[str, str]] = {
    "live turns right": ("live_right", "live_turns"),
    "decision": "decision",
    "tool of a call": "tool",
    "whole call": "whole_call",
    "called where an answer was right": "calls_unasked",
    "calls over the thresholds, right": ("right_of_passing", "calls_passing"),
    "calibration error of decisions": "ece",
    "calibration error of calls": "call_ece",
}
"""Row of the tables → figure, or a count and what it is of."""


@dataclass(frozen=True)
class Change:
    """A turn of the user, played with the old weights and with the new."""

    conversation: str
    said: str
    gold: str
    before: str
    after: str


def render(
    report: Mapping[str, Any], shown: Mapping[str, tuple[Judged, Judged]], scored: Mapping[str, Sequence[Scored]]
) -> str:
    """Draw the page.

    Args:
        report: As `report.json` holds it.
        shown: Name of a set of conversations → what the old and the new weights made of it.
        scored: Held-out confidences and what came of them, for the plot.
    """
    with requires_extra("report", "the page"):
        from trm_agent.evaluation.page import page_template
        from trm_agent.evaluation.plots import reliability_plot

    sets = {name: rows(old.figures(), new.figures()) for name, (old, new) in shown.items()}
    first = "test" if "test" in shown else "held out"
    return page_template(Path(__file__).with_name("page.html")).render(
        report=report,
        sets=sets,
        tiles=sets[first][:4],
        first=first,
        changes={name: changes(old.turns, new.turns) for name, (old, new) in shown.items()},
        ways=[
            (f"{float(share):.0%}", found, share == f"{report['share']:g}") for share, found in report["ways"].items()
        ],
        elsewhere=[
            ("before", report["elsewhere"]["0"]),
            ("after", report["elsewhere"][f"{report['share']:g}"]),
        ],
        plot=reliability_plot({name: pairs for name, pairs in scored.items() if pairs}),
        faults={name: found for name, found in report["check"]["faults"].items() if found["count"]},
    )


def rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Label, figure before, figure after."""
    return [(label, figure(before, of), figure(after, of)) for label, of in ROWS.items()]


def figure(figures: Mapping[str, Any], of: str | tuple[str, str]) -> str:
    """A share as three digits; a count with what it is of."""
    if isinstance(of, tuple):
        return f"{figures[of[0]]} of {figures[of[1]]}"
    return "–" if figures[of] is None else f"{figures[of]:.3f}"


def changes(before: Sequence[Turn], after: Sequence[Turn]) -> dict[str, list[Change]]:
    """Turns that went wrong before and are right now, the other way round, and wrong both times."""
    found: dict[str, list[Change]] = {"repaired": [], "broken": [], "still wrong": []}
    for old, new in zip(before, after, strict=True):
        kind = {(False, True): "repaired", (True, False): "broken", (False, False): "still wrong"}.get(
            (old.right, new.right)
        )
        if kind and len(found[kind]) < SHOWN:
            found[kind].append(Change(new.conversation, new.said, calls(new.gold, ""), made(old), made(new)))
    return found


def made(turn: Turn) -> str:
    """What the router did with a turn."""
    return calls(turn.made, turn.words)


def calls(found: Sequence[Mapping[str, Any]], words: str) -> str:
    """Calls as text, or the words of an answer."""
    if not found:
        return f"“{words}”" if words else "(answers)"
    return "\n".join(
        f"{call['name']}({', '.join(f'{k}={_text(v)}' for k, v in call['arguments'].items())})" for call in found
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
