"""ChatTRM decides, words what it decides, and says why: one message per call, a refusal below the threshold."""

from __future__ import annotations

import asyncio
import copy
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from langchain_trm import ChatTRM, LowConfidenceError
from langchain_trm.settings import MAX_INPUT_TOKENS
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter, by_last_user
from trm_agent.errors import HistoryError
from trm_agent.types import SlotField


def test_a_call_has_name_arguments_and_a_portable_id(model: ChatTRM) -> None:
    message = model.invoke("a flight to Rome tomorrow")
    (call,) = message.tool_calls
    assert (call["name"], call["args"]) == ("search_flights", {"city": "Rome", "day": "tomorrow"})
    assert call["id"] is not None
    assert len(call["id"]) == 9
    assert call["id"].isalnum()
    assert message.content == ""
    assert message.response_metadata["finish_reason"] == "tool_calls"


def test_equal_conversations_give_equal_answers_and_later_calls_other_ids(model: ChatTRM) -> None:
    first, again = model.invoke("a flight to Rome tomorrow"), model.invoke("a flight to Rome tomorrow")
    assert first.tool_calls == again.tool_calls
    assert first.additional_kwargs == again.additional_kwargs
    later = model.invoke(
        [
            HumanMessage("a flight to Rome tomorrow"),
            first,
            ToolMessage("{}", tool_call_id=first.tool_calls[0]["id"]),
            HumanMessage("a flight to Rome tomorrow"),
        ]
    )
    assert later.tool_calls[0]["args"] == first.tool_calls[0]["args"]
    assert later.tool_calls[0]["id"] != first.tool_calls[0]["id"]


def test_a_missing_parameter_is_asked_for_by_its_description(model: ChatTRM) -> None:
    message = model.invoke("a flight to Rome")
    assert message.content == "What is the day of departure?"
    assert message.tool_calls == []
    assert message.response_metadata["decision"]["missing"] == ["day"]
    assert message.response_metadata["finish_reason"] == "stop"


def test_small_talk_gets_the_reply_and_no_call(model: ChatTRM) -> None:
    assert model.invoke("hi").content == "How can I help you?"
    assert model.model_copy(update={"reply": "Ciao!"}).invoke("hi").content == "Ciao!"


def test_after_a_result_the_answer_reads_it_out(model: ChatTRM) -> None:
    call = model.invoke("a flight to Rome tomorrow")
    result = ToolMessage('{"flight_number": "XY 12", "price": 120}', tool_call_id=call.tool_calls[0]["id"])
    answer = model.invoke([HumanMessage("a flight to Rome tomorrow"), call, result])
    assert answer.content == "Here is what I have. The flight number is XY 12 and the price is 120."


def test_the_router_s_own_words_come_first(tools: list[BaseTool]) -> None:
    router = ScriptedRouter(lambda *_: Plan(content="Of course."))
    assert ChatTRM(router=router, tools=tools).invoke("hi").content == "Of course."


def test_the_record_says_what_why_and_from_where(model: ChatTRM) -> None:
    message = model.invoke([SystemMessage("be brief"), HumanMessage("a flight to Rome tomorrow")])
    record = message.response_metadata["decision"]
    assert record["decision"] == "tool_call"
    assert record["tool"] == "search_flights"
    assert record["probabilities"]["tools"].keys() == {"search_flights", "book_flight"}
    assert record["argument_values"]["city"] == {
        "value": "Rome",
        "confidence": 0.9,
        "source": {"kind": "span", "message": 1, "start": 12, "end": 16, "text": "Rome"},
    }
    assert record["supervision_steps"] == 2
    assert record["latency_ms"]["total"] == 3.0
    assert "state" not in record
    assert message.response_metadata["model_provider"] == "trm"
    assert message.response_metadata["model_name"] == "trm"


