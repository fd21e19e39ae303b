"""Shapes tell how words are written; pieces are likely values; likeness says which words answer to which."""

from __future__ import annotations

import re

import numpy as np
import pytest

from trm_agent.features.conversation import read_conversation
from trm_agent.features.likeness import SLOT_CHANNELS, slot_likeness, surroundings, tool_likeness
from trm_agent.features.shapes import PIECES, SHAPES, piece_spans, pieces, token_shapes
from trm_agent.features.tools import build_tool_table
from trm_agent.testing import HashingEncoder
from trm_agent.types import Message, parse_tools, slot_table


def found(text: str, kind: str) -> list[str]:
    return [text[a:b] for a, b, k in pieces(text) if PIECES[k] == kind]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ('call it "the big one" please', "quoted", ["the big one"]),
        ("nenne es „Großer Plan“", "quoted", ["Großer Plan"]),
        ("run `ls -la` now", "quoted", ["ls -la"]),
        ("mail anna.b@ex.org today", "address", ["anna.b@ex.org"]),
        ("see https://x.example/a?b=1.", "link", ["https://x.example/a?b=1"]),
        ("read /var/log/syslog please", "path", ["/var/log/syslog"]),
        ("cancel AB-451", "code", ["AB-451"]),
        ("deploy v3.1.0", "code", ["v3.1.0"]),
        ("send 1,250.50 to him", "number", ["1,250.50"]),
        ("for 90 minutes", "measure", ["90 minutes"]),
        ("pay $20 now", "measure", ["$20"]),
        ("at 7:30 pm", "clock", ["7:30 pm"]),
        ("on 2026-04-13", "day", ["2026-04-13"]),
        ("meet Mary Jane in Oslo", "capitals", ["Mary Jane", "Oslo"]),
        ("gặp Nguyễn Văn An nhé", "capitals", ["Nguyễn Văn An"]),
        ("note: buy milk and eggs", "rest", ["buy milk and eggs"]),
        ("Yes. Do it now!", "whole", ["Yes", "Do it now"]),
    ],
)
def test_pieces_are_likely_values(text: str, kind: str, expected: list[str]) -> None:
    assert found(text, kind) == expected


def spans(text: str) -> np.ndarray:
    return np.array([m.span() for m in re.finditer(r"\w+|[^\w\s]", text)], np.int32)


def test_shapes_know_the_original_letters() -> None:
    text = "Ask NASA about ABC-12 and iPhone 15"
    shapes = token_shapes(text, spans(text))
    assert shapes.shape == (len(spans(text)), SHAPES)
    assert shapes[0, [0, 16, 17]].all()
    assert shapes[1, 1]
    assert shapes[3, 5]
    assert shapes[7, 2]
    assert shapes[8, [3, 18]].all()
    lower = token_shapes(text.lower(), spans(text))
    assert not lower[1, 1]
    assert token_shapes("", np.zeros((0, 2), np.int32)).shape == (0, SHAPES)


def test_pieces_become_token_spans_of_the_conversation() -> None:
    text = 'say "go now" twice'
    assert (10 + 2, 1, PIECES.index("quoted")) in list(piece_spans(text, spans(text), 10, 20))
    assert not [s for s in piece_spans(text, spans(text), 0, 1) if s[1] > 0]


def test_a_token_is_most_like_the_slot_that_has_its_word() -> None:
    tool = {
        "name": "deploy",
        "description": "Deploys a service.",
        "parameters": {
            "type": "object",
            "properties": {
                "service": {"type": "string"},
                "environment": {"type": "string", "description": "prod or test"},
            },
        },
    }
    tools = parse_tools([tool])
    encoder = HashingEncoder()
    table = build_tool_table(tools, slot_table(tools), encoder)
    talk = read_conversation([Message("user", "deploy the service mailer to prod")], encoder)
    like = slot_likeness(table.slot_labels, talk.unit_tokens, talk.words, talk.around, table.owners)
    keys = [slot.key for slot in table.slots]
    assert like.shape == (2, len(talk.tokens), SLOT_CHANNELS)
    service, prod = talk.words.index("service"), talk.words.index("prod")
    assert like[keys.index("service"), service, 12] == 1
    assert like[keys.index("service"), service + 1, 11] == 1
    assert like[keys.index("service"), service, 2] > like[keys.index("environment"), service, 2]
    assert like[keys.index("environment"), prod, 7] > like[keys.index("service"), prod, 7]
    tool_like = tool_likeness(table.tool_labels, table.tool_vectors, talk.unit_tokens, talk.around)
    assert tool_like.shape == (1, len(talk.tokens), 3)
    assert tool_like[0, :, 0].argmax() == 0


def test_surroundings_stay_within_their_message() -> None:
    tokens = np.eye(4, dtype=np.float32)
    around = surroundings(tokens, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(around[0], [2**-0.5, 2**-0.5, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(around[3], [0, 0, 2**-0.5, 2**-0.5], rtol=1e-6)
