"""What a server counts, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable

from trm_agent.errors import requires_extra

with requires_extra("serve", "`trm serve`"):
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of one server, in a registry of their own.

    Args:
        busy: Gives how many decisions run or wait.
    """

    def __init__(self, busy: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "trm_requests", "Requests answered, by path and status.", ("path", "status"), registry=self._registry
        )
        self.decisions = Counter(
            "trm_decisions", "Decisions that were answered here.", ("decision",), registry=self._registry
        )
        self.handed_over = Counter(
            "trm_handed_over",
            "Requests that were not answered here, by what was too low and by who took them.",
            ("measure", "to"),
            registry=self._registry,
        )
        self.decision_seconds = Histogram(
            "trm_decision_seconds",
            "Seconds from request to decision, waiting included.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.upstream_seconds = Histogram(
            "trm_upstream_seconds",
            "Seconds until the upstream begins to answer.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        Gauge("trm_busy", "Decisions that run or wait.", registry=self._registry).set_function(busy)

    def text(self) -> bytes:
        """All of them."""
        return generate_latest(self._registry)
