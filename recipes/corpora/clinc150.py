"""CLINC150 (Larson et al. 2019) → samples: 150 intents as tools, and requests that are out of scope.

`val` and `test` are benchmarks, scored by the accuracy on what is in scope and the recall of what is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from recipes.corpora.building import Options
from recipes.corpora.intents import IntentSet, Request, benchmark_samples, training_samples
from recipes.corpora.single_requests import intent_tools, pick_split, read_json
from trm_agent.errors import DataError
from trm_agent.types import Sample

SPLITS = ("train", "val", "test")
OUT_OF_SCOPE = "oos"


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of a split of `data_full.json`: `train` (default), `val` or `test`, its out-of-scope part included.

    Raises:
        DataError: The file is missing or not what it should be.
    """
    split = pick_split(options.split, SPLITS)
    intents = IntentSet("clinc150", intent_tools("clinc150"))
    make = training_samples if split == "train" else benchmark_samples
    yield from make(read_requests(folder / "data_full.json", split), intents, options)


def read_requests(path: Path, split: str) -> list[Request]:
    """The requests of a split, then its out-of-scope ones.

    Raises:
        DataError: The file is not what it should be.
    """
    data = read_json(path, dict)
    try:
        return [
            Request(text, None if intent == OUT_OF_SCOPE else intent, f"{key}/{number}")
            for key in (split, f"{OUT_OF_SCOPE}_{split}")
            for number, (text, intent) in enumerate(data[key])
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: expected lists of [text, intent] under {split} and oos_{split}, {error!r}") from None
