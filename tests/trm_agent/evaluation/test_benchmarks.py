"""Figures of public benchmarks: hand arithmetic, and BFCL's rules one by one against a brute-force reading of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from tests.trm_agent.evaluation_doubles import ScriptedRouter, decision, sample
from trm_agent.evaluation.benchmarks import METRICS, ast_right, call_right, calls_of, score, value_right
from trm_agent.evaluation.run import evaluate
from trm_agent.types import Accept, Decision, Message, Parameter, Sample, ToolCall, parse_tools

TOOLS = parse_tools(
    [
        {
            "name": "boat.rent",
            "parameters": {
                "type": "dict",
                "properties": {
                    "lake": {"type": "string"},
                    "hours": {"type": "float"},
                    "seats": {"type": "integer"},
                    "days": {"type": "array", "items": {"type": "string"}},
                    "prices": {"type": "array", "items": {"type": "float"}},
                    "skipper": {"type": "dict", "properties": {"name": {"type": "string"}}},
                    "sail": {"type": "boolean"},
                    "note": {"type": "any"},
                },
                "required": ["lake"],
            },
        },
        {"name": "lamp", "parameters": {"type": "dict", "properties": {"room": {"type": "string"}}}},
    ]
)
LAKE = {"lake": "Lake Como"}


def gold(*calls: tuple[str, dict[str, Any]], accepts: tuple[Accept, ...] = ()) -> Sample:
    """A sample over the tools above whose right calls are these."""
    made = tuple({"name": name, "arguments": arguments} for name, arguments in calls)
    accept = accepts[0] if len(accepts) == 1 else Accept(calls=accepts)
    first = (made[0]["name"], made[0]["arguments"]) if made else None
    one = sample(first, tools=TOOLS, accept=accept)  # type: ignore[arg-type]
    return Sample(**{**vars(one), "calls": made if len(made) > 1 else ()})


def calling(*calls: tuple[str, dict[str, Any]]) -> Decision:
    """A decision that makes these calls."""
    one = decision(calls[0] if calls else None)
    return replace(one, calls=tuple(ToolCall(name, arguments) for name, arguments in calls))


# Calls of a decision and of a sample


def test_the_calls_of_a_decision() -> None:
    two = (("lamp", {"room": "den"}), ("lamp", {"room": "attic"}))
    assert calls_of(decision()) == ()
    assert calls_of(decision(two[0])) == (two[0],)
    assert calls_of(calling(*two)) == two
    assert calls_of(replace(decision(two[0]), calls=())) == (two[0],)
    assert calls_of(calling()) == ()


def test_the_calls_of_a_sample_come_with_what_else_is_right() -> None:
    accept = Accept({"room": ["study"]})
    assert gold().gold_calls == ()
    assert gold(("lamp", {}), accepts=(accept,)).gold_calls == (({"name": "lamp", "arguments": {}}, accept),)
    both = gold(("lamp", {}), ("boat.rent", LAKE), accepts=(accept, Accept()))
    assert [accept for _, accept in both.gold_calls] == [accept, Accept()]


# AST: one value


@pytest.mark.parametrize(
    ("kind", "value", "right", "expected"),
    [
        ("string", "lake como", ["Lake Como"], True),
        ("string", "New-York, N.Y.", ["new york ny"], True),
        ("string", "x**2", ["x^2"], True),
        ("string", "a_b/c", ["ABC"], True),
        ("string", "it's", ['it"s'], True),
        ("string", "Rome!", ["Rome"], False),
        ("string", "Milan", ["Rome", "Milan"], True),
        ("string", 5, ["5"], False),
        ("string", "", ["Rome", ""], True),
        ("number", 5, [5.0], True),
        ("number", 5.0, [5], True),
        ("number", 5.5, [5.0], False),
        ("number", "5", [5.0], False),
        ("integer", 5, [5], True),
        ("integer", 5.0, [5], False),
        ("integer", True, [1], False),
        ("integer", "n", ["n"], True),  # a variable's name, where the right values are names
        ("boolean", True, [True], True),
        ("boolean", 1, [True], False),
        ("boolean", False, [True], False),
        ("string", "Rome", [], False),
        ("object", {"name": "ann-lee"}, [{"name": "Ann Lee"}], True),
        ("object", {"name": "Ann", "age": 3}, [{"name": "Ann"}], False),
        ("object", {}, [{"name": "Ann"}], False),
    ],
)
def test_a_value_is_right_by_the_official_rules(kind: str, value: Any, right: list[Any], expected: bool) -> None:
    assert value_right(value, right, Parameter("p", {"type": kind})) is expected


@pytest.mark.parametrize(
    ("items", "value", "right", "expected"),
    [
        ("string", ["Mon.", "tue"], [["mon", "Tue"]], True),
        ("string", ["tue", "mon"], [["mon", "tue"]], False),
        ("string", ["mon"], [["mon", "tue"]], False),
        ("string", [], [["mon"], []], True),
        ("integer", [1, 2], [[1, 2]], True),
        ("number", [1.0, 2.5], [[1, 2.5]], True),
        ("number", [1, 2.5], [[1.0, 2.5]], False),  # whole numbers are converted at the top only
        ("number", [1, 2], [[1, 2]], True),
        ("string", "mon", [["mon"]], False),
        ("string", [1], [["1"]], False),
        ("object", [{"day": "Mon"}], [[{"day": "mon"}]], True),
        ("object", [{"day": "Mon"}, {"day": "Tue"}], [[{"day": "mon"}]], False),
    ],
)
def test_lists_are_compared_item_by_item(items: str, value: Any, right: list[Any], expected: bool) -> None:
    parameter = Parameter("p", {"type": "array", "items": {"type": items}})
    assert value_right(value, right, parameter) is expected


def test_a_value_of_any_type_takes_the_type_of_the_right_ones() -> None:
    anything = Parameter("p", {})
    assert value_right(3, [3], anything)
    assert value_right("Rome", ["rome"], anything)
    assert not value_right("3", [3], anything)
    assert value_right(None, [None], anything)


# AST: one call


def right(
    arguments: dict[str, Any], wanted: dict[str, Any], accept: Accept | None = None, name: str = "boat.rent"
) -> bool:
    return call_right((name, arguments), {"name": "boat.rent", "arguments": wanted}, accept or Accept(), TOOLS[0])


def test_a_call_needs_its_tool_every_wanted_parameter_and_no_other() -> None:
    assert right(LAKE, LAKE)
    assert not right(LAKE, LAKE, name="lamp")
    assert not right({}, LAKE)
    assert not right({**LAKE, "seats": 2}, LAKE)
    assert not right({**LAKE, "colour": "red"}, {**LAKE, "colour": "red"})
    assert not right(LAKE, {**LAKE, "seats": 2})


def test_an_optional_parameter_may_be_left_out_but_not_be_wrong() -> None:
    wanted, accept = {**LAKE, "seats": 2}, Accept({"seats": [4], "sail": [True]}, ("seats", "sail", "note"))
    for more, expected in [
        ({}, True),
        ({"seats": 2}, True),
        ({"seats": 4, "sail": True}, True),
        ({"seats": 3}, False),
        ({"sail": False}, False),
        ({"note": ""}, True),
        ({"note": "x"}, False),
    ]:
        assert right({**LAKE, **more}, wanted, accept) is expected, more


def test_a_required_parameter_is_needed_even_where_the_gold_call_lacks_it() -> None:
    assert not right({"seats": 2}, {"seats": 2})
    assert not right({"seats": 2}, {**LAKE, "seats": 2}, Accept(optional=("lake",)))


# AST: a turn


def test_one_call_and_none() -> None:
    assert ast_right(gold(("boat.rent", LAKE)), decision(("boat.rent", LAKE)))
    assert not ast_right(gold(("boat.rent", LAKE)), decision())
    assert not ast_right(gold(), decision(("boat.rent", LAKE)))
    assert ast_right(gold(), decision(intended="lamp"))
    assert not ast_right(gold(("lamp", {"room": "den"})), calling(*[("lamp", {"room": "den"})] * 2))


def test_several_calls_are_right_in_any_order_and_only_all_together() -> None:
    calls = [("boat.rent", LAKE), ("lamp", {"room": "den"}), ("lamp", {"room": "attic"})]
    wanted = gold(*calls, accepts=(Accept({"lake": ["Garda"]}), Accept(), Accept()))
    assert all(ast_right(wanted, calling(*order)) for order in itertools.permutations(calls))
    assert ast_right(wanted, calling(("boat.rent", {"lake": "garda"}), *calls[1:]))
    assert not ast_right(wanted, calling(*calls[:2]))
    assert not ast_right(wanted, calling(*calls, calls[0]))
    assert not ast_right(wanted, calling(calls[0], calls[1], calls[1]))
    assert not ast_right(wanted, decision(calls[0]))


def test_matching_calls_agrees_with_trying_every_order() -> None:
    rng = random.Random(0)
    seen = {True: 0, False: 0}
    for _ in range(300):
        count = rng.randint(1, 3)
        wanted = [("lamp", {"room": rng.choice("ab")}) for _ in range(count)]
        made = [("lamp", {"room": rng.choice("ab")}) for _ in range(rng.choice([count, count, rng.randint(1, 3)]))]
        expected = len(wanted) == len(made) and any(list(order) == wanted for order in itertools.permutations(made))
        assert ast_right(gold(*wanted), calling(*made)) is expected
        seen[expected] += 1
    assert min(seen.values()) > 50


# The figures


def test_ast_figures() -> None:
    pairs = [
        (gold(("lamp", {"room": "den"})), decision(("lamp", {"room": "Den"}))),
        (gold(("lamp", {"room": "den"})), decision(("lamp", {"room": "hall"}))),
        (gold(), decision()),
        (gold(), decision(("lamp", {}))),
    ]
    assert score("ast", pairs) == {"n": 4, "accuracy": 0.5}


def test_tool_figures_count_sets_of_tools_over_all_turns() -> None:
    pairs = [
        (gold(("lamp", {}), ("lamp", {}), ("boat.rent", LAKE)), calling(("lamp", {}), ("lamp", {}))),  # 1 of 2, 1 said
        (gold(("lamp", {})), decision(("boat.rent", LAKE))),  # 0 of 1, 1 said
        (gold(("lamp", {})), decision()),  # 0 of 1
        (gold(), decision(("lamp", {}))),  # 1 said
    ]
    found = score("tool-f1", pairs)
    assert found == {"n": 4, "precision": 1 / 3, "recall": 1 / 4, "f1": 2 / 7}


def test_intent_figures_keep_what_is_in_scope_apart() -> None:
    pairs = [
        (gold(("lamp", {})), decision(("lamp", {"room": "wrong"}))),
        (gold(("lamp", {})), decision(("boat.rent", LAKE))),
        (gold(("lamp", {})), decision(intended="lamp")),
        (gold(), decision()),
        (gold(), decision(("lamp", {}))),
    ]
    assert score("intent", pairs) == {
        "n": 5,
        "in_scope": 3,
        "out_of_scope": 2,
        "in_scope_accuracy": 1 / 3,
        "out_of_scope_recall": 0.5,
    }


def test_need_figures_ask_only_whether_a_call_comes() -> None:
    pairs = [
        (gold(("lamp", {})), decision(("boat.rent", LAKE))),
        (gold(("lamp", {})), decision()),
        (gold(("lamp", {})), decision()),
        (gold(), decision()),
        (gold(), decision(("lamp", {}))),
    ]
    assert score("need", pairs) == {"n": 5, "accuracy": 0.4, "precision": 0.5, "recall": 1 / 3, "f1": 0.4}


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_without_labels_there_is_no_figure(metric: str) -> None:
    unknown = sample(("book_table", {}), decision_known=False)
    found = score(metric, [(unknown, decision())])
    counts = {"n", "in_scope", "out_of_scope"}
    assert all(found[key] == 0 for key in found.keys() & counts)
    assert all(found[key] is None for key in found.keys() - counts)


def test_the_report_holds_the_figures_of_every_group() -> None:
    right_call = ("lamp", {"room": "den"})
    samples = [
        sample(right_call, tools=TOOLS, source="own", subset="one", history=("den",)),
        sample(right_call, tools=TOOLS, source="own", subset="two", history=("hall",)),
        sample(tools=TOOLS, source="own", subset="none", history=("hi",)),
    ]

    def script(history: list[Message]) -> Decision:
        return decision(None if history[-1].text == "hi" else ("lamp", {"room": history[-1].text}))

    report = evaluate(ScriptedRouter(script), samples, latency_turns=0, metrics=["ast", "need"])  # type: ignore[arg-type]
    groups = report.to_json()["groups"]
    assert {name: group["ast"]["accuracy"] for name, group in groups.items()} == {
        "all": 2 / 3,
        "own": 2 / 3,
        "own/one": 1.0,
        "own/two": 0.0,
        "own/none": 1.0,
    }
    assert groups["all"]["need"]["accuracy"] == 1.0
    assert report.after_user["all"]["ast"] == {"n": 3, "accuracy": 2 / 3}
    assert "ast" not in evaluate(ScriptedRouter(script), samples, latency_turns=0).groups["all"]  # type: ignore[arg-type]
