"""Thingpedia's programs as calls: every value is said, filters are arguments, what a call cannot hold is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.corpora import thingpedia, thingpedia_calls
from recipes.corpora.building import Options
from recipes.corpora.skills import Line, Skill
from recipes.corpora.thingtalk import Unreadable, read_class, read_program
from trm_agent.errors import DataError

MANIFEST = """
class @org.example.kettle
#_[thingpedia_name="Kettle"]
{
  // a comment with "query nothing()"
  action boil(in req temperature: Measure(C) #_[prompt="how hot?"] #_[canonical={ base=["heat"] }],
              in opt mode: Enum(quick,gentle) #_[canonical="way of boiling"])
  #_[canonical=["boil the water"]]
  #[doc="Heats the water"];
  monitorable query uses(in opt day: Date, out cups: Number, out drinker: String #_[canonical="who drank"])
  #_[canonical="uses of the kettle"];
}
"""

ROWS = [
    (
        "heat the water to NUMBER_0 degrees , gently",
        "@org.example.kettle . boil ( temperature = NUMBER_0 C , mode = enum gentle )",
    ),
    ("who drank over NUMBER_0 cups on DATE_0", "@org.example.kettle . uses ( day = DATE_0 ) filter cups >= NUMBER_0"),
    (
        "what 's drunk by QUOTED_STRING_0 most",
        "sort ( cups desc of @org.example.kettle . uses ( ) filter drinker == QUOTED_STRING_0 )",
    ),
    (
        "tell me when more than NUMBER_0 cups are gone",
        "monitor ( @org.example.kettle . uses ( ) ) filter cups >= NUMBER_0",
    ),
    ("who drank nothing", "@org.example.kettle . uses ( ) filter ! ( cups >= NUMBER_0 )"),
    ("what does anna drink", '@org.example.kettle . uses ( ) filter drinker == " bert "'),
    (
        "show the uses then boil at NUMBER_0 degrees",
        "@org.example.kettle . uses ( ) => @org.example.kettle . boil ( temperature = NUMBER_0 C )",
    ),
]

DIALOGUE = """====
# 1
U: boil it
UT: $dialogue @org.thingpedia.dialogue.transaction.execute;
UT: @org.example.kettle.boil(temperature=$?);
C: @org.example.kettle.boil(temperature=$?);
A: How hot?
AT: $dialogue @org.thingpedia.dialogue.transaction.sys_slot_fill(temperature);
U: 90 degrees
UT: $dialogue @org.thingpedia.dialogue.transaction.execute;
UT: @org.example.kettle.boil(temperature=90);
C: done
A: Done.
U: never mind
UT: $dialogue @org.thingpedia.dialogue.transaction.cancel;
====
"""

DATASET = """
dataset @org.example.kettle language "en" {
    query (p_day :Date) := @org.example.kettle.uses(day=p_day)
    #_[utterances=["kettle uses on ${p_day}"]];
}
"""


@pytest.fixture
def skill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Skill:
    monkeypatch.setattr(thingpedia_calls, "WATCHED", 1.0)
    home = tmp_path / "main/org.example.kettle"
    (home / "eval/train").mkdir(parents=True)
    (home / "manifest.tt").write_text(MANIFEST, "utf-8")
    (home / "dataset.tt").write_text(DATASET, "utf-8")
    start = "$dialogue @org.thingpedia.dialogue.transaction . execute ;"
    rows = [f"row/{number}\tnull\t{text}\t{start} {program} ;" for number, (text, program) in enumerate(ROWS)]
    (home / "eval/paraphrase.tsv").write_text("\n".join(rows), "utf-8")
    (home / "eval/train/annotated.txt").write_text(DIALOGUE, "utf-8")
    (found,) = thingpedia.read(tmp_path, Options())
    return found


def line(skill: Skill, start: str) -> Line:
    (found,) = [one for one in skill.lines if one.text.startswith(start)]
    return found


def test_a_class_is_read_with_types_questions_and_words() -> None:
    device, _, functions = read_class(MANIFEST)
    boil, uses = functions
    assert (device, boil.name, boil.kind, boil.about) == ("org.example.kettle", "boil", "action", "Heats the water")
    assert boil.parameters["temperature"].prompt == "how hot?"
    assert boil.parameters["temperature"].words == "heat"
    assert boil.parameters["mode"].type == "Enum(quick,gentle)"
    assert [one.direction for one in uses.parameters.values()] == ["in opt", "out", "out"]
    with pytest.raises(DataError, match="no class"):
        read_class("nothing")


def test_a_placeholder_is_filled_alike_with_its_unit_and_choices_are_meant(skill: Skill) -> None:
    found = line(skill, "heat the water")
    (want,) = found.wanted
    assert want.tool == "kettle_boil"
    assert want.said["temperature"].endswith(" degrees")
    assert f"to {want.said['temperature']}, gently" in found.text
    assert dict(want.inferred) == {"mode": "gentle"}


def test_filters_are_arguments_and_bounds_have_names_of_their_own(skill: Skill) -> None:
    found = line(skill, "who drank over")
    (want,) = found.wanted
    assert set(want.said) == {"day", "min_cups"}
    assert all(value in found.text for value in want.said.values())
    (tool,) = [one for one in skill.tools if one.name == "kettle_uses"]
    assert tool.schema["properties"]["min_cups"]["type"] == "number"


def test_order_is_meant_and_endings_are_joined(skill: Skill) -> None:
    found = line(skill, "what's drunk")
    assert dict(found.wanted[0].inferred) == {"sort_by": "cups", "order": "desc"}


def test_waiting_for_a_change_is_a_tool_of_its_own(skill: Skill) -> None:
    assert line(skill, "tell me when").wanted[0].tool == "monitor_kettle_uses"


def test_two_calls_keep_their_order(skill: Skill) -> None:
    assert [want.tool for want in line(skill, "show the uses").wanted] == ["kettle_uses", "kettle_boil"]


def test_what_no_call_holds_and_what_is_not_said_is_left_out(skill: Skill) -> None:
    texts = [one.text for one in skill.lines]
    assert "who drank nothing" not in texts
    assert "what does anna drink" not in texts


def test_a_phrase_of_a_dataset_becomes_a_sentence(skill: Skill) -> None:
    (found,) = [one for one in skill.lines if "kettle uses on" in one.text]
    assert not found.text.startswith("kettle")
    assert found.text.endswith(found.wanted[0].said["day"])


def test_an_answer_has_its_question_and_giving_up_wants_nothing(skill: Skill) -> None:
    answer = line(skill, "90 degrees")
    assert (answer.asked, answer.act, dict(answer.wanted[0].said)) == ("How hot?", "answer", {"temperature": "90"})
    over = line(skill, "never mind")
    assert (over.wanted, over.act) == ((), "give_up")


@pytest.mark.parametrize("program", ["@a.b.c() filter x == 1 || y == 2", "monitor(@a.b.c()) => @a.b.d()", "now"])
def test_programs_that_calls_cannot_hold_are_unreadable(program: str) -> None:
    with pytest.raises(Unreadable):
        read_program(program)


def test_a_folder_without_classes_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no manifest\.tt"):
        list(thingpedia.read(tmp_path, Options()))