def test_sources_count_the_caller_s_messages_not_the_history_s(model: ChatTRM) -> None:
    parallel = AIMessage("", tool_calls=[{"name": "a", "args": {}, "id": "1"}, {"name": "b", "args": {}, "id": "2"}])
    messages = [HumanMessage("x"), parallel, HumanMessage("a flight to Rome tomorrow")]
    record = model.invoke(messages).response_metadata["decision"]
    assert record["argument_values"]["city"]["source"]["message"] == 2


def test_usage_counts_what_is_read_and_what_is_said(model: ChatTRM) -> None:
    usage = model.invoke([SystemMessage("be brief"), HumanMessage("a flight to Rome")]).usage_metadata
    assert usage == {"input_tokens": 6, "output_tokens": 6, "total_tokens": 12}
    assert model.invoke("a flight to Rome tomorrow").usage_metadata["output_tokens"] == 0  # type: ignore[index]


def test_tokens_are_the_encoder_s_and_need_no_download(model: ChatTRM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_core.language_models.base.get_tokenizer", lambda: pytest.fail("downloads GPT-2"))
    assert model.get_token_ids("to Rome") == [2, 4]
    assert model.get_num_tokens("to Rome") == 2
    assert model.get_num_tokens_from_messages([HumanMessage("to Rome")]) == 2
    with_tools = model.get_num_tokens_from_messages([HumanMessage("to Rome")], tools=model.tools)
    assert with_tools > 10
    assert ChatTRM(router=model.router, custom_get_token_ids=lambda text: [7] * 5).get_num_tokens("x") == 5


def test_below_the_threshold_a_decision_is_refused_with_its_whole_distribution(model: ChatTRM) -> None:
    careful = model.model_copy(update={"min_confidence": 0.9})
    with pytest.raises(LowConfidenceError, match=r"confidence 0\.400 is below min_confidence 0\.9") as caught:
        careful.invoke("hm, maybe")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.record["probabilities"]["tools"]["book_flight"] == 0.4
    assert again.record["state"]["messages"] == 1
    assert again.threshold == 0.9
    assert careful.invoke("a flight to Rome tomorrow").tool_calls


def test_a_call_whose_arguments_are_unsure_is_refused_and_an_answer_is_not(model: ChatTRM) -> None:
    careful = model.model_copy(update={"min_confidence": 0.9, "min_call_confidence": 0.9})
    with pytest.raises(
        LowConfidenceError, match=r"^call_confidence 0\.873 is below min_call_confidence 0\.9"
    ) as caught:
        careful.invoke("a flight to Rome tomorrow")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.measure, again.threshold, str(again)) == ("call_confidence", 0.9, str(caught.value))
    assert careful.invoke("hi").content
    assert model.model_copy(update={"min_call_confidence": 0.8}).invoke("a flight to Rome tomorrow").tool_calls
    assert model.invoke("hm, maybe").tool_calls


def test_async_gives_the_same_answers(model: ChatTRM) -> None:
    for text in ("a flight to Rome tomorrow", "a flight to Rome", "hi"):
        sync, later = model.invoke(text), asyncio.run(model.ainvoke(text))
        assert (sync.content, sync.tool_calls) == (later.content, later.tool_calls)


def test_tools_of_a_call_replace_those_of_the_constructor(model: ChatTRM, travel: ScriptedRouter) -> None:
    def other(x: str) -> str:
        """Do something else."""
        return x

    record = model.bind_tools([other]).invoke("hi").response_metadata["decision"]
    assert record["probabilities"]["tools"].keys() == {"other"}
    assert model.bind_tools([]).invoke("a flight to Rome tomorrow").tool_calls == []
    assert model.invoke("hi").response_metadata["decision"]["probabilities"]["tools"].keys() != {"other"}


def test_without_tools_nothing_is_decided_and_nothing_is_asked_of_the_router(travel: ScriptedRouter) -> None:
    message = ChatTRM(router=travel).invoke("a flight to Rome tomorrow")
    assert message.content == "How can I help you?"
    assert message.response_metadata["decision"]["confidence"] == 1.0
    assert travel.decided == 0


