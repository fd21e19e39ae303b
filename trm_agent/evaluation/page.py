"""A report as one HTML page: figures, plots, and the conversations behind them, the failing ones first.

The page needs nothing beside itself: no scripts, no network. Whatever comes from the data is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm_agent.errors import requires_extra
from trm_agent.evaluation.metrics import call_scores, is_filled, outcome_scores
from trm_agent.evaluation.plots import (
    decision_confusion_plot,
    reliability_plot,
    risk_coverage_plot,
    tool_confusion_plot,
    turn_plot,
)
from trm_agent.evaluation.report import NOTE, SHARES, Case, Report, show
from trm_agent.types import DONTCARE, Message

with requires_extra("report", "the report page"):
    import jinja2

FAILING, RIGHT, TOP = 60, 10, 12


def page_template(path: Path) -> jinja2.Template:
    """A page's template: texts are escaped, and a name without a value is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(path.name)


def render_page(report: Report, *, failing: int = FAILING, right: int = RIGHT) -> str:
    """Draw the page.

    Args:
        report: Of an evaluation.
        failing: Failing cases shown: the surest first, those with a wrong decision or call before those with a wrong
            slot only.
        right: Right cases shown after them, the least sure first.
    """
    verdicts = [case.verdict for case in report.cases]
    curves = {"decision and tool": outcome_scores(verdicts), "emitted call": call_scores(verdicts)}
    wrong = sorted(report.failing, key=lambda case: (not _serious(case), -case.decision.confidence))
    fine = sorted((c for c in report.cases if not c.failures), key=lambda case: case.decision.confidence)
    plots = [
        ("Reliability", reliability_plot(curves), "Does a confidence mean what it says?"),
        ("Risk and coverage", risk_coverage_plot(curves), "What goes wrong if only the surest are kept?"),
        ("By turn", turn_plot(report.turns), "Does it hold in long conversations?"),
        ("Decisions", decision_confusion_plot(report.cases), "Calls and answers: counts, shaded by row share."),
        ("Tools", tool_confusion_plot(report.cases), "On gold calls: the tool pointed at."),
    ]
    return page_template(Path(__file__).with_name("page.html")).render(
        report=report,
        note=NOTE,
        tiles=_tiles(report.groups),
        tables=_tables(report),
        columns=list(SHARES),
        details=[table for table in _details(report) if table.rows],
        plots=[plot for plot in plots if plot[1]],
        failures=report.failures,
        wrong=[_view(case) for case in wrong[:failing]],
        top=TOP,
        more_wrong=max(0, len(wrong) - failing),
        fine=[_view(case) for case in fine[:right]],
    )


def table_row(name: str, group: Mapping[str, Any]) -> list[str]:
    """Name, n, the columns of `SHARES`, and what confidence is worth."""
    confidence, calls, latency = group["confidence"], group["call_confidence"], group["latency_ms"]
    return [
        name,
        str(group["n"]),
        *(show(group[key]) for key in SHARES.values()),
        show(confidence["auroc"]),
        show(confidence["ece"]),
        show(confidence["coverage_at_95"]),
        show(calls["auroc"]),
        show(calls["coverage_at_95"]),
        show(latency["p50"], 1),
        show(latency["p95"], 1),
    ]


@dataclass(frozen=True)
class Detail:
    """A small table with its own columns, and what to know when reading it."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def goal_detail(goals: Mapping[str, Mapping[str, Any]]) -> Detail:
    """The joint goal as SGD's publisher scores it (`Report.goal_by_frame`)."""
    shares = ("joint_goal_accuracy", "joint_goal_exact", "average_goal_accuracy")
    rows = [[name, str(found["frames"]), *(show(found[key]) for key in shares)] for name, found in goals.items()]
    note = "Per service of a user turn, open slots by likeness; seen and unseen are of the service."
    return Detail("Joint goal as SGD's publisher scores it", note, ["service", "n", "joint", "exact", "average"], rows)


