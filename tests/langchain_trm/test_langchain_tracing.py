"""What a tracer such as LangSmith's sees of a run: the decision record, and which model decided."""

from __future__ import annotations

from langchain_core.tracers.context import collect_runs

from langchain_trm import ChatTRM
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter

LOOK_UP = {
    "name": "look_up",
    "description": "Look a contract up",
    "parameters": {"type": "object", "properties": {"phone": {"type": "string"}}, "required": ["phone"]},
}


def test_a_traced_run_carries_the_decision_record() -> None:
    router = ScriptedRouter(lambda history, tools, choice: Plan("look_up", {"phone": "0912"}))
    with collect_runs() as traced:
        ChatTRM(tools=[LOOK_UP], router=router).invoke("My number is 0912")
    [run] = traced.traced_runs
    message = (run.outputs or {})["generations"][0][0]["message"]
    record = message["kwargs"]["response_metadata"]["decision"]
    assert (record["decision"], record["tool"], record["arguments"]) == ("tool_call", "look_up", {"phone": "0912"})
    assert {"confidence", "probabilities", "argument_values", "missing", "supervision_steps"} <= record.keys()
    assert (run.extra or {})["metadata"]["ls_provider"] == "trm"
