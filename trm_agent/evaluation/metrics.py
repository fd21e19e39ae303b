"""What is right about a decision, and the figures that follow.

A `Verdict` says, for one sample and what was decided there, everything the figures need; a group's figures are read
off its verdicts. A figure without labels is None, never 0. Nothing here loads torch.

A value is right if its normalised text equals the gold value or an accepted one; an empty string and None are no value.
`tool_accuracy` is the pointer's accuracy on gold calls: the tool called, or, where no call came, the tool the router
holds the conversation to be about. Whether the call comes is what `under_trigger_rate` says; `tool_accuracy_called`
and `call_exact` need the call itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trm_agent.evaluation.confidence import Scored, confidence_figures
from trm_agent.types import Accept, Decision, Sample, ToolSchema, slot_table
from trm_agent.values import matches, normalise

Finding = Literal["right", "wrong", "missing", "extra"]


@dataclass(frozen=True)
class Verdict:
    """What is right about one decision; None where the data, or a baseline, does not say.

    Attributes:
        gold_call: Whether a call is right here; None where the data does not say (`meta.decision_known: false`), and
            where the router asks first and that is right as well (`meta.either`).
        called: Whether a call came; None for a baseline that decides nothing.
        tool_right: The tool pointed at is the gold call's (of several calls: the same tools are called); None without a
            gold call.
        intent_right: The tool pointed at (or none) is the one `meta.intent` names; None without that label.
        arguments: Parameter → finding, when the gold call's tool was called; None otherwise. Parameters that may be
            there or not, and are right either way, are left out.
        slots: Slot key → finding, over the slots filled in the gold state or by the router; None without a gold state.
        active_slots: Slot keys of the tool the sample is about; None where that is not known.
        confidence: That decision and tool are right.
        call_confidence: That the emitted call is right in whole.
        latency_ms: Of a single decision, where it was measured.
    """

    gold_call: bool | None = None
    called: bool | None = None
    tool_right: bool | None = None
    intent_right: bool | None = None
    arguments: Mapping[str, Finding] | None = None
    slots: Mapping[str, Finding] | None = None
    active_slots: frozenset[str] | None = None
    confidence: float | None = None
    call_confidence: float | None = None
    latency_ms: float | None = None

    @property
    def decision_right(self) -> bool | None:
        """The decision alone."""
        return None if self.gold_call is None or self.called is None else self.gold_call == self.called

    @property
    def outcome_right(self) -> bool | None:
        """Decision and tool."""
        right = self.decision_right
        return right if not right or not self.called else bool(self.tool_right)

    @property
    def call_right(self) -> bool | None:
        """The emitted call in whole; None without one."""
        if not self.called or self.gold_call is None:
            return None
        return self.gold_call and self.arguments_right is True

    @property
    def arguments_right(self) -> bool | None:
        """Every argument right and none extra; None unless the gold call's tool was called."""
        return None if self.arguments is None else all(finding == "right" for finding in self.arguments.values())

    @property
    def state_right(self) -> bool | None:
        """Every filled slot right, and no other slot filled; None without a gold state."""
        return None if self.slots is None else all(finding == "right" for finding in self.slots.values())

    @property
    def active_state_right(self) -> bool | None:
        """The same over the active tool's slots; None where either is not known."""
        if self.slots is None or self.active_slots is None:
            return None
        return all(finding == "right" for key, finding in self.slots.items() if key in self.active_slots)


def judge(sample: Sample, decision: Decision, *, has_state: bool | None = None) -> Verdict:
    """Hold a decision against its sample.

    Args:
        sample: The gold.
        decision: What was decided there.
        has_state: Whether `sample.slots` is a gold state; by default it is if it lists any slot. See `state_labels`.
    """
    known = sample.meta.get("decision_known") is not False
    if sample.meta.get("either") and decision.decision == "direct_answer":
        known = False  # asking first is right as well
    pointed = decision.tool or decision.intended_tool
    gold = sample.tool["name"] if sample.tool else None
    names = {tool.name: tool for tool in sample.tools}
    wanted: set[str | None] = {call["name"] for call in sample.calls} or {gold}
    given: set[str | None] = {call.tool for call in decision.made} or {pointed}
    arguments = judge_calls(sample, decision, names) if gold and decision.tool and wanted == given else None
    state = bool(sample.slots) if has_state is None else has_state
    active = gold or sample.meta.get("intent")
    return Verdict(
        gold_call=(sample.decision == "tool_call") if known else None,
        called=decision.decision == "tool_call",
        tool_right=(wanted == given if decision.tool else pointed in wanted) if gold else None,
        intent_right=(pointed == sample.meta["intent"]) if "intent" in sample.meta else None,
        arguments=arguments,
        slots=judge_slots(sample.slots, decision.slots, sample.accept) if state else None,
        active_slots=_slots_of(active, sample.tools) if state and active in names else None,
        confidence=decision.confidence,
        call_confidence=decision.call_confidence,
    )


