"""Puzzles have one solution, are functions of their seed, and none that is held out was trained on in disguise."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from recipes.sudoku.puzzles import BOXES, Grid, Puzzles, Shape, disguise, look, make_puzzle, make_split, solve

SIZES = sorted(BOXES)


def is_solved(grid: Grid, shape: Shape) -> bool:
    """Every row, column and box holds every digit."""
    groups: dict[tuple[int, int], set[int]] = {}
    for members, digit in zip(shape.units, grid, strict=True):
        for kind, unit in enumerate(members):
            groups.setdefault((kind, unit), set()).add(digit)
    return len(groups) == 3 * shape.size and all(group == set(range(1, shape.size + 1)) for group in groups.values())


def rows(puzzles: Puzzles) -> list[tuple[Grid, Grid]]:
    return [
        (tuple(clues), tuple(solution))
        for clues, solution in zip(puzzles.clues.tolist(), puzzles.solutions.tolist(), strict=True)
    ]


def test_all_288_grids_of_size_4_are_found_and_are_valid() -> None:
    grids = list(solve((0,) * 16, Shape(4)))
    assert len(set(grids)) == len(grids) == 288
    assert all(is_solved(grid, Shape(4)) for grid in grids)


def test_solutions_equal_those_of_trying_every_grid() -> None:
    shape, rng = Shape(4), random.Random(0)
    every = list(solve((0,) * 16, shape))
    for _ in range(20):
        grid = rng.choice(every)
        clues = tuple(digit if rng.random() < 0.35 else 0 for digit in grid)
        fitting = {g for g in every if all(c in (0, d) for c, d in zip(clues, g, strict=True))}
        assert set(solve(clues, shape)) == fitting
        barred = {g for g in fitting if g[3] != 2}
        assert set(solve((*clues[:3], 0, *clues[4:]), shape, without=(3, 2))) >= barred


def test_clues_that_contradict_each_other_have_no_solution() -> None:
    assert list(solve((1, 1, *[0] * 14), Shape(4))) == []


@pytest.mark.parametrize("size", SIZES)
def test_a_puzzle_has_one_solution_and_loses_it_with_any_clue_less(size: int) -> None:
    shape = Shape(size)
    puzzle, solution = make_puzzle(random.Random(size), shape, clues=0)
    assert is_solved(solution, shape)
    assert list(solve(puzzle, shape)) == [solution]
    for cell in (cell for cell, digit in enumerate(puzzle) if digit):
        fewer = (*puzzle[:cell], 0, *puzzle[cell + 1 :])
        assert len(list(itertools.islice(solve(fewer, shape), 2))) == 2


def test_clues_are_taken_away_down_to_the_number_wanted() -> None:
    puzzle, _ = make_puzzle(random.Random(0), Shape(6), clues=14)
    assert sum(digit > 0 for digit in puzzle) == 14


@pytest.mark.parametrize("size", SIZES)
def test_a_disguise_is_a_puzzle_with_one_solution_and_the_same_look(size: int) -> None:
    shape = Shape(size)
    _, puzzles = make_split(shape, 1, 8, clues=size * 3, seed=0)
    for (before, _), (clues, solution) in zip(
        rows(puzzles), rows(disguise(puzzles, shape, np.random.default_rng(0))), strict=True
    ):
        assert clues != before
        assert is_solved(solution, shape)
        assert list(solve(clues, shape)) == [solution]
        assert look(clues, shape) == look(before, shape)


def canonical(puzzle: Grid) -> Grid:
    """The smallest of all disguises of a puzzle of size 4, by trying them."""
    lines = [(*a, *b) for a, b in (([0, 1], [2, 3]), ([2, 3], [0, 1]))]
    lines = [p for a, b, c, d in lines for p in ((a, b, c, d), (b, a, c, d), (a, b, d, c), (b, a, d, c))]
    forms = []
    for across, down, turned in itertools.product(lines, lines, (False, True)):
        cells = [(c * 4 + r) if turned else (r * 4 + c) for r in across for c in down]
        names: dict[int, int] = {0: 0}
        forms.append(tuple(names.setdefault(puzzle[cell], len(names)) for cell in cells))
    return min(forms)


def test_no_held_out_puzzle_is_one_of_training_in_disguise_by_trying_every_disguise() -> None:
    train, test = make_split(Shape(4), 120, 40, clues=6, seed=0)
    assert (len(train), len(test)) == (120, 40)
    seen = {canonical(clues) for clues, _ in rows(train)}
    assert not seen & {canonical(clues) for clues, _ in rows(test)}


def test_looks_tell_apart_what_trying_every_disguise_tells_apart() -> None:
    train, _ = make_split(Shape(4), 120, 1, clues=6, seed=1)
    forms = {canonical(clues) for clues, _ in rows(train)}
    looks = {look(clues, Shape(4)) for clues, _ in rows(train)}
    assert 0.9 * len(forms) <= len(looks) <= len(forms)


def test_a_split_is_a_function_of_its_seed() -> None:
    first, again, other = (make_split(Shape(6), 20, 10, clues=12, seed=seed) for seed in (3, 3, 4))
    assert [rows(part) for part in first] == [rows(part) for part in again]
    assert not set(rows(first[0])) & set(rows(other[0]))


def test_a_size_with_too_few_puzzles_says_so() -> None:
    with pytest.raises(ValueError, match=r"only \d+ different puzzles of size 4 found, 100000 wanted"):
        make_split(Shape(4), 1, 100_000, clues=16, seed=0)
