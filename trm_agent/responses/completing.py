"""What an answer leaves out that should be told: a second answer of the bank says it, or a frame does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trm_agent.responses.bank import ResponseBank
from trm_agent.responses.facts import name_of
from trm_agent.responses.filling import can_fill, fill
from trm_agent.responses.frames import Frames
from trm_agent.responses.phrasing import action, as_sentence, word_fields
from trm_agent.responses.situation import Situation
from trm_agent.responses.telling import ADD, TELL, Wanted
from trm_agent.types import ToolSchema

RESTATED = 2
"""So many values of the call to be made that an answer leaves out make a confirmation of its own."""


def completed(
    bank: ResponseBank,
    text: str,
    place: Situation,
    near: np.ndarray,
    wanted: Wanted,
    frames: Frames | None,
    tools: Sequence[ToolSchema],
    *,
    row: int | None = None,
    bare: bool = False,
) -> str:
    """An answer with what it leaves out.

    Args:
        bank: The answers.
        text: The one chosen or written, filled.
        place: What may be said here.
        near: Cosine of each answer with what the TRM asks for, [R].
        wanted: What should be told.
        frames: Wordings for what no answer says; None: nothing is added then.
        tools: On offer.
        row: Of the answer, where it is the bank's.
        bare: It neither states nor asks anything, so what is added can take its place.
    """
    left = wanted.left(text)
    tool = next((tool for tool in tools if tool.name == place.tool), None)
    pending = tool is not None and tool.read_only is not True and place.after == "user" and not place.missing
    if frames is not None and tool is not None and pending:
        whole = _confirmation(frames, tool, left, place, wanted)
        if whole is not None:
            return whole
    further = _second(bank, row, left, place, near, wanted)
    said = [further] if further else []
    rest = wanted.left(" ".join([text, *said]))
    if rest and frames is not None:
        said += [worded] if (worded := _worded(frames, rest, place)) else []
    if not said:
        return text
    if place.after == "user" and bare:
        return " ".join(said)
    first, last = ([*said, text], []) if text.rstrip().endswith("?") else ([as_sentence(text)], said)
    return " ".join([*first, *last])


def told_alone(frames: Frames, place: Situation, wanted: Wanted) -> str | None:
    """What should be told, in frames, where no answer of the bank may be given; None where nothing should.

    Args:
        frames: Wordings.
        place: What may be said here.
        wanted: What should be told.
    """
    if place.after != "user" or place.missing:
        return None
    return _worded(frames, wanted.left("", TELL), place)


def _confirmation(
    frames: Frames, tool: ToolSchema, left: Sequence[str], place: Situation, wanted: Wanted
) -> str | None:
    """All that is about to be done, where an answer leaves out much of it."""
    own = [name_of(parameter.name) for parameter in tool.parameters]
    if sum(name in own for name in left) < RESTATED:
        return None
    names = [name for name in own if wanted.names.get(name, 0.0) >= ADD]
    said = word_fields(frames, [(name, place.facts[name][0]) for name in names])
    return frames.fill("confirm", {"action": action(tool), **said.values})


def _second(
    bank: ResponseBank, row: int | None, left: Sequence[str], place: Situation, near: np.ndarray, wanted: Wanted
) -> str | None:
    """The statement of the bank that says most of what is left, and nothing else."""
    rows = {other for name in left for other in bank.rows_with.get(name, ()) if other != row}
    best: tuple[int, float, int] | None = None
    for other in rows:
        response = bank.responses[other]
        if not set(response.names) <= set(left) or not place.allows(response):
            continue
        rank = len(response.names), float(near[other]), -other
        best = rank if best is None or rank > best else best
    return None if best is None else fill(bank.responses[-best[2]].text, place.facts)


def _worded(frames: Frames, names: Sequence[str], place: Situation) -> str | None:
    """What is left, in frames: the fields as sentences, and of further records no more than their names.

    Any other field of theirs would be taken for one of the first record.
    """
    records = len({name.partition("#")[0] for name in place.facts if name.endswith("#2")}) > 1
    known = [name for name in names if can_fill(f"{{{name}}}", place.facts)]
    others = [n for n in known if "#" in n and n.partition("#")[0].rsplit("_", 1)[-1] in ("name", "title")]
    told = [name for name in known if "#" not in name or not (records or name in others)]
    pairs = [(name.partition("#")[0], place.facts[name][0]) for name in told]
    items = frames.joined([str(place.facts[name][0]) for name in others])
    worded = word_fields(frames, pairs, subject=True)
    named = f"{worded.details}." if worded.details else ""
    return " ".join(filter(None, (frames.fill("others", {"items": items}), named, worded.more))) or None