def judge_calls(sample: Sample, decision: Decision, tools: Mapping[str, ToolSchema]) -> dict[str, Finding]:
    """Compare the calls of a turn, in any order: each gold call with the call of its tool that differs least.

    Returns:
        Parameter → finding; those of a second and further gold call begin with its number (`2.city`). A call too few is
        one thing missing (`call 2`), a call too many one thing extra.
    """
    gold, made = sample.gold_calls, list(decision.made)
    findings: dict[str, Finding] = {}
    for number, (call, accept) in enumerate(gold, 1):
        judged = [
            (judge_arguments(call["arguments"], other.arguments, accept, tools[call["name"]]), i)
            for i, other in enumerate(made)
            if other.tool == call["name"]
        ]
        if not judged:
            findings[f"call {number}"] = "missing"
            continue
        best, taken = min(judged, key=lambda pair: (sum(f != "right" for f in pair[0].values()), pair[1]))
        del made[taken]
        findings |= {name if number == 1 else f"{number}.{name}": finding for name, finding in best.items()}
    findings |= {f"call {len(gold) + i}": "extra" for i in range(1, len(made) + 1)}
    return findings


def judge_arguments(
    gold: Mapping[str, Any], predicted: Mapping[str, Any], accept: Accept, tool: ToolSchema
) -> dict[str, Finding]:
    """Compare the arguments of two calls of one tool, leaf by leaf.

    An optional argument may be absent; where it is there it has to be right, if a right value is known at all.
    """
    wanted, given = _leaves(gold, accept, tool), _leaves(predicted, accept, tool)
    findings: dict[str, Finding] = {}
    for name in dict.fromkeys([*wanted, *given]):
        right = [wanted[name]] if name in wanted else []
        right += accept.arguments.get(name, [])
        optional = any(name == o or name.startswith(f"{o}.") for o in accept.optional)
        if optional and (name not in given or not right):
            continue
        if name not in given:
            findings[name] = "missing"
        elif matches(given[name], right):
            if name in wanted or not optional:
                findings[name] = "right"
        else:
            findings[name] = "wrong" if name in wanted else "extra"
    return findings


def judge_slots(gold: Mapping[str, Any], predicted: Mapping[str, Any], accept: Accept) -> dict[str, Finding]:
    """Compare two slot states; a slot that is empty in both is left out."""
    findings: dict[str, Finding] = {}
    for key in dict.fromkeys([*gold, *predicted]):
        wanted, given = is_filled(gold.get(key)), is_filled(predicted.get(key))
        known = [*([gold[key]] if wanted else []), *accept.slots.get(key, [])]
        right = given and matches(predicted[key], known)
        if wanted:
            findings[key] = "right" if right else "wrong" if given else "missing"
        elif given and not right:
            findings[key] = "extra"
    return findings


def is_filled(value: Any) -> bool:
    """Whether there is a value: neither None nor blank text."""
    return value is not None and normalise(value) != ""


def state_labels(samples: Iterable[Sample]) -> list[bool]:
    """Which samples have a gold state: those that list a slot, or share their dialogue with one that does.

    A dialogue whose state is labelled often begins with nothing filled; that empty state is gold too. A sample of a
    corpus without states lists no slot anywhere.
    """
    samples = list(samples)
    labelled = {_dialogue(sample) for sample in samples if sample.slots} - {None}
    return [bool(sample.slots) or _dialogue(sample) in labelled for sample in samples]


