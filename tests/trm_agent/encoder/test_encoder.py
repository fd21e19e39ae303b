"""The frozen encoder is found offline, proved to be the expected one, and asked once for each text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from trm_agent.encoder import sentence as encoder_module
from trm_agent.encoder.sentence import (
    DEFAULT_SHA256,
    CachingEncoder,
    EncodedText,
    KnownTexts,
    SentenceEncoder,
    Vocabulary,
    groups_of,
    load_encoder,
    text_bytes,
)
from trm_agent.errors import EncoderError
from trm_agent.testing import HashingEncoder


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


def test_the_default_is_found_without_a_network_and_verified(encoder: SentenceEncoder) -> None:
    assert encoder.fingerprint == DEFAULT_SHA256
    assert encoder.width == 384


def test_tokens_say_which_characters_they_cover(encoder: SentenceEncoder) -> None:
    text = "Table at 7:30 pm, in Zürich"
    encoded = encoder.encode([text])[0]
    assert encoded.tokens.shape == (len(encoded.spans), 384)
    assert encoded.tokens.dtype == np.float16
    assert [text[a:b] for a, b in encoded.spans][:5] == ["Table", "at", "7", ":", "30"]
    assert np.linalg.norm(encoded.sentence) == pytest.approx(1, abs=1e-3)


def test_a_text_means_the_same_alone_and_in_a_batch(encoder: SentenceEncoder) -> None:
    texts = ["hi", "a much longer sentence about the weather in Fresno", ""]
    together = encoder.encode(texts)
    for text, batched in zip(texts, together, strict=True):
        alone = encoder.encode([text])[0]
        np.testing.assert_allclose(batched.sentence, alone.sentence, atol=1e-3)
        np.testing.assert_array_equal(batched.spans, alone.spans)
    assert len(together[2].tokens) == 0


def test_texts_laid_end_to_end_are_encoded_as_padded_ones(
    encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert encoder._joins, "the default encoder can"
    texts = ["hi", "a much longer sentence about the weather in Fresno", "", "and in Oakland ?"]
    joined = encoder.encode(texts)
    monkeypatch.setattr(encoder_module, "JOINED_TOKENS", 0)
    for one, other in zip(joined, encoder.encode(texts), strict=True):
        np.testing.assert_allclose(one.sentence, other.sentence, atol=1e-5)
        np.testing.assert_allclose(one.tokens, other.tokens, atol=2e-3)
        np.testing.assert_array_equal(one.spans, other.spans)


def test_a_transformer_that_cannot_read_texts_end_to_end_pads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: SentenceEncoder, batch: dict[str, Any]) -> dict[str, Any]:
        raise TypeError("no position_ids here")

    monkeypatch.setattr(SentenceEncoder, "_joined", refuse)
    padding = load_encoder()
    assert not padding._joins
    assert len(padding.encode(["hi", "from Fresno to Anaheim"])) == 2


def test_texts_of_like_length_are_encoded_together_and_long_ones_alone() -> None:
    assert groups_of([40, 7, 200, 30, 60, 128], 128) == [[1, 3, 0], [4], [5], [2]]
    assert groups_of([3, 1, 2], None, 2) == [[1, 2], [0]]
    assert groups_of([], 128) == []


def test_bfloat16_says_what_float32_says_but_for_rounding(encoder: SentenceEncoder) -> None:
    texts = ["hi", "a much longer sentence about the weather in Fresno"]
    coarse = load_encoder(dtype="bfloat16")
    assert (coarse.dtype, coarse.fingerprint) == ("bfloat16", encoder.fingerprint)
    for one, other in zip(coarse.encode(texts), encoder.encode(texts), strict=True):
        assert one.sentence @ other.sentence > 0.999
        assert np.linalg.norm(one.sentence) == pytest.approx(1, abs=1e-5)


def test_near_texts_have_near_vectors(encoder: SentenceEncoder) -> None:
    bus, coach, tax = (e.sentence for e in encoder.encode(["find a bus", "look for a coach", "file a tax return"]))
    assert bus @ coach > bus @ tax + 0.1


def test_many_threads_get_the_same_answers(encoder: SentenceEncoder) -> None:
    texts = [f"sentence number {i}" for i in range(16)]
    expected = encoder.encode(texts)
    found: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        found[i] = encoder.encode([texts[i]])[0].sentence

    threads = [Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, part in enumerate(expected):
        np.testing.assert_allclose(found[i], part.sentence, atol=1e-3)


def test_altered_packaged_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "DEFAULT_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="expected weights with sha256 0000"):
        load_encoder()


def test_an_encoder_that_is_nowhere_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match=r"'nobody/nothing' is neither a folder nor in the local cache.*offline"):
        load_encoder("nobody/nothing")


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no model weights there"):
        load_encoder(tmp_path)


def test_a_cache_asks_once_and_forgets_the_oldest() -> None:
    size = text_bytes(HashingEncoder().encode(["a"])[0])
    cache = CachingEncoder(HashingEncoder(), capacity=2 * size)
    cache.encode(["a", "b", "a"])
    cache.encode(["a"])
    assert cache.misses == 2
    cache.encode(["c"])
    cache.encode(["b"])
    assert cache.misses == 4, "b was the least recently used"


def test_a_vocabulary_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    texts = ["from Fresno", "to Anaheim", ""]
    fresh = Vocabulary(texts, HashingEncoder())
    fresh.save(tmp_path)
    kept = Vocabulary.kept(tmp_path, texts, lambda: pytest.fail("it was there already"))
    assert (kept.name, kept.fingerprint, kept.width) == (fresh.name, fresh.fingerprint, 32)
    for left, right in zip(fresh.encode(texts), kept.encode(texts), strict=True):
        np.testing.assert_array_equal(left.tokens, right.tokens)
        np.testing.assert_array_equal(left.spans, right.spans)
        np.testing.assert_array_equal(left.sentence, right.sentence)


class CountingEncoder(HashingEncoder):
    """Remembers what it was asked to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        self.asked.extend(texts)
        return super().encode(texts)


