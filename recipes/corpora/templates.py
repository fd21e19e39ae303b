"""Sentence templates of intent files: `(a|b)`, `[optional]` and `{slot}` become sentences with their values."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

_GROUP = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
_SLOT = re.compile(r"\{+([\w.]+)\}+")


def one_wording(template: str, rng: random.Random) -> str:
    """A template with every group of alternatives decided, innermost first; its slots stay."""
    while (group := _GROUP.search(template)) is not None:
        options = group.group(1) if group.group(1) is not None else f"{group.group(2)}|"
        template = f"{template[: group.start()]}{rng.choice(options.split('|'))}{template[group.end() :]}"
    return re.sub(r"\s+", " ", template).strip()


def slots(template: str) -> list[str]:
    """Its slots, in order."""
    return _SLOT.findall(template)


def filled(template: str, values: Mapping[str, Sequence[str]], rng: random.Random) -> tuple[str, dict[str, str]] | None:
    """The sentence with a value in each slot, and the values; None if a slot has no values or stands there twice."""
    names = slots(template)
    if len(set(names)) < len(names) or any(not values.get(name) for name in names):
        return None
    said = {name: rng.choice(list(values[name])) for name in names}
    return _SLOT.sub(lambda slot: said[slot.group(1)], template), said
