"""Home Assistant's intents as skills: what is said stands in the line, what is meant is of a closed list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipes.corpora import home_assistant
from recipes.corpora.building import Options
from recipes.corpora.skills import Line, Skill

INTENTS = {
    "HassTurnOn": {
        "description": "Switches something on",
        "slots": {name: {"description": name, "required": False} for name in ("name", "area", "domain")},
    },
    "HassLightSet": {
        "description": "Sets a lamp",
        "slots": {name: {"description": name} for name in ("name", "brightness", "color")},
    },
    "HassListAddItem": {
        "description": "Puts something on a list",
        "slots": {"item": {"description": "What", "required": True}, "name": {"description": "List", "required": True}},
    },
    "HassNevermind": {"description": "Leaves it"},
}

SENTENCES = {
    "HassTurnOn": [
        {"sentences": ["<put> on {name}"], "name_domains": ["switch"]},
        {"sentences": ["<put> on [the] lamps in [the] {area}"], "inferred_domain": "light"},
    ],
    "HassLightSet": [
        {"sentences": ["make {name} {shade:color}", "{name} to {level:brightness}"], "name_domains": ["light"]},
        {"sentences": ["{name} fully {full:brightness}"], "name_domains": ["light"]},
    ],
    "HassListAddItem": [{"sentences": ["put {todo_list_item:item} on {name}"], "name_domains": ["todo"]}],
    "HassNevermind": [{"sentences": ["leave it"]}],
}

LISTS = {
    "level": {"range": {"from": 10, "to": 90, "step": 10}},
    "full": {"values": [{"in": "on", "out": 100}]},
    "todo_list_item": {"wildcard": True},
    "shade": {"values": [{"in": "red", "out": "red"}, {"in": "(leaf|grass)", "out": "green"}]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """JSON is YAML, too."""
    files = {"intents.yaml": INTENTS, "rules/en/verbs.yaml": {"expansion_rules": {"put": "(put|switch)"}}}
    files |= {"lists/all.yaml": {"lists": LISTS}}
    files |= {f"sentences/en/{intent}/a.yaml": {"data": blocks} for intent, blocks in SENTENCES.items()}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(data), "utf-8")
    return tmp_path


def skills(folder: Path) -> dict[str, Skill]:
    return {skill.name: skill for skill in home_assistant.read(folder, Options())}


def lines(folder: Path, intent: str) -> Iterator[Line]:
    for skill in skills(folder).values():
        yield from (line for line in skill.lines if line.wanted and line.wanted[0].tool == intent)


def test_what_is_said_stands_in_the_line(folder: Path) -> None:
    everything = [line for skill in skills(folder).values() for line in skill.lines]
    assert any(want.said for line in everything for want in line.wanted)
    for line in everything:
        for want in line.wanted:
            assert all(value in line.text for value in want.said.values()), line


def test_a_domain_that_words_imply_is_inferred_and_of_a_closed_list(folder: Path) -> None:
    found = [line for line in lines(folder, "HassTurnOn") if "lamps" in line.text]
    assert found
    assert all(dict(line.wanted[0].inferred) == {"domain": "light"} for line in found)
    tool = skills(folder)["home-assistant/en/home"].tools[0]
    assert tool.schema["properties"]["domain"]["enum"] == ["light"]


def test_another_word_for_a_choice_is_inferred_and_the_choice_itself_said(folder: Path) -> None:
    coloured = {
        line.text.split()[-1]: line.wanted[0] for line in lines(folder, "HassLightSet") if "make" in line.text.lower()
    }
    for word, want in coloured.items():
        assert (want.said.get("color"), want.inferred.get("color")) == (
            ("red", None) if word == "red" else (None, "green")
        )


def test_numbers_are_drawn_and_words_for_numbers_left_out(folder: Path) -> None:
    said = [line.wanted[0].said["brightness"] for line in lines(folder, "HassLightSet") if " to " in line.text]
    assert said
    assert all(10 <= int(value) <= 90 for value in said)
    assert not any("fully" in line.text for line in lines(folder, "HassLightSet"))


def test_parts_are_skills_and_talk_wants_nothing(folder: Path) -> None:
    found = skills(folder)
    assert set(found) == {"home-assistant/en/home", "home-assistant/en/lists"}
    talk = [line for line in found["home-assistant/en/home"].lines if not line.wanted]
    assert [line.act for line in talk] == ["give_up"]
    assert found["home-assistant/en/lists"].tools[0].required == ("item", "name")


def test_it_is_a_corpus(folder: Path) -> None:
    samples = list(home_assistant.convert(folder, Options()))
    assert samples
    assert {sample.meta["source"] for sample in samples} == {"home-assistant"}