def error_details(errors: Mapping[str, Any]) -> list[Detail]:
    """Slot errors by what happened to the slot, by kind, and turns by what they ask for (`Report.slot_errors`)."""
    if not errors:
        return []
    changes = {**errors["by_change"], "since a correction": errors["after_correction"]}
    care = errors["dontcare"]
    per_turn = ", ".join(f"{name} {show(errors[f'{name}_per_turn'])}" for name in ("missed", "wrong", "spurious"))
    note = (
        f"{errors['turns']} user turns; a turn: {per_turn}. Left open: recall {show(care['recall'])} of "
        f"{care['gold']}, precision {show(care['precision'])} of {care['given']}. "
        f"Values of other tools left over: {errors['leaked']}."
    )
    cells = ("missed", "stale", "wrong")
    asked = ("slots", "decision_accuracy", "call_exact", "joint_goal_accuracy_active")
    return [
        Detail(
            "Slots by what happened to them in a turn",
            note,
            ["gold slots that are", "n", "right", *cells],
            [[k, str(f["slots"]), show(f["right"]), *(str(f[c]) for c in cells)] for k, f in changes.items()],
        ),
        Detail(
            "Slot errors by kind",
            "A slot that stays wrong counts in every turn; 'began' counts it once.",
            ["kind", "n", "began"],
            [[kind, str(found["count"]), str(found["began"])] for kind, found in errors["kinds"].items()],
        ),
        Detail(
            "Turns by what they ask for",
            "'slots': those that show it.",
            ["turns with", "n", "slots", "decision", "whole call", "active goal"],
            [[k, str(f["turns"]), *(show(f[key]) for key in asked)] for k, f in errors["phenomena"].items()],
        ),
    ]


@dataclass(frozen=True)
class Line:
    """One row of the comparison in a case: what is compared, gold, router, and how it went."""

    what: str
    gold: str
    made: str
    finding: str
    confidence: float | None = None


@dataclass(frozen=True)
class CaseView:
    """A case as the template reads it."""

    title: str
    kinds: Sequence[str]
    confidence: float
    call_confidence: float | None
    messages: Sequence[tuple[str, str]]
    lines: Sequence[Line]
    tools: str


def _serious(case: Case) -> bool:
    return any(not kind.startswith("slot_") for kind in case.failures)


