r"""Requests with one call → the same for two or three things in one message.

uv run python recipes/join_requests.py --data everyday_train.jsonl --output joined.jsonl --seed 1

"Make the kitchen 21 degrees" becomes "make the kitchen 21 and the hall 18 degrees": what is said of the first call is
said again with other values, before the sentence goes on. Where the values are a record of a list, or an entry of a
plain one, the list grows instead. And two whole requests for the same tools become one message.
Other values come from what parameters of the same name hold elsewhere in the data; choices and numbers are drawn.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from recipes.mix_samples import conversations
from recipes.swap_values import Pools, another, gather, mention
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging
from trm_agent.types import identifier_words

LONGEST = 60
"""Characters that are said again."""
MOST_WORDS = 3
"""Words of a text that can be another: names and things, no sentences."""
KINDS = ("request", "inquiry", "oblique", "elliptic", "typo", "voice", "followup", "refer_back")
"""Of the everyday corpus: a second thing can be asked for as well. Answers and corrections have one matter."""
WHOLE = 160
"""Characters of a request that is put beside another."""
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
AND = {"en": "and", "de": "und", "es": "y", "fr": "et", "pt": "e", "vi": "và"}
LATER = ("{}, and the same for {}", "{}. {} too", "{}, {} as well", "{}. Same for {}", "{} and {} also")
BESIDE = ("{}, and {}", "{}. {}", "{}, then {}", "{}. Also {}", "{} and {}", "{}. Oh, and {}", "{}; {}", "{}, plus {}")
_SHORT_BEFORE = re.compile(r"(?<![\w'’])[^\W\d_]{1,4} $")
"""An article, a preposition, a short verb: it is said again as well."""
_WORD_AFTER = re.compile(r" [a-z]{2,10}\b")
_BREAK = re.compile(r"[.?!;:]\s|\n|[\"“”«»\u2014]| - ")
"""Nothing is said again over the end of a clause or a quotation."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")

Sample = Mapping[str, Any]
Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """A value of a call that stands once in the message and can be another.

    Attributes:
        path: Parameter, and the field of its only record; an entry of a plain list has the field "".
        start: First character.
        end: One past the last.
        value: As the call has it.
        schema: Of the parameter or field.
    """

    path: Path_
    start: int
    end: int
    value: Any
    schema: Mapping[str, Any]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--share", type=float, default=0.25, help="of the requests that can be said of several things")
    parser.add_argument("--beside", type=float, default=0.1, help="share of the requests put beside another one")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        groups = [group for path in args.data for group in conversations(path)]
        pools = gather(groups)
        rng = random.Random(f"join/{args.seed}")
        single = [sample for group in groups for sample in group if one_call(sample)]
        made = [
            joined
            for sample in single
            if rng.random() < args.share
            for joined in [several(sample, pools, rng)]
            if joined
        ]
        made += beside([sample for sample in single if rng.random() < args.beside], rng)
        with args.output.open("w", encoding="utf-8") as out:
            for sample in made:
                out.write(json.dumps(sample, ensure_ascii=False) + "\n")
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    logger.info("%d requests with one call, %d joined → %s", len(single), len(made), args.output)
    return 0


def one_call(sample: Sample) -> bool:
    """Whether it is a message of the user with one right call, of no more than one record."""
    if not sample.get("tool") or len(sample.get("calls") or ()) > 1 or sample["history"][-1]["role"] != "user":
        return False
    lists = [value for value in sample["tool"]["arguments"].values() if isinstance(value, list)]
    return sample["meta"].get("kind", KINDS[0]) in KINDS and all(len(value) < 2 for value in lists)


def several(sample: Sample, pools: Pools, rng: random.Random) -> Sample | None:
    """The same of two or three things; None where nothing said can be another."""
    text = sample["history"][-1]["content"]
    run = chosen_run(said(sample), text, rng)
    if not run:
        return None
    start, end, after = bounds(run, text, rng)
    more: list[dict[Path_, tuple[Any, str]]] = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        drawn = {one.path: other_value(one, text, pools, rng) for one in run}
        values = {path: value for path, value in drawn.items() if value is not None}
        if len(values) < len(drawn) or values in more:
            return None
        more.append(values)
    told = [text[start:end], *(again(run, text, start, end, values) for values in more)]
    told = [*told[:-1], told[-1] + after]
    language = str(sample["meta"].get("subset"))
    if len(run) == 1 and isinstance(run[0].value, str) and language == "en" and rng.random() < 0.2:
        told_later = [values[run[0].path][1] for values in more]
        joined = rng.choice(LATER).format(text.rstrip(" .!?"), listed(told_later, "and", rng))
    else:
        joined = text[:start] + listed(told, AND.get(language, "and"), rng) + text[end:].removeprefix(after)
    return with_calls(sample, joined, [{path: new for path, (new, _) in values.items()} for values in more])


