"""Look at a checkpoint's answers, and edit them.

uv run python recipes/inspect_responses.py --checkpoint runs/mine
uv run python recipes/inspect_responses.py --checkpoint runs/mine --search "anything else"
uv run python recipes/inspect_responses.py --checkpoint runs/mine --remove 1f0c22aa --add more.jsonl

`responses.jsonl` may also be edited by hand: the router is not trained again, and what is new is encoded when it is
loaded. A line needs only "text"; "after" (user, result, empty), "tools" and "asks" say where it fits. Numbers and names
outside of {braces} are only said where the conversation holds them, and are warned of here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.responses.bank import Response


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint folder with responses")
    parser.add_argument("--search", help="only answers that hold this text, in any letter case")
    parser.add_argument("--limit", type=int, default=50, help="answers shown")
    parser.add_argument("--remove", nargs="+", default=[], metavar="ID", help="answers to take out")
    parser.add_argument("--add", type=Path, help="file of answers to add, in the form of responses.jsonl")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        inspect(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def inspect(args: argparse.Namespace) -> None:
    from trm_agent.responses.bank import read_responses
    from trm_agent.responses.storage import ANSWERS

    path = args.checkpoint / ANSWERS
    if not path.is_file():
        raise DataError(f"{path}: no such file; learn responses with recipes/train_responses.py")
    answers: Sequence[Response] = read_responses(path)
    if args.remove or args.add:
        added = read_responses(args.add) if args.add else ()
        answers = edit(answers, args.remove, added)
        save(args.checkpoint, answers)
        warn(added)
    wanted = args.search.casefold() if args.search else ""
    show([answer for answer in answers if wanted in answer.text.casefold()], args.limit, len(answers))


def edit(answers: Sequence[Response], remove: Sequence[str], add: Sequence[Response]) -> list[Response]:
    """Take out by id, then add; what is there already is replaced."""
    known = {answer.id: answer for answer in answers}
    if unknown := [name for name in remove if name not in known]:
        raise DataError(f"no answer has the id {', '.join(unknown)}; ids are shown without --remove")
    kept = {name: answer for name, answer in known.items() if name not in remove}
    return list({**kept, **{answer.id: answer for answer in add}}.values())


def save(folder: Path, answers: Sequence[Response]) -> None:
    """Write the answers, and vectors for those that are new."""
    from trm_agent.checkpoint import load_checkpoint
    from trm_agent.encoder.sentence import load_encoder
    from trm_agent.responses.storage import save_responses

    checkpoint = load_checkpoint(folder)
    if checkpoint.responses is None:
        raise DataError(f"{folder}: its responses were learned on other weights; learn them again")
    bank = checkpoint.responses.bank.edited(answers, load_encoder(checkpoint.encoder_name))
    save_responses(replace(checkpoint.responses, bank=bank), folder, checkpoint.weights_sha256)
    logger.info("%d answers → %s", len(answers), folder)


def warn(added: Sequence[Response]) -> None:
    from trm_agent.responses.collecting import bare
    from trm_agent.responses.guard import stated_values

    for answer in added:
        if values := stated_values(bare(answer.text)):
            logger.warning("%s is only said where the conversation holds %s", answer.id, ", ".join(values))


def show(answers: Sequence[Response], limit: int, total: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("id", "count", "answer", "after", "asks for", "tools", pad_edge=False)
    for answer in answers[:limit]:
        tools = ", ".join(name or "none" for name in list(answer.tools)[:3]) + (" …" if len(answer.tools) > 3 else "")
        cells = (answer.text, ", ".join(answer.after), ", ".join(answer.asks), tools)
        table.add_row(answer.id, str(answer.count), *map(escape, cells))
    console.print(table)
    console.print(f"{min(limit, len(answers))} of {len(answers)} shown, {total} in all", markup=False)


if __name__ == "__main__":
    sys.exit(main())
