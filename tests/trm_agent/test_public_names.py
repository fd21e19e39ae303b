"""The names that users import stay where they are, whatever moves behind them."""

from __future__ import annotations

import importlib

import pytest

from trm_agent.convert import main

NAMES = {
    "trm_agent": [
        "BoundRouter",
        "CheckpointError",
        "DataError",
        "Decision",
        "EncoderError",
        "HistoryError",
        "LowConfidenceError",
        "Message",
        "Router",
        "Sample",
        "SlotField",
        "TRMError",
        "ToolError",
        "ToolSchema",
    ],
    "trm_agent.utils": ["DEFAULT_SLOT_FIELDS", "RawDataProcessor", "build_history", "process_raw_conversation"],
    "langchain_trm": [
        "ChatTRM",
        "Explanation",
        "LowConfidenceError",
        "TRMDecisionModel",
        "TRMMiddleware",
        "TRMToolSelector",
        "Thresholds",
        "explain",
        "low_confidence",
    ],
}
CONVERT = ("--input", "--output", "--tools", "--slot-fields", "--system", "--strict")


@pytest.mark.parametrize("package", NAMES)
def test_a_package_has_its_names(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == NAMES[package]
    for name in NAMES[package]:
        try:
            assert getattr(module, name) is not None
        except ImportError as error:  # what needs a newer LangChain than the one that is installed says so
            if "needs langchain" not in str(error):
                raise


def test_convert_is_a_command_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    shown = capsys.readouterr().out
    assert [option for option in CONVERT if option not in shown] == []
