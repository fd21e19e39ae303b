"""Direct answers worded by a responder: any Runnable that gets the history and the decision record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManager, CallbackManagerForLLMRun
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig, RunnableSequence, RunnableWithFallbacks

from langchain_trm.deciding import Step
from langchain_trm.messages import plain_text
from langchain_trm.replies import first_missing
from trm_agent.types import identifier_words

RunManager = CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None


def responder_input(responder: Runnable[Any, Any], messages: Sequence[BaseMessage], step: Step) -> Any:
    """What a responder is called with.

    A language model gets messages, with the decision as an instruction in the system message; any other Runnable gets
    `{"messages": …, "decision": record}`, which a prompt template can pick from.
    """
    if not _reads_messages(responder):
        return {"messages": list(messages), "decision": step.record}
    advice = _advice(step)
    if messages and isinstance(messages[0], SystemMessage):
        return [SystemMessage(f"{plain_text(messages[0].content)}\n\n{advice}"), *messages[1:]]
    return [SystemMessage(advice), *messages]


def respond(responder: Runnable[Any, Any], value: Any, manager: RunManager, stop: list[str] | None) -> str:
    """The responder's words."""
    return output_text(responder.invoke(value, _config(manager), **_stop(responder, stop)))


async def arespond(responder: Runnable[Any, Any], value: Any, manager: RunManager, stop: list[str] | None) -> str:
    """The responder's words."""
    return output_text(await responder.ainvoke(value, _config(manager), **_stop(responder, stop)))


def stream_response(
    responder: Runnable[Any, Any], value: Any, manager: RunManager, stop: list[str] | None
) -> Iterator[str]:
    """The responder's words as they come."""
    for chunk in responder.stream(value, _config(manager), **_stop(responder, stop)):
        yield output_text(chunk)


async def astream_response(
    responder: Runnable[Any, Any], value: Any, manager: RunManager, stop: list[str] | None
) -> AsyncIterator[str]:
    """The responder's words as they come."""
    async for chunk in responder.astream(value, _config(manager), **_stop(responder, stop)):
        yield output_text(chunk)


def output_text(output: Any) -> str:
    """The words of whatever a responder returns."""
    return plain_text(output.content) if isinstance(output, BaseMessage) else str(output)


def _reads_messages(runnable: Any) -> bool:
    if isinstance(runnable, RunnableBinding):
        return _reads_messages(runnable.bound)
    if isinstance(runnable, RunnableWithFallbacks):
        return _reads_messages(runnable.runnable)
    if isinstance(runnable, RunnableSequence):
        return _reads_messages(runnable.first)
    return isinstance(runnable, BaseLanguageModel)


def _advice(step: Step) -> str:
    decision = step.decision
    if step.turn.ends_with_result and not decision.missing:
        return "Answer the user in words, from the tool results above. Call no tool."
    if (parameter := first_missing(decision, step.tools)) is not None:
        what = parameter.description.strip().rstrip(".") or identifier_words(parameter.name)
        tool = identifier_words(decision.intended_tool or "")
        return f"Before {tool} can go on, one thing is missing: {what}. Ask the user for it. Call no tool."
    return "Answer the user in words. Call no tool."


def _config(manager: RunManager) -> RunnableConfig:
    """Nested under the model's own run, and kept out of the token streams of graphs: the model streams the words."""
    config: RunnableConfig = {"tags": ["nostream"]}
    if manager is not None:
        handlers = list(manager.inheritable_handlers)
        config["callbacks"] = CallbackManager(handlers, handlers, parent_run_id=manager.run_id)
    return config


def _stop(responder: Runnable[Any, Any], stop: list[str] | None) -> dict[str, Any]:
    return {"stop": stop} if stop and _reads_messages(responder) else {}
