"""Made-up tools of every style, read aloud through the frames: nothing that no person would say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from trm_agent.responses.asking import question
from trm_agent.responses.frames import Frames, load_frames
from trm_agent.responses.guard import Evidence, unsupported
from trm_agent.responses.phrasing import action, confirmation, tell
from trm_agent.text.actions import say_tool
from trm_agent.text.phrases import phrases
from trm_agent.types import Message, Parameter, parse_tools

EN, VI = load_frames(), load_frames(None, "vi")
TOOLS = [
    ("create_event", "", "create an event"),
    ("createEvent", "Creates a calendar event.", "create a calendar event"),
    ("CreateCalendarEvent", "Create calendar event", "create a calendar event"),
    ("calendar.create_event", "", "create an event"),
    ("mcp__github__create_issue", "", "create an issue"),
    ("event_create", "", "create an event"),
    ("email-send", "", "send an email"),
    ("cancelOrder", "", "cancel the order"),
    ("cancel_order", "Cancels an order; the order must not be shipped yet.", "cancel an order"),
    ("book_flight", "Book flight ticket", "book a flight ticket"),
    ("book_hotel_room", "Function to book hotel room for user", "book a hotel room for the user"),
    ("find_and_book_table", "", "find and book a table"),
    ("get_weather", "Get the current weather for a given city.", "get the current weather"),
    ("getWeather", "", "get the weather"),
    ("weather", "", "get the weather"),
    ("get_user_by_id", "", "get the user"),
    ("get_stock_price", "Returns the latest price of a stock.", "get the latest price of a stock"),
    ("retrieve_record", "Retrieves a record and returns it as JSON.", "get a record"),
    ("search_flight", "", "search for a flight"),
    ("search_flights", "Search for flights between two cities.", "search for flights between two cities"),
    ("search_web", "", "search the web"),
    ("flight_search", "", "use the flight search"),
    ("calculator", "A calculator.", "use the calculator"),
    ("turn_on_light", "", "turn on the light"),
    ("turn_off_lights", "", "turn off the lights"),
    ("set_alarm", "", "set an alarm"),
    ("set_temperature", "Sets the temperature of a room (in degrees).", "set the temperature of a room"),
    ("send_sms", "", "send an SMS"),
    ("send_money", "", "send money"),
    ("play_song", "Plays a song on the given device", "play a song"),
    ("play_music", "", "play music"),
    ("add_item_to_cart", "", "add an item to the cart"),
    ("remove_song_from_playlist", "", "remove the song from the playlist"),
    ("transfer_to_agent", "", "transfer to an agent"),
    ("check_balance", "This tool allows you to check the balance of an account", "check the balance of an account"),
    ("lookup_customer", "", "look up a customer"),
    ("x", "Use this tool to schedule a meeting with people.", "schedule a meeting with people"),
    ("list_files", "", "list files"),
    ("pay_bill", "Pays a bill; needs an account.", "pay a bill"),
    ("submit_order", "Submits and confirms an order", "submit and confirm an order"),
    ("getHTTPStatus", "", "get the HTTP status"),
    ("report_lost_card", "", "report a lost card"),
    ("translate_text", "Translate text into another language", "translate text into another language"),
    (
        "convert_currency",
        "Convert an amount of money to another currency.",
        "convert an amount of money to another currency",
    ),
    ("order_pizza", "", "order a pizza"),
    ("open_ticket", "", "open a ticket"),
    ("rent_car", "Rents a car, given pick-up and return dates.", "rent a car"),
    ("reserve_umbrella", "", "reserve an umbrella"),
    ("register_user", "", "register a user"),
    ("schedule_hourly_backup", "", "schedule an hourly backup"),
    ("do_thing", "Do a thing", "do a thing"),
    ("block_card_v2", "", "block the card"),
    ("find_restaurants", "Finds restaurants and shows their menus", "find restaurants and show their menus"),
    ("assign_task", "Assigns a task to somebody.\n\nArgs:\n    task_id: the task", "assign a task to somebody"),
    ("create_event", "Tạo sự kiện trong lịch", "create an event"),
    ("dat_ban", "Đặt bàn tại nhà hàng.", "use “đặt bàn tại nhà hàng”"),
]
VIETNAMESE = [
    ("create_event", "", "tạo sự kiện"),
    ("createEvent", "Creates a calendar event.", "tạo sự kiện"),
    ("dat_ban", "Đặt bàn tại nhà hàng.", "đặt bàn tại nhà hàng"),
    ("cancel_order", "Hủy đơn hàng theo mã đơn.", "hủy đơn hàng"),
    ("turn_on_lights", "", "bật đèn"),
    ("get_weather", "Công cụ này dùng để xem thời tiết của một thành phố", "xem thời tiết của một thành phố"),
    ("file_ticket", "Open a ticket.", "thực hiện “open a ticket”"),
]
PROPERTIES: dict[str, dict[str, Any]] = {
    "title": {"type": "string"},
    "startTime": {"type": "string"},
    "end_date": {"type": "string", "description": "End date in YYYY-MM-DD format, e.g. 2024-01-31"},
    "due_date": {"type": "string"},
    "assigned_to": {"type": "string"},
    "durationMinutes": {"type": "integer"},
    "is_urgent": {"type": "boolean"},
    "include_breakfast": {"type": "boolean", "description": "Whether to include breakfast"},
    "size": {"enum": ["small", "medium", "extra_large"]},
    "attendees": {"type": "array", "items": {"type": "string"}},
    "order_id": {"type": "string", "description": "The ID of the order"},
    "location": {"type": "string", "description": "Optional: the place (default: office)"},
    "amount": {"type": "number", "description": "Amount of money to transfer"},
    "appointment": {"type": "string", "description": "Date of the appointment"},
    "contact_person": {"type": "string", "description": "Person to call"},
}
VALUES: dict[str, Any] = {
    "title": "Standup",
    "startTime": "2027-03-05T15:00:00",
    "end_date": "2030-01-31",
    "due_date": "2027-03-06",
    "assigned_to": "Priya",
    "durationMinutes": 30,
    "is_urgent": False,
    "include_breakfast": True,
    "size": "extra_large",
    "attendees": ["Ann", "Bo"],
    "order_id": "A_12-3",
}
NOUNS = "event|order|flight|table|ticket|card|alarm|light|user|song|room|bill|issue|task|file|car|meeting"
VERBS = "|".join(sorted(phrases("en")["verbs"]))
UNNATURAL = {
    "a verb and a bare noun": rf"\b(?:{VERBS}) (?:{NOUNS})\b(?! (?!\w*(?:ticket|room))\w)",
    "the assigned to": r"\b[Tt]he (?:assigned|created|located|updated) (?:to|at|by|in|on)\b",
    "an ISO date": r"\d{4}-\d{2}-\d{2}",
    "an ISO time": r"T\d{2}:\d{2}|\b\d{2}:\d{2}:\d{2}\b",
    "an underscore": r"(?<!A)_(?!12)",
    "camel case": r"\b[a-z]{2,}[A-Z][a-z]",
    "a doubled article": r"\b(?:the|an?) (?:the|an?|your|my)\b",
    "the wrong article": r"\b[Aa] (?:event|order|alarm|issue|email|SMS|hour)|\b[Aa]n (?:user|table|flight)\b",
    "a doubled word": r"\b(\w+) \1\b",
    "a doubled mark": r"[.,:?!]\s*[.,:?!](?!\.)",
    "a space before a mark": r" [.,:?!]",
    "a bare truth value": r"\b(?:True|False|None|null)\b",
    "a word of schemas": r"(?i)\b(?:YYYY|format|default|e\.g\.|optional)\b",
}


def faults(text: str) -> list[str]:
    return [what for what, found in UNNATURAL.items() if re.search(found, text)]


def spoken(frames: Frames, name: str, description: str) -> list[str]:
    """All that the frames say of one tool: its action, its questions, its confirmation, its result."""
    schema = {"type": "object", "properties": PROPERTIES}
    tool = parse_tools([{"name": name, "description": description, "parameters": schema}])[0]
    asked = [question(frames, parameter, read_only) for parameter in tool.parameters for read_only in (True, False)]
    made = confirmation(frames, tool, list(VALUES.items()))
    results = [
        tell(frames, content, False)
        for content in (VALUES, {"status": "success", **VALUES}, [VALUES, VALUES | {"title": "Retro"}])
    ]
    unsure = frames.fill("unsure", {"action": action(tool, frames.language)})
    said = [unsure, made[0] if made else None, *asked, *results]
    assert None not in said
    return [text for text in said if text]


@pytest.mark.parametrize("frames", [EN, VI], ids=["en", "vi"])
@pytest.mark.parametrize(("name", "description"), [(n, d) for n, d, _ in [*TOOLS, *VIETNAMESE]])
def test_a_tool_is_read_aloud(frames: Frames, name: str, description: str) -> None:
    wrong = {text: found for text in spoken(frames, name, description) if (found := faults(text))}
    assert not wrong


@pytest.mark.parametrize(("name", "description", "said"), TOOLS)
def test_what_a_tool_does(name: str, description: str, said: str) -> None:
    assert say_tool(name, description).imperative == said


@pytest.mark.parametrize(("name", "description", "said"), VIETNAMESE)
def test_what_a_tool_does_in_vietnamese(name: str, description: str, said: str) -> None:
    assert say_tool(name, description, "vi").imperative == said


def test_at_least_fifty_tools_are_read() -> None:
    assert len(TOOLS) >= 50


@pytest.mark.parametrize(
    "stilted",
    [
        "Would you like me to create event?",
        "Would you like me to cancel order?",
        "The assigned to is Priya.",
        "It starts on 2027-03-05.",
        "Shall I create_event?",
        "What is the the city?",
        "Shall I createEvent?",
        "Shall I create a event?",
        "What is the date (format: YYYY-MM-DD)?",
        "Urgent: False.",
    ],
)
def test_the_reader_hears_what_is_stilted(stilted: str) -> None:
    assert faults(stilted)


@pytest.mark.parametrize(
    ("name", "schema", "text"),
    [
        ("appointment", {"description": "Date of the appointment"}, "What is the date of the appointment?"),
        ("startTime", {}, "What time should it start?"),
        ("end_date", {"description": "The end date in ISO format"}, "On which date should it end?"),
        ("recipient", {}, "Who should it go to?"),
        ("person", {"description": "Person to call"}, "Who is the person to call?"),
        ("invitees", {"type": "array", "description": "List of people to invite"}, "Who are the people to invite?"),
        ("amount", {"type": "number"}, "How much should it be?"),
        ("size", {"enum": ["small", "medium", "large"]}, "Which size would you like: small, medium or large?"),
        ("is_urgent", {"type": "boolean"}, "Should it be urgent?"),
        ("include_breakfast", {"type": "boolean"}, "Should I include breakfast?"),
        ("direct", {"type": "boolean", "description": "Whether the flight is direct"}, "Is the flight direct?"),
        ("order_id", {}, "What is the order ID?"),
        ("duration_minutes", {"type": "integer"}, "How many minutes should it take?"),
        ("message", {}, "What should it say?"),
    ],
)
def test_a_question_has_its_word(name: str, schema: dict[str, Any], text: str) -> None:
    assert question(EN, Parameter(name, schema)) == text


@pytest.mark.parametrize(
    ("name", "schema", "text"),
    [
        ("time", {}, "Mấy giờ?"),
        ("date", {"description": "Ngày đặt bàn, ví dụ 2024-01-01"}, "Vào ngày nào?"),
        ("party_size", {"type": "integer"}, "Cho mấy người?"),
        ("note", {"description": "Ghi chú cho quán"}, "Ghi chú cho quán là gì?"),
        ("reason", {}, "Bạn cho tôi biết lý do được không?"),
        ("size", {"enum": ["S", "M"]}, "Bạn muốn chọn cỡ nào: S hay M?"),
    ],
)
def test_a_question_in_vietnamese(name: str, schema: dict[str, Any], text: str) -> None:
    assert question(VI, Parameter(name, schema)) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"assigned_to": "Priya"}, "It is assigned to Priya."),
        ({"createdAt": "2019-03-01"}, "It was created on Friday, 1 March 2019."),
        ({"starts_at": "15:30"}, "It starts at 3:30 pm."),
        ({"smoking_allowed": False}, "Smoking is not allowed."),
        ({"is_open": True}, "It is open."),
        ({"has_wifi": False}, "It has no wifi."),
        ({"includes_breakfast": False}, "It does not include breakfast."),
        ({"review_count": 3}, "There are 3 reviews."),
        ({"review_count": 1}, "There is 1 review."),
        ({"tags": ["red", "blue"]}, "The tags are red and blue."),
        ({"message": "Your parcel has left."}, "Your parcel has left."),
        ({"error_code": "NOT_FOUND"}, "The error code is NOT_FOUND."),
        ({"order_id": "AB_12"}, "The order ID is AB_12."),
    ],
)
def test_a_result_has_its_verb(content: dict[str, Any], text: str) -> None:
    assert tell(EN, content) == f"Here is what I have. {text}"


def test_a_confirmation_names_its_values_and_has_a_source_for_each() -> None:
    tool = parse_tools([{"name": "create_event", "description": "Creates a calendar event.", "parameters": {}}])[0]
    values = {"title": "Standup", "start": "2027-03-05T15:00", "duration_minutes": 30, "attendees": ["Ann", "Bo"]}
    heard = Evidence.of([Message("user", "Standup, 2027-03-05T15:00, 30 minutes, with Ann and Bo")], {})
    for frames in (EN, VI):
        made = confirmation(frames, tool, list(values.items()))
        assert made is not None
        assert unsupported(made[0], heard, frames.words, frames.language) == []
    english = confirmation(EN, tool, list(values.items()))
    assert english is not None
    assert re.fullmatch(
        r"Let me check: Standup on Friday, 5 March(?: 2027)? at 3 pm for 30 minutes with Ann and Bo\. "
        r"Shall I create a calendar event\?",
        english[0],
    )


def test_a_date_in_words_needs_its_source() -> None:
    other = Evidence.of([Message("user", "on 2027-03-06")], {})
    assert unsupported("It is on Friday, 5 March.", other, EN.words) != []
    assert unsupported("It is on Saturday, 6 March.", other, EN.words) == []
