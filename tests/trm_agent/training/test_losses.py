"""Gold labels stand where the text says so, and each loss is what hand arithmetic gives."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from tests.trm_agent.model_doubles import TOOLS, episode, vocabulary
from trm_agent.encoder.sentence import Vocabulary
from trm_agent.features.conversation import read_conversation
from trm_agent.model.reader import NEVER
from trm_agent.model.spans import Scope, legal_spans, span_scores
from trm_agent.testing import HashingEncoder, tiny_model
from trm_agent.training.losses import losses
from trm_agent.training.optimizer import assemble, training_texts
from trm_agent.training.targets import IGNORE, SpanFinder
from trm_agent.types import Message, parse_tools


def find(messages: list[Message], *wordings: str, visible: int | None = None) -> list[str]:
    talk = read_conversation(messages, HashingEncoder())
    out = []
    for start, length in SpanFinder(talk, 12).find(wordings, visible or len(messages)):
        text = messages[talk.token_message[start]].text
        out.append(text[talk.token_spans[start, 0] : talk.token_spans[start + length, 1]])
    return out


def find_list(text: str, *wordings: object) -> list[list[str]]:
    talk = read_conversation([Message("user", text)], HashingEncoder())
    places = SpanFinder(talk, 12).find_list(wordings, 1)
    return [[text[talk.token_spans[a, 0] : talk.token_spans[a + n, 1]] for a, n in found] for found in places]


def test_a_list_is_pointed_at_as_one_run_or_entry_by_entry() -> None:
    assert find_list("take the ham, the egg and cress off", ["ham", "egg", "cress"]) == [["ham, the egg and cress"]]
    assert find_list("take the ham off", ["ham"]) == [["ham"]]
    assert find_list("ham please, and if there is still any left also egg", ["ham", "egg"]) == [["ham"], ["egg"]]
    assert find_list("five to six, please", [5, 6], "five to six") == [["five to six"]]
    assert find_list("nothing of that", ["ham", "egg"]) == []


def test_a_value_begins_anywhere_in_a_script_without_spaces() -> None:
    messages = [Message("user", "把0802驳回，理由写型号不对")]
    assert find(messages, "0802") == ["0802"]
    assert find(messages, "型号不对") == ["型号不对"]
    assert find(messages, "802") == []
    assert find([Message("user", "đổi sang đen")], "en") == []


def test_labels_of_decisions_tools_and_slots() -> None:
    _, targets = assemble([episode()], vocabulary(), tiny_model().config)
    assert targets.decision.tolist() == [0, 1, 0, 1]
    assert targets.tool.tolist() == [[0, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert targets.calls.tolist() == [IGNORE, 0, IGNORE, 0]
    assert targets.op.tolist() == [[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]
    assert targets.choice_slot.tolist() == [[1, 2], [2, 2], [3, 2]]
    assert targets.choice.tolist() == [0, 0, 0]
    assert targets.span_slot.tolist() == [[1, 1], [1, 3], [2, 1], [2, 3], [3, 0], [3, 1], [3, 3]]


def test_what_several_calls_fill_differently_is_labelled_once_for_each() -> None:
    story = episode()
    both = replace(
        story.points[1],
        calls=5,
        tools=("find_bus", "get_weather"),
        slots={**story.points[1].slots, "city": ("Fresno",)},
        more={"city": (("Anaheim",),), "seat": (("aisle",),)},
    )
    batch, targets = assemble([replace(story, points=(both,))], vocabulary(), tiny_model().config)
    assert targets.tool.tolist() == [[0, 0.5, 0.5]]
    assert targets.calls.tolist() == [3], "four or more"
    assert targets.span_weight[targets.span_slot[:, 1] == 0].tolist() == [0.5, 0.5]
    assert targets.choice.tolist() == [0, 1]
    assert targets.choice_weight.tolist() == [0.5, 0.5]
    answer = list(tiny_model().eval()(replace(batch, tokens=batch.tokens.float())))[-1]
    even = losses(replace(answer, tool=answer.tool * 0), targets, Scope.of(batch, 6))["tool"]
    assert math.isclose(even.item(), math.log(3), rel_tol=1e-6)


def test_every_entry_of_a_closed_list_is_labelled_with_its_share() -> None:
    seats = {"type": "array", "items": {"type": "string", "enum": ["window", "aisle", "door"]}}
    bus = {**TOOLS[0], "parameters": {"type": "object", "properties": {"seat": seats}}}
    story = episode()
    point = replace(story.points[1], slots={"seat": (["door", "window"],)})
    whole = replace(story, tools=parse_tools([bus]), points=(point,))
    known = Vocabulary(training_texts([whole]), HashingEncoder())
    batch, targets = assemble([whole], known, tiny_model().config)
    assert targets.choice.tolist() == [2, 0]
    assert targets.choice_weight.tolist() == [0.5, 0.5]
    answer = list(tiny_model().eval()(replace(batch, tokens=batch.tokens.float())))[-1]
    even = losses(replace(answer, choice=answer.choice * 0), targets, Scope.of(batch, 6))["choice"]
    assert math.isclose(even.item(), math.log(3), rel_tol=1e-6)


def test_every_wording_is_found_whatever_its_case() -> None:
    messages = [Message("user", "At 7 PM, or 19:00 if you like")]
    assert find(messages, "7 pm", "19:00") == ["7 PM", "19:00"]


def test_a_value_inside_a_word_is_no_mention() -> None:
    assert find([Message("user", "12 people and 2 dogs")], "2") == ["2"]


def test_what_was_said_goes_before_what_a_result_restates() -> None:
    messages = [Message("tool_response", {"city": "Fresno"}), Message("user", "Fresno it is")]
    assert len(find(messages, "Fresno")) == 1
    assert len(find(messages, "Fresno", visible=1)) == 1


def test_the_future_is_not_searched() -> None:
    messages = [Message("user", "a bus"), Message("user", "to Fresno")]
    assert find(messages, "Fresno", visible=1) == []


def test_joint_span_scores_add_start_end_and_length_by_hand() -> None:
    legal = torch.ones(1, 3, 2, dtype=torch.bool)
    legal[0, 2, 1] = False
    scores = span_scores(torch.tensor([[1.0, 2, 3]]), torch.tensor([[10.0, 20, 30]]), torch.tensor([0.5, 0.25]), legal)
    assert scores.tolist() == [[[11.5, 21.25], [22.5, 32.25], [33.5, NEVER]]]


def test_legal_spans_are_whole_words_inside_one_message() -> None:
    start = torch.tensor([[True, False, True, True]])
    end = torch.tensor([[False, True, True, True]])
    message = torch.tensor([[0, 0, 0, 1]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    legal = legal_spans(start, end, message, mask, 3)[0].tolist()
    assert legal == [[False, True, True], [False] * 3, [True, False, False], [True, False, False]]


def test_a_span_loss_counts_all_right_spans_together_by_hand() -> None:
    scores = torch.zeros(4)
    right = torch.tensor([True, True, False, False])
    loss = scores.logsumexp(-1) - scores.masked_fill(~right, NEVER).logsumexp(-1)
    assert math.isclose(float(loss), math.log(2), rel_tol=1e-6)
