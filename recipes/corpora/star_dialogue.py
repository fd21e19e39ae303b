"""A STAR dialogue as published → its messages, and what the wizard did, with the queries read as calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recipes.corpora.mentions import stands
from recipes.corpora.star_tools import Api, Query, read_query
from trm_agent.types import Message, identifier_words
from trm_agent.values import validates


@dataclass
class Act:
    """Something the wizard did.

    Attributes:
        at: Length of the history before it.
        label: The wizard's own label of an utterance.
        task: API that it belongs to, as far as the data say.
        query: What a query reads as; None for an utterance.
        taught: Whether it becomes a sample.
        sure: Whether the values of a query are the user's, not tries of the wizard's.
    """

    at: int
    label: str | None = None
    task: str | None = None
    query: Query | None = None
    taught: bool = True
    sure: bool = True


@dataclass(frozen=True)
class Dialogue:
    """A conversation: its messages, and what the wizard did, each act at its place among them."""

    messages: list[Message]
    acts: list[Act]


def read_dialogue(data: Mapping[str, Any], apis: Mapping[str, Api], counts: Counter[str]) -> Dialogue:
    """Read the events in order.

    Args:
        data: As published.
        apis: By name.
        counts: Of queries and of what is left out, counted on.
    """
    reader = _Reader(data, apis, counts)
    for event in data["Events"]:
        reader.read(event)
    return Dialogue(reader.messages, reader.acts)


def said(value: Any, name: str, query: Query, messages: Sequence[Message]) -> bool:
    """Whether a value, or the thing that a yes or no is about, stands in one of the messages.

    Args:
        value: An argument.
        name: Its parameter.
        query: What it is an argument of.
        messages: To look through; calls are passed over.
    """
    heard = [message for message in messages if message.role != "tool_call"]
    if isinstance(value, bool):
        stems = [word[:6] for word in identifier_words(name).split() if len(word) > 5]
        return any(stem in message.text.casefold() for message in heard for stem in stems)
    choices = next(parameter.choices for parameter in query.tool.parameters if parameter.name == name)
    others = [other for other in query.arguments.values() if not isinstance(other, list)]
    return any(stands(value, message.text, choices, others) for message in heard)


class _Reader:
    """What has been read so far.

    Attributes:
        messages: Of the dialogue.
        acts: Of the wizard.
    """

    def __init__(self, data: Mapping[str, Any], apis: Mapping[str, Api], counts: Counter[str]) -> None:
        self.messages: list[Message] = []
        self.acts: list[Act] = []
        self._apis, self._counts = apis, counts
        tasks = [capability["Task"] for capability in data["Scenario"]["WizardCapabilities"]]
        self._task: str | None = tasks[0] if len(tasks) == 1 else None
        self._undecided = 0  # acts from here on may belong to the API that is queried next
        self._turn = 0  # acts from here on answer the user's last words
        self._broken = False  # the last query is no valid call: what rests on it is not taught

    def read(self, event: Mapping[str, Any]) -> None:
        action, text = event["Action"], (event.get("Text") or "").strip()
        if action == "select_task":
            self._task, self._undecided = event["Task"], len(self.acts)
        elif action in ("utter", "pick_suggestion") and text:
            if event["Agent"] == "User":
                self.messages.append(Message("user", text))
                self._turn, self._broken = len(self.acts), False
            else:
                self.acts.append(Act(len(self.messages), event.get("ActionLabel"), self._task, taught=not self._broken))
                self.messages.append(Message("assistant", text))
        elif action == "query":
            self._query(event)
        elif action == "return_item" and not self._broken:
            result = {key: value for key, value in (event.get("Item") or {}).items() if key != "APIName"}
            if self.messages[-1].role == "tool_response":  # of a query repeated at once
                self.messages.pop()
            self.messages.append(Message("tool_response", result))

    def _query(self, event: Mapping[str, Any]) -> None:
        self._counts["queries"] += 1
        for act in self.acts[self._undecided :]:
            act.task = event["APIName"]
        query = read_query(self._apis[event["APIName"]], event["Constraints"])
        self._broken = query is None or not validates(query.arguments, query.tool.schema)
        if query is None or self._broken:
            self._counts["queries dropped, no valid call"] += 1
        elif self._repeats(query := _prefer_said(query, self.messages)):
            self._counts["queries dropped, repeated at once"] += 1
        else:
            self.acts.append(self._act(event["APIName"], query))
            self.messages.append(Message("tool_call", query.call))
        self._task, self._undecided = event["APIName"], len(self.acts)

    def _repeats(self, query: Query) -> bool:
        return bool(self.acts[self._turn :] and self.acts[-1].query and self.acts[-1].query.call == query.call)

    def _act(self, api: str, query: Query) -> Act:
        act = Act(len(self.messages), task=api, query=query)
        turn = [earlier.query for earlier in self.acts[self._turn :] if earlier.query]
        if any(earlier.query and earlier.query.call == query.call for earlier in self.acts):
            self._counts["queries without a sample, made before"] += 1
            act.taught = False
        elif any(earlier.tool is query.tool and self._invented(earlier, query) for earlier in turn):
            self._counts["queries without a sample, the wizard's own tries"] += 1
            act.taught = act.sure = False
        return act

    def _invented(self, earlier: Query, query: Query) -> bool:
        """Whether a query differs from an earlier one by a value that nobody said, or only by leaving values out."""
        words = [message for message in self.messages if message.role in ("user", "assistant")]
        new = [name for name, value in query.arguments.items() if earlier.arguments.get(name) != value]
        return not new or any(not said(query.arguments[name], name, query, words) for name in new)


def _prefer_said(query: Query, messages: Sequence[Message]) -> Query:
    """Of several right values the one that was said comes first."""
    values = {
        name: sorted(right, key=lambda value: not said(value, name, query, messages)) if len(right) > 1 else right
        for name, right in query.values.items()
    }
    return Query(query.tool, values)
