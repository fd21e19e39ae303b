"""The endpoint answers OpenAI's own client as OpenAI does, and every answer carries the decision record."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.langchain_trm.scripted_router import Plan
from tests.langchain_trm.server.conftest import TOOLS, Serve, openai_client
from tests.langchain_trm.test_langchain_several import WEATHER, TwiceRouter

FLIGHT = [{"role": "user", "content": "a flight to Rome tomorrow"}]


def ask(client: OpenAI, messages: list[dict[str, Any]] = FLIGHT, **more: Any) -> Any:
    return client.chat.completions.create(**{"model": "trm", "messages": messages, "tools": TOOLS, **more})


def test_a_call_comes_as_a_tool_call(client: OpenAI) -> None:
    answer = ask(client)
    choice = answer.choices[0]
    call = choice.message.tool_calls[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "search_flights",
        {"city": "Rome", "day": "tomorrow"},
    )
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer.trm["handled_by"] == "trm"
    assert answer.trm["decision"]["tool"] == "search_flights"
    assert answer.trm["decision"]["argument_values"]["city"]["source"]["message"] == 0


def test_a_missing_value_is_asked_for_in_words(client: OpenAI) -> None:
    answer = ask(client, [{"role": "user", "content": "a flight to Rome"}])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.tool_calls is None
    assert "day" in answer.choices[0].message.content.lower()
    assert answer.trm["decision"]["missing"] == ["day"]


def test_the_answer_of_a_tool_is_told_and_not_called_again(client: OpenAI) -> None:
    said = ask(client).choices[0].message
    result = {"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": '{"flight": "XY 12", "price": 120}'}
    answer = ask(client, [*FLIGHT, said.model_dump(exclude_none=True), result])
    assert answer.choices[0].finish_reason == "stop"
    assert "XY 12" in answer.choices[0].message.content


def test_a_stream_adds_up_to_the_same_answer(client: OpenAI) -> None:
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    parts = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert parts[0].function.name == "search_flights"
    assert parts[0].id
    assert json.loads("".join(part.function.arguments for part in parts)) == {"city": "Rome", "day": "tomorrow"}
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "tool_calls"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens > 0
    assert next(c for c in chunks if hasattr(c, "trm")).trm["decision"]["tool"] == "search_flights"


def test_words_are_streamed_in_pieces(client: OpenAI) -> None:
    messages = [{"role": "user", "content": "a flight to Rome"}]
    chunks = list(ask(client, messages, stream=True))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) > 1
    assert "".join(pieces) == ask(client, messages).choices[0].message.content


def test_a_stream_is_server_sent_events(served: Serve) -> None:
    body = {"model": "trm", "messages": FLIGHT, "tools": TOOLS, "stream": True}
    answer = httpx.post(f"{served()}/v1/chat/completions", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: ") for event in events[:-1])


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", []),
        ("auto", []),
        ("required", ["search_flights"]),
        ({"type": "function", "function": {"name": "book_flight"}}, ["book_flight"]),
    ],
)
def test_tool_choice_is_kept(client: OpenAI, choice: Any, called: list[str]) -> None:
    answer = ask(client, [{"role": "user", "content": "hello"}], tool_choice=choice)
    assert [call.function.name for call in answer.choices[0].message.tool_calls or ()] == called


def test_several_calls_come_in_one_answer_unless_they_are_turned_off(served: Serve) -> None:
    router = TwiceRouter(lambda *_: Plan("get_weather", {"city": "Rome"}))
    said = [{"role": "user", "content": "The weather in Rome and in Oslo"}]
    with openai_client(served(router=router)) as client:
        for parallel, cities in ((True, ["Rome", "Oslo"]), (False, ["Rome"])):
            tools = [{"type": "function", "function": WEATHER}]
            calls = ask(client, said, tools=tools, parallel_tool_calls=parallel).choices[0].message.tool_calls
            assert [json.loads(call.function.arguments)["city"] for call in calls] == cities
        chunks = ask(client, said, tools=tools, stream=True)
        parts = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
        assert sorted({part.index for part in parts}) == [0, 1]


def test_allowed_tools_leave_the_others_out(client: OpenAI) -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "book_flight"}}]}
    answer = ask(client, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [call.function.name for call in answer.choices[0].message.tool_calls] == ["book_flight"]
    assert list(answer.trm["decision"]["probabilities"]["tools"]) == ["book_flight"]


def test_without_tools_it_answers(client: OpenAI) -> None:
    assert ask(client, tools=[]).choices[0].message.content


def test_the_models_are_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["trm"]
    assert client.models.retrieve("trm").owned_by == "trm-agent"
    with pytest.raises(NotFoundError, match="there is no model 'gpt'; this server has 'trm'"):
        client.models.retrieve("gpt")
    with pytest.raises(NotFoundError, match="there is no model 'gpt'; this server has 'trm'"):
        ask(client, model="gpt")


@pytest.mark.parametrize(
    ("change", "param", "message"),
    [
        ({"messages": []}, "messages", "`messages` must be a list of at least one message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0]", "must be system, developer, user, assi"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content", "must be text or a list of parts"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", "must be text, got None"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"arguments": "{"}}]}]},
            "messages[0].tool_calls[0]",
            "must be a JSON object as text",
        ),
        ({"tools": {}}, "tools", "`tools` must be a list, got dict"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools", "a tool needs a name and a JSON Schema"),
        ({"tools": [TOOLS[0], TOOLS[0]]}, "tools", "search_flights"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice", "'x' is not on offer"),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"name": "fly"}]}}},
            "tool_choice",
            "`tool_choice` allows tools that are not on offer: 'fly'",
        ),
        ({"tools": [{"name": "f", "args": {"a": 1}}]}, "tools", "tool 'f' has no parameters, but 'args'"),
        ({"stream": "yes"}, "stream", "`stream` must be true or false, got 'yes'"),
        ({"parallel_tool_calls": 0}, "parallel_tool_calls", "`parallel_tool_calls` must be true or false, got 0"),
        ({"trm": {"hand_over": "no"}}, "trm.hand_over", "`trm.hand_over` must be true or false, got 'no'"),
        ({"trm": []}, "trm", "`trm` must be an object"),
        ({"n": 2}, "n", "`n` must be 1, got 2"),
        ({"stop": [1]}, "stop", "`stop` must be text or a list of texts"),
        ({"functions": []}, "functions", "`functions` is not supported; use `tools`"),
        ({"trm": {"colour": 1}}, "trm", "`trm` does not take colour"),
        ({"trm": {"min_confidence": 2}}, "trm.min_confidence", "must lie between 0 and 1, got 2"),
        ({"trm": {"min_confidence": True}}, "trm.min_confidence", "must be a number from 0 to 1 or null"),
        ({"trm": {"now": "soon"}}, "trm.now", "must be ISO 8601, got 'soon'"),
        ({"trm": {"confirm": 1}}, "trm.confirm", "must be auto, always, never or a list of tool names"),
        ({"response_format": {"type": "json_object"}}, "response_format", "the router writes no JSON"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}]},
            "messages",
            "holds more than text, which the router cannot read",
        ),
    ],
)
def test_what_cannot_be_read_is_a_400_that_says_where(
    client: OpenAI, change: dict[str, Any], param: str, message: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        ask(client, extra_body=change)
    assert caught.value.param == param
    assert message in caught.value.body["message"]  # type: ignore[index]
    assert caught.value.type == "invalid_request_error"


def test_settings_hold_for_one_request(client: OpenAI) -> None:
    now = {"now": "2026-03-01T08:00:00", "confirm": "always"}
    asked = ask(client, extra_body={"trm": now})
    assert asked.choices[0].message.tool_calls is None
    assert asked.trm["decision"]["note"] == "confirm"
    assert ask(client).choices[0].message.tool_calls


def test_the_answer_is_marked_where_it_would_be_handed_over(client: OpenAI) -> None:
    dry = {"trm": {"min_confidence": 0.9, "hand_over": False}}
    unsure = ask(client, [{"role": "user", "content": "hm, maybe"}], extra_body=dry)
    assert unsure.choices[0].message.tool_calls[0].function.name == "book_flight"
    assert unsure.trm["handed_over"]["measure"] == "confidence"
    assert unsure.trm["handed_over"]["threshold"] == 0.9
    assert ask(client, extra_body=dry).trm["handed_over"] is None


def test_langchains_openai_model_works_in_front_of_it(served: Serve) -> None:
    from langchain_openai import ChatOpenAI

    url = served()
    model = ChatOpenAI(model="trm", base_url=f"{url}/v1", api_key="any", max_retries=0).bind_tools(TOOLS)  # type: ignore[arg-type]
    answer = model.invoke("a flight to Rome tomorrow")
    assert [call["args"] for call in answer.tool_calls] == [{"city": "Rome", "day": "tomorrow"}]  # type: ignore[attr-defined]
    whole = None
    for chunk in model.stream("a flight to Rome tomorrow"):
        whole = chunk if whole is None else whole + chunk  # type: ignore[operator]
    assert whole is not None
    assert [call["name"] for call in whole.tool_calls] == ["search_flights"]  # type: ignore[attr-defined]


def test_no_served_key_reaches_the_page_of_models(served: Serve) -> None:
    with openai_client(served(), key="whatever") as client:
        assert [model.id for model in client.models.list()] == ["trm"]
