"""Small published tool sets → conversations of one form, and functions without requests → a pool of tools.

Requests with gold calls: NESTFUL, ToolAlpaca, the function-calling test suite of gptscript. Of calls that need each
other's results only those of the first step are gold. Functions alone: ToolEyes, StableToolBench, DroidCall.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from recipes.corpora.conversations import Conversation, Turn
from recipes.corpora.wordings import json_schema
from trm_agent.errors import DataError, ToolError
from trm_agent.types import ToolSchema

LONGEST_DESCRIPTION = 300
MOST_CALLS = 6

_ADDRESS = re.compile(r"(?<=\w)@(?:[\w-]+\.)+[A-Za-z]{2,}")
_FROM_RESULT = re.compile(r"\$\{|\$var\d|\"\{|\{(?:start|end) date\}")
_FIRST_WORDS = re.compile(r"^(?:required|optional)\.?\s*", re.IGNORECASE)
_ASKS = "getDetails"
_IN_ORDER = re.compile(r"\bwait\b|in order", re.IGNORECASE)


def mask(text: str) -> str:
    """The text with the domains of mail addresses replaced."""
    return _ADDRESS.sub("@example.com", text)


def read_nestful(folder: Path) -> Iterator[Conversation]:
    """Requests of NESTFUL whose calls with literal arguments all come first; those are the gold."""
    data = folder / "data"
    for subset in ("executable/executable", "non-executable/non-executable-glaive"):
        specs = {spec["name"]: spec for spec in _json(data / f"{subset}-spec.json")}
        for number, record in enumerate(_json(data / f"{subset}-data.json")):
            calls = [call for call in record["output"] if call["name"] != "var_result"]
            literal = [not _FROM_RESULT.search(json.dumps(call["arguments"])) for call in calls]
            first = literal.index(False) if False in literal else len(literal)
            if not first or any(literal[first:]) or any(call["name"] not in specs for call in calls):
                continue
            tools = _tools([_nestful_tool(specs[name]) for name in dict.fromkeys(call["name"] for call in calls)])
            gold = tuple({"name": call["name"], "arguments": call["arguments"]} for call in calls[:first])
            gold = tuple(json.loads(mask(json.dumps(call))) for call in gold)
            turns = (Turn("say", "user", mask(record["input"])), Turn("calls", items=gold))
            yield Conversation(f"nestful/{subset.split('/')[0]}/{number}", "nestful", tools, turns)


def read_toolalpaca(folder: Path) -> Iterator[Conversation]:
    """Instructions of ToolAlpaca: the calls of the first step, or the question for what is missing."""
    for api in _json(folder / "data" / "eval_simulated.json"):
        tools = _tools(list(_operations(json.loads(api["Documentation"]))))
        for number, (said, answer) in enumerate(zip(api["Instructions"], api["Golden_Answers"], strict=True)):
            request = Turn("say", "user", mask(said.strip().strip('"')))
            texts = [step["Action_Input"] for step in answer]
            literal = [not _FROM_RESULT.search(text) for text in texts]
            first = literal.index(False) if False in literal else len(literal)
            if answer[0]["Action"] == _ASKS:
                decided = Turn("say", "assistant", _parsed(texts[0]).get("Question", ""))
            elif first and not any(literal[first:]) and all(_parsed(text) is not None for text in texts[:first]):
                named = zip(answer[:first], texts, strict=False)
                calls = [{"name": step["Action"], "arguments": _parsed(mask(text))} for step, text in named]
                decided = Turn("calls", items=tuple(calls))
            else:
                continue
            name = re.sub(r"\W+", "_", api["Name"]).strip("_").lower()
            yield Conversation(f"toolalpaca/{name}/{number}", "toolalpaca", tools, (request, decided))


def read_gptscript(folder: Path) -> Iterator[Conversation]:
    """Cases of gptscript's suite, step by step with the results; not those with optional calls or very many at once."""
    for file in sorted((folder / "specs").glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load_all(file.read_text(encoding="utf-8"))):
            groups = [group.get("any_order", [group]) for group in (case or {}).get("expected_function_calls", ())]
            optional = any(call.get("optional") for group in groups for call in group)
            if not case or optional or any(len(group) > MOST_CALLS for group in groups):
                continue
            turns = [Turn("say", "user", case["prompt"])]
            for group in _steps(groups, case["prompt"]):
                calls = [{"name": call["name"], "arguments": call.get("arguments") or {}} for call in group]
                turns += [Turn("calls", items=tuple(calls)), Turn("results", items=tuple(c["result"] for c in group))]
            turns.append(Turn("say", "assistant"))
            functions = [_gptscript_tool(function) for function in case["available_functions"]]
            yield Conversation(f"gptscript/{file.stem}/{number}", "gptscript", _tools(functions), tuple(turns))


