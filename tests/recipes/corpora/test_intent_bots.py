"""Alexa skills, Rasa bots and Dialogflow agents become skills: what is a tool, what a value, what only talk."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora import alexa_skills, dialogflow_agents, rasa_bots
from recipes.corpora.building import Options, corpus, declare
from recipes.corpora.drawn_values import KINDS, SCHEMAS, VALUES, kind_of
from recipes.corpora.intent_files import is_english, make_skill, name_words, talk, wants
from recipes.corpora.rasa_files import example
from recipes.corpora.single_requests import read_as
from recipes.corpora.skills import Line, Skill
from trm_agent.errors import DataError
from trm_agent.types import ToolSchema

MODEL: dict[str, Any] = {
    "interactionModel": {
        "languageModel": {
            "intents": [
                {"name": "AMAZON.StopIntent", "samples": ["that will do"]},
                {
                    "name": "WaterPlantIntent",
                    "slots": [{"name": "plant", "type": "PLANT"}, {"name": "cups", "type": "AMAZON.NUMBER"}],
                    "samples": ["to give the {plant} {cups} cups of water", "{plant}", "water the plants"],
                },
            ],
            "types": [{"name": "PLANT", "values": [{"name": {"value": v}} for v in ("fern", "cactus")]}],
        },
        "dialog": {
            "intents": [
                {
                    "name": "WaterPlantIntent",
                    "slots": [{"name": "plant", "elicitationRequired": True, "prompts": {"elicitation": "e1"}}],
                }
            ]
        },
        "prompts": [{"id": "e1", "variations": [{"value": "Which plant <break/> is thirsty?"}]}],
    }
}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def only(skills: Iterable[Skill]) -> Skill:
    (skill,) = skills
    return skill


def test_values_that_lines_say_stand_in_them(tmp_path: Path) -> None:
    write(tmp_path / "a+garden" / "models" / "en-US.json", MODEL)
    skill = only(alexa_skills.read(tmp_path, Options()))
    assert [tool.name for tool in skill.tools] == ["WaterPlant"]
    assert skill.tools[0].schema["properties"]["plant"]["enum"] == ["fern", "cactus"]
    assert skill.tools[0].schema["properties"]["cups"]["type"] == "integer"
    assert skill.tools[0].required == ("plant",)
    for line in skill.lines:
        for want in line.wanted:
            assert all(str(value) in line.text for value in want.said.values())


def test_a_bare_value_only_answers_a_question(tmp_path: Path) -> None:
    write(tmp_path / "a+garden" / "models" / "en-US.json", MODEL)
    skill = only(alexa_skills.read(tmp_path, Options()))
    asked = [line for line in skill.lines if line.asked]
    assert {line.text for line in asked} == {"fern", "cactus"}
    assert {line.asked for line in asked} == {"Which plant is thirsty?"}
    assert not {line.text for line in skill.lines if not line.asked} & {"fern", "cactus"}
    assert all(not line.text.startswith("to ") for line in skill.lines)


def test_amazons_own_intents_are_talk(tmp_path: Path) -> None:
    write(tmp_path / "a+garden" / "models" / "en-US.json", MODEL)
    talks = [line for line in only(alexa_skills.read(tmp_path, Options())).lines if not line.wanted]
    assert [(line.text, line.act) for line in talks] == [("that will do", "give_up")]


def test_the_older_format_unfolds_alternatives(tmp_path: Path) -> None:
    folder = tmp_path / "old-format" / "b+tides"
    schema = {"intents": [{"intent": "TideIntent", "slots": [{"name": "Town", "type": "TOWNS"}]}]}
    write(folder / "IntentSchema.json", schema)
    write(folder / "SampleUtterances.txt", "TideIntent {what is|tell me} the tide in {Bude|Town}\n")
    write(folder / "customSlotTypes" / "TOWNS.txt", "Bude\nWhitby\n")
    skill = only(alexa_skills.read(tmp_path, Options()))
    assert {line.text for line in skill.lines} <= {
        f"{start} the tide in {town}" for start in ("what is", "tell me") for town in ("Bude", "Whitby")
    }
    assert {line.wanted[0].said["Town"] for line in skill.lines} <= {"Bude", "Whitby"}


def test_both_versions_of_lex(tmp_path: Path) -> None:
    slot = {
        "name": "Size",
        "slotType": "Sizes",
        "slotConstraint": "Required",
        "valueElicitationPrompt": {"messages": [{"content": "Which size?"}]},
    }
    bot = {
        "name": "Boots",
        "intents": [{"name": "OrderBoots", "sampleUtterances": ["order boots in {Size}"], "slots": [slot]}],
        "slotTypes": [{"name": "Sizes", "enumerationValues": [{"value": "small"}, {"value": "large"}]}],
    }
    write(tmp_path / "lex-bots" / "c+boots" / "bot.json", {"resource": bot})
    second = tmp_path / "lex-bots" / "d+calls" / "BotLocales" / "en_US" / "Intents" / "CallBack"
    intent = {"name": "CallBack", "sampleUtterances": [{"utterance": "call me back at {When}"}]}
    setting = {"slotConstraint": "Required", "promptSpecification": {"messageGroupsList": []}}
    write(second / "Intent.json", intent)
    write(
        second / "Slots" / "When" / "Slot.json",
        {"name": "When", "slotTypeName": "AMAZON.Time", "valueElicitationSetting": setting},
    )
    boots, calls = alexa_skills.read(tmp_path, Options())
    assert boots.tools[0].required == ("Size",)
    assert {line.asked for line in boots.lines} == {None, "Which size?"}
    assert calls.lines[0].wanted[0].said["When"] in VALUES["time"]


DOMAIN = """
forms:
  booth_form:
    required_slots: [color]
