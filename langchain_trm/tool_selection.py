"""`TRMToolSelector`: the agent's model gets the tools that the whole conversation calls for.

Ranked by TRM's own probabilities over the history, not by the last message alone; no call to a large model is needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables.config import run_in_executor

from langchain_trm.chat_models import ChatTRM
from langchain_trm.tools import top_tools

try:
    from langchain.agents.middleware.types import AgentMiddleware, AgentState, ModelRequest, ModelResponse
except ImportError as error:
    raise ImportError(
        f"langchain_trm.TRMToolSelector needs langchain 1.5 or newer ({error}); run `uv add 'trm-agent[agents]'`"
    ) from error


class TRMToolSelector(AgentMiddleware[AgentState[Any], Any, Any]):
    """Narrow the tools before the agent's model is called.

    Args:
        model: Ranks the tools.
        top_k: Tools kept.
        always_include: Names of tools kept besides them.
    """

    def __init__(self, model: ChatTRM | None = None, *, top_k: int = 5, always_include: Sequence[str] = ()) -> None:
        super().__init__()
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {top_k}")
        self.model = model or ChatTRM()
        self.top_k = top_k
        self.always_include = tuple(always_include)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Call the model with the chosen tools."""
        return handler(self._narrowed(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Call the model with the chosen tools."""
        return await handler(await run_in_executor(None, self._narrowed, request))

    def _narrowed(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if len(request.tools) <= self.top_k:
            return request
        scores = tool_scores(self.model, request.tools, request.messages)
        return request.override(tools=top_tools(request.tools, scores, self.top_k, self.always_include))


def tool_scores(model: ChatTRM, tools: Sequence[Any], messages: Sequence[BaseMessage]) -> dict[str, float]:
    """TRM's probability of each tool, given the whole conversation."""
    return dict(model.decide(messages, tools=tools).probabilities["tools"])
