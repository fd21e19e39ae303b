"""Thresholds keep their promise: hand arithmetic, and a simulation that counts how often they break it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from langchain_core.tools import BaseTool
from scipy.stats import binom

from langchain_trm import ChatTRM, LowConfidenceError, Thresholds
from langchain_trm.thresholds import Outcome, binomial_tail, certified_threshold, fit_thresholds, tools_fingerprint
from langchain_trm.tools import read_tools
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter
from trm_agent.errors import DataError
from trm_agent.types import Message, Sample, parse_tools


@pytest.mark.parametrize(("k", "n", "p"), [(0, 10, 0.05), (3, 50, 0.05), (50, 50, 0.5), (7, 1000, 0.01)])
def test_the_tail_is_the_binomial_one(k: int, n: int, p: float) -> None:
    assert binomial_tail(k, n, p) == pytest.approx(binom.cdf(k, n, p), rel=1e-9)


def test_the_tail_of_nothing_is_one() -> None:
    assert binomial_tail(0, 0, 0.05) == 1.0


def test_by_hand_ninety_right_ones_certify_ninety_five_percent_and_eighty_nine_do_not() -> None:
    assert 0.95**90 < 0.05 / 5 < 0.95**89
    right = Outcome(0.97, True, None)
    assert certified_threshold([right] * 90, 0.95, 0.05) == 0.0
    assert certified_threshold([right] * 89, 0.95, 0.05) is None


def test_the_threshold_lies_above_the_wrong_ones() -> None:
    outcomes = [Outcome(0.97, True, None)] * 200 + [Outcome(0.5, False, None)] * 50
    threshold = certified_threshold(outcomes, 0.95, 0.05)
    assert threshold is not None
    assert 0.5 < threshold <= 0.51


def test_over_many_draws_the_promise_is_broken_at_most_as_often_as_allowed() -> None:
    rng = np.random.default_rng(0)
    broken, found, draws, target, delta = 0, 0, 80, 0.9, 0.1

    for _ in range(draws):
        confidence = rng.uniform(0, 1, 2000)
        right = rng.uniform(0, 1, 2000) < confidence
        outcomes = [Outcome(float(c), bool(r), None) for c, r in zip(confidence, right, strict=True)]
        threshold = certified_threshold(outcomes, target, delta)
        if threshold is not None:
            found += 1
            broken += (1 + threshold) / 2 < target
    assert found > draws / 2
    assert broken <= draws * delta


def test_tools_with_enough_samples_have_their_own_threshold() -> None:
    outcomes = (
        [Outcome(0.7, True, "search")] * 120 + [Outcome(0.7, False, "book")] * 20 + [Outcome(0.99, True, None)] * 400
    )
    fitted = fit_thresholds(outcomes)
    assert fitted.tools == {"search": 0.0}
    assert fitted.threshold("search") == 0.0
    assert fitted.threshold("book") == fitted.threshold(None) == fitted.overall
    assert fitted.samples == 540


def test_what_cannot_be_certified_is_said() -> None:
    with pytest.raises(
        DataError, match=r"no threshold reaches precision 0\.95: 1 of 3 decisions are wrong; at least 90"
    ):
        fit_thresholds([Outcome(0.9, True, None)] * 2 + [Outcome(0.9, False, None)])
    with pytest.raises(DataError, match=r"must be inside \(0, 1\), got 1\.5 and 0\.05"):
        fit_thresholds([], target_precision=1.5)


def confident_about_a(messages: list[Message], tools: object, choice: str) -> Plan:
    text = messages[-1].text
    sure = 0.95 if "sure" in text else 0.55
    return Plan("book_flight", {"flight": text}, confidence=sure)


def samples(tools: list[BaseTool], count: int = 150) -> list[Sample]:
    """Whatever is said surely is right; of the rest, half."""
    offered = parse_tools(read_tools(tools))
    out = []
    for number in range(2 * count):
        text = f"sure {number}" if number % 2 else f"perhaps {number}"
        right = number % 2 == 1 or number % 4 == 0
        call = {"name": "book_flight", "arguments": {"flight": text}} if right else None
        decision = "tool_call" if right else "direct_answer"
        out.append(Sample(offered, (Message("user", text),), decision, {}, call, None))
    return out


@pytest.fixture
def fitted(tools: list[BaseTool]) -> ChatTRM:
    return ChatTRM(router=ScriptedRouter(confident_about_a), tools=tools).fit_threshold(samples(tools))


def test_a_fitted_model_refuses_what_it_gets_wrong_too_often(fitted: ChatTRM, tools: list[BaseTool]) -> None:
    assert fitted.thresholds is not None
    assert 0.55 < fitted.thresholds.overall <= 0.6
    assert fitted.invoke("sure thing").tool_calls
    with pytest.raises(LowConfidenceError):
        fitted.invoke("perhaps")
    assert fitted.router.batches == [300]


def test_thresholds_are_saved_with_the_model(fitted: ChatTRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted.save_pretrained(tmp_path)
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: fitted.router)
    again = ChatTRM.from_pretrained(tmp_path)
    assert again.thresholds == fitted.thresholds
    assert Thresholds.from_json(again.thresholds.to_json()) == fitted.thresholds  # type: ignore[union-attr]
    with pytest.raises(LowConfidenceError):
        again.invoke("perhaps")


def test_thresholds_for_other_tools_are_dropped_with_a_warning(
    fitted: ChatTRM, tools: list[BaseTool], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "trm_agent"):
        assert fitted.bind_tools(tools[1:]).invoke("perhaps").tool_calls
    assert "the fitted thresholds are for other tools or weights and are dropped; fit them again" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "trm_agent"), pytest.raises(LowConfidenceError):
        fitted.bind_tools(list(reversed(tools))).invoke("perhaps")
    assert caplog.text == ""


def test_thresholds_for_other_weights_are_dropped(fitted: ChatTRM, caplog: pytest.LogCaptureFixture) -> None:
    other = fitted.model_copy(update={"router": ScriptedRouter(confident_about_a, "trained again")})
    with caplog.at_level(logging.WARNING, "trm_agent"):
        assert other.invoke("perhaps").tool_calls
    assert "are dropped" in caplog.text


def test_an_explicit_min_confidence_counts_instead(fitted: ChatTRM) -> None:
    assert fitted.model_copy(update={"min_confidence": 0.1}).invoke("perhaps").tool_calls


def test_calls_can_be_held_to_the_precision_as_a_whole(tools: list[BaseTool]) -> None:
    wrong = [replace(s, tool={"name": "book_flight", "arguments": {"flight": "other"}}) for s in samples(tools)[:20]]
    mixed = [replace(s, decision="tool_call", tool=s.tool or wrong[0].tool) for s in samples(tools)]
    model = ChatTRM(router=ScriptedRouter(confident_about_a), tools=tools)
    decisions = model.fit_threshold(mixed)
    assert decisions.thresholds is not None
    assert (decisions.thresholds.overall, decisions.thresholds.calls) == (0.0, None), "the tool is always right"
    assert decisions.invoke("perhaps").tool_calls
    whole = model.fit_threshold(mixed, whole_calls=True)
    assert whole.thresholds is not None
    assert whole.thresholds.calls is not None
    assert 0.55 * 0.9 < whole.thresholds.calls <= 0.5
    assert whole.invoke("sure thing").tool_calls
    with pytest.raises(LowConfidenceError, match="call_confidence"):
        whole.invoke("perhaps")
    assert whole.model_copy(update={"min_call_confidence": 0.1}).invoke("perhaps").tool_calls
    with pytest.raises(LowConfidenceError, match="call_confidence"):
        whole.model_copy(update={"min_confidence": 0.1}).invoke("perhaps")
    with pytest.raises(DataError, match=r"of 300 calls are wrong"):
        model.fit_threshold([replace(s, tool=wrong[0].tool, decision="tool_call") for s in mixed], whole_calls=True)


def test_samples_with_several_tool_lists_give_thresholds_for_any_tools(tools: list[BaseTool]) -> None:
    mixed = samples(tools) + samples(tools[1:])
    model = ChatTRM(router=ScriptedRouter(confident_about_a), tools=tools).fit_threshold(mixed)
    with pytest.raises(LowConfidenceError):
        model.invoke("perhaps")
    with pytest.raises(LowConfidenceError):
        model.bind_tools(tools[1:]).invoke("perhaps")


def test_the_tools_fingerprint_does_not_depend_on_their_order(tools: list[BaseTool]) -> None:
    schemas = parse_tools(read_tools(tools))
    assert tools_fingerprint(schemas, "w") == tools_fingerprint(schemas[::-1], "w")
    assert tools_fingerprint(schemas, "w") != tools_fingerprint(schemas, "v")
    assert tools_fingerprint(schemas, "w") != tools_fingerprint(schemas[:1], "w")
