"""The command `trm`.

uv run trm serve
uv run trm serve --upstream-url https://api.openai.com/v1 --upstream-key-env OPENAI_API_KEY --upstream-model NAME

`serve` answers on http://127.0.0.1:8321: an OpenAI-compatible endpoint under /v1, and a page to try tools on.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from langchain_trm.server.settings import ServerSettings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MIN_CONFIDENCE, MIN_CALL_CONFIDENCE = 0.9, 0.8

_NEEDED = ("starlette", "uvicorn", "httpx", "prometheus_client")


class _UsageError(TRMError):
    """Options that do not go together."""


def parser() -> argparse.ArgumentParser:
    """The options."""
    whole = argparse.ArgumentParser("trm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="serve")
    serve = verbs.add_parser("serve", help="an OpenAI-compatible endpoint and a playground")
    add = serve.add_argument
    add("--host", default="127.0.0.1", help="address to bind to (default: this machine only)")
    add("--port", type=int, default=8321, help="port; 0 takes a free one")
    add("--checkpoint", help="a checkpoint folder; default: the shipped weights")
    add("--name", default="trm", help="the model's name in /v1/models")
    add("--key-env", metavar="VARIABLE", help="environment variable with the key that clients must send")
    add("--min-confidence", type=float, help=f"below it a request is handed over ({MIN_CONFIDENCE} with an upstream)")
    add("--min-call-confidence", type=float, help=f"the same for whole calls ({MIN_CALL_CONFIDENCE} with an upstream)")
    add("--confirm", choices=("auto", "always", "never"), default="auto", help="before which calls the user is asked")
    add("--upstream-url", help="base URL of the OpenAI-compatible server that takes what is handed over")
    add("--upstream-key-env", metavar="VARIABLE", help="environment variable with the upstream's key")
    add("--upstream-model", help="model name sent to the upstream; default: the request's")
    add("--max-body-bytes", type=int, default=1_048_576, help="largest request body")
    add("--max-messages", type=int, default=400, help="most messages in a request")
    add("--max-tools", type=int, default=1000, help="most tools in a request")
    add("--threads", type=int, default=2, help="decisions made at the same time")
    add("--waiting", type=int, default=64, help="requests that may wait; one more is answered 503")
    add("--timeout", type=float, default=30.0, help="seconds for a decision, waiting included")
    add("--upstream-timeout", type=float, default=120.0, help="seconds that the upstream may be silent")
    add("--stop-timeout", type=int, default=30, help="seconds that running requests get when the server is stopped")
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (wrong usage leaves through argparse with 2)."""
    options = parser().parse_args(argv)
    setup_logging()
    try:
        return _serve(options)
    except TRMError as error:
        logger.error("%s", error)
        return 1


def read_settings(options: argparse.Namespace) -> ServerSettings:
    """The options as the server takes them.

    Raises:
        TRMError: A key is asked for that is not in the environment, or options are missing.
    """
    from langchain_trm.server.settings import Limits, ServerSettings, Upstream

    upstream = None
    if options.upstream_url:
        if not options.upstream_url.startswith(("http://", "https://")):
            raise _UsageError(f"--upstream-url must begin with http:// or https://, got {options.upstream_url!r}")
        upstream = Upstream(options.upstream_url, _key(options.upstream_key_env), options.upstream_model)
    elif options.upstream_key_env or options.upstream_model:
        raise _UsageError("--upstream-key-env and --upstream-model need --upstream-url")
    for name in ("threads", "max_body_bytes", "max_messages", "max_tools", "timeout", "upstream_timeout"):
        if getattr(options, name) <= 0:
            raise _UsageError(f"--{name.replace('_', '-')} must be above 0, got {getattr(options, name)}")
    return ServerSettings(
        name=options.name,
        upstream=upstream,
        key=_key(options.key_env),
        hosts=ServerSettings().hosts if options.host in LOOPBACK else (),
        limits=Limits(
            body_bytes=options.max_body_bytes,
            messages=options.max_messages,
            tools=options.max_tools,
            threads=options.threads,
            waiting=max(0, options.waiting),
            timeout=options.timeout,
            upstream_timeout=options.upstream_timeout,
        ),
    )


def _serve(options: argparse.Namespace) -> int:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise _UsageError(f"`trm serve` needs {', '.join(missing)}; install the extra: uv add 'trm-agent[serve]'")
    settings = read_settings(options)
    if options.host not in LOOPBACK and settings.key is None:
        logger.warning("everybody who reaches %s can use this server; --key-env asks for a key", options.host)

    import uvicorn

    from langchain_trm.chat_models import ChatTRM
    from langchain_trm.server.app import create_app

    given: dict[str, Any] = {"model": options.checkpoint} if options.checkpoint else {}
    sure, sure_call = options.min_confidence, options.min_call_confidence
    if settings.upstream is not None:
        sure = MIN_CONFIDENCE if sure is None else sure
        sure_call = MIN_CALL_CONFIDENCE if sure_call is None else sure_call
    try:
        model = ChatTRM(min_confidence=sure, min_call_confidence=sure_call, confirm=options.confirm, **given)
    except ValueError as error:
        raise _UsageError(str(error)) from error
    logger.info("loading the weights")
    model.loaded()
    # uvicorn sends the signal on once it has stopped; this process then ends by itself.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        create_app(model, settings),
        host=options.host,
        port=options.port,
        ws="none",
        log_level="info",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=options.stop_timeout,
    )
    uvicorn.Server(config).run()
    return 0


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (key := os.environ.get(variable, "").strip()):
        raise _UsageError(f"the environment variable {variable} is not set; it should hold a key")
    return key


if __name__ == "__main__":
    sys.exit(main())
