"""The application: which path does what, and the way of a chat request through it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from langchain_trm.chat_models import ChatTRM
from langchain_trm.server.completions import completion, handed_over, stream
from langchain_trm.server.errors import ApiError
from langchain_trm.server.guards import Guard, read_body
from langchain_trm.server.metrics import CONTENT_TYPE, Metrics
from langchain_trm.server.playground import playground_routes
from langchain_trm.server.requests import Beyond, ChatRequest, parse_object, read_request
from langchain_trm.server.routing import Routed, route
from langchain_trm.server.settings import ServerSettings
from langchain_trm.server.upstream import HANDLED_BY, UpstreamClient
from langchain_trm.server.workers import Workers
from trm_agent.errors import requires_extra

with requires_extra("serve", "`trm serve`"):
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

_LOCAL = {HANDLED_BY: "trm"}
_BEYOND: Mapping[Beyond, str] = {
    "content": "the newest message holds more than text, which the router cannot read",
    "response_format": "the router writes no JSON; offer the schema as a tool and force it with `tool_choice`",
}


def create_app(model: ChatTRM, settings: ServerSettings | None = None) -> Starlette:
    """The server as an ASGI application, for `uvicorn` or any other.

    Args:
        model: Decides. Its thresholds say what is handed over.
        settings: Everything else.
    """
    server = _Server(model, settings or ServerSettings())
    return Starlette(
        routes=[
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
            Route("/v1/models", server.models),
            Route("/v1/models/{name:path}", server.model_card),
            Route("/health", server.health),
            Route("/metrics", server.metrics_text),
            *playground_routes(server.settings.limits, model.model),
        ],
        middleware=[Middleware(Guard, settings=server.settings, metrics=server.metrics)],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error},
        lifespan=server.lifespan,
    )


class _Server:
    def __init__(self, model: ChatTRM, settings: ServerSettings) -> None:
        self.model = model
        self.settings = settings
        self.workers = Workers(settings.limits)
        self.metrics = Metrics(lambda: self.workers.busy)
        self.upstream = UpstreamClient(settings.upstream, settings.limits) if settings.upstream else None
        self.started = int(time.time())

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Load the weights before the first request, let the last decision end."""
        await asyncio.to_thread(self.model.loaded)
        try:
            yield
        finally:
            await asyncio.to_thread(self.workers.close)
            if self.upstream is not None:
                await self.upstream.close()

    async def chat(self, request: Request) -> Response:
        limits = self.settings.limits
        body = await read_body(request, limits.body_bytes)
        asked = read_request(parse_object(body), limits)
        if self.upstream is None and asked.model != self.settings.name:
            raise _unknown_model(asked.model, self.settings.name)
        if asked.beyond is not None:
            return await self._beyond(asked, asked.beyond)
        began = time.perf_counter()
        routed = await self.workers.run(partial(route, self.model, asked))
        self.metrics.decision_seconds.observe(time.perf_counter() - began)
        return await self._answer(asked, routed)

    async def models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def model_card(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name != self.settings.name:
            raise _unknown_model(name, self.settings.name)
        return JSONResponse(self._card())

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "model": self.settings.name, "busy": self.workers.busy})

    async def metrics_text(self, _: Request) -> Response:
        return Response(self.metrics.text(), headers={"content-type": CONTENT_TYPE})

    async def _answer(self, asked: ChatRequest, routed: Routed) -> Response:
        message, refusal = routed.message, routed.refusal
        if message is None:
            if refusal is None:
                raise AssertionError("either an answer or a refusal")
            why = {"decision": refusal.record, "handed_over": handed_over(refusal)}
            if self.upstream is not None:
                return await self._pass_on(asked, refusal.measure, why)
            self.metrics.handed_over.labels(refusal.measure, "nobody").inc()
            raise ApiError(422, f"{refusal}; this server has no upstream", "low_confidence", extra={"trm": why})
        self.metrics.decisions.labels("tool_call" if message.tool_calls else "direct_answer").inc()
        name = self.settings.name
        if asked.stream:
            events = stream(message, name, include_usage=asked.include_usage, refusal=refusal)
            return StreamingResponse(_each(list(events)), media_type="text/event-stream", headers=_LOCAL)
        return JSONResponse(completion(message, name, refusal), headers=_LOCAL)

    async def _beyond(self, asked: ChatRequest, beyond: Beyond) -> Response:
        why = {"decision": None, "handed_over": {"measure": beyond, "threshold": None, "reason": _BEYOND[beyond]}}
        if self.upstream is not None:
            return await self._pass_on(asked, beyond, why)
        param = "messages" if beyond == "content" else beyond
        raise ApiError(400, _BEYOND[beyond], f"unsupported_{beyond}", param=param)

    async def _pass_on(self, asked: ChatRequest, measure: str, why: Mapping[str, Any]) -> Response:
        if self.upstream is None:
            raise AssertionError("nobody to pass it on to")
        self.metrics.handed_over.labels(measure, "upstream").inc()
        with self.metrics.upstream_seconds.time():
            return await self.upstream.pass_on(asked.raw, why)

    def _card(self) -> dict[str, Any]:
        return {"id": self.settings.name, "object": "model", "created": self.started, "owned_by": "trm-agent"}


async def _each(events: list[str]) -> AsyncIterator[str]:
    for event in events:
        yield event


def _unknown_model(asked: str, name: str) -> ApiError:
    return ApiError(404, f"there is no model {asked!r:.80}; this server has {name!r}", "model_not_found", param="model")


async def _api_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "http_error")
    return ApiError(status, f"{request.method} {request.url.path}: {error}", code).response()
