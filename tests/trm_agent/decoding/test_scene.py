"""A scene says who spoke last, what the user asked for, and whether a prediction is of it."""

from __future__ import annotations

import pytest

from trm_agent.decoding.prediction import Prediction, SlotPrediction
from trm_agent.decoding.scene import Scene
from trm_agent.types import Message, parse_tools, slot_table

CITY = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
TOOLS = parse_tools([{"type": "function", "function": CITY | {"description": "Tell the weather."}}])
SLOTS = slot_table(TOOLS)
ASKED = (Message("user", "In Rome?"), Message("assistant", "Today?"))
FITS = Prediction(0.9, (0.9,), 0.1, (SlotPrediction(0.9, 0.1, 0.0),), 0.5, 1)


def test_the_request_is_the_last_thing_that_the_user_said() -> None:
    scene = Scene(TOOLS, SLOTS, ASKED)
    assert (scene.last_user, scene.request, scene.user_spoke_last) == (0, "In Rome?", False)
    assert Scene(TOOLS, SLOTS, (*ASKED, Message("user", "Now"))).request == "Now"


def test_where_nobody_asked_there_is_no_request() -> None:
    for history in ((), ASKED[1:]):
        scene = Scene(TOOLS, SLOTS, history)
        assert (scene.last_user, scene.request, scene.user_spoke_last) == (None, "", False)


def test_only_a_prediction_of_its_tools_and_slots_answers_the_user() -> None:
    assert Scene(TOOLS, SLOTS, ASKED[:1]).answers_user(FITS)
    assert not Scene(TOOLS, SLOTS, ASKED).answers_user(FITS), "the assistant spoke last"
    assert not Scene((), SLOTS, ASKED[:1]).answers_user(FITS), "of other tools"
    assert not Scene(TOOLS, (), ASKED[:1]).answers_user(FITS), "of other slots"
    assert Scene(TOOLS, SLOTS, ASKED).meant(FITS) is TOOLS[0]


def test_a_prediction_for_other_slots_is_refused() -> None:
    with pytest.raises(ValueError, match="the prediction is for 1 tools and 1 slots, got 1 tools and 0 slots"):
        Scene(TOOLS, (), ASKED).check(FITS)
