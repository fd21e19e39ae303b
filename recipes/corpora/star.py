"""STAR (Mosig et al. 2020), dialogues of two humans, one playing the assistant with APIs at hand → samples.

Every query of the wizard is a call, every utterance a direct answer. Queries carry what the wizard typed, so what
the user has said before is inferred: a slot is filled from the message on in which the next query's value stands,
and empty before. Where that cannot be told the slot is left out and the sample's `slots_known` is false.

Left in the history without a sample: a query that only tries other values in the same turn, of the wizard's own
invention, and a query that was made before in the same words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.corpora.building import Options, with_distractors
from recipes.corpora.star_dialogue import Dialogue, read_dialogue, said
from recipes.corpora.star_state import Call, States
from recipes.corpora.star_tools import Api, Query, read_apis
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.types import Accept, Message, Sample, ToolSchema

MOST_DISTRACTORS = 6

_TOPICS = {"plane": "plane|flight|fly", "ride": "ride|taxi|uber|lyft|cab", "trip": "trip|direction|bus|walk"}
"""Words of a domain beside its name; a tool of a domain that the user speaks of is no distractor."""
_GREETING = re.compile(r"(?:(?:hi|hello|hey|hai|yo|there|good|morning|afternoon|evening|day|greetings)\W*)+", re.I)
_CLOSING = re.compile(r"goodbye.*|anything_else|.*_bye")
_SHARED_QUESTIONS = frozenset(("ask_name", "ask_departure_location"))
_OUT_OF_SCOPE = "out_of_scope"


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the dataset's folder (`apis/apis`, `dialogues`).

    `hold_out` and `only` name APIs. A dialogue with a held-out API is left out whole, and its tools are no
    distractors; with `only`, turns about those APIs are the unseen ones.

    Raises:
        DataError: A file is missing or not what it should be.
    """
    apis = read_apis(folder / "apis" / "apis")
    counts: Counter[str] = Counter()
    dialogues = [d for d in read_dialogues(folder / "dialogues") if options.wants(_tasks(d))]
    if options.num_dialogues:
        dialogues = options.rng("star").sample(dialogues, min(options.num_dialogues, len(dialogues)))
    for data in dialogues:
        yield from convert_dialogue(data, apis, options, counts)
    logger.info("star: %d dialogues; %s", len(dialogues), ", ".join(f"{n} {what}" for what, n in counts.items()))


def read_dialogues(folder: Path) -> Iterator[dict[str, Any]]:
    """The dialogues that were brought to their end, in the order of their numbers.

    Raises:
        DataError: There are none, or one cannot be read.
    """
    files = sorted(folder.glob("*.json"), key=lambda path: (len(path.stem), path.stem))
    if not files:
        raise DataError(f"{folder}: no dialogues (*.json); expected the folder dialogues of the dataset")
    for file in files:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{file}: {error}") from None
        if data.get("CompletionLevel") == "Complete":
            yield data


