"""What kind of errors the slots have, counted without a reader, and how turns that ask for something special go.

Counted after every user turn with a gold state; the turn before is that of the same dialogue. A slot that stays wrong
is counted in every turn that it is wrong in; `began` counts it once. Every error has one kind, the first that holds:

    missed    dontcare · changed · new · forgotten (right value in the gold of the turn before too)
    wrong     dontcare · stale · same_tools · other_tools · boundary · choice · other
    spurious  dontcare · same_tools · other_tools · other

`stale`: the slot's old gold value is kept after it changed. `same_tools`, `other_tools`: the value is right for another
slot, of the same tools or of others; tools that share a slot are "the same" (a service, in most corpora).
`boundary`: it shares a word with the right value. `choice`: another entry of the closed list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from trm_agent.evaluation.metrics import Finding, Verdict, is_filled, share
from trm_agent.types import DONTCARE, Decision, Sample, Slot, ToolSchema, slot_table
from trm_agent.values import matches, normalise

Judged = tuple[Sample, Decision, Verdict]
Change = Literal["new", "changed", "kept"]
Phenomenon = Literal["correction", "offer_taken", "carried_over", "dontcare", "several_services", "other"]

FINDINGS: Mapping[Finding, str] = {"missing": "missed", "wrong": "wrong", "extra": "spurious"}
PHENOMENA: tuple[Phenomenon, ...] = (
    "correction",
    "offer_taken",
    "carried_over",
    "dontcare",
    "several_services",
    "other",
)
_WORD = re.compile(r"\w+")


class Layout:
    """Which slots belong to the same tools: tools that share a slot, directly or through others."""

    def __init__(self, tools: Sequence[ToolSchema]) -> None:
        self.tools = tools
        self.slots: dict[str, Slot] = {slot.key: slot for slot in slot_table(tools)}
        group = {tool.name: tool.name for tool in tools}
        for slot in self.slots.values():
            joined = {group[tool] for tool in slot.tools}
            group |= {name: min(joined) for name, own in group.items() if own in joined}
        self._group = {slot.key: group[slot.readers[0][0]] for slot in self.slots.values()}

    def same(self, a: str, b: str) -> bool:
        """Whether two slots are of the same tools; a slot that no tool reads is of none."""
        return a in self._group and self._group[a] == self._group.get(b)

    def closed(self, key: str) -> bool:
        return key in self.slots and bool(self.slots[key].parameter.choices)


@dataclass(frozen=True)
class SlotError:
    """One slot that is not right after one turn.

    Attributes:
        key: Of the slot.
        finding: `missed`, `wrong` or `spurious`.
        kind: See the module.
        began: Whether it is the first turn of this dialogue with this finding and this value.
        leaked: The value was another tool group's gold value in the turn before.
    """

    key: str
    finding: str
    kind: str
    began: bool = True
    leaked: bool = False


@dataclass(frozen=True)
class Turn:
    """The slots after one user turn.

    Attributes:
        sample: The gold.
        decision: What was decided there.
        verdict: Of the decision, with `slots`.
        before: Gold slots → every accepted value, after the user turn before; empty at the first.
        layout: Of the tools on offer.
        errors: Of this turn.
    """

    sample: Sample
    decision: Decision
    verdict: Verdict
    layout: Layout
    before: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    errors: Sequence[SlotError] = ()

    @cached_property
    def gold(self) -> dict[str, list[Any]]:
        """Filled slot → every accepted value, the gold one first."""
        return accepted(self.sample)

    def change(self, key: str) -> Change:
        """What happened in this turn to a slot that the gold state fills."""
        if key not in self.before:
            return "new"
        return "kept" if any(matches(value, self.before[key]) for value in self.gold[key]) else "changed"


def slot_errors(judged: Iterable[Judged]) -> dict[str, Any]:
    """The figures (docs/evaluation.md says what each one is); empty without gold states.

    Args:
        judged: Samples with what was decided and its verdict; those of one dialogue one after the other.
    """
    turns = list(read_turns(judged))
    if not turns:
        return {}
    errors = [error for turn in turns for error in turn.errors]
    changes = {kind: _recall(turns, kind) for kind in ("new", "changed", "kept")}
    return {
        "turns": len(turns),
        "spurious_per_turn": sum(error.finding == "spurious" for error in errors) / len(turns),
        "missed_per_turn": sum(error.finding == "missed" for error in errors) / len(turns),
        "wrong_per_turn": sum(error.finding == "wrong" for error in errors) / len(turns),
        "by_change": changes,
        "after_correction": _after_correction(turns),
        "dontcare": _dontcare(turns),
        "leaked": sum(error.leaked for error in errors),
        "kinds": _kinds(errors),
        "phenomena": _by_phenomenon(turns),
    }


def read_turns(judged: Iterable[Judged]) -> Iterator[Turn]:
    """Every user turn with a gold state, beside the one before in its dialogue, with its errors."""
    dialogue: Any = None
    before: dict[str, list[Any]] = {}
    known: set[tuple[str, str, str]] = set()
    layout = Layout(())
    for sample, decision, verdict in judged:
        if verdict.slots is None or sample.history[-1].role != "user":
            continue
        here = (sample.meta.get("source"), sample.meta.get("dialogue") or sample.id or id(sample))
        if here != dialogue:
            dialogue, before, known = here, {}, set()
        if layout.tools != sample.tools:
            layout = Layout(sample.tools)
        errors = []
        turn = Turn(sample, decision, verdict, layout, before)
        for key, finding in verdict.slots.items():
            if finding != "right":
                trace = (key, finding, normalise(decision.slots.get(key)))
                errors.append(_error(turn, key, finding, began=trace not in known))
                known.add(trace)
        yield Turn(sample, decision, verdict, layout, before, errors)
        before = turn.gold


def accepted(sample: Sample) -> dict[str, list[Any]]:
    """Filled slot → every accepted value, the gold one first."""
    return {key: [value, *sample.accept.slots.get(key, [])] for key, value in sample.slots.items() if is_filled(value)}


def phenomena(turn: Turn) -> dict[Phenomenon, list[str]]:
    """What a turn asks for beyond an answer to a question → the slots that show it.

    `correction`: a value changed. `carried_over`: a new value is the gold value that a slot of other tools had before.
    `offer_taken`: a new value that the last user message does not say, but an earlier message or a result does.
    `dontcare`: newly left open. `several_services`: `meta.frames` has more than one. `other`: none of these.
    """
    gold, layout = turn.gold, turn.layout
    fresh = [key for key in gold if turn.change(key) != "kept"]
    said = normalise(turn.sample.history[-1].text)
    earlier = [normalise(message.text) for message in turn.sample.history[:-1]]
    found: dict[Phenomenon, list[str]] = {"correction": [key for key in fresh if turn.change(key) == "changed"]}
    found["dontcare"] = [key for key in fresh if gold[key][0] == DONTCARE]
    words = {key: [normalise(value) for value in gold[key]] for key in fresh if gold[key][0] != DONTCARE}
    unsaid = [key for key, values in words.items() if not any(value in said for value in values)]
    carried = [
        key
        for key in unsaid
        if any(
            not layout.same(key, other) and any(matches(value, values) for value in gold[key])
            for other, values in turn.before.items()
        )
    ]
    found["carried_over"] = carried
    found["offer_taken"] = [
        key for key in unsaid if key not in carried and any(value in text for value in words[key] for text in earlier)
    ]
    found["several_services"] = list(gold) if len(turn.sample.meta.get("frames", ())) > 1 else []
    shown = {name: keys for name, keys in found.items() if keys}
    return shown or {"other": fresh}


def _error(turn: Turn, key: str, finding: Finding, *, began: bool) -> SlotError:
    gold, given, layout = turn.gold, turn.decision.slots.get(key), turn.layout
    if finding == "missing":
        kind = {"new": "new", "changed": "changed", "kept": "forgotten"}[turn.change(key)]
        return SlotError(key, "missed", "dontcare" if gold[key][0] == DONTCARE else kind, began)
    right = gold.get(key, [])
    elsewhere = [other for other, values in gold.items() if other != key and matches(given, values)]
    leaked = any(
        not layout.same(key, other) and other != key and matches(given, values) for other, values in turn.before.items()
    )
    if DONTCARE in (given, *right[:1]):
        kind, leaked = "dontcare", False
    elif finding == "wrong" and matches(given, turn.before.get(key, [])):
        kind = "stale"
    elif elsewhere:
        kind = "same_tools" if any(layout.same(key, other) for other in elsewhere) else "other_tools"
    elif finding == "wrong" and layout.closed(key):
        kind = "choice"
    elif any(_words(value) & _words(given) for value in right):
        kind = "boundary"
    else:
        kind = "other"
    return SlotError(key, FINDINGS[finding], kind, began, leaked)


def _recall(turns: Sequence[Turn], change: str) -> dict[str, Any]:
    """Of the gold slots that are new, changed or kept in a turn: how many, how many right, missed, wrong or stale."""
    found = Counter(_outcome(turn, key) for turn in turns for key in turn.gold if turn.change(key) == change)
    return {"slots": found.total(), **_counts(found)}


def _outcome(turn: Turn, key: str) -> str:
    finding = (turn.verdict.slots or {}).get(key, "right")
    if finding == "wrong" and any(e.key == key and e.kind == "stale" for e in turn.errors):
        return "stale"
    return "right" if finding == "right" else FINDINGS[finding]


def _counts(found: Counter[str]) -> dict[str, Any]:
    return {
        "right": found["right"] / found.total() if found else None,
        "missed": found["missed"],
        "stale": found["stale"],
        "wrong": found["wrong"],
    }


def _after_correction(turns: Sequence[Turn]) -> dict[str, Any]:
    """Slots from the turn on in which they changed, as long as their dialogue fills them."""
    changed: set[str] = set()
    found: Counter[str] = Counter()
    for turn in turns:
        if not turn.before:
            changed = set()
        changed |= {key for key in turn.gold if turn.change(key) == "changed"}
        found.update(_outcome(turn, key) for key in turn.gold if key in changed)
    return {"slots": found.total(), **_counts(found)}


def _dontcare(turns: Sequence[Turn]) -> dict[str, Any]:
    """Recall over gold "does not matter", precision over those that were given; per turn, as the state is."""
    pairs = [
        (key in turn.gold and turn.gold[key][0] == DONTCARE, turn.decision.slots.get(key) == DONTCARE)
        for turn in turns
        for key in turn.verdict.slots or {}
    ]
    return {
        "gold": sum(gold for gold, _ in pairs),
        "given": sum(given for _, given in pairs),
        "recall": share(given for gold, given in pairs if gold),
        "precision": share(gold for gold, given in pairs if given),
    }


def _kinds(errors: Sequence[SlotError]) -> dict[str, dict[str, int]]:
    """`finding: kind` → how many, and how many of them began there; the most frequent first."""
    every = Counter(f"{error.finding}: {error.kind}" for error in errors)
    began = Counter(f"{error.finding}: {error.kind}" for error in errors if error.began)
    return {name: {"count": count, "began": began[name]} for name, count in every.most_common()}


def _by_phenomenon(turns: Sequence[Turn]) -> dict[str, Any]:
    members: dict[Phenomenon, list[tuple[Turn, list[str]]]] = {name: [] for name in PHENOMENA}
    for turn in turns:
        for name, keys in phenomena(turn).items():
            members[name].append((turn, keys))
    return {name: _phenomenon_figures(shown) for name, shown in members.items()}


def _phenomenon_figures(shown: Sequence[tuple[Turn, list[str]]]) -> dict[str, Any]:
    """Over the turns that show it; `slots`: of the slots that show it, those that are right."""
    verdicts = [turn.verdict for turn, _ in shown]
    return {
        "turns": len(shown),
        "slots": share(_outcome(turn, key) == "right" for turn, keys in shown for key in keys),
        "decision_accuracy": share(verdict.decision_right for verdict in verdicts),
        "call_exact": share(verdict.call_right is True for verdict in verdicts if verdict.gold_call),
        "joint_goal_accuracy_active": share(verdict.active_state_right for verdict in verdicts),
    }


def _words(value: Any) -> set[str]:
    return set(_WORD.findall(normalise(value)))
