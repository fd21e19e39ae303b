"""Tool lists as people have them: OpenAI's, MCP's, Anthropic's and Bedrock's declarations, or plain JSON Schemas.

A declaration whose parameters stand where none are looked for is an error: a tool without parameters would be called
with none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm_agent.data.strict_json import json_type, parse_json
from trm_agent.errors import DataError, ToolError
from trm_agent.types import ToolSchema, parse_tools
from trm_agent.types.tools import SCHEMA_KEYS

EXPECTED = "expected a list of tool declarations"
_LISTS = ("tools", "functions", "function_declarations", "functionDeclarations")
_ELSEWHERE = ("args", "arguments", "args_schema", "params", "inputs", "input", "schema", "json_schema", "parameter")
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


def read_declarations(data: Any) -> tuple[ToolSchema, ...]:
    """The tools of a list, of an object that holds one (`tools`, or MCP's `result`), or of JSON text of either.

    Raises:
        ToolError: It is no such list, it is empty, or a declaration cannot be used.
    """
    if isinstance(data, str):
        try:
            data = parse_json(data)
        except DataError as error:
            raise ToolError(f"{EXPECTED}, got text that is {error}") from None
    listed = tool_list(data)
    if not isinstance(listed, list) or not listed:
        raise ToolError(f"{EXPECTED}, got {_what(data)}")
    return parse_tools([tool for item in listed for tool in _declarations(item)])


def declared_in(data: Mapping[str, Any]) -> bool:
    """Whether an object holds a tool list and no conversation."""
    return isinstance(tool_list(data), list) and not {"messages", "conversations", "inputs", "request"} & data.keys()


def tool_list(data: Any) -> Any:
    """The list of declarations that an object holds, itself where it is no object; None where it holds none."""
    if not isinstance(data, Mapping):
        return data
    if isinstance(data.get("result"), Mapping):  # the answer of an MCP server to tools/list
        data = data["result"]
    return next((data[key] for key in _LISTS if key in data), None)


def check_parameters(name: Any, body: Mapping[str, Any], schema: Any) -> None:
    """That a declaration has its parameters where they are looked for, as a schema of an object.

    Args:
        name: Of the tool, for the error.
        body: The declaration.
        schema: What it declares its parameters with; None where there is no such thing.

    Raises:
        ToolError: It has them elsewhere, or in another form.
    """
    if schema is None and (found := [key for key in _ELSEWHERE if body.get(key)]):
        raise ToolError(
            f"tool {name!r} has no parameters, but {found[0]!r}; expected a JSON Schema under {', '.join(SCHEMA_KEYS)}"
        )
    if isinstance(schema, Mapping) and schema and not _is_object_schema(schema):
        raise ToolError(f"tool {name!r}: expected a JSON Schema of type object with properties, got {_brief(schema)}")


def _what(data: Any) -> str:
    if isinstance(data, Mapping):
        return f"an object with {', '.join(map(repr, list(data)[:6])) or 'nothing'}"
    return "an empty list" if data == [] else json_type(data)


def _declarations(item: Any) -> list[dict[str, Any] | ToolSchema]:
    if isinstance(item, ToolSchema):
        return [item]
    if not isinstance(item, Mapping):
        raise ToolError(f"a tool must be an object with a name and its parameters, got {json_type(item)}")
    for key in ("function_declarations", "functionDeclarations"):
        if isinstance(item.get(key), list):
            return [tool for inner in item[key] for tool in _declarations(inner)]
    body = item.get("function", item.get("toolSpec", item))
    return [_declaration(body if isinstance(body, Mapping) else item)]


def _declaration(body: Mapping[str, Any]) -> dict[str, Any]:
    """One declaration in OpenAI's inner form."""
    name = body.get("name") or (body.get("title") if "properties" in body else None)
    if not isinstance(name, str):
        raise ToolError(f"a tool needs a name and a JSON Schema of its parameters, got {_brief(body)}")
    out = {"name": name, "description": body.get("description") or body.get("title") or ""}
    schema = next((body[key] for key in SCHEMA_KEYS if body.get(key) is not None), None)
    if isinstance(schema, Mapping) and isinstance(schema.get("json"), Mapping):  # Bedrock
        schema = schema["json"]
    if schema is None and "properties" in body:  # the schema itself, its title the name
        schema = {key: value for key, value in body.items() if key not in ("name", "title", "description")}
        out["description"] = body.get("description") or ""
    check_parameters(name, body, schema)
    if schema is not None:
        out["parameters"] = schema
    annotations = body.get("annotations")
    if isinstance(annotations, Mapping):
        out["description"] = out["description"] or annotations.get("title") or ""
        hints = {key: annotations[key] for key in _HINTS if isinstance(annotations.get(key), bool)}
        out |= {"annotations": hints} if hints else {}
    return out


def _is_object_schema(schema: Mapping[str, Any]) -> bool:
    """Whether a schema is of an object; `{"city": {"type": "string"}}` is a list of parameters without its frame."""
    if any(key in schema for key in ("properties", "$ref", "allOf", "anyOf", "oneOf", "additionalProperties")):
        return True
    return str(schema.get("type")).lower() in ("object", "dict") and not any(
        isinstance(value, Mapping) and "type" in value for key, value in schema.items() if not key.startswith("$")
    )


def _brief(schema: Mapping[str, Any]) -> str:
    return f"{dict(schema)!r:.100}"
