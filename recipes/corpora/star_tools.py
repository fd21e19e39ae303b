"""The APIs of STAR as tools, and what the constraints of a query say of their parameters.

An API whose `RequestType` is "Check" or "Book" is two tools: one that looks whether something is free, one that
takes it. The data describe neither tools nor parameters in words, so the descriptions are ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.corpora.building import declare
from trm_agent.errors import DataError
from trm_agent.types import Parameter, ToolSchema

REQUEST_TYPE = "RequestType"

_CHECKS: dict[str, str] = {
    "apartment_schedule": "Check whether an apartment viewing is possible on a day, at a time.",
    "doctor_schedule": "Check whether a doctor is free for an appointment, without making it.",
    "hotel_book": "Check whether a hotel has a free room for a stay, without reserving it.",
    "party_plan": "Check whether a party venue is free, without booking it.",
    "plane_book": "Check whether a flight still has seats, without buying a ticket.",
    "restaurant_book": "Check whether a restaurant has a free table, without reserving it.",
    "ride_book": "Look for a ride between two places, without ordering it.",
}

_DESCRIPTIONS: dict[str, str] = {
    "apartment_schedule": "Make an appointment to view an apartment.",
    "apartment_search": "Search for an apartment to rent.",
    "bank_balance": "Look up the balance of a bank account, once its owner is identified.",
    "bank_fraud_report": "File a report of fraud on a bank account, once its owner is identified.",
    "doctor_followup": "Get a doctor's instructions for a patient after an appointment.",
    "doctor_schedule": "Make an appointment with a doctor.",
    "hotel_book": "Reserve a room at a hotel.",
    "hotel_search": "Search for a hotel and learn about its price, place and rating.",
    "hotel_service_request": "Pass a hotel guest's wish on to room service.",
    "meeting_schedule": "Arrange a meeting with somebody.",
    "movie_search": "Search for a movie by actors, director or genre.",
    "party_plan": "Book a venue for a party.",
    "party_rsvp": "Tell a party's host that a guest is coming.",
    "plane_book": "Buy a ticket for a flight.",
    "plane_search": "Search for flights between two cities.",
    "restaurant_book": "Reserve a table at a restaurant.",
    "restaurant_search": "Search for a restaurant by food, place, price or rating.",
    "ride_book": "Order a ride.",
    "ride_change": "Change a ride that was booked before.",
    "ride_status": "Find out where a booked ride is and how long it will take.",
    "spaceship_access_codes": "Open a locked door of the spaceship with a code.",
    "spaceship_life_support": "Learn how to repair the lock of the spaceship's life support by its cables.",
    "trip_directions": "Get directions from one place to another.",
    "trivia": "Get a question of the trivia game with its answer.",
    "weather": "Get the weather forecast for a city.",
}

_PARAMETERS: dict[str, str] = {
    "AccountNumber": "Number of the bank account",
    "AllowsChanges": "Whether the ride can still be changed",
    "ApplicationFeePaid": "Whether the application fee is paid",
    "ArrivalCity": "City where the flight ends",
    "ArrivalLocation": "Place to go to",
    "ArrivalTime": "Time of arrival",
    "AverageRating": "Stars that guests gave, 1 to 5",
    "AverageWaitMinutes": "How long one waits for a table, in minutes",
    "BalconySide": "Side the balcony looks to",
    "BankName": "Bank of the account",
    "CarModel": "Make of the car",
    "ChangeDescription": "What shall be changed",
    "Class": "Cabin class",
    "Cost": "Price range",
    "CustomerName": "Name of the customer",
    "CustomerRequest": "What the guest wishes",
    "Date": "Day of the month",
    "DateOfBirth": "Date of birth of the account's owner",
    "Day": "Day of the week",
    "DepartureCity": "City where the flight begins",
    "DepartureLocation": "Place to start from",
    "DepartureTime": "Time to leave",
    "DietaryRestrictions": "What the guest does not eat",
    "DoesDelivery": "Whether the restaurant delivers",
    "DrinksRequest": "Drinks wanted at the party",
    "DriverName": "Name of the driver",
    "EndDate": "Day of the month when the stay ends",
    "EndTimeHour": "Time when it ends",
    "FloorSquareMeters": "Size in square meters",
    "Food": "Kind of food",
    "FoodRequest": "Food wanted at the party",
    "FraudReport": "What happened, in detail",
    "FullName": "Full name of the account's owner",
    "GuestName": "Name of the guest",
    "HostName": "Name of the party's host",
    "Level": "Floor of the building",
    "Location": "Part of town",
    "LockManufacturer": "Maker of the lock",
    "MaxLevel": "Highest floor of the building",
    "MaxPartySize": "How many people it can take",
    "MeetingReason": "What the meeting is about",
    "Message": "Message to the housing company",
    "MinutesTillPickup": "How soon the ride comes, in minutes",
    "NearbyPOIs": "What shall be near",
    "NeedParking": "Whether a parking space is needed",
    "NumRooms": "Number of bedrooms",
    "NumberGuests": "Number of guests",
    "PIN": "Secret number of the account",
    "PartySize": "Number of people",
    "PatientName": "Name of the patient",
    "QuestionNum": "Number of the question",
    "RenterName": "Name of the person who wants to rent",
    "SecurityAnswer1": "Mother's maiden name",
    "SecurityAnswer2": "Name of the childhood pet",
    "Service": "Whether there is room service",
    "StartDate": "Day of the month when the stay begins",
    "StartTimeHour": "Time when it begins",
    "Symptoms": "What the patient suffers from",
    "TakesReservations": "Whether it takes reservations",
    "Time": "Time of day",
    "UserName": "Name of the user",
    "UserRank": "Rank on the ship",
}
"""Parameter → description; others go by the readable name that the data give."""

_CHOICE_TYPES = ("Categorical", "RequestType")
_OPERATOR = re.compile(r"api\.(\w+)\((.*)\)", re.DOTALL)
_NEGATIVE = frozenset(("is_not", "is_not_equal_to", "is_not_one_of", "contains_not"))


@dataclass(frozen=True)
class Api:
    """One API.

    Attributes:
        name: As in the data.
        tools: Request type → its tool; None → the only one.
    """

    name: str
    tools: dict[str | None, ToolSchema]

    @property
    def domain(self) -> str:
        return self.name.split("_")[0]

    @property
    def first(self) -> ToolSchema:
        """The tool that a conversation about this API starts with."""
        return next(iter(self.tools.values()))


@dataclass(frozen=True)
class Query:
    """A query as a call.

    Attributes:
        tool: Of the call.
        values: Parameter → right values, the preferred one first.
    """

    tool: ToolSchema
    values: dict[str, list[Any]]

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: values[0] for name, values in self.values.items()}

    @property
    def call(self) -> dict[str, Any]:
        return {"name": self.tool.name, "arguments": self.arguments}


def read_apis(folder: Path) -> dict[str, Api]:
    """The APIs of a folder with one JSON file each.

    Raises:
        DataError: There are none, or one cannot be read.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise DataError(f"{folder}: no API definitions (*.json); expected the folder apis/apis of the dataset")
    try:
        return {file.stem: _api(file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in files}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: {type(error).__name__}: {error}") from None


def read_query(api: Api, constraints: Sequence[Mapping[str, str]]) -> Query | None:
    """The call that the constraints of a query stand for; None if they are not one.

    A parameter that is given twice counts with what was given last; negated constraints say no value.
    """
    given: dict[str, list[Any]] = {}
    request: str | None = None
    for constraint in constraints:
        for name, text in constraint.items():
            if name == REQUEST_TYPE:
                request = next(iter(_unwrap(text, text_only=True)), None)
                continue
            parameter = _parameter(api, name)
            values = _read(text, parameter) if parameter else []
            if parameter and parameter.type == "array":
                values = [given.get(name, [[]])[0] + [v for v in values if v not in given.get(name, [[]])[0]]]
            if values and values != [[]]:
                given[name] = values
    tool = api.tools.get(request)
    if tool is None or any(name not in given for name in tool.required):
        return None
    return Query(tool, given)


def _api(name: str, data: Mapping[str, Any]) -> Api:
    properties = {p["Name"]: _property(name, p) for p in data["input"] if p["Name"] != REQUEST_TYPE}
    required = [parameter for parameter in data["required"] if parameter in properties]
    own = declare(name, _DESCRIPTIONS.get(name, ""), properties, required)
    if all(p["Name"] != REQUEST_TYPE for p in data["input"]):
        return Api(name, {None: own})
    check = declare(f"{name.split('_')[0]}_check", _CHECKS.get(name, ""), properties, required)
    return Api(name, {"Check": check, "Book": own})


def _property(api: str, data: Mapping[str, Any]) -> dict[str, Any]:
    description = _PARAMETERS.get(data["Name"], data["ReadableName"])
    if data["Name"] == "id":
        description = f"Number of the {'flight' if api.startswith('plane') else 'booking'}"
    kind = data["Type"]
    if kind in _CHOICE_TYPES:
        return {"type": "string", "enum": list(data["Categories"]), "description": description}
    if kind == "CategoricalMultiple":
        items = {"type": "string", "enum": list(data["Categories"])}
        return {"type": "array", "items": items, "description": description}
    if kind == "Integer":
        return {"type": "integer", "minimum": data["Min"], "maximum": data["Max"], "description": description}
    return {"type": "boolean" if kind == "Boolean" else "string", "description": description}


def _parameter(api: Api, name: str) -> Parameter | None:
    return next((parameter for parameter in api.first.parameters if parameter.name == name), None)


def _read(text: str, parameter: Parameter) -> list[Any]:
    """Right values of a parameter; none where the constraint leaves it open."""
    values = [value for value in _unwrap(text, text_only=parameter.type == "string") if _fits(value, parameter)]
    return [] if len(values) > 1 and len(values) == len(parameter.choices) else values  # all of them: any will do


def _fits(value: Any, parameter: Parameter) -> bool:
    kinds: dict[str, type] = {"integer": int, "boolean": bool, "string": str, "array": str}
    right = isinstance(value, kinds[parameter.type or "string"])
    return right and not (parameter.type == "integer" and isinstance(value, bool)) and value != ""


def _unwrap(text: str, text_only: bool) -> list[Any]:
    """The values inside `api.is_equal_to("x")`, `api.is_one_of(["x", "y"])`, `"x"`, `7`, `True`, `null`.

    Args:
        text: The constraint.
        text_only: Read bare digits as text, leading zeros and all.
    """
    operator = _OPERATOR.fullmatch(text.strip())
    if operator and operator[1] in _NEGATIVE:
        return []
    body = (operator[2] if operator else text).strip()
    if body in ("", "null"):
        return []
    if body in ("True", "False"):
        return [body == "True"]
    if text_only and body[0] not in '"[':
        return [body]
    try:
        found = json.loads(body, strict=False)
    except ValueError:
        found = body.strip('"')
    values = found if isinstance(found, list) else [found]
    return [value.strip() if isinstance(value, str) else value for value in values]