def test_slot_fields_are_remembered_without_tools(travel: ScriptedRouter) -> None:
    model = ChatTRM(router=travel, slot_fields=["phone", {"name": "mood", "choices": ["good", "bad"]}])
    assert model.slot_fields == (SlotField("phone"), SlotField("mood", "", ("good", "bad")))
    assert model.invoke("hi").content == "How can I help you?"
    assert travel.decided == 1


@pytest.mark.parametrize("choice", ["any", "required", "search_flights", True])
def test_a_forced_choice_calls_even_on_hello_and_invents_nothing(model: ChatTRM, choice: Any) -> None:
    bound = model.bind_tools(model.tools, tool_choice=choice)
    message = bound.invoke("Hello!")
    (call,) = message.tool_calls
    record = message.response_metadata["decision"]
    if choice == "search_flights":
        assert call["name"] == "search_flights"
    assert all(value in ("Hello!",) for value in call["args"].values())
    assert record["confidence"] == 0.0
    assert record["note"] == "forced"
    careful = model.model_copy(update={"min_confidence": 0.1}).bind_tools(model.tools, tool_choice=choice)
    with pytest.raises(LowConfidenceError):
        careful.invoke("Hello!")


def test_of_several_tools_none_is_filled_by_guessing(model: ChatTRM) -> None:
    message = model.bind_tools(model.tools, tool_choice="any").invoke("Hello!")
    assert message.tool_calls[0]["args"] == {}
    assert message.response_metadata["decision"]["missing"]


def test_what_a_forced_call_needs_is_kept_from_the_slots(model: ChatTRM) -> None:
    message = model.bind_tools(model.tools, tool_choice="any").invoke("a flight to Rome")
    assert message.tool_calls[0]["name"] == "search_flights"
    assert message.tool_calls[0]["args"] == {"city": "Rome"}
    assert message.response_metadata["decision"]["missing"] == ["day"]


def test_tool_choice_none_never_calls(model: ChatTRM) -> None:
    assert model.bind_tools(model.tools, tool_choice="none").invoke("a flight to Rome tomorrow").tool_calls == []


def test_stop_words_cut_direct_answers(model: ChatTRM) -> None:
    assert model.invoke("hi", stop=["help"]).content == "How can I "
    assert ChatTRM(router=model.router, stop=["can"]).invoke("hi").content == "How "


def test_relative_dates_get_the_present_that_the_caller_gives(travel: ScriptedRouter, tools: list[BaseTool]) -> None:
    moment = datetime(2025, 3, 1, 9, 30, tzinfo=ZoneInfo("Europe/Rome"))
    ChatTRM(router=travel, tools=tools, now=moment).invoke("hi")
    ChatTRM(router=travel, tools=tools, now=lambda: moment).invoke("hi")
    ChatTRM(router=travel, tools=tools).invoke("hi", now=moment)
    ChatTRM(router=travel, tools=tools).invoke("hi")
    assert travel.moments == [moment, moment, moment, None]


def test_an_empty_conversation_is_an_error(model: ChatTRM) -> None:
    with pytest.raises(HistoryError, match="the history is empty"):
        model.invoke([])


def test_a_misspelt_field_is_an_error_and_sampling_parameters_are_not() -> None:
    with pytest.raises(ValidationError, match="min_confidance"):
        ChatTRM(min_confidance=0.9)  # type: ignore[call-arg]
    assert ChatTRM(temperature=0, max_tokens=5, timeout=3, max_retries=2).reply  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        ChatTRM(min_confidence=90)


def test_construction_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: pytest.fail("loads weights"))
    model = ChatTRM(model="no/such/folder")
    assert model.profile is not None
    assert repr(model)


def test_the_profile_offers_tools_and_no_json_mode(model: ChatTRM) -> None:
    assert model.profile is not None
    assert model.profile["tool_calling"]
    assert model.profile["tool_choice"]
    assert model.profile["max_input_tokens"] == MAX_INPUT_TOKENS
    assert "structured_output" not in model.profile


