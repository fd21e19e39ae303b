"""What stands around every request: the host it names, the key it brings, the size of its body, the count, crashes."""

from __future__ import annotations

import hmac

from langchain_trm.server.errors import ApiError
from langchain_trm.server.metrics import Metrics
from langchain_trm.server.settings import ServerSettings
from trm_agent.errors import requires_extra
from trm_agent.log import logger

with requires_extra("serve", "`trm serve`"):
    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OPEN = ("/", "/health")
_STATIC = "/static/"
_COUNTED = frozenset(("/", "/health", "/metrics", "/v1/models", "/v1/chat/completions"))


class Guard:
    """ASGI middleware.

    Args:
        app: What it stands before.
        settings: Hosts and key.
        metrics: Where answers are counted.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]

        started = False

        async def counted(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._metrics.requests.labels(path if path in _COUNTED else "other", str(message["status"])).inc()
            await send(message)

        try:
            self._check(path, Headers(scope=scope))
        except ApiError as error:
            await error.response()(scope, receive, counted)
            return
        try:
            await self._app(scope, receive, counted)
        except Exception:
            logger.exception("%s %s failed", scope["method"], path)
            if started:
                raise
            failure = ApiError(500, "the server failed; its log says more", "internal_error")
            await failure.response()(scope, receive, counted)

    def _check(self, path: str, headers: Headers) -> None:
        hosts, key = self._settings.hosts, self._settings.key
        if hosts and _name(headers.get("host", "")) not in hosts:
            raise ApiError(403, f"this server answers under {', '.join(hosts)} only", "wrong_host")
        if key is None or path in _OPEN or path.startswith(_STATIC):
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
            raise ApiError(401, "the key is missing or wrong", "invalid_api_key")


async def read_body(request: Request, most: int) -> bytes:
    """The body, read no further than it may be long.

    Args:
        request: Its body is JSON: a form that a web page of another origin can send is refused.
        most: Bytes.

    Raises:
        ApiError: It is too large (413), or says that it is no JSON (415).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "the body must be sent as application/json", "unsupported_media_type")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _name(host: str) -> str:
    """A `Host` header without its port."""
    end = host.find("]") + 1 if host.startswith("[") else host.find(":")
    return (host if end <= 0 else host[:end]).lower()


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"the body is larger than {most} bytes", "request_too_large")
