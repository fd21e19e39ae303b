"""A whole agent: TRM takes the steps it is sure of, a large model takes the rest.

The large model is a stand-in with a script, so this runs offline and costs nothing; put your own in its place. What is
printed: who took each step and how sure TRM was, where it handed over, and how many calls of the large model it saved.

uv run python recipes/agent_with_fallback.py
uv run python recipes/agent_with_fallback.py --checkpoint runs/mine --min-confidence 0.9
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool

from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging


@tool(parse_docstring=True)
def find_hotel(city: str, nights: int) -> dict[str, Any]:
    """Find a hotel with a free room.

    Args:
        city: City to stay in.
        nights: How many nights.
    """
    return {"hotel": "Hotel Aurora", "city": city, "price per night": 84}


@tool(parse_docstring=True)
def book_hotel(hotel: str) -> dict[str, Any]:
    """Book a room in a hotel that was found.

    Args:
        hotel: Name of the hotel.
    """
    return {"booked": hotel, "reference": "AU-7731"}


@tool(parse_docstring=True)
def order_taxi(pickup: str, time: str) -> dict[str, Any]:
    """Order a taxi.

    Args:
        pickup: Where to be picked up.
        time: When to be picked up.
    """
    return {"taxi": "Toyota 4471", "at": time}


TOOLS: list[BaseTool] = [find_hotel, book_hotel, order_taxi]

CONVERSATION = (
    "Hi there!",
    "I need a hotel in Lisbon.",
    "For 3 nights, please.",
    "Sounds good, book Hotel Aurora.",
    "And a taxi from the airport at 9 pm.",
    "Could you also tell me what people there like to eat?",
    "Great, thanks!",
)

SCRIPT: dict[str, tuple[str, dict[str, Any]] | str] = {
    "Hi there!": "Hello! How can I help with your trip?",
    "I need a hotel in Lisbon.": "How many nights will you stay?",
    "For 3 nights, please.": ("find_hotel", {"city": "Lisbon", "nights": 3}),
    "Sounds good, book Hotel Aurora.": ("book_hotel", {"hotel": "Hotel Aurora"}),
    "And a taxi from the airport at 9 pm.": ("order_taxi", {"pickup": "the airport", "time": "9 pm"}),
    "Could you also tell me what people there like to eat?": "Grilled sardines, and custard tarts with cinnamon.",
    "Great, thanks!": "Have a good trip!",
}


class LargeModel(BaseChatModel):
    """Stands in for a large model: knows this one conversation by heart, and counts how often it is asked."""

    asked: list[str] = []  # noqa: RUF012 - pydantic copies it for every instance

    @property
    def _llm_type(self) -> str:
        return "large-model-stand-in"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=list(tools))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        said = next(str(m.content) for m in reversed(messages) if isinstance(m, HumanMessage))
        self.asked.append(said)
        plan = SCRIPT[said]
        if messages[-1].type == "tool":
            message = AIMessage("Done. Anything else?")
        elif isinstance(plan, str):
            message = AIMessage(plan)
        else:
            call = {"name": plan[0], "args": plan[1], "id": f"large{len(self.asked):04d}"}
            message = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


@dataclass(frozen=True)
class Config:
    """What the run depends on."""

    checkpoint: str | None
    min_confidence: float
    min_call_confidence: float | None
    top_k: int


def converse(config: Config) -> tuple[list[BaseMessage], LargeModel]:
    """Let the agent go through the conversation; return its messages and the model it could fall back on."""
    from langchain.agents import create_agent
    from langgraph.checkpoint.memory import InMemorySaver

    from langchain_trm import ChatTRM, TRMMiddleware

    trm = ChatTRM(model=config.checkpoint) if config.checkpoint else ChatTRM()
    large = LargeModel()
    taking_steps = TRMMiddleware(
        trm,
        min_confidence=config.min_confidence,
        min_call_confidence=config.min_call_confidence,
        top_k=config.top_k,
    )
    middleware: list[Any] = [taking_steps]
    agent = create_agent(large, TOOLS, middleware=middleware, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "one"}}
    messages: list[BaseMessage] = []
    for text in CONVERSATION:
        messages = agent.invoke({"messages": [HumanMessage(text)]}, thread)["messages"]
    return messages, large


def show(messages: Sequence[BaseMessage], large: LargeModel) -> None:
    """Print the steps, the hand-overs and what was saved."""
    from rich.console import Console
    from rich.table import Table

    from langchain_trm import explain

    table = Table("", "who", "what", "sure")
    for message in messages:
        if not isinstance(message, AIMessage):
            table.add_row("", message.type, str(message.content), "")
            continue
        calls = ", ".join(f"{call['name']}({call['args']})" for call in message.tool_calls)
        by_trm = message.response_metadata.get("model_provider") == "trm"
        sure = f"{explain(message).record['confidence']:.0%}" if by_trm else ""
        table.add_row("" if by_trm else "→", "TRM" if by_trm else "large model", calls or str(message.content), sure)
    console = Console()
    console.print(table)
    steps = sum(isinstance(message, AIMessage) for message in messages)
    saved = steps - len(large.asked)
    console.print(f"{saved} of {steps} calls of the large model were saved ({saved / steps:.0%}).")
    for said in dict.fromkeys(large.asked):
        console.print(f"handed over: {said}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--min-confidence", type=float, default=0.8, help="below it the large model takes the step")
    parser.add_argument("--min-call-confidence", type=float, help="the same for a call with all its arguments")
    parser.add_argument("--top-k", type=int, default=2, help="tools the large model is offered then")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        messages, large = converse(Config(args.checkpoint, args.min_confidence, args.min_call_confidence, args.top_k))
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(messages, large)
    return 0


if __name__ == "__main__":
    sys.exit(main())
