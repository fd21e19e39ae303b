"""What the router is not sure of goes to the upstream, with the server's key and name, and comes back as it is."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from openai import APIError, InternalServerError, OpenAI, RateLimitError, UnprocessableEntityError

from langchain_trm.server.settings import Limits, ServerSettings, Upstream
from tests.langchain_trm.server.conftest import TOOLS, PlayedUpstream, Serve, openai_client

UNSURE = [{"role": "user", "content": "hm, maybe"}]


@pytest.fixture
def client(served: Serve, upstream_url: str) -> Any:
    settings = ServerSettings(upstream=Upstream(upstream_url, key="of-the-server", model="large"))
    with openai_client(served(settings, min_confidence=0.9), key="of-the-client") as opened:
        yield opened


def ask(client: OpenAI, messages: list[dict[str, Any]] = UNSURE, **more: Any) -> Any:
    return client.chat.completions.create(**{"model": "trm", "messages": messages, "tools": TOOLS, **more})


def test_an_unsure_request_is_passed_on(client: OpenAI, played: PlayedUpstream) -> None:
    answer = ask(client, temperature=0.3, extra_body={"trm": {"confirm": "auto"}})
    assert answer.choices[0].message.content == "From above"
    assert answer.trm["handled_by"] == "upstream"
    assert answer.trm["handed_over"]["measure"] == "confidence"
    assert answer.trm["decision"]["tool"] == "book_flight"
    headers, body = played.requests[0]
    assert headers["authorization"] == "Bearer of-the-server"
    assert "of-the-client" not in str(headers)
    assert body == {"model": "large", "messages": UNSURE, "tools": TOOLS, "temperature": 0.3}


def test_a_sure_request_stays_here(client: OpenAI, played: PlayedUpstream) -> None:
    answer = ask(client, [{"role": "user", "content": "a flight to Rome tomorrow"}])
    assert answer.choices[0].message.tool_calls
    assert played.requests == []


def test_a_stream_is_passed_through_byte_for_byte(client: OpenAI, played: PlayedUpstream) -> None:
    chunks = list(ask(client, stream=True))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "From above"
    body = {"model": "trm", "messages": UNSURE, "tools": TOOLS, "stream": True}
    raw = httpx.post(f"{client.base_url}chat/completions", json=body)
    assert raw.text == "".join(played.events)
    assert raw.headers["x-trm-handled-by"] == "upstream"


def test_a_stream_that_breaks_off_ends_with_an_error(client: OpenAI, played: PlayedUpstream) -> None:
    played.breaks_off = True
    with pytest.raises(APIError, match="the upstream broke off"):
        list(ask(client, stream=True))


def test_the_upstream_is_left_when_the_client_leaves(client: OpenAI, played: PlayedUpstream) -> None:
    played.stalls = True
    stream = ask(client, stream=True)
    assert next(stream).choices[0].delta.content == "From "
    stream.close()
    assert played.left.wait(10)


@pytest.mark.parametrize(
    "change",
    [
        {"response_format": {"type": "json_object"}},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}]},
    ],
    ids=["format", "picture"],
)
def test_what_the_router_cannot_do_is_passed_on(client: OpenAI, played: PlayedUpstream, change: dict[str, Any]) -> None:
    answer = ask(client, extra_body=change)
    assert answer.choices[0].message.content == "From above"
    assert answer.trm["decision"] is None
    assert len(played.requests) == 1


def test_the_upstreams_refusals_come_back(client: OpenAI, played: PlayedUpstream) -> None:
    played.status = 429
    with pytest.raises(RateLimitError, match="not so"):
        ask(client)
    for status in (401, 500):
        played.status = status
        with pytest.raises(InternalServerError, match=f"the upstream answered {status}") as caught:
            ask(client)
        assert caught.value.status_code == 502
        assert caught.value.code == "upstream_error"


def test_an_upstream_that_is_not_there_is_a_502(served: Serve) -> None:
    settings = ServerSettings(upstream=Upstream("http://127.0.0.1:9/v1"), limits=Limits(upstream_timeout=5))
    unreached = pytest.raises(InternalServerError, match="the upstream cannot be reached")
    with openai_client(served(settings, min_confidence=0.9)) as client, unreached as caught:
        ask(client)
    assert caught.value.status_code == 502


def test_an_upstream_that_stays_silent_is_a_504(served: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        upstream = Upstream(f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        settings = ServerSettings(upstream=upstream, limits=Limits(upstream_timeout=0.3))
        late = pytest.raises(InternalServerError, match="the upstream did not answer in time")
        with openai_client(served(settings, min_confidence=0.9)) as client, late as caught:
            ask(client)
    assert (caught.value.status_code, caught.value.code) == (504, "upstream_timeout")


def test_langchains_openai_model_sees_who_answered(served: Serve, upstream_url: str) -> None:
    from langchain_openai import ChatOpenAI

    url = served(ServerSettings(upstream=Upstream(upstream_url)), min_confidence=0.9)
    model = ChatOpenAI(model="trm", base_url=f"{url}/v1", api_key="any", max_retries=0, include_response_headers=True)  # type: ignore[arg-type]
    bound = model.bind_tools(TOOLS)
    for said, by in (("hm, maybe", "upstream"), ("a flight to Rome tomorrow", "trm")):
        assert bound.invoke(said).response_metadata["headers"]["x-trm-handled-by"] == by


def test_any_model_name_is_taken_and_passed_on(served: Serve, upstream_url: str, played: PlayedUpstream) -> None:
    with openai_client(served(ServerSettings(upstream=Upstream(upstream_url)), min_confidence=0.9)) as client:
        assert ask(client, model="gpt").choices[0].message.content == "From above"
    assert played.requests[0][1]["model"] == "gpt"
    assert "authorization" not in played.requests[0][0]


def test_without_an_upstream_an_unsure_request_is_refused(served: Serve) -> None:
    refused = pytest.raises(UnprocessableEntityError, match=r"confidence 0\.400 is below")
    with openai_client(served(min_confidence=0.9)) as client, refused as caught:
        ask(client)
    body: Any = caught.value.body
    assert caught.value.code == "low_confidence"
    assert body["trm"]["decision"]["tool"] == "book_flight"
