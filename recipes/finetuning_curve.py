r"""What a few logs of one's own bring, and what they cost elsewhere: `train_router --init` on more and more of them.

uv run python recipes/finetuning_curve.py --data data/star_heldout.jsonl --elsewhere data/sgd_val.jsonl \
    data/bfcl.jsonl --sizes 50 200 1000 --synthetic 400 --output curve.json --figure curve.png --markdown curve.md

--data is split by dialogue: one half is tested on, whole dialogues of the other are trained on until there are so many
samples. One in five of those (--val-share) fits the confidence instead. Variants: the weights as they are, with logs,
with --synthetic samples made up from the declarations of the tools that were not in training, with both.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm_agent.errors import DataError, TRMError
from trm_agent.evaluation.files import save_figure, write_text
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from trm_agent.encoder.sentence import Encoder
    from trm_agent.types import Sample, ToolSchema

SHIPPED, LOGS, SYNTHETIC, BOTH = "as they are", "logs", "synthetic", "logs + synthetic"
COLUMNS = {
    "decision": "decision_accuracy",
    "over": "over_trigger_rate",
    "under": "under_trigger_rate",
    "tool": "tool_accuracy",
    "whole call": "call_exact",
    "slots": "slot_accuracy",
}
PANELS = {"decision": "decision_accuracy", "tool": "tool_accuracy", "whole call": "call_exact"}


@dataclass(frozen=True)
class Split:
    """Dialogues to learn from, samples to test on.

    Attributes:
        train: Dialogues of one half, in the order of the file.
        test: Samples of some dialogues of the other half.
    """

    train: list[list[Sample]]
    test: list[Sample]


@dataclass(frozen=True)
class Run:
    """One fine-tuning and what came of it; figures as in a report's groups."""

    variant: str
    size: int
    seed: int
    train_samples: int
    val_samples: int
    synthetic_samples: int
    steps: int
    calibrated: bool
    train_s: float
    test: dict[str, dict[str, float | None]]
    elsewhere: dict[str, dict[str, float | None]]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="logs: sample file of tools not trained on")
    parser.add_argument("--elsewhere", type=Path, nargs="*", default=[], help="sample files of other tools")
    parser.add_argument("--output", type=Path, required=True, help="figures to write, JSON; written after every run")
    parser.add_argument("--figure", type=Path, help="also draw the curves, PNG")
    parser.add_argument("--markdown", type=Path, help="also write the table, Markdown")
    parser.add_argument("--init", default="shipped", help="checkpoint to start from ('shipped': the package's)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000], help="samples of logs")
    parser.add_argument("--synthetic", type=int, default=0, metavar="N", help="so many made up; 0: none")
    parser.add_argument("--val-share", type=float, default=0.2, help="share of the samples that fits the confidence")
    parser.add_argument("--test-dialogues", type=int, default=60, help="so many of the test half")
    parser.add_argument("--elsewhere-dialogues", type=int, default=40, help="so many of every --elsewhere file")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of samples drawn, of training and synthesis")
    parser.add_argument("--split-seed", type=int, default=0, help="of the halves and the test dialogues")
    parser.add_argument("--runs", type=Path, help="keep checkpoints here; default: they are thrown away")
    parser.add_argument(
        "--train-options", type=shlex.split, default=[], metavar="TEXT", help="for train_router, such as '--lr 1e-3'"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    args = parser.parse_args(argv)
    if min(*args.sizes, args.test_dialogues, args.elsewhere_dialogues, args.threads) < 1 or not 0 <= args.val_share < 1:
        parser.error("--sizes, dialogues and --threads must be at least 1, --val-share in [0, 1)")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    setup_logging()
    try:
        if args.runs:
            result = curve(args, args.runs)
        else:
            with tempfile.TemporaryDirectory() as folder:
                result = curve(args, Path(folder))
        if args.markdown:
            write_text(args.markdown, markdown(result))
        if args.figure:
            draw(args.figure, result)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    sys.stdout.write(markdown(result))
    return 0


def curve(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    import torch

    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues
    from trm_agent.router import Router

    torch.set_num_threads(args.threads)
    split = split_dialogues(args.data, args.split_seed, args.test_dialogues)
    elsewhere = [
        s for p in args.elsewhere for s in draw_dialogues(read_samples(p), args.elsewhere_dialogues, args.split_seed)
    ]
    start = Router.from_pretrained(None if args.init == "shipped" else args.init)
    made_from = unseen_tools(split)
    result: dict[str, Any] = {
        "init": args.init,
        "fingerprint": start.fingerprint,
        "data": str(args.data),
        "elsewhere": [str(path) for path in args.elsewhere],
        "test_samples": len(split.test),
        "elsewhere_samples": len(elsewhere),
        "split_seed": args.split_seed,
        "val_share": args.val_share,
        "train_options": args.train_options,
        "synthetic_tools": [tool.name for tool in made_from],
        "runs": [],
    }
    judged = judge(Path(args.init), start.encoder, split.test, elsewhere)
    result["runs"].append(asdict(Run(SHIPPED, 0, 0, 0, 0, 0, 0, start.checkpoint.calibration.calibrated, 0.0, *judged)))
    for seed, variant, size in plan(args):
        logs = draw_logs(split.train, size, seed)
        made = synthetic(made_from, args.synthetic, seed, folder) if variant in (SYNTHETIC, BOTH) else []
        name = folder / f"{variant.replace(' + ', '_')}_{size}_{seed}"
        run = fine_tune(args, name, logs, made, seed)
        test, other = judge(name, start.encoder, split.test, elsewhere)
        result["runs"].append(asdict(Run(variant, size, seed, test=test, elsewhere=other, **run)))
        write_text(args.output, json.dumps(result, indent=1) + "\n")
    return result


def plan(args: argparse.Namespace) -> Iterator[tuple[int, str, int]]:
    """Seed, variant and size of every run."""
    for seed in args.seeds:
        if args.synthetic:
            yield seed, SYNTHETIC, 0
        for size in args.sizes:
            yield seed, LOGS, size
            if args.synthetic:
                yield seed, BOTH, size


def split_dialogues(path: Path, seed: int, test: int) -> Split:
    """Halves of a file by dialogue, and so many dialogues of the second half.

    Raises:
        DataError: There are fewer than two dialogues.
    """
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import group_dialogues, share_parts

    dialogues = list(group_dialogues(share_parts(read_samples(path))))
    if len(dialogues) < 2:
        raise DataError(f"{path}: holds {len(dialogues)} dialogues; at least two are needed to train and to test")
    order = list(range(len(dialogues)))
    random.Random(seed).shuffle(order)
    half = len(order) // 2
    tested = [sample for i in sorted(order[half:][:test]) for sample in dialogues[i]]
    return Split([dialogues[i] for i in sorted(order[:half])], tested)


def draw_logs(dialogues: Sequence[list[Sample]], size: int, seed: int) -> list[list[Sample]]:
    """Whole dialogues, drawn with the seed, until there are `size` samples or little more; none for size 0.

    Raises:
        DataError: There are not so many.
    """
    order = list(dialogues)
    random.Random(seed).shuffle(order)
    out: list[list[Sample]] = []
    while sum(map(len, out)) < size:
        if len(out) == len(order):
            raise DataError(f"the training half holds {sum(map(len, out))} samples, {size} are wanted")
        out.append(order[len(out)])
    return out


def unseen_tools(split: Split) -> list[ToolSchema]:
    """The tools that turns marked as unseen are about, by name."""
    found: dict[str, ToolSchema] = {}
    for sample in (sample for dialogue in split.train for sample in dialogue):
        about = {sample.meta.get("intent"), sample.tool["name"] if sample.tool else None}
        if sample.meta.get("seen") is False:
            found |= {tool.name: tool for tool in sample.tools if tool.name in about}
    return [found[name] for name in sorted(found)]


def synthetic(tools: Sequence[ToolSchema], count: int, seed: int, folder: Path) -> list[Path]:
    """A file of samples made up from declarations alone."""
    from trm_agent.data.jsonl import write_samples
    from trm_agent.synthesis.samples import synthesize

    path = folder / f"synthetic_{seed}.jsonl"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_samples(path, synthesize(tools, count, seed))
    return [path]


def fine_tune(
    args: argparse.Namespace, output: Path, logs: Sequence[list[Sample]], made: Sequence[Path], seed: int
) -> dict[str, Any]:
    """Train, as a user would from the command line; what the run was, for `Run`.

    Raises:
        TRMError: Training failed; it has said why.
    """
    from recipes.train_router import main as train
    from trm_agent.checkpoint import load_checkpoint
    from trm_agent.data.jsonl import read_samples, write_samples

    kept = hold_back(logs, args.val_share)
    parts = {"train": [s for d in logs[kept:] for s in d], "val": [s for d in logs[:kept] for s in d]}
    output.mkdir(parents=True, exist_ok=True)
    files = {name: output / f"{name}.jsonl" for name, samples in parts.items() if samples}
    for name, path in files.items():
        write_samples(path, parts[name])
    options = ["--init", args.init, "--seed", str(seed), "--threads", str(args.threads)]
    options += ["--output", str(output), "--cache", str(output.parent / "encoded"), *args.train_options]
    options += ["--data", *(str(path) for path in [*([files["train"]] if "train" in files else []), *made])]
    options += ["--val", str(files["val"])] if "val" in files else []
    started = time.process_time()
    if train(options):
        raise TRMError(f"{output}: training failed")
    checkpoint = load_checkpoint(output)
    return {
        "train_samples": len(parts["train"]),
        "val_samples": len(parts["val"]),
        "synthetic_samples": sum(sum(1 for _ in read_samples(path)) for path in made),
        "steps": checkpoint.training["step"],
        "calibrated": checkpoint.calibration.calibrated,
        "train_s": round(time.process_time() - started, 1),
    }


def hold_back(logs: Sequence[list[Sample]], share: float) -> int:
    """So many dialogues, from the first on, hold at most `share` of the samples."""
    allowed = share * sum(map(len, logs))
    held, count = 0, 0
    for dialogue in logs:
        held += len(dialogue)
        if held > allowed:
            break
        count += 1
    return count


def judge(
    folder: Path, encoder: Encoder, test: Sequence[Sample], elsewhere: Sequence[Sample]
) -> tuple[dict[str, dict[str, float | None]], dict[str, dict[str, float | None]]]:
    """Figures of a checkpoint on the test half (all, turns about unseen tools) and elsewhere (by source)."""
    from trm_agent.evaluation.run import evaluate
    from trm_agent.router import Router

    router = Router.from_pretrained(None if str(folder) == "shipped" else folder, encoder=encoder)
    found = []
    for samples in (test, elsewhere):
        fields = router.checkpoint.slot_fields
        groups = evaluate(router, samples, slot_fields=fields, latency_turns=0).groups if samples else {}
        sources = {str(sample.meta.get("source")) for sample in samples}
        chosen = ("all", "unseen") if samples is test else sorted(sources)
        found.append({name: shares(groups[name]) for name in chosen if name in groups})
    return found[0], found[1]


def shares(group: Mapping[str, Any]) -> dict[str, float | None]:
    out = {"n": group["n"], **{name: group[name] for name in COLUMNS.values()}}
    return out | {"auroc": group["confidence"]["auroc"], "ece": group["confidence"]["ece"]}


def means(result: Mapping[str, Any]) -> dict[tuple[str, int], dict[str, dict[str, float | None]]]:
    """Variant and size → group → figures, their mean over the seeds."""
    gathered: dict[tuple[str, int], list[dict[str, dict[str, float | None]]]] = defaultdict(list)
    for run in result["runs"]:
        gathered[run["variant"], run["size"]].append({**run["test"], **run["elsewhere"]})
    out = {}
    for key, runs in gathered.items():
        out[key] = {
            group: {name: mean([run[group][name] for run in runs]) for name in runs[0][group]} for group in runs[0]
        }
    return out


def mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def markdown(result: Mapping[str, Any]) -> str:
    """The table: a row a variant and size, the means over the seeds."""
    from trm_agent.evaluation.report import show

    groups = list(result["runs"][0]["elsewhere"])
    head = ["weights", "samples", *(f"{c}, unseen" for c in COLUMNS), "ECE, all"]
    head += [f"{group}: {column}" for group in groups for column in ("decision", "whole call")]
    lines = [head, ["---"] * len(head)]
    for (variant, size), found in means(result).items():
        about = found.get("unseen", found["all"])
        cells = [show(about[name]) for name in COLUMNS.values()] + [show(found["all"]["ece"])]
        cells += [show(found[group][name]) for group in groups for name in ("decision_accuracy", "call_exact")]
        lines.append([variant, str(size), *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def draw(path: Path, result: Mapping[str, Any]) -> None:
    """Figures of the turns about unseen tools, and elsewhere, against the number of samples."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    found = means(result)
    groups = ["unseen" if "unseen" in result["runs"][0]["test"] else "all", *result["runs"][0]["elsewhere"]]
    figure, panels = pyplot.subplots(
        1, len(groups), figsize=(4.6 * len(groups), 3.8), sharey=True, layout="constrained", squeeze=False
    )
    sizes = sorted({size for _, size in found})
    places = {size: place for place, size in enumerate(sizes)}
    for axes, group in zip(panels[0], groups, strict=True):
        for color, (label, name) in enumerate(PANELS.items()):
            for variant, first, style in ((LOGS, SHIPPED, "-o"), (BOTH, SYNTHETIC, "--s")):
                points = [(s, found[v, s][group][name]) for v, s in found if v in (variant, first)]
                known = [(places[size], value) for size, value in points if value is not None]
                if len(known) > 1 or variant == LOGS:
                    axes.plot(*zip(*known, strict=True), style, color=f"C{color}", ms=4, label=f"{label}, {variant}")
        axes.set(title="turns about new tools" if group == groups[0] else f"elsewhere: {group}", ylim=(0, 1.02))
        axes.set(xlabel="samples of own logs", xticks=list(places.values()), xticklabels=list(map(str, sizes)))
    panels[0][0].legend(fontsize=7)
    save_figure(figure, path)


if __name__ == "__main__":
    sys.exit(main())
