"""Lists of records: every record of a message, its fields together, in one call."""

from __future__ import annotations

from typing import Any

from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.decide import decode
from trm_agent.decoding.prediction import Prediction, SlotPrediction, SpanCandidate
from trm_agent.decoding.records import gather
from trm_agent.decoding.scene import Scene
from trm_agent.types import Decision, Message, parse_tools, slot_table

TOOLS = parse_tools(
    [
        {
            "name": "create_order",
            "parameters": {
                "type": "object",
                "properties": {
                    "table": {"type": "integer"},
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "drink": {"type": "string"},
                                "quantity": {"type": "integer"},
                                "note": {"type": "string"},
                            },
                            "required": ["drink"],
                        },
                    },
                },
                "required": ["items"],
            },
        }
    ]
)
SLOTS = slot_table(TOOLS)
TEXT = "2 lattes, 1 flat white without sugar and 3 teas for table 12"
EMPTY = SlotPrediction(1.0, 0.0, 0.0)
SEVERAL = (0.05, 0.15, 0.7, 0.1)
ONE = (0.995, 0.003, 0.001, 0.001)


def said(*words: str) -> SlotPrediction:
    spans = tuple(SpanCandidate(0, TEXT.index(word), TEXT.index(word) + len(word), 0.97 / len(words)) for word in words)
    return SlotPrediction(0.01, 0.99, 0.0, spans=spans)


def decide(calls: tuple[float, ...], history: list[Message] | None = None, **slots: SlotPrediction) -> Decision:
    prediction = Prediction(
        call=0.95,
        tools=(0.97,),
        no_tool=0.03,
        slots=tuple(slots.get(slot.key.replace(".", "_"), EMPTY) for slot in SLOTS),
        halt=0.5,
        steps=2,
        calls=calls,
    )
    said_so_far = history or [Message("user", TEXT)]
    return gather(decode(prediction, Scene(TOOLS, SLOTS, said_so_far), calibration=Calibration.identity()), TOOLS)


ALL: dict[str, Any] = {
    "items_drink": said("lattes", "flat white", "teas"),
    "items_quantity": said("2", "1", "3"),
    "items_note": said("without sugar"),
    "table": said("12"),
}


def test_the_fields_of_a_record_are_parameters() -> None:
    assert [parameter.name for parameter in TOOLS[0].parameters] == [
        "table",
        "items.drink",
        "items.quantity",
        "items.note",
    ]
    assert TOOLS[0].required == ("items.drink",)


def test_one_call_holds_every_record_with_its_own_fields() -> None:
    decision = decide(SEVERAL, **ALL)
    (call,) = decision.calls
    assert call.arguments == decision.arguments
    assert call.arguments == {
        "table": 12,
        "items": [
            {"drink": "lattes", "quantity": 2},
            {"drink": "flat white", "quantity": 1, "note": "without sugar"},
            {"drink": "teas", "quantity": 3},
        ],
    }
    assert call.argument_values["items.drink"].source.text == "lattes"
    assert call.argument_values["items[2].drink"].source.text == "teas"


def test_one_record_is_a_list_of_one() -> None:
    decision = decide(ONE, items_drink=said("lattes"), items_quantity=said("2"))
    assert decision.arguments == {"items": [{"drink": "lattes", "quantity": 2}]}


def test_a_record_without_what_it_requires_is_asked_for() -> None:
    decision = decide(ONE, items_quantity=said("2"), table=said("12"))
    assert decision.decision == "direct_answer"
    assert decision.missing == ("items.drink",)


def test_a_call_that_was_made_with_all_records_is_not_made_again_for_one() -> None:
    made = decide(SEVERAL, **ALL).arguments
    history = [
        Message("user", TEXT),
        Message("tool_call", {"name": "create_order", "arguments": made}),
        Message("tool_response", {"status": "ok"}),
    ]
    assert decide(SEVERAL, history, **ALL).decision == "direct_answer"