def read_pool(root: Path) -> list[ToolSchema]:
    """Functions of ToolEyes, StableToolBench and DroidCall, the first of each name."""
    found: list[dict[str, Any]] = []
    for file in sorted((root / "Junjie-Ye+ToolEyes" / "Tool_Library").rglob("*.json")):
        found += _json(file)
    for file in sorted((root / "THUNLP-MT+StableToolBench" / "solvable_queries" / "test_instruction").glob("*.json")):
        for record in _json(file):
            found += [_rapid_tool(function) for function in record["api_list"]]
    droid = root / "UbiquitousLearning+DroidCall" / "data" / "api.jsonl"
    found += [_droid_tool(json.loads(line)) for line in droid.read_text(encoding="utf-8").splitlines() if line.strip()]
    return list(_tools(found, strict=False))


READERS = {
    "nestful": ("IBM+NESTFUL", read_nestful),
    "toolalpaca": ("tangqiaoyu+ToolAlpaca", read_toolalpaca),
    "gptscript": ("gptscript-ai+function-calling-test-suite", read_gptscript),
}
"""Name → folder and reader of a set with gold calls."""


def _steps(groups: Sequence[Sequence[Mapping[str, Any]]], prompt: str) -> list[list[Mapping[str, Any]]]:
    """Calls that follow one another and whose arguments all stand in the prompt are one step."""
    out: list[list[Mapping[str, Any]]] = []
    open_step = False
    for group in groups:
        values = [str(value) for call in group for value in (call.get("arguments") or {}).values()]
        stated = bool(values) and all(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", prompt) for value in values)
        if stated and open_step and not _IN_ORDER.search(prompt):
            out[-1] += group
        else:
            out.append(list(group))
        open_step = stated
    return out


def _nestful_tool(spec: Mapping[str, Any]) -> dict[str, Any]:
    published = spec.get("query_parameters") or spec.get("parameters") or {}
    return _declaration(spec["name"], spec["description"], published.get("properties", published))


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The operations of an OpenAPI document as declarations."""
    named = document.get("components", {}).get("schemas", {})
    for path in document["paths"].values():
        for operation in path.values():
            specs: dict[str, Any] = {}
            for parameter in operation.get("parameters", []):
                schema = {**parameter.get("schema", {}), "description": parameter.get("description", "")}
                specs[parameter["name"]] = {**schema, "required": parameter.get("required", False)}
            content = operation.get("requestBody", {}).get("content", {})
            body: dict[str, Any] = next(iter(content.values()), {"schema": {}}).get("schema", {})
            body = named.get(str(body.get("$ref")).rpartition("/")[2], body)
            for name, schema in body.get("properties", {}).items():
                specs[name] = {**schema, "required": name in body.get("required", [])}
            yield _declaration(operation["operationId"], operation.get("description", ""), specs)


def _gptscript_tool(function: Mapping[str, Any]) -> dict[str, Any]:
    parameters = function.get("parameters") or {}
    required = parameters.get("required") or function.get("required") or []
    specs = {
        name: {**spec, "required": name in required} for name, spec in (parameters.get("properties") or {}).items()
    }
    return _declaration(function["name"], function["description"], specs)


def _rapid_tool(function: Mapping[str, Any]) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", f"{function['api_name']}_{function['tool_name']}").strip("_").lower()[:64]
    specs = {
        p["name"]: {"type": str(p["type"]).lower(), "description": p["description"], "required": kind == "required"}
        for kind in ("required", "optional")
        for p in function[f"{kind}_parameters"]
    }
    return _declaration(name, function["api_description"], specs)


def _droid_tool(function: Mapping[str, Any]) -> dict[str, Any]:
    specs = {
        name: {**spec, "type": re.sub(r"^Optional\[(.*)\]$", r"\1", spec["type"])}
        for name, spec in function["arguments"].items()
    }
    return _declaration(function["name"], function["description"].split("\n\n")[0], specs)


def _declaration(name: str, description: str | None, specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A declaration whose parameters say each for itself whether they are required."""
    properties: dict[str, Any] = {}
    for parameter, spec in specs.items():
        kept = {key: spec[key] for key in ("type", "items", "enum", "properties", "default") if key in spec}
        if "allowed_values" in spec:
            kept = {**kept, "type": "string", "enum": list(spec["allowed_values"])}
        kept["description"] = _short(_FIRST_WORDS.sub("", str(spec.get("description") or "")))
        if spec.get("required") is True or kept.get("default") in ("", None):
            kept.pop("default", None)
        properties[parameter] = kept
    required = [parameter for parameter, spec in specs.items() if spec.get("required") is True]
    schema = json_schema({"type": "object", "properties": properties, "required": required})
    return {"name": name, "description": _short(description or ""), "parameters": schema}


def _short(text: str) -> str:
    text = mask(" ".join(text.split()))
    return text if len(text) <= LONGEST_DESCRIPTION else text[:LONGEST_DESCRIPTION].rsplit(" ", 1)[0] + " …"


def _tools(declared: Sequence[Mapping[str, Any]], *, strict: bool = True) -> tuple[ToolSchema, ...]:
    """The first of each name; a declaration that is none is an error, or left out if not `strict`."""
    out: dict[str, ToolSchema] = {}
    for item in declared:
        try:
            tool = ToolSchema.from_json(item)
        except ToolError as error:
            if strict:
                raise DataError(str(error)) from None
            continue
        out.setdefault(tool.name, tool)
    return tuple(out.values())


def _parsed(text: str) -> Any:
    """JSON or a Python literal; None if it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
