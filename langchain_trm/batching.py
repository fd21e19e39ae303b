"""Many decisions in one forward, under LangChain's own machinery.

A batch is decided first; then every input runs through `invoke` as usual (callbacks, cache, errors, tracing) and finds
its decision waiting. The decisions wait in a context variable: never in the instance, and only while the batch runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from langchain_trm.deciding import Question, ask, ask_all
from trm_agent.types import Decision

Decisions = Mapping[tuple[str, str], Decision]

_waiting: ContextVar[Decisions] = ContextVar("trm_decisions", default=MappingProxyType({}))


def decide_together(questions: Sequence[Question]) -> Decisions:
    """Decide all questions, those with the same tools in one forward."""
    groups: dict[str, dict[tuple[str, str], Question]] = defaultdict(dict)
    for question in questions:
        key = question.key
        groups[key[0]][key] = question
    decided: dict[tuple[str, str], Decision] = {}
    for group in groups.values():
        decided.update(zip(group, ask_all(list(group.values())), strict=True))
    return decided


@contextmanager
def waiting(decisions: Decisions) -> Iterator[None]:
    """Let `decide` find these decisions while the block runs."""
    token = _waiting.set(decisions)
    try:
        yield
    finally:
        _waiting.reset(token)


def decide(question: Question) -> Decision:
    """The decision that waits for this question; without one, the router is asked."""
    decisions = _waiting.get()
    found = decisions.get(question.key) if decisions else None
    return found if found is not None else ask(question)
