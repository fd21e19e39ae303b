"""Sudokus of 4, 6 or 9: random puzzles with one solution, split so that no held-out puzzle was trained on in disguise.

A grid is a tuple of size² digits, row by row, 0 where a cell is empty. Relabelled digits and swapped rows, columns and
bands make the same puzzle look different; training draws such disguises, and the split keeps them all on one side.
Everything is a function of its seed. Nothing here loads torch.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Grid = tuple[int, ...]
Digits = NDArray[np.int64]

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Rows and columns of a box, by size."""
PATIENCE = 500
"""Puzzles in a row that the split may turn away before it gives up."""


@dataclass(frozen=True)
class Shape:
    """Which cells belong together.

    Attributes:
        size: Rows, columns, digits: 4, 6 or 9.
    """

    size: int

    @property
    def box(self) -> tuple[int, int]:
        """Rows and columns of a box."""
        return BOXES[self.size]

    @cached_property
    def units(self) -> tuple[tuple[int, int, int], ...]:
        """Row, column and box of every cell."""
        high, wide = self.box
        return tuple((r, c, r // high * high + c // wide) for r in range(self.size) for c in range(self.size))


@dataclass(frozen=True)
class Puzzles:
    """Puzzles and their solutions, both [N, size²]."""

    clues: Digits
    solutions: Digits

    def __len__(self) -> int:
        return len(self.clues)

    def __getitem__(self, which: slice | Digits) -> Puzzles:
        return Puzzles(self.clues[which], self.solutions[which])


def solve(
    grid: Grid, shape: Shape, rng: random.Random | None = None, without: tuple[int, int] = (-1, 0)
) -> Iterator[Grid]:
    """Every solution, by backtracking over the cell with the fewest candidates.

    Args:
        grid: What is given; has no solution where it contradicts itself.
        shape: Which cells belong together.
        rng: Tries the digits in random order; without it in ascending order.
        without: A cell, and a digit that it must not hold.

    Yields:
        Grids without an empty cell.
    """
    size, units, cells = shape.size, shape.units, list(grid)
    free = [[(1 << size) - 1] * size for _ in range(3)]

    def candidates(cell: int) -> int:
        row, column, box = units[cell]
        allowed = free[0][row] & free[1][column] & free[2][box]
        return allowed & ~(1 << without[1] - 1) if cell == without[0] else allowed

    def flip(cell: int, digit: int) -> None:
        for kind, unit in enumerate(units[cell]):
            free[kind][unit] ^= 1 << digit - 1

    def search() -> Iterator[Grid]:
        best, options, fewest = -1, 0, size + 1
        for cell, digit in enumerate(cells):
            if not digit and (count := (allowed := candidates(cell)).bit_count()) < fewest:
                best, options, fewest = cell, allowed, count
                if count < 2:
                    break
        if best < 0:
            yield tuple(cells)
            return
        digits = [digit for digit in range(1, size + 1) if options >> digit - 1 & 1]
        for digit in rng.sample(digits, len(digits)) if rng else digits:
            cells[best] = digit
            flip(best, digit)
            yield from search()
            flip(best, digit)
        cells[best] = 0

    for cell, digit in enumerate(grid):
        if digit:
            if not candidates(cell) >> digit - 1 & 1:
                return
            flip(cell, digit)
    yield from search()


def make_puzzle(rng: random.Random, shape: Shape, clues: int) -> tuple[Grid, Grid]:
    """A random solved grid, from which cells go in random order while the solution stays the only one.

    Args:
        rng: Decides everything.
        shape: Which cells belong together.
        clues: Where to stop; 0 takes away all that can go.

    Returns:
        Puzzle and solution.
    """
    left = shape.size**2
    puzzle = solution = next(solve((0,) * left, shape, rng))
    for cell in rng.sample(range(left), left):
        if left <= clues:
            break
        fewer = (*puzzle[:cell], 0, *puzzle[cell + 1 :])
        if next(solve(fewer, shape, without=(cell, solution[cell])), None) is None:
            puzzle, left = fewer, left - 1
    return puzzle, solution


def look(puzzle: Grid, shape: Shape) -> int:
    """A number that all disguises of a puzzle share; now and then another puzzle shares it too.

    Each clue is known by the clues in its row, its column, its box and of its digit, and they in turn by theirs.
    """
    clues = [(*shape.units[cell], digit) for cell, digit in enumerate(puzzle) if digit]
    square = shape.box[0] == shape.box[1]
    names = [0] * len(clues)
    for _ in range(3):
        groups: tuple[defaultdict[int, list[int]], ...] = tuple(defaultdict(list) for _ in range(4))
        for clue, name in zip(clues, names, strict=True):
            for group, member in zip(groups, clue, strict=True):
                group[member].append(name)
        for index, clue in enumerate(clues):
            row, column, box, digit = (
                hash(tuple(sorted(group[member]))) for group, member in zip(groups, clue, strict=True)
            )
            lines = (min(row, column), max(row, column)) if square else (row, column)
            names[index] = hash((lines, box, digit))
    return hash(tuple(sorted(names)))


def make_split(shape: Shape, train: int, test: int, clues: int, seed: int) -> tuple[Puzzles, Puzzles]:
    """Puzzles to train on, and held-out ones of which none is a disguise of one of those.

    Raises:
        ValueError: There are too few different puzzles of that size.
    """
    rng = random.Random(f"sudoku/{shape.size}/{seed}")
    held_out = _draw(rng, shape, test, clues, set())
    looks = {look(puzzle, shape) for puzzle in held_out}
    return _stack(_draw(rng, shape, train, clues, looks)), _stack(held_out)


def disguise(puzzles: Puzzles, shape: Shape, rng: np.random.Generator) -> Puzzles:
    """Each puzzle relabelled, its rows, columns and bands swapped, and transposed where boxes are square."""
    count, size = len(puzzles), shape.size
    high, wide = shape.box
    rows, columns = _swap(count, size, high, rng), _swap(count, size, wide, rng)
    cells = rows[:, :, None] * size + columns[:, None, :]
    if high == wide:
        cells = np.where(rng.random((count, 1, 1)) < 0.5, cells, cells.swapaxes(1, 2))
    cells = cells.reshape(count, size**2)
    labels = np.pad(rng.random((count, size)).argsort(-1) + 1, ((0, 0), (1, 0)))
    clues, solutions = (
        np.take_along_axis(labels, np.take_along_axis(grid, cells, 1), 1) for grid in (puzzles.clues, puzzles.solutions)
    )
    return Puzzles(clues, solutions)


def _swap(count: int, size: int, band: int, rng: np.random.Generator) -> Digits:
    """Bands in random order, the lines of each in random order; [count, size]."""
    bands = rng.random((count, size // band, 1)).argsort(1)
    lines = rng.random((count, size // band, band)).argsort(-1)
    return (bands * band + lines).reshape(count, size)


def _draw(rng: random.Random, shape: Shape, count: int, clues: int, barred: set[int]) -> dict[Grid, Grid]:
    """So many different puzzles, none with a barred look; puzzle → solution."""
    drawn: dict[Grid, Grid] = {}
    refused = 0
    while len(drawn) < count:
        puzzle, solution = make_puzzle(rng, shape, clues)
        if puzzle in drawn or look(puzzle, shape) in barred:
            refused += 1
            if refused > PATIENCE:
                raise ValueError(f"only {len(drawn)} different puzzles of size {shape.size} found, {count} wanted")
            continue
        drawn[puzzle], refused = solution, 0
    return drawn


def _stack(puzzles: dict[Grid, Grid]) -> Puzzles:
    return Puzzles(np.array(list(puzzles)), np.array(list(puzzles.values())))
