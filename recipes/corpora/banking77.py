"""Banking77 (Casanueva et al. 2020) → samples: 77 fine-grained questions to a bank, each a tool without parameters.

`test` is a benchmark: all 77 tools on offer. In training, CLINC150 tools that are not about banking
are among them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from recipes.corpora.building import Options
from recipes.corpora.intents import IntentSet, Request, benchmark_samples, training_samples
from recipes.corpora.single_requests import helper_pool, intent_tools, pick_split
from trm_agent.errors import DataError
from trm_agent.types import Sample

SPLITS = ("train", "test")
RIVALS = ("exchange_rate", "travel_notification", "cancel", "transfer")
"""Tools of CLINC150 that would serve some of the requests too."""


def convert(folder: Path, options: Options) -> Iterator[Sample]:
    """The samples of `train.csv` (default) or `test.csv`.

    Raises:
        DataError: The file is missing or not what it should be.
    """
    split = pick_split(options.split, SPLITS)
    helpers = helper_pool(without_domains=("banking", "credit_cards", "bank_support"), without=RIVALS)
    intents = IntentSet("banking77", intent_tools("banking77"), helpers)
    make = training_samples if split == "train" else benchmark_samples
    yield from make(read_requests(folder / f"{split}.csv"), intents, options)


def read_requests(path: Path) -> list[Request]:
    """The rows of a file; names of intents lose capitals and question marks.

    Raises:
        DataError: The file is not what it should be.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Request(row["text"].strip(), row["category"].lower().strip("?"), f"{path.stem}/{number}")
                for number, row in enumerate(csv.DictReader(file))
            ]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: expected columns text and category, {error!r}") from None
