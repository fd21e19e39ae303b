r"""Conversations → the same with other values: what is said stays, what it is said of is another each time.

uv run python recipes/swap_values.py --data everyday_train.jsonl --output swapped.jsonl --seed 1

A router that sees a sentence twice learns the sentence. Names, titles and texts are drawn from what parameters and
fields of the same name hold elsewhere in the data; codes keep their letters, draw their digits and may lose
their hyphen. A value is swapped in all messages, calls and labels of a conversation alike. It stays if a tool or
another value speaks of it, or if the conversation speaks of a part of it ("the Lopez one").
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from recipes.mix_samples import conversations
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging
from trm_agent.types import identifier_words

LONGEST = 80
"""Characters of a value that is swapped."""
PARTNERS = 6
"""So many other values a name has to have in the data."""
_CODE = re.compile(
    r"[A-Za-z]+[-_/]?\d{2,}(?:[-_/]?\d+)*|\d{2,}[-_/][A-Za-z]+|[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*-\d{2,}"
    r"|\+?\(?\d(?:[ ()-]*\d){2,}"
)
"""Letters and digits as ids have them, or digits alone: a phone number, the number of a card."""
_HYPHENED = re.compile(r"[A-Z]{1,4}-\d{1,6}")
_KEPT = re.compile(r"(?<!\d)(?:19|20)\d\d-[01]\d|\d{1,2}:\d{2}|^[\d ]*[.,/%][\d ]*$|@|://")
"""Dates, times, amounts and addresses are read, not copied."""
_WORD = re.compile(r"\w{3,}")

Pools = Mapping[str, Sequence[str]]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    parser.add_argument("--pools", type=Path, nargs="*", default=[], help="more sample files to draw values from")
    parser.add_argument("--share", type=float, default=0.9, help="of the values that can be swapped")
    parser.add_argument("--changed-only", action="store_true", help="leave out conversations in which nothing changed")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        groups = [group for path in args.data for group in conversations(path)]
        pools = gather([*groups, *(group for path in args.pools for group in conversations(path))])
        rng = random.Random(f"values/{args.seed}")
        changed = count = 0
        with args.output.open("w", encoding="utf-8") as out:
            for group in tqdm(groups, unit="conversation", file=sys.stderr, disable=None):
                others = swaps(group, pools, rng, args.share)
                changed += bool(others)
                if others or not args.changed_only:
                    for sample in swapped(group, others):
                        out.write(json.dumps(sample, ensure_ascii=False) + "\n")
                        count += 1
    except (TRMError, OSError) as error:
        logger.error("%s", error)
        return 1
    logger.info("%d of %d conversations with other values, %d samples → %s", changed, len(groups), count, args.output)
    return 0


def gather(groups: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, list[str]]:
    """Last word of a parameter's or field's name → the values it holds anywhere, each once."""
    pools: dict[str, dict[str, None]] = defaultdict(dict)
    for group in groups:
        for name, value in held_values(group):
            pools[name][value] = None
    return {name: list(values) for name, values in pools.items() if len(values) > PARTNERS}


def held_values(group: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(last word of its name, value) of the texts in the calls and results of a conversation that may be swapped."""
    calls = [call for sample in group for call in gold_calls(sample)]
    made = [m["content"] for m in group[-1]["history"] if m["role"] in ("tool_call", "tool_response")]
    for part in [*calls, *made]:
        for name, value in leaves(part.get("arguments", part) if isinstance(part, Mapping) else part):
            if name and 2 < len(value) <= LONGEST and "\n" not in value and not _KEPT.search(value):
                yield name, value


def gold_calls(sample: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every call that is right here, as `Sample.gold_calls` has them; none for a direct answer."""
    return sample.get("calls") or [sample["tool"]] if sample.get("tool") else []


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts in a JSON value, each with the last word of the key that it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, "".join(identifier_words(key).split()[-1:]))
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, name)


def swaps(group: Sequence[Mapping[str, Any]], pools: Pools, rng: random.Random, share: float) -> dict[str, str]:
    """Value → another, for the values of a conversation that are said and nowhere spoken of in part."""
    last = group[-1]
    told = json.dumps(last["tools"], ensure_ascii=False).lower()
    texts = [text for _, text in leaves([m["content"] for m in last["history"]])]
    everything = "\n".join([*texts, *(text for sample in group for _, text in leaves(gold_calls(sample)))])
    said = "\n".join(m["content"] for m in last["history"] if isinstance(m["content"], str))
    found = {value: name for name, value in held_values(group)}
    out: dict[str, str] = {}
    for value, name in sorted(found.items(), key=lambda item: (-len(item[0]), item[0])):
        if rng.random() >= share or value.lower() in told or not mention(value).search(said):
            continue
        if any(value in other and value != other for other in found) or _in_part(value, everything):
            continue
        other = another(value, pools.get(name, ()), rng)
        if other and '"pattern"' not in told:
            other = written_otherwise(other, rng)
        if other and other.lower() not in told and other not in everything and other not in out.values():
            out[value] = other
    return out


def another(value: str, pool: Sequence[str], rng: random.Random) -> str | None:
    """A value to put in the place of this one; None where there is none like it."""
    if _CODE.fullmatch(value):
        drawn = re.sub(r"\d", lambda _: str(rng.randrange(10)), value)
        return drawn if drawn != value else None
    like = [other for other in rng.sample(pool, min(len(pool), 24)) if _alike(value, other)]
    return rng.choice(like) if like else None


def written_otherwise(code: str, rng: random.Random) -> str:
    """A code, half of the time with a blank or nothing in the place of its hyphen: "LX 400", "LX400"."""
    if not _HYPHENED.fullmatch(code):
        return code
    return code.replace("-", rng.choice(("-", "-", " ", "")))


def _alike(value: str, other: str) -> bool:
    """Whether two values may stand for one another: the same script and case at the start, no code for a name."""
    return (
        value != other
        and value[0].isupper() == other[0].isupper()
        and value.isascii() == other.isascii()
        and any(map(str.isdigit, value)) == any(map(str.isdigit, other))
        and abs(len(value.split()) - len(other.split())) <= 2
    )


def _in_part(value: str, everything: str) -> bool:
    """Whether words of the value stand elsewhere in the conversation, without the rest of it."""
    rest = mention(value).sub(" ", everything).casefold()
    words = {word.casefold() for word in _WORD.findall(value)} | set(re.findall(r"\d{2,}", value))
    return any(re.search(rf"(?<!\w){re.escape(word)}", rest) for word in words) or value.casefold() in rest


def mention(value: str) -> re.Pattern[str]:
    """Finds a value as whole words."""
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def swapped(group: Sequence[Mapping[str, Any]], others: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """The samples of a conversation with every value exchanged, wherever it stands but in the tools."""
    if not others:
        yield from group
        return
    either = "|".join(re.escape(value) for value in sorted(others, key=len, reverse=True))
    found = re.compile(rf"(?<!\w)(?:{either})(?!\w)")

    def change(value: Any) -> Any:
        if isinstance(value, str):
            return found.sub(lambda match: others[match[0]], value)
        if isinstance(value, Mapping):
            return {key: change(part) for key, part in value.items()}
        return [change(part) for part in value] if isinstance(value, list) else value

    kept = ("id", "tools", "meta", "decision")
    for sample in group:
        yield {key: value if key in kept else change(value) for key, value in sample.items()}


if __name__ == "__main__":
    sys.exit(main())
