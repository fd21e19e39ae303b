"""The corpus command reads the publisher's layout and writes samples that read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.prepare_data import main
from tests.recipes.corpora.test_sgd import SCHEMA, dialogue
from trm_agent.data.jsonl import read_samples


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for split, services in (("train", SCHEMA[:1]), ("dev", SCHEMA)):
        folder = tmp_path / "sgd" / split
        folder.mkdir(parents=True)
        (folder / "schema.json").write_text(json.dumps(services), encoding="utf-8")
        (folder / "dialogues_001.json").write_text(json.dumps([dialogue()] * 3), encoding="utf-8")
    return tmp_path / "sgd"


def test_a_split_becomes_samples_with_seen_services_marked(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "dev.jsonl"
    assert main(["--corpus", "sgd", "--input", str(corpus / "dev"), "--output", str(out), "--distractors", "0"]) == 0
    samples = list(read_samples(out))
    assert len(samples) == 6
    assert all(sample.meta["seen"] for sample in samples)


def test_fewer_dialogues_are_drawn_with_the_seed(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "dev.jsonl"
    options = ["--corpus", "sgd", "--input", str(corpus / "dev"), "--output", str(out), "--num-dialogues", "1"]
    assert main(options) == 0
    assert len(list(read_samples(out))) == 2


def test_wordings_replace_the_schema(corpus: Path, tmp_path: Path) -> None:
    worded = corpus / "sgd_x" / "v1" / "dev"
    worded.mkdir(parents=True)
    (worded / "schema.json").write_text(json.dumps(SCHEMA).replace("BookTable", "ReserveSeats"), encoding="utf-8")
    out = tmp_path / "x.jsonl"
    options = ["--input", str(corpus / "dev"), "--wordings", str(corpus / "sgd_x"), "--output", str(out)]
    assert main(["--corpus", "sgd", *options]) == 0
    assert {sample.tool["name"] for sample in read_samples(out) if sample.tool} == {"ReserveSeats"}


def test_a_folder_that_is_no_split_is_one_line_and_writes_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["--corpus", "sgd", "--input", str(tmp_path), "--output", str(out)]) == 1
    assert "schema.json" in capfd.readouterr().err
    assert not out.exists()
