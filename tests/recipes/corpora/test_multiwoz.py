"""Talk about a town becomes calls where the user's words change what is known and the assistant tells a result."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options
from recipes.corpora.multiwoz import convert
from recipes.corpora.multiwoz_dialogues import plain, read_convlab, read_multiwoz
from trm_agent.errors import DataError
from trm_agent.types import Sample


def user(text: str) -> dict[str, Any]:
    return {"text": text, "metadata": {}, "dialog_act": {}}


def system(
    text: str, acts: dict[str, Any], hotel: dict[str, Any], book: dict[str, Any] | None = None
) -> dict[str, Any]:
    metadata = {
        "hotel": {"semi": {"area": "", "type": "not mentioned", **hotel}, "book": {"booked": [], **(book or {})}}
    }
    return {"text": text, "dialog_act": acts, "metadata": metadata}


WEST = {"area": "west"}
LODGE = {"area": "west", "name": "gull lodge"}
LOG = [
    user("I need somewhere to stay"),
    system("Which part of town ?", {"Hotel-Request": [["Area", "?"]]}, {}),
    user("In the west , I do n't mind the rest"),
    system("There is the gull lodge .", {"Hotel-Inform": [["Name", "gull lodge"]]}, WEST),
    user("Is it nice ?"),
    system("It is .", {"Hotel-Inform": [["Choice", "1"]]}, WEST),
    user("Book it for 3 people , 2 nights from sunday"),
    system(
        "Done . Your reference is QX7 .",
        {"Booking-Book": [["Ref", "QX7"]]},
        LODGE,
        {"people": "3", "stay": "2", "day": "sunday"},
    ),
    user("Thanks"),
    system("Bye !", {"general-bye": [["none", "none"]]}, LODGE, {"people": "3", "stay": "2", "day": "sunday"}),
]
CAMREST = [
    {
        "data_split": split,
        "dialogue_id": f"{split}-1",
        "turns": [
            {"utterance": "Cheap Nepalese food", "state": {"restaurant": {"food": "nepalese", "price range": "cheap"}}},
            {
                "utterance": "Yak House is cheap.",
                "dialogue_acts": {
                    "binary": [],
                    "categorical": [],
                    "non-categorical": [{"intent": "inform", "slot": "name", "value": "Yak House"}],
                },
            },
        ],
    }
    for split in ("train", "test")
]
WOZ = [
    {
        "data_split": "train",
        "dialogue_id": "w-1",
        "turns": [
            {"utterance": "Thai food", "state": {"restaurant": {"food": "thai", "price range": ""}}},
            {"utterance": "What price range do you want?"},
            {"utterance": "Cheap", "state": {"restaurant": {"food": "thai", "price range": "cheap"}}},
            {"utterance": "Try the Lotus."},
        ],
    }
]


def pack(path: Path, member: str, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, json.dumps(data))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pack(tmp_path / "thu-coai+ConvLab-2/data/multiwoz/val.json.zip", "val.json", {"A1": {"log": LOG}})
    unified = tmp_path / "ConvLab+ConvLab-3/data/unified_datasets"
    pack(unified / "camrest/data.zip", "data/dialogues.json", CAMREST)
    pack(unified / "woz/data.zip", "data/dialogues.json", WOZ)
    return tmp_path


def samples(folder: Path, name: str) -> list[Sample]:
    return [s for s in convert(folder, Options()) if s.meta["subset"] == name]


def test_a_turn_that_changes_what_is_known_calls_and_one_that_asks_back_answers(folder: Path) -> None:
    found = [(s.id, s.tool["name"] if s.tool else None) for s in samples(folder, "multiwoz")]
    assert found == [
        ("multiwoz/A1/0", None),
        ("multiwoz/A1/1/find_hotel", "find_hotel"),
        ("multiwoz/A1/1", None),
        ("multiwoz/A1/3/book_hotel", "book_hotel"),
        ("multiwoz/A1/3", None),
        ("multiwoz/A1/4", None),
    ]


def test_what_is_asked_for_before_the_call_is_required(folder: Path) -> None:
    first = samples(folder, "multiwoz")[0]
    tool = next(tool for tool in first.tools if tool.name == "find_hotel")
    assert tool.required == ("area",)
    assert "either" not in first.meta


def test_a_booking_takes_what_was_said_and_what_was_found(folder: Path) -> None:
    booking = next(s for s in samples(folder, "multiwoz") if s.tool and s.tool["name"] == "book_hotel")
    assert booking.tool
    assert booking.tool["arguments"] == {"people": 3, "stay": 2, "day": "sunday", "name": "gull lodge"}


def test_only_training_dialogues_of_camrest_are_read(folder: Path) -> None:
    names = [
        name for name, _ in read_convlab(folder / "ConvLab+ConvLab-3/data/unified_datasets/camrest/data.zip", "camrest")
    ]
    assert names == ["camrest/train-1"]
    call = samples(folder, "camrest")[0].tool
    assert call == {"name": "find_restaurant", "arguments": {"food": "nepalese", "price_range": "cheap"}}


def test_woz_tells_questions_by_their_words(folder: Path) -> None:
    found = samples(folder, "woz")
    assert [s.decision for s in found] == ["direct_answer", "tool_call", "direct_answer"]
    assert found[1].tool == {"name": "find_restaurant", "arguments": {"food": "thai", "price_range": "cheap"}}


def test_a_tokeniser_leaves_no_traces() -> None:
    assert plain("I do n't know , is it 's ?") == "I don't know, is it's?"


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"val\.json\.zip"):
        dict(read_multiwoz(tmp_path / "val.json.zip"))
