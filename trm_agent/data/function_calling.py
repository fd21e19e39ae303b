"""Small function-calling sets → samples: the LLaMA-Factory demos, ToolRL's warm-up set, ToolVerifier's tool choices.

Each publisher's reader gives conversations of one form; what becomes a sample of them is decided once. A call that
needs a value nobody said is no example of a call: that point gives no sample, the conversation goes on.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

from trm_agent.data.building import Options, call_slots, with_distractors
from trm_agent.data.rivals import without_rivals
from trm_agent.data.wordings import GoldCall, accept_of, hold_against, json_schema
from trm_agent.errors import DataError, ToolError
from trm_agent.log import logger
from trm_agent.types import Message, Sample, ToolSchema, identifier_words
from trm_agent.values import matches

ABSENT = 0.12
"""Share of conversations beginning with a single call whose tool is taken off the list."""
MOST_TOOLS = 12
"""Further tools are drawn up to so many beside the first."""

BENCHMARK_TOOLS = frozenset(
    (
        # By name, in BFCL
        *("book_hotel", "calculate_age", "calculate_area", "calculate_average", "calculate_bmi", "calculate_distance"),
        *("calculate_electric_field", "calculate_fibonacci", "calculate_fibonacci_sequence", "car.rental"),
        *("calculate_mortgage_payment", "calculate_standard_deviation", "calculate_tip", "compound_interest"),
        *("convert_currency", "create_histogram", "dice_roll_probability", "final_velocity", "get_news"),
        *("get_song_lyrics", "get_stock_price", "get_team_info", "hotel.find", "integrate", "send_email"),
        *("sentiment_analysis", "solve_quadratic", "translate", "translate_text"),
        # By description, in BFCL
        *("crOh7Z4rgqCQLY", "WqWBOSRPVE.HCR", "0ID0K7j", "place_safeway_order"),
        # By name, in MTU-Bench
        *("GetEvents", "GetWeather", "time"),
    )
)
"""Tools that a benchmark declares too: neither called nor offered."""

_MISSING = re.compile(r"\b(?:missing|required?|requires|provide|specify|additional)\b", re.IGNORECASE)
_Call = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One step of a conversation.

    Attributes:
        kind: `say` by `role`, `calls`, or `results` of the calls before.
        role: Who says it.
        text: What is said.
        items: The calls `{name, arguments}`, or their results in order.
    """

    kind: Literal["say", "calls", "results"]
    role: Literal["system", "user", "assistant"] = "assistant"
    text: str = ""
    items: tuple[Any, ...] = ()

    def messages(self) -> list[Message]:
        """As they stand in a history."""
        if self.kind == "say":
            return [Message(self.role, self.text)]
        return [Message("tool_call" if self.kind == "calls" else "tool_response", item) for item in self.items]


