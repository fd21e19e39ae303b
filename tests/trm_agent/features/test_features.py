"""Features say what the schema and the conversation say, and nothing about names' identity or order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trm_agent.model_doubles import MESSAGES, TOOLS, episode
from trm_agent.features.batch import collate
from trm_agent.features.conversation import CHARACTER_LIMITS, MAX_TOKENS, TOKEN_LIMITS, read_conversation, read_text
from trm_agent.features.tools import build_tool_table, choice_words, tool_texts
from trm_agent.testing import HashingEncoder
from trm_agent.types import Message, parse_tools, slot_table

ENCODER = HashingEncoder()


def test_texts_are_words_and_not_identifiers() -> None:
    tools = parse_tools(TOOLS)
    by_tool, by_slot, by_choice = tool_texts(tools, slot_table(tools))
    assert by_tool[0] == "find bus: Find a bus between two cities"
    assert by_slot[0] == "city: City to look up"
    assert by_choice == ["seat: window", "seat: aisle"]


@pytest.mark.parametrize(("choice", "words"), [(True, "yes"), (False, "no"), ("one_way", "one way"), (3, "3")])
def test_choices_are_read_aloud(choice: object, words: str) -> None:
    assert choice_words(choice) == words


def test_a_table_knows_which_tool_requires_which_slot() -> None:
    tools = parse_tools(TOOLS)
    table = build_tool_table(tools, slot_table(tools), ENCODER)
    keys = [slot.key for slot in table.slots]
    assert keys == ["city", "from_city", "seat", "to_city"]
    assert table.required.tolist() == [[False, True, False, True], [True, False, False, False]]
    assert table.optional.tolist() == [[False, False, True, False], [False] * 4]
    assert table.choice_slot.tolist() == [2, 2]


def test_tokens_point_at_the_characters_of_their_message() -> None:
    talk = read_conversation(MESSAGES, ENCODER)
    words = [MESSAGES[m].text[a:b] for m, (a, b) in zip(talk.token_message, talk.token_spans, strict=True)]
    assert words[:6] == ["Hello", ",", "I", "need", "a", "bus"]
    assert "Fresno" in words


def test_spans_start_and_end_with_words() -> None:
    class Pieces(HashingEncoder):
        def _encode(self, text: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
            whole = super()._encode(text)
            spans = np.array([[0, 3], [3, 6]], np.int32)
            return type(whole)(whole.sentence, whole.tokens[[0, 0]], spans)

    talk = read_conversation([Message("user", "Fresno")], Pieces())
    assert talk.word_start.tolist() == [True, False]
    assert talk.word_end.tolist() == [False, True]


def test_long_messages_are_cut_and_the_oldest_tokens_go_first() -> None:
    long = Message("user", "word " * 10_000)
    assert len(read_text(long)) == CHARACTER_LIMITS["user"]
    talk = read_conversation([long] * 20, ENCODER)
    assert len(talk.tokens) == MAX_TOKENS
    assert (np.bincount(talk.token_message)[-3:] <= TOKEN_LIMITS["user"]).all()
    assert talk.token_message[-1] == 19


def test_a_point_sees_calls_and_mentions_of_its_own_past_only() -> None:
    story = episode()
    table = build_tool_table(story.tools, story.slots, ENCODER)
    talk = read_conversation(story.messages, ENCODER)
    batch = collate([(table, talk, [1, 3, 5, 7])])
    assert batch.tool_flags[:, 0, :3].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1]]
    window = batch.choice_flags[:, 0, :2].tolist()
    assert window == [[0, 0], [1, 1], [1, 1], [0, 1]]


def test_a_point_knows_how_near_tools_and_choices_are_to_what_was_said_by_hand() -> None:
    story = episode()
    table = build_tool_table(story.tools, story.slots, ENCODER)
    talk = read_conversation(story.messages, ENCODER)
    batch = collate([(table, talk, [3, 7])])
    cosine = table.tool_vectors @ talk.message_vectors.T
    last = batch.tool_flags[1, :, 3:].numpy()
    np.testing.assert_allclose(last[:, 0], cosine[:, 6], rtol=1e-5)
    np.testing.assert_allclose(last[:, 1], cosine[:, 6] - cosine[:, 6].max(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last[:, 2], cosine[:, [0, 2, 6]].max(1), rtol=1e-5)
    np.testing.assert_allclose(last[:, 3], cosine[:, 5], rtol=1e-5)
    lead = batch.choice_flags[0, :, 6]
    assert lead.max() == 0, "one of a slot's choices is nearest"
    assert lead.min() < 0


def test_a_slot_knows_what_calls_and_results_hold_of_it() -> None:
    story = episode()
    result = Message("tool_response", [{"to_city": "Anaheim", "seat": None}])
    messages = (*story.messages[:4], result, *story.messages[5:])
    table = build_tool_table(story.tools, story.slots, ENCODER)
    talk = read_conversation(messages, ENCODER)
    flags = collate([(table, talk, [3, 5])]).slot_flags[..., :4]
    row = {slot.key: s for s, slot in enumerate(table.slots)}
    assert flags[0].sum() == 0, "nothing was called yet"
    assert flags[1, row["from_city"]].tolist() == [1, 1, 0, 0]
    assert flags[1, row["to_city"]].tolist() == [1, 1, 0, 1]
    assert flags[1, row["seat"]].tolist() == [0, 0, 0, 0], "an empty field holds nothing"


def test_padding_keeps_every_value_and_marks_what_is_real() -> None:
    story = episode()
    table = build_tool_table(story.tools, story.slots, ENCODER)
    short, long = read_conversation(story.messages[:2], ENCODER), read_conversation(story.messages, ENCODER)
    batch = collate([(table, short, [1]), (table, long, [3, 7])])
    assert batch.token_mask.sum(1).tolist() == [len(short.tokens), len(long.tokens)]
    np.testing.assert_array_equal(batch.tokens[1, : len(long.tokens)].numpy(), long.tokens)
    assert batch.episode.tolist() == [0, 1, 1]
    assert batch.visible.tolist() == [1, 3, 7]
