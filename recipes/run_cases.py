"""Single inputs with their right answers → how many come out right, by kind.

uv run python recipes/run_cases.py --data cases.json
uv run python recipes/run_cases.py --data cases.json --kinds unit date time --failures failures.jsonl

A case has `id`, `kind`, `now`, `tools` and `messages` (as OpenAI writes them), and `expect`: `decision`, `tool`,
`arguments` (null is not looked at), and if it matters `accept_arguments`, `missing`, `calls` and `intended_tool`. Every
conversation runs on the router's own state: what it read after one message is what it goes on from at the next.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, progress, setup_logging

if TYPE_CHECKING:
    from trm_agent.router import Router
    from trm_agent.types import Decision


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="cases, a JSON list")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--kinds", nargs="+", help="only cases of these kinds")
    parser.add_argument("--failures", type=Path, help="write the cases that went wrong, with what came out, JSONL")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        rows = run(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    show(rows)
    if args.failures:
        wrong = [row for row in rows if not row["right"]]
        args.failures.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in wrong), encoding="utf-8")
        logger.info("%d failures → %s", len(wrong), args.failures)
    return 0


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Every case with what came out of it."""
    cases = read_cases(args.data, args.kinds)
    router = open_router(args.checkpoint, args.threads)
    return [judge(case, router) for case in progress(cases, "cases")]


def read_cases(path: Path, kinds: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The cases of a file.

    Raises:
        DataError: It is no JSON list of cases, or holds none of the kinds.
    """
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if not isinstance(cases, list):
        raise DataError(f"{path}: expected a JSON list of cases, got {type(cases).__name__}")
    for number, case in enumerate(cases):
        lacking = {"id", "kind", "tools", "messages", "expect"} - (case.keys() if isinstance(case, dict) else set())
        if lacking:
            raise DataError(f"{path}: case {number} has no {', '.join(sorted(lacking))}")
    chosen = [case for case in cases if kinds is None or case["kind"] in kinds]
    if not chosen:
        raise DataError(f"{path}: no case of the kinds {', '.join(kinds or ())}")
    return chosen


def judge(case: Mapping[str, Any], router: Router) -> dict[str, Any]:
    """A case run on the router's own state, and judged; an error of the router is a wrong answer."""
    row = {key: case[key] for key in ("id", "kind", "expect")}
    row["said"] = [message.get("content") for message in case["messages"] if message["role"] == "user"]
    try:
        decision = decide(case, router)
    except TRMError as error:
        return row | {"right": False, "got": {"error": str(error)}}
    got = {
        "decision": decision.decision,
        "tool": decision.tool,
        "arguments": decision.arguments,
        "calls": [{"tool": call.tool, "arguments": call.arguments} for call in decision.calls],
        "missing": list(decision.missing),
        "intended_tool": decision.intended_tool,
    }
    return row | {"right": is_right(decision, case["expect"]), "got": got}


def decide(case: Mapping[str, Any], router: Router) -> Decision:
    """The decision at the end of a case, every turn of the user before it decided on the way."""
    history = list(as_history(case["messages"]))
    now = datetime.fromisoformat(case["now"]) if case.get("now") else None
    bound = router.bind(case["tools"])
    state = None
    for n, message in enumerate(history[:-1], 1):
        if message["role"] == "user":
            state = bound.decide(history[:n], state=state, now=now).state
    return bound.decide(history, state=state, now=now)


def as_history(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Messages as OpenAI writes them, as the router reads them."""
    for message in messages:
        role, content = message["role"], message.get("content")
        if role == "tool":
            yield {"role": "tool_response", "content": content}
            continue
        if content or role != "assistant":
            yield {"role": role, "content": content or ""}
        for call in message.get("tool_calls") or ():
            function = call["function"]
            arguments = function.get("arguments") or {}
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
            yield {"role": "tool_call", "content": {"name": function["name"], "arguments": arguments}}


def is_right(decision: Decision, expect: Mapping[str, Any]) -> bool:
    """Whether a decision is what a case expects, as far as it says."""
    from trm_agent.values import matches

    if decision.decision != expect["decision"] or decision.tool != expect.get("tool"):
        return False
    if "missing" in expect and set(decision.missing) != set(expect["missing"]):
        return False
    if "intended_tool" in expect and (decision.intended_tool or "none") != expect["intended_tool"]:
        return False
    if expect.get("calls"):
        wanted = [[call["tool"], call["arguments"]] for call in expect["calls"]]
        made = [[call.tool, call.arguments] for call in decision.calls]
        return len(made) == len(wanted) and all(matches(call, wanted) for call in made)
    accepted = [expect.get("arguments"), *expect.get("accept_arguments", ())]
    return accepted[0] is None or matches(decision.arguments, accepted)


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """How many are right, of how many, by kind."""
    of, right = Counter(row["kind"] for row in rows), Counter(row["kind"] for row in rows if row["right"])
    for kind in sorted(of):
        print(f"{right[kind]:4d} / {of[kind]:3d}  {kind}")
    print(f"{right.total():4d} / {of.total():3d}  all")


if __name__ == "__main__":
    sys.exit(main())