@dataclass(frozen=True)
class Conversation:
    """What a publisher's record holds.

    Attributes:
        name: Unique in the corpus.
        subset: Which of the sets it is from.
        tools: Offered there.
        turns: In order.
        last_only: Only the last turn is the publisher's gold.
    """

    name: str
    subset: str
    tools: tuple[ToolSchema, ...]
    turns: tuple[Turn, ...]
    last_only: bool = False


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of the folder (`glaive_toolcall_en_demo.json`, `reason_tool_use_demo_50.jsonl`, `rlla_sft.json`,
    `toolverifier_train.csv`).

    Args:
        folder: As published.
        options: `split`: `glaive`, `reason`, `toolrl`, `toolverifier` or several joined by `+` (default: all).
            `distractors`: further tools are drawn while at most so many stand beside the first, by default 12.
            `hold_out`, `only`: tools that are called; `BENCHMARK_TOOLS` are always held out.

    Raises:
        DataError: A file is missing or not what it should be, or there is no such split.
    """
    subsets = options.split.split("+") if options.split else list(_READERS)
    if unknown := set(subsets) - set(_READERS):
        raise DataError(f"unknown split {sorted(unknown)}; expected one of {', '.join(_READERS)}")
    conversations = [conversation for subset in subsets for conversation in _READERS[subset](folder)]
    held_out = BENCHMARK_TOOLS | options.hold_out
    offer = list({t.name: t for c in conversations for t in c.tools if t.name not in held_out}.values())
    if options.num_dialogues:
        wanted = min(options.num_dialogues, len(conversations))
        conversations = options.rng("conversations").sample(conversations, wanted)
    counts: Counter[str] = Counter(conversations=len(conversations))
    most = MOST_TOOLS if options.distractors is None else options.distractors
    for conversation in conversations:
        called = {call["name"] for turn in conversation.turns if turn.kind == "calls" for call in turn.items}
        if not called.isdisjoint(held_out) or (options.only and called.isdisjoint(options.only)):
            counts["conversations that call a tool held out"] += 1
            continue
        kept = tuple(tool for tool in conversation.tools if tool.name not in held_out)
        conversation = replace(conversation, tools=kept)
        yield from convert_conversation(conversation, offer, options.rng(conversation.name), counts, most)
    logger.info("small-function-calling %s: %s", "+".join(subsets), dict(counts))


def convert_conversation(
    conversation: Conversation, offer: Sequence[ToolSchema], rng: Random, counts: Counter[str], most: int = MOST_TOOLS
) -> list[Sample]:
    """The samples of one conversation.

    Args:
        conversation: As read.
        offer: Further tools are drawn from these.
        rng: Draws them and their order.
        counts: Of what is left out and why, added to.
        most: Further tools are drawn while at most so many stand beside the first.
    """
    first = next((i for i, turn in enumerate(conversation.turns) if _decides(turn)), None)
    if first is None:
        return []
    opening = conversation.turns[first]
    lone = (
        opening.kind == "calls" and len(opening.items) == 1 and opening.items[0]["name"] in _names(conversation.tools)
    )
    if lone and rng.random() < ABSENT and not (conversation.last_only and first < len(conversation.turns) - 1):
        return [_absent(conversation, first, offer, rng, most)]
    called = any(turn.kind == "calls" for turn in conversation.turns)
    others = without_rivals(offer if called else _unlike(conversation, offer), conversation.tools, by_topic=True)
    room = max(0, most + 1 - len(conversation.tools))
    least = 0 if conversation.tools else 1
    tools = with_distractors(conversation.tools, others, rng, least, max(room, least))
    return list(_points(conversation, tools, counts))


def _points(conversation: Conversation, tools: tuple[ToolSchema, ...], counts: Counter[str]) -> Iterator[Sample]:
    """A sample for each turn that decides."""
    history: list[Message] = []
    since: list[Message] = []
    last: list[GoldCall] = []
    active = ""
    turns = conversation.turns
    for position, turn in enumerate(turns):
        wanted = _decides(turn) and history and (not conversation.last_only or position == len(turns) - 1)
        base = Sample(
            tools=tools,
            history=tuple(history),
            decision="direct_answer",
            slots={},
            tool=None,
            content=turn.text or None,
            id=f"small-function-calling/{conversation.name}/{position}",
            meta=_meta(conversation),
        )
        if turn.kind == "calls":
            gold = _gold(turn, tools, history, counts)
            if gold and wanted:
                yield _call_sample(base, gold, tools)
            last, since = (gold or []), []
            active = turn.items[0]["name"]
        elif wanted:
            coming = next((t for t in turns[position:] if t.kind == "calls"), None)
            begun = _begun(coming, tools, since)
            known = [*begun, *last]
            about: dict[str, Any] = {"intent": None}
            if turns[position - 1].kind == "results":
                about = {"intent": active} if active in _names(tools) else {}
            elif coming is not None:
                about = {"intent": coming.items[0]["name"]} if coming.items[0]["name"] in _names(tools) else {}
            elif conversation.last_only and _MISSING.search(turn.text):
                about = {"slots_known": False}  # it asks for a value of some tool
            if active and not last:
                about["slots_known"] = False
            slots = call_slots(tools, [call.call for call in known])
            accepted = replace(accept_of(known, tools), arguments={}, optional=(), calls=())
            yield replace(base, slots=slots, accept=accepted, meta={**base.meta, **about})
        new = turn.messages()
        history += new
        since = [*since, *new] if turn.kind == "say" else since


def _call_sample(base: Sample, gold: Sequence[GoldCall], tools: tuple[ToolSchema, ...]) -> Sample:
    calls = [call.call for call in gold]
    return replace(
        base,
        decision="tool_call",
        slots=call_slots(tools, calls),
        tool=calls[0],
        content=None,
        accept=accept_of(gold, tools, [(*call.left_out, *_defaults(call, tools)) for call in gold]),
        meta={**base.meta, "intent": calls[0]["name"]},
        calls=tuple(calls) if len(calls) > 1 else (),
    )


def _defaults(call: GoldCall, tools: Sequence[ToolSchema]) -> tuple[str, ...]:
    """Arguments that equal an optional default: the call means the same without them."""
    tool = next(tool for tool in tools if tool.name == call.name)
    given = call.call["arguments"]
    return tuple(
        p.name
        for p in tool.parameters
        if p.has_default and not p.required and p.name in given and matches(given[p.name], [p.default])
    )


def _gold(
    turn: Turn, tools: Sequence[ToolSchema], history: Sequence[Message], counts: Counter[str]
) -> list[GoldCall] | None:
    """The calls as they can be known from the history; None where one cannot."""
    declared = {tool.name: tool for tool in tools}
    out: list[GoldCall] = []
    for call in turn.items:
        if call["name"] not in declared:
            counts["calls of a tool that is not on offer"] += 1
            return None
        held = hold_against(declared[call["name"]], call["arguments"], history)
        counts["arguments that are undeclared or not of the declared type"] += len(held.dropped)
        counts["arguments that nobody said"] += len(held.unsaid)
        held = held.without(held.unsaid)
        if not held.is_valid(declared[call["name"]]):
            counts["calls that need a value nobody said"] += 1
            return None
        out.append(held)
    counts["calls"] += len(out)
    return out


def _begun(turn: Turn | None, tools: Sequence[ToolSchema], since: Sequence[Message]) -> list[GoldCall]:
    """The coming calls, with the arguments that have been said already."""
    declared = {tool.name: tool for tool in tools}
    said = [message for message in since if message.role == "user"]
    out: list[GoldCall] = []
    for call in turn.items if turn else ():
        if call["name"] in declared:
            held = hold_against(declared[call["name"]], call["arguments"], said)
            out.append(held.without([*held.unsaid, *held.hinted]))
    return out


def _absent(conversation: Conversation, first: int, offer: Sequence[ToolSchema], rng: Random, most: int) -> Sample:
    """The opening, with the tool that it wants taken off the list."""
    name = conversation.turns[first].items[0]["name"]
    gone = [tool for tool in conversation.tools if tool.name == name]
    own = without_rivals(conversation.tools, gone, by_topic=True)
    others = without_rivals(offer, conversation.tools, by_topic=True)
    least = 0 if own else 1
    tools = with_distractors(own, others, rng, least, max(most - len(own), least))
    history: list[Message] = []
    for turn in conversation.turns[:first]:
        history += turn.messages()
    return Sample(
        tools=tools,
        history=tuple(history),
        decision="direct_answer",
        slots={},
        tool=None,
        content=None,
        id=f"small-function-calling/{conversation.name}/{first}",
        meta={**_meta(conversation), "subset": f"{conversation.subset}/absent", "intent": None},
    )


def _unlike(conversation: Conversation, offer: Sequence[ToolSchema]) -> list[ToolSchema]:
    """Tools that share no longer word of their names with what the user says: none of them may serve."""
    said = " ".join(turn.text for turn in conversation.turns if turn.kind == "say" and turn.role == "user")
    words = {word[:5] for word in re.findall(r"[a-z]{4,}", said.lower())}
    return [t for t in offer if words.isdisjoint(w[:5] for w in identifier_words(t.name).split() if len(w) > 3)]


def _decides(turn: Turn) -> bool:
    return turn.kind == "calls" or (turn.kind == "say" and turn.role == "assistant")


def _names(tools: Sequence[ToolSchema]) -> set[str]:
    return {tool.name for tool in tools}


def _meta(conversation: Conversation) -> dict[str, Any]:
    return {
        "source": "small-function-calling",
        "subset": conversation.subset,
        "domain": "general",
        "dialogue": conversation.name,
        "seen": True,
    }


def read_glaive(folder: Path) -> Iterator[Conversation]:
    """Dialogues of LLaMA-Factory's Glaive demo."""
    for number, record in enumerate(_read_json(folder / "glaive_toolcall_en_demo.json")):
        turns: list[Turn] = []
        for message in record["conversations"]:
            said, text = message["from"], message["value"]
            if said == "function_call":
                turns.append(_calls([json.loads(text)]))
            elif said == "observation":
                turns.append(Turn("results", items=(_parsed(text),)))
            else:
                turns.append(Turn("say", "user" if said == "human" else "assistant", text))
        yield Conversation(f"glaive/{number}", "glaive", _tools(json.loads(record["tools"] or "[]")), tuple(turns))


