"""One command from a folder of logs to a router: what it refuses, how it splits, mixes and chooses, what it writes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from recipes import make_telecom_logs
from recipes.corpora.everyday_domain import Message, Point
from recipes.evaluate_live import judge, result_of
from recipes.learn_from_logs import main, summary
from recipes.own_logs.choosing import Way, beyond_chance, choose, in_order, smoothed
from recipes.own_logs.judging import Judged, everyday_points
from recipes.own_logs.live import Turn, dialogue_of
from recipes.own_logs.mix import EVERYDAY, everyday, given, plan
from recipes.own_logs.options import parse_args
from recipes.own_logs.page import changes
from recipes.own_logs.samples import by_conversation, look_over, only_filled, refuse_faults, save, split
from trm_agent.checkpoint import load_checkpoint
from trm_agent.errors import DataError
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Sample
from trm_agent.utils import process_raw_conversation

TOOLS = [
    {
        "name": "top_up",
        "description": "Adds credit.",
        "parameters": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
    },
    {"name": "check_usage", "description": "Shows what is left."},
]
RAW: list[dict[str, Any]] = [
    {"role": "user", "content": "what is left, and put 20 on it"},
    {"role": "tool_call", "content": {"response": {"name": "check_usage", "arguments": {}}, "phone": "0770"}},
    {"role": "tool_response", "content": {"response": {"gb": 2}}},
    {"role": "tool_call", "content": {"response": {"name": "top_up", "arguments": {"amount": 20}}}},
    {"role": "tool_response", "content": {"response": {"ok": True}}},
    {"role": "assistant", "content": "Done, and 2 GB are left."},
    {"role": "user", "content": "thanks"},
    {"role": "assistant", "content": "Gladly."},
]


def conversation(said: str, name: str) -> list[Sample]:
    raw = [{"role": "user", "content": said}, *RAW[1:]]
    samples = process_raw_conversation(raw, TOOLS, ["phone", "address"])
    return [replace(sample, meta={"dialogue": name}) for sample in samples]


def judged(right: int, of: int = 10) -> Judged:
    turns = [Turn("a", "hi", [], [], "", i < right, 1.0, 1.0) for i in range(of)]
    return Judged([], turns, {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve telecom conversations, four to test on, and a tiny checkpoint to start from."""
    for module in ("trm_agent.checkpoint", "trm_agent.encoder.sentence"):
        monkeypatch.setattr(f"{module}.load_encoder", lambda *_, **__: HashingEncoder())
    assert make_telecom_logs.main(["--num", "12", "--output", str(tmp_path / "logs")]) == 0
    assert make_telecom_logs.main(["--split", "test", "--num", "4", "--output", str(tmp_path / "test")]) == 0
    tiny_router().save_pretrained(tmp_path / "tiny")
    return tmp_path


def options(folder: Path, *more: str) -> list[str]:
    tools = str(make_telecom_logs.FOLDER / "tools.json")
    fast = ["--steps", "2", "--batch", "8", "--everyday-points", "3", "--device", "cpu", "--shares", "0.5", "1"]
    paths = ["--logs", str(folder / "logs"), "--tools", tools, "--init", str(folder / "tiny")]
    return [*paths, "--output", str(folder / "mine"), *fast, *more]


def test_logs_become_a_checkpoint_a_report_and_a_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options(folder, "--test", str(folder / "test"), "--most-cost", "1")) == 0
    report = json.loads((folder / "mine" / "report.json").read_text(encoding="utf-8"))
    checkpoint = load_checkpoint(folder / "mine")
    assert report["learned_from"]["conversations"] + report["held_out"]["conversations"] == 12
    assert report["held_out"]["conversations"] >= 4
    assert report["test"]["count"]["conversations"] == 4
    assert set(report["ways"]) == {"0.5", "1"}
    assert set(report["elsewhere"]) >= {"0", f"{report['share']:g}"}
    assert checkpoint.training["blend"]["share_of_this_run"] == report["share"]
    assert checkpoint.calibration.calibrated is report["confidence"]["calibrated"] is False, "nothing was known of it"
    assert {path.name for path in (folder / "mine" / "samples").iterdir()} == {
        "train.jsonl", "held_out.jsonl", "twins.jsonl", "replay.jsonl"
    }  # fmt: skip
    page = (folder / "mine" / "report.html").read_text(encoding="utf-8")
    HTMLParser().feed(page)
    assert "What the logs taught" in page
    assert "The confidence does not hold" in page
    assert "<script" not in page
    out = capsys.readouterr().out
    assert "everyday talk elsewhere (3 points)" in out
    assert "DOES NOT HOLD" in out


