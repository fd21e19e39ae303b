"""Dialogues played live: the model's own words and calls stand in the history, tools answer as the script says.

uv run python recipes/evaluate_live.py --domains recipes/everyday/dev [--checkpoint runs/x] [--failures live.jsonl]

A turn is right if its calls are the right ones, or if none is made where an answer is right. Where the script lets the
assistant ask first, asking and calling at once are both right, and what was called already need not be called again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.corpora.everyday_domain import Dialogue, Domain, GoldCall, Message, Point
from recipes.corpora.everyday_format import read_domain
from recipes.evaluate_everyday import columns, share
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from langchain_trm import ChatTRM

MOST_STEPS = 6
"""Model calls in one turn."""


@dataclass
class Tally:
    turns: int = 0
    right: int = 0
    made: int = 0
    made_right: int = 0
    passing: int = 0
    passing_right: int = 0


@dataclass
class Talk:
    """A dialogue as it goes.

    Attributes:
        messages: The model's own.
        done: Calls made so far, as JSON text.
    """

    messages: list[BaseMessage] = field(default_factory=list)
    done: set[str] = field(default_factory=set)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=Path, nargs="+", required=True, help="folders of everyday domains")
    parser.add_argument("--checkpoint", help="default: the shipped weights")
    parser.add_argument("--dialogues", type=int, help="so many, drawn with the seed; default: all of two turns or more")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--min-confidence", type=float, default=0.9)
    parser.add_argument("--min-call-confidence", type=float, default=0.8)
    parser.add_argument("--output", type=Path, help="figures as JSON")
    parser.add_argument("--failures", type=Path, help="turns that went wrong, one a line")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        domains = [read_domain(path) for folder in args.domains for path in sorted(folder.glob("*.yaml"))]
        table, failures = play_all(domains, args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    if args.output:
        args.output.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    if args.failures:
        lines = (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in failures)
        args.failures.write_text("".join(lines), encoding="utf-8")
    heads = list(next(iter(table.values())))
    rows = [
        "\t".join([name, *("–" if row[head] is None else str(row[head]) for head in heads)])
        for name, row in table.items()
    ]
    print("\n".join(columns(["\t".join(["group", *heads]), *rows])))
    return 0


def play_all(domains: Sequence[Domain], args: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    from langchain_trm import ChatTRM

    talks = [(domain, dialogue) for domain in domains for dialogue in domain.dialogues if len(dialogue.turns) > 1]
    if args.dialogues is not None and args.dialogues < len(talks):
        talks = random.Random(args.seed).sample(talks, args.dialogues)
    groups: dict[str, Tally] = defaultdict(Tally)
    failures: list[dict[str, Any]] = []
    for domain, dialogue in talks:
        model = ChatTRM(
            model=args.checkpoint,
            tools=[tool.schema for tool in domain.tools],
            now=datetime.fromisoformat(domain.now),
        )
        for row in play(model, domain, dialogue):
            passes = row["confidence"] >= args.min_confidence and row["call_confidence"] >= args.min_call_confidence
            for name in ("all", f"kind/{row['kind']}", f"language/{dialogue.language}"):
                tally = groups[name]
                tally.turns += 1
                tally.right += row["right"]
                tally.made += row["called"]
                tally.made_right += row["called"] and row["right"]
                tally.passing += row["called"] and passes
                tally.passing_right += row["called"] and passes and row["right"]
            if not row["right"]:
                failures.append(row)
    return {name: figures(tally) for name, tally in sorted(groups.items())}, failures


def figures(tally: Tally) -> dict[str, Any]:
    return {
        "turns": tally.turns,
        "right": share(tally.right, tally.turns),
        "calling": tally.made,
        "calling_right": share(tally.made_right, tally.made),
        "passing": tally.passing,
        "passing_right": share(tally.passing_right, tally.passing),
        "passing_of_right": share(tally.passing_right, tally.made_right),
    }


def play(model: ChatTRM, domain: Domain, dialogue: Dialogue) -> list[dict[str, Any]]:
    """Every decision point of a dialogue, one after the other; `did` turns are put into the history as they are."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    talk, rows = Talk(), []
    for number, part in enumerate(dialogue.turns):
        if isinstance(part, Message):
            name = f"s{number}"
            if part.role == "tool_call":
                call = {"name": part.content["name"], "args": part.content["arguments"], "id": name}
                talk.messages.append(AIMessage("", tool_calls=[call]))
            elif part.role == "tool_response":
                talk.messages.append(ToolMessage(json.dumps(part.content), tool_call_id=f"s{number - 1}"))
            else:
                kinds = {"user": HumanMessage, "assistant": AIMessage, "system": SystemMessage}
                talk.messages.append(kinds[part.role](str(part.content)))
            continue
        rows.append(turn(model, domain, part, talk))
    return rows


def turn(model: ChatTRM, domain: Domain, point: Point, talk: Talk) -> dict[str, Any]:
    """Let the user speak and the model act until it answers."""
    from langchain_core.messages import HumanMessage, ToolMessage

    talk.messages.append(HumanMessage(point.text))
    made: list[dict[str, Any]] = []
    confidence = call_confidence = 1.0
    words = ""
    for _ in range(MOST_STEPS):
        answer = model.invoke(talk.messages)
        talk.messages.append(answer)
        words = answer.text
        if not answer.tool_calls:
            break
        record = answer.response_metadata["decision"]
        confidence = min(confidence, record["confidence"])
        call_confidence = min(call_confidence, record["call_confidence"] or 0.0)
        for call in answer.tool_calls:
            made.append({"name": call["name"], "arguments": call["args"]})
            talk.messages.append(
                ToolMessage(json.dumps(result_of(point, call["name"]), default=str), tool_call_id=call["id"])
            )
    right = judge(point, made, talk.done)
    talk.done |= {key(call) for call in made}
    return {
        "domain": domain.name,
        "kind": point.kind,
        "said": point.text,
        "gold": [call.gold for call in point.calls],
        "made": made,
        "words": words,
        "called": bool(made),
        "right": right,
        "confidence": confidence,
        "call_confidence": call_confidence,
    }


def result_of(point: Point, tool: str) -> Any:
    """What a tool returns in this turn: where there are as many results as calls, that of its own call."""
    if isinstance(point.result, list) and len(point.result) == len(point.calls) > 1:
        own = [result for gold, result in zip(point.calls, point.result, strict=True) if gold.name == tool]
        return own[0] if own else {"status": "ok"}
    return point.result if point.result is not None else {"status": "ok"}


def judge(point: Point, made: Sequence[Mapping[str, Any]], done: set[str]) -> bool:
    """Whether a turn's calls are right."""
    open_gold = [gold for gold in point.calls if not any(fits(gold, json.loads(text)) for text in done)]
    if not made:
        return not open_gold or point.either or bool(point.confirm)
    left = list(made)
    for gold in point.calls:
        found = next((call for call in left if fits(gold, call)), None)
        if found is not None:
            left.remove(found)
        elif gold in open_gold:
            return False
    return not left


def fits(gold: GoldCall, call: Mapping[str, Any]) -> bool:
    """Whether a call is the gold one, in any of its right forms."""
    from trm_agent.values import matches

    if call["name"] != gold.name:
        return False
    given = call["arguments"]
    for name, argument in gold.arguments.items():
        if name not in given:
            if argument.given and not argument.optional:
                return False
        elif not matches(given[name], list(argument.forms)):
            return False
    return not given.keys() - gold.arguments.keys()


def key(call: Mapping[str, Any]) -> str:
    return json.dumps(call, sort_keys=True, default=str)


if __name__ == "__main__":
    sys.exit(main())