def read_reason(folder: Path) -> Iterator[Conversation]:
    """Dialogues of LLaMA-Factory's reasoning demo; the reasoning is left out."""
    for number, record in enumerate(_read_jsonl(folder / "reason_tool_use_demo_50.jsonl")):
        turns: list[Turn] = []
        for message in record["messages"]:
            parts = [part for part in message["content"] if part["type"] != "reasoning"]
            calls = [json.loads(part["value"]) for part in parts if part["type"] == "tool_call"]
            text = "\n".join(part["value"] for part in parts if part["type"] == "text")
            if calls:
                turns.append(_calls(calls))
            elif message["role"] == "tool":
                turns.append(_results(text, turns))
            else:
                turns.append(Turn("say", message["role"], text))
        yield Conversation(f"reason/{number}", "reason", _tools(json.loads(record["tools"] or "[]")), tuple(turns))


_TOOLRL_TOOL = re.compile(r"^\d+\. Name: (.*)\nDescription: ((?:.|\n)*?)\nParameters: (\{.*\})$", re.MULTILINE)
_TOOLRL_TURN = re.compile(r"<(user|tool_call|obs|response)>\s*(.*?)\s*</\1>", re.DOTALL)
_RETOLD = re.compile(
    r"^(Inquirer|Response assistant): ((?:.|\n)*?)(?=^(?:Inquirer|Response assistant): |^\s*Please continue)",
    re.MULTILINE,
)


