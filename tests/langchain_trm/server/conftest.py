"""Servers in threads on free ports of the loopback interface, and an upstream that plays what a test asks for."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn
from openai import OpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from langchain_trm import ChatTRM
from langchain_trm.server.app import create_app
from langchain_trm.server.settings import ServerSettings
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "search_flights",
            "description": "Search for flights.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "City to fly to."},
                    "day": {"type": "string", "description": "Day of departure."},
                },
                "required": ["city", "day"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "book_flight",
            "description": "Book a flight that was found.",
            "parameters": {
                "type": "object",
                "properties": {"flight": {"type": "string", "description": "Number of the flight."}},
                "required": ["flight"],
            },
        },
    },
]

Serve = Callable[..., str]


class PlayedUpstream:
    """An OpenAI-compatible server that remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.status = 200
        self.breaks_off = False
        self.stalls = False
        self.left = threading.Event()
        self.events = ["data: " + json.dumps(_chunk(text)) + "\n\n" for text in ("From ", "above")] + [
            "data: [DONE]\n\n"
        ]

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append((dict(request.headers), body))
        if self.status != 200:
            return JSONResponse({"error": {"message": "not so", "type": "x", "code": "y", "param": None}}, self.status)
        if body.get("stream"):
            return StreamingResponse(self._stream(), media_type="text/event-stream")
        said = {"role": "assistant", "content": "From above"}
        choice = {"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}
        return JSONResponse(
            {"id": "up", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
        )

    async def _stream(self) -> Any:
        try:
            for event in self.events:
                yield event
                if self.breaks_off:
                    raise OSError("the wire is cut")
                while self.stalls:
                    await asyncio.sleep(0.05)
        finally:
            self.left.set()


def _chunk(text: str) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    return {"id": "up", "object": "chat.completion.chunk", "created": 1, "model": "large", "choices": [choice]}


@contextmanager
def running(app: Starlette) -> Iterator[tuple[str, uvicorn.Server, threading.Thread]]:
    """The application on a free port; its base URL, server and thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, ws="none", log_level="critical", timeout_graceful_shutdown=10))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", server, thread
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
        assert not thread.is_alive()


@pytest.fixture
def served(travel: ScriptedRouter) -> Iterator[Serve]:
    """Start a server for a model's settings and a server's; gives its base URL."""
    with ExitStack() as stack:

        def start(settings: ServerSettings | None = None, **fields: Any) -> str:
            model = ChatTRM(**{"router": travel, **fields})
            return stack.enter_context(running(create_app(model, settings)))[0]

        yield start


@pytest.fixture
def played() -> PlayedUpstream:
    return PlayedUpstream()


@pytest.fixture
def upstream_url(played: PlayedUpstream) -> Iterator[str]:
    app = Starlette(routes=[Route("/v1/chat/completions", played.answer, methods=["POST"])])
    with running(app) as (url, _, _):
        yield f"{url}/v1"


@pytest.fixture
def client(served: Serve) -> Iterator[OpenAI]:
    """OpenAI's client before a server that never hands over."""
    with openai_client(served()) as opened:
        yield opened


def openai_client(url: str, key: str = "any") -> OpenAI:
    """OpenAI's client; it tries once."""
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=30)


def slow_router(seconds: float) -> ScriptedRouter:
    """Decides on nothing, late."""
    script = by_last_user({})

    def late(*arguments: Any) -> Plan:
        time.sleep(seconds)
        return script(*arguments)

    return ScriptedRouter(late)
