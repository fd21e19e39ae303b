"""Tools and `tool_choice` in every form LangChain takes → what the router binds.

A tool becomes an OpenAI-style dict: plain JSON, so that it can be bound, traced and saved. Tools that a provider runs
by itself (`{"type": "web_search_preview"}`) are no choice of ours and are left out.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from trm_agent.errors import ToolError
from trm_agent.log import logger
from trm_agent.types import ToolSchema
from trm_agent.types.tools import SCHEMA_KEYS
from trm_agent.utils.declarations import check_parameters

ToolLike = Mapping[str, Any] | type | Callable[..., Any] | BaseTool

OUTPUT_MARK = "x-trm-output"
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_conversions: dict[int, tuple[weakref.ref[BaseTool], tuple[Any, ...], dict[str, Any]]] = {}
_KEYWORDS = {"auto": "auto", "none": "none", "any": "any", "required": "any"}
_ARGS = re.compile(r"(?:^|\n)[ \t]*Args:[ \t]*\n(?P<body>(?:[ \t]+\S.*(?:\n|$))+)")
_ARG = re.compile(
    r"^(?P<indent>[ \t]+)(?P<name>\w+)(?: \([^)]*\))?:(?P<text>.*(?:\n(?P=indent)[ \t]+.*)*)", re.MULTILINE
)
_DECLARING = ("function", "toolSpec", "properties", "function_declarations", "functionDeclarations", *SCHEMA_KEYS)


def read_tools(tools: Iterable[ToolLike]) -> list[dict[str, Any]]:
    """Convert tools to OpenAI-style dicts, provider tools left out.

    Raises:
        ToolError: No list; or a tool has no name, or no readable schema.
    """
    if isinstance(tools, Mapping | str | bytes | BaseModel) or not isinstance(tools, Iterable):
        raise ToolError(f"tools must be a list of tools, got {tools!r:.120}; put a single tool into a list")
    converted = []
    for tool in tools:
        if isinstance(tool, Mapping) and is_provider_tool(tool):
            logger.debug("tool %.80r is run by a provider; it is not among the choices", tool)
            continue
        converted.append(_remembered(tool) if isinstance(tool, BaseTool) else _read_tool(tool))
    return converted


def read_tool_choice(choice: Any, names: Sequence[str]) -> str:
    """`auto`, `any`, `none` or a tool's name, from every form in use.

    Args:
        choice: A word, a name, True or False, or the dict form of OpenAI or Anthropic; None means `auto`.
        names: Of the tools on offer.

    Raises:
        ToolError: The name is not on offer, or a call is forced with no tools on offer.
    """
    if isinstance(choice, Mapping):
        function = choice.get("function")
        choice = (
            (function.get("name") if isinstance(function, Mapping) else None)
            or choice.get("name")
            or choice.get("type")
        )
    if choice is None or isinstance(choice, bool):
        choice = "any" if choice else "auto"
    word = _KEYWORDS.get(choice, choice)
    if word in ("auto", "none"):
        return str(word)
    if not names:
        raise ToolError(f"tool_choice {choice!r} forces a call, but no tools are on offer; bind tools first")
    if word != "any" and word not in names:
        raise ToolError(
            f"tool_choice {choice!r} is not on offer; expected auto, any, required, none or one of {', '.join(names)}"
        )
    return str(word)


def tool_name(tool: Mapping[str, Any]) -> str:
    """The name of a converted tool."""
    return str(tool.get("function", tool)["name"])


def is_provider_tool(tool: Mapping[str, Any]) -> bool:
    """Whether a declaration is of a tool that a provider runs by itself."""
    if not tool or any(isinstance(tool.get(key), Mapping | list) for key in _DECLARING):
        return False
    if tool.get("type", "function") in ("function", "custom"):
        return not {"name", "title"} & tool.keys() and "type" not in tool
    return tool.get("type") != "object"


def is_output(tool: Mapping[str, Any]) -> bool:
    """Whether a converted tool only carries an answer (an agent's `response_format`): it runs nothing."""
    return bool(tool.get(OUTPUT_MARK))


def top_tools(
    tools: Sequence[Any], scores: Mapping[str, float], top_k: int, always_include: Sequence[str]
) -> list[Any]:
    """The best `top_k` tools and those always included, in their given order; tools a provider runs stay.

    Raises:
        ValueError: `always_include` names a tool that is not there.
    """
    names = [next((tool_name(converted) for converted in read_tools([tool])), None) for tool in tools]
    if unknown := [name for name in always_include if name not in names]:
        raise ValueError(f"always_include names tools that are not on offer: {', '.join(unknown)}")
    ranked = sorted((n for n in names if n is not None and n not in always_include), key=lambda n: -scores.get(n, 0.0))
    chosen = {*ranked[:top_k], *always_include, None}
    return [tool for tool, name in zip(tools, names, strict=True) if name in chosen]


def _remembered(tool: BaseTool) -> dict[str, Any]:
    """A tool's conversion, made once: agents bind the same objects at every step."""
    key, face = id(tool), (tool.name, tool.description, id(tool.args_schema), repr(tool.metadata))
    known = _conversions.get(key)
    if known is None or known[0]() is not tool or known[1] != face:
        known = (weakref.ref(tool, lambda _: _conversions.pop(key, None)), face, _read_tool(tool))
        _conversions[key] = known
    return known[2]


def _read_tool(tool: ToolLike) -> dict[str, Any]:
    if isinstance(tool, Mapping):
        _check_declaration(tool)
    try:
        converted = dict(convert_to_openai_tool(_from_mcp(tool)))
    except (ValueError, TypeError) as error:
        raise ToolError(f"tool {tool!r:.120} cannot be read: {str(error).strip().splitlines()[0]}") from error
    body = converted.get("function", converted)
    if not isinstance(body, Mapping) or not isinstance(body.get("name"), str) or not body["name"].strip():
        raise ToolError(f"a tool needs a name and a JSON Schema of its parameters, got {tool!r:.120}")
    ToolSchema.from_json(body)
    function = {key: body[key] for key in ("name", "description", "parameters", "annotations") if key in body}
    metadata = getattr(tool, "metadata", None) or {}
    if not function.get("description") and isinstance(metadata.get("title"), str):
        function["description"] = metadata["title"]
    hints = {key: metadata.get(key) for key in _HINTS}
    if any(isinstance(value, bool) for value in hints.values()):
        function["annotations"] = {key: value for key, value in hints.items() if isinstance(value, bool)}
    out: dict[str, Any] = {"type": "function", "function": _with_described_parameters(function)}
    if converted.get(OUTPUT_MARK) or _runs_nothing(tool):
        out[OUTPUT_MARK] = True
    return out


def _check_declaration(tool: Mapping[str, Any]) -> None:
    """That no parameters are overlooked: a tool without any would be called with none."""
    body = tool.get("function", tool)
    if isinstance(body, Mapping) and "toolSpec" not in body and "properties" not in body:
        schema = next((body[key] for key in SCHEMA_KEYS if body.get(key) is not None), None)
        check_parameters(body.get("name"), body, schema)


def _from_mcp(tool: ToolLike) -> ToolLike:
    """A tool as MCP servers list it, in the form that LangChain converts; others as they are.

    A description may be missing there; the title says the same in short.
    """
    body: Any = tool
    if not isinstance(body, Mapping):
        listed = getattr(body, "inputSchema", None)
        if not isinstance(listed, Mapping) or not isinstance(body, BaseModel):
            return tool
        body = body.model_dump(exclude_none=True)
    if not isinstance(body.get("inputSchema"), Mapping):
        return tool
    annotations = body.get("annotations")
    annotations = annotations if isinstance(annotations, Mapping) else {}
    out = {
        "name": body.get("name"),
        "description": body.get("description") or body.get("title") or annotations.get("title") or "",
        "parameters": body["inputSchema"],
    }
    hints = {key: annotations[key] for key in _HINTS if isinstance(annotations.get(key), bool)}
    return {"type": "function", "function": out | ({"annotations": hints} if hints else {})}


def _with_described_parameters(function: dict[str, Any]) -> dict[str, Any]:
    """Move the `Args:` of a docstring to the parameters; `@tool` leaves them in the description unless told."""
    text, properties = function.get("description"), (function.get("parameters") or {}).get("properties")
    if not isinstance(text, str) or not isinstance(properties, Mapping) or (block := _ARGS.search(text)) is None:
        return function
    found = {m["name"]: " ".join(m["text"].split()) for m in _ARG.finditer(block["body"])}
    if not found.keys() & properties.keys():
        return function
    described = {
        name: {**spec, "description": found[name]}
        if name in found and isinstance(spec, Mapping) and not spec.get("description")
        else spec
        for name, spec in properties.items()
    }
    rest = f"{text[: block.start()]}\n{text[block.end() :]}".strip()
    return {**function, "description": rest, "parameters": {**function["parameters"], "properties": described}}


def _runs_nothing(tool: ToolLike) -> bool:
    """Agents offer their `response_format` as a tool without a function behind it."""
    if not isinstance(tool, BaseTool) or not (hasattr(tool, "func") and hasattr(tool, "coroutine")):
        return False
    return tool.func is None and tool.coroutine is None
