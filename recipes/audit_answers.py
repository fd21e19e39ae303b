r"""Thousands of answers, each looked up: is there anything in them that nothing says?

uv run python recipes/audit_answers.py --data sgd_dev.jsonl --checkpoint runs/words --answers 10000 --output audit.json

The router answers the turns of the samples on its own state, with the words of the checkpoint, else the frames. Every
number, code and capitalised word of an answer is looked up in the conversation, the slots and what the tools declare.
The lookup shares no code with the guard that lets answers pass; a date or a time in digits allows its words (Friday,
5, March; 7 for 19:30). Words that answers of the bank hold whatever the values
are ("Great", "Fahrenheit") are no values. The exit status is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.opening import open_router
from trm_agent.errors import DataError, TRMError
from trm_agent.evaluation.files import write_text
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.router import Router
    from trm_agent.types import Decision, Sample

TOGETHER = 32
_WORD = re.compile(r"[^\W_]+")
_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?!\d)")
_START = re.compile(r"[.!?:]['\")]*\s*$")


@dataclass(frozen=True)
class Answer:
    """What was said at a point, and what of it stands nowhere."""

    id: str | None
    text: str
    origin: str
    unknown: list[str]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; default: the shipped weights")
    parser.add_argument("--answers", type=int, default=10_000, help="stop after so many")
    parser.add_argument("--output", type=Path, help="counts and everything found, JSON")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0, help="order of the dialogues")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        found = audit(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 1 if found else 0


def audit(args: argparse.Namespace) -> int:
    """Answer, look up, report; how many answers state something that nothing says."""
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues

    router = open_router(args.checkpoint, args.threads)
    samples = [sample for path in args.data for sample in draw_dialogues(read_samples(path), sys.maxsize, args.seed)]
    answers: list[Answer] = []
    for answer in answered(router, samples):
        answers.append(answer)
        if len(answers) % 1000 == 0:
            logger.info("%d answers, %d with something unknown", len(answers), sum(bool(a.unknown) for a in answers))
        if len(answers) >= args.answers:
            break
    if not answers:
        raise DataError("the router answers none of these samples in words")
    wrong = [answer for answer in answers if answer.unknown]
    for answer in wrong[:20]:
        logger.warning("%s: %s: %s", answer.id, ", ".join(answer.unknown), answer.text)
    origins = dict(Counter(answer.origin for answer in answers))
    logger.info("%d answers (%s), %d with something that nothing says", len(answers), origins, len(wrong))
    if args.output:
        result = {"answers": len(answers), "origins": origins, "wrong": [vars(answer) for answer in wrong]}
        write_text(args.output, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return len(wrong)


def answered(router: Router, samples: Sequence[Sample]) -> Iterator[Answer]:
    """The router's words wherever it answers."""
    from trm_agent.evaluation.responses import own_words
    from trm_agent.evaluation.run import group_dialogues
    from trm_agent.responses.frames import load_frames

    ordinary = {*load_frames().words, *(router.responses.bank.ordinary if router.responses else ())}
    ordinary = {word.casefold() for word in ordinary}
    for dialogue in group_dialogues(samples):
        bound = router.bind(dialogue[0].tools)
        for start in range(0, len(dialogue), TOGETHER):
            chunk = dialogue[start : start + TOGETHER]
            for sample, decision in zip(chunk, bound.decide_batch([s.history for s in chunk]), strict=True):
                if decision.decision != "direct_answer":
                    continue
                said = own_words(router.responses, sample, decision, router.encoder)
                if said is not None:
                    unknown = unknown_words(said.text, told(sample, decision), ordinary)
                    yield Answer(sample.id, said.text, said.source, unknown)


def told(sample: Sample, decision: Decision) -> str:
    """All that may be repeated."""
    parts: list[Any] = [message.text for message in sample.history]
    parts += [*decision.slots.values(), *(tool.to_json() for tool in sample.tools)]
    return "\n".join(map(str, parts))


def unknown_words(text: str, source: str, ordinary: Collection[str] = ()) -> list[str]:
    """Words with a digit or a capital, but for a sentence's first, that a source does not hold."""
    held = {*_WORD.findall(source.casefold().replace("_", " ")), *ordinary, *moments_in_words(source), "i"}
    out = []
    for match in _WORD.finditer(text):
        word = match[0]
        starts = match.start() == 0 or _START.search(text[: match.start()])
        stated = any(c.isdigit() for c in word) or (word[0].isupper() and not starts) or word[1:] != word[1:].lower()
        if stated and word.casefold() not in held:
            out.append(word)
    return out


def moments_in_words(source: str) -> set[str]:
    """The words by which the dates and times of a text may be said, casefolded."""
    words: set[str] = set()
    for found in _DATE.findall(source):
        with suppress(ValueError):
            day = date.fromisoformat(found)
            words |= {f"{day:%A}".casefold(), f"{day:%B}".casefold(), str(day.day), str(day.month), str(day.year)}
    for hour, _ in _TIME.findall(source):
        words |= {str(int(hour)), str((int(hour) - 1) % 12 + 1)}
    return words


if __name__ == "__main__":
    sys.exit(main())
