"""The everyday corpus → samples: `recipes/everyday/<split>/<domain>.yaml`, one sample a decision point.

uv run python -m recipes.corpora.everyday --check recipes/everyday/example.yaml
uv run python -m recipes.corpora.everyday --input recipes/everyday/train --output data/everyday_train.jsonl
uv run python -m recipes.corpora.everyday --counts recipes/everyday/train recipes/everyday/dev
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from recipes.corpora.everyday_counts import COUNTED, counts
from recipes.corpora.everyday_domain import ANSWERS, Dialogue, Domain, GoldCall, Message, Point
from recipes.corpora.everyday_format import read_domain
from recipes.corpora.everyday_words import WordingFinder
from trm_agent.errors import DataError
from trm_agent.types import Slot, parse_tools, slot_table

SPEECH_ACT = {
    **dict.fromkeys(
        ("request", "inquiry", "oblique", "elliptic", "typo", "voice", "followup", "refer_back", "several"), "request"
    ),
    **dict.fromkeys(("pick", "missing", "out_of_scope", "near_miss"), "request"),
    **dict.fromkeys(("correction", "edit"), "correct"),
    **dict.fromkeys(("negation", "confirm_no"), "refuse"),
    **dict.fromkeys(("report", "conditional", "quotation", "hostile", "complaint"), "state"),
    "fill": "answer",
    "confirm_yes": "confirm",
    "hesitation": "hesitate",
    "give_up": "give_up",
    "question": "question",
    "smalltalk": "small_talk",
}
"""Kind → what the user does with the turn (`trm_agent.types.SPEECH_ACTS`)."""
ABOUT_NOTHING = frozenset({"smalltalk", "out_of_scope"})
"""Kinds of turn that say no tool's values."""
NOT_ABOUT_A_TOOL = ANSWERS - {"missing", "hesitation"}
"""Kinds after which no tool is wanted any more."""


def samples_of(domain: Domain, *, results: bool = False, wordings: bool = False) -> Iterator[dict[str, Any]]:
    """Every decision point of a domain as a sample.

    Args:
        domain: As it was written.
        results: Also the points after a tool's result, where the words that follow are given. Their kind is `result`.
        wordings: For training: the words that a gold value was read from count as right as well, so that it is known
            where they stand.
    """
    tools = [tool.schema for tool in domain.tools]
    table = slot_table(parse_tools(tools))
    finder = WordingFinder(domain) if wordings else None
    for number, dialogue in enumerate(domain.dialogues, 1):
        for sample in _dialogue_samples(domain, dialogue, f"{domain.name}-{number:02}", tools, table, results):
            yield finder.worded(sample) if finder else sample


def _dialogue_samples(
    domain: Domain,
    dialogue: Dialogue,
    name: str,
    tools: list[dict[str, Any]],
    table: Sequence[Slot],
    results: bool,
) -> Iterator[dict[str, Any]]:
    history: list[dict[str, Any]] = []
    spoken_of: set[str] = set()
    for turn, part in enumerate(dialogue.turns, 1):
        if isinstance(part, Message):
            history.append({"role": part.role, "content": part.content})
            continue
        history.append({"role": "user", "content": part.text})
        meta = _meta(domain, dialogue, part, name, turn)
        base = {"id": f"everyday/{name}/{turn:02}", "tools": tools, "history": list(history)}
        spoken_of.update(call.name for call in part.calls)
        spoken_of.update([part.intended] if part.intended else [])
        gold = _gold(part, table)
        if part.calls or part.intended or part.kind in ABOUT_NOTHING:
            gold["slots"] = dict.fromkeys(_untouched(table, spoken_of), "") | gold["slots"]
        yield base | gold | {"meta": meta}
        after = _after(part)
        history.extend(after)
        if results and after and after[-1]["role"] == "assistant" and len(after) > 1:
            before = history[:-1]
            gold = {"decision": "direct_answer", "slots": {}, "tool": {}, "content": part.say}
            shown = {key: meta[key] for key in ("source", "subset", "domain", "dialogue", "now", "split")}
            yield base | {"id": f"{base['id']}r", "history": before} | gold | {"meta": shown | {"kind": "result"}}


