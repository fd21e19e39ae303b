"""Logs → samples that were checked, split by conversation."""

from __future__ import annotations

import argparse
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trm_agent.check.faults import FAULTS, Inspector, Report
from trm_agent.convert import convert_files
from trm_agent.data.jsonl import write_samples
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Sample, ToolSchema
from trm_agent.utils.any_format import AnyFormat
from trm_agent.utils.data_processor import DEFAULT_SLOT_FIELDS
from trm_agent.utils.logs.dates import Dates
from trm_agent.utils.raw_files import find_raw_files

LEAST = 4
"""Conversations, below which there is nothing to hold out."""


@dataclass(frozen=True)
class Logs:
    """A folder of logs as samples.

    Attributes:
        conversations: Each the samples of one conversation.
        notes: What a person should know of the conversion.
    """

    conversations: list[list[Sample]]
    notes: list[str]


@dataclass(frozen=True)
class Split:
    """Conversations to learn from, and those to choose and calibrate on."""

    train: list[list[Sample]]
    held_out: list[list[Sample]]


def read_logs(folder: Path, tools: Sequence[ToolSchema], args: argparse.Namespace) -> Logs:
    """Convert a folder; broken files and conversations are named and left out.

    Args:
        folder: Or one file.
        tools: On offer in every conversation.
        args: With the options of `own_logs.options`.

    Raises:
        DataError: No sample came of it.
    """
    broken: list[DataError] = []
    dates = Dates(args.now_field, args.now)
    processor = AnyFormat(
        args.format,
        tools=tools,
        slot_fields=args.slot_fields or DEFAULT_SLOT_FIELDS,
        system=None,
        source=folder.resolve().stem,
        dates=dates,
        on_broken=broken.append,
    )
    paths = find_raw_files(folder, leave_out=[args.tools])
    samples = list(convert_files(paths, processor, root=folder, on_error=broken.append))
    for error in broken:
        logger.warning("%s (left out)", error)
    if not samples:
        raise DataError(f"{folder}: no sample came of {len(paths)} file(s)")
    if not args.slot_fields:
        samples = only_filled(samples)
    notes = [line for line in (dates.summary(), *processor.notes()) if line]
    notes += [f"left out: {len(broken)} broken files or conversations"] if broken else []
    return Logs(by_conversation(samples), notes)


def only_filled(samples: Sequence[Sample]) -> list[Sample]:
    """The samples without the slots that none of them ever fills: they would be learned to stay empty."""
    filled = {name for sample in samples for name, value in sample.slots.items() if value not in ("", None)}
    return [replace(s, slots={name: value for name, value in s.slots.items() if name in filled}) for s in samples]


def by_conversation(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples of one dialogue together, in the order of the logs."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(str(sample.meta.get("dialogue", sample.id)), []).append(sample)
    return list(groups.values())


def look_over(conversations: Sequence[Sequence[Sample]]) -> Report:
    """What `trm_agent.check` says of them."""
    inspector = Inspector()
    for conversation in conversations:
        for sample in conversation:
            inspector.add(sample, str(sample.id))
    return inspector.finish()


def refuse_faults(report: Report, tolerance: float) -> None:
    """Stop at faults that harm training.

    Raises:
        DataError: There are some; it names the first of each kind.
    """
    harmful = report.harmful(tolerance)
    if not harmful:
        return
    lines = ["the check found faults that harm training (--despite-faults trains all the same):"]
    for kind in harmful:
        found = report.found[kind]
        place, text = found.examples[0] if found.examples else ("", "")
        lines.append(f"  {found.count} × {kind}: {FAULTS[kind]}; first {place}: {text}")
    raise DataError("\n".join(lines))


def split(conversations: Sequence[list[Sample]], hold_out: float, most: int, seed: int) -> Split:
    """Draw conversations to hold out. Conversations in the same words of the user stay on one side.

    Args:
        conversations: All.
        hold_out: Share of them.
        most: No more than this.
        seed: Draws them.

    Raises:
        DataError: There are too few to hold any out.
    """
    if len(conversations) < LEAST:
        raise DataError(
            f"{len(conversations)} conversations; at least {LEAST} are needed to learn and to hold some out"
        )
    alike: dict[str, list[list[Sample]]] = {}
    for conversation in conversations:
        alike.setdefault(spoken(conversation), []).append(conversation)
    groups = list(alike.values())
    random.Random(seed).shuffle(groups)
    wanted = min(most, max(2, math.ceil(hold_out * len(conversations))))
    held: list[list[Sample]] = []
    train: list[list[Sample]] = []
    for group in groups:
        (held if len(held) < wanted and len(groups) > 1 else train).extend(group)
    if not train:
        raise DataError("the conversations are all in the same words: none is left to hold out")
    return Split(train, held)


def spoken(conversation: Sequence[Sample]) -> str:
    """What the user says in a conversation, figures and letter case aside."""
    texts = [message.text.casefold() for message in conversation[-1].history if message.role == "user"]
    return "\n".join(" ".join(re.sub(r"[\d\W]+", " ", text).split()) for text in texts)


def save(folder: Path, parts: Mapping[str, Sequence[Sequence[Sample]]]) -> dict[str, Path]:
    """Write each part as `<name>.jsonl`; a part without samples is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.jsonl" for name, conversations in parts.items() if conversations}
    for name, path in files.items():
        write_samples(path, (sample for conversation in parts[name] for sample in conversation))
    return files


def counts(conversations: Sequence[Sequence[Sample]]) -> dict[str, Any]:
    """How many conversations, decisions and calls."""
    samples = [sample for conversation in conversations for sample in conversation]
    calls = sum(sample.decision == "tool_call" for sample in samples)
    return {"conversations": len(conversations), "decisions": len(samples), "calls": calls}
