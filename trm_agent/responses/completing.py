"""What an answer leaves out that should be told: a second answer of the bank says it, or a frame does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trm_agent.responses.bank import ResponseBank
from trm_agent.responses.facts import flags_told, name_of
from trm_agent.responses.filling import can_fill, fill
from trm_agent.responses.frames import Frames
from trm_agent.responses.phrasing import action, as_sentence, is_name, word_fields
from trm_agent.responses.situation import Situation
from trm_agent.responses.telling import ADD, TELL, Wanted
from trm_agent.responses.templates import PLACEHOLDER, SENTENCE, in_record, record_of
from trm_agent.types import ToolSchema

ASKING = 0.15
"""As `ADD`, beside a question for what is missing: what the user has said already need not be said again."""
RESTATED = 2
"""So many values of the call to be made that an answer leaves out make a confirmation of its own."""


@dataclass(frozen=True)
class Record:
    """The record of a result that an answer is about; the fields of another one would be taken for its own.

    Attributes:
        number: 1 for the record that was spoken of last, 2 and 3 for those that follow it.
        named: Whether the answer has stated something of it already.
        values: Name → value in comparison form.
        fields: Names, without a number, of what more than one record holds; none where they are the items of one list.
    """

    number: int
    named: bool
    values: Mapping[str, str]
    fields: frozenset[str]

    @classmethod
    def of(cls, names: Sequence[str], left: Sequence[str], place: Situation, wanted: Wanted) -> Record:
        """By what the answer states, or else by what of all that is left should most probably be told.

        Args:
            names: Whose values the answer states.
            left: What should be told beside it.
            place: What may be said here.
            wanted: What should be told.
        """
        numbered = frozenset(base for name in place.facts for base, mark, _ in [name.partition("#")] if mark)
        fields = numbered if len(numbered) > 1 else frozenset()
        stated = [name for name in names if name.partition("#")[0] in fields]
        odds: dict[int, float] = defaultdict(float)
        for name in left:
            if name.partition("#")[0] in fields:
                odds[_number(name)] += wanted.names.get(name, 0.0)
        likeliest = max(odds, key=lambda n: (odds[n], -n), default=1)
        number = (record_of(stated) or min(map(_number, stated))) if stated else likeliest
        return cls(number, bool(stated), wanted.value_of, fields)

    def own(self, names: Sequence[str]) -> list[str]:
        """Of names, those of this record and of none; one whose value this record holds too under its name here."""
        out: list[str] = []
        for name in names:
            base = name.partition("#")[0]
            here = in_record(name, self.number)
            if base not in self.fields:
                out.append(name)
            elif self.values.get(here) == self.values.get(name) and here in self.values:
                out.append(here)
        return list(dict.fromkeys(out))


def _number(name: str) -> int:
    return int(name.partition("#")[2] or 1)


def completed(
    bank: ResponseBank,
    text: str,
    place: Situation,
    near: np.ndarray,
    wanted: Wanted,
    frames: Frames | None,
    tools: Sequence[ToolSchema],
    *,
    names: Sequence[str] = (),
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
        names: Whose values it states.
        row: Of the answer, where it is the bank's.
        bare: It neither states nor asks anything, so what is added can take its place.
    """
    left = wanted.left(text, ASKING if place.missing and place.after == "user" else ADD)
    tool = next((tool for tool in tools if tool.name == place.tool), None)
    pending = tool is not None and tool.read_only is not True and place.after == "user" and not place.missing
    if frames is not None and tool is not None and pending:
        whole = _confirmation(frames, tool, left, place, wanted)
        if whole is not None:
            return whole
        own = [name_of(parameter.name) for parameter in tool.parameters]
        left = [name for name in left if place.question or name in own or wanted.names[name] >= TELL]
    left = [name for name in left if name.partition("#")[0] in place.related or wanted.names[name] >= TELL]
    about = Record.of(names, left, place, wanted)
    further = _second(bank, row, about.own(left), place, near, wanted)
    said = [further] if further else []
    rest = [name for name in wanted.left(" ".join([text, *said])) if name in left]
    if frames is not None and (yes_or_no := _unanswered(frames, text, place)):
        said.insert(0, yes_or_no)
    if rest and frames is not None:
        said += [worded] if (worded := _worded(frames, rest, place, about, beside=bool(names))) else []
    if not said:
        return text
    if place.after == "user" and bare and not flags_told(text, place.asked, place.tool):
        return " ".join(said)
    first, last = ([*said, text], []) if text.rstrip().endswith("?") else ([as_sentence(text)], said)
    return " ".join([*first, *last])


