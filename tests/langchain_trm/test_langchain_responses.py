"""Words from conversations: given where they fit, streamed, named in the record; else the rule or the responder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda

from langchain_trm import ChatTRM
from trm_agent.data.jsonl import read_samples, write_samples
from trm_agent.errors import CheckpointError
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.training.generator import DecoderTraining
from trm_agent.training.responses import ResponseConfig, teach, with_responses
from trm_agent.utils import process_raw_conversation

SAMPLES = Path(__file__).parents[1] / "sample_data"
TOOLS = json.loads((SAMPLES / "setup" / "tools.json").read_text(encoding="utf-8"))
PRICE = json.loads((SAMPLES / "vi_hoi_gia_cuoc.json").read_text(encoding="utf-8"))
ASKED = [
    HumanMessage(PRICE[0]["content"]),
    AIMessage(PRICE[1]["content"]["response"]),
    HumanMessage(PRICE[2]["content"]),
]


@pytest.fixture(scope="module")
def vietnamese(tmp_path_factory: pytest.TempPathFactory) -> Router:
    """Converted, learned, saved and loaded again."""
    folder = tmp_path_factory.mktemp("vi")
    converted = [
        sample
        for number, path in enumerate(sorted(SAMPLES.glob("vi_*.json")))
        for sample in process_raw_conversation(json.loads(path.read_text(encoding="utf-8")), TOOLS)
        if sample.meta.update(dialogue=str(number)) is None
    ]
    write_samples(folder / "vi.jsonl", converted)
    decoder = DecoderTraining(steps=250, batch=16, lr=5e-3, width=32, dropout=0.0, ema=0.9)
    config = ResponseConfig(steps=200, batch=8, hidden=32, language="vi", decoder=decoder)
    teach(tiny_router(), [folder / "vi.jsonl"], HashingEncoder(), config).save_pretrained(folder / "run")
    assert len(list(read_samples(folder / "vi.jsonl"))) == len(converted)
    return Router.from_pretrained(folder / "run", encoder=HashingEncoder())


def answer(router: Router, **settings: Any) -> AIMessage:
    return ChatTRM(router=router, **settings).bind_tools(TOOLS, tool_choice="none").invoke(ASKED)


def test_vietnamese_conversations_give_vietnamese_answers(vietnamese: Router) -> None:
    assert vietnamese.responses is not None
    known = {response.text for response in vietnamese.responses.bank.responses}
    assert "Dạ không có gì ạ, chúc anh {name} một ngày tốt lành!" in known
    asking = next(r for r in vietnamese.responses.bank.responses if r.text.startswith("Dạ em chào anh, em rất tiếc"))
    assert set(asking.asks) == {"address"}, "it ends without a question mark; the address came next"
    message = answer(vietnamese)
    words = message.response_metadata["decision"]["words"]
    assert words["from"] == "bank"
    assert vietnamese.responses.bank.row[words["id"]] >= 0
    assert message.content == PRICE[3]["content"]["response"]


def test_the_words_are_streamed_piece_by_piece(vietnamese: Router) -> None:
    chunks = list(ChatTRM(router=vietnamese).bind_tools(TOOLS, tool_choice="none").stream(ASKED))
    assert len([chunk for chunk in chunks if chunk.content]) > 2
    assert "".join(str(chunk.content) for chunk in chunks) == answer(vietnamese).content
    assert chunks[-1].response_metadata["decision"]["words"]["from"] == "bank"


def test_asking_alone_leaves_the_bank_aside(vietnamese: Router) -> None:
    message = answer(vietnamese, responses="ask", reply="Vâng?")
    assert message.content == "Vâng?"
    assert message.response_metadata["decision"]["words"] == {"from": "reply"}


def test_a_responder_words_what_the_bank_does_not(vietnamese: Router) -> None:
    spoken = RunnableLambda(lambda value: f"{value['decision']['words']['from']}: xin chào")
    message = answer(vietnamese, responses="ask", responder=spoken)
    assert message.content == "responder: xin chào"
    assert answer(vietnamese, responder=spoken).response_metadata["decision"]["words"]["from"] == "bank"


def test_without_a_bank_everything_is_as_before() -> None:
    message = answer(tiny_router(), reply="Hm?")
    assert message.response_metadata["decision"]["words"]["from"] in ("reply", "rule")
    with pytest.raises(CheckpointError, match=r'responses="retrieve" needs a checkpoint with responses.*train_resp'):
        answer(tiny_router(), responses="retrieve")


def test_vietnamese_answers_are_worded_by_the_decoder(vietnamese: Router) -> None:
    message = answer(vietnamese, responses="generate")
    words = message.response_metadata["decision"]["words"]
    assert message.content == PRICE[3]["content"]["response"]
    assert words["from"] == "decoder"
    assert 0.5 < words["score"] <= 1
    chunks = list(ChatTRM(router=vietnamese, responses="generate").bind_tools(TOOLS, tool_choice="none").stream(ASKED))
    assert len([chunk for chunk in chunks if chunk.content]) > 2
    assert "".join(str(chunk.content) for chunk in chunks) == message.content
    assert chunks[-1].response_metadata["decision"]["words"] == words


def test_what_the_decoder_may_not_say_is_replaced_by_the_bank(
    vietnamese: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trm_agent.responses.choosing.Responses.objection", lambda *_: "nothing holds 7")
    message = answer(vietnamese, responses="generate")
    words = message.response_metadata["decision"]["words"]
    assert (words["from"], words["refused"]) == ("bank", 1)
    assert message.content == answer(vietnamese, responses="retrieve").content


def test_generating_needs_a_decoder(vietnamese: Router) -> None:
    assert vietnamese.responses is not None
    bank_alone = with_responses(vietnamese, replace(vietnamese.responses, writer=None))
    with pytest.raises(
        CheckpointError, match=r'responses="generate" needs a checkpoint with a decoder.*train_responses'
    ):
        answer(bank_alone, responses="generate")


def test_other_answers_are_another_model_to_a_cache(vietnamese: Router) -> None:
    assert vietnamese.responses is not None
    plain = ChatTRM(router=tiny_router())._identifying_params
    assert plain["bank"] is None
    assert plain["decoder"] is None
    assert ChatTRM(router=vietnamese)._identifying_params["bank"] == vietnamese.responses.bank.fingerprint
