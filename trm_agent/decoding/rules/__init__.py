"""What the words around a value say of it, brought into a prediction before anything is read from it.

Each step takes a prediction and gives one of the same shape; none finds a value that the model did not point at, but
flags, entries of closed lists and values named by a declaration that the user says.
"""

from __future__ import annotations

from collections.abc import Sequence

from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.rules.answers import say_forms, take_answers
from trm_agent.decoding.rules.binding import bind_numbers
from trm_agent.decoding.rules.counting import count_calls
from trm_agent.decoding.rules.directions import point_directions
from trm_agent.decoding.rules.doubts import settle
from trm_agent.decoding.rules.enumerations import spread
from trm_agent.decoding.rules.examples import say_examples
from trm_agent.decoding.rules.naming import name_texts
from trm_agent.decoding.rules.overlaps import part_overlaps
from trm_agent.decoding.rules.shown import snap
from trm_agent.decoding.rules.twins import order_twins
from trm_agent.decoding.rules.wording import say_flags, word_spans
from trm_agent.types import Message, Slot, ToolSchema


def refine(
    prediction: Prediction, tools: Sequence[ToolSchema], slots: Sequence[Slot], history: Sequence[Message]
) -> Prediction:
    """The same prediction with its spans, choices and flags weighed and moved by the words around them.

    Numbers go to the parameter named beside them, spans of answers end where shown values do, texts go by the direction
    said before them and the name beside them, one doubted value does not hold a call up, flags that are named and
    values that a description names are filled, spans end where quotes, codes and nouns do, what only a number tells
    apart goes by the order, texts do not hold what is another slot's, lists are read whole, several calls are likely
    where more is said than one takes. Not idempotent: odds gain once a call.

    Args:
        prediction: For a decision point.
        tools: In the order of `prediction.tools`.
        slots: In the order of `prediction.slots`.
        history: What the spans point into.
    """
    prediction = snap(bind_numbers(prediction, slots, history), slots, history)
    prediction = name_texts(point_directions(prediction, slots, history), slots, history)
    prediction = settle(prediction, tools, slots, history)
    prediction = word_spans(say_flags(prediction, tools, slots, history), slots, history)
    prediction = order_twins(prediction, slots, history)
    prediction = say_examples(prediction, tools, slots, history)
    prediction = say_forms(take_answers(prediction, tools, slots, history), tools, slots, history)
    prediction = part_overlaps(prediction, slots, history)
    return count_calls(spread(prediction, slots, history), tools, slots, history)
