"""A question names the choices of what it asks for, where these are few and words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from trm_agent.responses.bank import Response, ResponseBank, encode
from trm_agent.responses.choosing import Responses
from trm_agent.responses.frames import load_frames
from trm_agent.responses.head import HeadConfig, ResponseHead, state_width
from trm_agent.responses.offering import asked_parameter, choices_in_words, with_choices
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Message, ToolSchema, parse_tools

MISSING = ("account_type", "branch")


def tools_with(*choices: Any) -> tuple[ToolSchema, ...]:
    properties = {"account_type": {"enum": list(choices)} if choices else {}, "branch": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return parse_tools([{"name": "check_balance", "description": "Look a balance up", "parameters": schema}])


TOOLS = tools_with("checking", "savings")
ACCOUNT = TOOLS[0].parameters[0]


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        (("checking", "savings"), ["checking", "savings"]),
        (("very_hot", "mild", "none"), ["very hot", "mild", "none"]),
        (("a", "b", "c", "d"), []),
        (("one",), []),
        ((1, 2), []),
        (("1", "2", "3"), []),
        ((True, False), []),
        (("True", "False"), []),
        ((), []),
    ],
)
def test_only_few_choices_that_are_words_are_named(choices: tuple[Any, ...], named: list[str]) -> None:
    assert choices_in_words(tools_with(*choices)[0].parameters[0]) == named


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("For which account?", "For which account: checking or savings?"),
        ("What account would you like to check.", "What account would you like to check: checking or savings?"),
        ("Your checking or savings account?", "Your checking or savings account?"),
        ("Is it a savings account?", "Is it a savings account?"),
        ("Which account? I need to know.", "Which account? I need to know."),
        ("Sure. Which account ?", "Sure. Which account: checking or savings?"),
    ],
)
def test_choices_come_at_the_end_of_a_question_that_names_none(text: str, said: str) -> None:
    assert with_choices(load_frames(), text, ACCOUNT) == said


def test_what_is_asked_for_is_known_or_told_from_the_words() -> None:
    def asked(text: str, asks: tuple[str, ...] | None, missing: tuple[str, ...] = MISSING) -> str | None:
        found = asked_parameter(text, asks, TOOLS[0], missing)
        return None if found is None else found.name

    assert asked("Which one?", ("account_type",)) == "account_type"
    assert asked("Which one?", ("account_type",), ("branch",)) is None, "it is filled"
    assert asked("Which account and which branch?", ("account_type", "branch")) is None
    assert asked("Anything else?", ()) is None
    assert asked("All right. Which account?", None) == "account_type"
    assert asked("Your account is fine. Which branch?", None) == "branch"
    assert asked("Which account, at which branch?", None) is None
    assert asked("I need an account.", None) is None, "it asks nothing"
    assert asked("?", None) is None


def test_an_answer_of_the_bank_offers_choices_that_the_tool_declares() -> None:
    encoder, router = HashingEncoder(), tiny_router()
    answers = (Response("For which account?", 3, {"user": 3}, {"check_balance": 3}, ("account_type",)),)
    bank = ResponseBank(answers, encode(answers, encoder))
    head = ResponseHead(HeadConfig(state_width(router.model.config.width, encoder.width), 8, encoder.width)).eval()
    history = [Message("user", "what do I have in the bank")]

    def said(tools: Any, language: str = "en") -> str:
        decision = router.bind(tools).decide(history)
        meant = {"decision": "direct_answer", "intended_tool": "check_balance", "missing": MISSING, "slots": {}}
        decision = replace(decision, probabilities={}, **meant)
        responses = Responses(bank, head, language)
        object.__setattr__(responses, "near", lambda _decision: np.ones(1))
        chosen = responses.choose(decision, history, tools)
        assert chosen is not None
        return chosen.text

    assert said(TOOLS) == "For which account: checking or savings?"
    capital = tools_with("Giro", "Depot")
    assert said(capital) == "For which account: Giro or Depot?", "what the tool declares has a source"
    assert said(TOOLS, "vi") == "For which account?", "there are no frames in this language"
