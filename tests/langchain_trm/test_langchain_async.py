"""The event loop goes on while the model decides, and what is cancelled leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_trm import ChatTRM, batching
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, rule_router
from trm_agent.testing import tiny_router

SLOW = 0.6
"""Seconds that everything slow takes here."""


def weather(city: str) -> str:
    """Look up the weather."""
    return city


class SlowRouter(ScriptedRouter):
    """Decides slowly, and counts tokens slowly."""

    def __init__(self) -> None:
        super().__init__(lambda *_: time.sleep(SLOW) or Plan("weather", {"city": "Rome"}))

    def count_tokens(self, text: str) -> int:
        time.sleep(SLOW)
        return super().count_tokens(text)


@asynccontextmanager
async def longest_pause() -> AsyncIterator[list[float]]:
    """The longest time for which the event loop did not come round, as the only item of a list."""
    found = [0.0]

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            found[0], last = max(found[0], now - last), now

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.01)
    yield found
    beating.cancel()


async def stream(model: ChatTRM, text: str) -> list[Any]:
    return [chunk async for chunk in model.astream(text)]


WAYS: dict[str, Callable[[ChatTRM], Awaitable[Any]]] = {
    "ainvoke": lambda model: model.ainvoke("the weather in Rome"),
    "astream": lambda model: stream(model, "the weather in Rome"),
    "abatch": lambda model: model.abatch(["the weather in Rome", "the weather in Oslo"]),
    "agenerate": lambda model: model.agenerate([[HumanMessage("Rome")], [HumanMessage("Oslo")]]),
}


@pytest.mark.parametrize("way", WAYS)
async def test_the_event_loop_goes_on_while_the_model_decides_and_counts(way: str) -> None:
    model = ChatTRM(router=SlowRouter(), tools=[weather])
    started = time.perf_counter()
    async with longest_pause() as pause:
        await WAYS[way](model)
    assert time.perf_counter() - started > SLOW
    assert pause[0] < SLOW / 2


async def test_a_responder_s_words_are_counted_beside_the_event_loop() -> None:
    class Slow(SlowRouter):
        def __init__(self) -> None:
            ScriptedRouter.__init__(self, lambda *_: Plan())

    model = ChatTRM(router=Slow(), responder=FakeMessagesListChatModel(responses=[AIMessage("Well, hello!")] * 2))
    async with longest_pause() as pause:
        assert (await model.ainvoke("hi")).content == "Well, hello!"
        await stream(model, "hi")
    assert pause[0] < SLOW / 2


class Held(ScriptedRouter):
    """Does not decide before it is released."""

    def __init__(self) -> None:
        super().__init__(self._decide)
        self.entered, self.released = threading.Event(), threading.Event()

    def _decide(self, messages: Any, tools: Any, choice: str) -> Plan:
        self.entered.set()
        assert self.released.wait(30)
        return rule_router().script(messages, tools, choice)


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_call_leaves_nothing_behind(way: str) -> None:
    router = Held()
    model = ChatTRM(router=router, tools=[weather])
    task = asyncio.ensure_future(WAYS[way](model))
    while not router.entered.is_set():
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    router.released.set()
    assert dict(batching._waiting.get()) == {}
    expected = ChatTRM(router=rule_router(), tools=[weather]).batch(["the weather in Oslo", "hi"])
    found = await model.abatch(["the weather in Oslo", "hi"])
    assert [(m.content, m.tool_calls) for m in found] == [(m.content, m.tool_calls) for m in expected]


async def test_a_stream_that_is_left_early_leaves_nothing_behind() -> None:
    model = ChatTRM(router=rule_router(), tools=[weather])
    expected = (await model.ainvoke("the weather in Rome")).tool_calls
    words = model.astream("the weather in Rome")
    await anext(words)
    await words.aclose()  # type: ignore[attr-defined]
    assert (await model.ainvoke("the weather in Rome")).tool_calls == expected


async def conversation(model: ChatTRM, name: int) -> list[Any]:
    """Five turns about a city of its own, with the results of its calls."""
    messages: list[Any] = []
    for turn in range(5):
        messages.append(HumanMessage(f"the weather in City{name} in {turn} days"))
        for _ in range(3):
            answer = await model.ainvoke(messages)
            messages.append(answer)
            if not answer.tool_calls:
                break
            messages.append(ToolMessage(f"sunny in City{name}", tool_call_id=answer.tool_calls[0]["id"]))
    return [(m.content, getattr(m, "tool_calls", None)) for m in messages]


async def test_conversations_beside_cancelled_ones_are_as_if_alone() -> None:
    alone = ChatTRM(router=tiny_router(1), tools=[weather])
    expected = [await conversation(alone, name) for name in range(8)]
    model, chance = ChatTRM(router=tiny_router(1), tools=[weather]), random.Random(0)
    kept = [asyncio.create_task(conversation(model, name)) for name in range(8)]
    dropped = [asyncio.create_task(conversation(model, name)) for name in range(8, 24)]
    for task in dropped:
        await asyncio.sleep(chance.uniform(0, 0.02))
        task.cancel()
    assert await asyncio.gather(*kept) == expected
    ended = await asyncio.gather(*dropped, return_exceptions=True)
    assert any(isinstance(end, asyncio.CancelledError) for end in ended)
    assert await conversation(model, 3) == expected[3]
