"""Words without learning: natural whatever the tools are, checked by the guard, and all of them in one file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trm_agent.errors import DataError
from trm_agent.responses.asking import question
from trm_agent.responses.frames import SHIPPED, Frames, load_frames
from trm_agent.responses.guard import Evidence, unsupported
from trm_agent.responses.phrasing import action, tell, word_fields
from trm_agent.responses.speaking import Outcome, declarations, speak_with_frames
from trm_agent.testing import HashingEncoder, tiny_router
from trm_agent.types import Decision, Message, Parameter, ToolSchema, parse_tools

FRAMES = load_frames()


def tool(name: str, description: str, read_only: bool, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    hints = {"readOnlyHint": read_only}
    return {"name": name, "description": description, "parameters": schema, "annotations": hints}


TOOLS = parse_tools(
    [
        tool("find_table", "Find a place to eat.", True, city={"type": "string"}, cuisine={"enum": ["Thai", "Greek"]}),
        tool("book_table", "Book a table.", False, place_name={"type": "string"}, time={"type": "string"}),
    ]
)


def decision(tools: tuple[ToolSchema, ...] = TOOLS, **fields: Any) -> Decision:
    plain = tiny_router().bind(tools).decide([Message("user", "hi")])
    empty: dict[str, Any] = {"decision": "direct_answer", "content": None, "slots": {}, "missing": ()}
    return replace(plain, **{**empty, "intended_tool": None, "probabilities": {}, **fields})


def say(history: list[Message], **fields: Any) -> str | None:
    made = decision(**{k: v for k, v in fields.items() if k not in ("outcome", "small_talk")})
    more = {key: fields[key] for key in ("outcome", "small_talk") if key in fields}
    framed = speak_with_frames(FRAMES, made, history, TOOLS, encoder=HashingEncoder(), **more)
    return None if framed is None else framed.text


def user(text: str) -> Message:
    return Message("user", text)


def called(name: str, **arguments: Any) -> Message:
    return Message("tool_call", {"name": name, "arguments": arguments})


def result(content: Any) -> Message:
    return Message("tool_response", content)


@pytest.mark.parametrize(
    ("name", "schema", "text"),
    [
        ("day", {"description": "Day of departure. Format: YYYY-MM-DD"}, "What is the day of departure?"),
        ("city", {"description": "City in which the restaurant is located"}, "In which city?"),
        ("name", {"description": "Your name"}, "What is your name?"),
        ("n", {"description": "How many people travel"}, "Could you tell me how many people travel?"),
        ("wifi", {"description": "Is Wi-Fi wanted"}, "Is Wi-Fi wanted?"),
        ("when", {"description": "When do you want to leave?"}, "When do you want to leave?"),
        ("cls", {"description": "Cabin class", "enum": ["a", "b_c"]}, "Which cabin class would you like: a or b c?"),
        ("number_of_people", {"type": "integer", "description": "Number of guests"}, "How many people?"),
        ("nights", {"type": "integer"}, "How many nights?"),
        ("toppings", {"type": "array"}, "What are the toppings?"),
        (
            "n",
            {"enum": list(range(20)), "description": "Size"},
            "Which size would you like: 0, 1, 2, 3, 4, 5, 6, 7, …?",
        ),
    ],
)
def test_a_question_for_a_parameter(name: str, schema: dict[str, Any], text: str) -> None:
    assert question(FRAMES, Parameter(name, schema)) == text


@pytest.mark.parametrize(
    ("content", "read_only", "text"),
    [
        ({"name": "Blue", "city": "Oslo", "rating": 4.0}, True, "I found Blue in Oslo. The rating is 4."),
        ({"name": "Blue", "time": "8 pm", "guests": 2}, False, "All done: Blue at 8 pm for 2 people."),
        ({"status": "pending", "time": "noon"}, False, "It is pending: at noon."),
        ({"city": "Oslo", "sky": "grey"}, None, "Here is what I have. The city is Oslo and the sky is grey."),
        ({"rating": 3, "hasWifi": True}, True, "Here is what I found. The rating is 3 and it has wifi."),
        ([{"name": "A", "x": 1}, {"name": "B", "x": 2}], True, "I found A. The x is 1. There is also B."),
        ([1, 2, 3], True, "I found 1, 2 and 3."),
        ([], True, "I'm sorry, I found nothing that fits. Would you like to change something?"),
        (None, False, "Done."),
        ("it's sunny.", None, "it's sunny."),
        ({"hotel": {"name": "A"}}, True, None),
    ],
)
def test_a_result_in_words(content: Any, read_only: bool | None, text: str | None) -> None:
    assert tell(FRAMES, content, read_only) == text


def test_no_field_of_a_result_is_left_out() -> None:
    record = {f"field_{n}": f"value {n}" for n in range(20)}
    text = tell(FRAMES, record, True)
    assert text is not None
    assert all(value in text for value in record.values())
    assert word_fields(FRAMES, [("from_time", "7"), ("time", "8"), ("start_time", "9")]).details == "at 8"


def test_a_conversation_from_greeting_to_goodbye() -> None:
    known = {"book_table.place_name": "Blue", "book_table.time": "8 pm"}
    history = [user("hello")]
    assert say(history) == "Hello! How can I help you?"
    history += [user("I am hungry")]
    about = {"intended_tool": "find_table"}
    assert say(history, missing=("city", "cuisine"), **about) == "Which city should I look in?"
    history += [user("Oslo")]
    assert say(history, missing=("cuisine",), **about) == "What kind of food would you like: Thai or Greek?"
    history += [user("Thai"), called("find_table"), result([{"place_name": "Blue", "rating": 4}])]
    assert say(history, **about) == "I found Blue. The rating is 4."
    history += [user("what is the rating?")]
    assert say(history, **about) == "The rating is 4."
    history += [user("book it at 8 pm")]
    about = {"intended_tool": "book_table"}
    plain = {"place_name": "Blue", "time": "8 pm"}
    asked = say(history, slots={**known, **plain}, **about)
    assert asked == "Let me check: Blue at 8 pm. Shall I book a table?"
    history += [Message("assistant", asked), user("8 pm, I said")]
    assert say(history, slots={**known, **plain}, **about) == "All right, Blue at 8 pm. Shall I go ahead?"
    history += [user("yes"), called("book_table"), result({"status": "booked", "place_name": "Blue"})]
    assert say(history, **about) == "It is booked: Blue."
    assert say([*history, user("thanks, bye")], **about) == "You're welcome. Goodbye!"
    assert say([*history, user("and so on")], **about) == "Is there anything else I can help you with?"


def test_what_was_done_is_confirmed_anew_with_another_value() -> None:
    history = [
        user("book Blue at 8 pm"),
        called("book_table", place_name="Blue", time="20:00"),
        result({"error": "no seats"}),
    ]
    about = {"intended_tool": "book_table"}
    slots = {"place_name": "Blue", "time": "8 pm"}
    assert say([*history, user("hm")], slots=slots, **about) == "Is there anything else I can help you with?"
    later = {**slots, "time": "9 pm"}
    asked = say([*history, user("at 9 pm then")], slots=later, **about)
    assert asked == "Let me check: Blue at 9 pm. Shall I book a table?"


def test_what_was_done_is_confirmed_anew_with_another_value_inside_an_object() -> None:
    schema = {
        "type": "object",
        "properties": {"guest": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        "required": ["guest"],
    }
    offer = parse_tools([{"name": "book_table", "description": "Book a table.", "parameters": schema,
                          "annotations": {"readOnlyHint": False}}])  # fmt: skip
    history = [user("book"), called("book_table", guest={"name": "Ann"}), result({"error": "full"}), user("for Bo")]
    said = {}
    for name in ("Ann", "Bo"):
        made = decision(offer, intended_tool="book_table", slots={"guest.name": name})
        framed = speak_with_frames(FRAMES, made, history, offer, encoder=HashingEncoder())
        said[name] = None if framed is None else framed.kind
    assert said["Bo"] == "confirm"
    assert said["Ann"] != "confirm"


def test_a_default_is_part_of_what_is_confirmed() -> None:
    seats = {"type": "integer", "default": 2}
    schema = {
        "type": "object",
        "properties": {"place_name": {"type": "string"}, "seats": seats},
        "required": ["place_name"],
    }
    offer = parse_tools([{"name": "book_table", "description": "Book a table.", "parameters": schema,
                          "annotations": {"readOnlyHint": False}}])  # fmt: skip
    made = decision(offer, intended_tool="book_table", slots={"place_name": "Blue"})
    framed = speak_with_frames(FRAMES, made, [user("book Blue")], offer, encoder=HashingEncoder())
    assert framed is not None
    assert framed.text == "Let me check: Blue, 2 seats. Shall I book a table?"


def test_failures_and_refusals_are_said_as_such() -> None:
    history = [user("book"), called("book_table"), result({"error": "no seats"})]
    assert say(history) == "I'm sorry, that did not work: no seats."
    assert (
        say([*history[:2], result("timeout")], outcome=Outcome(failed=True)) == "I'm sorry, that did not work: timeout."
    )
    assert say(history, outcome=Outcome(failed=True, declined=True)) == "All right, I won't."


def test_what_no_tool_is_for_is_declined_unless_small_talk_is_left_to_others() -> None:
    asked = [user("sing me a song")]
    assert say(asked) == "I'm afraid I can't help with that. I can book a table or find a place to eat."
    assert say(asked, small_talk=False) is None
    assert say([user("hello")], small_talk=False) is None


def test_who_asks_what_can_be_done_is_told_what_the_tools_do() -> None:
    able = "I can book a table and find a place to eat. What would you like me to do?"
    assert say([user("what can you do?")]) == able
    assert say([user("what can you do?")], small_talk=False) is None
    waiting = {"intended_tool": "find_table", "missing": ("city",)}
    assert say([user("what can you do?")], **waiting) == "Which city should I look in?"


def test_values_of_any_language_pass_and_none_is_made_up() -> None:
    history = [
        user("Tôi muốn ăn ở Hà Nội"),
        called("find_table"),
        result({"place_name": "Quán Ăn Ngon", "city": "Hà Nội"}),
    ]
    assert say(history, intended_tool="find_table") == "I found Quán Ăn Ngon in Hà Nội."
    history = [user("東京で七時"), called("book_table"), result({"place_name": "寿司", "time": "19:00"})]
    assert say(history) == "All done: 寿司 at 7 pm."


def test_a_slot_without_a_source_in_the_conversation_is_the_only_evidence_needed() -> None:
    """The guard lets slots pass: the router copies them; a frame that states anything else is refused."""
    odd = Frames(tuple(replace(f, text="Call 555-0199.") if f.kind == "later" else f for f in FRAMES.frames))
    history = [user("so"), called("find_table"), result("ok"), user("hm")]
    assert speak_with_frames(odd, decision(), history, TOOLS) is None


def test_frames_themselves_state_nothing() -> None:
    nothing = Evidence.of((), {})
    for frame in FRAMES.frames:
        assert unsupported(frame.text.replace("{", " ").replace("}", " "), nothing, FRAMES.words) == []


def test_an_action_is_the_description_where_it_says_what_is_done_else_the_name() -> None:
    assert [action(tool) for tool in TOOLS] == ["find a place to eat", "book a table"]
    assert action(replace(TOOLS[0], description="This tool searches.")) == "find a table"
    assert "Greek" in declarations(TOOLS)


def test_another_file_is_another_language(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    german = {"greeting": "Hallo! Was kann ich für Sie tun?"}
    path = tmp_path / "frames.jsonl"
    path.write_text(
        "\n".join(json.dumps(x | {"text": german.get(x["kind"], x["text"])}) for x in lines), encoding="utf-8"
    )
    made = speak_with_frames(load_frames(path), decision(), [user("hello")], TOOLS, encoder=HashingEncoder())
    assert made is not None
    assert made.text == german["greeting"]
    assert load_frames(path).fingerprint != FRAMES.fingerprint


def test_every_mistake_of_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    path.write_text(
        '{"kind": "ask"}\n{"kind": "shout", "text": "a"}\n{"kind": "ask", "text": "a", "if": "("}\n[]', "utf-8"
    )
    with pytest.raises(DataError) as caught:
        load_frames(path)
    told = str(caught.value)
    assert 'frames.jsonl:1: expected an object with a "kind" and a "text"' in told
    assert '"kind" must be among and, another, ask, ' in told
    assert "got 'shout'" in told
    assert '"if" must be a regular expression' in told
    assert "frames.jsonl:4" in told
    path.write_text('{"kind": "ask", "text": "a"}', "utf-8")
    with pytest.raises(DataError, match="no frame of the kind and, clause, confirm"):
        load_frames(path)
    with pytest.raises(DataError, match=r"none\.jsonl: no frames can be read"):
        load_frames(tmp_path / "none.jsonl")


def test_yes_no_and_nothing_are_told_as_such_though_they_came_as_texts() -> None:
    row = {"name": "Alpha", "smoking_allowed": "False", "wifi": True, "subtitles": "None", "stars": "3"}
    assert tell(FRAMES, row, True) == "I found Alpha. Smoking is not allowed. Wifi: yes. Stars: 3."


@pytest.mark.parametrize(("odds", "kind"), [(0.5, "unsure"), (0.2, "unsure"), (0.19, "scope"), (0.0, "scope")])
def test_what_may_be_meant_is_asked_before_anything_is_declined(odds: float, kind: str) -> None:
    unsure = decision(probabilities={"tools": {"book_table": odds, "find_table": odds / 2}})
    framed = speak_with_frames(FRAMES, unsure, [user("dinner with Anna at 8")], TOOLS, encoder=HashingEncoder())
    assert framed is not None
    assert framed.kind == kind
    assert framed.text == "Would you like me to book a table?" or kind == "scope"


def test_a_file_of_frames_without_this_kind_declines() -> None:
    frames = Frames(tuple(frame for frame in FRAMES.frames if frame.kind != "unsure"))
    unsure = decision(probabilities={"tools": {"book_table": 0.5}})
    framed = speak_with_frames(frames, unsure, [user("dinner with Anna at 8")], TOOLS, encoder=HashingEncoder())
    assert framed is not None
    assert framed.kind == "scope"


@pytest.mark.parametrize(("act", "kind"), [("refuse", "cancelled"), ("give_up", "cancelled"), ("hesitate", "waiting")])
def test_what_waits_is_let_go_when_the_user_refuses(act: str, kind: str) -> None:
    acts = {"speech_acts": {act: 0.9, "request": 0.1}}
    waiting = decision(intended_tool="book_table", missing=("time",), probabilities=acts)
    framed = speak_with_frames(FRAMES, waiting, [user("no")], TOOLS, encoder=HashingEncoder())
    assert framed is not None
    assert framed.kind == kind
    assert framed.text == ("All right, I won't." if kind == "cancelled" else "All right, I will wait.")


def test_who_hesitates_before_a_call_is_waited_for_whatever_tool_is_meant() -> None:
    unsure = decision(probabilities={"speech_acts": {"hesitate": 1.0}})
    asked = [user("a table"), Message("assistant", "Shall I go ahead?"), user("maybe")]
    framed = speak_with_frames(FRAMES, unsure, asked, TOOLS, encoder=HashingEncoder())
    assert framed is not None
    assert framed.text == "All right, I will wait."


def test_a_refusal_that_nobody_asked_for_is_heard() -> None:
    refused = decision(probabilities={"speech_acts": {"refuse": 0.9, "request": 0.1}})
    framed = speak_with_frames(FRAMES, refused, [user("please don't book anything")], TOOLS, encoder=HashingEncoder())
    assert framed is not None
    assert framed.text == "All right, I won't."


def test_a_refusal_without_a_tool_answers_the_question_but_not_an_offer_of_more_help() -> None:
    refused = decision(probabilities={"speech_acts": {"refuse": 1.0}})
    for asked, kinds in (
        ("Shall I book a table?", {"cancelled"}),
        ("Is there anything else I can help you with?", None),
    ):
        history = [user("book a table"), Message("assistant", asked), user("no")]
        framed = speak_with_frames(FRAMES, refused, history, TOOLS, encoder=HashingEncoder())
        assert framed is not None
        assert (framed.kind in kinds) if kinds else framed.kind != "cancelled"
