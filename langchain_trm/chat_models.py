"""`ChatTRM`: the router as a LangChain chat model.

A pure function of its messages: the slot state rides on the AIMessages, the instance holds nothing but weights.
Annotations of what returns a Runnable must resolve at run time: fallbacks look at them to wrap what they return.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_config_list, run_in_executor
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from langchain_trm.batching import Decisions, decide, decide_together, waiting
from langchain_trm.certainty import check_certainty, judged
from langchain_trm.deciding import Question, Step, ask, settle
from langchain_trm.loading import read_settings, save_settings
from langchain_trm.messages import Entry, read_messages
from langchain_trm.output import Frame, frame, pieces, text_chunk
from langchain_trm.responding import arespond, astream_response, respond, responder_input, stream_response
from langchain_trm.settings import JsonDict, TRMSettings
from langchain_trm.snapshots import carried_snapshots
from langchain_trm.structured import parse_into
from langchain_trm.thresholds import fit_thresholds, tools_fingerprint
from langchain_trm.tools import OUTPUT_MARK, read_tool_choice, read_tools, tool_name
from langchain_trm.wording import find_words
from trm_agent.errors import TRMError
from trm_agent.log import logger
from trm_agent.types import Decision, Sample

SchemaLike = dict[str, Any] | type
ToolLike = dict[str, Any] | type | Callable[..., Any] | BaseTool
Structured = dict[str, Any] | BaseModel


class ChatTRM(TRMSettings):
    """A local chat model that decides: call one of the tools, or answer. See `docs/langchain.md`."""

    @classmethod
    def from_pretrained(cls, path: str | Path, **settings: Any) -> Self:
        """A model with the weights and settings of a folder that `save_pretrained` wrote.

        Args:
            path: The folder; one that only holds weights will do.
            **settings: Fields that replace the saved ones.
        """
        return cls(**{**read_settings(path), **settings, "model": str(path)})

    def save_pretrained(self, path: str | Path) -> None:
        """Write weights and settings to a folder. `responder` and a callable `now` are not saved."""
        self.loaded().save_pretrained(path)
        save_settings(path, self.settings())

    def save_tool_vectors(self, path: str | Path) -> None:
        """Write the vectors of `tools`, and of all bound so far, for `ChatTRM(tool_vectors=path)`.

        Raises:
            ToolError: The tools cannot be used.
            EncoderError: The file cannot be written.
        """
        router = self.loaded()
        router.bind(self.tools, self.slot_fields)
        router.save_tool_vectors(path)

    def fit_threshold(
        self,
        samples: Sequence[Sample],
        target_precision: float = 0.95,
        *,
        delta: float = 0.05,
        whole_calls: bool = False,
    ) -> Self:
        """A copy that hands over what it cannot do with the target precision (see `langchain_trm.thresholds`).

        Args:
            samples: Held out, from the conversations it will meet; each brings its tools.
            target_precision: Wanted of the decisions that pass: decision and tool are right.
            delta: Probability that the promise does not hold, for each threshold.
            whole_calls: Also ask the same precision of calls as a whole, every argument right.

        Raises:
            DataError: The samples cannot certify any threshold.
        """
        questions = [self._sample_question(sample) for sample in samples]
        decisions = decide_together(questions)
        made = [settle(question, decisions[question.key]).decision for question in questions]
        outcomes, calls = judged(samples, made)
        offers = {tools_fingerprint(sample.tools, self.loaded().fingerprint) for sample in samples}
        fitted = fit_thresholds(
            outcomes,
            calls if whole_calls else None,
            target_precision=target_precision,
            delta=delta,
            fingerprint=offers.pop() if len(offers) == 1 else self.loaded().fingerprint,
        )
        return self.model_copy(update={"thresholds": fitted})

    def decide(
        self, conversation: LanguageModelInput, *, tools: Sequence[ToolLike] | None = None, tool_choice: Any = None
    ) -> Decision:
        """The router's own decision: no words, no thresholds.

        Args:
            conversation: What `invoke` takes.
            tools: Instead of the constructor's.
            tool_choice: As in `bind_tools`.
        """
        messages = self._convert_input(conversation).to_messages()
        return ask(self._question(messages, {"tools": tools, "tool_choice": tool_choice}))

    def bind_tools(
        self,
        tools: Sequence[ToolLike],
        *,
        tool_choice: str | bool | JsonDict | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools; they replace those of the constructor.

        Args:
            tools: In any form LangChain takes; tools that a provider runs are left out.
            tool_choice: `auto`, `any` (or `required`), `none`, or the name of the tool to call.
            **kwargs: Passed on with every call; `parallel_tool_calls=False` allows one call in an answer.

        Raises:
            ToolError: A tool cannot be read, or `tool_choice` names none of them.
        """
        converted = read_tools(tools)
        choice = read_tool_choice(tool_choice, [tool_name(tool) for tool in converted])
        if tool_choice is not None:
            kwargs["tool_choice"] = choice
        return self.bind(tools=converted, **kwargs)

    def with_structured_output(
        self, schema: SchemaLike, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Structured]:
        """Read the conversation into a schema, through a forced tool call.

        Args:
            schema: Pydantic class, TypedDict, JSON Schema or OpenAI tool.
            include_raw: Return `raw`, `parsed` and `parsing_error` instead of raising.
            **kwargs: `method` and `strict` are accepted: there is one way, and it is strict.

        Raises:
            ValueError: Unknown arguments.
        """
        unknown = sorted(kwargs.keys() - {"method", "strict"})
        if unknown:
            raise ValueError(f"with_structured_output does not take {', '.join(unknown)}; expected method or strict")
        output = read_tools([schema])[0] | {OUTPUT_MARK: True}
        name = tool_name(output)
        described = {"kwargs": {"method": "function_calling"}, "schema": schema}
        forced = self.bind_tools([output], tool_choice=name, ls_structured_output_format=described)
        return parse_into(forced, schema, name, include_raw=include_raw)

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """Decide all inputs in one forward; only a responder still works on them one by one, in threads."""
        with waiting(self._decide_inputs(inputs, kwargs)):
            if self.responder is not None:
                return super().batch(inputs, config, return_exceptions=return_exceptions, **kwargs)
            configs = get_config_list(config, len(inputs)) if inputs else []
            out: list[Any] = []
            for value, own_config in zip(inputs, configs, strict=True):
                try:
                    out.append(self.invoke(value, own_config, **kwargs))
                except Exception as error:
                    if not return_exceptions:
                        raise
                    out.append(error)
            return out

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """Decide all inputs in one forward."""
        decisions = await run_in_executor(None, self._decide_inputs, inputs, kwargs)
        with waiting(decisions):
            return await super().abatch(inputs, config, return_exceptions=return_exceptions, **kwargs)

    def generate(
        self, messages: list[list[BaseMessage]], stop: list[str] | None = None, callbacks: Any = None, **kwargs: Any
    ) -> LLMResult:
        """Decide all message lists in one forward."""
        if len(messages) < 2:
            return super().generate(messages, stop, callbacks, **kwargs)
        with waiting(self._decide_lists(messages, kwargs)):
            return super().generate(messages, stop, callbacks, **kwargs)

    async def agenerate(
        self, messages: list[list[BaseMessage]], stop: list[str] | None = None, callbacks: Any = None, **kwargs: Any
    ) -> LLMResult:
        """Decide all message lists in one forward."""
        if len(messages) < 2:
            return await super().agenerate(messages, stop, callbacks, **kwargs)
        decisions = await run_in_executor(None, self._decide_lists, messages, kwargs)
        with waiting(decisions):
            return await super().agenerate(messages, stop, callbacks, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        stop = stop or self.stop
        step, around, text = self._prepare(messages, stop, kwargs)
        if text is None:
            text = respond(self.responder, responder_input(self.responder, messages, step), run_manager, stop)
        return _result(around.message(text, self._said_tokens(text)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        stop = stop or self.stop
        step, around, text = await run_in_executor(None, self._prepare, messages, stop, kwargs)
        if text is None:
            text = await arespond(self.responder, responder_input(self.responder, messages, step), run_manager, stop)
        return _result(around.message(text, await run_in_executor(None, self._said_tokens, text)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        stop = stop or self.stop
        step, around, text = self._prepare(messages, stop, kwargs)
        said: list[str] = []
        if text is None:
            value = responder_input(self.responder, messages, step)
            words = stream_response(self.responder, value, run_manager, stop)
        else:
            words = iter(pieces(text))
        for piece in words:
            said.append(piece)
            yield text_chunk(piece)
        yield from around.call_chunks()
        yield around.last_chunk(self._said_tokens("".join(said)))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        stop = stop or self.stop
        step, around, text = await run_in_executor(None, self._prepare, messages, stop, kwargs)
        said: list[str] = []
        if text is None:
            value = responder_input(self.responder, messages, step)
            async for piece in astream_response(self.responder, value, run_manager, stop):
                said.append(piece)
                yield text_chunk(piece)
        else:
            for piece in pieces(text):
                said.append(piece)
                yield text_chunk(piece)
        for chunk in around.call_chunks():
            yield chunk
        yield around.last_chunk(await run_in_executor(None, self._said_tokens, "".join(said)))

    def _prepare(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]
    ) -> tuple[Step, Frame, str | None]:
        """All that takes time: the decision, what goes around the words, and the words if they are not a responder's.

        In async code it runs in a thread as a whole, so that a long conversation does not hold up the event loop.
        """
        step = self._step(messages, kwargs)
        read = sum(self.get_num_tokens(message.text) for message in step.history)
        router = self.loaded(kwargs.get("model"))
        words = find_words(
            step,
            router,
            self.responses,
            responder=self.responder,
            reply=self.reply,
            stop=stop,
            frames=self.frames,
        )
        step = words.on(step)
        return step, frame(step, self._model_name(kwargs), read), words.text

    def _said_tokens(self, text: str) -> int:
        return self.get_num_tokens(text) if text else 0

    def _question(self, messages: Sequence[BaseMessage], kwargs: Mapping[str, Any]) -> Question:
        offered = kwargs.get("tools")
        tools = self.tools if offered is None else read_tools(offered)
        return Question(
            router=self.loaded(kwargs.get("model")),
            tools=tuple(tools),
            slot_fields=self.slot_fields,
            choice=read_tool_choice(kwargs.get("tool_choice"), [tool_name(tool) for tool in tools]),
            entries=tuple(read_messages(messages, self.earlier)),
            snapshots=(*carried_snapshots(messages), *([self.snapshot] if self.snapshot else [])),
            now=kwargs.get("now") or self.present(),
            max_calls=self.max_calls,
            parallel=kwargs.get("parallel_tool_calls") is not False,
            confirm=self.confirm,
        )

    def _sample_question(self, sample: Sample) -> Question:
        return Question(
            router=self.loaded(),
            tools=tuple(tool.to_json() for tool in sample.tools),
            slot_fields=self.slot_fields,
            choice="auto",
            entries=tuple(Entry(message, position) for position, message in enumerate(sample.history)),
            snapshots=(),
            now=self.present(),
            max_calls=self.max_calls,
            confirm=self.confirm,
        )

    def _step(self, messages: Sequence[BaseMessage], kwargs: Mapping[str, Any]) -> Step:
        """Decide, and refuse what is not sure enough: see `check_certainty`."""
        question = self._question(messages, kwargs)
        step = settle(question, decide(question))
        check_certainty(step, question.router.fingerprint, self)
        return step

    def _decide_inputs(self, inputs: Sequence[LanguageModelInput], kwargs: Mapping[str, Any]) -> Decisions:
        lists = []
        for value in inputs:
            try:
                lists.append(self._convert_input(value).to_messages())
            except (ValueError, TypeError):
                logger.debug("an input of the batch cannot be read; its own call will say why")
        return self._decide_lists(lists, kwargs)

    def _decide_lists(self, lists: Sequence[Sequence[BaseMessage]], kwargs: Mapping[str, Any]) -> Decisions:
        questions = []
        for messages in lists:
            try:
                if messages:
                    questions.append(self._question(messages, kwargs))
            except TRMError:
                logger.debug("an input of the batch cannot be decided; its own call will say why")
        return decide_together(questions)


def _result(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])
