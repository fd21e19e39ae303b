"""A batch is one forward, and otherwise exactly a list of calls."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from langchain_trm import ChatTRM, LowConfidenceError
from tests.langchain_trm.scripted_router import ScriptedRouter

TEXTS = ["a flight to Rome tomorrow", "a flight to Rome", "hi", "book XY 12"]


def same(left: AIMessage, right: AIMessage) -> bool:
    return (left.content, left.tool_calls, left.additional_kwargs) == (
        right.content,
        right.tool_calls,
        right.additional_kwargs,
    )


def test_a_batch_is_one_forward_with_the_answers_of_single_calls(model: ChatTRM, travel: ScriptedRouter) -> None:
    answers = model.batch(TEXTS)
    assert travel.batches == [4]
    assert travel.decided == 0
    assert all(same(answer, model.invoke(text)) for answer, text in zip(answers, TEXTS, strict=True))


async def test_an_async_batch_is_one_forward(model: ChatTRM, travel: ScriptedRouter) -> None:
    answers = await model.abatch(TEXTS)
    assert travel.batches == [4]
    assert travel.decided == 0
    assert all(same(answer, model.invoke(text)) for answer, text in zip(answers, TEXTS, strict=True))


def test_no_thread_is_started_for_an_item(model: ChatTRM) -> None:
    seen: set[str] = set()

    class Listener(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.add(threading.current_thread().name)

    model.batch(TEXTS, config={"callbacks": [Listener()]})
    assert seen == {threading.current_thread().name}


def test_chains_bindings_and_fallbacks_batch_too(model: ChatTRM, travel: ScriptedRouter) -> None:
    prompt = ChatPromptTemplate.from_messages([("human", "{text}")])
    safe = model.with_fallbacks([GenericFakeChatModel(messages=iter([]))])
    chain = prompt | safe
    assert len(chain.batch([{"text": text} for text in TEXTS])) == 4
    assert len(model.bind_tools(model.tools).batch(TEXTS)) == 4
    assert travel.batches == [4, 4]
    assert travel.decided == 0


def test_generate_decides_all_message_lists_together(model: ChatTRM, travel: ScriptedRouter) -> None:
    result = model.generate([[HumanMessage(text)] for text in TEXTS])
    assert len(result.generations) == 4
    assert (travel.batches, travel.decided) == ([4], 0)


async def test_agenerate_decides_all_message_lists_together(model: ChatTRM, travel: ScriptedRouter) -> None:
    await model.agenerate([[HumanMessage(text)] for text in TEXTS])
    assert (travel.batches, travel.decided) == ([4], 0)


def test_equal_inputs_are_decided_once(model: ChatTRM, travel: ScriptedRouter) -> None:
    assert len(model.batch(["hi"] * 5)) == 5
    assert travel.batches == []
    assert travel.decided == 1


def test_one_bad_input_spoils_only_itself(model: ChatTRM) -> None:
    careful = model.model_copy(update={"min_confidence": 0.9})
    inputs: list[Any] = ["hi", "hm, maybe", [], 3, "book XY 12"]
    answers = careful.batch(inputs, return_exceptions=True)
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["AIMessage", "LowConfidenceError", "HistoryError", "ValueError", "AIMessage"]
    with pytest.raises(LowConfidenceError):
        careful.batch(inputs)
    assert model.batch([]) == []


def test_a_fallback_takes_only_the_unsure_items(model: ChatTRM) -> None:
    big = GenericFakeChatModel(messages=iter([AIMessage("a larger model says")]))
    safe = model.model_copy(update={"min_confidence": 0.9}).with_fallbacks([big])
    answers = safe.batch(["hi", "hm, maybe", "book XY 12"])
    assert [bool(a.tool_calls) for a in answers] == [False, False, True]
    assert answers[1].content == "a larger model says"


def test_each_item_has_its_own_run_and_tags(model: ChatTRM) -> None:
    tags: list[Any] = []

    class Listener(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            tags.append(kwargs["tags"])

    model.batch(
        ["hi", "book XY 12"],
        config=[{"tags": ["a"], "callbacks": [Listener()]}, {"tags": ["b"], "callbacks": [Listener()]}],
    )
    assert tags == [["a"], ["b"]]


def test_a_responder_words_a_batch_in_parallel(model: ChatTRM, travel: ScriptedRouter) -> None:
    together = threading.Barrier(3, timeout=10)

    def speak(value: Any) -> str:
        together.wait()
        return "Sure."

    spoken = model.model_copy(update={"responder": RunnableLambda(speak)})
    assert [m.content for m in spoken.batch(["hi", "hello", "hey"])] == ["Sure."] * 3
    assert travel.batches == [3]


def test_a_clock_that_moves_does_not_split_the_batch(travel: ScriptedRouter, model: ChatTRM) -> None:
    from datetime import datetime, timedelta
    from itertools import count

    ticks = count()
    moving = model.model_copy(update={"now": lambda: datetime(2025, 1, 1) + timedelta(seconds=next(ticks))})
    moving.batch(TEXTS)
    assert (travel.batches, travel.decided) == ([4], 0)