def group_names(sample: Sample) -> Iterator[str]:
    """The groups a sample counts in."""
    yield "all"
    seen, source, subset = (sample.meta.get(key) for key in ("seen", "source", "subset"))
    split = "seen" if seen is True else "unseen" if seen is False else None
    if split:
        yield split
    if source:
        yield str(source)
        if split:
            yield f"{source}/{split}"
        if subset and subset != split:
            yield f"{source}/{subset}"


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The figures of one group (design: "Report"), and a few beside them.

    Beyond the contract: `tool_accuracy_called` (of gold calls, the right tool was called), `intent_accuracy` (the tool
    pointed at is `meta.intent`), `joint_goal_accuracy_active` (over the slots of the tool the sample is about) and
    `counts`, the denominators.
    """
    decided = [v for v in verdicts if v.gold_call is not None and v.called is not None]
    calls = [v for v in decided if v.gold_call]
    answers = [v for v in decided if not v.gold_call]
    emitted = [v for v in decided if v.called]
    slots = [finding for v in verdicts for finding in (v.slots or {}).values() if finding != "extra"]
    latencies = [v.latency_ms for v in verdicts if v.latency_ms is not None]
    states = [v.state_right for v in verdicts]
    return {
        "n": len(verdicts),
        "decision_accuracy": share(v.decision_right for v in decided),
        "tool_call_f1": _f1(sum(v.called is True for v in calls), len(emitted), len(calls)) if calls else None,
        "over_trigger_rate": share(v.called for v in answers),
        "under_trigger_rate": share(not v.called for v in calls),
        "tool_accuracy": share(v.tool_right for v in verdicts),
        "argument_exact": share(v.arguments_right for v in verdicts),
        "argument_f1": _argument_f1(verdicts),
        "call_exact": share(v.call_right is True for v in calls if v.tool_right is not None),
        "slot_accuracy": share(finding == "right" for finding in slots),
        "joint_goal_accuracy": share(states),
        "confidence": confidence_figures(outcome_scores(verdicts)),
        "call_confidence": confidence_figures(call_scores(verdicts)),
        "latency_ms": {"p50": percentile(latencies, 50), "p95": percentile(latencies, 95)},
        "tool_accuracy_called": share(v.called and v.tool_right for v in calls if v.tool_right is not None),
        "intent_accuracy": share(v.intent_right for v in verdicts),
        "joint_goal_accuracy_active": share(v.active_state_right for v in verdicts),
        "counts": {
            "decisions": len(decided),
            "gold_calls": len(calls),
            "emitted_calls": len(emitted),
            "gold_states": sum(right is not None for right in states),
            "latencies": len(latencies),
        },
    }


def outcome_scores(verdicts: Iterable[Verdict]) -> list[Scored]:
    """Confidence that decision and tool are right, and whether they are."""
    return [
        (v.confidence, v.outcome_right) for v in verdicts if v.confidence is not None and v.outcome_right is not None
    ]


def call_scores(verdicts: Iterable[Verdict]) -> list[Scored]:
    """Confidence that the emitted call is right in whole, and whether it is."""
    return [
        (v.call_confidence, v.call_right)
        for v in verdicts
        if v.call_confidence is not None and v.call_right is not None
    ]


def share(labels: Iterable[bool | None]) -> float | None:
    """Share of true among the labels that are not None; None without any."""
    known = [label for label in labels if label is not None]
    return sum(known) / len(known) if known else None


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Linear interpolation between the two nearest ranks; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _leaves(arguments: Mapping[str, Any], accept: Accept, tool: ToolSchema) -> dict[str, Any]:
    """Filled arguments by dotted name, taken apart as far as the tool declares leaves.

    A nested object with accepted values of its own is compared in whole.
    """
    out: dict[str, Any] = {}

    def walk(value: Any, name: str) -> None:
        nested = any(parameter.name.startswith(f"{name}.") for parameter in tool.parameters)
        if isinstance(value, Mapping) and nested and name not in accept.arguments:
            for key, item in value.items():
                walk(item, f"{name}.{key}")
        elif is_filled(value):
            out[name] = value

    for key, item in arguments.items():
        walk(item, key)
    return out


def _slots_of(tool: str, tools: Sequence[ToolSchema]) -> frozenset[str]:
    return frozenset(slot.key for slot in slot_table(tools) if tool in slot.tools)


def _dialogue(sample: Sample) -> str | None:
    name = sample.meta.get("dialogue")
    return None if name is None else f"{sample.meta.get('source')}/{name}"


def _f1(hits: int, predicted: int, gold: int) -> float:
    return 2 * hits / (predicted + gold)


def _argument_f1(verdicts: Iterable[Verdict]) -> float | None:
    """Micro-averaged over the arguments of the calls of the right tool; None without any argument."""
    findings = [finding for v in verdicts for finding in (v.arguments or {}).values()]
    right = findings.count("right")
    predicted = len(findings) - findings.count("missing")
    gold = len(findings) - findings.count("extra")
    return _f1(right, predicted, gold) if findings else None
