"""Letters and digits read aloud."""

from __future__ import annotations

import pytest

from trm_agent.text.spelled import spelled_at


@pytest.mark.parametrize(
    ("text", "words", "parts"),
    [
        ("booking b k four zero four please", "four", ("bk", "404")),
        ("call oh seven seven double oh nine hundred one two three", "seven", ("07700900123",)),
        ("version two point six point zero", "two", ("2", ".", "6", ".", "0")),
        ("k p one thousand and seven stays black", "k", ("kp", "1007")),
        ("plate w as in whiskey r nine nine two", "nine nine", ("wr", "992")),
        ("put on e r five zero one two a tenner", "e r", ("er", "5012")),
    ],
)
def test_a_run_of_letters_and_digits_is_found_around_a_word(text: str, words: str, parts: tuple[str, ...]) -> None:
    at = text.index(words)
    found = spelled_at(text, at, at + len(words))
    assert found is not None
    assert found.parts == parts


@pytest.mark.parametrize("text", ["the red ones", "5k", "250g"])
def test_other_words_are_not_spelled(text: str) -> None:
    assert spelled_at(text, 0, len(text)) is None
