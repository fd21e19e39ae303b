"""Figures of public benchmarks, written from their published definitions.

`ast` is BFCL's, `tool-f1` Seal-Tools', `intent` CLINC150's, `need` that of MetaTool's first task. Each is read off
samples and what was decided there. A figure without labels is None, never 0. Nothing here loads torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trm_agent.evaluation.metrics import share
from trm_agent.types import Accept, Decision, Parameter, Sample, ToolSchema

Pair = tuple[Sample, Decision]
MadeCall = tuple[str, Mapping[str, Any]]
"""Name of a tool, and the arguments it is called with."""

_IGNORED = re.compile(r"[ ,./\-_*^]")
_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def score(metric: str, pairs: Iterable[Pair]) -> dict[str, Any]:
    """The figures of one metric (a key of `METRICS`); samples whose decision is not known are left out."""
    known = [(sample, decision) for sample, decision in pairs if sample.meta.get("decision_known") is not False]
    return METRICS[metric](known)


def calls_of(decision: Decision) -> tuple[MadeCall, ...]:
    """Every call of the turn, in order; none for a direct answer."""
    return tuple((call.tool, call.arguments) for call in decision.made)


def ast_right(sample: Sample, decision: Decision) -> bool:
    """Whether the calls of a turn are the gold ones: as many, each right, in any order (BFCL, AST accuracy).

    As in the official checker, every gold call takes the first call that is right for it and not taken yet.
    """
    made, gold = list(calls_of(decision)), sample.gold_calls
    if len(made) != len(gold):
        return False
    tools = {tool.name: tool for tool in sample.tools}
    for call, accept in gold:
        taken = next((m for m in made if call_right(m, call, accept, tools[call["name"]])), None)
        if taken is None:
            return False
        made.remove(taken)
    return True


def call_right(made: MadeCall, gold: Mapping[str, Any], accept: Accept, tool: ToolSchema) -> bool:
    """Whether one call is right: its tool, all required parameters, no unknown one, every value among the right ones.

    A parameter may be left out only if `accept.optional` names it.

    Args:
        made: The call to judge.
        gold: The gold call.
        accept: What else is right.
        tool: The gold call's tool.
    """
    name, arguments = made
    wanted = gold["arguments"]
    needed = {*_required(tool), *(wanted.keys() - set(accept.optional))}
    if name != gold["name"] or not needed <= arguments.keys():
        return False
    declared = tool.schema["properties"]
    return all(
        parameter in declared
        and value_right(value, _right_values(parameter, wanted, accept), Parameter(parameter, declared[parameter]))
        for parameter, value in arguments.items()
    )


def value_right(value: Any, right: Sequence[Any], parameter: Parameter) -> bool:
    """Whether a value is among the right ones, and of the declared type (or of the type that the right ones have).

    Texts are compared without letter case, blanks and `,./-_*^`. A whole number will do for a number, but not inside
    a list. Lists are compared item by item, objects key by key.
    """
    if parameter.type == "number" and type(value) is int:
        value = float(value)
    if not _type_right(value, right, parameter):
        return False
    plain = _standard(value)
    return any(_standard(item) == plain for item in right)


def ast_figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """BFCL: share of turns whose calls are right; where no call is right, of turns without one."""
    return {"n": len(pairs), "accuracy": share(ast_right(*pair) for pair in pairs)}


def tool_figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Seal-Tools: precision, recall and F1 over the tools called in a turn, as sets, counted over all turns."""
    made = [{name for name, _ in calls_of(decision)} for _, decision in pairs]
    gold = [{call["name"] for call, _ in sample.gold_calls} for sample, _ in pairs]
    hits = sum(len(m & g) for m, g in zip(made, gold, strict=True))
    return {"n": len(pairs), **_precision_recall(hits, sum(map(len, made)), sum(map(len, gold)))}


def intent_figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """CLINC150: of the samples in scope, where the right tool is called; of those out of scope, where none is."""
    inside = [(sample.tool["name"], decision) for sample, decision in pairs if sample.tool]
    outside = [decision for sample, decision in pairs if not sample.tool]
    return {
        "n": len(pairs),
        "in_scope": len(inside),
        "out_of_scope": len(outside),
        "in_scope_accuracy": share([name for name, _ in calls_of(d)] == [gold] for gold, d in inside),
        "out_of_scope_recall": share(not calls_of(d) for d in outside),
    }


def need_figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """MetaTool, task 1: whether a tool is needed at all; precision, recall and F1 of "yes"."""
    needed = [sample.tool is not None for sample, _ in pairs]
    said = [bool(calls_of(decision)) for _, decision in pairs]
    hits = sum(n and s for n, s in zip(needed, said, strict=True))
    accuracy = share(n == s for n, s in zip(needed, said, strict=True))
    return {"n": len(pairs), "accuracy": accuracy, **_precision_recall(hits, sum(said), sum(needed))}


METRICS: Mapping[str, Callable[[Sequence[Pair]], dict[str, Any]]] = {
    "ast": ast_figures,
    "tool-f1": tool_figures,
    "intent": intent_figures,
    "need": need_figures,
}
"""Name on the command line and in the report → its figures."""


def _required(tool: ToolSchema) -> list[str]:
    names = tool.schema.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _right_values(parameter: str, wanted: Mapping[str, Any], accept: Accept) -> list[Any]:
    right = [wanted[parameter]] if parameter in wanted else []
    right += accept.arguments.get(parameter, [])
    return [*right, ""] if parameter in accept.optional else right


def _type_right(value: Any, right: Sequence[Any], parameter: Parameter) -> bool:
    """The declared type, or the type of the first right value; in a list, the same for its items."""
    if isinstance(value, list) and parameter.type == "array":
        items = parameter.schema.get("items")
        if not isinstance(items, Mapping) or not items.get("type"):
            return True
        item = Parameter("item", dict(items))
        return any(not isinstance(known, list) or all(_type_right(v, known, item) for v in value) for known in right)
    first = next((type(known) for known in right if known != ""), None)
    return type(value) in (_TYPES.get(parameter.type), first)


def _standard(value: Any) -> Any:
    if isinstance(value, str):
        return _IGNORED.sub("", value).lower().replace("'", '"')
    if isinstance(value, Mapping):
        return {key: _standard(item) for key, item in value.items()}
    return [_standard(item) for item in value] if isinstance(value, list) else value


def _precision_recall(hits: int, predicted: int, gold: int) -> dict[str, float | None]:
    return {
        "precision": hits / predicted if predicted else None,
        "recall": hits / gold if gold else None,
        "f1": 2 * hits / (predicted + gold) if predicted + gold else None,
    }
