"""The rules of language: what the words around a value say of it, brought into a prediction before it is read.

`RULES` is the whole of it. Each rule takes a prediction and gives one of the same shape. None finds a value that the
model did not point at, but values named by a declaration that the user says, and the row of a list of results where
the model points at another row of it.
`recipes/ablate_rules.py` measures what each is worth; a rule that pays nothing on data that nobody read goes.

Which row of a result: result_rows, row_signs. Numbers by name: binding, numerals. Spans and values: spans, wording,
overlaps, examples. Last of all: doubts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trm_agent.decoding.prediction import Prediction
from trm_agent.decoding.rules.binding import bind_numbers
from trm_agent.decoding.rules.doubts import settle
from trm_agent.decoding.rules.examples import say_examples
from trm_agent.decoding.rules.overlaps import part_overlaps
from trm_agent.decoding.rules.result_rows import choose_rows
from trm_agent.decoding.rules.wording import word_spans
from trm_agent.decoding.scene import Scene


@dataclass(frozen=True)
class Rule:
    """One step between the network and the values.

    Attributes:
        name: To switch it off by.
        says: What it does, in one sentence.
        apply: A prediction and its scene → the prediction, weighed or moved.
        languages: It knows words of these; none: it knows no words of any.
    """

    name: str
    says: str
    apply: Callable[[Prediction, Scene], Prediction]
    languages: tuple[str, ...] = ("en",)


RULES: tuple[Rule, ...] = (
    Rule(
        "result_rows",
        "A value from a list of results comes from the row that is spoken of.",
        choose_rows,
        ("de", "en", "es", "fr", "pt", "vi", "zh"),
    ),
    Rule(
        "numbers_by_name",
        "A number goes to the parameter whose name or unit stands beside it.",
        bind_numbers,
    ),
    Rule(
        "last_missing",
        "One doubted value does not hold up a call that is otherwise sure.",
        settle,
        (),
    ),
    Rule(
        "boundaries",
        "A span ends where a quotation, a code, a path or a noun does.",
        word_spans,
    ),
    Rule(
        "described_values",
        "A value that a description names and the user says is the value.",
        say_examples,
    ),
    Rule(
        "nested",
        "A text does not hold what surely fills another parameter of the tool.",
        part_overlaps,
        (),
    ),
)


def refine(prediction: Prediction, scene: Scene, rules: Sequence[Rule] = RULES) -> Prediction:
    """The same prediction after every rule, in order. Not idempotent: odds gain once a call.

    Args:
        prediction: For a decision point.
        scene: Where it was made.
        rules: Which; none of them: what the network alone says.
    """
    for rule in rules:
        prediction = rule.apply(prediction, scene)
    return prediction
