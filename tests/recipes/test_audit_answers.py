"""Every answer is looked up, by a checker that knows nothing of the guard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trm_agent.evaluation.responses
from recipes.audit_answers import main, unknown_words
from tests.trm_agent.responses.test_responses import DIALOGUES
from trm_agent.data.jsonl import write_samples
from trm_agent.evaluation.responses import Spoken
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.training.responses import ResponseConfig, learn_responses, with_responses


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("At 9 pm in Bergen, code AB-13.", ["9", "Bergen", "AB", "13"]),
        ("Oslo it is. Shall I book a table at 8 pm?", []),
        ("It is in Kelvin.", ["Kelvin"]),
        ("How about McRae's?", ["McRae"]),
    ],
)
def test_what_nothing_says_is_found(text: str, unknown: list[str]) -> None:
    assert unknown_words(text, "a table in Oslo at 8 pm, book_table", ordinary={"fahrenheit"}) == unknown


def test_words_that_answers_hold_whatever_the_values_are_are_no_values() -> None:
    assert unknown_words("It is 8 degrees Fahrenheit", "8", ordinary={"fahrenheit"}) == []


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    router, encoder = tiny_router(), HashingEncoder()
    config = ResponseConfig(steps=60, batch=8, hidden=32, decoder=None)
    taught = with_responses(router, learn_responses(router, DIALOGUES, encoder, config))
    monkeypatch.setattr(Router, "from_pretrained", lambda *_, **__: taught)
    monkeypatch.setattr("trm_agent.responses.situation.LEAST_SCORE", {"user": -9.0, "result": -9.0, "empty": -9.0})
    path = tmp_path / "in.jsonl"
    write_samples(path, [sample for dialogue in DIALOGUES for sample in dialogue])
    return path


def test_answers_are_counted_and_pass(data: Path, tmp_path: Path) -> None:
    assert main(["--data", str(data), "--output", str(tmp_path / "audit.json"), "--answers", "5"]) == 0
    result = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert result["answers"] == 5 == sum(result["origins"].values())
    assert result["wrong"] == []


def test_what_is_made_up_is_an_exit_status(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trm_agent.evaluation.responses, "own_words", lambda *_: Spoken("Call 555-0199.", "bank"))
    assert main(["--data", str(data), "--output", str(tmp_path / "audit.json")]) == 1
    wrong = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["wrong"]
    assert wrong
    assert all("0199" in one["unknown"] for one in wrong)
