"""Where the values of everyday calls are said: the words that read as a date, a time, a number or an amount."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from recipes.corpora.everyday_domain import Domain
from trm_agent.text.language import HAN
from trm_agent.types import Parameter, parse_tools
from trm_agent.values.in_message import read_in_message
from trm_agent.values.place import Before, Where


class WordingFinder:
    """Finds the words of values that do not stand in the text as they are: dates, times, numbers, amounts.

    Words are read where they stand, as decoding reads them: the language and what belongs to them is the message's.
    """

    def __init__(self, domain: Domain) -> None:
        self.now = datetime.fromisoformat(domain.now)
        self.language = domain.language
        self.tools = parse_tools([tool.schema for tool in domain.tools])
        self.parameters = {
            (tool.name, parameter.name): parameter for tool in self.tools for parameter in tool.parameters
        }
        self._read: dict[tuple[str, str, str, Before | None], list[tuple[str, Any]]] = {}

    def worded(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The sample, with the words of its call's values among the accepted ones."""
        if sample["decision"] != "tool_call":
            return sample
        said = said_last(sample["history"])
        accept = json.loads(json.dumps(sample["accept"]))
        calls = sample.get("calls") or [sample["tool"]]
        for number, call in enumerate(calls):
            places = [accept] if number == 0 else []
            places += [accept["calls"][number]] if "calls" in accept else []
            for name, value in leaves(call["arguments"]):
                found = self.find(call["name"], name, value, said)
                for place in places if found else ():
                    place["arguments"][name] = list(dict.fromkeys([*place["arguments"].get(name, []), *found]))
        return sample | {"accept": accept}

    def find(self, tool: str, name: str, value: Any, said: Sequence[tuple[str, str]]) -> list[str]:
        """The shortest words of the latest message that read as the value; none where it stands there as it is.

        Args:
            tool: That is called.
            name: Of the argument, dotted.
            value: To find.
            said: Messages and what was asked before each, the latest first.
        """
        parameter = self._parameter(tool, name)
        if parameter is None or parameter.choices or isinstance(value, bool | list | dict):
            return []
        if isinstance(value, str) and not re.search(r"\d", value):
            return []
        wanted = _to_the_minute(value)
        for before in (None, *_parts(value)):
            for text, question in said:
                if re.search(rf"(?<![\w.,]){re.escape(str(value))}(?![\w])", text):
                    return []
                readings = self._readings(tool, name, text, question, before)
                found = list(dict.fromkeys(words for words, read in readings if read == wanted))
                shortest = [words for words in found if not any(o != words and o in words for o in found)]
                if shortest:
                    return shortest
        return []

    def _parameter(self, tool: str, name: str) -> Parameter | None:
        """The parameter by its dotted name; of an entry of a list, what its entries are."""
        whole = self.parameters.get((tool, re.sub(r"\[\d+\]", "", name)))
        if whole is None or not name.endswith("]"):
            return whole
        entry = whole.schema.get("items")
        return Parameter(whole.name, entry) if isinstance(entry, dict) else None

    def _readings(
        self, tool: str, name: str, text: str, question: str, before: Before | None = None
    ) -> list[tuple[str, Any]]:
        """What a message's stretches of words are read as: the words that were read, and the value.

        Args:
            tool: That is called.
            name: Of the argument, dotted.
            text: Of the message.
            question: What was asked before it.
            before: The day and the time that were spoken of before.
        """
        key = (tool, re.sub(r"\d+(?=\])", "", name), text, before)
        if key not in self._read:
            parameter = self._parameter(tool, name)
            siblings = tuple(other for owner, other in self.parameters if owner == tool and other != name)
            out: list[tuple[str, Any]] = []
            for place in windows(text) if parameter is not None else ():
                try:
                    known = partial(_known, before)
                    where = Where(text, place, question, (tool,), siblings, self.now, self.language, known)
                    told = read_in_message(where, parameter) if parameter else None
                except (ValueError, OverflowError):
                    told = None
                if told is not None:
                    out.append((text[told.start : told.end], _to_the_minute(told.value)))
            self._read[key] = out
        return self._read[key]


def said_last(history: Sequence[Mapping[str, Any]], most: int = 5) -> list[tuple[str, str]]:
    """The last messages of user and assistant, the latest first, each with what the assistant said right before."""
    out = [
        (message["content"], before["content"] if before is not None and before["role"] == "assistant" else "")
        for before, message in zip([None, *history], history, strict=False)
        if message["role"] in ("user", "assistant")
    ]
    return out[-most:][::-1]


def _parts(value: Any) -> list[Before]:
    """What may have been said before of a day and time: the one or the other, where a message says but the rest."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", value):
        return []
    moment = datetime.fromisoformat(value)
    return [(moment.date(), None), (None, moment.time())]


def _known(before: Before | None) -> Before:
    return before or (None, None)


def _to_the_minute(value: Any) -> Any:
    """A time without its seconds, where they are none: gold values and readings may have them or not."""
    return re.sub(r"(\d\d:\d\d):00$", r"\1", value) if isinstance(value, str) else value


def windows(text: str, longest: int = 5) -> Iterator[tuple[int, int]]:
    """Stretches of one to five words, or Chinese characters, without what is not part of a word at their ends."""
    found = list(re.finditer(rf"[{HAN}]|[^\s,;()，。；：、！？“”（）{HAN}]+(?<![.!?:])", text))
    for first in range(len(found)):
        for last in range(first, min(first + longest, len(found))):
            yield found[first].start(), found[last].end()


def leaves(arguments: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Arguments by their dotted names; those of a list's entries as `items[0].name` or `items[0]`."""
    for name, value in arguments.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for place, entry in enumerate(value):
                if isinstance(entry, dict):
                    yield from leaves(entry, f"{prefix}{name}[{place}].")
                else:
                    yield f"{prefix}{name}[{place}]", entry
        else:
            yield f"{prefix}{name}", value
