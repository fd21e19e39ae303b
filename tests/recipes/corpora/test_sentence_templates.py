"""A template is parsed once; what is drawn of it is one of its sentences, with the values where they were drawn."""

from __future__ import annotations

import random

import pytest

from recipes.corpora.sentence_templates import Piece, draw, lists_of, parse
from trm_agent.errors import DataError


def sentences(template: str, rules: dict[str, str] | None = None, draws: int = 200) -> set[str]:
    known = {name: parse(text) for name, text in (rules or {}).items()}
    values = {"room": ("attic", None)}
    drawn = (draw(parse(template), known, values.get, random.Random(seed)) for seed in range(draws))
    return {" ".join("".join(piece.text for piece in pieces).split()) for pieces in drawn if pieces is not None}


def test_every_sentence_of_a_template_is_drawn_and_no_other() -> None:
    assert sentences("turn on [the] light[s]") == {
        "turn on the light",
        "turn on the lights",
        "turn on light",
        "turn on lights",
    }


def test_alternatives_any_order_and_rules() -> None:
    assert sentences("(open|shut) it") == {"open it", "shut it"}
    assert sentences("(now;please) go") == {"now please go", "please now go"}
    assert sentences("<verb> it", {"verb": "(lift|raise [up])"}) == {"lift it", "raise it", "raise up it"}
    assert sentences("a[b|c]") == {"a", "ab", "ac"}


def test_a_piece_keeps_list_slot_and_meaning() -> None:
    pieces = draw(
        parse("go to {room:place}"), {}, lambda name: ("attic", "top") if name == "room" else None, random.Random(0)
    )
    assert pieces is not None
    assert pieces[-1] == Piece("attic", "room", "place", "top")
    assert list(lists_of(parse("<r> {room:place}"), {"r": parse("[{other}]")})) == [
        ("other", "other"),
        ("room", "place"),
    ]


def test_nothing_is_said_where_a_list_has_no_value() -> None:
    assert sentences("go to {cellar}") == set()


@pytest.mark.parametrize("template", ["(open", "shut]", "{room", "(a|b;c)"])
def test_a_broken_template_is_told(template: str) -> None:
    with pytest.raises(DataError, match="template"):
        parse(template)


def test_unknown_rules_and_rules_that_hold_themselves_are_told() -> None:
    with pytest.raises(DataError, match="unknown"):
        draw(parse("<verb>"), {}, lambda _: None, random.Random(0))
    with pytest.raises(DataError, match="holds itself"):
        draw(parse("<verb>"), {"verb": parse("<verb>")}, lambda _: None, random.Random(0))
