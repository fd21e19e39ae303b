"""Streams carry calls and words in pieces, and everything that must appear once, once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableLambda

from langchain_trm import ChatTRM, LowConfidenceError
from langchain_trm.output import pieces

TEXTS = ["a flight to Rome tomorrow", "a flight to Rome", "hi"]


def merged(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    full = chunks[0]
    for chunk in chunks[1:]:
        full = full + chunk
    return full


@pytest.mark.parametrize("text", TEXTS)
def test_a_merged_stream_is_the_message(model: ChatTRM, text: str) -> None:
    whole, full = model.invoke(text), merged(list(model.stream(text)))
    assert (full.content, full.tool_calls) == (whole.content, whole.tool_calls)
    assert full.usage_metadata == whole.usage_metadata
    assert full.additional_kwargs == whole.additional_kwargs
    assert full.response_metadata == whole.response_metadata


@pytest.mark.parametrize("text", TEXTS)
async def test_the_async_stream_is_the_same(model: ChatTRM, text: str) -> None:
    sync = [(c.content, c.tool_call_chunks, c.usage_metadata) for c in model.stream(text)]
    assert [(c.content, c.tool_call_chunks, c.usage_metadata) async for c in model.astream(text)] == sync


def test_name_and_id_come_first_then_the_arguments(model: ChatTRM) -> None:
    first, second, last = model.stream("a flight to Rome tomorrow")
    assert first.tool_call_chunks[0]["name"] == "search_flights"
    assert first.tool_call_chunks[0]["id"]
    assert first.tool_call_chunks[0]["args"] == ""
    assert second.tool_call_chunks[0]["name"] is None
    assert second.tool_call_chunks[0]["args"] == '{"city": "Rome", "day": "tomorrow"}'
    assert {first.tool_call_chunks[0]["index"], second.tool_call_chunks[0]["index"]} == {0}
    assert last.chunk_position == "last"


def test_words_come_in_pieces(model: ChatTRM) -> None:
    words = [chunk.content for chunk in model.stream("a flight to Rome")]
    assert words == ["What ", "is ", "the ", "day ", "of ", "departure?", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_usage_and_metadata_come_once_in_the_last_chunk(model: ChatTRM, text: str) -> None:
    *before, last = model.stream(text)
    assert all(c.usage_metadata is None and not c.additional_kwargs and not c.chunk_position for c in before)
    assert all("decision" not in c.response_metadata for c in before)
    assert last.chunk_position == "last"
    assert last.usage_metadata is not None
    assert last.response_metadata["decision"]["confidence"] == 0.97


def test_pieces_are_the_text_again() -> None:
    for text in ("", " ", "a", " a  b\n\nc ", "…!"):
        assert "".join(pieces(text)) == text


def test_a_refusal_comes_before_the_first_chunk_so_that_a_fallback_can_stream(model: ChatTRM) -> None:
    careful = model.model_copy(update={"min_confidence": 0.9})
    with pytest.raises(LowConfidenceError):
        next(iter(careful.stream("hm, maybe")))
    safe = careful.with_fallbacks([GenericFakeChatModel(messages=iter([AIMessage("a larger model says")]))])
    assert "".join(str(c.content) for c in safe.stream("hm, maybe")) == "a larger model says"


def test_a_responder_s_stream_is_passed_on_as_it_comes(model: ChatTRM) -> None:
    log: list[str] = []

    def speak(value: Any) -> Iterator[str]:
        for word in ("When ", "exactly?"):
            log.append(f"said {word}")
            yield word

    spoken = model.model_copy(update={"responder": RunnableLambda(speak)})
    for chunk in spoken.stream("a flight to Rome"):
        log.append(f"got {chunk.content}")
    assert log == ["said When ", "got When ", "said exactly?", "got exactly?", "got "]


async def test_an_async_responder_s_stream_is_passed_on(model: ChatTRM) -> None:
    async def speak(value: Any) -> AsyncIterator[str]:
        yield "When "
        yield "exactly?"

    spoken = model.model_copy(update={"responder": RunnableLambda(lambda _: "sync", afunc=speak)})
    chunks = [chunk async for chunk in spoken.astream("a flight to Rome")]
    assert [chunk.content for chunk in chunks] == ["When ", "exactly?", ""]
    assert chunks[-1].usage_metadata is not None
    assert chunks[-1].usage_metadata["output_tokens"] == 2


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
@pytest.mark.parametrize("text", TEXTS)
def test_the_event_stream_keeps_snapshot_and_record(model: ChatTRM, text: str) -> None:
    stream = model.stream_events(text, version="v3")
    list(stream)
    whole = model.invoke(text)
    assert stream.output.tool_calls == whole.tool_calls
    assert stream.output.text == whole.text
    assert stream.output.additional_kwargs["trm"] == whole.additional_kwargs["trm"]
    assert stream.output.response_metadata["decision"] == whole.response_metadata["decision"]


def test_v1_content_blocks_hold_the_call_and_the_text(model: ChatTRM) -> None:
    v1 = model.model_copy(update={"output_version": "v1"})
    full = merged(list(v1.stream("a flight to Rome tomorrow")))
    assert [block["type"] for block in full.content_blocks] == ["tool_call"]
    assert [block["type"] for block in merged(list(v1.stream("hi"))).content_blocks] == ["text"]


def test_streaming_as_a_field_goes_through_the_stream(model: ChatTRM) -> None:
    tokens: list[Any] = []

    class Listener(BaseCallbackHandler):
        def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
            tokens.append(token)

    streaming = ChatTRM(router=model.router, tools=model.tools, streaming=True)
    message = streaming.invoke("hi", config={"callbacks": [Listener()]})
    assert message.content == "How can I help you?"
    assert len(tokens) == 6
