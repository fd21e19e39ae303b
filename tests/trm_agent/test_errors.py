"""One exception tree: caught as a whole, by kind, and (for bad input) as the ValueError it is."""

from __future__ import annotations

import copy
import importlib
import pickle

import pytest

from trm_agent import errors
from trm_agent.errors import (
    CheckpointError,
    DataError,
    EncoderError,
    HistoryError,
    LowConfidenceError,
    MissingExtraError,
    ToolError,
    TRMError,
    requires_extra,
)

RECORD = {"decision": "tool_call", "tool": "book", "confidence": 0.41239, "probabilities": {"tools": {"book": 0.5}}}


@pytest.mark.parametrize("kind", [DataError, ToolError, HistoryError, EncoderError, CheckpointError])
def test_whatever_the_project_raises_is_caught_as_one(kind: type[TRMError]) -> None:
    with pytest.raises(TRMError, match=r"^what is wrong$"):
        raise kind("what is wrong")


@pytest.mark.parametrize("kind", [DataError, ToolError, HistoryError])
def test_bad_input_is_a_value_error(kind: type[TRMError]) -> None:
    with pytest.raises(ValueError, match=r"^what is wrong$"):
        raise kind("what is wrong")


@pytest.mark.parametrize("kind", [EncoderError, CheckpointError, LowConfidenceError])
def test_what_is_not_the_callers_input_is_no_value_error(kind: type[TRMError]) -> None:
    assert not issubclass(kind, ValueError)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = {word for line in (errors.__doc__ or "").splitlines() for word in line.split() if word.endswith("Error")}
    declared = {name for name, thing in vars(errors).items() if isinstance(thing, type) and thing is not object}
    assert drawn - {"ValueError"} == {name for name in declared if name.endswith("Error")}


def test_a_low_confidence_says_how_low_for_what_and_what_to_do() -> None:
    assert str(LowConfidenceError(RECORD, 0.9)) == (
        "confidence 0.412 is below min_confidence 0.9 (decision 'tool_call', tool 'book'); "
        "a larger model should take this turn"
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_low_confidence_survives_pickling_with_its_record(protocol: int) -> None:
    error = LowConfidenceError(RECORD, 0.9)
    back = pickle.loads(pickle.dumps(error, protocol))
    assert type(back) is LowConfidenceError
    assert (back.record, back.threshold, str(back)) == (RECORD, 0.9, str(error))


def test_a_low_confidence_survives_copying() -> None:
    back = copy.deepcopy(LowConfidenceError(RECORD, 0.9))
    assert (back.record, back.threshold) == (RECORD, 0.9)


def test_a_missing_extra_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingExtraError) as caught, requires_extra("report", "the report page"):
        importlib.import_module("a_package_that_nobody_has")
    assert str(caught.value) == (
        "the report page needs the `report` extra (No module named 'a_package_that_nobody_has'); "
        "install it with `uv add 'trm-agent[report]'`, or in a clone with `uv sync --extra report`"
    )
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, TRMError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.extra) == (str(caught.value), "report")


def test_other_errors_pass_a_block_that_requires_an_extra() -> None:
    with pytest.raises(ImportError, match="cannot import name 'no_such_name'") as caught, requires_extra("x", "y"):
        from trm_agent.errors import no_such_name  # type: ignore[attr-defined]  # noqa: F401
    assert not isinstance(caught.value, MissingExtraError)
