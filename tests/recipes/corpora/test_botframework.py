"""Bot Framework's .lu files become lines: labels are arguments, patterns get one wording, "cancel" is talk."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from recipes.corpora.botframework import read
from recipes.corpora.building import Options, corpus
from recipes.corpora.lu_format import Labelled, labelled, read_intents
from recipes.corpora.skills import Line
from trm_agent.errors import DataError

TODO = """> a comment
## AddToDo
- put {TaskContent=candles} on the {ListType=party} list
- add {TaskContent=tape}, {TaskContent=glue}
- add {TaskContent=soap} and then {TaskContent=rope}
- put down {TaskContent=write to zoe@home.net}
- ^[please] note {TaskContent}^
## Unknown
- nothing

$ListType:simple
- party
"""
MEETING = """# SetAttendeesAdd
- get {@newContact=ann} and {@newContact=bo} in {@date=at noon}
- no, take {@newContact=cy}

@ ml date
"""
GENERAL = """## Cancel
- let it be
"""
HOTEL = """## RoomService
- bring {FoodRequest=2 {SpecialRequest=hot} {Food=teas}}
- bring {FoodRequest=2 {Food=teas}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "x/todoskill/Deployment/Resources/LU/en-us/ToDo.lu": TODO,
        "x/Calendar/language-understanding/en-us/Calendar/setAttendeesAdd.en-us.lu": MEETING,
        "x/calendarskill/Deployment/Resources/LU/en-us/General.lu": GENERAL,
        "x/experimental/hospitalityskill/Deployment/Resources/LU/en-us/Hospitality.lu": HOTEL,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def lines(folder: Path, name: str) -> dict[str, Line]:
    skill = next(skill for skill in read(folder, Options()) if skill.name == f"botframework/{name}")
    return {line.text: line for line in skill.lines}


def test_labels_are_arguments_and_neighbours_of_one_label_are_one_value(folder: Path) -> None:
    found = lines(folder, "todo")
    assert found["put candles on the party list"].wanted[0].said == {"item": "candles", "list": "party"}
    assert found["add tape, glue"].wanted[0].said == {"item": "tape, glue"}


def test_two_values_of_a_parameter_that_takes_one_leave_the_line_out(folder: Path) -> None:
    assert "add soap and then rope" not in lines(folder, "todo")


def test_addresses_are_masked_in_the_line_and_its_value_alike(folder: Path) -> None:
    (line,) = (line for text, line in lines(folder, "todo").items() if text.startswith("put down"))
    assert "zoe@" not in line.text
    assert line.wanted[0].said["item"] == line.text.removeprefix("put down ")


def test_a_pattern_is_worded_with_a_value_labelled_elsewhere(folder: Path) -> None:
    (line,) = (line for text, line in lines(folder, "todo").items() if "note" in text)
    item = line.wanted[0].said["item"]
    assert line.text in {f"note {item}", f"please note {item}"}


def test_entity_lists_and_other_intents_are_no_lines(folder: Path) -> None:
    assert {"party", "nothing"}.isdisjoint(lines(folder, "todo"))


def test_a_list_takes_every_value_and_a_reply_without_its_question_is_left_out(folder: Path) -> None:
    found = lines(folder, "meetings")
    assert list(found) == ["get ann and bo in at noon"]
    said = found["get ann and bo in at noon"].wanted[0].said
    assert said == {"new_contacts": ("ann", "bo"), "date": "at noon"}


def test_the_outer_of_nested_labels_is_the_value_and_open_braces_are_left_out(folder: Path) -> None:
    found = lines(folder, "hospitality")
    assert list(found) == ["bring 2 hot teas"]
    assert found["bring 2 hot teas"].wanted[0].said == {"food": ("2 hot teas",)}


def test_calling_it_off_is_talk(folder: Path) -> None:
    line = lines(folder, "general")["let it be"]
    assert (line.wanted, line.act) == ((), "give_up")


def test_the_corpus_converts(folder: Path) -> None:
    samples = list(corpus("botframework")(folder, Options()))
    assert {sample.meta["source"] for sample in samples} == {"botframework"}


def test_a_folder_without_its_files_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of the"):
        list(read(tmp_path, Options()))


def test_intents_are_read_in_order(folder: Path) -> None:
    path = folder / "x/calendarskill/Deployment/Resources/LU/en-us/General.lu"
    assert list(read_intents(path)) == [("Cancel", "let it be")]


def test_spans_of_labels() -> None:
    rng = random.Random(0)
    assert labelled("go {to=far {a=away}} now", {}, rng) == Labelled("go far away now", (("to", 3, 11), ("a", 7, 11)))
    assert labelled("go {gap}", {}, rng) is None
