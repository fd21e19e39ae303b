"""What is decided from kept predictions stays as it was: a refactoring of decoding changes no decision.

After a change that is meant, `uv run python recipes/keep_predictions.py --output tests/trm_agent/kept`; read the diff.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recipes.keep_predictions import main
from recipes.kept.points import DECISIONS, DIGEST, PREDICTIONS, Point, digest, line, read_points, record

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "trm_agent" / "kept"
SHOWN = 5
"""Samples that a failure names."""


def changes(before: list[str], after: list[str]) -> str:
    """The first records that differ, each with the fields that do."""
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    out = [f"{len(changed)} of {len(before)} kept decisions changed"]
    for old, new in ((json.loads(a), json.loads(b)) for a, b in changed[:SHOWN]):
        out.append(f"{old['id']}:")
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                out.append(f"  {key} before: {json.dumps(old.get(key), ensure_ascii=False)}")
                out.append(f"  {key} after:  {json.dumps(new.get(key), ensure_ascii=False)}")
    return "\n".join(out)


@pytest.fixture(scope="module")
def points() -> list[Point]:
    return read_points(KEPT / PREDICTIONS)[0]


def test_kept_predictions_lead_to_the_kept_decisions(points: list[Point]) -> None:
    calibration = read_points(KEPT / PREDICTIONS)[1]
    after = [line(record(point, calibration)) for point in points]
    if digest("".join(after)) != (KEPT / DIGEST).read_text(encoding="utf-8").split()[0]:
        before = (KEPT / DECISIONS).read_text(encoding="utf-8").splitlines(keepends=True)
        pytest.fail(changes(before, after), pytrace=False)


def test_the_digest_is_that_of_the_kept_decisions() -> None:
    text = (KEPT / DECISIONS).read_text(encoding="utf-8")
    assert (KEPT / DIGEST).read_text(encoding="utf-8") == f"{digest(text)}  {DECISIONS}\n"


def test_what_is_kept_is_of_every_kind(points: list[Point]) -> None:
    """A hash over decisions that are all alike would hold nothing."""
    records = [json.loads(text) for text in (KEPT / DECISIONS).read_text(encoding="utf-8").splitlines()]
    assert len({point.id for point in points}) == len(points) == len(records) >= 560
    counts = {
        "calls": sum(one["decision"] == "tool_call" for one in records),
        "answers": sum(one["decision"] == "direct_answer" for one in records),
        "several": sum(len(one.get("calls", ())) > 1 for one in records),
        "clauses": sum("clauses" in one for one in records),
        "missing": sum("missing" in one for one in records),
        "results": sum(any(message.role == "tool_response" for message in point.history) for point in points),
        "earlier values": sum(bool(point.previous) for point in points),
    }
    assert min(counts.values()) >= 30, counts
    assert (KEPT / PREDICTIONS).stat().st_size < 2_000_000


def test_a_changed_decision_is_named_with_what_was_before() -> None:
    def entry(**fields: Any) -> str:
        return line({"id": "trains/1/1", "decision": "tool_call", **fields})

    said = changes([entry(confidence=0.9), entry(tool="a")], [entry(confidence=0.9), entry(tool="b")])
    assert said == '1 of 2 kept decisions changed\ntrains/1/1:\n  tool before: "a"\n  tool after:  "b"'


def test_deciding_anew_writes_what_is_kept(tmp_path: Path) -> None:
    (tmp_path / PREDICTIONS).write_bytes((KEPT / PREDICTIONS).read_bytes())
    assert main(["--output", str(tmp_path)]) == 0
    assert (tmp_path / DIGEST).read_bytes() == (KEPT / DIGEST).read_bytes()


def test_synthetic_samples_need_tools(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--synthesize", "3", "--output", "nowhere"])
    assert "--synthesize needs --data" in capsys.readouterr().err


def test_deciding_from_kept_predictions_loads_no_torch() -> None:
    code = "import sys, recipes.keep_predictions\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
