"""Passing a request on to another OpenAI-compatible server, whose answer goes back as it comes.

The request goes out with the server's own key: no header of the client is passed on.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from langchain_trm.server.completions import event
from langchain_trm.server.errors import ApiError
from langchain_trm.server.requests import EXTENSION
from langchain_trm.server.settings import Limits, Upstream
from trm_agent.errors import requires_extra
from trm_agent.log import logger

with requires_extra("serve", "`trm serve`"):
    import httpx
    from starlette.responses import JSONResponse, Response, StreamingResponse

HANDLED_BY = "x-trm-handled-by"

_PASSED_ON = frozenset((400, 404, 409, 413, 422, 429))
_HEADERS = {HANDLED_BY: "upstream"}


class UpstreamClient:
    """Connections to the upstream.

    Args:
        upstream: Where, with which key, under which name.
        limits: How long, how many.
    """

    def __init__(self, upstream: Upstream, limits: Limits) -> None:
        self._upstream = upstream
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(limits.upstream_timeout, connect=10.0, pool=10.0),
            limits=httpx.Limits(max_connections=limits.upstream_connections),
            headers={"authorization": f"Bearer {upstream.key}"} if upstream.key else {},
        )

    async def pass_on(self, raw: Mapping[str, Any], why: Mapping[str, Any]) -> Response:
        """Send the request; the answer, a stream as a stream.

        Args:
            raw: The body as the client sent it.
            why: Put into the field `trm` of an answer that is no stream.

        Raises:
            ApiError: The upstream cannot be reached or refuses the server (502), or is too slow (504).
        """
        body = {key: value for key, value in raw.items() if key != EXTENSION}
        if self._upstream.model is not None:
            body["model"] = self._upstream.model
        url = f"{self._upstream.url.rstrip('/')}/chat/completions"
        try:
            answer = await self._client.send(self._client.build_request("POST", url, json=body), stream=True)
            if answer.status_code == 200 and body.get("stream") is True:
                return StreamingResponse(_relay(answer), media_type="text/event-stream", headers=_HEADERS)
            try:
                content = await answer.aread()
            finally:
                await answer.aclose()
        except httpx.PoolTimeout as error:
            raise ApiError(503, "too many requests are with the upstream", "overloaded", retry_after=1) from error
        except httpx.TimeoutException as error:
            raise ApiError(504, "the upstream did not answer in time", "upstream_timeout") from error
        except httpx.HTTPError as error:
            logger.warning("the upstream cannot be reached: %s", error)
            raise ApiError(502, "the upstream cannot be reached", "upstream_unreachable") from error
        return _whole(answer.status_code, content, why)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The upstream's events, byte for byte; an error event where it breaks off."""
    try:
        async for chunk in answer.aiter_bytes():
            yield chunk
    except httpx.HTTPError as error:
        logger.warning("the upstream broke off: %s", error)
        yield event(ApiError(502, "the upstream broke off", "upstream_unreachable").body()).encode()
    finally:
        await answer.aclose()


def _whole(status: int, content: bytes, why: Mapping[str, Any]) -> Response:
    try:
        data = json.loads(content)
    except ValueError:
        data = None
    if status == 200 and isinstance(data, dict):
        return JSONResponse({**data, EXTENSION: {"handled_by": "upstream", **why}}, headers=_HEADERS)
    if status in _PASSED_ON and isinstance(data, dict):
        return JSONResponse(data, status, headers=_HEADERS)
    logger.warning("the upstream answered %d: %.200r", status, content)
    raise ApiError(502, f"the upstream answered {status}", "upstream_error")
