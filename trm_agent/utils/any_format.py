"""Files of conversations in any format: each goes to the processor of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Sample, ToolSchema
from trm_agent.utils.data_processor import RawDataProcessor
from trm_agent.utils.logs.dates import Dates
from trm_agent.utils.logs.detect import SAMPLES, TOOLS, file_format
from trm_agent.utils.logs.samples import READERS, LogProcessor
from trm_agent.utils.observed_tools import ObservedTools
from trm_agent.utils.raw_files import read_conversations


class FileProcessor(Protocol):
    """What turns a file of conversations into samples."""

    def process_file(self, path: str | Path, dialogue: str | None = None) -> Iterator[Sample]: ...


class AnyFormat:
    """Converts files whose format is told, or found out for each."""

    def __init__(
        self,
        name: str,
        *,
        tools: Sequence[ToolSchema] | None,
        slot_fields: Iterable[str],
        system: str | None,
        source: str,
        dates: Dates,
        on_broken: Callable[[DataError], None] | None,
    ) -> None:
        """Say what all files share.

        Args:
            name: A format, or `auto`.
            tools: On offer; None for those that the conversations declare, or else show in their calls (`observe`).
            slot_fields: Of raw conversations.
            system: Prompt of conversations without one.
            source: Becomes `meta.source`.
            dates: When conversations took place; raw ones are dated only if the caller asked for it.
            on_broken: Gets the error of each broken conversation that is left out alone.

        Raises:
            DataError: A slot field has a name that raw turns use for something else.
        """
        self._name, self._tools, self._dates = name, tools, dates
        self._raw = RawDataProcessor(tools, slot_fields, system, source)
        self._logs = {
            kind: LogProcessor(kind, tools=tools, system=system, source=source, dates=dates, on_broken=on_broken)
            for kind in READERS
        }
        self._formats: dict[Path, str] = {}

    def observe(self, paths: Iterable[Path]) -> None:
        """Declare tools from the calls of all files, for conversations that do not say what was on offer."""
        seen, declared = ObservedTools(), False
        for path in paths:
            kind = self._format(path)
            try:
                if kind == "raw":
                    for _, conversation in read_conversations(path):
                        seen.add(conversation)
                for declares, calls in self._logs[kind].calls(path) if kind in READERS else ():
                    declared = declared or declares
                    for name, arguments in calls:
                        seen.add_call(name, arguments)
            except DataError:
                continue  # reported when the file is converted
        tools = seen.declare()
        raw = self._raw
        self._raw = RawDataProcessor(tools, raw.slot_fields, raw.system, raw.source)
        if declared:
            return
        for processor in self._logs.values():
            processor.observed = tools
        if tools:
            names = ", ".join(tool.name for tool in tools)
            logger.warning("no --tools: declared from their calls alone, without descriptions: %s", names)

    def process_file(self, path: str | Path, dialogue: str | None = None) -> Iterator[Sample]:
        """Stream the samples of a file.

        Raises:
            DataError: What is wrong with it.
        """
        path = Path(path)
        kind = self._format(path)
        if kind == SAMPLES:
            logger.warning("%s: holds samples already; passed over", path)
            return
        if kind == TOOLS:
            raise DataError(f"{path}: holds tool declarations, no conversation; name it with --tools")
        if kind == "raw":
            yield from self._raw.process_file(path, dialogue, self._dates if self._dates.asked else None)
        else:
            yield from self._logs[kind].process_file(path, dialogue)

    def notes(self) -> Iterator[str]:
        """What was passed over, in words."""
        total = {
            name: sum(getattr(processor, name) for processor in self._logs.values())
            for name in ("skipped", "repeated", "wordless")
        }
        if total["skipped"]:
            yield f"passed over: {total['skipped']} runs that failed or show no messages"
        if total["repeated"]:
            yield f"taken once: {total['repeated']} decisions that several records show"
        if total["wordless"]:
            yield f"passed over: {total['wordless']} assistant turns without words and calls"

    def _format(self, path: Path) -> str:
        if self._name != "auto":
            return self._name
        if path not in self._formats:
            self._formats[path] = file_format(path)
        return self._formats[path]