def read_toolrl(folder: Path) -> Iterator[Conversation]:
    """Requests of ToolRL's warm-up set.

    It does not say which parameters are required: taken as such are those without a default that are not called
    optional and that no call of the set lacks.
    """
    records = _read_json(folder / "rlla_sft.json")
    broken = 0
    lacking: set[tuple[str, str]] = set()
    parsed: list[tuple[int, list[tuple[str, str, dict[str, Any]]], list[Turn]]] = []
    for number, record in enumerate(records):
        try:
            declared = [(n, d, json.loads(p)) for n, d, p in _TOOLRL_TOOL.findall(record["instruction"])]
            turns = _toolrl_turns(record["input"], record["output"])
        except (ValueError, KeyError, TypeError):
            broken += 1
            continue
        parsed.append((number, declared, turns))
        parameters = {name: spec for name, _, spec in declared}
        calls = [call for turn in turns if turn.kind == "calls" for call in turn.items]
        lacking |= {(c["name"], p) for c in calls for p in parameters.get(c["name"], {}) if p not in c["arguments"]}
    logger.info("toolrl: %d records left out, their calls or tools are not JSON", broken)
    for number, declared, turns in parsed:
        tools = [_toolrl_tool(name, text, spec, lacking) for name, text, spec in declared]
        yield Conversation(f"toolrl/{number}", "toolrl", _tools(tools), tuple(turns), last_only=True)


