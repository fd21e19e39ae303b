"""`TRMMiddleware`: TRM takes the steps it is sure of, the agent's own model takes the rest.

It also keeps what summarization removes: the history as TRM reads it, and its slot state, mirrored into private agent
state and so into the checkpointer. A thread that was summarized is decided exactly as one that was not. Messages that
were removed for any other reason are forgotten here too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, NotRequired

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.runnables import Runnable

from langchain_trm.chat_models import ChatTRM
from langchain_trm.messages import entry_to_json, is_summary, read_messages
from langchain_trm.snapshots import SNAPSHOT_KEY
from langchain_trm.tools import top_tools
from trm_agent.errors import LowConfidenceError
from trm_agent.log import logger

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ExtendedModelResponse,
        ModelRequest,
        ModelResponse,
        PrivateStateAttr,
    )
    from langgraph.types import Command
except ImportError as error:
    raise ImportError(
        f"langchain_trm.TRMMiddleware needs langchain 1.5 or newer ({error}); run `uv add 'trm-agent[agents]'`"
    ) from error

MIRROR_VERSION = 1
_DEFAULT_CONFIDENCE = 0.9


class TRMState(AgentState[Any]):
    """Agent state with the mirror.

    Attributes:
        trm_mirror: `{"version", "messages": [{"id", "replaced", "entries"}], "summaries", "state"}`, plain JSON.
    """

    trm_mirror: NotRequired[Annotated[dict[str, Any], PrivateStateAttr]]


class TRMMiddleware(AgentMiddleware[TRMState, Any, Any]):
    """Let TRM take the agent's steps that it is sure of.

    Args:
        model: Decides first; None when the agent's own model is a `ChatTRM`, whose state is then only mirrored.
        min_confidence: Below it the agent's model takes the step; None means the model's own threshold, or 0.9.
        min_call_confidence: The same for the confidence that a call is right in whole; None means the model's own.
        top_k: Tools that the agent's model gets on a step TRM is unsure of; None means all of them.
        always_include: Names of tools that it gets in any case.
        word_answers: Let the agent's model word direct answers, without tools. False uses TRM's own words.
    """

    state_schema = TRMState

    def __init__(
        self,
        model: ChatTRM | None = None,
        *,
        min_confidence: float | None = None,
        min_call_confidence: float | None = None,
        top_k: int | None = 5,
        always_include: Sequence[str] = (),
        word_answers: bool = False,
    ) -> None:
        super().__init__()
        if model is not None and min_confidence is None and model.min_confidence is None and model.thresholds is None:
            min_confidence = _DEFAULT_CONFIDENCE
        if model is not None and min_confidence is not None:
            model = model.model_copy(update={"min_confidence": min_confidence})
        if model is not None and min_call_confidence is not None:
            model = model.model_copy(update={"min_call_confidence": min_call_confidence})
        self.model = model
        self.top_k = top_k
        self.always_include = tuple(always_include)
        self.word_answers = word_answers

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Take the step, or hand it to the agent's model."""
        mirror = updated_mirror(request.state.get("trm_mirror"), request.messages)
        if self.model is None:
            response = handler(self._remembering(request, mirror))
            return self._mirrored(response, mirror, _snapshot_in(response))
        try:
            message = self._bound(request, mirror).invoke(_with_system(request))
        except LowConfidenceError as unsure:
            return self._mirrored(handler(self._handed_over(request, unsure)), mirror, unsure.record["state"])
        if self._needs_words(request, message):
            return self._mirrored(handler(self._without_tools(request)), mirror, _snapshot_of(message))
        return self._mirrored(ModelResponse(result=[message]), mirror, _snapshot_of(message))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ExtendedModelResponse[Any]:
        """Take the step, or hand it to the agent's model."""
        mirror = updated_mirror(request.state.get("trm_mirror"), request.messages)
        if self.model is None:
            response = await handler(self._remembering(request, mirror))
            return self._mirrored(response, mirror, _snapshot_in(response))
        try:
            message = await self._bound(request, mirror).ainvoke(_with_system(request))
        except LowConfidenceError as unsure:
            response = await handler(self._handed_over(request, unsure))
            return self._mirrored(response, mirror, unsure.record["state"])
        if self._needs_words(request, message):
            return self._mirrored(await handler(self._without_tools(request)), mirror, _snapshot_of(message))
        return self._mirrored(ModelResponse(result=[message]), mirror, _snapshot_of(message))

    def _bound(self, request: ModelRequest[Any], mirror: Mapping[str, Any]) -> Runnable[LanguageModelInput, AIMessage]:
        assert self.model is not None
        return remembering(self.model, mirror).bind_tools(request.tools, tool_choice=request.tool_choice)

    def _remembering(self, request: ModelRequest[Any], mirror: Mapping[str, Any]) -> ModelRequest[Any]:
        if not isinstance(request.model, ChatTRM):
            return request
        return request.override(model=remembering(request.model, mirror))

    def _handed_over(self, request: ModelRequest[Any], unsure: LowConfidenceError) -> ModelRequest[Any]:
        logger.info("handing over: %s", unsure)
        if self.top_k is None or request.tool_choice not in (None, "auto", "any", "required"):
            return request
        scores = unsure.record["probabilities"]["tools"]
        return request.override(tools=top_tools(request.tools, scores, self.top_k, self.always_include))

    def _needs_words(self, request: ModelRequest[Any], message: AIMessage) -> bool:
        """Direct answers go to the agent's model when it is asked to word them, or when they must have a form."""
        return not message.tool_calls and (self.word_answers or request.response_format is not None)

    def _without_tools(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        return request.override(tools=[], tool_choice=None)

    def _mirrored(
        self, response: ModelResponse[Any] | AIMessage, mirror: dict[str, Any], state: Mapping[str, Any] | None
    ) -> ExtendedModelResponse[Any]:
        if isinstance(response, AIMessage):
            response = ModelResponse(result=[response])
        kept = {**mirror, "state": dict(state) if state else mirror["state"]}
        return ExtendedModelResponse(model_response=response, command=Command(update={"trm_mirror": kept}))


def updated_mirror(mirror: Any, messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """The mirror after these messages: what a summary replaced stays, what was deleted goes, what is new comes.

    A summary replaces what came before the messages that are left; anything else that is gone was deleted.
    """
    known = mirror if isinstance(mirror, Mapping) and mirror.get("version") == MIRROR_VERSION else {}
    rows, seen = known.get("messages", ()), known.get("summaries", ())
    current = {message.id for message in messages}
    summaries = [message.id for message in messages if is_summary(message)]
    left = next((place for place, row in enumerate(rows) if row["id"] in current), len(rows))
    replaced = [row for row in rows[:left] if not row["replaced"]] if set(summaries) - set(seen) else []
    kept = [row for row in rows if row["replaced"]] + [{**row, "replaced": True} for row in replaced]
    fresh = [
        {"id": message.id, "replaced": False, "entries": [entry_to_json(e) for e in read_messages([message])]}
        for message in messages
        if not (kept and is_summary(message))
    ]
    return {
        "version": MIRROR_VERSION,
        "messages": [*kept, *fresh],
        "summaries": summaries,
        "state": known.get("state"),
    }


def remembering(model: ChatTRM, mirror: Mapping[str, Any]) -> ChatTRM:
    """The model, with what a summary has replaced put before the messages that are left."""
    removed = [entry for row in mirror["messages"] if row["replaced"] for entry in row["entries"]]
    return model.model_copy(update={"earlier": removed, "snapshot": mirror["state"]})


def _with_system(request: ModelRequest[Any]) -> list[BaseMessage]:
    system: list[BaseMessage] = [request.system_message] if isinstance(request.system_message, SystemMessage) else []
    return [*system, *request.messages]


def _snapshot_of(message: BaseMessage) -> Mapping[str, Any] | None:
    return message.additional_kwargs.get(SNAPSHOT_KEY)


def _snapshot_in(response: ModelResponse[Any] | AIMessage) -> Mapping[str, Any] | None:
    result = [response] if isinstance(response, AIMessage) else response.result
    return next((found for message in reversed(result) if (found := _snapshot_of(message))), None)