def _tiles(groups: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Label, figure over all, figure over unseen tools."""
    unseen = groups.get("unseen")
    wanted = {
        "decision": ("decision_accuracy",),
        "tool of a call": ("tool_accuracy",),
        "whole call": ("call_exact",),
        "joint goal": ("joint_goal_accuracy",),
        "kept at 95 % right": ("confidence", "coverage_at_95"),
        "calls kept at 95 % right": ("call_confidence", "coverage_at_95"),
        "ms a turn, median": ("latency_ms", "p50"),
    }
    return [(label, _dig(groups["all"], path), _dig(unseen, path) if unseen else "") for label, path in wanted.items()]


def _dig(group: Mapping[str, Any], path: Sequence[str]) -> str:
    value: Any = group
    for key in path:
        value = value[key]
    return show(value, 1 if path[0] == "latency_ms" else 3)


def _tables(report: Report) -> list[tuple[str, list[list[str]]]]:
    """Title and rows of every table."""
    main = ("all", "seen", "unseen")
    tables = [
        ("All samples", [table_row(name, group) for name, group in report.groups.items()]),
        ("Only where the user spoke last", [table_row(n, g) for n, g in report.after_user.items() if n in main]),
    ]
    others = {f"compared with {name}": other.groups for name, other in report.compare.items()}
    others |= {f"baseline {name}": found["groups"] for name, found in report.baselines.items()}
    for title, groups in others.items():
        tables.append((title, [table_row(name, groups[name]) for name in main if name in groups]))
    return tables


def _details(report: Report) -> list[Detail]:
    return [goal_detail(report.goal_by_frame), *error_details(report.slot_errors)]


def _view(case: Case) -> CaseView:
    sample, decision = case.sample, case.decision
    place = ", ".join(str(sample.meta[key]) for key in ("source", "subset") if key in sample.meta)
    seen = {True: "seen", False: "unseen"}.get(bool(sample.meta["seen"])) if "seen" in sample.meta else None
    return CaseView(
        title=" · ".join(filter(None, [sample.id or "(without id)", place, seen, f"user message {case.turn}"])),
        kinds=case.failures,
        confidence=decision.confidence,
        call_confidence=decision.call_confidence,
        messages=[(message.role, _message_text(message)) for message in sample.history],
        lines=[*_outcome_lines(case), *_argument_lines(case), *_slot_lines(case)],
        tools=", ".join(tool.name for tool in sample.tools),
    )


def _message_text(message: Message) -> str:
    if message.role == "tool_call":
        arguments = ", ".join(f"{k}={_text(v)}" for k, v in message.content.get("arguments", {}).items())
        return f"{message.content['name']}({arguments})"
    return message.content if isinstance(message.content, str) else json.dumps(message.content, ensure_ascii=False)


def _outcome_lines(case: Case) -> list[Line]:
    sample, decision, verdict = case.sample, case.decision, case.verdict
    known = {True: "right", False: "wrong", None: ""}
    gold_decision = sample.decision if verdict.gold_call is not None else "(not known)"
    call = decision.probabilities.get("tool_call")
    made = decision.decision if call is None else f"{decision.decision} (call {call:.2f})"
    lines = [Line("decision", gold_decision, made, known[verdict.decision_right], decision.confidence)]
    gold_tool = sample.tool["name"] if sample.tool else ""
    pointed = decision.tool or (f"{decision.intended_tool} (not called)" if decision.intended_tool else "")
    if gold_tool or pointed:
        lines.append(Line("tool", gold_tool, pointed, known[verdict.tool_right]))
    if decision.missing:
        lines.append(Line("missing", "", ", ".join(decision.missing), ""))
    if sample.content and not sample.tool:
        lines.append(Line("answer", sample.content, "", ""))
    return lines


def _argument_lines(case: Case) -> list[Line]:
    sample, decision, findings = case.sample, case.decision, case.verdict.arguments or {}
    gold, made = (sample.tool or {}).get("arguments", {}), decision.arguments
    names = dict.fromkeys([*gold, *made, *findings])
    lines = []
    for name in names:
        parts = [found for key, found in findings.items() if key == name or key.startswith(f"{name}.")]
        finding = next((found for found in parts if found != "right"), parts[0] if parts else "")
        if "." in name and name not in gold and name not in made:
            continue  # a leaf of an object that is shown in whole
        value = decision.argument_values.get(name)
        alike = [gold[name]] if name in gold else []
        accepted = [*alike, *sample.accept.arguments.get(name, [])]
        confidence = value.confidence if value else None
        lines.append(Line(f"argument {name}", _options(accepted), _text(made.get(name)), finding, confidence))
    return lines


def _slot_lines(case: Case) -> list[Line]:
    sample, decision, findings = case.sample, case.decision, case.verdict.slots or {}
    lines = []
    for key, finding in sorted(findings.items(), key=lambda item: (item[1] == "right", item[0])):
        value = decision.slot_values.get(key)
        gold = [sample.slots[key]] if is_filled(sample.slots.get(key)) else []
        accepted = [*gold, *sample.accept.slots.get(key, [])]
        confidence = value.confidence if value else None
        lines.append(Line(f"slot {key}", _options(accepted), _text(decision.slots.get(key)), finding, confidence))
    return lines


def _options(values: Sequence[Any]) -> str:
    return " | ".join(dict.fromkeys(_text(value) for value in values))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if value == DONTCARE:
        return "(does not matter)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
