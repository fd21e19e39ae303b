"""The TRM core on Sudoku: embed the cells, recurse, read the digits and "all right" off the answer.

`plain` has the same parameters and applies the same net once. B puzzles · L cells · D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recipes.sudoku.puzzles import Puzzles, Shape, disguise
from trm_agent.model.trm import Net, deep_recursion, rms_norm


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network and of the recursion.

    Attributes:
        size: Of the Sudoku.
        width: D.
        layers: Blocks of the shared net.
        heads: Attention heads.
        n: Latent steps of a recursion.
        T: Recursions of a supervision step; only the last carries gradient.
        supervision_steps: N_sup; `plain` takes one.
        plain: Apply the net once.
    """

    size: int
    width: int
    layers: int
    heads: int
    n: int
    T: int
    supervision_steps: int
    plain: bool

    @property
    def passes(self) -> int:
        """How often a supervision step applies the net."""
        return 1 if self.plain else self.T * (self.n + 1)

    @property
    def update_cost(self) -> int:
        """What an update costs in passes; going back through one counts as two more."""
        return 3 if self.plain else self.passes + 2 * (self.n + 1)


class SudokuModel(nn.Module):
    """Embeddings, the TRM core, two heads."""

    units: Tensor
    start: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        D, size = sizes.width, sizes.size
        self.digit = nn.Embedding(size + 1, D)
        self.position = nn.Embedding(size**2, D)
        self.row, self.column, self.box = (nn.Embedding(size, D) for _ in range(3))
        self.net = Net(D, sizes.layers, sizes.heads)
        self.head = nn.Linear(D, size)
        self.q_head = nn.Linear(D, 1)
        nn.init.zeros_(self.q_head.weight)
        nn.init.constant_(self.q_head.bias, -5.0)
        self.register_buffer("units", torch.tensor(Shape(size).units).T.contiguous(), persistent=False)
        self.register_buffer("start", torch.randn(2, D))

    def embed(self, clues: Tensor) -> Tensor:
        """Digits [B, L] → x [B, L, D]."""
        row, column, box = self.units
        place = self.position.weight + self.row(row) + self.column(column) + self.box(box)
        return rms_norm(self.digit(clues) + place)

    def begin(self, count: int) -> tuple[Tensor, Tensor]:
        """The first y and z, one fixed random vector each for every cell; [B, L, D]."""
        y, z = self.start.expand(count, self.sizes.size**2, 2, -1).unbind(2)
        return y, z

    def forward(self, clues: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One supervision step.

        Args:
            clues: [B, L], 0 where a cell is empty.
            y: Current answer, [B, L, D].
            z: Current latent, [B, L, D].

        Returns:
            The next y and z, detached; digit logits [B, L, size]; halt logits [B].
        """
        x = self.embed(clues)
        if self.sizes.plain:
            y = self.net(x, y, z)
        else:
            y, z = deep_recursion(self.net, x, y, z, self.sizes.n, self.sizes.T)
        return y.detach().float(), z.detach().float(), self.head(y).float(), self.q_head(y.mean(1)).squeeze(-1).float()


class Carry:
    """The puzzles a training run is at, each at its own supervision step; one that is done makes room for another.

    The first ones start at a random count of steps, so that they do not all make room at once.

    Args:
        model: Whose first y and z to start from.
        puzzles: Drawn at random, each time in another disguise.
        batch: B.
        explore: Share of puzzles that must take a random number of steps, however sure the model is.
        seed: Decides draws and disguises.
    """

    def __init__(self, model: SudokuModel, puzzles: Puzzles, batch: int, explore: float, seed: int) -> None:
        self.steps = 1 if model.sizes.plain else model.sizes.supervision_steps
        self.puzzles, self.explore = puzzles, explore
        self.shape, self.rng = Shape(model.sizes.size), np.random.default_rng(seed)
        self.step, self.least = np.zeros(batch, int), np.ones(batch, int)
        self.done = np.ones(batch, bool)
        self.clues = torch.zeros(batch, model.sizes.size**2, dtype=torch.long, device=model.start.device)
        self.solutions = self.clues.clone()
        self.y, self.z = (part.clone() for part in model.begin(batch))
        self.refill(model)
        self.step = self.rng.integers(self.steps, size=batch)

    def refill(self, model: SudokuModel) -> None:
        """Put a new puzzle wherever one is done."""
        places = np.flatnonzero(self.done)
        count = len(places)
        fresh = disguise(self.puzzles[self.rng.integers(len(self.puzzles), size=count)], self.shape, self.rng)
        where = torch.from_numpy(places).to(self.clues.device)
        self.clues[where] = torch.from_numpy(fresh.clues).to(where.device)
        self.solutions[where] = torch.from_numpy(fresh.solutions).to(where.device)
        self.y[where], self.z[where] = model.begin(count)
        self.step[places], self.done[places] = 0, False
        long = self.rng.random(count) < self.explore
        self.least[places] = np.where(long, self.rng.integers(1, self.steps + 1, count), 1)

    def advance(self, y: Tensor, z: Tensor, halt: Tensor) -> None:
        """Take over the state after a supervision step; done is who says so or has had N_sup steps."""
        self.y, self.z = y, z
        self.step += 1
        sure = (halt.detach() > 0).cpu().numpy()
        self.done = (sure & (self.step >= self.least)) | (self.step >= self.steps)


@dataclass(frozen=True)
class Score:
    """Shares of held-out puzzles and cells after one supervision step.

    Attributes:
        exact: Puzzles of which every cell is right.
        cells: Empty cells that are right.
        halted: Puzzles that would have stopped by now.
        halted_exact: `exact`, had each puzzle kept the answer it stopped at.
    """

    exact: float
    cells: float
    halted: float
    halted_exact: float


@torch.no_grad()
def evaluate(model: SudokuModel, puzzles: Puzzles, steps: int) -> list[Score]:
    """The scores after 1, 2, … `steps` supervision steps; nothing stops early."""
    device = model.start.device
    clues, solutions = (torch.from_numpy(grid).to(device) for grid in (puzzles.clues, puzzles.solutions))
    empty, scores = clues == 0, []
    y, z = model.begin(len(puzzles))
    stopped = kept = torch.zeros(len(puzzles), dtype=torch.bool, device=device)
    for _ in range(steps):
        y, z, digits, halt = model(clues, y, z)
        right = digits.argmax(-1) + 1 == solutions
        exact = right.all(1)
        kept = torch.where(stopped, kept, exact)
        stopped = stopped | (halt > 0)
        shares = (exact.float().mean(), right[empty].float().mean(), stopped.float().mean(), kept.float().mean())
        scores.append(Score(*(round(share.item(), 4) for share in shares)))
    return scores
