"""What the page asks beside the endpoint: its files, reading pasted tools, writing a conversation down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from langchain_trm.server.errors import bad_request
from langchain_trm.server.export import export_samples, export_test
from langchain_trm.server.guards import read_body
from langchain_trm.server.requests import parse_object
from langchain_trm.server.settings import Limits
from langchain_trm.server.signatures import read_pasted
from trm_agent.errors import TRMError, requires_extra

with requires_extra("serve", "`trm serve`"):
    from starlette.requests import Request
    from starlette.responses import FileResponse, JSONResponse, Response
    from starlette.routing import BaseRoute, Mount, Route
    from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"

_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def playground_routes(limits: Limits, checkpoint: str | None = None) -> list[BaseRoute]:
    """The routes of the page.

    Args:
        limits: For what it sends.
        checkpoint: The folder of the weights that decide; None for those that ship.
    """
    writers: dict[str, Callable[[Mapping[str, Any], Limits], str]] = {
        "samples": export_samples,
        "test": partial(export_test, checkpoint=checkpoint),
    }

    async def page(_: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers=_HEADERS)

    async def tools(request: Request) -> Response:
        data = parse_object(await read_body(request, limits.body_bytes))
        text = data.get("text")
        if not isinstance(text, str):
            raise bad_request("`text` must be text", "text")
        try:
            return JSONResponse({"tools": read_pasted(text)})
        except TRMError as error:
            raise bad_request(str(error), "text") from error

    async def export(request: Request) -> Response:
        data = parse_object(await read_body(request, limits.body_bytes))
        write = writers.get(str(data.get("format")))
        if write is None:
            raise bad_request(f"`format` must be samples or test, got {data.get('format')!r:.80}", "format")
        return JSONResponse({"text": write(data, limits)})

    return [
        Route("/", page),
        Route("/playground/tools", tools, methods=["POST"]),
        Route("/playground/export", export, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