def _toolrl_turns(before: str, decided: str) -> list[Turn]:
    turns: list[Turn] = []
    answered = re.sub(r"<response>.*", "", decided, flags=re.DOTALL) if "<tool_call>" in decided else decided
    for tag, text in _TOOLRL_TURN.findall(before + answered):
        if tag == "tool_call":
            calls = [json.loads(line) for line in text.splitlines() if line.strip()]
            turns.append(_calls([{"name": call["name"], "arguments": call["parameters"]} for call in calls]))
        elif tag == "obs":
            turns.append(_results(text, turns))
        elif tag == "user" and (retold := _RETOLD.findall(text)):
            turns.extend(
                Turn("say", "user" if who == "Inquirer" else "assistant", said.strip()) for who, said in retold
            )
        else:
            turns.append(Turn("say", "user" if tag == "user" else "assistant", text))
    return turns


def _toolrl_tool(name: str, text: str, spec: Mapping[str, Any], lacking: set[tuple[str, str]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter, published in spec.items():
        told = f"{published.get('type')} {published.get('description')}".lower()
        default = published.get("default")
        properties[parameter] = {key: value for key, value in published.items() if key != "default"}
        if default not in ("", None):
            properties[parameter]["default"] = default
        elif "optional" not in told and "default" not in told and (name, parameter) not in lacking:
            required.append(parameter)
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"name": name, "description": text, "parameters": parameters}


_CHOICE = re.compile(r"^(?:Tool Choices: )?(.+?) = (.+)$", re.MULTILINE)


def read_toolverifier(folder: Path) -> Iterator[Conversation]:
    """Tool choices of ToolVerifier: tools are a name and a description, calls have no arguments."""
    path = folder / "toolverifier_train.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            texts = [row["text"] for row in csv.DictReader(file)]
    except (OSError, KeyError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from None
    unmatched = 0
    for number, text in enumerate(texts):
        request, choices = text.split("\n###\n")[:2]
        act = re.search(r'^Act: CALLTOOL\["(.*)"\]', text, re.MULTILINE)
        tools = _tools([{"name": name, "description": about} for name, about in _CHOICE.findall(choices)])
        if act and act[1] in _names(tools):
            turns = (Turn("say", "user", request.removeprefix("User: ")), _calls([{"name": act[1], "arguments": {}}]))
            yield Conversation(f"toolverifier/{number}", "toolverifier", tools, turns)
        else:
            unmatched += 1
    logger.info("toolverifier: %d records left out, they call no tool on offer", unmatched)


_READERS = {
    "glaive": read_glaive,
    "reason": read_reason,
    "toolrl": read_toolrl,
    "toolverifier": read_toolverifier,
}


def _calls(calls: Sequence[Mapping[str, Any]]) -> Turn:
    items = [{"name": c["name"], "arguments": c.get("arguments") or {}} for c in calls]
    for item in items:
        if not isinstance(item["arguments"], Mapping):
            raise DataError(f"the arguments of {item['name']!r} must be an object, got {item['arguments']!r:.80}")
    return Turn("calls", items=tuple(items))


def _results(text: str, turns: Sequence[Turn]) -> Turn:
    """One result a call, where the publisher lists them; else the text as a whole."""
    value = _parsed(text)
    calls = turns[-1].items if turns and turns[-1].kind == "calls" else ()
    if isinstance(value, list) and len(value) == len(calls) and all(isinstance(v, Mapping) for v in value):
        return Turn("results", items=tuple(v.get("content", v.get("results", v)) for v in value))
    return Turn("results", items=(value,))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _tools(published: Sequence[Mapping[str, Any]]) -> tuple[ToolSchema, ...]:
    """Types named as JSON Schema names them, `required` where it belongs; the first of two of one name."""
    tools: dict[str, ToolSchema] = {}
    for item in published:
        body = dict(item.get("function", item))
        parameters = json_schema(body.get("parameters") or {"type": "object", "properties": {}})
        required = body.get("required") or parameters.get("required") or []
        parameters["required"] = [name for name in required if name in parameters.get("properties", {})]
        for name in parameters["required"]:
            parameters["properties"][name].pop("default", None)
        try:
            tool = ToolSchema.from_json(
                {"name": body["name"], "description": body.get("description") or "", "parameters": parameters}
            )
        except ToolError as error:
            raise DataError(str(error)) from None
        tools.setdefault(tool.name, tool)
    return tuple(tools.values())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def _read_jsonl(path: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
