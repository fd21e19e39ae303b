"""A router that knows its tools: histories in, decisions out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from trm_agent.checkpoint import Checkpoint
from trm_agent.decoding import one_by_one
from trm_agent.decoding.by_clause import Clause
from trm_agent.decoding.coverage import rate
from trm_agent.decoding.decide import check_tool_choice, complete, decode, fold
from trm_agent.decoding.prediction import Prediction, SlotPrediction
from trm_agent.decoding.record_calls import call_with_records
from trm_agent.decoding.rules import Rule, refine
from trm_agent.decoding.scene import Scene
from trm_agent.decoding.state import trusted_values
from trm_agent.encoder.sentence import CachingEncoder
from trm_agent.encoder.threads import one_blas_thread
from trm_agent.features.catalogue import Catalogue
from trm_agent.features.conversation import Conversation
from trm_agent.features.tools import ToolTable
from trm_agent.features.window import read_windows
from trm_agent.log import logger
from trm_agent.routing.forward import BATCH_TOKENS, Item, Network
from trm_agent.routing.requests import Request, continuations, decision_points
from trm_agent.types import Decision, Message, SlotState, ToolCall, ToolSchema, Value, history_hash, parse_history

IRRELEVANT_SHARE = 0.1

_NOT_READ = SlotPrediction(1.0, 0.0, 0.0)


class Loaded(Protocol):
    """What a router has loaded, whichever tools it is bound to."""

    checkpoint: Checkpoint
    encoder: CachingEncoder
    network: Network
    rules: tuple[Rule, ...]

    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True)
class _Point:
    """What is predicted for the tools and slots that entered a decision point."""

    table: ToolTable
    prediction: Prediction


@dataclass(frozen=True)
class _End:
    """Where a history is decided: what was predicted there, and what the slots held before."""

    point: _Point
    values: Mapping[str, Value]
    history: list[Message]


class BoundRouter:
    """A router that knows its tools."""

    def __init__(self, router: Loaded, tools: tuple[ToolSchema, ...], catalogue: Catalogue, digest: str) -> None:
        self.router = router
        self.tools = tools
        self.slots = catalogue.slots
        self._catalogue = catalogue
        self._slot = {slot.key: slot for slot in self.slots}
        self._tool = {tool.name: tool for tool in tools}
        self.fingerprint = hashlib.sha256(f"{router.fingerprint}|{digest}".encode()).hexdigest()[:32]

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors it holds."""
        return self._catalogue.nbytes

    def entering(self, history: Sequence[Message | Mapping[str, Any]]) -> list[str]:
        """The tools, by name, that would be looked at after a history: all of them, or the nearest of a long list.

        Raises:
            HistoryError: The history is empty or malformed.
        """
        messages = parse_history(history)
        return [tool.name for tool in self._catalogue.at(messages, len(messages)).tools]

    def decide(
        self,
        history: Sequence[Message | Mapping[str, Any]],
        *,
        state: Mapping[str, Any] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> Decision:
        """Decide what comes after a history.

        Args:
            history: Messages, or plain JSON.
            state: `Decision.state` of an earlier turn of the same conversation; saves re-reading, changes nothing.
            tool_choice: `auto`, `any`, `none`, or the name of the tool to call.
            now: What relative dates count from.

        Raises:
            HistoryError: The history is empty or malformed.
            ToolError: `tool_choice` names no tool on offer.
        """
        return self.decide_batch([history], states=[state], tool_choice=tool_choice, now=now)[0]

    @one_blas_thread
    def decide_batch(
        self,
        histories: Sequence[Sequence[Message | Mapping[str, Any]]],
        *,
        states: Sequence[Mapping[str, Any] | None] | None = None,
        tool_choice: str = "auto",
        now: datetime | None = None,
    ) -> list[Decision]:
        """Decide several histories in one vectorised forward; histories that continue one another are read once.

        Raises:
            HistoryError: A history is empty or malformed.
            ToolError: `tool_choice` names no tool on offer.
            ValueError: Not as many states as histories.
        """
        if states is not None and len(states) != len(histories):
            raise ValueError(f"expected one state for each of the {len(histories)} histories, got {len(states)}")
        check_tool_choice(tool_choice, self.tools)
        started = time.perf_counter()
        parsed = [parse_history(history) for history in histories]
        requests = [self._resume(messages, states[i] if states else None, now) for i, messages in enumerate(parsed)]
        groups = continuations(requests)
        carry = self.router.network.model.config.carry
        points = [sorted({n for i in members for n in requests[i].read(carry)}) for members in groups]
        windows = [
            (group, talk, visible)
            for group, members in enumerate(groups)
            for talk, visible in read_windows(
                requests[members[0]].history, points[group], self.router.encoder, BATCH_TOKENS
            )
        ]
        encoded = time.perf_counter()
        ends = [{len(requests[i].history) for i in members} for members in groups]
        items = [
            item
            for group, talk, visible in windows
            for item in self._items(group, talk, visible, ends[group], tool_choice)
        ]
        predictions: list[dict[tuple[int, bool], _Point]] = [{} for _ in groups]
        floor = self.router.network.model.config.relevance_floor
        for item, predicted in zip(items, self.router.network.predict(items), strict=True):
            relevance = self._catalogue.relevance(item.talk)
            for n, prediction in predicted.items():
                discounted = _discount(prediction, relevance[n] < floor)
                predictions[item.group][n, item.forced] = _Point(item.table, discounted)
        forwarded = time.perf_counter()
        out: list[Decision | None] = [None] * len(histories)
        for members, found in zip(groups, predictions, strict=True):
            for i in members:
                decision, end = self._decide(requests[i], found, tool_choice, now)
                singly = self._one_by_one(decision, end, tool_choice, now)
                out[i] = singly or self._complete(decision, end.history, states[i] if states else None, now)
        finished = time.perf_counter()
        share = 1000 / max(1, len(histories))
        latency = {
            "encoder": (encoded - started) * share,
            "trm": (forwarded - encoded) * share,
            "decoding": (finished - forwarded) * share,
            "total": (finished - started) * share,
        }
        return [replace(decision, latency_ms=latency) for decision in out if decision is not None]

    def _resume(self, history: list[Message], state: Mapping[str, Any] | None, now: datetime | None) -> Request:
        if state is None:
            return Request(history, 0, {})
        values = trusted_values(state, self.fingerprint, self._slot, history, now)
        if values is None:
            logger.warning("the slot state does not fit these tools, weights or messages; replaying the history")
            return Request(history, 0, {})
        return Request(history, int(state["messages"]), values)

    def _items(
        self, group: int, talk: Conversation, points: list[int], ends: set[int], tool_choice: str
    ) -> Iterator[Item]:
        """Points of a window by what enters them; an end is read once more where the tool to call would not enter.

        That second reading decides, and is not remembered: what the state holds does not depend on `tool_choice`.
        """
        for table, together in self._catalogue.split(talk.messages, points):
            yield Item(group, talk, table, together)
            if tool_choice in self._catalogue.row and all(tool.name != tool_choice for tool in table.tools):
                for n in ends.intersection(together):
                    yield Item(group, talk, self._catalogue.at(talk.messages, n, tool_choice), [n], forced=True)

    def _decide(
        self, request: Request, points: Mapping[tuple[int, bool], _Point], tool_choice: str, now: datetime | None
    ) -> tuple[Decision, _End]:
        """Fold the decision points in order, then decide at the end."""
        calibration = self.router.checkpoint.calibration
        history, values, done = request.history, request.values, request.done
        end, forced = len(history), (len(history), True) in points

        def after(n: int, before: dict[str, Value]) -> dict[str, Value]:
            prediction, scene = self._offer(points[n, False], before, history[:n], now)
            return fold(prediction, scene, before, calibration=calibration, rules=self.router.rules)

        for n in request.points[:-1]:
            values, done = after(n, values), n
        last = _End(points[end, forced], values, history)
        decision = decode(
            *self._offer(last.point, values, history, now),
            previous=values,
            calibration=calibration,
            tool_choice=tool_choice,
            rules=self.router.rules,
        )
        if end in decision_points(history):
            values, done = after(end, values) if forced else decision.slot_values, end
        held = {key: value.to_json() for key, value in values.items()}
        state = SlotState(self.fingerprint, done, history_hash(history[:done]), held)
        tools = dict.fromkeys(self._catalogue.row, 0.0) | decision.probabilities["tools"]
        decision = replace(
            decision,
            state=state.to_json(),
            probabilities={**decision.probabilities, "tools": tools},
            answer_state=last.point.prediction.answer_state,
        )
        return decision, last

    def _one_by_one(self, decision: Decision, end: _End, tool_choice: str, now: datetime | None) -> Decision | None:
        """The same decision with the entries of its list read one at a time.

        None where there is no such list, where the network has not learned it, or where the first reading makes no
        call.
        """
        router = self.router
        if decision.tool is None or not router.network.model.config.marks:
            return None
        tool = self._tool[decision.tool]
        if not self._read_singly(tool, end.values):
            return None
        history, calibration = end.history, router.checkpoint.calibration
        whole, seen = self._offer(end.point, end.values, history, now)
        if tool.records is not None and {call.tool for call in decision.calls} == {tool.name}:
            refined = refine(whole, seen, router.rules)
            call = call_with_records(decision.calls[0], tool, refined, seen, calibration)
            if call is not None:
                return rate(decision.with_calls([call]), self.tools, history, calibration)
        [(talk, [n])] = read_windows(history, [len(history)], router.encoder, BATCH_TOKENS)
        calls: list[ToolCall] = []
        used: list[one_by_one.Place] = []
        for _ in range(one_by_one.MOST):
            item = Item(0, talk.one_at_a_time(used), end.point.table, [n])
            [predicted] = router.network.predict([item])
            prediction, scene = self._offer(_Point(item.table, predicted[n]), end.values, history, now)
            prediction = one_by_one.near_together(prediction, scene.slots, tool, history, used)
            single = decode(
                one_by_one.alone(prediction),
                replace(scene, one_entry=True),
                previous=end.values,
                calibration=calibration,
                tool_choice="any" if tool_choice == "auto" else tool_choice,
                rules=router.rules,
            )
            if not any(one_by_one.is_new(call, self._tool[call.tool], history, used) for call in single.calls):
                break
            calls += single.calls
            used += [place for call in single.calls for place in one_by_one.taken_up(call, history)]
            left = one_by_one.left_over(whole, scene.slots, tool, history, used)
            if one_by_one.is_last(prediction, left):
                break
        if not calls:
            return None
        together = one_by_one.together(calls, decision.calls, self._tool)
        return rate(decision.with_calls(together), self.tools, history, calibration)

    def _read_singly(self, tool: ToolSchema, before: Mapping[str, Value]) -> bool:
        """Whether a tool's list is read entry by entry: records always, plain values where one is edited."""
        return tool.records is not None or any(
            (tool.name, tool.listed) in self._slot[key].readers for key in before if key in self._slot
        )

    def _complete(
        self, decision: Decision, history: list[Message], state: Mapping[str, Any] | None, now: datetime | None
    ) -> Decision:
        """The same decision, each of several calls read in the clause that speaks of it."""

        def read(parts: Sequence[Clause]) -> list[Decision]:
            return [self.decide(part.history, state=state, tool_choice=part.call.tool, now=now) for part in parts]

        slots, calibration = tuple(self._slot.values()), self.router.checkpoint.calibration
        return complete(decision, Scene(self.tools, slots, history, now), calibration, read)

    def _offer(
        self, point: _Point, values: Mapping[str, Value], history: Sequence[Message], now: datetime | None
    ) -> tuple[Prediction, Scene]:
        """A prediction with its scene: its tools and slots, and the slots that hold a value and did not enter.

        Whatever else did not enter would be predicted empty and not meant: leaving it out changes nothing.
        """
        slots = point.table.slots
        entered = {slot.key for slot in slots}
        if entered.issuperset(values):
            return point.prediction, Scene(point.table.tools, slots, history, now)
        carried = [self._slot[key] for key in values if key not in entered]
        said = [*zip(slots, point.prediction.slots, strict=True), *((slot, _NOT_READ) for slot in carried)]
        said.sort(key=lambda pair: pair[0].key)
        prediction = replace(point.prediction, slots=tuple(prediction for _, prediction in said))
        return prediction, Scene(point.table.tools, tuple(slot for slot, _ in said), history, now)


def _discount(prediction: Prediction, irrelevant: bool) -> Prediction:
    """Where nothing said so far has to do with any tool, the tools and a call lose most of their probability."""
    if not irrelevant or not prediction.tools:
        return prediction
    tools = tuple(p * IRRELEVANT_SHARE for p in prediction.tools)
    return replace(prediction, call=prediction.call * IRRELEVANT_SHARE, tools=tools, no_tool=1 - sum(tools))
