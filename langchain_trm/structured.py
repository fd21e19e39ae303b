"""`with_structured_output`: a forced tool call, checked and parsed into the schema."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import BaseOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap, RunnablePassthrough
from langchain_core.utils.pydantic import is_basemodel_subclass

from langchain_trm.records import record_of


def parse_into(model: Runnable[Any, AIMessage], schema: Any, name: str, *, include_raw: bool) -> Runnable[Any, Any]:
    """Attach the parser to a model bound to one forced tool.

    Args:
        model: Bound to the schema's tool.
        schema: Pydantic class, TypedDict or JSON Schema.
        name: Of its tool.
        include_raw: Return `raw`, `parsed` and `parsing_error` instead of raising.
    """
    parser: BaseOutputParser[Any]
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        parser = PydanticToolsParser(tools=[schema], first_tool_only=True)
    else:
        parser = JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
    read = RunnableLambda(_checked) | parser
    if not include_raw:
        return model | read
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | read, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def _checked(message: AIMessage) -> AIMessage:
    """The message, unless required fields could not be read: an incomplete object must not pass for an answer.

    Raises:
        OutputParserException: Fields are missing, or there is no call.
    """
    record = record_of(message) or {}
    if missing := record.get("missing"):
        raise OutputParserException(
            f"the conversation does not say: {', '.join(missing)}; add a fallback, or make these fields optional"
        )
    if not message.tool_calls:
        raise OutputParserException(f"no structured answer came, but text: {message.text!r:.120}")
    return message
