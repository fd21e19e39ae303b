"""`TRMDecisionModel`: LangChain's typed questions, answered in process.

Each label of a question is offered to TRM as a tool without parameters, described by its criterion; the answer is
TRM's distribution over those tools, and what is left of it is the probability that none fits. A yes-or-no question
about a proposed tool call is answered by what the router is trained for: does the user ask for this call?
Needs langchain-core 1.8 or newer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import Field

from langchain_trm.chat_models import ChatTRM
from langchain_trm.output import PROVIDER

try:
    from langchain_core.decisions import BaseDecisionModel, ClassifierResponse  # type: ignore[import-not-found, unused-ignore]
except ImportError as error:
    raise ImportError(
        f"langchain_trm.TRMDecisionModel needs langchain-core 1.8 or newer ({error}); update langchain-core"
    ) from error


NONE_LABELS = frozenset(("none", "other", "neither", "none_of_the_above", "none of the above"))
"""Labels of a `Choice` that stand for "nothing else fits", in any letter case."""

_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class TRMDecisionModel(BaseDecisionModel):  # type: ignore[misc, unused-ignore]
    """Binary, categorical and ordinal questions about text, messages or JSON.

    The confidence of an answer is the probability of the label it selects.
    """

    model: str = "trm"
    """How responses name the model."""

    chat_model: ChatTRM = Field(default_factory=ChatTRM, exclude=True)
    """Whose weights answer."""

    none: str | None = "none"
    """The key under which a `Choice` tells the probability that no label fits. A label of `NONE_LABELS` in the question
    takes its place, and only such a label can be chosen. None: the labels share the whole probability."""

    check_calls: bool = True
    """Whether a `Noul` question about a state with `messages` and a `tool_call` (what `AutoModeMiddleware` asks) is
    answered by the probability that the user did not ask for that call. False: by its words, as any other."""

    @property
    def _provider(self) -> str:
        return PROVIDER

    def _classify(self, state: Any, questions: Mapping[str, Any]) -> ClassifierResponse:
        messages = state_messages(state)
        answers: dict[str, Any] = {name: self._answer(state, messages, q) for name, q in questions.items()}
        read = self.chat_model.get_num_tokens_from_messages(messages)
        usage: Any = {"input_tokens": read, "output_tokens": 0, "total_tokens": read}
        return ClassifierResponse(model=self.model, answers=answers, usage=usage)

    def _answer(self, state: Any, messages: list[BaseMessage], question: Any) -> dict[str, Any]:
        if question.type == "noul":
            call = proposed_call(state) if self.check_calls else None
            risk = self._yes(messages, question) if call is None else self._unasked(state["messages"], call, question)
            return {"type": "noul", "noul": risk}
        if question.type == "choice":
            return self._choice(messages, question)
        if question.type == "score":
            levels = {f"level_{i}": _words(text, str(i)) for i, text in enumerate(question.criteria)}
            ordered = list(_whole(self._shares(messages, levels)).values())
            return {
                "type": "score",
                "score": sum(i * share for i, share in enumerate(ordered)),
                "legend": dict(enumerate(question.criteria)),
                "probabilities": dict(enumerate(ordered)),
                "confidence": max(ordered),
            }
        raise ValueError(
            f"question type {question.type!r} needs an image; TRM answers noul, choice and score questions"
        )

    def _choice(self, messages: list[BaseMessage], question: Any) -> dict[str, Any]:
        declared = next((label for label in question.criteria if label.strip().lower() in NONE_LABELS), None)
        labels = {label: _words(text, label) for label, text in question.criteria.items() if label != declared}
        shares = self._shares(messages, labels) if labels else {}
        rest = max(0.0, 1 - sum(shares.values()))
        none = declared or self.none
        shares = _whole(shares) if none is None else shares | {none: rest}
        best = max(question.criteria, key=lambda label: shares[label])
        return {"type": "choice", "choice": best, "probabilities": shares, "confidence": shares[best]}

    def _yes(self, messages: list[BaseMessage], question: Any) -> float:
        """P(yes): against the description of "no" where there is one, else against no tool fitting."""
        criteria = question.criteria
        yes = _words(criteria.true if criteria else None, _words(question.instructions, "yes"))
        if criteria is not None and criteria.false is not None:
            return _whole(self._shares(messages, {"yes": yes, "no": _words(criteria.false, "no")}))["yes"]
        return self._shares(messages, {"yes": yes}, "auto")["yes"]

    def _unasked(self, messages: Sequence[BaseMessage], call: Mapping[str, Any], question: Any) -> float:
        """P(the user did not ask for a call); at least P(yes) of what the criteria say of the call itself.

        Only the user authorises: what came after the newest user message, tool results above all, is not read.
        """
        risk = 1 - self._asked(messages, call)
        if question.criteria is None:
            return risk
        described = HumanMessage(f"{call['description']} {call['name']} {json.dumps(call['args'], default=str)}")
        return max(risk, self._yes([described], question))

    def _asked(self, messages: Sequence[BaseMessage], call: Mapping[str, Any]) -> float:
        last = max((i for i, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
        if last < 0:
            return 0.0
        parameters = {name: {"type": _JSON_TYPES.get(type(value), "string")} for name, value in call["args"].items()}
        schema = {"type": "object", "properties": parameters}
        tool = {"name": call["name"], "description": call["description"], "parameters": schema}
        decision = self.chat_model.decide(list(messages[: last + 1]), tools=[tool])
        scores = decision.probabilities
        asked = scores["tool_call"] * scores["tools"].get(call["name"], 0.0)
        for name, value in decision.argument_values.items():
            if _differs(value.value, call["args"].get(name)):
                asked *= 1 - value.confidence
        return _unit(asked)

    def _shares(self, messages: list[BaseMessage], labels: Mapping[str, str], choice: str = "any") -> dict[str, float]:
        tools = [{"name": name, "description": words} for name, words in labels.items()]
        scores = self.chat_model.decide(messages, tools=tools, tool_choice=choice).probabilities["tools"]
        return {name: _unit(scores.get(name, 0.0)) for name in labels}


def proposed_call(state: Any) -> dict[str, Any] | None:
    """The tool call that a state with `messages` and `tool_call` is about, as `name`, `args` and `description`."""
    if not isinstance(state, Mapping) or not _is_conversation(state.get("messages")):
        return None
    call = state.get("tool_call")
    if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
        return None
    arguments = call.get("args")
    return {
        "name": call["name"],
        "args": dict(arguments) if isinstance(arguments, Mapping) else {},
        "description": str(state.get("tool_description") or call["name"]),
    }


def state_messages(state: Any) -> list[BaseMessage]:
    """A decision model's state as a conversation.

    A mapping's `messages` are the conversation, and what else it holds is told before them. What is not made of
    messages becomes the user's words.
    """
    if isinstance(state, BaseMessage):
        return [state]
    if isinstance(state, str):
        return [HumanMessage(state)]
    if _is_conversation(state):
        return list(state)
    if isinstance(state, Mapping) and _is_conversation(state.get("messages")):
        rest = {key: value for key, value in state.items() if key != "messages"}
        return ([SystemMessage(_json(rest))] if rest else []) + list(state["messages"])
    return [HumanMessage(_json(state))]


def _is_conversation(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return is_list and bool(value) and all(isinstance(item, BaseMessage) for item in value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, BaseMessage) else str(value)


def _words(text: Any, otherwise: str) -> str:
    if text is None:
        return otherwise
    return text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)


def _whole(shares: Mapping[str, float]) -> dict[str, float]:
    """The same shares with a sum of 1."""
    total = sum(shares.values())
    return {name: share / total if total > 0 else 1 / len(shares) for name, share in shares.items()}


def _unit(probability: float) -> float:
    return float(min(1.0, max(0.0, probability)))


def _differs(read: Any, given: Any) -> bool:
    """Whether both are numbers, and not the same one."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (read, given))
    return numbers and read != given
