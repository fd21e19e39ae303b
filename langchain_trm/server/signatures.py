"""Pasted text → tools: JSON as tool files hold it (`trm_agent.utils.declarations` reads it), or Python functions.

Python is read, never run: signature, annotations, docstring.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_trm.tools import is_provider_tool, read_tools
from trm_agent.data.strict_json import parse_json
from trm_agent.errors import DataError, ToolError
from trm_agent.types import ToolSchema
from trm_agent.utils.declarations import read_declarations, tool_list

_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    "Dict": "object",
    "Mapping": "object",
    "list": "array",
    "List": "array",
    "Sequence": "array",
    "tuple": "array",
    "set": "array",
}
_ALONE = {"name", "function", "toolSpec", "title"}
"""An object with one of these is a tool."""
_FORMATS = {"date": "date", "datetime": "date-time", "time": "time", "timedelta": "duration"}


def read_pasted(text: str) -> list[dict[str, Any]]:
    """The tools in a text, as OpenAI writes them.

    Raises:
        ToolError: It holds none, or one that cannot be read.
    """
    if not text.strip():
        raise ToolError("there is nothing to read; paste a JSON list of tools, or a Python function")
    tools = _declared(text) if text.lstrip()[:1] in "[{" else read_declarations(list(_functions(text)))
    return read_tools([tool.to_json() for tool in tools])


def _declared(text: str) -> tuple[ToolSchema, ...]:
    """The tools of a list, of an object that holds one, or of a single declaration; those a provider runs left out."""
    try:
        data = parse_json(text)
    except DataError as error:
        raise ToolError(f"the tools are {error}") from None
    if isinstance(data, Mapping) and _ALONE & data.keys() and not isinstance(tool_list(data), list):
        data = [data]
    listed = tool_list(data)
    if not isinstance(listed, list) or not listed:
        return read_declarations(data)
    kept = [tool for tool in listed if not (isinstance(tool, Mapping) and is_provider_tool(tool))]
    if not kept:
        raise ToolError("a provider runs these tools itself; none is left for the router to call")
    return read_declarations(kept)


def _functions(text: str) -> Iterator[dict[str, Any]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        bare = text.strip().rstrip(":")
        try:
            tree = ast.parse(f"{bare}: ...")
        except (SyntaxError, ValueError) as error:
            raise ToolError(f"this is neither JSON nor Python: {error}") from None
    except (RecursionError, MemoryError) as error:
        raise ToolError("this nests too deep to be read") from error
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not found:
        raise ToolError("there is no function in this; paste `def name(...)` with its docstring, or a JSON list")
    yield from map(_tool, found)


def _tool(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    plain = [*node.args.posonlyargs, *node.args.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(node.args.defaults)) + list(node.args.defaults)
    pairs = [*zip(plain, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    properties, required = {}, []
    for argument, default in pairs:
        if argument.arg in ("self", "cls"):
            continue
        properties[argument.arg] = _parameter(argument.annotation, default)
        if default is None:
            required.append(argument.arg)
    schema = {"type": "object", "properties": properties, "required": required}
    description = ast.get_docstring(node) or node.name.replace("_", " ")
    return {"type": "function", "function": {"name": node.name, "description": description, "parameters": schema}}


def _parameter(annotation: ast.expr | None, default: ast.expr | None) -> dict[str, Any]:
    schema = _schema(annotation)
    if default is not None:
        try:
            value = ast.literal_eval(default)
            json.dumps(value)
        except (ValueError, TypeError):
            return schema
        if value is not None:
            return {**schema, "default": value}
    return schema


def _schema(node: ast.expr | None) -> dict[str, Any]:
    """JSON Schema of an annotation; one that is not known takes anything."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _schema(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return {}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _generic(_last_name(node.value), _items(node.slice))
    name = _last_name(node)
    if name in _FORMATS:
        return {"type": "string", "format": _FORMATS[name]}
    return {"type": _TYPES[name]} if name in _TYPES else {}


def _generic(name: str, items: list[ast.expr]) -> dict[str, Any]:
    if name == "Literal":
        values = [item.value for item in items if isinstance(item, ast.Constant)]
        return {"enum": values} | ({"type": "string"} if all(isinstance(value, str) for value in values) else {})
    if name == "Annotated":
        texts = [item.value for item in items[1:] if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        return _schema(items[0]) | ({"description": texts[0]} if texts else {})
    if name in ("Optional", "Union"):
        return _union(items)
    kind = _TYPES.get(name)
    if kind == "array" and items:
        return {"type": "array", "items": _schema(items[0])}
    return {"type": kind} if kind else {}


def _union(nodes: list[ast.expr]) -> dict[str, Any]:
    kinds = [_schema(node) for node in nodes if not (isinstance(node, ast.Constant) and node.value is None)]
    if len(kinds) < 2:
        return kinds[0] if kinds else {}
    return {"anyOf": kinds} if all(kinds) else {}


def _items(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _last_name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
