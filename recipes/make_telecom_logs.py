"""Logs to try `learn_from_logs` on: customer care of a mobile network, written by hand, in the raw format.

uv run python recipes/make_telecom_logs.py --num 50 --output data/telecom_50
uv run python recipes/make_telecom_logs.py --split test --output data/telecom_test

A conversation is a script of recipes/telecom/train.txt or test.txt, with one of the wordings that stand beside each
other, and numbers, names and places drawn with the seed. The first N conversations of a seed are the same for every
larger --num. Up to the number of scripts each is another matter; beyond, they come again in other words.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging

FOLDER = Path(__file__).parent / "telecom"
SLOT_FIELDS = ("phone", "name", "address")
HASTY = 0.25
"""Share of conversations typed without capitals and full stops."""

PLACES = {
    "town": "Ashby|Crowthorne|Dunmore|Ellerton|Fairhaven|Greystoke|Hexley|Ironbridge|Kirkwall|Larchfield|"
    "Marwood|Netherby",
    "street": "12 Mill Lane, Hexley|7 Station Road, Dunmore|48b Park Avenue, Marwood|3 Chapel Street, Ashby|"
    "221 Northgate, Larchfield|16 Rose Court, Fairhaven|90 Castle Hill, Netherby|5 Orchard Close, Ellerton",
    "country": "Spain|Japan|Greece|the USA|Thailand|Norway|Egypt|Brazil|Switzerland|South Korea|Croatia|India|Portugal",
    "month": "January|February|March|April|May|June|July|August|November|December",
    "data": "Data 5|Data 20|Data 60|Data Max|Weekend Data|Night Data|Stream 10|Social Pass|Day Pass",
    "voice": "Talk 100|Talk 300|World Talk|Family Talk|Talk Unlimited",
    "name": "Anna Keller|Tom|Priya Nair|Mr Brandt|Lucia|Sam Whitfield|Mrs Lindqvist|Yusuf|Chloe Martin|Peter Novak",
    "money": "10|15|20|25|30|35|40|50|12.50|60",
    "days": "3|5|7|10|14|21",
}
"""What is drawn for a placeholder; a second one of a kind (`<town2>`) gets another value."""


@dataclass(frozen=True)
class Line:
    """One line of a script: who says it, and its wordings."""

    mark: str
    wordings: tuple[str, ...]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "test"), default="train", help="which scripts")
    parser.add_argument("--num", type=int, help="so many conversations; default: one of each script")
    parser.add_argument("--output", type=Path, required=True, help="folder to write, a file a conversation")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        scripts = read_scripts(FOLDER / f"{args.split}.txt")
        types = parameter_types(FOLDER / "tools.json")
        args.output.mkdir(parents=True, exist_ok=True)
        talks = conversations(scripts, types, args.num or len(scripts), args.seed)
        for number, talk in enumerate(talks, 1):
            text = json.dumps(talk, ensure_ascii=False, indent=1)
            (args.output / f"{args.split}_{number:04}.json").write_text(f"{text}\n", encoding="utf-8")
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    logger.info("%d conversations → %s", args.num or len(scripts), args.output)
    return 0


def read_scripts(path: Path) -> list[list[Line]]:
    """The scripts of a file.

    Raises:
        DataError: A line begins with no known mark.
    """
    scripts: list[list[Line]] = [[]]
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith("#"):
            continue
        if not text.strip():
            scripts.append([])
        elif text[0] not in "><!=":
            raise DataError(f"{path}:{number}: a line begins with >, <, ! or =, got {text[:20]!r}")
        else:
            scripts[-1].append(Line(text[0], tuple(part.strip() for part in text[1:].split(" || "))))
    return [script for script in scripts if script]


def parameter_types(path: Path) -> dict[str, str]:
    """Parameter → JSON Schema type, over all tools."""
    tools = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: schema["type"]
        for tool in tools
        for name, schema in tool["function"]["parameters"].get("properties", {}).items()
    }


def conversations(
    scripts: Sequence[Sequence[Line]], types: Mapping[str, str], count: int, seed: int
) -> Iterator[list[dict[str, Any]]]:
    """So many raw conversations: every script once in random order, then again in other words."""
    for number in range(count):
        turn, place = divmod(number, len(scripts))
        order = list(range(len(scripts)))
        random.Random(f"{seed}/{turn}").shuffle(order)
        rng = random.Random(f"{seed}/{number}")
        yield played(scripts[order[place]], types, turn, rng)


def played(script: Sequence[Line], types: Mapping[str, str], turn: int, rng: random.Random) -> list[dict[str, Any]]:
    """A script as a raw conversation: wordings chosen, placeholders filled."""
    values, hasty = drawn(rng), rng.random() < HASTY
    first = rng.randrange(12)
    raw: list[dict[str, Any]] = []
    chosen = 0
    for line in script:
        if line.mark == ">":
            chosen = first + turn + len(raw)
        text = filled(
            line.wordings[chosen % len(line.wordings)] if len(line.wordings) > 1 else line.wordings[0], values
        )
        if line.mark == ">":
            raw.append({"role": "user", "content": typed_in_haste(text) if hasty else text})
        elif line.mark == "<":
            raw.append({"role": "assistant", "content": {"think": "", "response": text}})
        elif line.mark == "!":
            raw.append({"role": "tool_call", "content": {"think": "", "response": call(text, types)}})
        else:
            raw.append({"role": "tool_response", "content": {"response": json.loads(text)}})
    return with_slots(raw, values)


def drawn(rng: random.Random) -> dict[str, str]:
    """A value for every placeholder."""
    values = {}
    form = rng.choice(["07700 {}", "07700{}", "07700-{}", "+44 7700 {}", "0044 7700 {}"])
    numbers = [f"900{n:03}" for n in rng.sample(range(1000), 2)]
    split = rng.random() < 0.3 and " " in form
    shown = [f"{n[:3]} {n[3:]}" if split else n for n in numbers]
    values["phone"], values["phone2"] = (form.format(number) for number in shown)
    for name, text in PLACES.items():
        values[name], values[f"{name}2"] = rng.sample(text.split("|"), 2)
    return values


def filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda found: values[found.group(1)], text)


def typed_in_haste(text: str) -> str:
    """Small letters but in what has its own spelling, no full stop at the end."""
    words = text.split(" ")
    first = words[0].lower() if words[0] not in {"I", "I'm", "I've", "I'd", "I'll"} else words[0]
    return " ".join([first, *words[1:]]).rstrip(".")


def call(text: str, types: Mapping[str, str]) -> dict[str, Any]:
    """`top_up phone: 07700 900123; amount: 20` as name and arguments."""
    name, _, rest = text.partition(" ")
    arguments: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in rest.split(";"))):
        key, _, value = part.partition(": ")
        arguments[key] = json.loads(value) if types[key] in ("number", "integer") else value
    return {"name": name, "arguments": arguments}


def with_slots(raw: list[dict[str, Any]], values: Mapping[str, str]) -> list[dict[str, Any]]:
    """The turns of the assistant with what is known of the customer by then, as a hotline's own log has it."""
    known = dict.fromkeys(SLOT_FIELDS, "")
    for turn in raw:
        if turn["role"] == "user":
            for field, kinds in (("phone", ("phone2", "phone")), ("name", ("name",)), ("address", ("street",))):
                said = [values[kind] for kind in kinds if values[kind] in turn["content"]]
                known[field] = said[-1] if said else known[field]
        elif turn["role"] != "tool_response":
            turn["content"] |= known
    return raw


if __name__ == "__main__":
    sys.exit(main())