def test_where_nothing_gets_better_the_old_weights_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recipes.own_logs.judging.Judged.right", property(lambda self: 1))
    assert main(options(folder)) == 0
    report = json.loads((folder / "mine" / "report.json").read_text(encoding="utf-8"))
    kept, old = load_checkpoint(folder / "mine"), load_checkpoint(folder / "tiny")
    assert report["share"] == 0
    assert kept.weights_sha256 == old.weights_sha256
    assert "The old weights are kept" in (folder / "mine" / "report.html").read_text(encoding="utf-8")
    assert "OLD WEIGHTS KEPT" in summary(report)


def test_faults_stop_it_before_anything_is_trained(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = [{"role": "user", "content": "top it up"}, *RAW[3:4], {"role": "tool_response", "content": {"response": 1}}]
    raw[1] = {"role": "tool_call", "content": {"response": {"name": "top_up", "arguments": {"amount": 5}}}}
    (folder / "logs" / "bad.json").write_text(json.dumps(raw), encoding="utf-8")
    assert main(options(folder)) == 1
    error = capfd.readouterr().err
    assert "1 × missing: calls that lack required arguments; first bad:2: top_up lacks phone" in error
    assert not (folder / "mine").exists()


def test_faults_within_the_tolerance_stop_nothing() -> None:
    report = look_over([conversation("put it on", "a")])
    with pytest.raises(DataError, match="calls with values that stand nowhere in the text"):
        refuse_faults(report, 0.0)
    refuse_faults(report, 0.5)


def test_conversations_are_split_and_those_in_the_same_words_stay_together() -> None:
    talks = [conversation(f"put 20 on {name}", name) for name in ("anna", "ben", "cleo", "dan", "eve", "finn")]
    talks += [conversation("Put 30 on Anna!", "again")]
    for seed in range(8):
        parts = split(talks, 0.3, 40, seed)
        names = [{talk[0].meta["dialogue"] for talk in part} for part in (parts.train, parts.held_out)]
        assert names[0] | names[1] == {"anna", "ben", "cleo", "dan", "eve", "finn", "again"}
        assert not names[0] & names[1]
        assert any({"anna", "again"} <= part for part in names)
        assert len(parts.held_out) >= 3
    assert len(split(talks, 0.9, 2, 0).held_out) <= 3


def test_too_few_conversations_are_refused() -> None:
    with pytest.raises(DataError, match="3 conversations; at least 4 are needed"):
        split([conversation("hi", str(i)) for i in range(3)], 0.3, 40, 0)


def test_slots_that_no_log_fills_are_not_learned() -> None:
    samples = only_filled(conversation("put 20 on it", "a"))
    assert {name for sample in samples for name in sample.slots} == {"phone"}
    assert [len(group) for group in by_conversation([*samples, *conversation("hi", "b")])] == [4, 4]


def test_a_conversation_is_a_script_of_user_turns_with_all_their_calls() -> None:
    first, second = dialogue_of(conversation("what is left, and put 20 on it", "a")).turns
    assert isinstance(first, Point)
    assert [call.gold for call in first.calls] == [
        {"name": "check_usage", "arguments": {}},
        {"name": "top_up", "arguments": {"amount": 20}},
    ]
    assert result_of(first, "check_usage") == {"gb": 2}
    assert result_of(first, "top_up") == {"ok": True}
    assert judge(first, [call.gold for call in first.calls], set())
    assert not judge(first, [first.calls[0].gold], set())
    assert isinstance(second, Point)
    assert second.calls == ()
    assert second.say == "Gladly."


def test_what_the_log_does_not_decide_stands_in_the_history() -> None:
    raw = [{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "wait"}, *RAW]
    turns = dialogue_of(process_raw_conversation(raw, TOOLS, [])).turns
    assert turns[:2] == (Message("assistant", "Hello!"), Message("user", "wait"))
    assert [turn.text for turn in turns if isinstance(turn, Point)] == ["what is left, and put 20 on it", "thanks"]


def test_few_conversations_are_repeated_and_many_take_more_steps() -> None:
    few, many = plan(14, 50, 0.4, 0.2, 40), plan(160, 500, 0.4, 0.2, 40)
    assert (few.steps, few.repeats, few.twins, few.replay) == (60, 19, 480, 960)
    assert (many.steps, many.repeats) == (60, 2)
    assert plan(320, 1000, 0.4, 0.2, 40).steps == 120
    assert plan(2000, 6000, 0.4, 0.2, 40).steps == 150
    assert plan(14, 50, 0.4, 0.2, 40, steps=7).steps == 7


def test_everyday_talk_is_drawn_from_many_domains() -> None:
    drawn = list(everyday(EVERYDAY / "train", 60, 0))
    assert drawn == list(everyday(EVERYDAY / "train", 60, 0))
    assert 60 <= len(drawn) < 100
    assert len({sample["meta"]["domain"] for sample in drawn}) >= 3
    assert {sample["meta"]["split"] for sample in drawn} == {"train"}


def test_samples_of_other_tools_can_stand_in_for_everyday_talk(tmp_path: Path) -> None:
    talks = [conversation(f"put 20 on {name}", name) for name in ("anna", "ben", "cleo")]
    path = save(tmp_path, {"other": talks, "none": []})["other"]
    drawn = list(given(path, 5, 0))
    assert len(drawn) == 8, "two whole conversations of four"
    assert drawn == list(given(path, 5, 0))
    assert len(list(given(path, 99, 0))) == 12


def test_the_cost_is_seen_on_one_draw_of_the_dev_set() -> None:
    points = everyday_points(5)
    assert points == everyday_points(5)
    assert {point["meta"]["split"] for point in points} == {"dev"}
    assert all("annotations" not in tool["function"] for point in points for tool in point["tools"])


def test_a_way_counts_with_its_neighbours() -> None:
    assert smoothed([4, 8, 4]) == [pytest.approx(8 / 1.5), 6.0, pytest.approx(8 / 1.5)]
    lucky = [Way(0.4, judged(7)), Way(0.6, judged(8)), Way(0.8, judged(5)), Way(1.0, judged(8))]
    assert [way.share for way in in_order(lucky, 6)] == [0.4, 0.6, 1.0], "0.8 is no better than before"
    assert list(in_order(lucky, 8)) == []


def test_a_way_that_costs_too_much_elsewhere_is_passed_over() -> None:
    ways = [Way(0.4, judged(8)), Way(0.8, judged(9))]
    routers: dict[float, Any] = {0.0: 0.0, 0.4: 0.4, 0.8: 0.8}
    cost = {0.0: 0.8, 0.4: 0.79, 0.8: 0.7}

    def elsewhere(router: Any) -> dict[str, Any]:
        return {"decision": cost[router]}

    chosen = choose(ways, judged(2), routers, elsewhere, 0.05)
    assert (chosen.share, chosen.why) == (
        0.4, "2 → 8 of 10 held-out decisions and live turns right, 40% of the way from the old weights"
    )  # fmt: skip
    assert choose(ways, judged(2), routers, elsewhere, 0.2).share == 0.8
    assert "every better way costs more than 0%" in choose(ways, judged(2), routers, elsewhere, 0.0).why
    kept = choose(ways, judged(9), routers, elsewhere, 0.2)
    assert (kept.share, kept.why) == (0.0, "9 of 10 held-out were right before, at most 9 after")


def test_one_more_that_is_right_may_be_chance() -> None:
    assert beyond_chance(judged(2), judged(7))
    assert not beyond_chance(judged(2), judged(5)), "three of three"
    assert not beyond_chance(judged(2), judged(2))
    assert not beyond_chance(judged(2), judged(1))
    kept = choose([Way(0.4, judged(5))], judged(2), {0.0: 0.0, 0.4: 0.4}, lambda _: {"decision": 0.8}, 0.2)  # type: ignore[dict-item]
    assert (kept.share, kept.why) == (0.0, "2 → 5 of 10 held-out right may be chance")


def test_turns_that_changed_are_told_apart() -> None:
    rng = random.Random(0)
    before, after = ([Turn("a", str(i), [], [], "", rng.random() < 0.5, 1.0, 1.0) for i in range(20)] for _ in "ab")
    found = changes(before, after)
    assert [change.said for change in found["repaired"]] == [
        old.said for old, new in zip(before, after, strict=True) if new.right and not old.right
    ]
    assert [change.said for change in found["broken"]] == [
        old.said for old, new in zip(before, after, strict=True) if old.right and not new.right
    ]


@pytest.mark.parametrize("wrong", [["--own", "0.9", "--twins", "0.3"], ["--shares", "0"], ["--hold-out", "2"]])
def test_shares_that_make_no_sense_are_wrong_usage(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_args(["--logs", "a", "--tools", "b", "--output", str(tmp_path), *wrong], None)