def test_the_profile_s_window_is_the_features() -> None:
    from trm_agent.features.conversation import MAX_TOKENS

    assert MAX_INPUT_TOKENS == MAX_TOKENS


def test_the_environment_names_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_MODEL", "runs/mine")
    assert ChatTRM().model == "runs/mine"
    assert ChatTRM(model="runs/other").model == "runs/other"


def test_traces_name_provider_model_and_version(model: ChatTRM) -> None:
    params = model._get_ls_params(model="runs/other")
    assert (params["ls_provider"], params["ls_model_name"], params["ls_model_type"]) == ("trm", "runs/other", "chat")
    assert model._get_ls_params()["ls_model_name"] == "trm"
    assert model.metadata is not None
    assert "trm-agent" in model.metadata["lc_versions"]
    assert not model.is_lc_serializable()


@pytest.mark.parametrize(
    "change",
    [
        {"router": ScriptedRouter(by_last_user({}), "other weights")},
        {"min_confidence": 0.2},
        {"min_call_confidence": 0.2},
        {"tools": []},
        {"reply": "Ciao!"},
        {"max_calls": 2},
        {"responder": RunnableLambda(lambda _: "x")},
        {"now": datetime(2025, 1, 1)},
        {"stop": ["x"]},
        {"earlier": [{"role": "user", "content": "to Rome"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_an_answer_changes_the_cache_key(model: ChatTRM, change: dict[str, Any]) -> None:
    assert model._get_llm_string() != model.model_copy(update=change)._get_llm_string()
    assert model._get_llm_string() == model.model_copy()._get_llm_string()


def test_a_cache_keeps_models_with_other_weights_apart(tools: list[BaseTool]) -> None:
    cache = InMemoryCache()
    one = ChatTRM(router=ScriptedRouter(lambda *_: Plan(content="one"), "one"), tools=tools, cache=cache)
    two = ChatTRM(router=ScriptedRouter(lambda *_: Plan(content="two"), "two"), tools=tools, cache=cache)
    assert [one.invoke("hi").content, two.invoke("hi").content, one.invoke("hi").content] == ["one", "two", "one"]
    assert one.router.decided == 1


def test_a_cached_override_knows_the_weights_behind_its_path(model: ChatTRM, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = {"a": "one", "b": "one"}
    monkeypatch.setattr(
        "langchain_trm.settings.load_router", lambda path, *_: ScriptedRouter(lambda *_: Plan(), routers[str(path)])
    )
    before = model._get_llm_string(model="a")
    routers["a"] = "trained again"
    assert model._get_llm_string(model="a") != before


def test_another_model_can_be_named_per_call(model: ChatTRM, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ScriptedRouter(lambda *_: Plan(content="other"), "other")
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: other)
    message = model.invoke("hi", model="runs/other")
    assert (message.content, message.response_metadata["model_name"]) == ("other", "runs/other")


def test_fields_can_be_configured_at_run_time(model: ChatTRM) -> None:
    model.invoke("hi")
    careful = model.configurable_fields(min_confidence=ConfigurableField("sure"))
    assert careful.invoke("hm, maybe").tool_calls
    with pytest.raises(LowConfidenceError):
        careful.invoke("hm, maybe", config={"configurable": {"sure": 0.9}})


def test_a_language_model_as_responder_gets_the_messages_with_an_instruction(model: ChatTRM) -> None:
    heard: list[Any] = []

    class Words(GenericFakeChatModel):
        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            heard.append(messages)
            return super()._generate(messages, *args, **kwargs)

    speaker = Words(messages=iter(["When would you like to fly?"] * 2))
    spoken = model.model_copy(update={"responder": speaker})
    assert (
        spoken.invoke([SystemMessage("be brief"), HumanMessage("a flight to Rome")]).content
        == "When would you like to fly?"
    )
    assert [type(m).__name__ for m in heard[0]] == ["SystemMessage", "HumanMessage"]
    assert heard[0][0].content.startswith(
        "be brief\n\nBefore search flights can go on, one thing is missing: Day of departure."
    )
    assert spoken.invoke("a flight to Rome tomorrow").tool_calls
    assert len(heard) == 1


def test_any_other_responder_gets_messages_and_record(model: ChatTRM) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Decided: {decision}"), ("placeholder", "{messages}")])
    seen: list[Any] = []
    chain = prompt | RunnableLambda(lambda value: seen.append(value) or "Aha.")
    spoken = model.model_copy(update={"responder": chain})
    message = asyncio.run(spoken.ainvoke("a flight to Rome"))
    assert message.content == "Aha."
    assert "'missing': ['day']" in seen[0].to_messages()[0].content
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 1


def test_saved_settings_come_back_with_the_weights(
    model: ChatTRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.model_copy(update={"reply": "Ciao!", "min_confidence": 0.3}).save_pretrained(tmp_path)
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: model.router)
    again = ChatTRM.from_pretrained(tmp_path)
    assert (again.reply, again.min_confidence, again.model) == ("Ciao!", 0.3, str(tmp_path))
    assert again.tools == model.tools
    assert ChatTRM.from_pretrained(tmp_path, reply="Hi!").reply == "Hi!"
    assert again.invoke("a flight to Rome tomorrow").tool_calls


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    from trm_agent.errors import CheckpointError

    (tmp_path / "langchain.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"langchain\.json: not readable as JSON"):
        ChatTRM.from_pretrained(tmp_path)
    (tmp_path / "langchain.json").write_text("[]", encoding="utf-8")
    with pytest.raises(CheckpointError, match="expected an object, got list"):
        ChatTRM.from_pretrained(tmp_path)


def test_lists_of_messages_in_prompt_chains_and_openai_dicts_are_input(model: ChatTRM) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "be brief"), ("human", "a flight to {city} tomorrow")])
    assert (prompt | model).invoke({"city": "Rome"}).tool_calls
    assert model.invoke([{"role": "user", "content": "a flight to Rome tomorrow"}]).tool_calls


def test_a_model_can_be_pickled_and_copied_after_its_weights_were_loaded(
    model: ChatTRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: model.router)
    mine = ChatTRM(model="runs/mine", tools=model.tools, min_confidence=0.3)
    mine.invoke("hi")
    again = pickle.loads(pickle.dumps(mine))
    assert (again.model, again.tools, again.min_confidence) == ("runs/mine", model.tools, 0.3)
    assert again.invoke("book XY 12").tool_calls
    copied = copy.deepcopy(model)
    assert copied.router is model.router
    copied.tools[0]["function"]["name"] = "changed"
    assert model.tools[0]["function"]["name"] == "search_flights"


def test_a_copy_with_other_weights_loads_them(model: ChatTRM, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = {"a": model.router, "b": ScriptedRouter(lambda *_: Plan(content="b"), "b")}
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: routers[str(path)])
    first = ChatTRM(model="a")
    assert first.loaded() is routers["a"]
    assert first.model_copy(update={"model": "b"}).loaded() is routers["b"]


def test_stop_words_reach_a_responder_that_is_a_model_and_no_other(model: ChatTRM) -> None:
    chain = model.model_copy(update={"responder": RunnableLambda(lambda value: "Sure.")})
    assert chain.invoke("hi", stop=["x"]).content == "Sure."
    heard: list[Any] = []

    class Words(GenericFakeChatModel):
        def _generate(self, messages: Any, stop: Any = None, *args: Any, **kwargs: Any) -> Any:
            heard.append(stop)
            return super()._generate(messages, stop, *args, **kwargs)

    speaker = Words(messages=iter([AIMessage("Sure.")] * 2))
    model.model_copy(update={"responder": speaker}).invoke("hi", stop=["x"])
    model.model_copy(update={"responder": speaker, "stop": ["y"]}).invoke("hi")
    assert heard == [["x"], ["y"]]
