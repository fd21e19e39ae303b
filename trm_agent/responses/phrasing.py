"""Fields and parameters in the words of frames: clauses, sentences, questions, results.

A field that has a clause stands in the first sentence ("Casa Verde in Oslo at 8 pm"); others follow as "the … is …".
Nothing is left out: what frames cannot word as a whole they do not word at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trm_agent.responses.filling import say
from trm_agent.responses.frames import Frame, Frames
from trm_agent.types import DONTCARE, Parameter, ToolSchema, identifier_words
from trm_agent.values import choice_text

MOST_CHOICES = 8
MOST_RECORDS = 3
LONGEST = 1500
SHORT_PHRASE = 4
"""A description of more words gives way to the name, where that says the same."""
COUNT = "number of "
_SENTENCE_END = re.compile(r"(?<=[^.\s]{2})[.;](?=\s|$)")
_FILLER = re.compile(r"^(optional|required)[:,]?\s+", re.IGNORECASE)
_CLAUSE = re.compile(r"^(whether|if|how|when|where|which|what|who|why)\b", re.IGNORECASE)
_VERB = re.compile(r"^(should|do|does|is|are|can|will|would)\b", re.IGNORECASE)
_DETERMINER = re.compile(r"^(the|a|an|your|any|one|all|each|this|that|its|his|her|their|our|my)\b", re.IGNORECASE)
_PLURAL = re.compile(r"[^su]s$")
_END = ".!?。！？"
_AS_TEXT = {"true": True, "false": False, "none": None, "null": None}

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


def question(frames: Frames, parameter: Parameter, read_only: bool | None = None) -> str | None:
    """A question for a parameter: by what its name or description says, else in the words of the description."""
    phrase, label = described(parameter), identifier_words(parameter.name)
    counted = label.removeprefix(COUNT)
    choices = [choice_text(choice) for choice in parameter.choices if not isinstance(choice, bool)]
    listed = [*choices[:MOST_CHOICES], "…"] if len(choices) > MOST_CHOICES else choices
    said: dict[str, str | None] = {"choices": ", ".join(listed)}
    if choices and len(choices) <= MOST_CHOICES:
        said["choices"] = frames.joined(choices, "or")
    if phrase.endswith("?"):
        return _asked(frames, ["question"], said | {"question": phrase})
    forms = [label]
    if _VERB.match(phrase):
        forms = ["verb"]
    elif _CLAUSE.match(phrase):
        forms = ["clause"]
    elif counted != label or (not phrase and _PLURAL.search(label) and parameter.type in ("integer", "number")):
        forms, label = ["count"], counted
    elif phrase and len(phrase.split()) > SHORT_PHRASE and _says_the_same(label, phrase):
        forms += ["label choices", "label"] if choices else ["label"]
    elif phrase:
        short = len(phrase.split()) <= SHORT_PHRASE and not _DETERMINER.match(phrase)
        forms += ["label choices", "phrase"] if choices and short else ["phrase"]
        said["noun"] = phrase if short else label
    else:
        forms += ["plural"] if _PLURAL.search(label) and parameter.type == "array" else ["label choices", "label"]
    said["Phrase"] = phrase[:1].upper() + phrase[1:]
    if "phrase" in forms and not _DETERMINER.match(phrase):
        phrase = frames.fill("the", {"phrase": phrase}) or phrase
    return _asked(frames, forms, {"label": label, "noun": label, **said, "phrase": phrase}, read_only)


def described(parameter: Parameter) -> str:
    """The first sentence of a description, to stand inside a sentence; empty without one."""
    words = _FILLER.sub("", _SENTENCE_END.split(parameter.description.strip(), maxsplit=1)[0].strip())
    return words if words.endswith("?") else lower_first(words)


def action(tool: ToolSchema) -> str:
    """What a tool does, in words: its description where that begins as its name does, else its name."""
    name = identifier_words(tool.name)
    words = lower_first(_SENTENCE_END.split(tool.description.strip(), maxsplit=1)[0].strip().rstrip("."))
    return words if words.split()[:1] == name.split()[:1] and "\n" not in words else name


def lower_first(words: str) -> str:
    """Lower the first letter, but not of an abbreviation or a name in capitals."""
    first = next(iter(words.split()), "")
    return words if first[1:] != first[1:].lower() else words[:1].lower() + words[1:]


def upper_first(words: str) -> str:
    """Raise the first letter."""
    return words[:1].upper() + words[1:]


def word_fields(frames: Frames, pairs: Pairs, *, subject: bool = False, beside: bool = False) -> Details:
    """Fields in words, those with a name first; what says nothing is left out.

    Args:
        frames: The wordings.
        pairs: Name and value of each field.
        subject: Whether a clause needs a name before it ("Casa Verde in Oslo", never "in Oslo" alone).
        beside: Whether they stand beside words that say of what they are: then no clause does.
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
        label = identifier_words(name)
        text = _said(frames, value)
        frame = frames.fitting("clause", _forms(label), text) if inline and not isinstance(value, bool) else None
        if frame is not None and frame not in used:
            used.add(frame)
            clauses.append(frame.fill({"label": label.removeprefix(COUNT), "value": text}) or "")
        else:
            fact = _fact(frames, label, value)
            if fact.startswith(f"{label}: "):
                notes.append(as_sentence(upper_first(fact)))
            else:
                facts.append(fact)
    sentence = [as_sentence(upper_first(frames.joined(facts)))] if facts else []
    return Details("".join(clauses).lstrip(", "), " ".join([*sentence, *notes]))


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
        text = as_sentence(_said(frames, content))
    return text if text and len(text) <= LONGEST else None


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
    for name, value in pairs:
        frame = frames.fitting("outcome", _forms(identifier_words(name))) if isinstance(value, str) and value else None
        if frame is not None and frame.fits:
            rest = word_fields(frames, [pair for pair in pairs if pair[0] != name])
            return frame.fill({"value": value, **rest.values})
    said = word_fields(frames, pairs, subject=True)
    return frames.fill("done" if read_only is False else "found", said.values, read_only=read_only)