def _meta(domain: Domain, dialogue: Dialogue, point: Point, name: str, turn: int) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "source": "everyday",
        "subset": dialogue.language,
        "domain": domain.name,
        "kind": point.kind,
        "dialogue": name,
        "turn": turn,
        "now": domain.now,
        "split": domain.split,
        "slots_known": False,
        "speech_act": SPEECH_ACT[point.kind],
    }
    if point.intended or point.kind in NOT_ABOUT_A_TOOL:
        meta["intent"] = point.intended
    if point.calls:
        meta["changes"] = any(domain.tool(call.name).effect > 0 for call in point.calls)
    if point.either:
        meta["either"] = True
    if point.intended:
        meta |= {"missing": list(point.missing), "intended": point.intended}
    return meta


def _gold(point: Point, table: Sequence[Slot]) -> dict[str, Any]:
    slots, accepted = _slots(point, table)
    if not point.calls:
        gold: dict[str, Any] = {"decision": "direct_answer", "slots": slots, "tool": {}, "content": point.say}
        return gold | ({"accept": {"slots": accepted}} if accepted else {})
    first = point.calls[0]
    accept = first.accept
    gold = {"decision": "tool_call", "slots": {}, "tool": first.gold, "content": ""}
    if len(point.calls) > 1:
        gold["calls"] = [call.gold for call in point.calls]
        accept = accept | {"calls": [call.accept for call in point.calls]}
    return gold | {"accept": accept}