slots:
  color: {type: categorical, values: [red, teal]}
responses:
  utter_ask_booth_form_color:
  - text: Which color should it have?
"""
RULES = """
rules:
- rule: book
  steps:
  - intent: book_booth
  - action: booth_form
"""
NLU = """
nlu:
- intent: greet
  examples: |
    - hello there
    - hi bot
- intent: book_booth
  examples: |
    - I would like a [red](color) booth
    - please book a booth
    - give me a [bluish]{"entity": "color", "value": "teal"} booth
- intent: inform
  examples: |
    - [teal](color)
- intent: opening
  examples: |
    - when do you open
    - do you open today
"""


def test_a_form_makes_a_tool_and_its_slots_are_required(tmp_path: Path) -> None:
    write(tmp_path / "e+booths" / "domain.yml", DOMAIN)
    write(tmp_path / "e+booths" / "data" / "rules.yml", RULES)
    write(tmp_path / "e+booths" / "data" / "nlu.yml", NLU)
    skill = only(rasa_bots.read(tmp_path, Options()))
    assert [(tool.name, tool.required) for tool in skill.tools] == [("book_booth", ("color",))]
    by_text = {line.text: line for line in skill.lines}
    assert by_text["I would like a red booth"].wanted[0].said == {"color": "red"}
    assert by_text["give me a bluish booth"].wanted[0].inferred == {"color": "teal"}
    assert by_text["teal"].asked == "Which color should it have?"
    assert by_text["hello there"].act == "small_talk"
    assert (by_text["when do you open"].wanted, by_text["when do you open"].act) == ((), "question")


def test_stories_in_markdown(tmp_path: Path) -> None:
    lines = "".join(f"- show me the [{day}](day) plan\n" for day in ("Monday", "Tuesday", "Friday"))
    write(tmp_path / "f+plans" / "config.yml", "language: en\n")
    write(tmp_path / "f+plans" / "data" / "nlu.md", f"## intent:plan\n{lines}\n## intent:deny\n- never\n")
    write(tmp_path / "f+plans" / "data" / "stories.md", '## path\n* plan{"day": "Monday"}\n  - action_show_plan\n')
    skill = only(rasa_bots.read(tmp_path, Options()))
    assert [tool.name for tool in skill.tools] == ["plan"]
    assert [line.act for line in skill.lines if not line.wanted] == ["refuse"]


@pytest.mark.parametrize(
    ("marked", "text", "values"),
    [
        ("to [Oslo](city)", "to Oslo", (("city", "Oslo", "Oslo"),)),
        ("to [oslo](city:Oslo)", "to oslo", (("city", "oslo", "Oslo"),)),
        ('from [Bergen]{"entity": "city", "role": "from"}', "from Bergen", (("from_city", "Bergen", "Bergen"),)),
    ],
)
def test_marks_of_rasa(marked: str, text: str, values: tuple[tuple[str, str, str], ...]) -> None:
    read = example(marked)
    assert (read.text, read.values) == (text, values)
    assert read.frame.endswith("{}")


def agent_files() -> dict[str, Any]:
    parameter = {
        "name": "tea",
        "dataType": "@tea",
        "required": True,
        "prompts": [{"lang": "en", "value": "Which tea would you like?"}],
    }
    said = [{"text": "brew "}, {"text": "a dark one", "alias": "tea", "meta": "@tea"}]
    return {
        "intents/Brew Tea.json": {
            "name": "Brew Tea",
            "webhookUsed": True,
            "responses": [{"action": "brew", "parameters": [parameter]}],
        },
        "intents/Brew Tea_usersays_en.json": [{"data": said}, {"data": [{"text": "make me some tea"}]}],
        "intents/Brew Tea - yes.json": {"name": "Brew Tea - yes", "contexts": ["BrewTea-followup"], "responses": [{}]},
        "intents/Brew Tea - yes_usersays_en.json": [{"data": [{"text": "yes"}]}],
        "intents/Default Welcome Intent.json": {
            "name": "Default Welcome Intent",
            "responses": [{"action": "input.welcome"}],
        },
        "intents/Default Welcome Intent_usersays_en.json": [{"data": [{"text": "good day"}]}],
        "entities/tea.json": {"name": "tea"},
        "entities/tea_entries_en.json": [
            {"value": "assam", "synonyms": ["assam", "a dark one"]},
            {"value": "sencha", "synonyms": ["sencha"]},
        ],
    }


@pytest.mark.parametrize("zipped", [False, True])
def test_agents_as_folders_and_as_zips(tmp_path: Path, zipped: bool) -> None:
    repository = tmp_path / "g+tea"
    if zipped:
        repository.mkdir()
        with zipfile.ZipFile(repository / "agent.zip", "w") as archive:
            for name, content in agent_files().items():
                archive.writestr(name, json.dumps(content))
    else:
        for name, content in agent_files().items():
            write(repository / "agent" / name, content)
    skill = only(dialogflow_agents.read(tmp_path, Options()))
    assert [(tool.name, tool.required) for tool in skill.tools] == [("brew_tea", ("tea",))]
    by_text = {line.text: line for line in skill.lines}
    assert by_text["brew a dark one"].wanted[0].inferred == {"tea": "assam"}
    assert by_text["good day"].act == "small_talk"
    assert by_text["sencha"].asked == "Which tea would you like?"
    assert "yes" not in by_text


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("greet", (True, "small_talk")),
        ("Default Fallback Intent", (True, None)),
        ("faq/opening", (True, "question")),
        ("deny", (True, "refuse")),
        ("BookTableIntent", (False, None)),
    ],
)
def test_names_tell_talk(name: str, found: tuple[bool, str | None]) -> None:
    assert talk(name) == found


def test_talk_that_another_tool_might_serve_is_left_out() -> None:
    lines = [
        Line("water the fern", wants("water_plant", {})),
        Line("what lovely rain today", (), None, "small_talk"),
        Line("who made you", (), None, "small_talk"),
        Line("hang [up](x", (), None, "give_up"),
    ]
    skill = make_skill("x/garden", plant_tools(), lines)
    assert skill is not None
    assert [line.text for line in skill.lines] == ["water the fern", "who made you"]


def test_addresses_are_masked_in_the_line_and_in_its_value() -> None:
    line = Line("water it for gustav@firm.test", wants("water_plant", {"who": "gustav@firm.test"}))
    skill = make_skill("x/garden", plant_tools(), [line])
    assert skill is not None
    value = skill.lines[0].wanted[0].said["who"]
    assert isinstance(value, str)
    assert value.endswith("@example.com")
    assert skill.lines[0].text == f"water it for {value}"


def test_a_text_that_asks_for_two_things_is_left_out() -> None:
    lines = [Line("do it", wants("water_plant", {})), Line("Do it!", wants("cut_plant", {}))]
    assert make_skill("x/garden", plant_tools(), lines) is None


def plant_tools() -> list[ToolSchema]:
    return [declare("water_plant"), declare("cut_plant")]


def test_words_of_names() -> None:
    assert name_words("AMAZON.HelpIntent") == "help"
    assert name_words("book_tableIntent") == "book table"


def test_english_is_told_by_its_words() -> None:
    assert is_english("show me the way to the station")
    assert not is_english("mera balance kitna bacha hai")


def test_every_kind_has_values_that_its_schema_takes() -> None:
    assert {kind for _, kind in KINDS} <= set(VALUES)
    assert kind_of("AMAZON.PhoneNumber", "mobile") == "phone"
    assert kind_of("@sys.date", "date") == "date"
    assert kind_of("PLANT", "plant") is None
    for kind, schema in SCHEMAS.items():
        for text in VALUES[kind]:
            assert read_as(text, "", {"type": schema["type"]}) is not None, (kind, text)


@pytest.mark.parametrize("name", ["alexa", "rasa", "dialogflow"])
def test_an_empty_folder_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no (interaction model|Rasa bot|Dialogflow agent)"):
        list(corpus(name)(tmp_path, Options()))