def test_a_vocabulary_that_lacks_a_text_encodes_that_text_only(tmp_path: Path) -> None:
    Vocabulary(["a", "to Anaheim"], HashingEncoder()).save(tmp_path)
    encoder = CountingEncoder()
    kept = Vocabulary.kept(tmp_path, ["a", "from Fresno"], lambda: encoder)
    assert encoder.asked == ["from Fresno"]
    again = Vocabulary.kept(tmp_path, ["to Anaheim", "from Fresno"], lambda: pytest.fail("it was there already"))
    for words in (kept, again):
        for text in ("a", "to Anaheim", "from Fresno"):
            np.testing.assert_array_equal(words.encode([text])[0].tokens, HashingEncoder().encode([text])[0].tokens)


def test_a_vocabulary_of_another_encoder_is_refused(tmp_path: Path) -> None:
    words = Vocabulary(["a"], HashingEncoder())
    words.fingerprint = "0" * 64
    words.save(tmp_path)
    with pytest.raises(EncoderError, match=r"holds texts encoded by .* not by .*; give another folder"):
        Vocabulary.kept(tmp_path, ["b"], HashingEncoder)


def test_known_texts_are_looked_up_and_others_encoded_as_they_come() -> None:
    encoder = CountingEncoder()
    known = KnownTexts(Vocabulary(["a", "to Anaheim"], HashingEncoder()), lambda: encoder)
    wanted = HashingEncoder().encode(["to Anaheim", "from Fresno"])
    for found, right in zip(known.encode(["to Anaheim", "from Fresno"]), wanted, strict=True):
        np.testing.assert_array_equal(found.tokens, right.tokens)
    assert encoder.asked == ["from Fresno"]
    assert KnownTexts(known.vocabulary, lambda: pytest.fail("all is known")).encode(["a"])


def test_texts_known_to_another_encoder_are_refused() -> None:
    known = KnownTexts(Vocabulary(["a"], HashingEncoder()), lambda: HashingEncoder(16))
    with pytest.raises(EncoderError, match="the kept texts were encoded by 'hashing-32', not by 'hashing-16'"):
        known.encode(["b"])
