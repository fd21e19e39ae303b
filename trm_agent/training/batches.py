"""Batches made ahead of the training loop, by worker processes where there are any.

What a batch holds is a function of seed and step, so it does not matter who makes it: a run with workers takes the
same steps as one without. A GPU is kept busy by a handful; on a CPU the network itself is what takes long.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch.utils.data import DataLoader, Dataset

from trm_agent.encoder.sentence import Vocabulary
from trm_agent.features.batch import Batch
from trm_agent.log import logger
from trm_agent.model.config import ModelConfig
from trm_agent.training.episodes import Episode
from trm_agent.training.optimizer import assemble, plan_steps, thin
from trm_agent.training.targets import Targets

AHEAD = 4
"""Batches that each worker keeps ready."""


@dataclass(frozen=True)
class Plan:
    """Which steps a run takes, and what each is made of; see the options of `recipes/train_router.py`.

    Attributes:
        seed: Of order and thinning.
        size: Decision points of a batch, over all processes.
        after_result: Share of points after a tool result that is kept.
        first: Step to begin with.
        last: Step to end before.
        rank: Which of the processes this is.
        world: How many there are.
    """

    seed: int
    size: float
    after_result: float
    first: int
    last: int
    rank: int = 0
    world: int = 1


@dataclass(frozen=True)
class Step:
    """One step's share of this process.

    Attributes:
        number: Counted from 0.
        points: Decision points of the whole batch, over all processes.
        batch: This process's part.
        targets: Its labels.
    """

    number: int
    points: int
    batch: Batch
    targets: Targets

    def pin_memory(self) -> Step:
        """The same in page-locked memory, from which a GPU copies while it computes."""
        return replace(self, batch=self.batch.pin_memory(), targets=self.targets.pin_memory())


class Steps(Dataset[Step]):
    """The steps of a run, each made when it is asked for."""

    def __init__(self, episodes: Sequence[Episode], vocabulary: Vocabulary, config: ModelConfig, plan: Plan) -> None:
        self.episodes, self.vocabulary, self.config, self.plan = episodes, vocabulary, config, plan
        self.chosen = list(plan_steps(episodes, plan.seed, plan.size, plan.after_result, plan.first, plan.last))

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: int) -> Step:
        plan, (step, chosen) = self.plan, self.chosen[index]
        rng = random.Random(f"{plan.seed}/{step}")
        episodes = [thin(self.episodes[i], rng, plan.after_result) for i in chosen]
        points = sum(len(episode.points) for episode in episodes)
        mine = episodes[plan.rank :: plan.world] or episodes[:1]
        return Step(step, points, *assemble(mine, self.vocabulary, self.config))


def load_steps(steps: Steps, workers: int = 0, *, pin: bool = False) -> Iterator[Step]:
    """The steps in order.

    Args:
        steps: Of the run.
        workers: Processes that make them, where the platform can fork; 0: this one, when they are asked for.
        pin: Whether they come in page-locked memory (`Step.pin_memory`).
    """
    if workers and "fork" not in multiprocessing.get_all_start_methods():
        logger.warning("this platform cannot fork processes: batches are made in this one")
        workers = 0
    yield from DataLoader(
        steps,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        pin_memory=pin,
        multiprocessing_context="fork" if workers else None,
    )
