"""Saved tool vectors bind a catalogue without encoding it, and another encoder's are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.trm_agent.model_doubles import TOOLS
from trm_agent.errors import EncoderError
from trm_agent.features.tool_vectors import FORMAT, ToolVectors
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
