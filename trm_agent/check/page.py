"""A report as one page of text, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trm_agent.check.faults import FAULTS, NOTES, Report, cut

_MOST_TOOLS = 12
_WIDTH = 118


def page(report: Report, tolerance: float = 0.0) -> str:
    """Counts, then the first examples of every kind that was found."""
    return "\n".join(cut(line, _WIDTH) for line in _lines(report, tolerance))


def as_json(report: Report, tolerance: float = 0.0) -> dict[str, Any]:
    """The same as plain JSON."""

    def kinds(names: dict[str, str]) -> dict[str, Any]:
        return {
            name: {
                "what": what,
                "count": report.found[name].count,
                "examples": [{"id": place, "text": text} for place, text in report.found[name].examples],
            }
            for name, what in names.items()
        }

    return {
        "samples": report.samples,
        "conversations": report.conversations,
        "decisions": dict(report.decisions),
        "calls": dict(report.calls.most_common()),
        "faults": kinds(FAULTS),
        "notes": kinds(NOTES),
        "harmful": report.harmful(tolerance),
    }


def _lines(report: Report, tolerance: float) -> Iterator[str]:
    calls, answers = report.decisions["tool_call"], report.decisions["direct_answer"]
    yield f"{report.samples} samples of {report.conversations} conversations: {calls} calls, {answers} direct answers"
    called = [f"{name} {count}" for name, count in report.calls.most_common() if count]
    more = f", and {len(called) - _MOST_TOOLS} more" if len(called) > _MOST_TOOLS else ""
    if called:
        yield f"called: {', '.join(called[:_MOST_TOOLS])}{more}"
    yield from _section("Faults that harm training", FAULTS, report)
    yield from _section("Worth knowing", NOTES, report)
    harmful = report.harmful(tolerance)
    yield ""
    yield f"not fit to train on: {', '.join(harmful)}" if harmful else "fit to train on"


def _section(title: str, names: dict[str, str], report: Report) -> Iterator[str]:
    yield ""
    yield title
    clean = [name for name in names if not report.found[name].count]
    for name, what in names.items():
        found = report.found[name]
        if not found.count:
            continue
        yield f"{found.count:>7}  {name}: {what}"
        yield from (f"           {place}  {text}" for place, text in found.examples)
    if clean:
        yield f"      0  {', '.join(clean)}"
