"""Bot Framework's `.lu` files: intents with utterances, in which `{slot=value}` marks a value and `{slot}` a gap.

`# Intent` opens a list of `- utterance` lines; `$…` and `@…` declare entities, whose lists are no utterances; `>` is a
comment. An utterance with `(a|b)`, `[optional]` words or a gap is a pattern: one wording of it is drawn.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.corpora.templates import one_wording
from trm_agent.errors import DataError

_INTENT = re.compile(r"#{1,2}\s*([\w.]+)\s*$")
_UTTERANCE = re.compile(r"\s*[-*+]\s+(.*\S)")
_OPEN = re.compile(r"\{@?([\w.:]+)\s*(=?)\s*")
_GAP = re.compile(r"\{@?([\w.:]+)\}")
_PATTERN = re.compile(r"[\[\]^|]|\([^)]*\|")


@dataclass(frozen=True)
class Labelled:
    """An utterance without its marks.

    Attributes:
        text: The user's words.
        spans: (slot, first character, one past the last), in order of their start, outer ones first.
    """

    text: str
    spans: tuple[tuple[str, int, int], ...]


def read_intents(path: Path) -> Iterator[tuple[str, str]]:
    """(intent, utterance as marked) of a file, in its order.

    Raises:
        DataError: It cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
    intent: str | None = None
    for line in lines:
        if line.startswith(("$", "@")):
            intent = None
        elif line.startswith("#"):
            opened = _INTENT.match(line)
            intent = opened.group(1) if opened else None
        elif intent is not None and (utterance := _UTTERANCE.match(line)):
            yield intent, utterance.group(1)


def labelled(marked: str, values: Mapping[str, Sequence[str]], rng: random.Random) -> Labelled | None:
    """An utterance with its labels read, a pattern in one drawn wording; None if a gap cannot be filled.

    Args:
        marked: As published.
        values: Slot → values for its gaps.
        rng: Draws wordings and values.
    """
    if _PATTERN.search(_GAP.sub("", marked)):
        marked = one_wording(marked.replace("^", ""), rng)
    for gap in reversed(list(_GAP.finditer(marked))):
        if not values.get(gap.group(1)):
            return None
        value = rng.choice(list(values[gap.group(1)]))
        marked = f"{marked[: gap.start()]}{{{gap.group(1)}={value}}}{marked[gap.end() :]}"
    return _without_marks(re.sub(r"\s+", " ", marked).strip())


def _without_marks(marked: str) -> Labelled | None:
    """The plain text and its spans; None if the braces do not close."""
    text = ""
    opened: list[tuple[str, int]] = []
    spans: list[tuple[str, int, int]] = []
    position = 0
    while position < len(marked):
        if (label := _OPEN.match(marked, position)) and label.group(2):
            opened.append((label.group(1), len(text)))
            position = label.end()
        elif marked[position] == "}" and opened:
            slot, start = opened.pop()
            spans.append((slot, start, len(text)))
            position += 1
        else:
            text += marked[position]
            position += 1
    if opened or "{" in text or "}" in text:
        return None
    return Labelled(text, tuple(sorted(spans, key=lambda span: (span[1], -span[2]))))
