"""Any number of short conversations to try `recipes/route_logs.py` on: customer care of a mobile network.

uv run python -m recipes.routing.generate --num 100000 --output logs.jsonl

A row has an `id`, `messages` as OpenAI writes them, and the three to five `tools` of one of six desks. Requests name
all, some or none of what their tool needs; a tenth of them is small talk or no business of the desk. Equal options
give equal rows, and the first rows of a seed are the same for every larger --num.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.make_telecom_logs import FOLDER, call, drawn, filled, parameter_types, typed_in_haste
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

DESKS = (
    ("check_usage", "top_up", "add_package", "cancel_package"),
    ("get_bill", "pay_bill", "talk_to_agent"),
    ("block_sim", "replace_sim", "report_fault", "talk_to_agent"),
    ("enable_roaming", "disable_roaming", "add_package"),
    ("check_usage", "get_bill", "pay_bill", "top_up", "talk_to_agent"),
    ("report_fault", "block_sim", "enable_roaming", "check_usage", "add_package"),
)
CALLS = {
    "check_usage": "phone: <phone>",
    "get_bill": "phone: <phone>; month: <month>",
    "pay_bill": "phone: <phone>; amount: <money>; method: card",
    "top_up": "phone: <phone>; amount: <money>",
    "add_package": "phone: <phone>; package: <data>",
    "cancel_package": "phone: <phone>; package: <voice>",
    "enable_roaming": "phone: <phone>; country: <country>; days: <days>",
    "disable_roaming": "phone: <phone>",
    "block_sim": "phone: <phone>; reason: lost",
    "replace_sim": "phone: <phone>; sim_type: card; address: <street>",
    "report_fault": "place: <town>; problem: no signal",
    "talk_to_agent": "",
}
REQUESTS = {
    "check_usage": ("How much data is left on <phone>?", "what have I used so far? number <phone>", "Check my usage"),
    "get_bill": ("Send me the bill of <month> for <phone>", "I need my <month> bill", "show the bill of <phone>"),
    "pay_bill": (
        "Pay <money> euros for <phone> by card",
        "I want to pay the bill of <phone>",
        "<name> here, pay by card",
    ),
    "top_up": ("Top up <phone> with <money> euros", "put <money> on <phone>, please", "I'd like to top up <phone>"),
    "add_package": ("Book <data> for <phone>", "add <data> to <phone> please", "Can I have <data>?"),
    "cancel_package": ("Cancel <voice> on <phone>", "<phone>: I don't want <voice> any more", "Please end <voice>"),
    "enable_roaming": ("Roaming for <phone> in <country>, <days> days", "I'm off to <country>, my number is <phone>"),
    "disable_roaming": ("Switch roaming off for <phone>", "I'm back from <country>, stop roaming on <phone>"),
    "block_sim": ("I lost my phone, block <phone>", "<phone> was stolen in <town>, block the SIM", "block my SIM"),
    "replace_sim": (
        "Send a new SIM card for <phone> to <street>",
        "I need an eSIM for <phone>",
        "a new SIM to <street>",
    ),
    "report_fault": (
        "No signal in <town> since <days> o'clock",
        "The network is down in <town>",
        "I can't call anyone",
    ),
    "talk_to_agent": ("Give me a human", "This is <name>, I want to speak to somebody", "agent please"),
}
ASIDES = ("hello", "Thanks, <name>!", "Who won the match in <country>?", "how are you", "Book me a flight to <country>")
ASIDE = 0.1
"""Share of requests that no tool answers."""
RESULTS = ('{"status": "done"}', '{"status": "failed", "reason": "unknown number"}', '{"balance": <money>}')
KINDS = {"request": 1, "greeted": 2, "asked": 3, "reported": 3, "greeted_and_asked": 4}
"""Kind of conversation → its messages."""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num", type=int, default=1000, help="how many conversations")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--messages", type=int, default=4, choices=range(1, 5), help="most messages of a conversation")
    parser.add_argument(
        "--customers", type=int, help="so many people, each with one number, name and town; default: always another one"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        with args.output.open("w", encoding="utf-8") as file:
            for row in conversations(args.num, args.messages, args.seed, args.customers):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    logger.info("%d conversations → %s", args.num, args.output)
    return 0


def conversations(
    count: int, messages: int = 4, seed: int = 0, customers: int | None = None
) -> Iterator[dict[str, Any]]:
    """So many rows of at most so many messages; of so many customers, who then ask the same things again."""
    tools = {tool["function"]["name"]: tool for tool in json.loads((FOLDER / "tools.json").read_text(encoding="utf-8"))}
    types = parameter_types(FOLDER / "tools.json")
    kinds = [kind for kind, length in KINDS.items() if length <= messages]
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        desk = rng.choice(DESKS)
        values = drawn(random.Random(f"{seed}/customer {rng.randrange(customers)}") if customers else rng)
        said = talk(rng.choice(kinds), rng.choice(desk), values, types, rng)
        yield {"id": f"c{number:06}", "messages": said, "tools": [tools[name] for name in desk]}


def talk(
    kind: str, tool: str, values: Mapping[str, str], types: Mapping[str, str], rng: random.Random
) -> list[dict[str, Any]]:
    """The messages of one conversation, as OpenAI writes them."""
    text = filled(rng.choice(ASIDES if rng.random() < ASIDE else REQUESTS[tool]), values)
    said: list[dict[str, Any]] = [{"role": "user", "content": typed_in_haste(text) if rng.random() < 0.3 else text}]
    if kind.startswith("greeted"):
        said.insert(0, {"role": "assistant", "content": "Welcome! What can I do for you?"})
    if kind.endswith("asked"):
        said.append({"role": "assistant", "content": "Which number is it?"})
        said.append({"role": "user", "content": filled(rng.choice(("<phone>", "It's <phone2>, <name>")), values)})
    if kind == "reported":
        made = call(filled(f"{tool} {CALLS[tool]}".strip(), values), types)
        function = {"name": made["name"], "arguments": json.dumps(made["arguments"])}
        request = {"id": "1", "type": "function", "function": function}
        said.append({"role": "assistant", "content": None, "tool_calls": [request]})
        said.append({"role": "tool", "tool_call_id": "1", "content": filled(rng.choice(RESULTS), values)})
    return said


if __name__ == "__main__":
    sys.exit(main())
