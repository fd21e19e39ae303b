"""Words for direct answers: values are taken out and put in again, and nothing is stated without a source."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trm_agent.checkpoint import Checkpoint, load_checkpoint
from trm_agent.errors import CheckpointError
from trm_agent.responses.bank import Response, ResponseBank, read_responses
from trm_agent.responses.choosing import Responses
from trm_agent.responses.collecting import build_bank, collect, said_at
from trm_agent.responses.completing import completed, told_alone
from trm_agent.responses.facts import known_facts
from trm_agent.responses.fields import MARKS, otherwise
from trm_agent.responses.filling import fill
from trm_agent.responses.frames import load_frames
from trm_agent.responses.guard import Evidence, stated_values, unsupported
from trm_agent.responses.head import HeadConfig, ResponseHead, contrastive_loss, state_width
from trm_agent.responses.situation import ASKS, FOREIGN, FREQUENT, LATER, LEAST_SCORE, Situation
from trm_agent.responses.storage import load_responses, ready, save_responses
from trm_agent.responses.telling import TellingHead, Wanted
from trm_agent.responses.templates import comparison_key, make_template
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.training.responses import ResponseConfig, drawn_conversations, learn_responses, with_responses
from trm_agent.types import Message, Sample, parse_tools

TOOLS = parse_tools(
    [
        {
            "name": "find_restaurant",
            "description": "Find a place to eat",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "cuisine": {"type": "string"}},
                "required": ["city", "cuisine"],
            },
        }
    ]
)
FACTS = {
    "restaurant_name": ["Little Sun"],
    "city": ["San Jose"],
    "time": ["half past 11 in the morning", "11:30"],
    "date": ["2019-03-04"],
    "seats": ["2"],
    "price": [1200],
}


def user(text: str) -> Message:
    return Message("user", text)


def sample(history: list[Message], content: str | None, slots: dict[str, Any], **more: Any) -> Sample:
    decision = "tool_call" if "tool" in more else "direct_answer"
    return Sample(TOOLS, tuple(history), decision, slots, more.get("tool"), content, meta={"dialogue": "1"})


def dialogue(city: str, cuisine: str, name: str, phone: str) -> list[Sample]:
    """Ask, call, report, part."""
    call = {"name": "find_restaurant", "arguments": {"city": city, "cuisine": cuisine}}
    history = [user("I am hungry"), Message("assistant", "In which city?"), user(f"in {city}")]
    history += [Message("assistant", "What do you like to eat?"), user(cuisine), Message("tool_call", call)]
    history += [Message("tool_response", [{"restaurant_name": name, "phone": phone}])]
    history += [Message("assistant", f"How about {name} in {city}? Call {phone}."), user("thanks, bye")]
    filled = {"city": city, "cuisine": cuisine}
    return [
        sample(history[:1], "In which city?", {}),
        sample(history[:3], "What do you like to eat?", {"city": city}),
        sample(history[:5], None, filled, tool=call),
        sample(history[:7], history[7].content, filled),
        sample(history[:9], "Have a nice day!", filled),
    ]


DIALOGUES = [
    dialogue("Oslo", "thai", "Blue Elephant", "555-0134"),
    dialogue("San Jose", "greek", "Little Sun", "555-0178"),
    dialogue("Hanoi", "indian", "Red Fort", "555-0111"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A table at little sun in SAN JOSE.", "A table at {restaurant_name} in {city}."),
        ("It is 11:30 am, right?", "It is {time}, right?"),
        ("On March 4th, that is.", "On {date}, that is."),
        ("On March 4th at 2 pm, for 2.", "On {date} at 2 pm, for {seats}."),
        ("March 4th 2019 it is.", "{date} it is."),
        ("For two people, $1,200 in all.", "For {seats} people, ${price} in all."),
        ("At half past 11 in the morning.", "At {time}."),
        ("Braces {city} are dropped.", "Braces city are dropped."),
        ("Nothing to take out of 12 or 1,201.", "Nothing to take out of 12 or 1,201."),
    ],
)
def test_values_are_taken_out_in_the_forms_in_which_they_are_said(text: str, expected: str) -> None:
    assert make_template(text, FACTS) == expected


def test_the_longest_value_goes_first() -> None:
    facts = {"city": ["York"], "team": ["New York Mets"]}
    assert make_template("The New York Mets play in York.", facts) == "The {team} play in {city}."


def test_a_number_that_two_names_hold_goes_to_the_one_said_beside_it_or_to_none() -> None:
    facts = {"riders": ["2"], "stops": ["2"]}
    assert make_template("A ride with 2 stops.", facts) == "A ride with {stops} stops."
    assert make_template("There are 2.", facts) == "There are 2."
    facts = {"beds": ["2"], "baths": ["1"]}
    assert make_template("It has 2 beds.", facts) == "It has {beds} beds."
    assert make_template("It has 2 baths.", facts) == "It has 2 baths.", "the bathrooms are another flat's"


def test_templates_that_differ_in_case_and_punctuation_are_one() -> None:
    assert comparison_key("Sure! In {city}?") == comparison_key("sure, in {city}")
    assert comparison_key("Sure! In {city}?") != comparison_key("Sure! In {town}?")


def test_a_template_is_filled_from_results_slots_and_calls_or_not_at_all() -> None:
    history = [
        user("thai in Oslo"),
        Message("tool_call", {"name": "find_restaurant", "arguments": {"city": "Oslo"}}),
        Message("tool_response", '[{"restaurantName": "Blue Elephant", "rating": 4.0}, {"restaurantName": "Siam"}]'),
    ]
    facts = known_facts({"cuisine": "thai"}, history)
    text = "{restaurant_name} ({rating} stars, {cuisine}) or {restaurant_name#2}, both in {city}."
    assert fill(text, facts) == "Blue Elephant (4 stars, thai) or Siam, both in Oslo."
    assert fill("{phone}", facts) is None


def test_a_result_in_words_gives_its_codes() -> None:
    assert known_facts({}, [user("hi"), Message("tool_response", "ticket SC-7802 created")])["code"] == ["SC-7802"]


def test_a_value_that_says_nothing_is_never_said() -> None:
    assert known_facts({"a": "None", "b": "null", "c": "", "d": True, "e": "Nonette"}, []) == {"e": ["Nonette"]}


def test_what_the_user_leaves_open_is_never_said() -> None:
    assert known_facts({"city": "dontcare", "cuisine": "thai"}, [user("hi")]) == {"cuisine": ["thai"]}


def test_the_guard_finds_numbers_dates_codes_and_names_without_a_source() -> None:
    evidence = Evidence.of([user("a table in Oslo at 7 pm for 4, code AB-12")], {})
    assert unsupported("Oslo, 19:00, 4 people, AB-12.", evidence) == []
    wrong = unsupported("Bergen at 8 pm for 5 people on 2019-03-04: AB-13, says Anna.", evidence)
    assert wrong == ["8", "5", "2019-03-04", "AB-13", "Anna"]
    assert unsupported("I think so, and I agree.", evidence, {"i"}) == []
    assert "21" in stated_values("twenty-one people")


def test_digits_beside_a_decimal_point_are_no_source() -> None:
    evidence = Evidence.of([user("it costs 4.50, or 1,200 for 20.15 rooms on 2019-03-08.")], {})
    wrong = [value for value in ("5", "50", "20", "15", "200") if not evidence.holds(value)]
    assert wrong == ["5", "50", "20", "15", "200"]
    assert all(map(evidence.holds, ("4.5", "4.50", "1200", "20.15", "08", "2019")))
    amounts = Evidence.of([user("1 person: send $1,120, or 1,540 dollars at 7:30")], {})
    assert unsupported("So 1,120 or $1,540 at 7:30 am for 1 person.", amounts) == []
    assert unsupported("So 1,121 at 7:31 for 1 person.", amounts) == ["1,121", "7:31"]


def test_a_number_in_words_is_a_source_of_itself() -> None:
    evidence = Evidence.of([user("at twelve pm, for seven nights, with Thousand Foot Krutch")], {})
    assert unsupported("So twelve pm, seven nights, with Thousand Foot Krutch, 12 it is.", evidence) == []
    assert unsupported("For eleven nights at thirteen.", evidence) == ["11", "13"]


def test_scripts_without_capitals_are_judged_by_their_numbers() -> None:
    evidence = Evidence.of([user("東京 7 人")], {})
    assert unsupported("東京で 7 人ですね。", evidence) == []
    assert unsupported("大阪で 8 人ですね。", evidence) == ["8"]


def test_answers_of_several_conversations_become_one_with_names_and_condition() -> None:
    bank, rows = build_bank(collect(DIALOGUES), HashingEncoder())
    by_text = {response.text: response for response in bank.responses}
    found = by_text["How about {restaurant_name} in {city}? Call {phone}."]
    assert (found.count, found.after, found.tools) == (3, {"result": 3}, {"find_restaurant": 3})
    assert by_text["In which city?"].asks == ("city",)
    assert by_text["What do you like to eat?"].asks == ("cuisine",)
    assert by_text["Have a nice day!"].asks == ()
    assert sorted(set(rows)) == [0, 1, 2, 3]


def test_an_answer_that_states_what_nothing_holds_is_left_out() -> None:
    one = sample([user("hello")], "Our office in Berlin opens at 9.", {})
    bank, rows = build_bank([said_at(one)], HashingEncoder())
    assert bank.responses == ()
    assert rows == [-1]


def test_near_duplicates_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.responses.collecting.SAME", 0.9)
    texts = ["Is there anything else that you need from me now?", "Is there anything else that you need from me?"]
    bank, rows = build_bank([said_at(sample([user("ok")], text, {})) for text in texts], HashingEncoder())
    assert [response.count for response in bank.responses] == [2]
    assert rows == [0, 0]


def test_identical_answers_are_no_negatives_of_one_another() -> None:
    keys = torch.eye(3)[[0, 0, 1]]
    same = torch.tensor([0, 0, 1])
    assert contrastive_loss(keys, keys, same) < 1e-4
    assert contrastive_loss(keys, keys.roll(1, 0), same) > 5


def bank_of(*responses: Response) -> ResponseBank:
    return ResponseBank.of(responses, HashingEncoder())


def test_conditions_say_where_an_answer_may_be_given() -> None:
    router = tiny_router()
    history = [user("thai food please")]
    decision = replace(
        router.bind(TOOLS).decide(history),
        decision="direct_answer",
        slots={"cuisine": "thai"},
        missing=("city",),
        intended_tool="find_restaurant",
        probabilities={"tools": {"find_restaurant": 0.9}},
    )
    here = Situation.of(decision, history, TOOLS)
    assert here.allows(Response("Which city?", asks=("city",)))
    assert not here.allows(Response("What food?", asks=("cuisine",)))
    assert not here.allows(Response("{restaurant_name} it is."))
    assert not here.allows(Response("It is booked.", after={"result": 1}))
    later = Situation.of(decision, [*history, Message("tool_response", [])], TOOLS)
    assert later.allows(Response("Nothing was found.", after={"empty": 1}))
    assert not later.allows(Response("It is booked.", after={"result": 1}))


def test_a_conversation_begins_with_what_conversations_began_with(tmp_path: Path) -> None:
    bank, _ = build_bank(collect(DIALOGUES), HashingEncoder())
    first = {response.text: response.first for response in bank.responses}
    assert first["In which city?"] == 3
    assert first["Have a nice day!"] == 0
    bank.write(tmp_path / "answers.jsonl")
    assert {r.text: r.first for r in read_responses(tmp_path / "answers.jsonl")} == first

    def place(*history: Message) -> Situation:
        return Situation.of(tiny_router().bind(TOOLS).decide(list(history)), list(history), TOOLS)

    begins, goes_on = place(user("hi")), place(user("hi"), Message("assistant", "Hello!"), user("bye"))
    bye = Response("Have a nice day!", LATER, {"user": LATER}, first=0)
    assert not begins.allows(bye)
    assert goes_on.allows(bye)
    assert begins.allows(replace(bye, count=LATER - 1)), "too seldom to tell"
    assert begins.allows(replace(bye, first=1))
    assert begins.allows(replace(bye, first=None)), "a line written by hand"


def test_yes_and_no_are_only_told_where_they_are_true() -> None:
    asked = [user("thai"), Message("tool_response", {"pets_allowed": "False"}), user("are pets fine?")]
    one = said_at(sample(asked, "Sorry, no pets.", {}))
    assert one.response.when == {"pets_allowed": False}
    assert said_at(sample(asked, "Anything else?", {})).response.when == {}
    decision = replace(tiny_router().bind(TOOLS).decide(asked), slots={}, missing=())
    other = [*asked[:1], Message("tool_response", {"pets_allowed": True}), *asked[2:]]
    assert Situation.of(decision, asked, TOOLS).allows(one.response)
    assert not Situation.of(decision, other, TOOLS).allows(one.response)
    assert not Situation.of(decision, asked[:1], TOOLS).allows(one.response)


def test_looking_only_at_the_best_gives_what_looking_at_all_gives() -> None:
    texts = [f"{word} one" for word in ("ask", "say", "give", "tell", "find", "see")]
    asks: list[tuple[str, ...]] = [(), ("city",), (), ("city",), (), ()]
    bank = bank_of(
        *(
            Response(t, n + 1, {}, {"other": 1} if n % 2 else {}, a)
            for n, (t, a) in enumerate(zip(texts, asks, strict=True))
        )
    )
    near = np.array([0.9, 0.5, 0.45, 0.6, 0.7, 0.31])
    decision = replace(
        tiny_router().bind(TOOLS).decide([user("hi")]), missing=("city",), intended_tool="find_restaurant"
    )
    place = Situation.of(replace(decision, probabilities={}), [user("hi")], TOOLS)
    found = list(place.ranked(bank, near))
    scores = {
        row: near[row] + (ASKS if r.asks else -ASKS) + FREQUENT * r.count.bit_length() - FOREIGN * bool(r.tools)
        for row, r in enumerate(bank.responses)
    }
    every = sorted((row for row in scores if scores[row] >= LEAST_SCORE["user"]), key=lambda row: -scores[row])
    assert [row for row, _ in found] == every
    assert [score for _, score in found] == pytest.approx([scores[row] for row in every])
    assert 2 <= len(every) < 6


def test_what_the_guard_refuses_is_replaced_by_the_next_best() -> None:
    encoder, router = HashingEncoder(), tiny_router()
    head = ResponseHead(HeadConfig(state_width(16, 32), 8, 32)).eval()
    bank = bank_of(Response("Call 555-0199 for more."), Response("Ask away."))
    vectors = np.stack([head.query(np.zeros(state_width(16, 32)))] * 2)
    responses = Responses(replace(bank, vectors=vectors), head)
    decision = replace(router.bind(TOOLS).decide([user("hi")]), answer_state=np.zeros(state_width(16, 32)))
    decision = replace(decision, missing=(), intended_tool=None)
    chosen = responses.choose(decision, [user("hi")], TOOLS)
    assert chosen is not None
    assert chosen.text == "Ask away."
    assert responses.choose(decision, [user("hi"), Message("assistant", "Ask away."), user("so?")], TOOLS) is None
    assert encoder.width == 32


def test_words_are_learned_saved_loaded_and_given(tmp_path: Path) -> None:
    router, encoder = tiny_router(), HashingEncoder()
    before = {name: value.clone() for name, value in router.model.state_dict().items()}
    responses = learn_responses(router, DIALOGUES, encoder, ResponseConfig(steps=400, batch=8, hidden=32))
    assert all(torch.equal(value, before[name]) for name, value in router.model.state_dict().items())
    with_responses(router, responses).save_pretrained(tmp_path)
    again = type(router).from_pretrained(tmp_path, encoder=encoder)
    assert again.responses is not None
    assert [r.text for r in again.responses.bank.responses] == [r.text for r in responses.bank.responses]
    right = 0
    for one in (s for d in DIALOGUES for s in d if s.content):
        decision = replace(again.bind(TOOLS).decide(one.history), slots=one.slots, missing=(), intended_tool=None)
        missing = tuple(p for p in ("city", "cuisine") if p not in one.slots)
        decision = replace(decision, missing=missing, intended_tool="find_restaurant", probabilities={})
        chosen = again.responses.choose(decision, one.history, TOOLS)
        right += chosen is not None and one.content in chosen.text
    assert right >= 10, f"{right} of 12 answers are those of the data"


def test_a_checkpoint_without_words_still_loads_and_words_of_other_weights_are_not_used(tmp_path: Path) -> None:
    router = tiny_router()
    router.save_pretrained(tmp_path / "bare")
    assert load_checkpoint(tmp_path / "bare").responses is None
    head = ResponseHead(HeadConfig(state_width(16, 32), 8, 32))
    save_responses(Responses(bank_of(Response("Hello.")), head), tmp_path / "bare", "0" * 64)
    assert load_checkpoint(tmp_path / "bare").responses is None
    assert isinstance(load_checkpoint(tmp_path / "bare"), Checkpoint)


def test_a_line_edited_by_hand_is_encoded_when_it_is_loaded(tmp_path: Path) -> None:
    head = ResponseHead(HeadConfig(state_width(16, 32), 8, 32))
    save_responses(Responses(bank_of(Response("Hello."), Response("Bye.")), head), tmp_path, "w")
    lines = (tmp_path / "responses.jsonl").read_text(encoding="utf-8").replace("Hello.", "Good morning.").splitlines()
    lines.append(json.dumps({"text": "Which {city}?", "after": ["user"], "asks": ["city"]}))
    (tmp_path / "responses.jsonl").write_text("\n".join(lines), encoding="utf-8")
    loaded = load_responses(tmp_path, "w")
    assert loaded is not None
    assert np.isnan(loaded.bank.vectors).any(-1).tolist() == [True, False, True]
    whole = ready(loaded, HashingEncoder()).bank
    assert np.allclose(whole.vectors, bank_of(*whole.responses).vectors, atol=1e-3)


def test_every_broken_line_of_a_bank_is_named(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_text('{"text": ""}\n{"text": "a", "count": 0}\n{"text": "a", "after": ["noon"]}\n', encoding="utf-8")
    with pytest.raises(CheckpointError) as caught:
        read_responses(path)
    told = str(caught.value)
    assert 'responses.jsonl:1: expected an object with a "text"' in told
    assert '"count" must be a number from 1, got 0' in told
    assert "\"after\" must be among user, result, empty, got 'noon'" in told


def test_what_an_earlier_version_learned_to_tell_is_left_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = ResponseConfig(steps=2, batch=8, hidden=8, decoder=None)
    responses = learn_responses(tiny_router(), DIALOGUES, HashingEncoder(), config)
    assert responses.telling is not None
    old = TellingHead(replace(responses.telling.config, marks=MARKS - 1))
    save_responses(replace(responses, telling=old), tmp_path, "w")
    with caplog.at_level("WARNING", logger="trm_agent"):
        again = load_responses(tmp_path, "w")
    assert again is not None
    assert again.telling is None
    assert "learn the responses again" in caplog.text


def test_a_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "responses.safetensors").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match=r"responses\.safetensors: damaged: .*; learn the responses again"):
        load_responses(tmp_path, "w")


def test_of_several_records_the_one_that_is_spoken_of_comes_first() -> None:
    rows = [{"name": "Blue Elephant"}, {"name": "Siam"}, {"name": "Red Fort"}, {"name": "Basil"}]
    history = [user("thai"), Message("tool_response", rows)]
    assert known_facts({}, history)["name"] == ["Blue Elephant"]
    history += [Message("assistant", "How about Blue Elephant or Siam?"), user("What is Siam like?")]
    facts = known_facts({}, history)
    assert [facts[name] for name in ("name", "name#2", "name#3")] == [["Siam"], ["Red Fort"], ["Basil"]]


def test_answers_that_state_what_should_be_told_agree_and_the_rest_is_left() -> None:
    facts = {"name": ["Siam"], "phone": ["555-0134"], "from": ["Oslo"], "city": ["oslo"]}
    wanted = Wanted.of(tuple(facts), np.array([0.9, 0.8, 0.003, 0.002]), facts)
    assert wanted.agreement(("name", "phone")) == pytest.approx(1.0)
    assert wanted.agreement(()) == pytest.approx(-1.0)
    assert wanted.agreement(("name",)) > wanted.agreement(("city",))
    assert wanted.left("It is Siam.") == ["phone"]
    assert wanted.left("Siam, 555-0134.") == []


def test_what_an_answer_leaves_out_is_added_from_the_bank_or_in_frames() -> None:
    facts = {"name": ["Siam"], "phone": ["555-0134"], "street": ["Main Road"]}
    bank = bank_of(Response("How about {name}?"), Response("Call them on {phone}."))
    history = [user("thai"), Message("tool_response", {n: v[0] for n, v in facts.items()})]
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots={}, missing=(), intended_tool=None)
    place = Situation.of(decision, history, TOOLS)
    wanted = Wanted.of(tuple(facts), np.array([0.9, 0.8, 0.7]), facts)
    near = np.zeros(2, np.float32)
    text = completed(bank, "How about Siam?", place, near, wanted, load_frames(), TOOLS, row=0)
    assert text == "Call them on 555-0134. The street is Main Road. How about Siam?"
    assert (
        completed(bank, "How about Siam?", place, near, wanted, None, TOOLS, row=0)
        == "Call them on 555-0134. How about Siam?"
    )


def test_fields_of_a_further_record_are_not_told_as_those_of_the_first() -> None:
    def added(records: list[dict[str, Any]]) -> str:
        history = [user("thai"), Message("tool_response", records if len(records) > 1 else records[0])]
        decision = replace(tiny_router().bind(TOOLS).decide(history), slots={}, missing=(), intended_tool=None)
        place = Situation.of(decision, history, TOOLS)
        wanted = Wanted.of(tuple(place.facts), np.full(len(place.facts), 0.9), place.facts)
        return completed(
            bank_of(), "How about Siam?", place, np.zeros(0), wanted, load_frames(), TOOLS, names=("name",)
        )

    text = added([{"name": "Siam", "street": "Main Road"}, {"name": "Red Fort", "street": "Mill Lane"}])
    assert "Main Road" in text
    assert "Red Fort" in text
    assert "Mill Lane" not in text
    listed = added([{"name": "Siam", "dish": ["Green curry", "Mango rice"]}])
    assert "Green curry" in listed
    assert "Mango rice" in listed


def test_another_record_is_told_as_a_whole_where_that_is_what_should_be_told() -> None:
    records = [
        {"name": "Siam", "street": "Main Road", "stars": 4},
        {"name": "Red Fort", "street": "Mill Lane", "stars": 4},
        {"name": "Basil", "street": "Low Way", "stars": 2},
    ]
    history = [user("thai"), Message("tool_response", records), user("anything else?")]
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots={}, missing=(), intended_tool=None)
    place = Situation.of(decision, history, TOOLS)

    def say(sure: dict[str, float], names: tuple[str, ...] = (), text: str = "Sure!") -> str:
        odds = np.array([sure.get(name, 0.0) for name in place.facts])
        wanted = Wanted.of(tuple(place.facts), odds, place.facts)
        bare = not names
        return completed(bank_of(), text, place, np.zeros(0), wanted, load_frames(), TOOLS, names=names, bare=bare)

    second = {"name#2": 0.9, "street#2": 0.8, "street": 0.3, "street#3": 0.2}
    assert say(second) == "There is also Red Fort. The street is Mill Lane."
    assert say({"street#2": 0.8, "street": 0.3}) == "Another one: the street is Mill Lane."
    assert say(second, ("name#2",), "How about Red Fort?") == "The street is Mill Lane. How about Red Fort?"
    assert "Stars: 4." in say({"name#2": 0.9, "stars": 0.5}), "what both records hold is of both"
    assert say({"name#2": 0.9, "name#3": 0.8}) == "There are also Red Fort and Basil."


@pytest.mark.parametrize(
    ("said", "answer", "expected"),
    [
        ("Can we take pets?", "Call 555-0134.", "Pets are not allowed. Call 555-0134."),
        ("Can we take pets?", "No pets, I am afraid.", "No pets, I am afraid."),
        ("Can we take pets? Is it furnished?", "It is not furnished.", "Pets are not allowed. It is not furnished."),
        ("We have pets.", "Call 555-0134.", "Call 555-0134."),
    ],
)
def test_a_question_of_yes_or_no_is_answered(said: str, answer: str, expected: str) -> None:
    flat = {"phone": "555-0134", "pets_allowed": "False", "furnished": False}
    history = [user("a flat"), Message("tool_response", [flat]), user(said)]
    plain = tiny_router().bind(TOOLS).decide(history)
    place = Situation.of(replace(plain, slots={}, missing=(), intended_tool=None), history, TOOLS)
    wanted = Wanted.of(("phone",), np.array([0.0]), place.facts)
    text = completed(bank_of(), answer, place, np.zeros(0), wanted, load_frames(), TOOLS, names=("phone",))
    assert text.removeprefix(answer).removesuffix(answer).strip() == expected.replace(answer, "").strip()


def test_values_of_something_else_that_was_talked_about_are_not_added() -> None:
    history = [user("a flat"), Message("tool_response", {"name": "Hale House", "rent": "2650"})]
    plain = tiny_router().bind(TOOLS).decide(history)
    slots = {"category": "Museum", "city": "Oslo"}
    decision = replace(plain, slots=slots, missing=(), intended_tool="find_restaurant", probabilities={})
    place = Situation.of(decision, history, TOOLS)

    def added(odds: float) -> str:
        wanted = Wanted.of(("rent", "category", "city"), np.full(3, odds), place.facts)
        return completed(bank_of(), "Hale House.", place, np.zeros(0), wanted, load_frames(), TOOLS, names=("name",))

    assert "2650" in added(0.1)
    assert "Oslo" in added(0.1), "the tool takes it"
    assert "Museum" not in added(0.1)
    assert "Museum" in added(0.5)


FLATS = [
    {"name": "Hale House", "rent": "2650", "baths": "2", "area": "Mill Hill"},
    {"name": "Ashland", "rent": "3900", "baths": "2", "area": "Mill Hill"},
]


def test_an_answer_speaks_of_one_record() -> None:
    history = [user("a flat"), Message("tool_response", FLATS)]
    plain = tiny_router().bind(TOOLS).decide(history)
    place = Situation.of(replace(plain, slots={}, missing=(), intended_tool=None), history, TOOLS)
    assert not place.allows(Response("{name} for {rent#2}."))
    assert not place.allows(Response("{name#2} for {rent}."))
    assert place.allows(Response("{name#2} for {rent#2}, {baths} baths in {area}.")), "both have two baths"
    assert place.allows(Response("{name} for {rent}, or {name#2}.")), "a list of both"
    assert place.allows(Response("{name} for {rent}."))


def test_templates_take_the_names_of_the_record_that_they_speak_of() -> None:
    said = "How about Ashland with 2 baths, the rent 3900 in Mill Hill?"
    history = [user("a flat in Mill Hill"), Message("tool_response", FLATS)]
    known = said_at(sample(history, said, {}))
    assert known.response.text == "How about {name#2} with {baths#2} baths, the rent {rent#2} in {area#2}?"
    held = said_at(sample(history, said, {"area": "Mill Hill"}))
    assert held.response.text == "How about {name#2} with {baths#2} baths, the rent {rent#2} in {area}?"
    first = said_at(sample(history, "Hale House has 2 baths.", {}))
    assert first.response.text == "{name} has {baths} baths."


def test_what_is_shared_with_another_record_is_added_for_the_one_that_is_told() -> None:
    history = [user("a flat"), Message("tool_response", FLATS)]
    plain = tiny_router().bind(TOOLS).decide(history)
    place = Situation.of(replace(plain, slots={}, missing=(), intended_tool=None), history, TOOLS)
    wanted = Wanted.of(tuple(place.facts), np.full(len(place.facts), 0.9), place.facts)
    names = ("name#2", "baths")
    text = "Ashland has 2 baths."
    said = completed(bank_of(), text, place, np.zeros(0), wanted, load_frames(), TOOLS, names=names)
    assert "3900" in said
    assert "2650" not in said, "the rent of the other one"


def test_what_is_asked_is_told_in_frames_where_no_answer_of_the_bank_may_be_given() -> None:
    facts = {"name": ["Siam"], "phone": ["555-0134"], "street": ["Main Road"]}
    history = [user("thai"), Message("tool_response", {n: v[0] for n, v in facts.items()}), user("their phone?")]
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots={}, missing=(), intended_tool=None)
    wanted = Wanted.of(tuple(facts), np.array([0.1, 0.8, 0.2]), facts)
    place = Situation.of(decision, history, TOOLS)
    assert told_alone(load_frames(), place, wanted) == "The phone is 555-0134."
    assert told_alone(load_frames(), replace(place, missing=frozenset({"city"})), wanted) is None
    assert told_alone(load_frames(), replace(place, after="result"), wanted) is None
    nothing = Wanted.of(tuple(facts), np.array([0.1, 0.2, 0.2]), facts)
    assert told_alone(load_frames(), place, nothing) is None


def test_names_of_parameters_are_encoded_when_tools_are_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    config = ResponseConfig(steps=2, batch=8, hidden=8, decoder=None)
    responses = learn_responses(tiny_router(), DIALOGUES, HashingEncoder(), config)
    router = with_responses(tiny_router(), responses)
    bound = router.bind(TOOLS)
    history = [user("in Oslo")]
    decision = replace(bound.decide(history), slots={"city": "Oslo", "cuisine": "thai"}, missing=())
    held = router.responses
    assert held is not None
    monkeypatch.setattr(HashingEncoder, "encode", lambda *_: pytest.fail("an answer waited for a name"))
    assert held.wanted(decision, history, TOOLS, known_facts(decision.slots, history)) is not None


def test_words_of_other_tools_are_never_added() -> None:
    facts = {"name": ["Siam"], "street": ["Main Road"]}
    history = [user("thai"), Message("tool_response", {n: v[0] for n, v in facts.items()})]
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots={}, missing=())
    decision = replace(decision, intended_tool="find_restaurant", probabilities={})
    place = Situation.of(decision, history, TOOLS)
    wanted = Wanted.of(tuple(facts), np.array([0.9, 0.8]), facts)

    def say(tools: dict[str, int]) -> str:
        bank = bank_of(Response("How about {name}?"), Response("Your visit to {street} is booked.", 1, {}, tools))
        return completed(bank, "How about Siam?", place, np.zeros(2), wanted, load_frames(), TOOLS, row=0)

    assert "booked" in say({"find_restaurant": 1, "book_visit": 9})
    assert "booked" in say({})
    assert say({"book_visit": 9}) == "The street is Main Road. How about Siam?"


@pytest.mark.parametrize(("said", "told"), [("their phone?", True), ("their phone, please", False)])
def test_a_question_is_answered_while_something_waits_to_be_confirmed(said: str, told: bool) -> None:
    facts = {"phone": ["555-0134"]}
    history = [user("thai"), Message("tool_response", {"phone": "555-0134"}), user(said)]
    tools = [replace(TOOLS[0], read_only=False)]
    plain = tiny_router().bind(tools).decide(history)
    decision = replace(plain, slots={}, missing=(), intended_tool="find_restaurant", probabilities={})
    wanted = Wanted.of(("phone",), np.array([0.9]), facts)
    responses = Responses(bank_of(), ResponseHead(HeadConfig(len(decision.answer_state), 4, 32)))
    found = responses._told_alone(Situation.of(decision, history, tools), wanted, tools, 0)
    assert (found is not None and "555-0134" in found.text) == told


def test_what_comes_back_otherwise_than_asked_for_is_found() -> None:
    asked = Message("tool_call", {"name": "book", "arguments": {"time": "17:15", "day": "2019-03-02", "seats": "3"}})
    came = Message("tool_response", [{"time": "5:20 pm", "day": "March 2nd 2019", "seats": "3", "fare": "39"}])
    assert otherwise([user("book"), asked, came]) == {"time"}
    assert otherwise([user("book"), asked, came, user("thanks")]) == frozenset()
    several = Message("tool_response", [{"time": "18:00"}, {"time": "19:00"}])
    assert otherwise([user("book"), asked, several]) == frozenset(), "records to choose from are no outcome"


def test_which_values_to_tell_is_learned_saved_and_loaded(tmp_path: Path) -> None:
    router, encoder = tiny_router(), HashingEncoder()
    config = ResponseConfig(steps=200, batch=32, hidden=32, decoder=None)
    responses = learn_responses(router, DIALOGUES, encoder, config)
    with_responses(router, responses).save_pretrained(tmp_path)
    again = type(router).from_pretrained(tmp_path, encoder=encoder).responses
    assert again is not None
    told = DIALOGUES[0][3]
    decision = replace(router.bind(TOOLS).decide(told.history), slots=told.slots, intended_tool="find_restaurant")
    facts = known_facts(told.slots, told.history, TOOLS, "find_restaurant")
    for held in (responses, again):
        wanted = held.wanted(decision, told.history, TOOLS, facts)
        assert wanted is not None
        assert wanted.names["phone"] > 0.5 > wanted.names["cuisine"]


def test_the_router_reads_so_many_answers_conversation_by_conversation() -> None:
    told = collect(DIALOGUES)
    kept = [(one, row) for row, one in enumerate(told)]
    owner = {id(sample): place for place, dialogue in enumerate(DIALOGUES) for sample in dialogue}
    assert drawn_conversations(kept, DIALOGUES, len(kept), 0) == kept
    for seed in range(5):
        found = drawn_conversations(kept, DIALOGUES, len(kept) // 2, seed)
        assert len(kept) // 2 <= len(found) < len(kept)
        whole = {owner[id(one.sample)] for one, _ in found}
        assert found == [pair for pair in kept if owner[id(pair[0].sample)] in whole]
    draws = {tuple(row for _, row in drawn_conversations(kept, DIALOGUES, 4, seed)) for seed in range(8)}
    assert len(draws) > 1


def test_answers_that_were_not_read_are_in_the_bank_all_the_same() -> None:
    config = ResponseConfig(steps=20, batch=8, hidden=32, decoder=None)
    few = learn_responses(tiny_router(), DIALOGUES, HashingEncoder(), replace(config, read=2))
    all_read = learn_responses(tiny_router(), DIALOGUES, HashingEncoder(), config)
    assert [r.text for r in few.bank.responses] == [r.text for r in all_read.bank.responses]


@pytest.mark.parametrize("phone", [0.05, 0.95])
def test_what_the_user_asks_comes_before_a_confirmation(phone: float) -> None:
    history = [user("Thai in Oslo"), Message("tool_response", {"phone": "555-0134"}), user("And their phone?")]
    slots = {"city": "Oslo", "cuisine": "Thai"}
    tools = [replace(TOOLS[0], read_only=False)]
    plain = tiny_router().bind(tools).decide(history)
    decision = replace(plain, slots=slots, missing=(), intended_tool="find_restaurant", probabilities={})
    place = Situation.of(decision, history, tools)
    odds = {"phone": phone, "city": 0.6, "cuisine": 0.6}
    wanted = Wanted.of(tuple(place.facts), np.array([odds[name] for name in place.facts]), place.facts)
    said = completed(bank_of(), "Sure.", place, np.zeros(0), wanted, load_frames(), tools, bare=True)
    assert ("Shall I" in said) == (phone < 0.5), said
    assert ("555-0134" in said) == (phone > 0.5), said
