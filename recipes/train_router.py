"""Train a router on converted conversations.

uv run python recipes/train_router.py --data data/sgd_train.jsonl --val data/sgd_dev.jsonl --output runs/sgd
uv run torchrun --nproc-per-node 2 recipes/train_router.py --data data/sgd_train.jsonl --output runs/sgd

The loop below is the whole of it: embed, take the supervision steps, one backward pass, one update, and now and then a
validation on the router's own state. The EMA copy is validated and kept; the best one ends in --output, the state to
resume from in --output/last.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.training.curves import Curves
from recipes.training.options import network_sizes, pace, parse_args
from recipes.training.start import initial, take_weights
from trm_agent.errors import TRMError
from trm_agent.log import logger, rank, setup_logging

if TYPE_CHECKING:
    from trm_agent.encoder.sentence import Encoder
    from trm_agent.types import Sample


FIGURES = (
    "decision_accuracy",
    "tool_accuracy",
    "argument_exact",
    "call_exact",
    "over_trigger_rate",
    "slot_accuracy",
    "joint_goal_accuracy",
)
"""What is looked at while a run goes on; all own state."""


@dataclass(frozen=True)
class Config:
    """A run, as its training record keeps it; see `--help`."""

    preset: str
    plain: bool
    epochs: float
    batch: int
    lr: float
    warmup: int
    ema: float
    after_result: float
    dropout: float
    augment: bool
    one_by_one: float
    optimizer: str
    seed: int
    amp: bool
    device: str


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv, __doc__)
    setup_logging()
    try:
        train(args)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def train(args: argparse.Namespace) -> None:
    import torch

    from trm_agent.checkpoint import Checkpoint
    from trm_agent.decoding.calibration import Calibration
    from trm_agent.encoder.sentence import KnownTexts, Vocabulary, fast_bfloat16, load_encoder
    from trm_agent.model.network import ModelConfig, RouterModel
    from trm_agent.model.spans import Scope
    from trm_agent.training.augmentation import augment
    from trm_agent.training.batches import Plan, Steps, load_steps
    from trm_agent.training.ema import EMA
    from trm_agent.training.episodes import fingerprint, read_episodes
    from trm_agent.training.losses import losses, total
    from trm_agent.training.one_by_one import read_one_by_one
    from trm_agent.training.optimizer import (
        Schedule,
        average_gradients,
        load_training_state,
        make_optimizer,
        relevance_floor,
        sample_texts,
        save_training_state,
        steps_per_epoch,
        training_texts,
    )

    if args.threads:
        torch.set_num_threads(args.threads)
    world, device = start_processes(args.device)
    amp = fast_bfloat16(device.type) if args.amp is None else args.amp

    episodes = read_episodes(args.data)
    if not episodes:
        raise TRMError(f"no samples in {', '.join(map(str, args.data))}")
    slot_fields = episodes[0].slot_fields
    if args.one_by_one:
        episodes += read_one_by_one(args.data, slot_fields, args.one_by_one, args.seed)
    if args.augment:
        episodes = augment(episodes, args.seed)
    val = [sample.dated(args.now) for sample in validation_samples(args.val, args.val_dialogues, args.seed)]
    texts = list(dict.fromkeys([*training_texts(episodes), *sample_texts(val, slot_fields)]))
    vocabulary = Vocabulary.kept(
        args.cache or args.output / "encoded",
        texts,
        lambda: load_encoder(args.encoder, device=device.type, dtype="bfloat16" if amp else "float32"),
    )
    # What is read beside a conversation's own texts, such as the clauses of several calls, is encoded as it comes.
    encoder = KnownTexts(vocabulary, lambda: load_encoder(args.encoder, device=device.type))
    torch.manual_seed(args.seed)
    start = initial(args.init) if args.init else None
    floor = relevance_floor(episodes, vocabulary)
    model = RouterModel(ModelConfig(**network_sizes(args, start, floor, vocabulary.width)))
    if start:
        take_weights(model, start, vocabulary)
    model.to(device)
    optimizer, ema = make_optimizer(model, args.optimizer), EMA(model, args.ema)
    per_epoch = steps_per_epoch(episodes, args.seed, args.batch, args.after_result)
    lr, last = pace(args, per_epoch)
    config = Config(
        args.preset or ("of the initial weights" if start else "small"), model.config.plain,
        round(last / per_epoch, 3), args.batch, lr, args.warmup, args.ema,
        args.after_result, args.dropout, args.augment, args.one_by_one, args.optimizer, args.seed, amp, device.type,
    )  # fmt: skip
    schedule = Schedule(lr, min(args.warmup, max(1, last // 10)), last)
    state = args.output / "last" / "state.safetensors"
    first = load_training_state(state, model, ema, optimizer) if args.resume and state.is_file() else 0
    logger.info(
        "%d episodes, %.2f M parameters, steps %d to %d on %s%s",
        len(episodes), sum(p.numel() for p in model.parameters()) / 1e6, first, last, device,
        ", bfloat16" if amp else "",
    )  # fmt: skip

    record = {
        "config": asdict(config),
        "data": fingerprint(args.data),
        "encoder": vocabulary.name,
        "commit": commit(),
        "slot_fields": [field.to_json() for field in slot_fields],
        "episodes": len(episodes),
        "calibration": Calibration.identity().summary(0),
        "init": args.init and {"checkpoint": str(args.init), "weights_sha256": start.weights_sha256 if start else ""},
    }
    curves = Curves(args.output, first)
    seen, summed, started = 0, 0, time.monotonic()
    sums: dict[str, torch.Tensor | float] = defaultdict(float)
    plan = Plan(args.seed, args.batch, args.after_result, first, last, rank(), world)
    workers = default_workers(device.type, world) if args.workers is None else args.workers
    for made in load_steps(Steps(episodes, vocabulary, model.config, plan), workers, pin=device.type == "cuda"):
        step, batch, targets = made.number, made.batch.to(device), made.targets.to(device)
        torch.manual_seed(args.seed * 1_000_003 + step)
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(step)
        scope = Scope.of(batch, model.config.span_tokens)
        loss = torch.zeros((), device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            for number, answer in enumerate(model(batch), 1):
                parts = losses(answer, targets, scope)
                loss = loss + total(parts)
                for name, part in parts.items():
                    sums[f"{name}/{number}"] += part.detach().double()  # no float() here: a GPU would be waited for
        (loss * len(targets.decision) * world / made.points).backward()
        if world > 1:
            average_gradients(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update(model)
        seen, summed = seen + made.points, summed + 1

        done = step + 1
        if done % 50 == 0 or done == last:
            means = {name: round(float(value) / summed, 4) for name, value in sums.items()}
            sums.clear()
            summed = 0
            rate = seen / (time.monotonic() - started)
            curves.write({"step": done, "lr": schedule.at(step), "samples_per_second": round(rate, 1), "loss": means})
            logger.info("step %d/%d  %.0f samples/s  %s", done, last, rate, brief(means))
        if (done % args.val_every == 0 or done == last) and rank() == 0:
            averaged = RouterModel(model.config)
            ema.copy_to(averaged)
            checkpoint = Checkpoint(averaged.eval(), vocabulary.name, vocabulary.fingerprint, slot_fields)
            by_source = validate(checkpoint, encoder, val) if val else {}
            figures = mean_figures(by_source)
            score = curves.score(figures) if val else float(done)
            if score >= curves.best:
                curves.best = score
                replace(checkpoint, training={**record, "step": done, "validation": by_source}).save(args.output)
            if val:
                row = {"step": done, "validation": figures, "sources": by_source, "score": score, "best": curves.best}
                curves.write(row)
                for name, group in by_source.items():
                    logger.info("step %d  own state, %s: %s", done, name, brief(group))
            save_training_state(state, done, model, ema, optimizer)
    if rank() == 0:
        if val:
            calibrate(args.output, encoder, val)
        else:
            logger.warning("without --val the confidence is not calibrated: it ranks decisions, until it is fitted")
        if args.responses:
            learn_responses(args, encoder)
        curves.draw()
        logger.info("checkpoint → %s", args.output)
    if world > 1:
        torch.distributed.destroy_process_group()


def start_processes(device: str | None) -> tuple[int, Any]:
    """Join the other processes if `torchrun` started some; (how many, this one's device)."""
    import torch

    world = int(os.environ.get("WORLD_SIZE", "1"))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if world > 1:
        torch.distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    if kind != "cuda":
        return world, torch.device(kind)
    local = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(local)
    torch.backends.cuda.matmul.allow_tf32 = True
    # It builds a plan for every new shape, and nearly every batch has one: 280 ms a step instead of 114.
    torch.backends.cuda.enable_cudnn_sdp(False)
    return world, torch.device("cuda", local)


def default_workers(device: str, world: int) -> int:
    """Processes that make batches: a GPU takes steps faster than one core lays them out."""
    return max(0, min(6, (os.cpu_count() or 1) // world - 1)) if device == "cuda" else 0


def validation_samples(paths: Sequence[Path], dialogues: int, seed: int) -> list[Sample]:
    """So many dialogues of every file, drawn with the seed."""
    from trm_agent.data.jsonl import read_samples
    from trm_agent.evaluation.run import draw_dialogues

    return [sample for path in paths for sample in draw_dialogues(read_samples(path), dialogues, seed)]


def validate(checkpoint: Any, encoder: Encoder, samples: Sequence[Sample]) -> dict[str, Any]:
    """The report's main figures on the router's own state, for every source and as their mean."""
    from trm_agent.evaluation.run import evaluate
    from trm_agent.router import Router

    report = evaluate(
        Router(checkpoint, encoder), samples, slot_fields=checkpoint.slot_fields, latency_turns=0
    ).to_json()
    sources = sorted({str(sample.meta.get("source", "all")) for sample in samples})
    figures = {name: report["groups"].get(name, report["groups"]["all"]) for name in sources}
    return {name: {key: figures[name][key] for key in FIGURES} for name in sources}


def mean_figures(figures: Mapping[str, Mapping[str, float | None]]) -> dict[str, float | None]:
    """Every figure's mean over the sources that have it."""
    out: dict[str, float | None] = {}
    for name in FIGURES:
        known = [value for group in figures.values() if (value := group[name]) is not None]
        out[name] = sum(known) / len(known) if known else None
    return out


def calibrate(folder: Path, encoder: Encoder, samples: Sequence[Sample]) -> None:
    """Fit the best checkpoint's confidence on the validation dialogues."""
    from trm_agent.checkpoint import load_checkpoint
    from trm_agent.evaluation.run import calibrate_router
    from trm_agent.router import Router

    router = Router(load_checkpoint(folder), encoder)
    router.checkpoint.calibrated_with(calibrate_router(router, samples), len(samples)).save(folder)


def learn_responses(args: argparse.Namespace, encoder: Encoder) -> None:
    """Words for direct answers, for the best checkpoint; the router itself stays as it is."""
    from trm_agent.checkpoint import load_checkpoint
    from trm_agent.router import Router
    from trm_agent.training.generator import DecoderTraining
    from trm_agent.training.responses import ResponseConfig, teach

    router = Router(load_checkpoint(args.output), encoder)
    decoder = DecoderTraining(seed=args.seed) if args.decoder else None
    config = ResponseConfig(seed=args.seed, language=args.language, decoder=decoder)
    teach(router, args.data, encoder, config, dialogues=args.response_dialogues, now=args.now).save_pretrained(
        args.output
    )


def brief(values: Mapping[str, float | None]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in values.items() if value is not None)


def commit() -> str | None:
    """The commit that trains, if this is a git checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
