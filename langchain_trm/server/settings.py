"""What a server is configured with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """What one server takes on.

    Attributes:
        body_bytes: Largest request body.
        messages: Most messages in one request.
        tools: Most tools in one request.
        threads: Decisions made at the same time.
        waiting: Requests that may wait for a thread; one more is refused.
        timeout: Seconds until a decision is given up, waiting included.
        upstream_timeout: Seconds that the upstream may be silent.
        upstream_connections: Requests that are with the upstream at the same time.
    """

    body_bytes: int = 1_048_576
    messages: int = 400
    tools: int = 1000
    threads: int = 2
    waiting: int = 64
    timeout: float = 30.0
    upstream_timeout: float = 120.0
    upstream_connections: int = 32


@dataclass(frozen=True)
class Upstream:
    """The OpenAI-compatible server that takes what the router is not sure of.

    Attributes:
        url: Base URL, such as `https://api.openai.com/v1`.
        key: Sent as a bearer token; None sends none.
        model: Name sent instead of the request's; None keeps the request's.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    model: str | None = None


@dataclass(frozen=True)
class ServerSettings:
    """One server.

    Attributes:
        name: Of the model, in `/v1/models` and in answers.
        upstream: Takes over where the router is not sure; None refuses such requests where a confidence is asked for.
        key: Bearer token that clients must send; None asks for none.
        hosts: Names that a `Host` header may give, without port; empty takes any. It keeps web pages from reaching a
            server on the loopback interface under a name of their own (DNS rebinding).
        limits: What it takes on.
    """

    name: str = "trm"
    upstream: Upstream | None = None
    key: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    limits: Limits = Limits()