def convert_dialogue(
    data: Mapping[str, Any], apis: Mapping[str, Api], options: Options, counts: Counter[str] | None = None
) -> list[Sample]:
    """Turn one dialogue into its samples.

    Args:
        data: As published.
        apis: By name, from `read_apis`.
        options: Distractors, seed, held-out APIs.
        counts: Of what is left out, counted on.
    """
    dialogue = read_dialogue(data, apis, Counter() if counts is None else counts)
    name = f"star/{data['DialogueID']}"
    tasks = _tasks(data)
    own = [tool for task in sorted(tasks) for tool in apis[task].tools.values()]
    most = MOST_DISTRACTORS if options.distractors is None else options.distractors
    tools = with_distractors(own, _pool(dialogue, tasks, apis, options), options.rng(name), 0, most)
    calls = [Call(a.at, a.query.tool.name, a.query.values, a.sure) for a in dialogue.acts if a.query]
    states = States(dialogue.messages, calls, tools, own)
    samples = []
    for position, act in enumerate(dialogue.acts):
        history = dialogue.messages[: act.at]
        if not act.taught or all(message.role != "user" for message in history):
            continue
        slots = states.at(act.at, next((call for call in calls if call.at == act.at), None))
        meta: dict[str, Any] = {
            "source": "star",
            "subset": _subset(data),
            "domain": apis[act.task].domain if act.task else data["Scenario"]["Domains"][0],
            "dialogue": name,
            "seen": ({act.task} if act.task else tasks).isdisjoint(options.only),
            **_intent(dialogue, position, apis),
        }
        if len(slots) < len(states.slots):
            meta["slots_known"] = False
        samples.append(
            Sample(
                tools=tools,
                history=tuple(history),
                decision="tool_call" if act.query else "direct_answer",
                slots={key: values[0] for key, values in slots.items()},
                tool=act.query.call if act.query else None,
                content=None if act.query else dialogue.messages[act.at].content,
                id=f"{name}/{act.at}",
                accept=_accept(act.query, history, slots),
                meta=meta,
            )
        )
    return samples


def _tasks(data: Mapping[str, Any]) -> set[str]:
    """The APIs of a dialogue: those the wizard had, and those that were queried."""
    had = {capability["Task"] for capability in data["Scenario"]["WizardCapabilities"]}
    return had | {event["APIName"] for event in data["Events"] if event["Action"] == "query"}


def _subset(data: Mapping[str, Any]) -> str:
    scenario = data["Scenario"]
    return "multitask" if scenario["MultiTask"] else "happy" if scenario["Happy"] else "unhappy"


def _accept(query: Query | None, history: Sequence[Message], slots: Mapping[str, list[Any]]) -> Accept:
    """Further right values; an argument that nobody spoke of may be left out where the tool can do without."""
    further = {key: values[1:] for key, values in slots.items() if len(values) > 1}
    if query is None:
        return Accept(slots=further)
    optional = [name for name in query.values if name not in query.tool.required]
    return Accept(
        {name: values[1:] for name, values in query.values.items() if len(values) > 1},
        tuple(name for name in optional if not said(query.values[name][0], name, query, history)),
        further,
    )


def _pool(dialogue: Dialogue, tasks: set[str], apis: Mapping[str, Api], options: Options) -> list[ToolSchema]:
    """Tools that could not have helped: of another domain, and of none that the user speaks of."""
    said = " ".join(message.text for message in dialogue.messages if message.role == "user").casefold()
    taken = {apis[task].domain for task in tasks}
    return [
        tool
        for api in apis.values()
        if api.domain not in taken
        and api.name not in options.hold_out
        and not re.search(_TOPICS.get(api.domain, api.domain), said)
        for tool in api.tools.values()
    ]


def _intent(dialogue: Dialogue, position: int, apis: Mapping[str, Api]) -> dict[str, str | None]:
    """`{"intent": tool or None}`; empty where it cannot be told."""
    act = dialogue.acts[position]
    if act.query:
        return {"intent": act.query.tool.name}
    label, said = act.label or "", [m.content for m in dialogue.messages[: act.at] if m.role == "user"]
    if _CLOSING.fullmatch(label) or all(_GREETING.fullmatch(text) for text in said):
        return {"intent": None}
    queries = [(i, a.query) for i, a in enumerate(dialogue.acts) if a.query and a.task == act.task]
    upcoming = [query for i, query in queries if i > position]
    if upcoming:
        return {"intent": upcoming[0].tool.name}
    past = [query for i, query in queries if i < position]
    about_task = act.task is not None and label.startswith(f"{apis[act.task].domain}_")
    if past and (about_task or dialogue.messages[act.at - 1].role == "tool_response"):
        return {"intent": past[-1].tool.name}
    if act.task and (about_task or label in _SHARED_QUESTIONS):
        return {"intent": apis[act.task].first.name}
    return {"intent": None} if label == _OUT_OF_SCOPE and not past else {}
