"""A span is a pair of places with three questions to it, the same for spans that a model points at and for sources."""

from __future__ import annotations

import re
from itertools import product

from trm_agent.decoding.prediction import SpanCandidate
from trm_agent.types import Source, Span

SPANS = [Span(start, end) for start in range(5) for end in range(start + 1, 6)]


def test_spans_overlap_where_they_have_a_character_in_common() -> None:
    for one, other in product(SPANS, SPANS):
        mine, its = set(range(*one)), set(range(*other))
        assert one.overlaps(other) is bool(mine & its)
        assert one.within(other) is (mine <= its)


def test_a_span_is_its_pair_and_gives_its_characters() -> None:
    match = re.search(r"to (\w+)", "from Rome to Oslo")
    assert match is not None
    assert Span.of(match, 1) == (13, 17)
    assert Span.of(match, 1).text("from Rome to Oslo") == "Oslo"
    assert {Span(13, 17)} == {(13, 17)}


def test_what_stands_in_different_messages_or_nowhere_does_not_overlap() -> None:
    assert not SpanCandidate(0, 1, 3, 0.5).overlaps(SpanCandidate(2, 1, 3, 0.5))
    assert SpanCandidate(0, 1, 3, 0.5).within(SpanCandidate(0, 0, 3, 0.5))
    assert Source("span", 0, 1, 3).overlaps(Source("state", 0, 2, 4))
    assert not Source("span", 0, 1, 3).overlaps(Source("span", 1, 1, 3))
    assert Source("choice").span is None
    assert not Source("choice").overlaps(Source("choice"))
