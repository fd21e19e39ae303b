"""The encoder's graph says what sentence-transformers says, in ten scripts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from trm_agent.encoder import stored
from trm_agent.encoder.export import export_encoder
from trm_agent.encoder.graph import ABOUT, FORMAT, GraphEncoder
from trm_agent.encoder.sentence import DEFAULT_ENCODER, DEFAULT_SHA256, SentenceEncoder, find_encoder, load_encoder
from trm_agent.encoder.sixteen_bits import packed
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


def test_vectors_are_what_sentence_transformers_says(folder: Path) -> None:
    """Sentence vectors within one float16 step of their largest entry, token vectors within two.

    They are stored as float16, so one of the two is rounding. With float16 weights it would be three and six.
    """
    by_graph, by_torch = GraphEncoder(folder), load_encoder()
    assert (by_graph.fingerprint, by_graph.width) == (by_torch.fingerprint, by_torch.width)
    for text, one, other in zip(texts(), by_graph.encode(texts()), by_torch.encode(texts()), strict=True):
        np.testing.assert_array_equal(one.spans, other.spans, err_msg=text)
        assert by_graph.token_ids(text) == by_torch.token_ids(text)
        assert np.abs(one.sentence - other.sentence).max() <= np.spacing(np.float16(np.abs(other.sentence).max())), text
        for row, expected in zip(one.tokens.astype(np.float32), other.tokens, strict=True):
            step = float(np.spacing(np.abs(expected).max()))
            assert np.abs(row - expected.astype(np.float32)).max() <= 2 * step, text


def test_the_graph_itself_is_exact(folder: Path, tmp_path: Path) -> None:
    """With weights that 16 bits hold exactly, graph and transformer say the same."""
    path, fingerprint = find_encoder(DEFAULT_ENCODER)
    rounded = SentenceEncoder(DEFAULT_ENCODER, path, fingerprint, packs=False)
    held = load_file(folder / "encoder.safetensors")
    parameters = dict(rounded._transformer.auto_model.named_parameters())
    for name, value in held.items():
        if not name.endswith(".scale"):
            parameters[name].data.copy_(parameters[name].data.new_tensor(value * held.get(f"{name}.scale", 1)))
    some = texts()[::10]
    for text, one, other in zip(some, GraphEncoder(folder).encode(some), rounded.encode(some, 1), strict=True):
        np.testing.assert_allclose(one.sentence, other.sentence, atol=1e-6, err_msg=text)
        np.testing.assert_allclose(one.tokens, other.tokens, atol=2e-3, err_msg=text)


def test_matrices_are_kept_in_sixteen_bits_a_row() -> None:
    matrix = np.array([[0.5, -1.0, 0.25], [0.0, 0.0, 0.0], [3e-5, 1e-5, -2e-5]], np.float32)
    out = packed({"m": matrix, "v": np.ones(3, np.float32)})
    assert out["m"].dtype == np.int16
    np.testing.assert_array_equal(out["v"], np.ones(3, np.float32))
    largest = np.abs(matrix).max(1, keepdims=True)
    assert (np.abs(out["m"] * out["m.scale"] - matrix) <= 0.51 * largest / 32767).all()


def test_an_exported_encoder_is_what_is_assembled(folder: Path, tmp_path: Path) -> None:
    """The graph in the repository is what torch traces today."""
    path, fingerprint = find_encoder(DEFAULT_ENCODER)
    made = export_encoder(DEFAULT_ENCODER, path, fingerprint, tmp_path / "encoder")
    for name in ("encoder.safetensors", "tokenizer.json"):
        assert load_file_or_json(made / name) == load_file_or_json(folder / name), name
    one, other = GraphEncoder(made).encode(texts()[8:16]), GraphEncoder(folder).encode(texts()[8:16])
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(left.sentence, right.sentence, atol=1e-6)


def load_file_or_json(path: Path) -> object:
    if path.suffix == ".safetensors":
        return {name: value.tobytes() for name, value in load_file(path).items()}
    return json.loads(path.read_text(encoding="utf-8"))["model"]


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
    with pytest.raises(EncoderError, match="expected format 2, got 0"):
        GraphEncoder(tmp_path)


def test_an_encoder_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(SentenceEncoder, "_can_join", lambda self: False)
    path, fingerprint = find_encoder(DEFAULT_ENCODER)
    with pytest.raises(EncoderError, match=r"cannot be exported.*serve it with torch"):
        export_encoder(DEFAULT_ENCODER, path, fingerprint, tmp_path / "encoder")


def test_the_cache_is_where_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    assert graph_folder("a" * 64) == tmp_path / "encoders-2" / ("a" * 32)
    assert find_graph("a" * 64) is None
    monkeypatch.delenv("TRM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "trm-agent"


def test_versions_of_other_formats_share_a_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    monkeypatch.setattr(stored, "PACKAGED", tmp_path / "not_packaged")
    for number in (1, FORMAT + 1):  # an older version and a newer one were here before
        with monkeypatch.context() as other:
            other.setattr(stored, "FORMAT", number)
            theirs = graph_folder(DEFAULT_SHA256)
            theirs.mkdir(parents=True)
            (theirs / ABOUT).write_text(json.dumps({"format": number}))
            assert find_graph(DEFAULT_SHA256) == theirs
    assert find_graph(DEFAULT_SHA256) is None
    shutil.copytree(folder, graph_folder(DEFAULT_SHA256))
    held = find_graph(DEFAULT_SHA256)
    assert held is not None
    assert GraphEncoder(held).width == 384
