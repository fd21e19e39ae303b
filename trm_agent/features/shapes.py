"""What the letters of a text show that an uncased encoder does not: the shape of every token, and the pieces of a text.

Shapes say how a word is written (case, digits, quotes, addresses, paths). Pieces are whole stretches that are likely
values: quotations, addresses, codes, numbers with their unit, runs of capitals, what follows a colon, the sentence.
Everything works on any script; nothing here knows a language. W tokens · L longest span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

SHAPES = 28
"""Features of a token, see `token_shapes`."""

PIECES = ("quoted", "address", "link", "path", "code", "number", "measure", "clock", "day", "capitals", "rest", "whole")
"""Kinds of pieces, in the order of their columns."""

_WORD = re.compile(r"[^\s]+")
_QUOTES = (
    re.compile(r'"([^"\n]{1,300})"'),
    re.compile(r"“([^”\n]{1,300})”"),
    re.compile(r"„([^“”\n]{1,300})[“”]"),
    re.compile(r"«\s?([^»\n]{1,300}?)\s?»"),
    re.compile(r"`([^`\n]{1,300})`"),
    re.compile(r"‘([^’\n]{1,300})’"),
    re.compile(r"(?<!\w)'([^'\n]{2,300})'(?!\w)"),
    re.compile(r"「([^」\n]{1,300})」"),
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)]")
_PATH = re.compile(
    r"(?:~|\.{1,2})?(?:/[\w.@%+-]+){2,}/?|[A-Za-z]:\\[^\s\"']+|[\w-]+(?:/[\w.-]+)+\.\w{1,5}|\b[\w-]+\.[a-z]{2,4}\b"
)
_CODE = re.compile(
    r"#?\b(?=[\w./:-]*\d)(?=[\w./:-]*[^\W\d_])\w+(?:[-_./:]\w+)*|#\w+|\b\w+(?:[-_]\w+)*_\w+|\bv\d+(?:\.\d+)+\b"
)
_NUMBER = re.compile(r"[-+]?(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
_MEASURE = re.compile(
    r"[$€£¥₫]\s?\d+(?:[.,]\d+)*[kKmM]?|(?<![\w.,:])\d+(?:[.,]\d+)*\s?(?:[$€£¥₫%°]+[CFcf]?|[^\W\d_]{1,12}\.?)(?!\w)"
)
_CLOCK = re.compile(
    r"\b\d{1,2}(?::\d\d){1,2}(?:\s?[ap]\.?m\.?)?|\b\d{1,2}\s?[ap]\.?m\.?(?!\w)|\b\d{1,2}h\d{0,2}\b", re.IGNORECASE
)
_DAY = re.compile(r"\b\d{4}-\d\d?-\d\d?\b|\b\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?\b|\b\d{1,2}(?:st|nd|rd|th)\b")
_AFTER_COLON = re.compile(r":\s+(\S.*?)\s*$", re.DOTALL)
_END = re.compile(r"[.!?…。！？]+(?:\s|$)|\n")


def token_shapes(text: str, spans: np.ndarray) -> np.ndarray:
    """How each token is written; the text is the original one, letter case and all.

    Args:
        text: Of one message.
        spans: First and one-past-last character of each token, [W, 2].

    Returns:
        [W, SHAPES]: of the word the token stands in: capitalised, all capitals, mixed case, digits only, digits among
        letters, a code with joints, a decimal or grouped number, a sign before it, a currency or percent sign, an
        address, a link, a path, an identifier with underscores, length in letters; quoted; in backticks; first of a
        sentence; first of the message; last of the message; after a colon; after an opening bracket; before a comma;
        before a question mark; before an end; script other than Latin; of the token: digits, one letter, continues.
    """
    out = np.zeros((len(spans), SHAPES), np.float32)
    if not len(spans):
        return out
    words = _word_shapes(text)
    for w, (start, end) in enumerate(spans.tolist()):
        piece = text[start:end]
        if start < len(words[0]):
            out[w, :25] = words[1][words[0][start]]
        out[w, 25] = piece.isdigit()
        out[w, 26] = len(piece) == 1
        out[w, 27] = start > 0 and bool(text[start - 1 : start].strip())
    return out


@lru_cache(maxsize=4096)
def _word_shapes(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Word of each character, and the shapes of the words; the first row is of no word."""
    owner = np.zeros(len(text), np.int64)
    rows = [np.zeros(25, np.float32)]
    quoted = np.zeros(len(text) + 1, bool)
    ticked = np.zeros(len(text) + 1, bool)
    for pattern in _QUOTES:
        for match in pattern.finditer(text):
            (ticked if pattern is _QUOTES[4] else quoted)[match.start(1) : match.end(1)] = True
    found = list(_WORD.finditer(text))
    begins = True
    for i, match in enumerate(found):
        word, start = match.group(), match.start()
        owner[start : match.end()] = len(rows)
        rows.append(
            _word_shape(
                word, bool(quoted[start]), bool(ticked[start]), begins, i, len(found), found[i - 1].group() if i else ""
            )
        )
        begins = bool(re.search(r"[.!?…。！？][\"'”)]*$", word))
    shapes = np.stack(rows)
    owner.setflags(write=False)
    shapes.setflags(write=False)
    return owner, shapes


