"""A decoder words answers from names, copies values it has never seen, and says nothing that the guard refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trm_agent.responses.test_responses import DIALOGUES, TOOLS, dialogue, user
from trm_agent.checkpoint import load_checkpoint
from trm_agent.errors import CheckpointError
from trm_agent.responses.bank import Response
from trm_agent.responses.candidates import FEATURES, candidates
from trm_agent.responses.choosing import Responses
from trm_agent.responses.collecting import collect
from trm_agent.responses.decoder import SITUATION, Decoder, DecoderConfig, Ground, Speech, word_loss
from trm_agent.responses.head import state_width
from trm_agent.responses.lexicon import END, Lexicon, pieces
from trm_agent.responses.situation import Situation
from trm_agent.responses.telling import Wanted
from trm_agent.responses.writing import Writer, Written, repeats
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.training.generator import DecoderTraining, Lesson, collate, learn_writer, plan
from trm_agent.training.responses import ResponseConfig, answer_decisions, learn_responses, with_responses
from trm_agent.types import Message

SMALL = DecoderTraining(steps=250, batch=16, lr=5e-3, width=32, dropout=0.0, ema=0.9)


def decoder(words: int = 9, **more: int) -> Decoder:
    torch.manual_seed(0)
    sizes = DecoderConfig(16, 32, words, width=16, heads=2, longest=12, dropout=0.0, **more)
    return Decoder(sizes).eval()


def ground(answers: int = 2, fields: int = 3) -> Ground:
    generator = torch.Generator().manual_seed(1)
    real = torch.ones(answers, fields, dtype=torch.bool)
    return Ground(
        state=torch.randn(answers, state_width(16, 32), generator=generator),
        after=torch.zeros(answers, dtype=torch.long),
        names=torch.randn(answers, fields, 32, generator=generator),
        features=torch.zeros(answers, fields, FEATURES),
        copied=real.clone(),
        real=real,
    )


@pytest.fixture(scope="module")
def learned() -> Responses:
    config = ResponseConfig(steps=100, batch=8, hidden=32, decoder=SMALL)
    return learn_responses(tiny_router(), DIALOGUES, HashingEncoder(), config)


def test_every_supervision_step_gives_logits_of_words_and_fields() -> None:
    steps = list(decoder(supervision_steps=3)(ground(), torch.tensor([[0, 3, 9], [0, 10, 11]])))
    assert [step.shape for step in steps] == [(2, 3, 9 + 3)] * 3


def test_a_later_word_never_changes_what_came_before() -> None:
    model, told = decoder(), ground()
    words = torch.tensor([[0, 3, 9, 4, 5], [0, 10, 2, 11, 6]])
    other = words.clone()
    other[:, 3:] = torch.tensor([[8, 1], [1, 9]])
    *_, first = model(told, words)
    *_, second = model(told, other)
    assert torch.allclose(first[:, :3], second[:, :3], atol=1e-6)
    assert not torch.allclose(first[:, 3:], second[:, 3:], atol=1e-3)


def test_word_by_word_gives_what_all_at_once_gives() -> None:
    model, told = decoder(n=2, T=2, supervision_steps=3), ground(1)
    words = [0, 3, 9, 4, 11]
    *_, whole = model(told, torch.tensor([words]))
    speech = Speech(model, told)
    assert torch.allclose(torch.stack([speech.after(word) for word in words]), whole[0], atol=1e-4)


def test_padding_and_what_may_not_be_copied_have_no_say() -> None:
    model, told, words = decoder(), ground(1, 2), torch.tensor([[0, 3, 9]])
    padded = replace(
        told,
        names=torch.nn.functional.pad(told.names, (0, 0, 0, 1), value=5.0),
        features=torch.nn.functional.pad(told.features, (0, 0, 0, 1)),
        copied=torch.nn.functional.pad(told.copied, (0, 1)),
        real=torch.nn.functional.pad(told.real, (0, 1)),
    )
    *_, plain = model(told, words)
    *_, longer = model(padded, words)
    assert torch.allclose(longer[..., :-1], plain, atol=1e-5)
    assert (longer[..., -1] < -1000).all()


def test_the_loss_sums_over_supervision_steps() -> None:
    logits = [torch.zeros(1, 2, 4), torch.tensor([[[9.0, 0, 0, 0], [0, 0, 0, 0]]])]
    whole, last = word_loss(iter(logits), torch.tensor([[0, -100]]))
    assert last == pytest.approx(0.0, abs=1e-3)
    assert whole == pytest.approx(np.log(4), abs=1e-3)


def test_pieces_joined_are_the_text_in_any_script() -> None:
    for text in (
        "How about {name} in {city}? It's $5.",
        "Dạ không có gì ạ, chúc anh {name}!",
        "はい、{time}に伺います。",
    ):
        assert "".join(pieces(text)) == text
        lexicon = Lexicon.of([text], most=3)
        ids = lexicon.encode(text, {"name": 0, "city": 1, "time": 2})
        assert ids is not None
        assert "".join(lexicon.word(id, ["name", "city", "time"]) for id in ids) == text
    assert pieces("In {city}, {time}.") == ["In", " ", "{city}", ",", " ", "{time}", "."], "a name is one piece"
    assert not any("{" in word for word in Lexicon.of(["In {city}."]).words)
    assert Lexicon.of(["ab"]).encode("ab {name}", {}) is None
    assert Lexicon.of(["ab"]).encode("xy", {}) is None


def test_fields_are_told_by_name_and_origin_and_never_by_value() -> None:
    history = DIALOGUES[0][3].history
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots={"city": "Oslo"}, missing=("cuisine",))
    place = Situation.of(decision, history, TOOLS)
    known = {(c.name, c.copied): c.features for c in candidates(place, decision, history)}
    other = {
        (c.name, c.copied): c.features
        for c in candidates(replace(place, facts={k: ["xyz"] for k in place.facts}), decision, history)
    }
    assert known["cuisine", False][:3] == (1, 0, 0)
    assert known["phone", True][3:7] == (1, 0, 0, 0), "the result has just come"
    assert known["city", True][3:7] == (0, 0, 1, 1)
    assert other.keys() == known.keys()


def test_a_field_knows_how_probable_it_is_that_it_should_be_told() -> None:
    history = DIALOGUES[0][3].history
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots={"city": "Oslo"})
    place = Situation.of(decision, history, TOOLS)
    wanted = Wanted.of(["phone", "city"], np.array([0.9, 0.1]), place.facts)
    told = {c.name: c.features[-2:] for c in candidates(place, decision, history, wanted)}
    assert told["phone"] == pytest.approx((0.9, 1.0))
    assert told["city"] == pytest.approx((0.1, 0.0))
    assert {c.features[-2:] for c in candidates(place, decision, history)} == {(0.0, 0.0)}


def test_what_the_decoder_leaves_out_is_added(learned: Responses, monkeypatch: pytest.MonkeyPatch) -> None:
    history = DIALOGUES[0][3].history
    decision = replace(tiny_router().bind(TOOLS).decide(history), slots=DIALOGUES[0][3].slots)
    responses = with_responses(tiny_router(), learned).responses
    assert responses is not None

    def write(template: str, sure: dict[str, float]) -> str:
        place = Situation.of(decision, history, TOOLS)
        wanted = Wanted.of(list(place.facts), np.array([sure.get(name, 0.0) for name in place.facts]), place.facts)
        monkeypatch.setattr(Writer, "template", lambda *_: (template, 1.0))
        monkeypatch.setattr(Responses, "wanted", lambda *_: wanted)
        written = responses.write(decision, history, TOOLS)
        assert written is not None
        assert written.refused == ""
        return written.text

    [phone] = Situation.of(decision, history, TOOLS).facts["phone"]
    alone = write("How about {restaurant_name}?", {"restaurant_name": 1.0})
    whole = write("How about {restaurant_name}?", {"restaurant_name": 1.0, "phone": 1.0})
    assert phone not in alone
    assert phone in whole
    assert whole.endswith(alone), "a question comes last"
    assert write("Call {phone}.", {"phone": 1.0}) == f"Call {phone}."


def test_a_handful_of_dialogues_is_learned_and_worded_again(learned: Responses) -> None:
    router = with_responses(tiny_router(), learned)
    assert router.responses is not None
    told = collect(DIALOGUES)
    for one, decision in zip(told, answer_decisions(router, told), strict=True):
        own = replace(decision, slots=one.sample.slots, missing=one.response.asks, probabilities={})
        written = router.responses.write(own, one.sample.history, TOOLS)
        assert written is not None
        assert one.sample.content
        assert written.text.startswith(one.sample.content), "what may be added is judged by another head"
        assert written.refused == ""
        assert written.score > 0.5


def test_values_never_seen_in_training_are_copied(learned: Responses) -> None:
    router = with_responses(tiny_router(), learned)
    fresh = dialogue("Reykjavik", "thai", "Zorba's 8th Kitchen", "555-9876")[3]
    decision = replace(router.bind(TOOLS).decide(fresh.history), slots=fresh.slots)
    assert router.responses is not None
    written = router.responses.write(decision, fresh.history, TOOLS)
    assert written is not None
    assert written.text == "How about Zorba's 8th Kitchen in Reykjavik? Call 555-9876."
    assert written.copied == ["restaurant_name", "city", "phone"]
    assert written.origin == {"from": "decoder", "score": round(written.score, 3), "copied": written.copied}


def test_what_is_stated_without_a_source_is_refused(learned: Responses) -> None:
    router = with_responses(tiny_router(), learned)
    assert router.responses is not None
    history = [user("hello")]
    decision = router.bind(TOOLS).decide(history)
    place = Situation.of(decision, history, TOOLS)
    judge = router.responses.objection
    assert judge("Call 555-0134.", "Call 555-0134.", place) == "nothing holds 555-0134"
    assert judge("Ask Berta, then.", "Ask Berta, then.", place) == "nothing holds Berta"
    assert judge("Gladly.", "Gladly.", place) == ""
    told = replace(place, last_said="gladly")
    assert judge("Gladly.", "Gladly.", told) == "it was said just before"


def test_words_of_the_bank_are_held_to_their_condition(learned: Responses) -> None:
    bank = learned.bank.edited([Response("It is done.", after={"result": 3})], HashingEncoder())
    responses = replace(learned, bank=bank)
    history = [user("hello")]
    decision = tiny_router().bind(TOOLS).decide(history)
    place = Situation.of(decision, history, TOOLS)
    assert responses.objection("It is done!", "It is done!", place) == "it was only said elsewhere"
    done = Situation.of(decision, [*history, Message("tool_response", {"ok": 1})], TOOLS)
    assert responses.objection("It is done!", "It is done!", done) == ""


def test_an_answer_without_end_is_refused(learned: Responses) -> None:
    assert learned.writer is not None
    endless = Decoder(replace(learned.writer.decoder.config, longest=3)).eval()
    torch.nn.init.constant_(endless.word_bias, -1e3)
    endless.word_bias.data[1] = 1e3
    writer = replace(learned.writer, decoder=endless).with_encoder(HashingEncoder())
    history = [user("hello")]
    written = replace(learned, writer=writer).write(tiny_router().bind(TOOLS).decide(history), history, TOOLS)
    assert isinstance(written, Written)
    assert (written.text, written.refused) == ("", "it came to no end")


def test_a_decoder_is_saved_loaded_and_taken_away(learned: Responses, tmp_path: Path) -> None:
    with_responses(tiny_router(), learned).save_pretrained(tmp_path)
    loaded = load_checkpoint(tmp_path).responses
    assert loaded is not None
    assert loaded.writer is not None
    assert learned.writer is not None
    assert loaded.writer.lexicon == learned.writer.lexicon
    assert loaded.writer.fingerprint == learned.writer.fingerprint
    for name, value in loaded.writer.decoder.state_dict().items():
        assert torch.allclose(value, learned.writer.decoder.state_dict()[name], atol=1e-2)
    history = DIALOGUES[0][3].history
    decision = tiny_router().bind(TOOLS).decide(history)
    with pytest.raises(CheckpointError, match="the decoder has no encoder to read names with"):
        loaded.write(decision, history, TOOLS)
    with_responses(tiny_router(), replace(learned, writer=None)).save_pretrained(tmp_path)
    without = load_checkpoint(tmp_path).responses
    assert without is not None
    assert without.writer is None


def test_a_damaged_decoder_is_one_clear_error(learned: Responses, tmp_path: Path) -> None:
    with_responses(tiny_router(), learned).save_pretrained(tmp_path)
    (tmp_path / "decoder.safetensors").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match=r"decoder\.json: damaged: .*; learn the decoder again"):
        load_checkpoint(tmp_path)


def test_batches_are_a_function_of_the_seed_and_hold_every_answer_once() -> None:
    lessons = [Lesson(ground(1, 1 + i % 3), torch.tensor([1] * (i % 5) + [END])) for i in range(10)]
    first, second = plan(lessons, 4, 3), plan(lessons, 4, 3)
    epoch = [next(first) for _ in range(3)]
    assert epoch == [next(second) for _ in range(3)]
    assert sorted(i for batch in epoch for i in batch) == list(range(10))
    told, words, gold = collate(lessons[:3])
    assert told.real.shape == (3, 3)
    assert words.tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert gold.tolist() == [[0, -100, -100], [1, 0, -100], [1, 1, 0]]
    assert SITUATION == 5


def test_conversations_without_anything_to_learn_are_named(learned: Responses) -> None:
    from trm_agent.errors import DataError

    with pytest.raises(DataError, match="no answer can be worded by a decoder"):
        learn_writer([], [], learned, 16, HashingEncoder(), SMALL)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("It is also also also good.", True),
        ("It is also also good.", False),
        ("It was made. It was made. Have fun!", True),
        ("Sure! {city} it is. Have fun! sure!", True),
        ("{name} has {beds} beds. It has {beds} baths.", False),
        ("Is it? Is it so?", False),
        ("", False),
    ],
)
def test_words_that_turn_in_circles_are_refused(text: str, again: bool) -> None:
    assert repeats(text) is again
