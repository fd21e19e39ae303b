"""Train a router on converted conversations.

uv run python recipes/train_router.py --data data/sgd_train.jsonl --val data/sgd_dev.jsonl --output runs/sgd
uv run torchrun --nproc-per-node 2 recipes/train_router.py --data data/sgd_train.jsonl --output runs/sgd

The loop below is the whole of it: embed, take the supervision steps, one backward pass, one update, and now and then a
validation on the router's own state. The EMA copy is validated and kept; the best one ends in --output, the state to
resume from in --output/last.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm_agent.errors import TRMError
from trm_agent.log import logger, rank, setup_logging
from trm_agent.utils.logs.dates import read_moment

if TYPE_CHECKING:
    from trm_agent.checkpoint import Checkpoint
    from trm_agent.encoder.sentence import Encoder, Vocabulary
    from trm_agent.model.network import RouterModel
    from trm_agent.types import Sample

PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"width": 32, "heads": 2, "reader_layers": 1, "reads": 1},
    "small": {"width": 128},
    "medium": {"width": 192, "heads": 6},
    "paper": {"width": 512, "heads": 8, "n": 6, "T": 3, "supervision_steps": 16},
}


SCRATCH: dict[str, float] = {"lr": 1.5e-3, "epochs": 3.0, "least_steps": 1}
FINE_TUNING: dict[str, float] = {"lr": 5e-4, "epochs": 6.0, "least_steps": 60}
"""What is taken where nothing is said: without and with `--init` (docs/training.md has what was tried)."""

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
    seed: int
    amp: bool
    device: str


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="sample files to train on")
    parser.add_argument("--val", type=Path, nargs="*", default=[], help="sample files to validate on, own state")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), help="sizes of the network; default: small, with --init those it has"
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=VALUE", help="override a size, such as n=2 or feedback=false"
    )
    parser.add_argument("--plain", action="store_true", help="the control without recursion")
    parser.add_argument(
        "--init", type=Path, help="start from the weights of this checkpoint ('shipped': the package's)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from --output/last")
    parser.add_argument(
        "--epochs",
        type=float,
        help=f"default: {SCRATCH['epochs']:g}; with --init {FINE_TUNING['epochs']:g}, "
        f"but at least {FINE_TUNING['least_steps']} steps",
    )
    parser.add_argument("--steps", type=int, help="updates, instead of --epochs")
    parser.add_argument("--batch", type=int, default=80, help="decision points in a batch, over all processes")
    parser.add_argument(
        "--augment",
        action="store_true",
        help="change names, descriptions and types of tools at random and chain single requests: for tools never seen",
    )
    parser.add_argument("--lr", type=float, help=f"default: {SCRATCH['lr']:g}; with --init {FINE_TUNING['lr']:g}")
    parser.add_argument("--warmup", type=int, default=150, help="steps")
    parser.add_argument("--ema", type=float, default=0.999, help="decay")
    parser.add_argument(
        "--after-result", type=float, default=0.25, help="share of points after a tool result that is kept"
    )
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--val-every", type=int, default=500, help="steps; also how often the state is saved")
    parser.add_argument(
        "--val-dialogues", type=int, default=100, help="so many of each --val file, drawn with the seed"
    )
    parser.add_argument(
        "--now", type=moment, metavar="DATE", help="when samples without meta.now took place (ISO 8601)"
    )
    parser.add_argument(
        "--responses", action="store_true", help="afterwards learn words for direct answers from --data as well"
    )
    parser.add_argument(
        "--response-dialogues", type=int, default=2000, help="with --responses: so many of each --data file"
    )
    parser.add_argument(
        "--decoder", action=argparse.BooleanOptionalAction, default=True, help="with --responses: also a decoder"
    )
    parser.add_argument("--language", default="en", help="with --responses: of number words and dates (ISO 639-1)")
    parser.add_argument("--encoder", help="a sentence-transformers model by name or path")
    parser.add_argument("--cache", type=Path, help="where encoded texts are kept; default: --output/encoded")
    parser.add_argument(
        "--amp", action=argparse.BooleanOptionalAction, default=None, help="bfloat16; default: where it is fast"
    )
    parser.add_argument("--device", help="default: cuda if there is one")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--workers", type=int, help="processes making batches; default: none on a CPU, up to 6 on CUDA")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def moment(text: str) -> str:
    """An option's date, in ISO 8601 without offset."""
    try:
        return read_moment(text, "it")
    except TRMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
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
    optimizer, ema = make_optimizer(model), EMA(model, args.ema)
    per_epoch = steps_per_epoch(episodes, args.seed, args.batch, args.after_result)
    lr, last = pace(args, per_epoch)
    config = Config(
        args.preset or ("of the initial weights" if start else "small"), model.config.plain,
        round(last / per_epoch, 3), args.batch, lr, args.warmup, args.ema,
        args.after_result, args.dropout, args.augment, args.seed, amp, device.type,
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
            logger.warning("without --val the confidence is not calibrated: it ranks decisions and promises nothing")
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


def overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """`n=2` → {"n": 2}; values are read as JSON."""
    out = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            out[key] = json.loads(value)
        except ValueError:
            raise TRMError(f"--set {pair}: expected KEY=VALUE with a number, true or false") from None
    return out


def initial(path: Path) -> Checkpoint:
    from trm_agent.checkpoint import load_checkpoint
    from trm_agent.router import shipped_weights

    return load_checkpoint(shipped_weights() if str(path) == "shipped" else path)


def network_sizes(args: argparse.Namespace, start: Checkpoint | None, floor: float, width: int) -> dict[str, Any]:
    """Fields of `ModelConfig`: those of the initial weights, or of the preset, with what the options override.

    Args:
        args: The options.
        start: What `--init` names.
        floor: Relevance below which these samples call nothing; the initial weights' own may be lower and is then kept.
        width: Of the encoder.
    """
    sizes: dict[str, Any] = start.model.config.to_json() if start else {}
    if args.preset or not start:
        sizes |= PRESETS[args.preset or "small"]
    sizes["relevance_floor"] = min(floor, sizes.get("relevance_floor", floor))
    sizes |= {"encoder_width": width, "dropout": args.dropout, "plain": args.plain or sizes.get("plain", False)}
    return sizes | overrides(args.set)


def take_weights(model: RouterModel, start: Checkpoint, vocabulary: Vocabulary) -> None:
    """Begin where `start` ended; inputs that it lacks start at zero. Refused where sizes or encoder differ."""
    import torch

    from trm_agent.model.config import LATER

    if start.encoder_fingerprint != vocabulary.fingerprint:
        raise TRMError(
            f"--init: trained on encoder {start.encoder_name!r}, the texts are encoded by {vocabulary.name!r}"
        )
    weights = start.model.state_dict()
    if model.carry is not None and start.model.carry is None:
        weights["carry.weight"] = torch.zeros_like(model.carry.weight)
    longest, known = model.config.span_tokens, start.model.config.span_tokens
    if longest > known:  # longer spans begin as probable as the longest known
        weights["heads.length"] = torch.cat(
            [weights["heads.length"], weights["heads.length"][-1:].expand(longest - known)]
        )
    added = [name for name in LATER if getattr(model.config, name) and not getattr(start.model.config, name)]
    own = model.state_dict()
    weights |= {name: own[name] for name in own.keys() - weights.keys() if added and not name.startswith("carry")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise TRMError(
            f"--init: its weights do not fit the sizes that --preset, --set or --plain ask for: {first}"
        ) from (error)


def pace(args: argparse.Namespace, per_epoch: int) -> tuple[float, int]:
    """Peak learning rate and number of steps; few samples are seen often enough to matter."""
    defaults = FINE_TUNING if args.init else SCRATCH
    epochs = defaults["epochs"] if args.epochs is None else args.epochs
    least = defaults["least_steps"] if args.epochs is None else 1
    steps = args.steps or max(int(least), math.ceil(epochs * per_epoch))
    return defaults["lr"] if args.lr is None else args.lr, steps


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


class Curves:
    """What a person looks at: curves.jsonl as the run goes, curves.png at its end.

    A run that resumes at step `first` drops what the killed one wrote after its last state: it comes again.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self.path = folder / "curves.jsonl"
        rows = [row for row in self.rows() if row["step"] <= first]
        self.best = max((row["best"] for row in rows if "best" in row), default=-1.0)
        if rank() == 0:
            folder.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_suffix(".partial")
            partial.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
            partial.replace(self.path)

    def rows(self) -> list[dict[str, Any]]:
        """Every row but one that a killed run left half-written."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def write(self, row: dict[str, Any]) -> None:
        if rank() == 0:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    @staticmethod
    def score(figures: dict[str, float | None]) -> float:
        """What "best" means: the mean of decision, whole call and joint goal."""
        values = [figures[name] or 0.0 for name in ("decision_accuracy", "call_exact", "joint_goal_accuracy")]
        return sum(values) / len(values)

    def draw(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        rows = self.rows()
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4), layout="constrained")
        losses = [row for row in rows if "loss" in row]
        names = list(losses[-1]["loss"]) if losses else []
        objectives = list(dict.fromkeys(name.split("/")[0] for name in names))
        for name in names:
            objective, step = name.split("/")
            left.plot(
                [row["step"] for row in losses],
                [row["loss"].get(name) for row in losses],
                label=name,
                lw=1,
                color=f"C{objectives.index(objective)}",
                ls=("-", "--", ":", "-.")[(int(step) - 1) % 4],
            )
        left.set(xlabel="step", ylabel="loss (objective/supervision step)", yscale="log")
        left.legend(fontsize=6)
        checks = [row for row in rows if "validation" in row]
        for name in checks[-1]["validation"] if checks else ():
            right.plot(
                [row["step"] for row in checks], [row["validation"][name] for row in checks], marker=".", label=name
            )
        right.set(xlabel="step", ylabel="own state, validation dialogues", ylim=(0, 1))
        if checks:
            right.legend(fontsize=7)
        figure.savefig(self.path.with_suffix(".png"), dpi=120)
        pyplot.close(figure)


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
