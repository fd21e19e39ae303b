"""Skills become samples whose calls say what the lines say, and whose direct answers no tool on offer serves."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from recipes.corpora.building import Options, declare
from recipes.corpora.pairing import convert_skills, pair, strangers
from recipes.corpora.skill_tools import Spelling, Style, askable_parameters, draw_tool, spell
from recipes.corpora.skills import Line, Skill, Wanted, masked
from trm_agent.types import Sample
from trm_agent.values import validates

PIZZA = declare(
    "OrderPizza",
    "Order a pizza.",
    {
        "size": {"type": "string", "enum": ["small", "large"], "description": "How big."},
        "count": {"type": "integer", "description": "How many."},
        "toppings": {"type": "array", "items": {"type": "string"}},
    },
)
CANCEL = declare("CancelPizza", "Call a pizza off.")
TRACK = declare("TrackPizza", "Tell where a pizza is.")
LAMP = declare("LampOn", "Turn a lamp on.", {"room": {"type": "string"}})
LAMP_OFF = declare("LampOff", "Turn a lamp off.", {"room": {"type": "string"}})

FOOD = Skill(
    "demo/pizza",
    frozenset({"food"}),
    (PIZZA, CANCEL, TRACK),
    (
        *(
            Line(f"{n} {size} pizzas please", (Wanted("OrderPizza", {"size": size, "count": str(n)}, {}),))
            for n in range(2, 40)
            for size in ("small", "large")
        ),
        Line("one with ham and olives", (Wanted("OrderPizza", {"toppings": ("ham", "olives")}, {}),)),
        *(Line(f"a pizza for table {n}", (Wanted("OrderPizza", {}, {}),)) for n in range(30)),
        *(Line(f"where is pizza {n}", (Wanted("TrackPizza", {}, {}),)) for n in range(40)),
        *(Line(f"you bore me {n} times", (), act="state") for n in range(10)),
    ),
    alike=(frozenset({"CancelPizza", "TrackPizza"}),),
)
HOME = Skill(
    "demo/home",
    frozenset({"lights"}),
    (LAMP, LAMP_OFF),
    (
        *(Line(f"light in room {n}", (Wanted("LampOn", {"room": f"room {n}"}, {}),)) for n in range(60)),
        *(
            Line(
                f"light in room {n}, and room {n + 100} off",
                (Wanted("LampOn", {"room": f"room {n}"}, {}), Wanted("LampOff", {"room": f"room {n + 100}"}, {})),
            )
            for n in range(40)
        ),
        Line("the attic", (Wanted("LampOn", {"room": "attic"}, {}),), asked="In which room?"),
    ),
)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(pair((FOOD, HOME), Options()))


def test_every_sample_is_one_that_training_reads(samples: list[Sample]) -> None:
    for sample in samples:
        assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


def test_calls_are_of_a_tool_on_offer_and_fit_its_declaration(samples: list[Sample]) -> None:
    for sample in samples:
        tools = {tool.name: tool for tool in sample.tools}
        for call, _ in sample.gold_calls:
            assert validates(call["arguments"], tools[call["name"]].schema)
            assert set(tools[call["name"]].required) <= set(call["arguments"])


def test_arguments_are_said_in_the_line(samples: list[Sample]) -> None:
    for sample in samples:
        words = sample.history[-1].text
        for call, _ in sample.gold_calls:
            for value in call["arguments"].values():
                assert all(str(part) in words for part in (value if isinstance(value, list) else [value]))


def test_a_direct_answer_has_no_tool_for_the_line_or_lacks_what_it_requires(samples: list[Sample]) -> None:
    kinds: Counter[str] = Counter()
    for sample in samples:
        kind = str(sample.meta["subset"]).rpartition("/")[2]
        if sample.decision == "tool_call":
            continue
        kinds[kind] += 1
        described = {tool.description for tool in sample.tools} | {spell(t.name, "snake") for t in sample.tools}
        if kind in ("easy", "near") and sample.meta["domain"] == "lights":
            assert described.isdisjoint({"Turn a lamp on.", "lamp_on"})
        if kind == "near" and "TrackPizza" in str(sample.meta["subset"]):
            assert described.isdisjoint({"Call a pizza off.", "cancel_pizza", "Tell where a pizza is.", "track_pizza"})
        if kind == "missing":
            tool = next(tool for tool in sample.tools if tool.name == sample.meta["intent"])
            assert set(tool.required) - set(sample.slots)
    assert {"easy", "near", "missing", "talk"} <= set(kinds)


def test_between_a_fifth_and_two_fifths_of_the_requests_have_no_fitting_tool(samples: list[Sample]) -> None:
    requests = [s for s in samples if s.meta["subset"] != "talk"]
    without = [s for s in requests if str(s.meta["subset"]).endswith(("/easy", "/near"))]
    assert 0.2 <= len(without) / len(requests) <= 0.4


def test_most_samples_offer_three_to_twelve_tools(samples: list[Sample]) -> None:
    sizes = [len(sample.tools) for sample in samples]
    assert min(sizes) >= 1
    assert max(sizes) <= 30
    assert sum(3 <= size <= 12 for size in sizes) > 0.6 * len(sizes)


def test_a_line_that_asks_for_two_things_has_two_calls_in_its_order(samples: list[Sample]) -> None:
    both = [sample for sample in samples if sample.calls]
    assert both
    for sample in both:
        assert sample.tool == sample.calls[0]
        first, second = (next(iter(call["arguments"].values())) for call in sample.calls)
        assert sample.history[-1].text == f"light in {first}, and {second} off"


def test_speech_acts_are_the_publishers_or_follow_from_a_call(samples: list[Sample]) -> None:
    acts = Counter((s.meta["subset"] == "talk", s.meta["speech_act"]) for s in samples)
    assert set(acts) == {(True, "state"), (False, "request"), (False, "answer")}


def test_an_answer_comes_after_its_question() -> None:
    skill = Skill("demo/one", frozenset({"lights"}), (LAMP,), HOME.lines[-1:])
    (sample,) = pair((skill,), Options(seed=3))
    assert [message.text for message in sample.history] == ["In which room?", "the attic"]


def test_a_skill_that_shares_a_theme_is_no_stranger() -> None:
    bright = Skill("demo/bright", frozenset({"lights", "food"}), (LAMP,), ())
    german = Skill("demo/de", frozenset({"cars"}), (LAMP,), (), language="de")
    assert strangers(FOOD, (FOOD, HOME, bright, german)) == [HOME]


def test_held_out_skills_give_neither_lines_nor_tools() -> None:
    convert = convert_skills(lambda folder, options: (FOOD, HOME))
    samples = list(convert(Path(), Options(hold_out=frozenset({"demo/home"}))))
    assert {sample.meta["domain"] for sample in samples} == {"food"}
    assert all("lamp" not in spell(tool.name, "snake") for sample in samples for tool in sample.tools)


def test_weight_draws_that_share_of_the_lines() -> None:
    half = Skill("demo/half", frozenset({"x"}), (LAMP,), HOME.lines[:60], weight=0.5)
    assert len(list(pair((half,), Options()))) == 30


def test_a_value_outside_the_closed_list_makes_the_parameter_free_text() -> None:
    rng = random.Random(0)
    style = Style("snake", 1.0, 1.0)
    for _ in range(20):
        drawn = draw_tool(PIZZA, Wanted("OrderPizza", {"size": "enormous"}, {}), (), style, rng)
        assert drawn.arguments == {"size": "enormous"}
        assert "enum" not in drawn.tool.schema["properties"]["size"]


def test_numbers_and_lists_have_their_type_in_some_draws_and_are_text_in_others() -> None:
    rng = random.Random(0)
    style = Style("snake", 1.0, 1.0)
    want = Wanted("OrderPizza", {"count": "three", "toppings": ("ham",)}, {})
    drawn = [draw_tool(PIZZA, want, (), style, rng).arguments for _ in range(40)]
    assert {str(arguments["count"]) for arguments in drawn} == {"3", "three"}
    assert {str(arguments["toppings"]) for arguments in drawn} == {"ham", "['ham']"}


def test_parameters_that_lines_often_say_may_be_required() -> None:
    assert askable_parameters(FOOD) == {"OrderPizza": ("size", "count"), "CancelPizza": (), "TrackPizza": ()}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("snake", "set_on_fire"),
        ("camel", "setOnFire"),
        ("pascal", "SetOnFire"),
        ("kebab", "set-on-fire"),
        ("spaced", "set on fire"),
        ("published", "Set.OnFire"),
    ],
)
def test_names_in_every_spelling(spelling: Spelling, name: str) -> None:
    assert spell("Set.OnFire", spelling) == name


def test_addresses_and_numbers_are_masked_alike_everywhere() -> None:
    once = masked("write to jo.doe@mail.org or call +44 20 7946 0958")
    assert "jo.doe" not in once
    assert "7946" not in once
    assert once.split()[2] == masked("JO.DOE@mail.org")
    assert masked("at 10 30 on 12/05") == "at 10 30 on 12/05"
