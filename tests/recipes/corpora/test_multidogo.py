"""A customer's turns become samples: intents are tools, labelled words are values, what the agent did is not known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from recipes.corpora.building import Options, corpus
from recipes.corpora.multidogo import FOLDER, convert, read_conversations, read_domains
from trm_agent.errors import DataError
from trm_agent.types import Sample

HEADER = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent"
SEAT = [
    ("good day", "O O", "openinggreeting"),
    ("put me on another seat please", "O O O O O O", "changeseatassignment"),
    ("ana lund and my code is k 7 x", "name name O O O O booking_confirmation_number booking_confirmation_number "
     "booking_confirmation_number", "contentonly"),
    ("an aisle seat", "O seat_type O", "contentonly"),
    ("thank you", "O O", "thankyou"),
]  # fmt: skip
BALANCE = [("what do i own", "O O O O", "checkbalance")]
Turns = list[tuple[str, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for domain in read_domains():
        (tmp_path / FOLDER / domain).mkdir(parents=True)
        (tmp_path / FOLDER / domain / "train.tsv").write_text(f"{HEADER}\n", encoding="utf-8")
    return tmp_path


def put(folder: Path, domain: str, **conversations: Turns) -> Path:
    rows = [
        f"{name}\t{number}\t{name}-{number}\t{text}\t{labels}\t{intent}"
        for name, turns in conversations.items()
        for number, (text, labels, intent) in enumerate(turns)
    ]
    path = folder / FOLDER / domain / "train.tsv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def samples(folder: Path, turns: Turns, domain: str = "airline") -> list[Sample]:
    put(folder, domain, c1=turns)
    return list(convert(folder, Options()))


def test_every_turn_is_a_point_and_nothing_stands_for_the_agent(folder: Path) -> None:
    found = samples(folder, SEAT)
    assert [len(sample.history) for sample in found] == [1, 2, 3, 4, 5]
    assert {message.role for message in found[-1].history} == {"user"}
    assert found[0].meta["dialogue"] == "multidogo/c1"
    assert (found[0].meta["subset"], found[0].meta["domain"], found[0].meta["seen"]) == ("airline", "airline", True)


def test_a_request_is_called_once_at_the_turn_that_completes_it(folder: Path) -> None:
    found = samples(folder, SEAT)
    assert [sample.decision for sample in found].count("tool_call") == 1
    assert found[2].tool == {
        "name": "change_seat",
        "arguments": {"passenger_name": "ana lund", "confirmation_number": "k 7 x"},
    }


def test_only_courtesies_and_calls_are_known_decisions(folder: Path) -> None:
    known = [sample.meta.get("decision_known", True) for sample in samples(folder, SEAT)]
    assert known == [True, False, True, False, True]


def test_the_intent_is_the_request_that_is_open_and_none_for_courtesies(folder: Path) -> None:
    intents = [sample.meta["intent"] for sample in samples(folder, SEAT)]
    assert intents == [None, "change_seat", "change_seat", "change_seat", None]


def test_slots_are_what_was_said_so_far(folder: Path) -> None:
    found = samples(folder, SEAT)
    filled = [{key: value for key, value in sample.slots.items() if value} for sample in found]
    assert filled[1] == {}
    assert filled[3] == {"passenger_name": "ana lund", "confirmation_number": "k 7 x", "seat_type": "aisle"}
    assert all("slots_known" not in sample.meta for sample in found)


def test_a_bare_number_that_may_be_several_things_is_left_out(folder: Path) -> None:
    turns = [
        *BALANCE,
        ("ana lund", "name name", "contentonly"),
        ("4711", "ssn", "contentonly"),
        ("my account is 99", "O O O account_number", "contentonly"),
    ]
    found = samples(folder, turns, "finance")
    assert [sample.meta.get("slots_known", True) for sample in found] == [True, True, False, False]
    assert all("ssn_last_digits" not in sample.slots for sample in found[2:])
    assert found[3].decision == "direct_answer", "what it requires is not surely said"


def test_a_bare_number_that_only_one_open_parameter_takes_is_its_value(folder: Path) -> None:
    turns = [
        *BALANCE,
        ("ana lund with account 99 and card 12", "name name O O account_number O O card_number", "contentonly"),
        ("4711", "ssn", "contentonly"),
    ]
    found = samples(folder, turns, "finance")
    assert found[-1].tool is not None
    assert found[-1].tool["arguments"]["ssn_last_digits"] == "4711"


def test_two_values_of_one_label_both_count(folder: Path) -> None:
    labels = "drink_item O drink_item O address address address O phonenumber"
    turn = ("tea and coffee to 5 elm road call 555", labels, "orderdrinkintent")
    (call,) = samples(folder, [turn], "fastfood")
    assert call.tool is not None
    assert call.tool["arguments"]["drink"] == "tea"
    assert (call.accept.arguments, call.accept.slots) == ({"drink": ["coffee"]}, {"drink": ["coffee"]})


def test_a_turn_with_two_requests_has_no_intent(folder: Path) -> None:
    (sample,) = samples(folder, [("fly and sit", "O O O", "bookflight<div>getseatinfo")])
    assert "intent" not in sample.meta
    assert sample.meta["decision_known"] is False
    assert {"book_flight", "get_seat"} <= {tool.name for tool in sample.tools}


def test_a_conversation_ends_before_labels_that_do_not_fit(folder: Path) -> None:
    path = put(folder, "airline", c1=[*SEAT[:2], ("one two", "O", "contentonly"), *SEAT[2:]])
    counts: Counter[str] = Counter()
    assert [len(turns) for turns in read_conversations(path, counts).values()] == [2]
    assert counts == {"turns left out after labels that do not fit": 4}


def test_a_conversation_without_a_request_is_left_out(folder: Path) -> None:
    assert samples(folder, [SEAT[0], SEAT[-1]]) == []


def test_held_out_tools_take_their_conversations_and_are_offered_nowhere(folder: Path) -> None:
    put(folder, "airline", **{f"c{n}": SEAT for n in range(8)})
    put(folder, "finance", **{f"d{n}": BALANCE for n in range(8)})
    held_out = frozenset({"change_seat", "media"})
    found = list(convert(folder, Options(hold_out=held_out)))
    assert {sample.meta["domain"] for sample in found} == {"finance"}
    names = {tool.name for sample in found for tool in sample.tools}
    assert names.isdisjoint({"change_seat", "start_service"})
    assert {sample.meta["seen"] for sample in convert(folder, Options(only=held_out))} == {False}


def test_domains_share_a_number_of_conversations_alike(folder: Path) -> None:
    put(folder, "airline", **{f"c{n}": SEAT for n in range(8)})
    put(folder, "finance", **{f"d{n}": BALANCE for n in range(8)})
    found = list(convert(folder, Options(num_dialogues=12)))
    dialogues = {(sample.meta["domain"], sample.meta["dialogue"]) for sample in found}
    assert Counter(domain for domain, _ in dialogues) == {"airline": 2, "finance": 2}


def test_every_declared_tool_has_a_description_and_a_name_of_its_own() -> None:
    tools = [tool for domain in read_domains().values() for tool in domain.tools.values()]
    assert len({tool.name for tool in tools}) == len(tools)
    assert all(tool.description and all(p.description for p in tool.parameters) for tool in tools)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.tsv: FileNotFoundError"):
        list(corpus("multidogo")(tmp_path, Options()))
