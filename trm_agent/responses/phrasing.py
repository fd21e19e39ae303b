"""Fields and results in the words of frames: clauses, sentences, lists.

A field that has a clause stands in the first sentence ("Casa Verde in Oslo at 8 pm"); others follow as "the … is …".
Nothing is left out: what frames cannot word as a whole they do not word at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trm_agent.responses.asking import COUNT
from trm_agent.responses.filling import say
from trm_agent.responses.frames import Frame, Frames
from trm_agent.text.actions import say_tool
from trm_agent.text.descriptions import upper_first
from trm_agent.text.nouns import is_plural, singular
from trm_agent.text.phrases import words_of
from trm_agent.text.spoken import spoken_moment
from trm_agent.text.statements import label_words, statement
from trm_agent.types import DONTCARE, ToolSchema, identifier_words

MOST_ITEMS = 8
MOST_RECORDS = 3
LONGEST = 1500
_END = ".!?。！？"
_AS_TEXT = {"true": True, "false": False, "none": None, "null": None}
LONGEST_NAME = 80
"""Characters of the longest text that may be a date or an identifier; a longer one is said as it is."""
_LETTERS = re.compile(r"[A-Za-z]{2,}(?:_[A-Za-z]+)+|[a-z]{2,}(?:[A-Z][a-z]+)+")
_RAW = frozenset(("username", "user", "handle", "file", "filename", "path", "login", "key", "token", "id", "code"))
"""Last words of fields whose values are codes, said letter by letter."""

Pairs = Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Details:
    """Fields in words.

    Attributes:
        details: Clauses, as the rest of a sentence; empty where no field has one.
        more: Whole sentences of all other fields; empty where there are none.
    """

    details: str
    more: str

    @property
    def values(self) -> dict[str, str | None]:
        """As frames are filled."""
        return {"details": self.details, "more": self.more}


def action(tool: ToolSchema, language: str = "en") -> str:
    """What a tool does, as a person would say it: "create a calendar event"."""
    return say_tool(tool.name, tool.description, language).imperative


def word_fields(
    frames: Frames, pairs: Pairs, *, subject: bool = False, beside: bool = False, asked: bool = False
) -> Details:
    """Fields in words, those with a name first; what says nothing is left out.

    Args:
        frames: The wordings.
        pairs: Name and value of each field.
        subject: Whether a clause needs a name before it ("Casa Verde in Oslo", never "in Oslo" alone).
        beside: Whether they stand beside words that say of what they are: then no clause does.
        asked: Whether they are the values of a call to be confirmed: then a message is quoted, not said.
    """
    read = [(name, _plain(value)) for name, value in pairs]
    known = [(name, value) for name, value in read if value not in (None, "", DONTCARE) and value != []]
    known.sort(key=lambda pair: not is_name(pair[0]))
    inline = not beside and (not subject or any(is_name(name) for name, _ in known))
    clauses: list[str] = []
    facts: list[str] = []
    notes: list[str] = []
    used: set[Frame] = set()
    for name, value in known:
        words, label, text = identifier_words(name), label_words(name, frames.language), said_value(frames, value, name)
        frame = frames.fitting("clause", _forms(words, value), text) if inline and not isinstance(value, bool) else None
        if frame is not None and (frame not in used or frame.fits & {"count", "several"}):
            used.add(frame)
            clauses.append(frame.fill({"label": _counted(words, label, value), "value": text}) or "")
        elif (said := statement(label, value, text, frames.language)) is not None:
            facts.append(said)
        else:
            fact = _fact(frames, _forms(words, value, asked), label, value, text)
            if fact.startswith(f"{label}: ") or "said alone" in _forms(words, value, asked):
                notes.append(as_sentence(upper_first(fact)))
            else:
                facts.append(fact)
    sentence = [as_sentence(upper_first(frames.joined(facts)))] if facts else []
    return Details("".join(clauses).lstrip(", "), " ".join([*sentence, *notes]))


def confirmation(frames: Frames, tool: ToolSchema, values: Pairs, again: bool = False) -> tuple[str, str] | None:
    """A question before a tool is called, with the values it would be called with, and the kind of its frame.

    Args:
        frames: The wordings.
        tool: To be called.
        values: Parameter and value of each.
        again: Whether the user was asked already, and has corrected something.
    """
    said = {"action": action(tool, frames.language), **word_fields(frames, values, asked=True).values}
    kinds = (*(("confirm_again",) if again else ()), "confirm", "confirm_bare")
    return next(((text, kind) for kind in kinds if (text := frames.fill(kind, said))), None)


def _plain(value: Any) -> Any:
    """Yes, no and nothing that came as a text."""
    return _AS_TEXT.get(value.casefold(), value) if isinstance(value, str) else value


def tell(frames: Frames, content: Any, read_only: bool | None = None) -> str | None:
    """A result in words; None where it is nested too deeply or too long for frames."""
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if content in (None, "", {}):
        return frames.fill("done_bare", {})
    if content == []:
        return frames.fill("nothing", {})
    if isinstance(content, Mapping):
        text = _tell_record(frames, content, read_only)
    elif isinstance(content, list):
        text = _tell_several(frames, content, read_only)
    else:
        text = as_sentence(said_value(frames, content))
    return text if text and len(text) <= LONGEST else None


def other_records(frames: Frames, names: Sequence[str], *, more: bool = False) -> str | None:
    """That there are further records; None without names.

    Args:
        frames: The wordings.
        names: What they are called.
        more: Whether there are others that are not named.
    """
    form = "more" if more else "several" if len(names) > 1 else "one"
    frame = frames.fitting("others", [form])
    return frame.fill({"items": frames.joined(names)}) if frame is not None and names else None


def as_sentence(text: str) -> str:
    """With a mark at its end."""
    return text if text[-1:] in _END else f"{text}."


def is_flat(record: Any) -> bool:
    """Whether a record holds scalars and lists of scalars only."""
    return isinstance(record, Mapping) and not any(
        isinstance(value, Mapping)
        or (isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value))
        for value in record.values()
    )


def _tell_record(frames: Frames, record: Mapping[str, Any], read_only: bool | None) -> str | None:
    if not is_flat(record):
        return None
    pairs = [(str(name), value) for name, value in record.items()]
    if record.keys() == {"error"} and record["error"]:
        return frames.fill("failed", {"error": said_value(frames, record["error"]).rstrip(".")})
    for name, value in pairs:
        text = said_value(frames, value) if isinstance(value, bool) or (isinstance(value, str) and value) else ""
        frame = frames.fitting("outcome", _forms(identifier_words(name), value), text) if text else None
        if frame is not None and frame.fits:
            rest = word_fields(frames, [pair for pair in pairs if pair[0] != name])
            return frame.fill({"value": text, **rest.values})
    said = word_fields(frames, pairs, subject=True)
    return frames.fill("done" if read_only is False else "found", said.values, read_only=read_only)


def _tell_several(frames: Frames, rows: Sequence[Any], read_only: bool | None) -> str | None:
    """Scalars as a list; of records the first in full and the names of some others."""
    if not any(isinstance(row, Mapping | list) for row in rows):
        more = ["…"] if len(rows) > MOST_ITEMS else []
        return frames.fill("items", {"items": frames.joined([said_value(frames, r) for r in rows[:MOST_ITEMS]] + more)})
    first = _tell_record(frames, rows[0], read_only) if isinstance(rows[0], Mapping) else None
    named = [_name(frames, row, rows[0]) for row in rows[1:MOST_RECORDS]] if first else []
    if first is None or not all(named):
        return None
    said = other_records(frames, [name for name in named if name], more=len(rows) > MOST_RECORDS)
    return " ".join(filter(None, (first, said)))


def _name(frames: Frames, row: Any, first: Mapping[str, Any]) -> str | None:
    """What tells a record from the first: its name, else all that differs."""
    if not is_flat(row):
        return None
    pairs = [(str(n), v) for n, v in row.items() if v != first.get(n) and v not in (None, "", [])]
    names = [pair for pair in pairs if is_name(pair[0]) and isinstance(pair[1], str)]
    if names:
        return said_value(frames, names[0][1])
    labels = [(label_words(name, frames.language), said_value(frames, value, name)) for name, value in pairs]
    return ", ".join(f"{label} {said}" for label, said in labels) or None


def _fact(frames: Frames, forms: Sequence[str], label: str, value: Any, said: str) -> str:
    forms = ["yes or no"] if isinstance(value, bool) else forms
    frame = frames.fitting("fact", forms)
    return (frame.fill({"label": label, "value": said}) if frame else None) or f"{label}: {said}"


def said_value(frames: Frames, value: Any, name: str = "") -> str:
    """A value in words: a date as one says it, an identifier without underscores, a code as it is."""
    if isinstance(value, bool):
        return frames.fill("yes" if value else "no", {}) or str(value).lower()
    if isinstance(value, list):
        return frames.joined([said_value(frames, item, name) for item in value])
    if not isinstance(value, str):
        return say(value).strip()
    if len(value) > LONGEST_NAME:
        return value.strip()
    if (moment := spoken_moment(value, frames.language)) is not None:
        return moment
    raw = bool(_RAW & {*identifier_words(name).split()[-1:]}) or _LETTERS.fullmatch(value) is None
    return value.strip() if raw else identifier_words(value)


def _counted(words: str, label: str, value: Any) -> str:
    """What is counted, one or several of it: "3 stars", "1 star"."""
    label = label.removeprefix(COUNT)
    last = words.split()[-1]
    return label.removesuffix(last) + singular(last) if value == 1 and label.endswith(last) else label


def _forms(words: str, value: Any = None, asked: bool = False) -> list[str]:
    """The forms under which frames may word a field: its name, what it counts, its last word, what kind of value."""
    last = words.split()[-1:]
    counts = isinstance(value, int) and not isinstance(value, bool) and bool(last) and is_plural(last[0])
    forms = [words, *(["count"] if words.startswith(COUNT) else []), *(["several"] if counts else [])]
    if isinstance(value, bool):
        forms.append(f"{words} {'yes' if value else 'no'}")
    if isinstance(value, str) and words in words_of("en", "said_alone") and len(value.split()) > 2:
        forms.append("quoted" if asked else "said alone")
    plural = ["plural"] if last and is_plural(last[0]) else []
    return [*forms, *(f"* {word}" for word in last), *plural]


def is_name(name: str) -> bool:
    """Whether a field holds what its record is called."""
    return bool({"name", "title"} & {*identifier_words(name).split()[-1:]})
