"""The recipe keeps what reaches decoding, so that the router's decisions are found again without it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from recipes.keep_predictions import main, read_talks
from recipes.kept.points import DECISIONS, PREDICTIONS, decide, read_points
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router

TALKS = {
    "now": "2026-03-11T09:30",
    "domains": {
        "buses": {
            "tools": [
                {"name": "find_bus", "description": "Find a bus.", "parameters": {"to": {"type": "string"}}},
                {"name": "find_taxi", "description": "Find a taxi.", "parameters": {"pets": {"type": "boolean"}}},
            ],
            "talks": [
                ["a bus", "Where to?", "Leeds", {"did": ["find_bus", {"to": "Leeds"}, {"at": "9"}]}, "At 9.", "ok"]
            ],
        }
    },
}


@pytest.fixture
def talks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())
    tiny_router(seed=1).save_pretrained(tmp_path / "tiny")
    path = tmp_path / "talks.json"
    path.write_text(json.dumps(TALKS), encoding="utf-8")
    return path


def test_a_talk_has_a_sample_after_every_user_message_and_result(talks: Path) -> None:
    samples = list(read_talks(talks))
    assert [sample.id for sample in samples] == ["buses/1/1", "buses/1/3", "buses/1/5", "buses/1/7"]
    roles = ["user", "assistant", "user", "tool_call", "tool_response", "assistant", "user"]
    assert [message.role for message in samples[-1].history] == roles


def test_the_routers_decisions_are_found_again(talks: Path, tmp_path: Path) -> None:
    kept, tiny = tmp_path / "kept", str(tmp_path / "tiny")
    options = ["--data", str(talks), "--synthesize", "8", "--checkpoint", tiny, "--output", str(kept)]
    assert main(options) == 0
    points, calibration = read_points(kept / PREDICTIONS)
    router = Router.from_pretrained(tiny)
    assert len(points) == len((kept / DECISIONS).read_text(encoding="utf-8").splitlines()) == 4 + 8
    for sample, point in zip(read_talks(talks), points, strict=False):
        live = router.bind(sample.tools).decide(sample.history, now=datetime.fromisoformat(TALKS["now"]))  # type: ignore[arg-type]
        again = decide(point, calibration)
        assert (again.decision, again.slots, again.missing) == (live.decision, live.slots, live.missing)
        assert again.confidence == pytest.approx(live.confidence, abs=1e-3)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["--output", str(tmp_path)]) == 1
    assert "predictions.json.gz" in caplog.text
