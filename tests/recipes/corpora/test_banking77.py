"""Banking77: names are cleaned, training mixes in tools from elsewhere, the test split offers all 77."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.corpora.banking77 import read_requests
from recipes.corpora.building import Options, corpus
from recipes.corpora.single_requests import intent_tools
from trm_agent.errors import DataError

ROWS = 'text,category\n"So, where is my money back?",Refund_not_showing_up\nWas it paid back?,reverted_card_payment?\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path


def test_names_lose_capitals_and_question_marks(folder: Path) -> None:
    requests = read_requests(folder / "train.csv")
    assert [r.intent for r in requests] == ["refund_not_showing_up", "reverted_card_payment"]
    assert [r.id for r in requests] == ["train/0", "train/1"]


def test_training_mixes_in_tools_that_are_not_about_banking(folder: Path) -> None:
    names = {t.name for seed in range(60) for s in corpus("banking77")(folder, Options(seed=seed)) for t in s.tools}
    assert names > set(intent_tools("banking77"))
    assert "book_flight" in names
    assert names.isdisjoint({"balance", "credit_limit", "exchange_rate"} - set(intent_tools("banking77")))


def test_the_test_split_offers_all_77_tools(folder: Path) -> None:
    samples = list(corpus("banking77")(folder, Options(split="test")))
    assert [len(s.tools) for s in samples] == [77, 77]
    assert {s.meta["intent"] for s in samples} == {"refund_not_showing_up", "reverted_card_payment"}
    assert all(s.tool == {"name": s.meta["intent"], "arguments": {}} and not s.meta["seen"] for s in samples)


def test_a_file_without_the_columns_is_named(folder: Path) -> None:
    (folder / "test.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"test\.csv: expected columns text and category"):
        list(corpus("banking77")(folder, Options(split="test")))
