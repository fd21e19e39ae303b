"""HWU64's annotated rows become lines of skills: spans as arguments, chat and questions as talk."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.hwu64 import read
from recipes.corpora.single_requests import own_table
from recipes.corpora.skills import Line, Skill
from trm_agent.errors import DataError

ROWS = {
    "alarm_set": ["wake me at [time : half six] [date : on friday]", "ring in the [timeofday : evening]"],
    "transport_ticket": [
        "a train from [place_name : ghent] to [place_name : lille]",
        "to [place_name : ulm] or [place_name : bern]",
    ],
    "audio_volume_up": ["louder by [change_amount : to twenty percent]"],
    "email_querycontact": ["the [personal_info : address] of [person : tom's]", "write to tom@somewhere.org"],
    "general_praise": ["you are a gem"],
    "qa_maths": ["how much is six times [date : nine]"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "CrossValidation" / "KFold_1" / "trainset"
    place.mkdir(parents=True)
    names = {n for spec in own_table("hwu64").values() for n in (*spec["tools"], *spec.get("talk", {}))}
    for name in names:
        scenario, _, intent = name.partition("_")
        rows = [f'7;{scenario};{intent};"{text}";"x";"x"' for text in ROWS.get(name, ())]
        (place / f"{name}.csv").write_text("\n".join(["answerid;scenario;intent;a;b;c", *rows]), encoding="utf-8")
    return tmp_path


def lines(folder: Path, name: str) -> tuple[Line, ...]:
    return next(skill for skill in skills(folder) if skill.name == f"hwu64/{name}").lines


def skills(folder: Path) -> list[Skill]:
    return list(read(folder, Options()))


def test_spans_are_arguments_and_a_part_of_the_day_is_a_time(folder: Path) -> None:
    first, second = lines(folder, "alarm")
    assert first.text == "wake me at half six on friday"
    assert first.wanted[0].said == {"time": "half six", "date": "on friday"}
    assert second.wanted[0].said == {"time": "evening"}


def test_a_journey_has_two_ends_and_two_destinations_are_left_out(folder: Path) -> None:
    (line,) = lines(folder, "transport")
    assert line.wanted[0].said == {"origin": "ghent", "destination": "lille"}


def test_values_lose_a_genitive_and_a_leading_to(folder: Path) -> None:
    assert lines(folder, "audio")[0].wanted[0].said == {"amount": "twenty percent"}
    assert lines(folder, "email")[0].wanted[0].said == {"field": "address", "contact": "tom"}


def test_a_line_with_an_address_is_left_out(folder: Path) -> None:
    assert all("@" not in line.text for line in lines(folder, "email"))


def test_chat_and_questions_ask_for_no_call(folder: Path) -> None:
    (praise,) = lines(folder, "general")
    (question,) = lines(folder, "questions")
    assert (praise.wanted, praise.act) == ((), "small_talk")
    assert (question.text, question.wanted, question.act) == ("how much is six times nine", (), "question")


def test_the_corpus_converts(folder: Path) -> None:
    samples = list(corpus("hwu64")(folder, Options()))
    assert len(samples) == 7
    assert {sample.meta["source"] for sample in samples} == {"hwu64"}


def test_the_test_split_is_not_seen(folder: Path) -> None:
    (folder / "CrossValidation/KFold_1/testset").mkdir()
    train = folder / "CrossValidation/KFold_1/trainset"
    test = folder / "CrossValidation/KFold_1/testset/csv"
    test.symlink_to(train)
    assert {sample.meta["seen"] for sample in corpus("hwu64")(folder, Options(split="test"))} == {False}


def test_a_folder_without_the_fold_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder KFold_1/trainset"):
        list(read(tmp_path, Options()))


def test_a_row_with_too_few_fields_is_reported(folder: Path) -> None:
    path = folder / "CrossValidation/KFold_1/trainset/alarm_set.csv"
    path.write_text("head\n1;alarm;set", encoding="utf-8")
    with pytest.raises(DataError, match=":2: expected answerid"):
        list(read(folder, Options()))
