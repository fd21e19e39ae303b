"""Words from the command line: learned, judged, looked at and edited; the router's weights stay what they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from recipes import evaluate_router, inspect_responses, train_responses, train_router
from tests.recipes.test_train_router import options, samples
from trm_agent.checkpoint import load_checkpoint
from trm_agent.data.jsonl import write_samples
from trm_agent.encoder.sentence import Vocabulary
from trm_agent.testing import HashingEncoder
from trm_agent.training.episodes import read_episodes
from trm_agent.training.optimizer import training_texts


@pytest.fixture(autouse=True)
def encoder_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.encoder.sentence.load_encoder", lambda *args, **kwargs: HashingEncoder())
    monkeypatch.setattr("trm_agent.checkpoint.load_encoder", lambda *args, **kwargs: HashingEncoder())
    # Trained on so little, the router may call where the data answers; then there would be no words to judge.
    monkeypatch.setattr("trm_agent.decoding.decide.CALL_THRESHOLD", 1.1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Conversations with words, their texts encoded already."""
    path = tmp_path / "samples.jsonl"
    said = {1: "Where do you leave from?", 5: "The bus leaves Fresno, is that all?"}
    write_samples(path, [replace(s, content=said.get(len(s.history))) for s in samples(4)])
    Vocabulary(training_texts(read_episodes([path])), HashingEncoder()).save(tmp_path / "encoded")
    return path


def test_learning_words_changes_no_weight_and_they_can_be_learned_later(data: Path) -> None:
    assert train_router.main(options(data, "bare", "--epochs", "1")) == 0
    assert train_router.main(options(data, "words", "--epochs", "1", "--responses")) == 0
    folder = data.parent
    assert (folder / "bare" / "model.safetensors").read_bytes() == (folder / "words" / "model.safetensors").read_bytes()
    assert load_checkpoint(folder / "bare").responses is None
    learned = load_checkpoint(folder / "words").responses
    assert learned is not None
    command = ["--data", str(data), "--checkpoint", str(folder / "bare"), "--steps", "20", "--decoder-steps", "5"]
    assert train_responses.main(command) == 0
    later = load_checkpoint(folder / "bare").responses
    assert later is not None
    assert {r.text for r in later.bank.responses} == {r.text for r in learned.bank.responses}
    assert "Where do you leave from?" in {r.text for r in later.bank.responses}

    report = folder / "report.json"
    command = [
        "--data",
        str(data),
        "--checkpoint",
        str(folder / "bare"),
        "--output",
        str(report),
        "--latency-turns",
        "0",
    ]
    command += ["--responses", "--train-data", str(data), "--answers", str(folder / "answers.jsonl")]
    assert evaluate_router.main(command) == 0
    words = json.loads(report.read_text(encoding="utf-8"))["responses"]
    assert set(words) == {"retrieve", "frames", "generate", "asking rule", "last answer", "nearest training answer"}
    figures = words["retrieve"]["all"]
    assert figures["values_without_source"] == 0
    assert words["generate"]["all"]["values_without_source"] == 0
    assert train_responses.main([*command[:4], "--steps", "20", "--no-decoder"]) == 0
    assert not list((folder / "bare").glob("decoder.*"))
    assert {"bleu", "chrf", "rouge_l", "slot_error_rate", "guarded", "latency_ms"} <= figures.keys()
    assert len((folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()) == figures["n"]


def test_answers_are_shown_removed_and_added(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_router.main(options(data, "words", "--epochs", "1", "--responses")) == 0
    folder = str(data.parent / "words")
    assert inspect_responses.main(["--checkpoint", folder, "--search", "LEAVE FROM"]) == 0
    shown = capsys.readouterr().out
    assert "Where do you leave from?" in shown
    held = load_checkpoint(Path(folder)).responses
    assert held is not None
    named = next(r.id for r in held.bank.responses if r.text == "Where do you leave from?")
    more = data.parent / "more.jsonl"
    more.write_text('{"text": "Gladly!", "after": ["user"]}\n', encoding="utf-8")
    assert inspect_responses.main(["--checkpoint", folder, "--remove", named, "--add", str(more)]) == 0
    edited = load_checkpoint(Path(folder)).responses
    assert edited is not None
    texts = {r.text for r in edited.bank.responses}
    assert "Gladly!" in texts
    assert "Where do you leave from?" not in texts
    assert inspect_responses.main(["--checkpoint", folder, "--remove", "nothing"]) == 1
    assert "no answer has the id nothing" in capsys.readouterr().err


def test_the_package_is_not_written_to(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train_responses.main(["--data", str(data), "--checkpoint", "shipped"])
    assert "--checkpoint shipped needs --output" in capsys.readouterr().err