def said(sample: Sample) -> list[Said]:
    """The values of the call that stand once in the last message, in its order, as the call has them."""
    text, call = sample["history"][-1]["content"], sample["tool"]
    declared = [tool.get("function", tool) for tool in sample["tools"]]
    tool: Mapping[str, Any] = next((tool for tool in declared if tool["name"] == call["name"]), {})
    out = []
    for path, value, schema in values_of(call["arguments"], (tool.get("parameters") or {}).get("properties") or {}):
        places = [m.span() for wording in wordings(value) for m in re.finditer(mention(wording).pattern, text, re.I)]
        if len(places) == 1:
            out.append(Said(path, *places[0], value, schema))
    return sorted(out, key=lambda one: one.start)


def values_of(
    arguments: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Iterator[tuple[Path_, Any, Mapping[str, Any]]]:
    """Texts and numbers of a call; of a list only where it has one entry."""
    for name, value in arguments.items():
        schema = schemas.get(name) or {}
        if isinstance(value, list) and len(value) == 1:
            entry, of_entry = value[0], schema.get("items") or {}
            fields = entry.items() if isinstance(entry, Mapping) else [("", entry)]
            for field, part in fields:
                if isinstance(part, str | int | float) and not isinstance(part, bool):
                    own = (of_entry.get("properties") or {}).get(field) or {} if field else of_entry
                    yield (name, field), part, own
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield (name,), value, schema


def wordings(value: Any) -> list[str]:
    """How a value stands in a text where it is copied."""
    if isinstance(value, int | float):
        words = [NUMBERS[int(value) - 1]] if value == int(value) and 0 < value <= len(NUMBERS) else []
        return [f"{value:g}" if abs(value) < 1e6 else str(value), *words]
    return list(dict.fromkeys([value, value.replace("_", " ")])) if value.strip() else []


def chosen_run(values: Sequence[Said], text: str, rng: random.Random) -> Sequence[Said]:
    """Some values in a row, within one clause; of one record or of no list. Those of one number alone stay."""
    runs: list[Sequence[Said]] = []
    for i in range(len(values)):
        for j in range(i + 1, min(i + 4, len(values)) + 1):
            run = values[i:j]
            between = text[run[0].start : run[-1].end]
            apart = all(a.end < b.start for a, b in pairwise(run))
            lists = {one.path[0] if len(one.path) > 1 else "" for one in run}
            counted = len(run) == 1 and isinstance(run[0].value, int | float)
            if apart and len(lists) == 1 and len(between) <= LONGEST and not _BREAK.search(between) and not counted:
                runs.append(run)
    return rng.choices(runs, [len(run) for run in runs])[0] if runs else []


def bounds(run: Sequence[Said], text: str, rng: random.Random) -> tuple[int, int, str]:
    """Where what is said again begins and ends, and the word behind it that stays at the end of all."""
    start, end = run[0].start, run[-1].end
    if (before := _SHORT_BEFORE.search(text[:start])) and before.start() > 0 and rng.random() < 0.7:
        start = before.start()
    word = _WORD_AFTER.match(text[end:])
    if word and isinstance(run[-1].value, int | float):
        drawn = rng.random()
        if drawn < 0.4:
            return start, end + len(word[0]), ""
        return start, end, word[0] if drawn < 0.7 else ""
    return start, end, ""


def again(run: Sequence[Said], text: str, start: int, end: int, values: Mapping[Path_, tuple[Any, str]]) -> str:
    """What stands between start and end, with other values."""
    out, at = "", start
    for one in run:
        out += text[at : one.start] + values[one.path][1]
        at = one.end
    return out + text[at:end]


def other_value(one: Said, text: str, pools: Pools, rng: random.Random) -> tuple[Any, str] | None:
    """Another value and how it is said; None where there is none."""
    wording = text[one.start : one.end]
    if choices := one.schema.get("enum"):
        others = [c for c in choices if isinstance(c, str) and c != one.value and c.replace("_", "").isalpha()]
        others = [c for c in others if not mention(c.replace("_", " ")).search(text)]
        drawn = rng.choice(others) if others else None
        return (drawn, like(wording, drawn.replace("_", " "))) if drawn else None
    if isinstance(one.value, int | float):
        return other_number(one, wording, rng)
    if one.schema.get("format") or wording != one.value or len(wording.split()) > MOST_WORDS:
        return None
    name = "".join(identifier_words(one.path[-1] or one.path[0]).split()[-1:])
    drawn = another(one.value, pools.get(name, ()), rng)
    return (drawn, drawn) if drawn and drawn not in text else None


def other_number(one: Said, wording: str, rng: random.Random) -> tuple[Any, str] | None:
    """A number of the same size, written as this one is."""
    low, high = one.schema.get("minimum", -1e12), one.schema.get("maximum", 1e12)
    if wording.lower() in NUMBERS:
        count = rng.choice([n for n in range(1, len(NUMBERS) + 1) if n != one.value])
        return (count, like(wording, NUMBERS[count - 1])) if low <= count <= high else None
    if not _NUMBER.fullmatch(wording):
        return None
    decimals = len(wording.partition(".")[2])
    zeros = 0 if decimals else len(wording) - len(wording.rstrip("0"))
    drawn = round(one.value * rng.uniform(0.4, 2.2), decimals or -zeros)
    number: float = float(drawn) if decimals else int(drawn)
    if number == one.value or number <= 0 or not low <= number <= high:
        return None
    return number, f"{number:.{decimals}f}" if decimals else str(number)


def like(wording: str, other: str) -> str:
    """The other text with a capital where this one has one."""
    return other[:1].upper() + other[1:] if wording[:1].isupper() and other.islower() else other


def listed(parts: Sequence[str], conjunction: str, rng: random.Random) -> str:
    """A, B and C."""
    joint = rng.choice((*[f" {conjunction} "] * 4, *[f", {conjunction} "] * 2, ", "))
    return joint.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def with_calls(sample: Sample, text: str, more: Sequence[Mapping[Path_, Any]]) -> Sample:
    """The sample with another last message and a call, or an entry of its list, for each of the further values."""
    out = dict(copy.deepcopy(sample))
    out["history"][-1]["content"] = text
    out["id"] = f"{sample['id']}+{len(more)}"
    out["meta"] = {**out["meta"], "kind": "several"} if "kind" in out["meta"] else out["meta"]
    first, accept = out["tool"], out.get("accept") or {}
    [path, *_] = more[0]
    if len(path) > 1:
        name = path[0]
        held = first["arguments"][name]
        held.extend(replaced(held[0], {p[1]: value for p, value in values.items()}) for values in more)
        accepted = {key: value for key, value in (accept.get("arguments") or {}).items() if key != name}
        out["accept"] = {**accept, "arguments": accepted}
        return out
    calls = [first, *({**first, "arguments": {**first["arguments"], **by_name(values)}} for values in more)]
    own = [
        {key: value for key, value in accept.items() if key in ("arguments", "optional")},
        *(
            {
                "arguments": {k: v for k, v in (accept.get("arguments") or {}).items() if k not in by_name(values)},
                "optional": accept.get("optional") or [],
            }
            for values in more
        ),
    ]
    return {**out, "calls": calls, "accept": {**accept, "calls": own}}


def by_name(values: Mapping[Path_, Any]) -> dict[str, Any]:
    return {path[0]: value for path, value in values.items()}


def replaced(entry: Any, fields: Mapping[str, Any]) -> Any:
    """A record with other fields, or another plain entry."""
    return {**entry, **fields} if isinstance(entry, Mapping) else fields[""]


def beside(samples: Sequence[Sample], rng: random.Random) -> list[Sample]:
    """Two requests for the same tools as one message; the second has to stand alone."""
    by_tools: dict[str, list[Sample]] = {}
    for sample in samples:
        if len(sample["history"][-1]["content"]) <= WHOLE:
            by_tools.setdefault(json.dumps(sample["tools"], sort_keys=True), []).append(sample)
    out = []
    for group in by_tools.values():
        firsts = [s for s in group if len(s["history"]) == 1]
        rng.shuffle(firsts)
        for first, second in zip(firsts[::2], firsts[1::2], strict=False):
            if first["tool"] != second["tool"]:
                out.append(one_message(first, second, rng))
    return out


def one_message(first: Sample, second: Sample, rng: random.Random) -> Sample:
    """Both requests, called in their order."""
    text, following = (sample["history"][-1]["content"] for sample in (first, second))
    form = rng.choice(BESIDE)
    if not form.startswith("{}. {}") and following[:2] != "I " and following[1:2].islower():
        following = following[:1].lower() + following[1:]
    ours, theirs = first["slots"], second["slots"]
    filled = {**{k: v for k, v in theirs.items() if v}, **{k: v for k, v in ours.items() if v}}
    empty = {k: v for k, v in ours.items() if not v and not theirs.get(k, True)}
    accepts = [sample.get("accept") or {} for sample in (first, second)]
    calls = [{k: v for k, v in accept.items() if k in ("arguments", "optional")} for accept in accepts]
    return {
        **first,
        "id": f"{first['id']}+{str(second['id']).rpartition('/')[2]}",
        "history": [{"role": "user", "content": form.format(text.rstrip(" .!?"), following)}],
        "slots": {**empty, **filled},
        "calls": [first["tool"], second["tool"]],
        "accept": {**accepts[0], "calls": calls},
    }


if __name__ == "__main__":
    sys.exit(main())
