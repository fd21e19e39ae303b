"""A STAR dialogue becomes samples: queries are calls, check and book are two tools, slots fill where they are said."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.mentions import spoken, stands
from recipes.corpora.star import convert
from recipes.corpora.star_tools import read_apis, read_query
from trm_agent.errors import DataError
from trm_agent.types import Sample


def api(required: list[str], *inputs: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"ReadableName": spec["Name"], **spec} for spec in inputs], "required": required}


TIMES = [f"{hour} {half}" for half in ("am", "pm") for hour in range(1, 13)]
REQUEST = {"Name": "RequestType", "Type": "RequestType", "Categories": ["Check", "Book"]}
APIS = {
    "sauna_book": api(
        ["Name", "Time", "RequestType"],
        {"Name": "Name", "Type": "Categorical", "Categories": ["Pine Hotel", "Lake Hotel"]},
        {"Name": "Time", "Type": "Categorical", "Categories": TIMES},
        {"Name": "Guests", "Type": "Integer", "Min": 1, "Max": 20},
        {"Name": "Remark", "Type": "LongString"},
        REQUEST,
    ),
    "library_search": api(
        [],
        {"Name": "Author", "Type": "ShortString"},
        {"Name": "Topics", "Type": "CategoricalMultiple", "Categories": ["Art", "War", "Sea"]},
        {"Name": "HasPictures", "Type": "Boolean"},
    ),
    "tide": api(["Day"], {"Name": "Day", "Type": "Categorical", "Categories": ["Monday", "Tuesday", "Friday"]}),
}


def user(text: str) -> dict[str, Any]:
    return {"Agent": "User", "Action": "utter", "Text": text}


def wizard(text: str, label: str | None = None) -> dict[str, Any]:
    event = {"Agent": "Wizard", "Action": "pick_suggestion" if label else "utter", "Text": text}
    return event | ({"ActionLabel": label} if label else {})


def query(name: str, item: dict[str, Any] | None = None, **constraints: str) -> list[dict[str, Any]]:
    result = {"Action": "return_item", "Agent": "KnowledgeBase", "APIName": name}
    return [
        {
            "Agent": "Wizard",
            "Action": "query",
            "APIName": name,
            "Constraints": [{k: v} for k, v in constraints.items()],
        },
        result | ({"Item": {"APIName": name, **item}} if item else {}),
    ]


BOOKING = [
    {"Agent": "UserGuide", "Action": "instruct", "Text": "Be kind."},
    user("Hello!"),
    wizard("Hello, how can I help?", "hello"),
    user("Is the Lake free? There are four of us."),
    {"Agent": "Wizard", "Action": "request_suggestions", "Text": "when"},
    wizard("At what time?", "sauna_ask_time"),
    user("At 7PM, please."),
    *query(
        "sauna_book",
        {"Message": "Available"},
        Name='api.is_equal_to("Lake Hotel")',
        Time='"7 pm"',
        Guests="4",
        RequestType='"Check"',
    ),
    wizard("Shall I book it?", "sauna_ask_confirm"),
    user("Do"),
    *query("sauna_book", {"Message": "Booked"}, Name='"Lake Hotel"', Time='"7 pm"', Guests="4", RequestType='"Book"'),
    wizard("It is booked.", "sauna_booked"),
    user("Great, thanks"),
    wizard("Goodbye.", "goodbye_1"),
    {"Agent": "User", "Action": "complete"},
]


def dialogue(events: list[dict[str, Any]], *tasks: str, number: int = 7) -> dict[str, Any]:
    return {
        "CompletionLevel": "Complete",
        "DialogueID": number,
        "Events": events,
        "Scenario": {
            "Domains": [task.split("_")[0] for task in tasks],
            "Happy": True,
            "MultiTask": len(tasks) > 1,
            "WizardCapabilities": [{"Task": task} for task in tasks],
        },
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "apis" / "apis").mkdir(parents=True)
    (tmp_path / "dialogues").mkdir()
    for name, body in APIS.items():
        (tmp_path / "apis" / "apis" / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    return tmp_path


def put(folder: Path, *dialogues: dict[str, Any]) -> None:
    for body in dialogues:
        (folder / "dialogues" / f"{body['DialogueID']}.json").write_text(json.dumps(body), encoding="utf-8")


def samples(folder: Path, events: list[dict[str, Any]], *tasks: str, **options: Any) -> list[Sample]:
    put(folder, dialogue(events, *(tasks or ("sauna_book",))))
    return list(convert(folder, Options(**options)))


def test_every_utterance_is_an_answer_and_every_query_a_call_in_order(folder: Path) -> None:
    found = samples(folder, BOOKING)
    decided = [sample.tool["name"] if sample.tool else sample.content for sample in found]
    assert decided == [
        "Hello, how can I help?",
        "At what time?",
        "sauna_check",
        "Shall I book it?",
        "sauna_book",
        "It is booked.",
        "Goodbye.",
    ]
    for one, other in pairwise(found):
        assert other.history[: len(one.history)] == one.history
    roles = [message.role for message in found[3].history]
    assert roles == ["user", "assistant", "user", "assistant", "user", "tool_call", "tool_response"]
    assert found[3].history[-1].content == {"Message": "Available"}


def test_arguments_are_unwrapped_and_typed(folder: Path) -> None:
    call = samples(folder, BOOKING)[2].tool
    assert call == {"name": "sauna_check", "arguments": {"Name": "Lake Hotel", "Time": "7 pm", "Guests": 4}}


def test_slots_are_empty_until_the_user_says_their_value_and_then_kept(folder: Path) -> None:
    states = [sample.slots for sample in samples(folder, BOOKING, distractors=0)]
    assert states[0] == {"Name": "", "Time": "", "Guests": "", "Remark": ""}
    assert states[1] == {"Name": "Lake Hotel", "Time": "", "Guests": 4, "Remark": ""}
    assert states[-1] == {"Name": "Lake Hotel", "Time": "7 pm", "Guests": 4, "Remark": ""}


def test_a_slot_whose_value_the_user_does_not_say_is_left_out_before_its_call(folder: Path) -> None:
    events = [user("A sauna, and make it warm"), wizard("When?"), user("7 pm, at the Pine")]
    events += query("sauna_book", Name='"Pine Hotel"', Time='"7 pm"', Remark='"likes heat"', RequestType='"Check"')
    first, call = samples(folder, events, distractors=0)
    assert first.slots == {"Name": "", "Time": "", "Guests": ""}
    assert first.meta["slots_known"] is False
    assert call.slots["Remark"] == "likes heat"
    assert "slots_known" not in call.meta
    assert call.accept.optional == ("Remark",), "nobody spoke of it, so the call is right without it"


def test_meta_tells_dialogue_domain_subset_and_the_coming_tool_as_intent(folder: Path) -> None:
    found = samples(folder, BOOKING)
    assert found[1].meta == {
        "source": "star",
        "subset": "happy",
        "domain": "sauna",
        "dialogue": "star/7",
        "seen": True,
        "intent": "sauna_check",
    }
    intents = [sample.meta["intent"] for sample in found]
    assert intents == [None, "sauna_check", "sauna_check", "sauna_book", "sauna_book", "sauna_book", None]


def test_a_query_repeated_at_once_is_left_out_and_its_result_is_the_one_that_counts(folder: Path) -> None:
    again = [query("tide", {"Height": height}, Day='"Friday"') for height in (1, 2)]
    found = samples(folder, [user("The tide on Friday?"), *again[0], *again[1], wizard("Two feet.")], "tide")
    assert [sample.decision for sample in found] == ["tool_call", "direct_answer"]
    assert [message.content for message in found[1].history[2:]] == [{"Height": 2}]


def test_values_the_wizard_only_tries_stay_in_the_history_without_a_sample(folder: Path) -> None:
    events = [user("When is the tide high? Monday?")]
    events += [*query("tide", Day='"Monday"'), *query("tide", Day='"Tuesday"'), wizard("On Tuesday.")]
    call, words = samples(folder, events, "tide", distractors=0)
    assert call.tool == {"name": "tide", "arguments": {"Day": "Monday"}}
    assert len(words.history) == 5
    assert words.slots == {}, "what the user wants now is not known"


def test_what_rests_on_a_query_that_is_no_call_is_not_taught(folder: Path) -> None:
    events = [user("The tide?"), *query("tide", Day="null"), wizard("It is high."), user("Thanks"), wizard("Bye.")]
    assert [sample.content for sample in samples(folder, events, "tide")] == ["Bye."]


@pytest.mark.parametrize(
    ("constraints", "arguments"),
    [
        ([{"Author": "0314"}], {"Author": "0314"}),
        ([{"Author": '"Ada \\"A\\" Low "'}], {"Author": 'Ada "A" Low'}),
        ([{"Author": "null"}, {"HasPictures": "False"}], {"HasPictures": False}),
        ([{"Topics": 'api.contains("Art")'}, {"Topics": 'api.contains("Sea")'}], {"Topics": ["Art", "Sea"]}),
        ([{"Topics": 'api.contains_not("Art")'}], {}),
        ([{"Author": '"Bo"'}, {"Author": '"Cy"'}], {"Author": "Cy"}),
    ],
)
def test_constraints_are_read_as_typed_arguments(
    folder: Path, constraints: list[Any], arguments: dict[str, Any]
) -> None:
    found = read_query(read_apis(folder / "apis" / "apis")["library_search"], constraints)
    assert found is not None
    assert found.arguments == arguments


def test_one_of_several_values_all_count_and_the_one_that_was_said_comes_first(folder: Path) -> None:
    events = [user("The tide on Tuesday or so"), *query("tide", Day='api.is_one_of(["Monday","Tuesday"])')]
    (call,) = samples(folder, events, "tide")
    assert call.tool == {"name": "tide", "arguments": {"Day": "Tuesday"}}
    assert (call.accept.arguments, call.accept.slots) == ({"Day": ["Monday"]}, {"Day": ["Monday"]})


def test_a_held_out_api_takes_its_dialogues_and_its_tools_away(folder: Path) -> None:
    put(folder, dialogue(BOOKING, "sauna_book", number=1))
    put(folder, dialogue([user("The tide on Friday?"), *query("tide", Day='"Friday"')], "tide", number=2))
    kept = list(convert(folder, Options(hold_out=frozenset({"tide"}))))
    assert {sample.meta["dialogue"] for sample in kept} == {"star/1"}
    assert "tide" not in {tool.name for sample in kept for tool in sample.tools}
    unseen = list(convert(folder, Options(only=frozenset({"tide"}))))
    assert {(sample.meta["dialogue"], sample.meta["seen"]) for sample in unseen} == {("star/2", False)}


def test_tools_of_a_domain_that_the_user_speaks_of_are_no_distractors(folder: Path) -> None:
    put(folder, *(dialogue([user("The tide on Friday?"), wizard("High.")], "tide", number=n) for n in range(30)))
    put(folder, dialogue([user("The tide, in the library"), wizard("High.")], "tide", number=31))
    offered: dict[str, set[str]] = {}
    for sample in convert(folder, Options()):
        offered.setdefault(sample.meta["dialogue"], set()).update(tool.name for tool in sample.tools)
    assert any("library_search" in names for names in offered.values())
    assert "library_search" not in offered["star/31"]


def test_only_dialogues_brought_to_their_end_are_read(folder: Path) -> None:
    put(folder, dialogue(BOOKING, "sauna_book") | {"CompletionLevel": "DisconnectDuringDialogue"})
    assert list(convert(folder, Options())) == []


def test_samples_survive_the_round_trip_through_json(folder: Path) -> None:
    for sample in samples(folder, BOOKING):
        assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


def test_the_corpus_is_listed_and_a_folder_without_apis_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no API definitions \(\*\.json\); expected the folder apis/apis"):
        list(corpus("star")(tmp_path, Options()))


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("4 pm", "at 4PM.", True),
        ("4 pm", "four p.m. is fine", True),
        ("14th", "the 14 of May", True),
        (2, "at 2 pm", False),
        (2, "two people at 2 pm", True),
        ("Lake Hotel", "the lake one", True),
        ("Lake Hotel", "a hotel", False),
        ("Ann", "Anna", False),
        (True, "true", False),
        (["Art", "Sea"], "sea and art", True),
    ],
)
def test_a_value_stands_in_a_text_in_other_spellings_but_not_in_other_words(value: Any, text: str, found: bool) -> None:
    assert stands(value, text, ("Lake Hotel", "Pine Hotel")) is found


def test_a_value_that_is_only_part_of_another_is_not_said() -> None:
    assert stands("Alma", "I see Dr. Alma", apart_from=["Alma", "Dr. Alma"]) is False
    assert stands("Alma", "I am Alma and see Dr. Alma", apart_from=["Alma", "Dr. Alma"]) is True


def test_spoken_text_is_words_and_numbers() -> None:
    assert spoken("It's 7:00 P.M., twenty of us") == " its 7 pm 20 of us "
