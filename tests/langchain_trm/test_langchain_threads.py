"""Many threads on one instance give the answers of one thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_trm import ChatTRM, loading
from tests.langchain_trm.scripted_router import rule_router
from trm_agent.testing import tiny_router


def weather(city: str) -> str:
    """Look up the weather."""
    return city


def book(city: str, days: int = 1) -> str:
    """Book a trip to a city."""
    return city


TEXTS = [f"what is the weather in {city}" for city in ("Rome", "Oslo", "Lima", "Cairo", "Paris", "Delhi")] + ["hi"]


def told(message: AIMessage) -> tuple[object, ...]:
    return message.content, message.tool_calls, message.additional_kwargs, message.usage_metadata


def test_thirty_two_threads_answer_like_one() -> None:
    model = ChatTRM(router=rule_router(), tools=[weather])
    expected = [told(model.invoke(text)) for text in TEXTS]
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda i: told(model.invoke(TEXTS[i % len(TEXTS)])), range(400)))
    assert found == [expected[i % len(TEXTS)] for i in range(400)]


def test_batches_in_threads_do_not_see_each_other_s_decisions() -> None:
    model = ChatTRM(router=rule_router(), tools=[weather])
    expected = [told(model.invoke(text)) for text in TEXTS]
    with ThreadPoolExecutor(16) as pool:
        batches = list(pool.map(lambda _: [told(m) for m in model.batch(TEXTS)], range(30)))
    assert all(batch == expected for batch in batches)


def test_weights_are_loaded_once_however_many_threads_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    loads: list[object] = []

    class Router:
        @classmethod
        def from_pretrained(cls, path: object, **_: object) -> object:
            loads.append(path)
            return rule_router()

    module = types.ModuleType("trm_agent.router")
    module.Router = Router  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trm_agent.router", module)
    with ThreadPoolExecutor(16) as pool:
        routers = list(pool.map(lambda _: ChatTRM(tools=[weather]).loaded(), range(32)))
    assert loads == [None]
    assert len({id(router) for router in routers}) == 1
    assert loading.load_router("runs/other") is not routers[0]


def conversation(model: ChatTRM, name: int, turns: int) -> list[object]:
    """Turns about cities of its own, in conversations of twenty, with results; what was answered in each."""
    told: list[object] = []
    messages: list[BaseMessage] = []
    for turn in range(turns):
        if turn % 20 == 0:
            messages = [SystemMessage(f"You work in office {name}.")]
        messages.append(HumanMessage(f"what is the weather in City{name}x{turn} in {turn % 7} days"))
        for _ in range(3):
            answer = model.invoke(messages)
            record = answer.response_metadata["decision"]
            told.append((answer.content, answer.tool_calls, record["slots"], round(record["confidence"], 4)))
            messages.append(answer)
            if not answer.tool_calls:
                break
            messages.append(ToolMessage(f"sunny in City{name}", tool_call_id=answer.tool_calls[0]["id"]))
    return told


@pytest.mark.parametrize("turns", [12, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(2400)])])
def test_sixteen_conversations_on_one_instance_are_as_if_alone(turns: int) -> None:
    """Slots, arguments, call ids and confidences of each are those of one thread on an instance of its own."""
    alone = ChatTRM(router=tiny_router(2), tools=[weather, book])
    expected = [conversation(alone, name, turns) for name in range(16)]
    shared = ChatTRM(router=tiny_router(2), tools=[weather, book])
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda name: conversation(shared, name, turns), range(16)))
    assert found == expected
    assert len({str(told) for told in expected}) == 16
    said = [str(told) for told in found]
    for name in range(16):
        assert f"City{name}x" in said[name]
        assert not any(f"City{name}x" in other for i, other in enumerate(said) if i != name)


@pytest.mark.slow
def test_sixteen_threads_share_the_real_encoder() -> None:
    """Fast tokenizers break when two threads use one; the shipped encoder must not."""
    from trm_agent.encoder.sentence import load_encoder

    encoder = load_encoder()
    texts = [f"what is the weather in {city}{' and around it' * (i % 3)}" for i, city in enumerate("ABCDEFGHIJKL")]
    alone = ChatTRM(router=tiny_router(encoder=encoder), tools=[weather])
    expected = [(alone.invoke(text).usage_metadata, alone.get_token_ids(text)) for text in texts]
    shared = ChatTRM(router=tiny_router(encoder=encoder), tools=[weather])

    def work(i: int) -> object:
        text = texts[i % len(texts)]
        return shared.invoke(text).usage_metadata, shared.get_token_ids(text)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(48))) == [expected[i % len(texts)] for i in range(48)]
