"""Words that come with the package: frames for what any agent says, whatever its tools are; a file to be replaced.

    frames_en.jsonl     a frame a line: kind, text; some also fits, if, read_only, like
    frames_vi.jsonl     the same in Vietnamese

A text has `{names}` for what is put in, and `[segments]` that are left out where a name in them has nothing. A line
of the kind `language` names the language (ISO 639-1) by which tools, dates and yes-or-no fields are put in words;
English without one. Labels come from the tools' declarations, values from the conversation.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError
from trm_agent.responses.templates import PLACEHOLDER

SHIPPED = Path(__file__).with_name("frames_en.jsonl")
FRAMES_LANGUAGE = "en"
"""Of the package's frames, where no other is asked for."""
TALK = ("greeting", "thanks", "goodbye", "help")
"""What a user may say that asks for no tool; chosen by likeness to examples."""
REQUIRED = {
    *("ask", "confirm", "confirm_again", "confirm_bare", "found", "others", "items", "done", "done_bare", "nothing"),
    *("outcome", "failed", "declined", "scope", "later", "clause", "fact", "and", "or", "yes", "no", "the"),
}
"""Kinds that every file has."""
KINDS = sorted({*REQUIRED, *TALK, "another", "offer", "unsure", "cancelled", "waiting", "reply", "language"})
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_KEYS = {"kind", "text", "fits", "if", "read_only", "like"}


@dataclass(frozen=True)
class Frame:
    """One wording.

    Attributes:
        kind: What it is for.
        text: With `{name}` for what is put in and `[…]` for what may be left out.
        fits: Labels or forms of what it words; empty for any.
        matches: What the value must look like, a regular expression; empty for any.
        read_only: Only for tools that are (or are not) read-only; None for any.
        like: Of a user, messages that it answers.
    """

    kind: str
    text: str
    fits: frozenset[str] = frozenset()
    matches: str = ""
    read_only: bool | None = None
    like: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> Frame:
        """Raises:
        ValueError: It is no frame; what is wrong.
        """
        if not isinstance(data, Mapping) or not all(isinstance(data.get(key), str) for key in ("kind", "text")):
            raise ValueError(f'expected an object with a "kind" and a "text", got {data!r:.80}')
        if unknown := data.keys() - _KEYS:
            raise ValueError(f"unknown {sorted(unknown)[0]!r}; a frame has {', '.join(sorted(_KEYS))}")
        if data["kind"] not in KINDS:
            raise ValueError(f'"kind" must be among {", ".join(KINDS)}, got {data["kind"]!r}')
        for key in ("fits", "like"):
            if not isinstance(data.get(key, []), list) or not all(isinstance(x, str) for x in data.get(key, [])):
                raise ValueError(f'"{key}" must be a list of texts, got {data[key]!r:.80}')
        try:
            re.compile(data.get("if", ""))
        except (re.error, TypeError) as error:
            raise ValueError(f'"if" must be a regular expression, got {data["if"]!r:.80}: {error}') from None
        fits, like = frozenset(data.get("fits", ())), tuple(data.get("like", ()))
        return cls(data["kind"], data["text"], fits, data.get("if", ""), data.get("read_only"), like)

    @property
    def beginning(self) -> str:
        """What stands before the first name."""
        return re.split(r"[{\[]", self.text, maxsplit=1)[0]

    def fill(self, values: Mapping[str, str | None]) -> str | None:
        """The words; None where a name outside of a segment has nothing."""

        def segment(match: re.Match[str]) -> str:
            return match[1] if all(values.get(name) for name in PLACEHOLDER.findall(match[1])) else ""

        text = _SEGMENT.sub(segment, self.text)
        if not all(values.get(name) for name in PLACEHOLDER.findall(text)):
            return None
        return PLACEHOLDER.sub(lambda match: values[match[1]] or "", text)


@dataclass(frozen=True)
class Frames:
    """All wordings of a file, in its order: the first that fits is taken."""

    frames: tuple[Frame, ...]

    @cached_property
    def language(self) -> str:
        """Of the wordings (ISO 639-1)."""
        return next((frame.text for frame in self.of("language")), FRAMES_LANGUAGE)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal frames."""
        return hashlib.sha256(repr([vars(f) | {"fits": sorted(f.fits)} for f in self.frames]).encode()).hexdigest()[:16]

    def of(self, kind: str) -> tuple[Frame, ...]:
        """Those of one kind."""
        return tuple(frame for frame in self.frames if frame.kind == kind)

    def fill(self, kind: str, values: Mapping[str, str | None], *, read_only: bool | None = None) -> str | None:
        """The first of a kind that can be filled."""
        frames = (f for f in self.of(kind) if f.read_only is None or f.read_only is read_only)
        return next((text for frame in frames if (text := frame.fill(values)) is not None), None)

    def fitting(self, kind: str, forms: Sequence[str], value: str = "", read_only: bool | None = None) -> Frame | None:
        """The first of a kind that fits one of the forms, which come in the order of preference."""
        for form in (*forms, ""):
            for frame in self.of(kind):
                fits = form in frame.fits if form else not frame.fits
                same = frame.read_only is None or frame.read_only is read_only
                if fits and same and (not frame.matches or re.search(frame.matches, value)):
                    return frame
        return None

    def joined(self, items: Sequence[str], kind: str = "and") -> str:
        """Items as a list in words: "a, b and c"."""
        if len(items) < 2:
            return "".join(items)
        pair = {"first": ", ".join(items[:-1]), "last": items[-1]}
        return self.fill(kind, pair) or ", ".join(items)

    @cached_property
    def words(self) -> frozenset[str]:
        """Words of the frames themselves, casefolded: capitalised ones state no value."""
        return frozenset(w.casefold() for frame in self.frames for w in re.findall(r"[^\s{}\[\].,:;!?()]+", frame.text))


@lru_cache(maxsize=8)
def load_frames(path: Path | None = None, language: str = FRAMES_LANGUAGE) -> Frames:
    """The frames of a file; without one, those of the package in a language, or in English where it has none.

    Raises:
        DataError: The file cannot be read, a line is no frame, or a kind is lacking; every mistake is named.
    """
    if path is None:
        own = SHIPPED.with_name(f"frames_{language}.jsonl")
        path = own if own.is_file() else SHIPPED
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: no frames can be read: {error}") from error
    frames, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            frames.append(Frame.from_json(json.loads(line)))
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
    if lacking := REQUIRED - {frame.kind for frame in frames} if not problems else set():
        problems.append(f"{path}: no frame of the kind {', '.join(sorted(lacking))}")
    if problems:
        raise DataError("\n".join(problems))
    return Frames(tuple(frames))
