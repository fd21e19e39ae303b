"""The plots of the report page: what the eye sees sooner than a table. Each is one SVG, without scripts."""

from __future__ import annotations

import base64
import io
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from trm_agent.errors import requires_extra
from trm_agent.evaluation.confidence import Scored, reliability, risk_coverage
from trm_agent.evaluation.report import Case

with requires_extra("report", "a plot"):
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

BLUE, ORANGE, GREEN, GREY, INK = "#2563eb", "#d97706", "#15803d", "#9ca3af", "#1f2937"
TOP_TOOLS = 12
OTHER, NONE = "(others)", "(none)"
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
}

Curves = Mapping[str, Sequence[Scored]]
"""Label → confidences and what came of them; drawn in the order of `COLOURS`."""
COLOURS = (BLUE, ORANGE, GREEN)


def reliability_plot(curves: Curves) -> str:
    """How often what was said with a confidence was right; on the diagonal it means what it says."""
    return _svg(partial(draw_reliability, curves=curves), 4.6, 3.8)


def draw_reliability(axes: Axes, curves: Curves) -> None:
    """Draw `reliability_plot` on axes of one's own."""
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
    for (label, scored), colour in zip(curves.items(), COLOURS, strict=False):
        bins = reliability(scored)
        most = max((b.count for b in bins), default=1)
        axes.plot([b.confidence for b in bins], [b.accuracy for b in bins], color=colour, lw=1.5, label=label)
        sizes = [8 + 90 * b.count / most for b in bins]
        axes.scatter([b.confidence for b in bins], [b.accuracy for b in bins], s=sizes, color=colour, alpha=0.7)
    axes.set(xlabel="confidence (mean of a bin; a larger dot holds more)", ylabel="share that is right")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend(frameon=False, loc="best")


def risk_coverage_plot(curves: Curves) -> str:
    """What is wrong among what is kept, when the most confident share is kept."""
    return _svg(partial(draw_risk_coverage, curves=curves), 4.6, 3.8)


def draw_risk_coverage(axes: Axes, curves: Curves) -> None:
    """Draw `risk_coverage_plot` on axes of one's own."""
    worst = 0.05
    for (label, scored), colour in zip(curves.items(), COLOURS, strict=False):
        if not scored:
            continue
        kept, risk = zip(*risk_coverage(scored), strict=True)
        axes.step(kept, risk, where="pre", color=colour, lw=1.5, label=label)
        # The first few cuts keep next to nothing; they may not set the scale.
        worst = max([worst, *(r for k, r in zip(kept, risk, strict=True) if k > 0.02)])
    for level in (0.05, 0.01):
        axes.axhline(level, color=GREY, lw=0.8, ls="--")
        axes.text(1.0, level, f"{1 - level:.0%} right", ha="right", va="bottom", color=GREY, fontsize=8)
    axes.set(xlabel="share kept, most confident first", ylabel="share of the kept that is wrong")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.08 * worst))
    if any(curves.values()):
        axes.legend(frameon=False, loc="best")


def turn_plot(turns: Sequence[Mapping[str, Any]]) -> str:
    """Accuracy by the number of user messages so far; paler where few samples are left."""
    names = {"decision_accuracy": "decision", "call_exact": "whole call", "joint_goal_accuracy": "joint goal"}

    def draw(axes: Axes) -> None:
        for (key, label), colour in zip(names.items(), COLOURS, strict=True):
            points = [(turn["turn"], turn[key], turn["n"]) for turn in turns if turn[key] is not None]
            if not points:
                continue
            x, y, n = zip(*points, strict=True)
            axes.plot(x, y, color=colour, lw=1.5, label=label)
            axes.scatter(x, y, s=14, color=[to_rgba(colour, min(1.0, 0.15 + count / 50)) for count in n])
        axes.set(xlabel="user messages so far", ylabel="share that is right", ylim=(0, 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if axes.lines:
            axes.legend(frameon=False, loc="best")

    return _svg(draw, 4.6, 3.4)


def decision_confusion_plot(cases: Sequence[Case]) -> str:
    """Gold decision against the decision taken."""
    labels = ["tool_call", "direct_answer"]
    known = [case for case in cases if case.verdict.gold_call is not None]
    counts: Counter[tuple[str, str]] = Counter((case.sample.decision, case.decision.decision) for case in known)
    return _confusion([[counts[gold, made] for made in labels] for gold in labels], labels, labels, 4.6, 3.0)


def tool_confusion_plot(cases: Sequence[Case], top: int = TOP_TOOLS) -> str | None:
    """Gold tool against the tool pointed at, for the tools called most; None without gold calls."""
    pairs = [
        (case.sample.tool["name"], case.decision.tool or case.decision.intended_tool or NONE)
        for case in cases
        if case.sample.tool
    ]
    if not pairs:
        return None
    shown = [name for name, _ in Counter(gold for gold, _ in pairs).most_common(top)]
    counts = Counter((gold, made if made in shown or made == NONE else OTHER) for gold, made in pairs)
    columns = [*shown, OTHER, NONE]
    grid = [[counts[gold, made] for made in columns] for gold in shown]
    return _confusion(grid, shown, columns, 2.6 + 0.5 * len(columns), 1.9 + 0.32 * len(shown))


def _confusion(
    grid: Sequence[Sequence[int]], rows: Sequence[str], columns: Sequence[str], width: float, height: float
) -> str:
    """Counts; the colour is the share of the row."""

    def draw(axes: Axes) -> None:
        counts = np.array(grid)
        shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.6 else INK
                axes.text(column, row, f"{count}", ha="center", va="center", color=colour, fontsize=8)
        few = len(columns) <= 3
        axes.set_xticks(
            range(len(columns)),
            [_short(c) for c in columns],
            rotation=0 if few else 40,
            ha="center" if few else "right",
        )
        axes.set_yticks(range(len(rows)), [_short(r) for r in rows])
        axes.set(xlabel="router", ylabel="gold")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)

    return _svg(draw, width, height)


def _short(name: str, length: int = 26) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _svg(draw: Any, width: float, height: float) -> str:
    """A data URI, so that several plots on one page cannot touch each other's definitions."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # Text stays text, so the browser's fonts draw what the layout's font does not have.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"
