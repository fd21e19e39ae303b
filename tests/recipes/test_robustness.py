"""The robustness recipe changes samples, not the router, and says what that costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.sgd import read_services
from recipes.robustness import VARIANTS, main
from trm_agent.data.jsonl import write_samples
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Message, Sample


@pytest.fixture(autouse=True)
def encoder_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda name: HashingEncoder())


def service(find: str, where: str, description: str) -> dict[str, Any]:
    """A service as SGD publishes it."""
    return {
        "service_name": "Buses_1",
        "slots": [{"name": where, "description": description, "is_categorical": False, "possible_values": []}],
        "intents": [
            {
                "name": find,
                "description": f"{description}, please",
                "is_transactional": False,
                "required_slots": [where],
                "optional_slots": {},
            }
        ],
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Three dialogues, their schema with two other wordings, a pool of tools, and a tiny checkpoint."""
    schemas = {
        "sgd/dev": service("FindBus", "to", "Where the bus goes"),
        "sgd_x/v1/dev": service("SearchCoach", "goal", "Where to"),
        "sgd_x/v2/dev": service("LookUpCoach", "target", "Town it heads for"),
    }
    for folder, schema in schemas.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "schema.json").write_text(json.dumps([schema]), encoding="utf-8")
    tools = read_services(tmp_path / "sgd" / "dev" / "schema.json")["Buses_1"].tools
    samples = []
    for i, city in enumerate(("Leeds", "Turin", "Ghent")):
        meta = {"dialogue": str(i), "source": "sgd", "seen": True, "intent": "FindBus"}
        history = (Message("user", "hello there"), Message("assistant", "Where to?"), Message("user", f"to {city}"))
        call = {"name": "FindBus", "arguments": {"to": city}}
        samples.append(Sample(tools, history[:1], "direct_answer", {}, None, "Where to?", id=f"{i}/1", meta=meta))
        samples.append(Sample(tools, history, "tool_call", {"to": city}, call, None, id=f"{i}/3", meta=meta))
    write_samples(tmp_path / "dev.jsonl", samples)
    pool = [{"name": f"other_{i}", "description": f"do thing {i}"} for i in range(5)]
    (tmp_path / "pool.json").write_text(json.dumps(pool), encoding="utf-8")
    tiny_router(seed=1).save_pretrained(tmp_path / "tiny")
    return tmp_path


def options(files: Path, *more: str) -> list[str]:
    known = ["--data", str(files / "dev.jsonl"), "--checkpoint", str(files / "tiny"), "--draws", "50"]
    return [*known, "--output", str(files / "out" / "robustness.json"), *more]


def wordings(files: Path, split: str = "dev") -> list[str]:
    return ["--schema", str(files / "sgd" / split / "schema.json"), "--wordings", str(files / "sgd_x")]


def test_every_variant_stands_beside_the_unchanged_samples(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pool = ["--pool", str(files / "pool.json"), "--add", "4"]
    assert main(options(files, *pool, *wordings(files), "--markdown", str(files / "out" / "table.md"))) == 0
    result = json.loads((files / "out" / "robustness.json").read_text(encoding="utf-8"))
    assert tuple(result["variants"]) == VARIANTS
    assert (result["samples"], result["dialogues"], result["added_tools"]) == (6, 3, 4)
    order = result["variants"]["order"]
    assert all(found["difference"] == 0 for found in order.values()), "the order of the tools never matters"
    for found in result["variants"].values():
        for name, difference in found.items():
            assert difference["before"] == result["unchanged"][name]
            assert difference["low"] <= difference["difference"] <= difference["high"], name
    out = capsys.readouterr().out
    assert "6 samples of 3 dialogues" in out
    assert all(name in out for name in ("unchanged", *VARIANTS))
    rows = (files / "out" / "table.md").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 2 + 1 + len(VARIANTS)
    assert len({row.count("|") for row in rows}) == 1
    assert "+0.0 [+0.0, +0.0]" in rows[3]


def test_only_what_is_asked_for_and_possible_is_judged(files: Path) -> None:
    assert main(options(files, "--variants", "order", "all-names", "--limit-dialogues", "2")) == 0
    result = json.loads((files / "out" / "robustness.json").read_text(encoding="utf-8"))
    assert tuple(result["variants"]) == ("order", "all-names")
    assert result["dialogues"] == 2


def test_what_cannot_be_done_is_one_line_and_exit_code_1(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pool = str(files / "pool.json")
    assert main(options(files, "--pool", pool)) == 1
    assert f"error: {pool}: holds 5 tools, 20 are to be added" in capsys.readouterr().err
    (files / "sgd" / "test").mkdir()
    (files / "sgd" / "test" / "schema.json").write_text("[]", encoding="utf-8")
    assert main(options(files, *wordings(files, "test"))) == 1
    assert f"{files / 'sgd_x'}: holds no */test/schema.json" in capsys.readouterr().err
    other = [service("FindBus", "to", "Where the tram goes")]
    (files / "sgd" / "dev" / "schema.json").write_text(json.dumps(other), encoding="utf-8")
    assert main(options(files, *wordings(files), "--variants", "paraphrased")) == 1
    assert "declares no tool as the samples do; is it the split they come from?" in capsys.readouterr().err


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for variant, needed in (("distractors", "--pool"), ("paraphrased", "--schema and --wordings")):
        with pytest.raises(SystemExit, match="2"):
            main(["--data", "a.jsonl", "--output", "b.json", "--variants", variant])
        assert f"the variant {variant} needs {needed}" in capsys.readouterr().err