def _word_shape(word: str, quoted: bool, ticked: bool, begins: bool, place: int, count: int, before: str) -> np.ndarray:
    core = word.strip("\"'“”‘’()[]{}.,;:!?`«»")
    letters = [c for c in core if c.isalpha()]
    digits = sum(c.isdigit() for c in core)
    upper = sum(c.isupper() for c in letters)
    return np.array(
        [
            bool(letters) and core[:1].isupper() and upper < len(letters),
            len(letters) > 1 and upper == len(letters),
            upper > 0 and core[:1].islower(),
            digits == len(core) > 0,
            bool(letters) and digits > 0,
            (digits > 0 or upper > 0) and bool(re.search(r"\w[-_./:]\w", core)),
            bool(re.fullmatch(r"\d+([.,]\d+)+", core)),
            bool(re.match(r"[-+±]\d", word)),
            any(c in "$€£¥₫%°" for c in word),
            bool(_ADDRESS.search(core)),
            bool(_LINK.search(word)),
            bool(re.search(r"\w/\w|\\\w|^[~.]?/", core)),
            "_" in core,
            min(len(core), 16) / 16,
            quoted,
            ticked,
            begins,
            place == 0,
            place == count - 1,
            before.endswith((":", "：")),
            word[:1] in "([{",
            word.endswith((",", "，", "、", ";")),
            word.endswith(("?", "？")),
            word.endswith((".", "!", "…", "。", "！")),
            any(ord(c) > 0x24F for c in letters),
        ],
        np.float32,
    )


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[tuple[int, int, int], ...]:
    """Likely values of a text: first and one-past-last character, and the kind's place in `PIECES`."""
    return tuple(dict.fromkeys(_pieces(text)))


def _pieces(text: str) -> Iterator[tuple[int, int, int]]:
    for pattern in _QUOTES:
        yield from ((m.start(1), m.end(1), 0) for m in pattern.finditer(text))
    for kind, pattern in enumerate((_ADDRESS, _LINK, _PATH, _CODE, _NUMBER, _MEASURE, _CLOCK, _DAY), 1):
        yield from ((m.start(), m.end(), kind) for m in pattern.finditer(text))
    yield from ((start, end, 9) for start, end in _capitals(text))
    if match := _AFTER_COLON.search(text):
        yield match.start(1), match.end(1), 10
    for start, end in _sentences(text):
        stripped = text[start:end].strip()
        if stripped:
            at = start + text[start:end].index(stripped)
            yield at, at + len(stripped.rstrip(".!?…。！？ ")), 11


def _capitals(text: str) -> Iterator[tuple[int, int]]:
    """Runs of words that begin with a capital, such as names; a single first word of a sentence is none."""
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        core = match.group().strip("\"'“”‘’()[]{},;:!?`«».")
        if core[:1].isupper():
            run.append(match)
            if match.group()[-1:] not in ",;:!?.)":
                continue
        if len(run) > 1 or (run and _inside(text, run[0].start())):
            yield _core(text, run[0].start(), run[-1].end())
        run = []
    if len(run) > 1 or (run and _inside(text, run[0].start())):
        yield _core(text, run[0].start(), run[-1].end())


def _inside(text: str, start: int) -> bool:
    """Whether a word stands inside a sentence, where a capital says something."""
    before = text[:start].rstrip()
    return bool(before) and before[-1] not in ".!?…。！？"


def _core(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return start, end


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in _END.finditer(text):
        yield at, match.start()
        at = match.end()
    yield at, len(text)


def piece_spans(text: str, spans: np.ndarray, first: int, longest: int) -> Iterator[tuple[int, int, int]]:
    """Pieces as token spans: (first token, length − 1, kind), counted from token `first` of the conversation.

    Args:
        text: Of one message.
        spans: Of its tokens, [W, 2].
        first: Place of its first token in the conversation.
        longest: Longest span, in tokens.
    """
    if not len(spans):
        return
    for start, end, kind in pieces(text):
        a = int(np.searchsorted(spans[:, 0], start))
        b = int(np.searchsorted(spans[:, 1], end))
        if a < len(spans) and b < len(spans) and spans[a, 0] == start and spans[b, 1] == end and 0 <= b - a < longest:
            yield first + a, b - a, kind
