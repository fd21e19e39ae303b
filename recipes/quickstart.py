"""A conversation, routed locally: every decision with its arguments, their sources, and the time it took.

uv run python recipes/quickstart.py

`ChatTRM` decides with the weights that ship with the package, offline and without a key. The tools are plain functions;
the user's lines are fixed, everything else is decided as you watch.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.tools import BaseTool
    from rich.console import Console

USER_LINES = (
    "Hi there!",
    "I'm hungry and would like to find a place to eat.",
    "I'm looking for something in Oakland.",
    "Italian food would be great.",
    "That sounds good. Please book a table there.",
    "At 7 pm, for 4 people.",
    "Actually, make it 8 pm instead.",
    "Yes, that's right, go ahead.",
    "Thanks, that's all. Goodbye!",
)


def find_restaurants(city: str, cuisine: Literal["Italian", "Mexican", "Thai", "Vegetarian"]) -> dict[str, Any]:
    """Find a place to eat in a city.

    Args:
        city: City in which the restaurant is located
        cuisine: Kind of food that is served
    """
    return {"restaurant_name": f"Casa {cuisine}", "city": city, "street_address": "12 Harbour Street", "rating": 4.6}


def reserve_restaurant(restaurant_name: str, city: str, time: str, number_of_people: int = 2) -> dict[str, Any]:
    """Reserve a table at a restaurant.

    Args:
        restaurant_name: Name of the restaurant
        city: City in which the restaurant is located
        time: Time of the reservation
        number_of_people: Number of people the table is for
    """
    return {
        "status": "confirmed",
        "restaurant_name": restaurant_name,
        "time": time,
        "number_of_people": number_of_people,
    }


def get_weather(city: str) -> dict[str, Any]:
    """Get the weather forecast for a city.

    Args:
        city: City to get the weather for
    """
    return {"city": city, "sky": "sunny", "temperature": 21}


FUNCTIONS = {function.__name__: function for function in (find_restaurants, reserve_restaurant, get_weather)}
MOST_CALLS = 3


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint folder; default: the shipped weights")
    parser.add_argument("--threads", type=int, help="CPU threads; default: TRM_THREADS, else one")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        converse(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def converse(args: argparse.Namespace) -> None:
    from langchain_core.messages import HumanMessage, ToolMessage
    from rich.console import Console

    from langchain_trm import ChatTRM

    console = Console()
    tools = [as_tool(function) for function in FUNCTIONS.values()]
    settings: dict[str, Any] = {"tools": tools, "threads": args.threads}
    if args.checkpoint:
        settings["model"] = str(args.checkpoint)
    model = ChatTRM(**settings)
    started = time.perf_counter()
    model.invoke("Hello")
    console.print(
        f"[dim]{len(FUNCTIONS)} tools; weights and encoder loaded in {time.perf_counter() - started:.1f} s[/]\n"
    )

    messages: list[BaseMessage] = []
    spent = []
    for line in USER_LINES:
        messages.append(HumanMessage(line))
        console.print(f"[bold cyan]user[/]       {line}")
        for _ in range(MOST_CALLS):
            started = time.perf_counter()
            answer = model.invoke(messages)
            spent.append(1000 * (time.perf_counter() - started))
            messages.append(answer)
            show(console, answer, messages, spent[-1])
            if not answer.tool_calls:
                break
            for call in answer.tool_calls:
                result = FUNCTIONS[call["name"]](**call["args"])
                messages.append(ToolMessage(to_text(result), tool_call_id=call["id"], name=call["name"]))
                console.print(f"[bold yellow]result[/]     {to_text(result)}")
        console.print()
    middle = sorted(spent)[len(spent) // 2]
    console.print(f"[dim]{len(spent)} decisions, {middle:.0f} ms each (median), no call to a large model[/]")


def as_tool(function: Callable[..., dict[str, Any]]) -> BaseTool:
    """A LangChain tool; reserving changes something, so it says that it is not read-only and is asked about first."""
    from langchain_core.tools import StructuredTool

    hints = {"readOnlyHint": function is not reserve_restaurant}
    return StructuredTool.from_function(function, parse_docstring=True, metadata=hints)


def show(console: Console, answer: AIMessage, messages: Sequence[BaseMessage], milliseconds: float) -> None:
    """One decision: what, with which values from where, what is missing, how sure, how fast."""
    record = answer.response_metadata["decision"]
    if answer.tool_calls:
        call = answer.tool_calls[0]
        console.print(
            f"[bold green]call[/]       {call['name']}({', '.join(f'{k}={v!r}' for k, v in call['args'].items())})"
        )
        for name, value in record["argument_values"].items():
            console.print(f"[dim]             {name}: {value['confidence']:.2f} · {origin(value['source'])}[/]")
    else:
        console.print(f"[bold magenta]assistant[/]  {answer.content}")
    missing = f" · missing {', '.join(record['missing'])}" if record["missing"] else ""
    about = f" · about {record['intended_tool']}" if record["intended_tool"] else ""
    console.print(
        f"[dim]           {record['decision']} · confidence {record['confidence']:.2f}{about}{missing}"
        f" · {milliseconds:.0f} ms[/]",
        highlight=False,
    )


def origin(source: dict[str, Any]) -> str:
    """Where a value comes from, in words."""
    if source.get("message") is not None:
        place = f"message {source['message']}, characters {source['start']}–{source['end']}"
        return f"{source['kind']}: {source['text']!r} in {place}"
    return str(source["kind"])


def to_text(result: dict[str, Any]) -> str:
    import json

    return json.dumps(result, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