def unanswered(text: str, place: Situation) -> dict[str, bool]:
    """The yes-or-no fields that the user asks about and an answer does not speak of."""
    return {name: value for name, value in place.asked.items() if not flags_told(text, {name: value}, place.tool)}


def _unanswered(frames: Frames, text: str, place: Situation) -> str:
    return word_fields(frames, list(unanswered(text, place).items()), subject=True).more


def told_alone(frames: Frames, place: Situation, wanted: Wanted) -> str | None:
    """What should be told, in frames, where no answer of the bank may be given; None where nothing should.

    Args:
        frames: Wordings.
        place: What may be said here.
        wanted: What should be told.
    """
    if place.after != "user" or place.missing:
        return None
    left = wanted.left("", TELL)
    return _worded(frames, left, place, Record.of((), left, place, wanted), beside=False)


def _confirmation(
    frames: Frames, tool: ToolSchema, left: Sequence[str], place: Situation, wanted: Wanted
) -> str | None:
    """All that is about to be done, where an answer leaves out much of it and nothing else should rather be told."""
    own = [name_of(parameter.name) for parameter in tool.parameters]
    if sum(name in own for name in left) < RESTATED:
        return None
    odds = {mine: max((wanted.names[n] for n in left if (n in own) is mine), default=0.0) for mine in (True, False)}
    if odds[False] > max(odds[True], TELL):
        return None
    names = [name for name in own if wanted.names.get(name, 0.0) >= ADD]
    said = word_fields(frames, [(name, place.facts[name][0]) for name in names])
    return frames.fill("confirm", {"action": action(tool, frames.language), **said.values})


def _second(
    bank: ResponseBank, row: int | None, left: Sequence[str], place: Situation, near: np.ndarray, wanted: Wanted
) -> str | None:
    """The one sentence of the bank that says most of what is left, and nothing else; none of other tools alone."""
    rows = {other for name in left for other in bank.rows_with.get(name, ()) if other != row}
    best: tuple[int, float, int] | None = None
    for other in rows:
        response = bank.responses[other]
        own = not response.tools or place.tool in response.tools
        one = len(SENTENCE.findall(PLACEHOLDER.sub("", response.text))) == 1
        if not (own and one and set(response.names) <= set(left) and place.allows(response)):
            continue
        rank = len(response.names), float(near[other]), -other
        best = rank if best is None or rank > best else best
    return None if best is None else fill(bank.responses[-best[2]].text, place.facts)


def _worded(frames: Frames, names: Sequence[str], place: Situation, about: Record, *, beside: bool) -> str | None:
    """What is left, in frames: fields of the record that the answer is about as sentences, of others their names."""
    known = [name for name in names if can_fill(f"{{{name}}}", place.facts)]
    own = about.own(known)
    titles = [n for n in own if "#" in n and is_name(n.partition("#")[0])]
    told = [(name.partition("#")[0], place.facts[name][0]) for name in own if name not in titles]
    if about.number == 1 or not told:
        titles += [n for n in known if "#" in n and is_name(n.partition("#")[0]) and n not in titles]
    worded = word_fields(frames, told, subject=True, beside=beside)
    named = f"{worded.details}." if worded.details else ""
    items = frames.joined([str(place.facts[name][0]) for name in titles])
    more = " ".join(filter(None, (named, worded.more)))
    if more and about.number > 1 and not about.named and not titles:
        return frames.fill("another", {"details": more[:1].lower() + more[1:]}) or more
    others = frames.fill("others", {"items": items})
    return " ".join(filter(None, (others, more) if about.number > 1 or not told else (more, others))) or None
