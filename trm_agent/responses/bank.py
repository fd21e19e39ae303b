"""The answers kept, each with the condition it was seen in: a file that a person reads and edits.

    responses.jsonl         an answer a line: id, text with {names}, count, after, tools, asks
    responses.safetensors   the sentence vector of each text (and the head, see `responses.head`)

A line may be changed, removed or added by hand: a vector belongs to a text, and one that is not there is made again.
R answers · E encoder width.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import CheckpointError
from trm_agent.features.tools import TextEncoder
from trm_agent.responses.guard import capitalised
from trm_agent.responses.templates import PLACEHOLDER, comparison_key, placeholders, record_of, spoken

After = Literal["user", "result", "empty"]
"""What came just before: a user message, a result, or a result that holds nothing or an error."""

MOST_RESPONSES = 2000
MOST_TOOLS = 12
ORDINARY = 3
"""A capitalised word of an answer is no value if answers seen so often hold it."""
SAME = 0.95
"""Cosine from which two answers with the same names count as one."""


@dataclass(frozen=True)
class Response:
    """One answer.

    Attributes:
        text: With `{name}` for every value.
        count: How often it, or a near-duplicate, was said.
        after: What came before it → how often.
        tools: The tool that was meant → how often; "" for none.
        asks: The parameters that it asks for.
        when: Yes-or-no fields that it speaks of → what they must be for it to be true.
        first: How often it was the first answer of its conversation; None: not known.
    """

    text: str
    count: int = 1
    after: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[str, int] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    when: Mapping[str, bool] = field(default_factory=dict)
    first: int | None = None

    @cached_property
    def id(self) -> str:
        """Follows from the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]

    @cached_property
    def key(self) -> str:
        """Equal for texts that differ in letter case and punctuation only."""
        return comparison_key(self.text)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(placeholders(self.text))

    @cached_property
    def record(self) -> int | None:
        """As of `record_of`."""
        return record_of(self.names)

    def with_more(self, other: Response) -> Response:
        """The same answer, also seen where the other one was."""
        after, tools = Counter(self.after) + Counter(other.after), Counter(self.tools) + Counter(other.tools)
        first = None if None in (self.first, other.first) else (self.first or 0) + (other.first or 0)
        return replace(self, count=self.count + other.count, after=dict(after), tools=dict(tools), first=first)

    def to_json(self) -> dict[str, Any]:
        tools = dict(Counter(self.tools).most_common(MOST_TOOLS))
        known: dict[str, Any] = {
            "count": self.count,
            "after": dict(self.after),
            "tools": tools,
            "asks": list(self.asks),
        }
        known["when"] = dict(self.when)
        said = {key: value for key, value in known.items() if value}
        return {"id": self.id, "text": self.text, **said, **({} if self.first is None else {"first": self.first})}

    @classmethod
    def from_json(cls, data: Any) -> Response:
        """Raises:
        ValueError: It is no answer; what is wrong.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("text"), str) or not data["text"].strip():
            raise ValueError(f'expected an object with a "text", got {data!r:.80}')
        count, asks = data.get("count", 1), data.get("asks", ())
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f'"count" must be a number from 1, got {count!r}')
        if not isinstance(asks, list | tuple) or not all(isinstance(name, str) for name in asks):
            raise ValueError(f'"asks" must be a list of names, got {asks!r:.80}')
        after, tools = (_counts(data.get(key, {}), key) for key in ("after", "tools"))
        when = data.get("when", {})
        if not isinstance(when, Mapping) or not all(isinstance(value, bool) for value in when.values()):
            raise ValueError(f'"when" must be an object of true and false, got {when!r:.80}')
        if unknown := after.keys() - set(get_args(After)):
            raise ValueError(f'"after" must be among {", ".join(get_args(After))}, got {sorted(unknown)[0]!r}')
        first = data.get("first")
        if first is not None and (isinstance(first, bool) or not isinstance(first, int) or first < 0):
            raise ValueError(f'"first" must be a number from 0, got {first!r}')
        return cls(data["text"], count, after, tools, tuple(asks), dict(when), first)


def _counts(value: Any, key: str) -> dict[str, int]:
    """Counts, or a plain list of names as a person would write them."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, 1)
    if isinstance(value, Mapping) and all(isinstance(n, int) and not isinstance(n, bool) for n in value.values()):
        return {str(name): n for name, n in value.items()}
    raise ValueError(f'"{key}" must be an object of counts or a list of names, got {value!r:.80}')


