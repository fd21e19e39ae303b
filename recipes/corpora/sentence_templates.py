"""Sentence templates: `(a|b)` alternatives, `[x]` optional, `(a;b)` any order, `<rule>`, `{list:slot}`; one is drawn.

A template stands for very many sentences. It is parsed once and drawn from as often as wanted, never written out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from trm_agent.errors import DataError

MOST_RULES = 30
"""Rules that may stand inside one another; more is a rule that holds itself."""


@dataclass(frozen=True)
class Piece:
    """A part of a drawn sentence.

    Attributes:
        text: Its characters.
        list: Name of the list of values that it was drawn for; None: words of the template.
        slot: Name of the slot that takes the value.
        meant: What the words stand for; None: themselves.
    """

    text: str
    list: str | None = None
    slot: str | None = None
    meant: object = None


@dataclass(frozen=True)
class Group:
    """Parts in a row, of which one or all are said.

    Attributes:
        kind: `row`: all, in order; `one`: any one; `any_order`: all, in any order.
        parts: What it is made of; words as text.
        optional: Whether it may be left out.
    """

    kind: Literal["row", "one", "any_order"]
    parts: tuple[Group | Piece | Rule | str, ...]
    optional: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule that stands for a template of its own."""

    name: str


Part = Group | Piece | Rule | str
Fill = Callable[[str], tuple[str, object] | None]
"""Name of a list → the words of one of its values and what they mean; None: it has none: nothing can be said."""


def parse(template: str) -> Group:
    """Read a template.

    Raises:
        DataError: A bracket is not closed, or closed by another.
    """
    group, end = _group(template, 0, "")
    if end < len(template):
        raise DataError(f"template {template!r}: {template[end]!r} at {end} closes nothing")
    return group


def draw(part: Part, rules: Mapping[str, Group], fill: Fill, rng: random.Random, depth: int = 0) -> list[Piece] | None:
    """One sentence of a template, as its pieces; None where a list has no value.

    Args:
        part: A parsed template.
        rules: Name → parsed template.
        fill: Draws the words of a value; a piece keeps the name of its list and slot.
        rng: Draws among alternatives and what is left out.
        depth: Rules around this one.

    Raises:
        DataError: A rule is unknown, or holds itself.
    """
    if isinstance(part, str):
        return [Piece(part)]
    if isinstance(part, Piece):
        value = fill(part.list or "")
        return None if value is None else [Piece(value[0], part.list, part.slot, value[1])]
    if isinstance(part, Rule):
        if part.name not in rules or depth > MOST_RULES:
            raise DataError(f"rule <{part.name}>: {'unknown' if part.name not in rules else 'holds itself'}")
        return draw(rules[part.name], rules, fill, rng, depth + 1)
    if part.optional and rng.random() < 0.5:
        return []
    parts = [rng.choice(part.parts)] if part.kind == "one" else list(part.parts)
    if part.kind == "any_order":
        rng.shuffle(parts)
    out: list[Piece] = []
    for number, inner in enumerate(parts):
        drawn = draw(inner, rules, fill, rng, depth)
        if drawn is None:
            return None
        out += [Piece(" ")] if number and part.kind == "any_order" else []
        out += drawn
    return out


def lists_of(part: Part, rules: Mapping[str, Group], depth: int = 0) -> Iterator[tuple[str, str]]:
    """(list, slot) of every value that a template may say."""
    if isinstance(part, Piece):
        yield part.list or "", part.slot or ""
    elif isinstance(part, Rule) and part.name in rules and depth <= MOST_RULES:
        yield from lists_of(rules[part.name], rules, depth + 1)
    elif isinstance(part, Group):
        for inner in part.parts:
            yield from lists_of(inner, rules, depth)


_CLOSING = {"(": ")", "[": "]"}


def _group(text: str, at: int, closing: str) -> tuple[Group, int]:
    """What stands until the closing bracket, and where that is."""
    rows: list[list[Part]] = [[]]
    parted: set[str] = set()
    while at < len(text) and text[at] not in ")]":
        char = text[at]
        if char in _CLOSING:
            inner, at = _group(text, at + 1, _CLOSING[char])
            rows[-1].append(Group(inner.kind, inner.parts, optional=char == "["))
        elif char in "<{":
            end = text.find({"<": ">", "{": "}"}[char], at)
            if end < 0:
                raise DataError(f"template {text!r}: {char!r} at {at} is not closed")
            name = text[at + 1 : end].strip()
            rows[-1].append(Rule(name) if char == "<" else _slot(name))
            at = end
        elif char in "|;":
            parted.add(char)
            rows.append([])
        else:
            end = next((n for n in range(at, len(text)) if text[n] in "()[]<{|;"), len(text))
            rows[-1].append(" ".join(f"x{text[at:end]}x".split())[1:-1])
            at = end - 1
        at += 1
    if closing != text[at : at + 1]:
        raise DataError(f"template {text!r}: expected {closing or 'its end'!r} at {at}")
    if len(parted) > 1:
        raise DataError(f"template {text!r}: '|' and ';' side by side")
    parts = [Group("row", tuple(row)) for row in rows]
    if len(parts) == 1:
        return parts[0], at
    return Group("any_order" if ";" in parted else "one", tuple(parts)), at


def _slot(name: str) -> Piece:
    values, _, slot = name.partition(":")
    return Piece("", values, slot or values)