def _tell_several(frames: Frames, rows: Sequence[Any], read_only: bool | None) -> str | None:
    """Scalars as a list; of records the first in full and the names of some others."""
    if not any(isinstance(row, Mapping | list) for row in rows):
        more = ["…"] if len(rows) > MOST_CHOICES else []
        return frames.fill("items", {"items": frames.joined([_said(frames, r) for r in rows[:MOST_CHOICES]] + more)})
    first = _tell_record(frames, rows[0], read_only) if isinstance(rows[0], Mapping) else None
    named = [_name(frames, row, rows[0]) for row in rows[1:MOST_RECORDS]] if first else []
    if first is None or not all(named):
        return None
    return " ".join(filter(None, (first, frames.fill("others", {"items": frames.joined([n for n in named if n])}))))


def _name(frames: Frames, row: Any, first: Mapping[str, Any]) -> str | None:
    """What tells a record from the first: its name, else all that differs."""
    if not is_flat(row):
        return None
    pairs = [(str(n), v) for n, v in row.items() if v != first.get(n) and v not in (None, "", [])]
    names = [pair for pair in pairs if is_name(pair[0]) and isinstance(pair[1], str)]
    if names:
        return _said(frames, names[0][1])
    return ", ".join(f"{identifier_words(name)} {_said(frames, value)}" for name, value in pairs) or None


def _asked(
    frames: Frames, forms: Sequence[str], values: Mapping[str, str | None], read_only: bool | None = None
) -> str | None:
    for form in forms:
        for frame in frames.of("ask"):
            if form in frame.fits and frame.read_only in (None, read_only) and (text := frame.fill(values)):
                return text
    return None


def _fact(frames: Frames, label: str, value: Any) -> str:
    form = "yes or no" if isinstance(value, bool) else "plural" if _PLURAL.search(label) else label
    frame = frames.fitting("fact", [form])
    said = _said(frames, value)
    return (frame.fill({"label": label, "value": said}) if frame else None) or f"{label}: {said}"


def _said(frames: Frames, value: Any) -> str:
    if isinstance(value, bool):
        return frames.fill("yes" if value else "no", {}) or str(value).lower()
    if isinstance(value, list):
        return frames.joined([_said(frames, item) for item in value])
    return say(value).strip()


def _forms(label: str) -> list[str]:
    last = label.split()[-1:]
    return [label, *(["count"] if label.startswith(COUNT) else []), *(f"* {word}" for word in last)]


def is_name(name: str) -> bool:
    """Whether a field holds what its record is called."""
    return bool({"name", "title"} & {*identifier_words(name).split()[-1:]})


def _says_the_same(label: str, phrase: str) -> bool:
    """Whether a name is made of words and its last one stands in the description."""
    words = label.split()
    return bool(words) and all(len(w) > 2 and w.isalpha() for w in words) and words[-1] in phrase.casefold().split()
