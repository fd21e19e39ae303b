"""Saved tool vectors bind a catalogue without encoding it, and another encoder's are refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.trm_agent.model_doubles import TOOLS
from trm_agent.errors import EncoderError
from trm_agent.features.tool_folder import LEAST_TEXTS, ToolFolder
from trm_agent.features.tool_vectors import FORMAT, ToolVectors
from trm_agent.log import logger
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router


def test_bound_from_a_file_nothing_is_encoded_and_the_answer_is_the_same(tmp_path: Path) -> None:
    router = tiny_router()
    expected = router.bind(TOOLS).decide([{"role": "user", "content": "a bus to Fresno"}])
    router.save_pretrained(tmp_path / "weights")
    router.save_tool_vectors(tmp_path / "deep" / "tools.safetensors")
    saved = tmp_path / "deep" / "tools.safetensors"
    loaded = Router.from_pretrained(tmp_path / "weights", encoder=HashingEncoder(), tool_vectors=saved)
    bound = loaded.bind(TOOLS)
    assert loaded.tool_vectors.misses == 0
    found = bound.decide([{"role": "user", "content": "a bus to Fresno"}])
    assert (found.decision, found.tool, found.slots) == (expected.decision, expected.tool, expected.slots)
    assert found.probabilities["tools"] == pytest.approx(expected.probabilities["tools"], abs=1e-2)


def test_a_reworded_tool_is_encoded_anew(tmp_path: Path) -> None:
    router = tiny_router()
    router.bind(TOOLS)
    router.save_tool_vectors(tmp_path / "tools.safetensors")
    other = tiny_router()
    assert other.tool_vectors.load(tmp_path / "tools.safetensors") == len(router.tool_vectors)
    other.bind([{**TOOLS[0], "description": "Look for a coach"}, TOOLS[1]])
    assert other.tool_vectors.misses == 1


def test_no_text_stands_in_the_file(tmp_path: Path) -> None:
    router = tiny_router()
    router.bind(TOOLS)
    router.save_tool_vectors(tmp_path / "tools.safetensors")
    assert b"bus" not in (tmp_path / "tools.safetensors").read_bytes()
    assert list(tmp_path.iterdir()) == [tmp_path / "tools.safetensors"]


def test_an_empty_store_comes_back_empty(tmp_path: Path) -> None:
    ToolVectors(HashingEncoder()).save(tmp_path / "none")
    assert ToolVectors(HashingEncoder()).load(tmp_path / "none") == 0


def test_a_file_of_another_encoder_is_refused(tmp_path: Path) -> None:
    vectors = ToolVectors(HashingEncoder(16))
    vectors.encode(["a"])
    vectors.save(tmp_path / "tools")
    with pytest.raises(EncoderError, match=r"holds vectors of encoder 'hashing-16' \(.*…\), not of 'hashing-32'"):
        ToolVectors(HashingEncoder()).load(tmp_path / "tools")


def test_files_that_are_no_tool_vectors_are_named(tmp_path: Path) -> None:
    vectors, path = ToolVectors(HashingEncoder()), tmp_path / "tools"
    with pytest.raises(EncoderError, match="tool vectors cannot be read"):
        vectors.load(path)
    path.write_bytes(b"not a safetensors file")
    with pytest.raises(EncoderError, match="tool vectors cannot be read"):
        vectors.load(path)
    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(EncoderError, match="expected format trm-tool-vectors-2, got None"):
        vectors.load(path)
    about = {"format": FORMAT, "fingerprint": HashingEncoder().fingerprint}
    save_file({"a": np.zeros(3)}, path, about)
    with pytest.raises(EncoderError, match="tool vectors cannot be read"):
        vectors.load(path)
    held = {
        "counts": np.zeros(2, np.int32),
        "tokens": np.zeros((0, 32), np.float16),
        "spans": np.zeros((0, 2), np.int32),
    }
    digests = np.zeros((2, 16), np.uint8)
    save_file(held | {"digests": digests, "vectors": np.zeros((2, 5), np.float32)}, path, about)
    with pytest.raises(EncoderError, match=r"expected digests \[2, 16\] and finite vectors \[2, 32\], got .* \[2, 5\]"):
        vectors.load(path)
    wrong = held | {"counts": np.array([1, 0], np.int32), "vectors": np.zeros((2, 32), np.float32)}
    save_file(wrong | {"digests": digests}, path, about)
    with pytest.raises(EncoderError, match="expected 2 texts' tokens, got counts for 2"):
        vectors.load(path)
    with pytest.raises(EncoderError, match="tool vectors cannot be written"):
        vectors.save(path / "below a file")


TEXTS = [f"text {i}" for i in range(LEAST_TEXTS)]


def kept_in(folder: Path, capacity: int = 1 << 20) -> ToolVectors:
    return ToolVectors(HashingEncoder(), folder=ToolFolder(folder, capacity))


def test_the_next_process_finds_a_list_in_the_folder(tmp_path: Path) -> None:
    expected = kept_in(tmp_path).encode(TEXTS)
    later = kept_in(tmp_path)
    for ours, theirs in zip(later.encode(list(reversed(TEXTS))), reversed(expected), strict=True):
        np.testing.assert_array_equal(ours.sentence, theirs.sentence)
        np.testing.assert_array_equal(ours.tokens, theirs.tokens)
    assert later.misses == 0
    later.encode([*TEXTS[1:], "reworded"])
    assert later.misses == 1


def test_a_damaged_file_of_the_folder_costs_only_the_encoding(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept_in(tmp_path).encode(TEXTS)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"no tensors")
    logger.addHandler(caplog.handler)
    try:
        again = kept_in(tmp_path)
        again.encode(TEXTS)
    finally:
        logger.removeHandler(caplog.handler)
    assert again.misses == len(TEXTS)
    assert "the tools are encoded anew" in caplog.text
    last = kept_in(tmp_path)
    last.encode(TEXTS)
    assert last.misses == 0, "it was written anew"


def test_a_folder_that_cannot_be_written_is_said_and_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    logger.addHandler(caplog.handler)
    try:
        assert len(kept_in(tmp_path / "file").encode(TEXTS)) == len(TEXTS)
    finally:
        logger.removeHandler(caplog.handler)
    assert "tool vectors are not kept between processes" in caplog.text


def test_the_folder_stays_within_its_bytes(tmp_path: Path) -> None:
    kept_in(tmp_path).encode(TEXTS)
    (first,) = tmp_path.iterdir()
    size = first.stat().st_size
    os.utime(first, (1, 1))
    vectors = kept_in(tmp_path, capacity=2 * size + size // 2)
    for i in range(3):
        vectors.encode([f"{i} {text}" for text in TEXTS])
    assert len(list(tmp_path.iterdir())) == 2
    assert not first.exists(), "the one used longest ago"


def test_few_texts_make_no_file(tmp_path: Path) -> None:
    kept_in(tmp_path).encode(TEXTS[1:])
    assert list(tmp_path.iterdir()) == []
