"""Gold labels of a batch of episodes → tensors.

N decision points · W tokens · S slots · C choices · Q filled open slots with their value in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from trm_agent.features.batch import Batch
from trm_agent.features.conversation import Conversation
from trm_agent.features.tools import ToolTable
from trm_agent.model.answers import DONTCARE_OP, EMPTY, FILLED
from trm_agent.training.episodes import Episode, Place
from trm_agent.types import DONTCARE, SPEECH_ACTS
from trm_agent.values import normalise

IGNORE = -100
JOINING_TOKENS = 4
"""From the end of an entry to the start of the next one of its list: ", and the" are three tokens between them."""


@dataclass(frozen=True)
class Targets:
    """Gold labels of the decision points of a batch.

    Attributes:
        decision: 0 direct answer, 1 tool call, `IGNORE`; [N].
        tool: Share of each tool among those meant, no tool first; all zero where it is not known; [N, 1 + K].
        op: Empty, filled, don't care; `IGNORE` beyond the slots; [N, S].
        calls: How many calls, less one, at most `most_calls` − 1; `IGNORE` without a call; [N].
        choice_slot: Point and slot of each filled closed slot; a slot that several calls fill differently, or that
            takes several entries, comes as often; [R, 2].
        choice: Index into the batch's choices, [R].
        choice_weight: One over the values of the slot and their entries, [R].
        span_slot: Point and slot of each filled open slot whose value stands in the text, likewise, [Q, 2].
        spans: Whether start and length give a right value, [Q, W, span_tokens].
        span_weight: One over the values of the slot, [Q].
        act: Place of the speech act in `SPEECH_ACTS`; `IGNORE` where it is not known; [N].
    """

    decision: Tensor
    tool: Tensor
    op: Tensor
    calls: Tensor
    choice_slot: Tensor
    choice: Tensor
    choice_weight: Tensor
    span_slot: Tensor
    spans: Tensor
    span_weight: Tensor
    act: Tensor

    def to(self, device: torch.device | str) -> Targets:
        return replace(self, **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})

    def pin_memory(self) -> Targets:
        """See `Batch.pin_memory`."""
        return replace(self, **{f.name: getattr(self, f.name).pin_memory() for f in fields(self)})


def build_targets(
    items: Sequence[tuple[Episode, ToolTable, Conversation]], batch: Batch, span_tokens: int, most_calls: int
) -> Targets:
    """Label a batch of episodes.

    Args:
        items: In the batch's order.
        batch: Of these episodes.
        span_tokens: Longest span.
        most_calls: Calls of one turn that are told apart.
    """
    N, S, K = len(batch.episode), batch.slot_mask.shape[1], batch.tool_mask.shape[1]
    decision, calls, act = np.full(N, IGNORE), np.full(N, IGNORE), np.full(N, IGNORE)
    tool, op = np.zeros((N, 1 + K), np.float32), np.full((N, S), IGNORE)
    picks: list[tuple[int, int, int, float]] = []
    pointed: list[tuple[int, int, float]] = []
    spans: list[list[tuple[int, int]]] = []
    n = -1
    for episode, table, talk in items:
        names = {t.name: k + 1 for k, t in enumerate(table.tools)}
        finder = SpanFinder(talk, span_tokens)
        closed = [[normalise(c) for c in slot.parameter.choices] for slot in table.slots]
        first = np.cumsum([0, *(len(c) for c in closed)])
        for point in episode.points:
            n += 1
            if point.decision is not None:
                decision[n] = int(point.decision == "tool_call")
            if point.act is not None:
                act[n] = SPEECH_ACTS.index(point.act)
            if point.calls:
                calls[n] = min(point.calls, most_calls) - 1
            meant = point.tools or ((point.intent,) if point.intent else ())
            rows = [names[name] for name in meant if name in names] if meant else [0]
            if point.intent_known and rows:
                tool[n, rows] = 1 / len(rows)
            for s, slot in enumerate(table.slots):
                values = point.slots.get(slot.key)
                if point.known is not None and slot.key not in point.known:
                    continue
                op[n, s] = EMPTY if values is None else DONTCARE_OP if values[0] == DONTCARE else FILLED
                if op[n, s] != FILLED or values is None:
                    continue
                every = (values, *point.more.get(slot.key, ()))
                if not closed[s] and slot.key not in point.places and len(every) == 1 and is_list(values[0]):
                    places = finder.find_list(values, point.messages)
                    pointed.extend((n, s, 1 / len(places)) for _ in places)
                    spans.extend(places)
                    continue
                for wordings in every:
                    if closed[s]:
                        chosen = _chosen(wordings, slot.parameter.choices, closed[s])
                        picks.extend((n, s, int(first[s]) + one, 1 / len(every) / len(chosen)) for one in chosen)
                    elif (
                        found := finder.at(point.places[slot.key])
                        if slot.key in point.places
                        else finder.find(wordings, point.messages)
                    ):
                        pointed.append((n, s, 1 / len(every)))
                        spans.append(found)
    positive = np.zeros((len(spans), batch.tokens.shape[1], span_tokens), bool)
    for q, found in enumerate(spans):
        for start, length in found:
            positive[q, start, length] = True
    return Targets(
        decision=torch.from_numpy(decision),
        tool=torch.from_numpy(tool),
        op=torch.from_numpy(op),
        calls=torch.from_numpy(calls),
        choice_slot=torch.tensor([pick[:2] for pick in picks], dtype=torch.long).reshape(-1, 2),
        choice=torch.tensor([pick[2] for pick in picks], dtype=torch.long),
        choice_weight=torch.tensor([pick[3] for pick in picks], dtype=torch.float),
        span_slot=torch.tensor([point[:2] for point in pointed], dtype=torch.long).reshape(-1, 2),
        spans=torch.from_numpy(positive),
        span_weight=torch.tensor([point[2] for point in pointed], dtype=torch.float),
        act=torch.from_numpy(act),
    )


def _plain(entry: object) -> object:
    """A whole number as people write it."""
    return int(entry) if isinstance(entry, float) and entry.is_integer() else entry


def is_list(value: object) -> bool:
    """Whether it is a list of plain values."""
    return isinstance(value, list) and bool(value) and not any(isinstance(entry, dict | list) for entry in value)


def _chosen(wordings: Sequence[object], choices: Sequence[object], closed: Sequence[str]) -> list[int]:
    """The choices that a right value names, of choices and their normalised texts; of a list, all its entries."""
    for value in wordings:
        entries = value if isinstance(value, list) else [value]
        texts = [normalise(entry) for entry in entries]
        if entries and all(text in closed for text in texts):
            places = [
                choices.index(entry) if entry in choices else closed.index(text)
                for entry, text in zip(entries, texts, strict=True)
            ]
            return list(dict.fromkeys(places))
    return []


class SpanFinder:
    """Finds where the accepted wordings of a value stand in a conversation, as token spans."""

    def __init__(self, talk: Conversation, span_tokens: int) -> None:
        self.talk = talk
        self.span_tokens = span_tokens
        self.texts = [message.text.lower() for message in talk.messages]
        self.first = np.searchsorted(talk.token_message, np.arange(len(self.texts) + 1))
        self._known: dict[tuple[str, int], list[tuple[int, int]]] = {}

    def find(self, values: Sequence[object], visible: int) -> list[tuple[int, int]]:
        """(start token, length − 1) of every mention in the first `visible` messages.

        What people and assistant said goes before what calls and results restate.
        """
        wordings = list(dict.fromkeys(str(value).lower() for value in values if str(value).strip()))
        said: list[tuple[int, int]] = []
        restated: list[tuple[int, int]] = []
        for m in range(visible):
            target = restated if self.talk.messages[m].role.startswith("tool") else said
            for wording in wordings:
                target.extend(self._in_message(wording, m))
        return said or restated

    def find_list(self, values: Sequence[object], visible: int) -> list[list[tuple[int, int]]]:
        """Where a list of plain values stands: as one run ("ham, egg and cress"), else each of its entries.

        Args:
            values: The wordings of the list, lists and texts.
            visible: Messages that may be looked at.

        Returns:
            What `find` gives, for the run or for every entry that stands somewhere.
        """
        if whole := self.find([value for value in values if not isinstance(value, list)], visible):
            return [whole]
        entries = values[0] if isinstance(values[0], list) else []
        found = {str(entry).lower(): self.find((str(entry), str(_plain(entry))), visible) for entry in entries}
        if all(found.values()) and (run := self._run(list(found.values()))):
            return [run]
        return [places for places in found.values() if places]

    def _run(self, entries: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
        """From the first entry to the last, where nothing but a few words joins them; the latest such run."""
        owner = self.talk.token_message
        for message in sorted({int(owner[start]) for start, _ in entries[0]}, reverse=True):
            inside = [[(a, a + n) for a, n in places if owner[a] == message] for places in entries]
            if not all(inside):
                continue
            order = sorted(places[-1] for places in inside)
            apart = [after[0] - before[1] for before, after in pairwise(order)]
            length = order[-1][1] - order[0][0]
            if all(0 < tokens <= JOINING_TOKENS for tokens in apart) and length < self.span_tokens:
                return [(order[0][0], length)]
        return []

    def at(self, place: Place) -> list[tuple[int, int]]:
        """The same of the characters of one place; empty where they are no run of tokens."""
        message, start, end = place
        found = self._tokens(message, start, end)
        return [found] if found else []

    def _in_message(self, wording: str, m: int) -> list[tuple[int, int]]:
        key = (wording, m)
        if key not in self._known:
            self._known[key] = list(self._search(wording, m))
        return self._known[key]

    def _search(self, wording: str, m: int) -> Iterator[tuple[int, int]]:
        at = self.texts[m].find(wording)
        while at >= 0:
            if found := self._tokens(m, at, at + len(wording)):
                yield found
            at = self.texts[m].find(wording, at + 1)

    def _tokens(self, m: int, first: int, last: int) -> tuple[int, int] | None:
        """(start token, length − 1) of whole words, given by their characters."""
        talk = self.talk
        lo, hi = int(self.first[m]), int(self.first[m + 1])
        spans = talk.token_spans[lo:hi]
        start, end = int(np.searchsorted(spans[:, 0], first)), int(np.searchsorted(spans[:, 1], last))
        if start >= len(spans) or end >= len(spans) or spans[start, 0] != first or spans[end, 1] != last:
            return None
        fits = 0 <= end - start < self.span_tokens
        return (lo + start, end - start) if fits and talk.word_start[lo + start] and talk.word_end[lo + end] else None