@dataclass(frozen=True)
class ResponseBank:
    """Answers with their vectors.

    Attributes:
        responses: The most frequent first.
        vectors: Unit length, float32 [R, E].
    """

    responses: tuple[Response, ...]
    vectors: np.ndarray

    @cached_property
    def row(self) -> dict[str, int]:
        """Id → row."""
        return {response.id: row for row, response in enumerate(self.responses)}

    @cached_property
    def row_of_key(self) -> dict[str, int]:
        """Words, whatever their letter case and punctuation → row of the most frequent answer with them."""
        return {response.key: row for row, response in reversed(list(enumerate(self.responses)))}

    @cached_property
    def name_sets(self) -> tuple[frozenset[str], ...]:
        """The names of each answer."""
        return tuple(frozenset(response.names) for response in self.responses)

    @cached_property
    def rows_with(self) -> dict[str, list[int]]:
        """Name → rows of the statements that hold it."""
        found: dict[str, list[int]] = {}
        for row, response in enumerate(self.responses):
            for name in response.names if not response.asks and "?" not in response.text else ():
                found.setdefault(name, []).append(row)
        return found

    @cached_property
    def asking(self) -> np.ndarray:
        """Whether each asks for something, bool [R]."""
        return np.array([bool(response.asks) for response in self.responses], bool)

    @cached_property
    def frequency(self) -> np.ndarray:
        """How often each was said, as a power of two, float [R]."""
        return np.array([response.count.bit_length() for response in self.responses], np.float32)

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """Capitalised words that are no values, casefolded."""
        return ordinary_words(self.responses)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal answers."""
        lines = (json.dumps(response.to_json(), sort_keys=True) for response in self.responses)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    @classmethod
    def of(cls, responses: Iterable[Response], encoder: TextEncoder | Encoder) -> ResponseBank:
        """Encode answers."""
        kept = tuple(responses)
        return cls(kept, encode(kept, encoder))

    def most_frequent(self, most: int) -> ResponseBank:
        """At most so many of the answers."""
        rows = sorted(range(len(self.responses)), key=lambda row: (-self.responses[row].count, row))[:most]
        return ResponseBank(tuple(self.responses[row] for row in rows), self.vectors[rows])

    def edited(self, responses: Iterable[Response], encoder: TextEncoder | Encoder) -> ResponseBank:
        """Other answers; only those that are new are encoded."""
        kept = tuple({response.id: response for response in responses}.values())
        fresh = [response for response in kept if response.id not in self.row]
        made = dict(zip((response.id for response in fresh), encode(fresh, encoder), strict=True))
        rows = [made[r.id] if r.id in made else self.vectors[self.row[r.id]] for r in kept]
        return ResponseBank(kept, np.stack(rows) if rows else np.zeros((0, encoder.width), np.float32))

    def write(self, path: Path) -> None:
        """Write the answers (not the vectors), all or nothing."""
        partial = path.with_suffix(".partial")
        lines = (json.dumps(response.to_json(), ensure_ascii=False) for response in self.responses)
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        partial.replace(path)


def read_responses(path: Path) -> tuple[Response, ...]:
    """The answers of a file, equal ones once.

    Raises:
        CheckpointError: Every line that is no answer, with its number.
    """
    found: dict[str, Response] = {}
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            response = Response.from_json(json.loads(line))
            found.setdefault(response.id, response)
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        raise CheckpointError("\n".join(problems))
    return tuple(found.values())


def encode(responses: Sequence[Response], encoder: TextEncoder | Encoder) -> np.ndarray:
    """Sentence vectors of the answers, names as words; [R, E]."""
    if not responses:
        return np.zeros((0, encoder.width), np.float32)
    return np.stack([part.sentence for part in encoder.encode([spoken(r.text) for r in responses])])


def ordinary_words(responses: Iterable[Response]) -> frozenset[str]:
    """Capitalised words that stand in answers seen often."""
    seen: Counter[str] = Counter()
    for response in responses:
        seen.update(
            dict.fromkeys(
                (word.casefold() for word in capitalised(PLACEHOLDER.sub("…", response.text))), response.count
            )
        )
    return frozenset(word for word, count in seen.items() if count >= ORDINARY)
