"""What LangChain stores and loads: messages come back whole; models are named, and built by their constructor."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.chat_models import init_chat_model
from langchain_core.load import dumpd, dumps, loads
from langchain_core.messages import HumanMessage, messages_from_dict, messages_to_dict

from langchain_trm import ChatTRM, TRMDecisionModel, explain
from tests.langchain_trm.scripted_router import ScriptedRouter

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def through_dumps(messages: list[Any]) -> list[Any]:
    return list(loads(dumps(messages), allowed_objects="messages"))


def through_dicts(messages: list[Any]) -> list[Any]:
    return messages_from_dict(json.loads(json.dumps(messages_to_dict(messages))))


@pytest.mark.parametrize("stored", [through_dumps, through_dicts], ids=["dumps", "dicts"])
def test_a_stored_history_comes_back_equal_and_is_resumed(model: ChatTRM, travel: ScriptedRouter, stored: Any) -> None:
    history: list[Any] = [HumanMessage("a flight to Rome")]
    history.append(model.invoke(history))
    again = stored(history)
    assert again == history
    assert explain(again[-1]).to_json() == explain(history[-1]).to_json()
    before = travel.read
    answer = model.invoke([*again, HumanMessage("tomorrow")])
    assert answer.tool_calls[0]["args"] == {"city": "Rome", "day": "tomorrow"}
    assert travel.read - before == 2, "the snapshot was lost: the whole history was read again"


def test_models_are_described_but_not_loaded(model: ChatTRM) -> None:
    for made in (model, TRMDecisionModel(chat_model=model)):
        described = dumpd(made)
        assert described["type"] == "not_implemented"
        assert described["id"] == [*type(made).__module__.split("."), type(made).__name__]
        assert not made.is_lc_serializable()


def test_init_chat_model_knows_its_own_providers_only() -> None:
    """When this fails, `init_chat_model` can be taught a provider, and "trm" should be one."""
    with pytest.raises(ValueError, match="Unable to infer model provider for model='trm:default'"):
        init_chat_model("trm:default")
