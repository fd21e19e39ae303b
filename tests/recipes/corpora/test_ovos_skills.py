"""Intent files of OpenVoiceOS become lines: one wording of a template, with values in its slots."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.ovos_skills import read
from recipes.corpora.skills import Skill
from recipes.corpora.templates import filled, one_wording, slots
from trm_agent.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "ovos-skill-weather/locale/en-us/intents/hourly_forecast.intent": "sky monday at 3 pm over {location}\n# no\n",
        "ovos-skill-weather/locale/en-us/location.entity": "Lima\n",
        "skill-homeassistant/locale/en-us/turn.on.intent": "(start|wake) [up] the {entity}\nstart {unknown}\n",
        "ovos-skill-camera/locale/en-us/have_camera.intent": "do you see me\n",
        "ovos-skill-camera/locale/de-de/take_picture.intent": "mach ein (bild|video)\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def skills(folder: Path, split: str | None = None) -> dict[str, Skill]:
    return {skill.name.partition("/")[2]: skill for skill in read(folder, Options(split=split))}


def test_slots_take_the_values_that_the_package_ships_and_patterns_read_what_is_written_out(folder: Path) -> None:
    (line,) = skills(folder)["ovos-skill-weather"].lines
    assert line.text == "sky monday at 3 pm over Lima"
    assert line.wanted[0].said == {"location": "Lima", "day": "monday", "hour": "3 pm"}


def test_a_slot_without_values_leaves_its_template_out(folder: Path) -> None:
    for line in skills(folder)["skill-homeassistant"].lines:
        device = line.wanted[0].said["device"]
        assert line.text in {f"{verb} the {device}" for verb in ("start", "start up", "wake", "wake up")}


def test_a_question_about_the_assistant_asks_for_no_call(folder: Path) -> None:
    (line,) = skills(folder)["ovos-skill-camera"].lines
    assert (line.wanted, line.act) == ((), "question")


def test_the_split_is_a_language(folder: Path) -> None:
    (skill,) = skills(folder, "de").values()
    assert skill.language == "de"
    assert {line.text for line in skill.lines} <= {"mach ein bild", "mach ein video"}
    with pytest.raises(DataError, match="no skill in 'it'"):
        skills(folder, "it")


def test_the_corpus_converts(folder: Path) -> None:
    samples = list(corpus("ovos-skills")(folder, Options()))
    assert {sample.meta["source"] for sample in samples} == {"ovos-skills"}


def test_wordings_of_nested_groups() -> None:
    drawn = {one_wording("go (north|[far ]south)", random.Random(seed)) for seed in range(40)}
    assert drawn == {"go north", "go south", "go far south"}


def test_slots_are_filled_once_each() -> None:
    rng = random.Random(0)
    assert slots("{a} and {{b}}") == ["a", "b"]
    assert filled("{a} and {{b}}", {"a": ["x"], "b": ["y"]}, rng) == ("x and y", {"a": "x", "b": "y"})
    assert filled("{a} or {a}", {"a": ["x"]}, rng) is None
    assert filled("{a}", {}, rng) is None
