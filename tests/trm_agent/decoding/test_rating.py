"""How sure calls are: over all of them, and by what of a request no call takes up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from trm_agent.decoding.calibration import Calibration, DecisionScores, Logistic
from trm_agent.decoding.coverage import ORDINARY, ordinary_words, rate, taken_twice, unread
from trm_agent.testing import tiny_router
from trm_agent.types import Decision, Message, Source, ToolCall, Value, parse_tools

[CONVERT, WEATHER] = TOOLS = parse_tools(
    [
        {
            "name": "convertMoney",
            "description": "Converts an amount from one currency to another.",
            "parameters": {
                "type": "object",
                "properties": {"amount": {"type": "number"}, "target": {"type": "string", "description": "currency"}},
                "required": ["amount"],
            },
        },
        {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    ]
)


def call(text: str, tool: str, confidence: float = 0.9, message: int = 0, **said: str) -> ToolCall:
    values = {
        name: Value(
            words, confidence, Source("span", message, text.index(words), text.index(words) + len(words), words)
        )
        for name, words in said.items()
    }
    return ToolCall(tool, dict(said), values)


def left(text: str, *calls: ToolCall) -> tuple[tuple[str, ...], int, int]:
    found = unread(calls, TOOLS, [Message("user", text)])
    return found.words, found.numbers, found.of


def test_what_is_read_or_declared_is_no_remainder() -> None:
    text = "Convert 20 euros to dollars"
    assert left(text, call(text, "convertMoney", amount="20", target="dollars")) == (("euros",), 0, 5)
    text = "money conversion of amount 20"
    assert left(text, call(text, "convertMoney", amount="20")) == ((), 0, 5)


def test_words_and_numbers_that_no_call_takes_up_are_counted() -> None:
    text = "Convert 20 euros, and the weather in Oslo for 3 days"
    one = call(text, "convertMoney", amount="20")
    assert left(text, one) == (("euros", "weather", "oslo", "days"), 1, 11)
    assert left(text, one, call(text, "weather", city="Oslo")) == (("euros", "days"), 1, 11)


def test_a_word_of_any_script_counts() -> None:
    text = "đổi 20 euro sang đôla"
    assert left(text, call(text, "convertMoney", amount="20")) == (("euro", "sang", "đôla"), 0, 5)
    assert left("", ToolCall("weather", {})) == ((), 0, 0)


def test_words_that_right_calls_of_several_tools_leave_unread_are_ordinary() -> None:
    history = [Message("user", "please tell me the weather downtown")]
    tools = parse_tools([{"name": f"tool_{letter}"} for letter in "abcdef"])
    calls = [ToolCall(tool.name, {}) for tool in tools]
    seen = [([one], unread([one], tools, history)) for one in calls]
    assert ordinary_words(seen[: ORDINARY - 1]) == frozenset()
    assert ordinary_words([*seen[: ORDINARY - 1], seen[0]]) == frozenset(), "one tool is one tool"
    assert ordinary_words(seen[:ORDINARY]) == {"please", "tell", "weather", "downtown"}
    assert seen[0][1].share(frozenset({"please", "tell"})) == 2 / 6


def test_places_in_other_messages_do_not_cover_this_one() -> None:
    history = [Message("user", "Oslo is nice"), Message("assistant", "Indeed."), Message("user", "Rome, please")]
    early = call("Oslo is nice", "weather", city="Oslo")
    assert unread([early], TOOLS, history).words == ("rome", "please")
    assert unread([early], TOOLS, history[1:2]).words == ()


def decided(calls: Sequence[ToolCall]) -> Decision:
    scores = DecisionScores(0.9, 0.8, 0.7, 0.6, omitted=0.95)
    plain = tiny_router().bind(TOOLS).decide([Message("user", "hi")])
    return replace(plain, decision="tool_call", calls=tuple(calls), scores=scores.to_json(), call_confidence=None)


def test_the_least_sure_value_of_any_call_counts() -> None:
    text = "20 and the weather in Oslo"
    calls = [call(text, "convertMoney", 0.9, amount="20"), call(text, "weather", 0.5, city="Oslo")]
    rated = rate(decided(calls), TOOLS, [Message("user", text)], Calibration.identity())
    scores = DecisionScores.of(rated)
    assert (scores.arguments, scores.weakest, scores.calls) == (pytest.approx(0.45), 0.5, 2.0)
    assert rated.call_confidence == pytest.approx(0.9 * 0.8 * 0.45)
    assert (scores.opening, scores.unread, scores.unread_numbers) == (1.0, 0.0, 0.0)


def test_scores_are_raw_whatever_the_calibration_of_values() -> None:
    text = "the weather in Oslo"
    sharp = Calibration(value=Logistic((2.0,), 0.5))
    one = call(text, "weather", sharp.value_confidence(0.7), city="Oslo")
    rated = rate(decided([one]), TOOLS, [Message("user", text)], sharp)
    assert DecisionScores.of(rated).weakest == pytest.approx(0.7)


def test_an_answer_stays_as_it_is() -> None:
    plain = replace(decided([]), decision="direct_answer")
    assert rate(plain, TOOLS, [Message("user", "hi")], Calibration.identity()) is plain


@pytest.mark.parametrize("turns", [1, 2])
def test_only_the_first_request_is_an_opening(turns: int) -> None:
    history: list[Any] = [Message("user", "Oslo"), Message("assistant", "?")] * (turns - 1) + [Message("user", "Oslo")]
    one = call("Oslo", "weather", message=len(history) - 1, city="Oslo")
    rated = rate(decided([one]), TOOLS, history, Calibration.identity())
    assert rated.scores["opening"] == float(turns == 1)


def test_a_request_for_tools_without_parameters_is_none() -> None:
    [bare] = parse_tools([{"name": "tell_a_joke"}])
    rated = rate(decided([ToolCall("tell_a_joke", {})]), [bare], [Message("user", "hi")], Calibration.identity())
    assert rated.scores["opening"] == 0.0


def test_an_entry_named_by_the_words_of_another_argument_is_taken_twice() -> None:
    text = "the brown ones, 312"
    one = call(text, "convertMoney", amount="312")
    size = Value("312", 0.9, Source("choice"))
    twice = ToolCall("convertMoney", {**one.arguments, "target": "312"}, {**one.argument_values, "target": size})
    history = [Message("user", text)]
    assert taken_twice(one, history) == 0
    assert taken_twice(twice, history) == 1
    assert taken_twice(twice, [Message("user", "the brown ones")]) == 0


def test_lists_and_arguments_from_before_are_counted() -> None:
    first, last = "20 to Rome", "and Paris too"
    early, late = call(first, "convertMoney", amount="20"), call(last, "weather", city="Paris", message=1)
    listed = ToolCall("weather", {"city": ["Paris", "Rome"]}, late.argument_values)
    history = [Message("user", first), Message("user", last)]
    scores = DecisionScores.of(rate(decided([early, listed]), TOOLS, history, Calibration.identity()))
    assert (scores.lists, scores.carried, scores.later, scores.opening) == (1.0, 0.5, 1.0, 0.0)
