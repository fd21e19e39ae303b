"""How near what the user said comes to any of the tools."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trm_agent.features.conversation import Conversation
from trm_agent.features.tools import ToolTable


def relevance_by_length(talk: Conversation, table: ToolTable) -> np.ndarray:
    """Per history length: how near what the user said so far comes to any tool, as the best cosine; [M + 1].

    A call in the history makes it relevant whatever was said.
    """
    if not len(table.tools):
        return relevance(talk, lambda m: -1.0)
    return relevance(talk, lambda m: float((table.tool_vectors @ talk.message_vectors[m]).max()))


def relevance(talk: Conversation, nearest: Callable[[int], float]) -> np.ndarray:
    """`relevance_by_length`, where the best cosine of a message with any tool is known; [M + 1]."""
    near = np.full(len(talk.messages) + 1, -1.0)
    for n, message in enumerate(talk.messages, 1):
        near[n] = near[n - 1]
        if message.role == "tool_call":
            near[n] = 1.0
        elif message.role == "user":
            near[n] = max(near[n], nearest(n - 1))
    return near