def _slots(point: Point, table: Sequence[Slot]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """What is known of the intended tool's parameters at a point that asks: said values, and "" for the others."""
    if point.intended is None:
        return {}, {}
    slots: dict[str, Any] = {}
    accepted = {}
    for slot in table:
        name = dict(slot.readers).get(point.intended)
        if name is None or (name not in point.known and name.split(".")[0] in point.known):
            continue
        argument = point.known.get(name)
        slots[slot.key] = argument.forms[0] if argument else ""
        if argument and len(argument.forms) > 1:
            accepted[slot.key] = list(argument.forms[1:])
    return slots, accepted


def _untouched(table: Sequence[Slot], spoken_of: Set[str]) -> Iterator[str]:
    """Slots that must be empty: those of tools nobody spoke of yet, and whose names no tool spoken of uses.

    Without them the network would learn from these samples only where a slot is filled, never where it is not.
    """
    taken = {name.split(".")[-1] for slot in table for tool, name in slot.readers if tool in spoken_of}
    for slot in table:
        names = {name.split(".")[-1] for _, name in slot.readers}
        if names.isdisjoint(taken) and not any(tool in spoken_of for tool, _ in slot.readers):
            yield slot.key


def _after(point: Point) -> list[dict[str, Any]]:
    """What follows the user's turn in the history of later points."""
    if point.confirm:
        return [{"role": "assistant", "content": point.confirm}]
    messages: list[dict[str, Any]] = []
    for number, call in enumerate(point.calls):
        messages.append({"role": "tool_call", "content": call.gold})
        messages.append({"role": "tool_response", "content": _result(point, number)})
    if point.say:
        messages.append({"role": "assistant", "content": point.say})
    return messages


def _result(point: Point, number: int) -> Any:
    if point.result is None:
        return {"status": "ok"}
    if len(point.calls) > 1 and isinstance(point.result, list) and len(point.result) == len(point.calls):
        return point.result[number]
    return point.result


# ---- checking what was written


def doubts(domain: Domain) -> Iterator[str]:
    """Places where gold and words may not fit: a text that nobody said, a text that occurs twice."""
    seen: Counter[str] = Counter()
    schemas = {tool.name: tool.parameters["properties"] for tool in domain.tools}
    for number, dialogue in enumerate(domain.dialogues, 1):
        heard = ""
        for turn, part in enumerate(dialogue.turns, 1):
            where = f"dialogue {number}, turn {turn}"
            if isinstance(part, Message):
                heard += " " + json.dumps(part.content, ensure_ascii=False)
                continue
            heard += " " + part.text
            seen[f"{part.text.lower()}|{len(dialogue.turns) == 1 or turn == 1}"] += 1
            for call in part.calls:
                yield from (f"{where}: {problem}" for problem in _unsaid(call, schemas[call.name], heard))
            heard += " " + json.dumps([message["content"] for message in _after(part)], ensure_ascii=False)
    yield from (
        f"said twice at the start of a dialogue: {text!r}"
        for text, n in seen.items()
        if n > 1 and text.endswith("True")
    )


def _unsaid(call: GoldCall, properties: dict[str, Any], heard: str) -> Iterator[str]:
    words = _plain(heard)
    for name, argument in call.arguments.items():
        forms = argument.forms if argument.given else ()
        lacking = [[text for text in _texts(form, properties[name]) if _plain(text) not in words] for form in forms]
        if lacking and all(lacking):
            yield f"{call.name}.{name}: {', '.join(map(repr, lacking[0]))} was said by nobody"


def _texts(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    """Free texts of a value, those of its records included; no choices, dates or times."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, schema.get("items", {}))
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, schema.get("properties", {}).get(name, {}))
    elif isinstance(value, str) and schema.get("type") == "string" and not {"enum", "format"} & set(schema):
        yield value


def _plain(text: str) -> str:
    return re.sub(r"[^\w]+", "", text.lower())


def check(path: Path) -> tuple[list[str], Counter[str]]:
    """The doubts of a file, and its points by kind.

    Raises:
        DataError: The file breaks the format.
    """
    domain = read_domain(path)
    kinds = Counter(part.kind for d in domain.dialogues for part in d.turns if isinstance(part, Point))
    return list(doubts(domain)), kinds


def write(folder: Path, output: Path, *, results: bool = False, wordings: bool = False) -> int:
    """Write the samples of every domain in a folder; returns how many."""
    count = 0
    with output.open("w", encoding="utf-8") as file:
        for path in sorted(folder.glob("*.yaml")):
            for sample in samples_of(read_domain(path), results=results, wordings=wordings):
                file.write(json.dumps(sample, ensure_ascii=False) + "\n")
                count += 1
    return count


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", type=Path, nargs="+", help="domain files to check; nothing is written")
    parser.add_argument("--counts", type=Path, nargs="+", help="folders of which a table of counts is printed")
    parser.add_argument("--input", type=Path, help="folder of domain files")
    parser.add_argument("--output", type=Path, help="samples (JSONL)")
    parser.add_argument("--results", action="store_true", help="also the points after a tool's result")
    parser.add_argument("--wordings", action="store_true", help="for training: words that values were read from count")
    args = parser.parse_args(argv)
    if [bool(args.check), bool(args.counts), bool(args.input)].count(True) != 1 or bool(args.input) != bool(
        args.output
    ):
        parser.error("give --check, or --counts, or --input and --output")
    if args.counts:
        print(f"| folder | {' | '.join(COUNTED)} |\n|---|{'---:|' * len(COUNTED)}")
        for folder in args.counts:
            print(f"| `{folder.name}` | {' | '.join(f'{n:,}' for n in counts(folder).values())} |")
        return 0
    if args.input:
        try:
            count = write(args.input, args.output, results=args.results, wordings=args.wordings)
        except DataError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{count} samples → {args.output}")
        return 0
    return _report(args.check)


def _report(paths: Sequence[Path]) -> int:
    total: Counter[str] = Counter()
    failed = 0
    for path in paths:
        try:
            found, kinds = check(path)
        except DataError as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        total += kinds
        for doubt in found:
            print(f"{path.name}: {doubt}")
        print(f"{path.name}: {kinds.total()} points")
    print(
        f"{len(paths)} files, {failed} broken, {total.total()} points: "
        + ", ".join(f"{k} {n}" for k, n in total.most_common())
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
