"""TRM for LangChain: a chat model, middleware and a decision model that decide locally whether to call a tool.

settings, loading → messages, tools (from LangChain's forms) → deciding: turns, snapshots, confirming, forcing,
batching → wording: replies, responding → records, output (to LangChain's forms) → chat_models (`ChatTRM`) →
structured; middleware, tool_selection, decision_models; review, thresholds, certainty, explain; logs (tools and
threads as files)

Needs langchain-core alone; what needs `langchain` itself (the `agents` extra) is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from langchain_trm.chat_models import ChatTRM
from langchain_trm.explain import Explanation, explain
from langchain_trm.review import low_confidence
from langchain_trm.thresholds import Thresholds
from trm_agent.errors import LowConfidenceError

if TYPE_CHECKING:
    from langchain_trm.decision_models import TRMDecisionModel
    from langchain_trm.middleware import TRMMiddleware
    from langchain_trm.tool_selection import TRMToolSelector

__all__ = [
    "ChatTRM",
    "Explanation",
    "LowConfidenceError",
    "TRMDecisionModel",
    "TRMMiddleware",
    "TRMToolSelector",
    "Thresholds",
    "explain",
    "low_confidence",
]

# Without the `agents` extra, `import *` does not ask for what needs it.
if not TYPE_CHECKING and find_spec("langchain") is None:
    __all__.remove("TRMMiddleware")
    __all__.remove("TRMToolSelector")

_LATER = {
    "TRMDecisionModel": "decision_models",
    "TRMMiddleware": "middleware",
    "TRMToolSelector": "tool_selection",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("trm-agent")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
