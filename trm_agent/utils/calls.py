"""What holds for the calls of every log: their tools are declared, and what is undeclared in them is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import ToolSchema

MAX_REPORTED = 5


class CallCheck:
    """Checks calls against the tools on offer."""

    def __init__(self, tools: Sequence[ToolSchema]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._told: set[tuple[str, str]] = set()

    def __call__(self, call: Mapping[str, Any]) -> None:
        """Take one call, `{name, arguments}`; an argument that is not declared is warned of once.

        Raises:
            DataError: Its tool is not declared.
        """
        name = call["name"]
        if not self._tools:
            raise DataError(f"calls {name!r}, but no tools are declared; name their file with --tools")
        if name not in self._tools:
            raise DataError(f"calls {name!r}, which is not declared; the tools are {', '.join(self._tools)}")
        schema = self._tools[name].schema
        if "additionalProperties" in schema:
            return
        for argument in call["arguments"]:
            if argument not in schema["properties"] and (name, argument) not in self._told:
                self._told.add((name, argument))
                logger.warning("calls of %r carry %r, which the tool does not declare", name, argument)


def listed(problems: Sequence[str]) -> str:
    """The first problems in one line, and how many more there are."""
    more = len(problems) - MAX_REPORTED
    return "; ".join(problems[:MAX_REPORTED]) + (f"; and {more} more" if more > 0 else "")
