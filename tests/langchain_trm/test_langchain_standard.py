"""LangChain's own conformance suites hold, offline, without an expected failure.

They run on a router that follows a few rules: they check the plumbing, and say nothing about the model.
Skips: `test_serdes` (third-party classes cannot be loaded by LangChain), `test_json_mode`, `test_pdf_*`,
`test_audio_inputs`, `test_image_*` (no such input or mode), `test_stream_time` (needs recorded HTTP).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_trm import ChatTRM, loading
from tests.langchain_trm.scripted_router import ScriptedRouter, rule_router

# The suite's own classes shadow pydantic names, and its example helper is marked as beta by LangChain.
pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore:Field name .* shadows an attribute:UserWarning"),
]


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatTRM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"router": rule_router()}

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"TRM_MODEL": "runs/mine"}, {}, {"model": "runs/mine"}


class TestIntegration(ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def other_weights(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(path: str | Path | None, *_: Any) -> ScriptedRouter:
            return rule_router()

        monkeypatch.setattr("langchain_trm.settings.load_router", load)

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatTRM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {}

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "runs/other"


def test_the_suites_use_no_shared_weights() -> None:
    assert loading._routers == {}
