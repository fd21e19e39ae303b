"""How sure the calls of a turn are, whatever they hold: their values, and what was said that none of them takes up.

A request that says a number, a name or several words more than a call accounts for was probably read in part. A word
counts from four letters on, and not where a call, its tool's name or a description says it, or where it is ordinary
("please"). Which words are ordinary is learned where confidence is fitted: right calls of several tools left them
unread. So no language has a list of its own.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from trm_agent.decoding.calibration import Calibration, DecisionScores
from trm_agent.decoding.scene import last_user
from trm_agent.types import Decision, Message, Span, ToolCall, ToolSchema, identifier_words
from trm_agent.values.compare import choice_place

LETTERS = 4
"""Letters from which a word counts, and by which two words are taken for one ("convert", "conversion")."""
ORDINARY = 4
"""So many tools have right calls that leave a word unread which says nothing."""
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")


@dataclass(frozen=True)
class Unread:
    """What the last message of the user says that no call takes up.

    Attributes:
        words: Those of four letters and more, in lower case, ordinary ones too.
        numbers: So many numbers.
        of: Words in the whole message.
    """

    words: tuple[str, ...]
    numbers: int
    of: int

    def share(self, ordinary: Set[str]) -> float:
        """Of the message's words, those that are unread and not ordinary."""
        return sum(word not in ordinary for word in self.words) / max(1, self.of)


def ordinary_words(right: Iterable[tuple[Sequence[ToolCall], Unread]]) -> frozenset[str]:
    """Words that say nothing, learned from calls that were right in whole and what they left unread."""
    tools: dict[str, set[str]] = defaultdict(set)
    for calls, left in right:
        for word in left.words:
            tools[word] |= {call.tool for call in calls}
    return frozenset(word for word, callers in tools.items() if len(callers) >= ORDINARY)


def rate(
    decision: Decision, tools: Sequence[ToolSchema], history: Sequence[Message], calibration: Calibration
) -> Decision:
    """The same decision, its scores and the confidence of its calls taken from the calls as they are.

    Args:
        decision: Its values' confidences went through this calibration.
        tools: On offer.
        history: What it was decided after.
        calibration: Of the router.
    """
    if not decision.calls:
        return decision
    sure = [
        calibration.value_score(value.confidence) for call in decision.calls for value in call.argument_values.values()
    ]
    left = unread(decision.calls, tools, history)
    called = {call.tool for call in decision.calls}
    reading = any(tool.parameters for tool in tools if tool.name in called)
    first = sum(message.role == "user" for message in history) == 1
    scores = replace(
        DecisionScores.of(decision),
        arguments=math.prod(sure),
        weakest=min(sure, default=1.0),
        calls=float(len(decision.calls)),
        opening=float(reading and first),
        unread=left.share(calibration.ordinary),
        unread_numbers=float(left.numbers),
        later=float(reading and not first),
        lists=float(sum(map(_is_list, (value for call in decision.calls for value in call.arguments.values())))),
        shared=float(sum(taken_twice(call, history) for call in decision.calls)),
        carried=_carried(decision.calls, history),
    )
    return replace(decision, scores=scores.to_json(), call_confidence=calibration.call_confidence(scores))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and (len(value) > 1 or any(isinstance(entry, Mapping) for entry in value))


def taken_twice(call: ToolCall, history: Sequence[Message]) -> int:
    """Arguments whose words are those of another argument, where the one or the other is an entry of a closed list.

    Two readings of the same words are told apart elsewhere; an entry of a closed list has no place, but its words may
    stand in the user's last message ("312", both the size and the number of packs).
    """
    last = last_user(history)
    if last is None:
        return 0
    taken = call.places(last)
    count = 0
    for value in call.argument_values.values():
        if value.source.span is not None or isinstance(value.value, bool):
            continue
        place = choice_place(value.value, history[last].text)
        count += place is not None and any(map(Span(*place).overlaps, taken))
    return count


def _carried(calls: Sequence[ToolCall], history: Sequence[Message]) -> float:
    """Share of the arguments that stand in an earlier message than the user's last."""
    sources = [value.source for call in calls for value in call.argument_values.values() if value.source.span]
    last = last_user(history)
    return sum(source.message != last for source in sources) / len(sources) if sources else 0.0


def unread(calls: Sequence[ToolCall], tools: Sequence[ToolSchema], history: Sequence[Message]) -> Unread:
    """What the last message of the user says that these calls do not take up.

    Args:
        calls: To tools on offer.
        tools: On offer.
        history: What the sources of values point into.
    """
    last = last_user(history)
    if last is None:
        return Unread((), 0, 0)
    words = [(Span.of(m), m.group().casefold()) for m in _WORD.finditer(history[last].text)]
    taken = [place for call in calls for place in call.places(last)]
    known = set(_said(calls, {tool.name: tool for tool in tools}))
    beginnings = {word[:LETTERS] for word in known if len(word) >= LETTERS}
    free = [w for place, w in words if w not in known and not any(map(place.overlaps, taken))]
    others = [word for word in free if len(word) >= LETTERS and word[:LETTERS] not in beginnings]
    return Unread(tuple(others), sum(word[0].isdigit() for word in free), len(words))


def _said(calls: Sequence[ToolCall], tools: dict[str, ToolSchema]) -> Iterator[str]:
    """The words of the calls' values and of the declarations of their tools."""
    for call in calls:
        tool = tools[call.tool]
        texts = [identifier_words(tool.name), tool.description]
        texts += [text for p in tool.parameters for text in (identifier_words(p.name), p.description)]
        texts += [str(value.value) for value in call.argument_values.values()]
        for text in texts:
            yield from (match.group().casefold() for match in _WORD.finditer(text))
