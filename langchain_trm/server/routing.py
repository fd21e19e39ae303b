"""A request → the router's answer, or why it is not sure enough of one. Runs in a worker thread."""

from __future__ import annotations

from dataclasses import dataclass

from langchain_core.messages import AIMessage

from langchain_trm.chat_models import ChatTRM
from langchain_trm.server.errors import bad_request
from langchain_trm.server.requests import ChatRequest
from trm_agent.errors import HistoryError, LowConfidenceError, ToolError

_NEVER = {"min_confidence": None, "min_call_confidence": None, "thresholds": None, "hand_over_unserved": False}


@dataclass(frozen=True)
class Routed:
    """What the router says to a request.

    Attributes:
        message: Its answer; None where the request is to be handed over.
        refusal: Why it is not sure enough; None where it is.
    """

    message: AIMessage | None
    refusal: LowConfidenceError | None = None


def route(model: ChatTRM, request: ChatRequest) -> Routed:
    """Decide.

    Args:
        model: With the server's thresholds.
        request: One that the router can read.

    Raises:
        ApiError: Tools or conversation cannot be routed (400).
    """
    own = model.model_copy(update=dict(request.overrides)) if request.overrides else model
    try:
        try:
            return Routed(_answer(own, request))
        except LowConfidenceError as refusal:
            if request.hand_over:
                return Routed(None, refusal)
            return Routed(_answer(own.model_copy(update=_NEVER), request), refusal)
    except ToolError as error:
        raise bad_request(str(error), "tools") from error
    except HistoryError as error:
        raise bad_request(str(error), "messages") from error


def _answer(model: ChatTRM, request: ChatRequest) -> AIMessage:
    bound = model.bind_tools(
        request.tools, tool_choice=request.tool_choice, parallel_tool_calls=request.parallel, stop=request.stop
    )
    return bound.invoke(request.messages)
