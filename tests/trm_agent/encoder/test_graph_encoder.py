"""The encoder's graph says what sentence-transformers says, in ten scripts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trm_agent.encoder.export import export_encoder
from trm_agent.encoder.graph import GraphEncoder
from trm_agent.encoder.sentence import DEFAULT_ENCODER, SentenceEncoder, find_encoder, load_encoder
from trm_agent.encoder.stored import assemble_default, cache_folder, find_graph, graph_folder
from trm_agent.errors import EncoderError

pytestmark = pytest.mark.slow

SENTENCES = (
    "I need a bus from Fresno to Anaheim on March 3rd, two seats.",
    "Tôi cần một chiếc xe buýt từ Huế đến Đà Nẵng.",
    "Мне нужен автобус до Казани в 14:30.",
    "Χρειάζομαι ένα λεωφορείο για την Πάτρα.",
    "أحتاج إلى حافلة إلى القاهرة غدا",
    "אני צריך אוטובוס לחיפה",
    "मुझे दिल्ली के लिए बस चाहिए",
    "ฉันต้องการรถบัสไปเชียงใหม่",
    "我需要一辆去上海的公共汽车。",
    "明日の京都行きのバスをお願いします。",
    "부산 가는 버스가 필요해요",
    "ავტობუსი მინდა თბილისში",
)


def texts() -> list[str]:
    """200 texts of all lengths."""
    out = ["", " ", "a", "?!", "🙂 ok", "word " * 400]
    for i in range(200 - len(out)):
        parts = [SENTENCES[(i + k) % len(SENTENCES)] for k in range(1 + i % 4)]
        out.append(" ".join(parts)[: 5 + 7 * i % 300])
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, _ = find_encoder(DEFAULT_ENCODER)
    return assemble_default(Path(path), tmp_path_factory.mktemp("made") / "encoder")


def test_vectors_are_within_a_float16_step(folder: Path) -> None:
    by_graph, by_torch = GraphEncoder(folder), load_encoder()
    assert (by_graph.fingerprint, by_graph.width) == (by_torch.fingerprint, by_torch.width)
    for text, one, other in zip(texts(), by_graph.encode(texts()), by_torch.encode(texts()), strict=True):
        np.testing.assert_array_equal(one.spans, other.spans, err_msg=text)
        np.testing.assert_allclose(one.sentence, other.sentence, atol=1e-6, err_msg=text)
        step = np.spacing(np.maximum(np.abs(other.tokens), np.float16(2**-6))).astype(np.float32)
        assert (np.abs(one.tokens.astype(np.float32) - other.tokens.astype(np.float32)) <= step).all(), text
        assert by_graph.token_ids(text) == by_torch.token_ids(text)


def test_an_altered_export_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EncoderError, match=r"tokenizer.json: altered"):
        GraphEncoder(tmp_path)
    about = json.loads((folder / "encoder.json").read_text())
    (tmp_path / "encoder.json").unlink()
    (tmp_path / "encoder.json").write_text(json.dumps(about | {"format": 0}))
    with pytest.raises(EncoderError, match="expected format 1, got 0"):
        GraphEncoder(tmp_path)


def test_an_encoder_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(SentenceEncoder, "_can_join", lambda self: False)
    path, fingerprint = find_encoder(DEFAULT_ENCODER)
    with pytest.raises(EncoderError, match=r"cannot be exported.*serve it with torch"):
        export_encoder(DEFAULT_ENCODER, path, fingerprint, tmp_path / "encoder")


def test_the_cache_is_where_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    assert graph_folder("a" * 64) == tmp_path / "encoders" / ("a" * 32)
    assert find_graph("a" * 64) is None
    monkeypatch.delenv("TRM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "trm-agent"
