"""What Thingpedia's files say: sentences with the programs they stand for, not yet filled with values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recipes.corpora.thingtalk import Invocation, Unreadable, read_examples, read_program
from trm_agent.errors import DataError
from trm_agent.types import SpeechAct


@dataclass(frozen=True)
class Request:
    """A sentence and its calls.

    Attributes:
        text: As it is written, with placeholders (`NUMBER_0`, `p_title`).
        calls: In order; empty for what is only said.
        types: Placeholder → its ThingTalk type, where the file declares it.
        asked: The assistant's question before it.
        act: Of talk, where the file says it.
    """

    text: str
    calls: tuple[Invocation, ...]
    types: Mapping[str, str] = field(default_factory=dict)
    asked: str | None = None
    act: SpeechAct | None = None


OPENINGS = {
    "query": ("get", "show me", "tell me", "find", "give me"),
    "stream": ("notify me", "let me know", "alert me"),
}
"""Kind of a dataset's entry → what is said before its phrase."""

_TALK: Mapping[str, SpeechAct] = {"greet": "small_talk", "cancel": "give_up"}
_ACT = re.compile(r"\$dialogue\s*@[\w.]+\.transaction\.(\w+)")
_WAITING = re.compile(r"(?:when|if|once|as soon|any ?time|every ?time|whenever|after|in case)\b", re.IGNORECASE)


def paraphrases(path: Path) -> Iterator[Request]:
    """The rows of a `paraphrase.tsv` (id, context, sentence, program) that calls can hold.

    Raises:
        DataError: A row has not four columns.
    """
    for number, row in enumerate(path.read_text("utf-8").splitlines(), 1):
        columns = row.split("\t")
        if len(columns) != 4:
            raise DataError(f"{path}:{number}: expected id, context, sentence and program, got {len(columns)} columns")
        calls = _calls(columns[3])
        if calls and columns[1] == "null":
            yield Request(written(columns[2]), calls)


def examples(path: Path) -> Iterator[Request]:
    """The templates of a `dataset.tt`, as whole sentences: a phrase for a result follows "show me" and the like."""
    for entry in read_examples(path.read_text("utf-8")):
        calls = _calls(entry.program)
        for number, phrase in enumerate(entry.utterances if calls else ()):
            text = re.sub(r"\$\{?(p_\w+)(?::\w+)?\}?", r"\1", phrase)
            if entry.kind == "stream" and not _WAITING.match(text):
                continue
            openings = OPENINGS.get(entry.kind, ())
            if entry.kind == "query" and re.match(
                r"(?:what|who|how|which|where|is|are|tell|show|find|get|search|look|give|translate|count|plot|check|list|say)\b",
                text,
            ):
                openings = ()
            opening = openings[(len(text) + number) % len(openings)] + " " if openings else ""
            yield Request(written(opening + text.replace(" ,", ",").removeprefix(", ")), calls, entry.types)


def annotated(path: Path) -> Iterator[Request]:
    """The user's turns of an `annotated.txt` that are understood by themselves or with the question before them."""
    for block in path.read_text("utf-8").split("===="):
        asked: str | None = None
        user, program, asks = "", "", False
        for row in [*block.splitlines(), "U:"]:
            kind, _, text = row.partition(":")
            text = text.strip()
            if kind == "UT":
                program += f" {text}"
            elif kind == "A":
                asked, asks = text, False
            elif kind == "AT":
                asks = asks or "sys_slot_fill" in text
            elif kind == "U":
                if user and program:
                    yield from _turn(user, program, asked, asks)
                    asked = None
                user, program = text, ""
            if kind == "C" and user and program:
                yield from _turn(user, program, asked, asks)
                user, asked = "", None


def written(text: str) -> str:
    """A sentence without the spaces before its marks and endings."""
    text = " ".join(text.split())
    text = re.sub(r" ('(?:s|re|ll|d|ve|m)\b|n't\b)", r"\1", text)
    text = re.sub(r" ([.,?!;:%])(?= |$)", r"\1", text)
    return re.sub(r"\bi(?=['\s])", "I", text) if " " in text else text


def _calls(program: str) -> tuple[Invocation, ...]:
    try:
        return tuple(read_program(program))
    except Unreadable:
        return ()


def _turn(text: str, program: str, asked: str | None, asks: bool) -> Iterator[Request]:
    found = None if "::" in text else _ACT.search(program)
    act = found[1] if found else ""
    if act in _TALK:
        yield Request(text, (), asked=asked, act=_TALK[act])
    elif act == "execute" and (calls := _calls(program)):
        yield Request(text, calls, asked=asked, act="answer" if asked and asks else "request")
