"""`TRMDecisionModel`: LangChain's typed questions, answered in process.

Each label of a question is offered to TRM as a tool without parameters, described by its criterion; the answer is
TRM's distribution over those tools. Needs langchain-core 1.8 or newer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import Field

from langchain_trm.chat_models import ChatTRM
from langchain_trm.output import PROVIDER

try:
    from langchain_core.decisions import BaseDecisionModel, ClassifierResponse  # type: ignore[import-not-found, unused-ignore]
except ImportError as error:
    raise ImportError(
        f"langchain_trm.TRMDecisionModel needs langchain-core 1.8 or newer ({error}); update langchain-core"
    ) from error


class TRMDecisionModel(BaseDecisionModel):  # type: ignore[misc, unused-ignore]
    """Binary, categorical and ordinal questions about text, messages or JSON.

    The confidence of an answer is the probability of the label it selects.
    """

    model: str = "trm"
    """How responses name the model."""

    chat_model: ChatTRM = Field(default_factory=ChatTRM, exclude=True)
    """Whose weights answer."""

    @property
    def _provider(self) -> str:
        return PROVIDER

    def _classify(self, state: Any, questions: Mapping[str, Any]) -> ClassifierResponse:
        messages = state_messages(state)
        answers: dict[str, Any] = {name: self._answer(messages, question) for name, question in questions.items()}
        read = self.chat_model.get_num_tokens_from_messages(messages)
        usage: Any = {"input_tokens": read, "output_tokens": 0, "total_tokens": read}
        return ClassifierResponse(model=self.model, answers=answers, usage=usage)

    def _answer(self, messages: list[BaseMessage], question: Any) -> dict[str, Any]:
        if question.type == "noul":
            return {"type": "noul", "noul": self._yes(messages, question)}
        if question.type == "choice":
            shares = self._shares(messages, {label: _words(text, label) for label, text in question.criteria.items()})
            best = max(shares, key=lambda label: shares[label])
            return {"type": "choice", "choice": best, "probabilities": shares, "confidence": shares[best]}
        if question.type == "score":
            levels = {f"level_{i}": _words(text, str(i)) for i, text in enumerate(question.criteria)}
            ordered = list(self._shares(messages, levels).values())
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

    def _yes(self, messages: list[BaseMessage], question: Any) -> float:
        """P(yes): against the description of "no" where there is one, else against no tool fitting."""
        criteria = question.criteria
        yes = _words(criteria.true if criteria else None, _words(question.instructions, "yes"))
        if criteria is not None and criteria.false is not None:
            return self._shares(messages, {"yes": yes, "no": _words(criteria.false, "no")})["yes"]
        tool = {"name": "yes", "description": yes}
        scores = self.chat_model.decide(messages, tools=[tool]).probabilities["tools"]
        return float(min(1.0, max(0.0, scores.get("yes", 0.0))))

    def _shares(self, messages: list[BaseMessage], labels: Mapping[str, str]) -> dict[str, float]:
        tools = [{"name": name, "description": words} for name, words in labels.items()]
        scores = self.chat_model.decide(messages, tools=tools, tool_choice="any").probabilities["tools"]
        total = sum(scores.get(name, 0.0) for name in labels)
        return {name: scores.get(name, 0.0) / total if total > 0 else 1 / len(labels) for name in labels}


def state_messages(state: Any) -> list[BaseMessage]:
    """A decision model's state as a conversation; what is not made of messages becomes the user's words."""
    if isinstance(state, BaseMessage):
        return [state]
    if isinstance(state, str):
        return [HumanMessage(state)]
    if isinstance(state, Sequence) and state and all(isinstance(item, BaseMessage) for item in state):
        return list(state)
    return [HumanMessage(json.dumps(state, ensure_ascii=False, default=_plain))]


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, BaseMessage) else str(value)


def _words(text: Any, otherwise: str) -> str:
    if text is None:
        return otherwise
    return text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
