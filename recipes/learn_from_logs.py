"""A folder of logs and a tool list → a router that does better on them, and a page that shows how much.

uv run python recipes/learn_from_logs.py --logs FOLDER --tools tools.json --output runs/mine

The logs are converted, checked and split by conversation. Training mixes them with samples made up from the tools and
with everyday talk. Held-out conversations then say how far to go from the old weights to the new, refit the
confidence, and are played live before and after. Where nothing gets better, the old weights stay.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.own_logs.options import parse_args
from trm_agent.errors import TRMError
from trm_agent.log import logger, setup_logging

if TYPE_CHECKING:
    from recipes.own_logs.judging import Judged
    from recipes.own_logs.samples import Split
    from trm_agent.checkpoint import Checkpoint
    from trm_agent.evaluation.confidence import Scored
    from trm_agent.types import ToolSchema


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv, __doc__)
    setup_logging()
    try:
        learn(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def learn(args: argparse.Namespace) -> dict[str, Any]:
    """The whole road; returns what `report.json` holds."""
    import torch

    from recipes.own_logs import samples as own
    from recipes.own_logs.choosing import Way, choose
    from recipes.own_logs.judging import everyday_figures, everyday_points, judged
    from recipes.own_logs.page import render
    from recipes.train_router import commit
    from recipes.training.start import initial
    from trm_agent.check.page import as_json, page
    from trm_agent.convert import read_tools
    from trm_agent.encoder.sentence import CachingEncoder, load_encoder
    from trm_agent.router import Router
    from trm_agent.training.between import between

    if args.threads:
        torch.set_num_threads(args.threads)
    started = time.monotonic()
    tools = read_tools(args.tools)
    logs = own.read_logs(args.logs, tools, args)
    checked = own.look_over(logs.conversations)
    logger.info("%s", page(checked, args.tolerance))
    if not args.despite_faults:
        own.refuse_faults(checked, args.tolerance)
    parts = own.split(logs.conversations, args.hold_out, args.most_held_out, args.seed)
    test = own.read_logs(args.test, tools, args).conversations if args.test else []
    logger.info("%d conversations to learn from, %d held out (drawn by conversation, seed %d)%s", len(parts.train),
                len(parts.held_out), args.seed, f", {len(test)} to test on" if test else "")  # fmt: skip

    start = initial(Path(args.init))
    end, trained = train(args, parts, tools)
    encoder = CachingEncoder(load_encoder(start.encoder_name))
    routers = {0.0: Router(start, encoder)}
    routers |= {share: Router(between(start, end, share), encoder) for share in sorted(set(args.shares))}
    before = judged(routers[0.0], parts.held_out)
    ways = [Way(share, judged(router, parts.held_out)) for share, router in routers.items() if share]
    for share, found in [(0.0, before), *((way.share, way.judged) for way in ways)]:
        logger.info("%3.0f %% of the way: %d of %d right", 100 * share, found.right, found.count)
    points = everyday_points(args.everyday_points)
    choice = choose(ways, before, routers, lambda router: everyday_figures(router, points), args.most_cost)

    after = next((way.judged for way in ways if way.share == choice.share), before)
    checkpoint, confidence, scored = calibrated(routers[choice.share].checkpoint, after)
    blend = {"with": start.weights_sha256, "share_of_this_run": choice.share}
    replace(checkpoint, training={**checkpoint.training, "blend": blend, "confidence": confidence}).save(args.output)
    final = Router(checkpoint, encoder)
    report = {
        "commit": commit(),
        "init": {"checkpoint": args.init, "weights_sha256": start.weights_sha256},
        "seed": args.seed,
        "notes": logs.notes,
        "check": as_json(checked, args.tolerance),
        "learned_from": own.counts(parts.train),
        "held_out": own.counts(parts.held_out),
        "training": trained,
        "ways": {f"{way.share:g}": way.judged.figures() for way in ways},
        "share": choice.share,
        "why": choice.why,
        "before": before.figures(),
        "after": after.figures(),
        "confidence": confidence,
        "elsewhere": {f"{share:g}": found for share, found in choice.elsewhere.items()},
        "seconds": round(time.monotonic() - started),
    }
    shown: dict[str, tuple[Judged, Judged]] = {"held out": (before, after)}
    if test:
        shown["test"] = judged(routers[0.0], test), judged(final, test)
        report["test"] = {name: found.figures() for name, found in zip(("before", "after"), shown["test"], strict=True)}
        report["test"]["count"] = own.counts(test)
    (args.output / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (args.output / "report.html").write_text(render(report, shown, scored), encoding="utf-8")
    print(summary(report))
    logger.info("checkpoint, report.json and report.html → %s", args.output)
    return report


def train(args: argparse.Namespace, parts: Split, tools: Sequence[ToolSchema]) -> tuple[Checkpoint, dict[str, Any]]:
    """Train from the old weights on the mix, as `recipes/train_router.py` does; what came of it, and what it was.

    Raises:
        TRMError: The training failed; it has said why.
    """
    from recipes.own_logs import mix
    from recipes.own_logs import samples as own
    from recipes.train_router import main as train_router
    from trm_agent.checkpoint import load_checkpoint

    points = sum(map(len, parts.train))
    amounts = mix.plan(len(parts.train), points, args.own, args.twins, args.batch, args.steps)
    files = own.save(args.output / "samples", {"train": parts.train, "held_out": parts.held_out})
    files |= mix.write_mix(args.output / "samples", tools, amounts, args.seed, args.replay)
    made = {name: lines(files[name]) if name in files else 0 for name in ("twins", "replay")}
    data = [files["train"]] * amounts.repeats + [files[name] for name in made if name in files]
    logger.info("training on %d decisions of the logs %d times over, %d made up from the tools, %d of other tools",
                points, amounts.repeats, made["twins"], made["replay"])  # fmt: skip
    options = ["--init", args.init, "--steps", str(amounts.steps), "--batch", str(args.batch), "--seed", str(args.seed)]
    options += ["--output", str(args.output / "trained"), "--cache", str(args.cache or args.output / "encoded")]
    for name in ("lr", "threads", "device"):
        if getattr(args, name):
            options += [f"--{name}", str(getattr(args, name))]
    if train_router([*options, "--data", *map(str, data)]):
        raise TRMError(f"{args.output / 'trained'}: training failed")
    mixed = {"steps": amounts.steps, "batch": args.batch, "repeats": amounts.repeats}
    return load_checkpoint(args.output / "trained"), mixed | made


def lines(path: Path) -> int:
    """So many samples are in a file."""
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in file)


def calibrated(checkpoint: Checkpoint, found: Judged) -> tuple[Checkpoint, dict[str, Any], dict[str, list[Scored]]]:
    """The checkpoint with its confidence moved towards what the held-out decisions say.

    Whether the promises hold is seen on decisions whose conversation was left out of the fit. Where they do not, the
    checkpoint says `calibrated: false`.

    Args:
        checkpoint: With the old weights' calibration.
        found: Of these weights, on held-out conversations.

    Returns:
        The checkpoint, what to report, and the confidences that were seen, with what came of them.
    """
    from recipes.own_logs.judging import MIN_CALL_CONFIDENCE, MIN_CONFIDENCE
    from trm_agent.evaluation.confidence import expected_calibration_error
    from trm_agent.evaluation.recalibration import PRIOR, held_out_confidences, promise, recalibrated, records_of

    known, records = checkpoint.calibration, records_of(found.cases)
    groups = [str(case.sample.meta.get("dialogue", case.sample.id)) for case in found.cases]
    decisions, calls = held_out_confidences(known, records, groups)
    promises = {"decisions": promise(decisions, MIN_CONFIDENCE), "calls": promise(calls, MIN_CALL_CONFIDENCE)}
    holds = all(one.kept for one in promises.values())
    moved = replace(recalibrated(known, records), holds=holds)
    report: dict[str, Any] = {
        "records": len(records),
        "prior": PRIOR,
        "calibrated": moved.calibrated,
        "ece": expected_calibration_error(decisions),
        "call_ece": expected_calibration_error(calls),
    }
    report |= {
        name: {"passing": one.passing, "right": one.right, "promised": one.promised, "kept": one.kept}
        for name, one in promises.items()
    }
    if not moved.calibrated:
        logger.warning(
            "the thresholds do not hold on the held-out conversations: the checkpoint says calibrated: false"
        )
    return checkpoint.calibrated_with(moved, len(records)), report, {"decisions": decisions, "calls": calls}


def summary(report: dict[str, Any]) -> str:
    """What came of it, in a few lines."""
    lines = []
    for name in ("test", "held out"):
        pair = report.get("test") if name == "test" else report
        if pair:
            old, new = pair["before"], pair["after"]
            live = f"live turns {old['live_right']} → {new['live_right']} of {new['live_turns']}"
            shares = ", ".join(
                f"{what} {show(old[key])} → {show(new[key])}"
                for what, key in (("decision", "decision"), ("tool", "tool"), ("whole call", "whole_call"))
            )
            lines.append(f"{name}: {live}; recorded: {shares}")
    before, after = report["elsewhere"]["0"], report["elsewhere"][f"{report['share']:g}"]
    lines.append(
        f"everyday talk elsewhere ({before['points']} points): decision {show(before['decision'])} → "
        f"{show(after['decision'])}, whole call {show(before['whole_call'])} → {show(after['whole_call'])}"
    )
    lines.append(f"{'new weights' if report['share'] else 'OLD WEIGHTS KEPT'}: {report['why']}")
    confidence = report["confidence"]
    sure = confidence["calls"]
    passing = (
        f"{sure['right']} of {sure['passing']} calls over the threshold are right"
        if sure["passing"]
        else "no call is over the threshold"
    )
    lines.append(
        f"confidence: {'holds' if confidence['calibrated'] else 'DOES NOT HOLD'}; on held-out conversations {passing}"
    )
    return "\n".join(lines)


def show(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
