"""Four publishers' function-calling sets → conversations of one form.

LLaMA-Factory's Glaive and reasoning demos, ToolRL's warm-up set, ToolVerifier's tool choices: read as published; what
becomes a sample of them is decided in `function_calling`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recipes.corpora.wordings import json_schema
from trm_agent.errors import DataError, ToolError
from trm_agent.log import logger
from trm_agent.types import Message, ToolSchema


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
        if act and act[1] in {tool.name for tool in tools}:
            turns = (Turn("say", "user", request.removeprefix("User: ")), _calls([{"name": act[1], "arguments": {}}]))
            yield Conversation(f"toolverifier/{number}", "toolverifier", tools, turns)
        else:
            unmatched += 1
    logger.info("toolverifier: %d records left out, they call no tool on offer", unmatched)


READERS = {
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
