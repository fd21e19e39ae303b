"""What a parameter holds, told from its name, description and schema: its kind, label, unit and examples."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from trm_agent.synthesis.words import VERBS
from trm_agent.types import Parameter, identifier_words


def _table(text: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = [line.split("::") for line in re.sub(r"\s*\n\s*\|", "|", text.strip()).splitlines()]
    return tuple((kind.strip(), re.compile(rf"\b(?:{pattern.strip()})\b")) for kind, pattern in rows)


_STRING_KINDS = _table(
    r"""
    email        :: e ?mails?|contact info
    phone        :: phone|mobile|telephone|fax|whatsapp
    url          :: urls?|websites?|links?|uri|webpage|endpoint|domain
    ip           :: ip|ip address
    username     :: user ?names?|login|handle|nickname|account name
    password     :: password|passcode|pin
    token        :: token|api key|secret|hash|sequence|signature
    version      :: version|release
    programming_language :: programming language|coding language
    image        :: image|photo|picture|scan|thumbnail
    audio        :: audio|recording
    video        :: video (?:file|path)|footage
    file         :: file|path|filename|document|dataset|folder|directory|spreadsheet|input data|data source
    period       :: date range|time (?:period|frame|range|interval|window)|timeframe|period|interval|dates
                 |range of dates
    frequency    :: frequency|recurrence|how often|repeat
    range        :: (?:age|price|salary|budget) (?:range|group)|range
    time_of_day  :: time of day|part of day
    datetime     :: timestamp|date ?time|date and time
    duration     :: duration|length of (?:stay|time)|how long|time limit|term
    date         :: date|day|deadline|birthday|dob|check ?in|check ?out|due|expiry|expiration|arrival date
                 |departure date
    time         :: time|hour|hours
    year         :: year
    month        :: month
    weekday      :: weekday|day of (?:the )?week
    currency     :: currency|currencies
    language     :: languages?|lang|locale
    zip          :: zip|zipcode|postal code|postcode|zip code
    address      :: (?:street|shipping|billing|home|delivery|pickup|mailing|full) address|address|street
    airport      :: airport|iata
    ticker       :: symbol|ticker|stock|coin|cryptocurrency
    id           :: id|ids|identifier|code|number|sku|vin|isbn|serial|reference|ref|license plate|plate|barcode|key
    company      :: company|organization|organisation|brand|manufacturer|client|publisher|agency|employer|vendor
                 |supplier|provider|bank|institution|merchant|airline|establishment|sponsor
    hotel        :: hotel|lodging|accommodation|resort
    restaurant   :: restaurant|cafe|bar|venue
    team         :: team|club|opponent
    event        :: event|occasion|meeting|appointment|activity|exercise|program|course|workshop
    artist       :: artist|band|musician|composer|singer|philosopher|painter
    person       :: (?:first|last|full|customer|patient|guest|contact|employee|passenger|player) ?names?
                 |(?:athlete|person|student|user|donor|participant|client|owner|member|driver) ?names?
                 |(?:holder|recipient|doctor|teacher|family|given|sur) ?names?
                 |author|director|recipients?|payee|beneficiary|sender|host|attendees?|founder|doctor|teacher|driver|contact
                 |person|patient|coach|actor|invitee|assignee|owner
                 |name of the (?:person|customer|patient|user|guest)|celebrity|participants?
    song         :: songs?|track|music
    movie        :: movie|film|tv|series|episode|show
    book         :: book|novel|publication|journal
    game         :: games?
    cuisine      :: cuisine
    food         :: food|dish|meal|ingredients?|recipe|crop|fruit|drink|toppings?|menu item
    genre        :: genre
    sport        :: sports?
    animal       :: animal|species|breed|pet|organism|livestock
    plant        :: plant|flower|tree
    color        :: colou?rs?
    gender       :: gender|sex
    disease      :: disease|illness|diagnosis|condition|disorder|medical history|allergy|allergies
    symptom      :: symptoms?
    drug         :: drug|medication|medicine|compound|substance|chemical|vaccine
    dosage       :: dosage|dose
    material     :: material|fabric|metal
    unit         :: units?
    season       :: season
    occupation   :: occupation|job|profession|position|role|job title
    vehicle      :: vehicle|car|truck|aircraft|make
    size         :: size|resolution|format
    dimension    :: dimensions?|height|width|length|depth|distance|weight
    level        :: level|priority|severity|difficulty|urgency|intensity|importance
    status       :: status|state of
    payment      :: payment(?: method)?
    platform     :: platform|operating system|os|social media|channel|app
    department   :: department|division
    industry     :: industry|sector|field
    product      :: products?|items?|model|merchandise
    category     :: category|categories
    topic        :: topics?|subject|theme|keywords?|interests?|issue
    room         :: room|zone
    device       :: devices?|appliance|sensor|machine|equipment
    style        :: style|design|mood|tone|layout
    audience     :: audience|market|demographic
    direction    :: direction
    weather      :: weather
    plan         :: plan|package|tier|policy type|subscription
    algorithm    :: algorithm|method|technique|methodology
    religion     :: religion|faith
    task         :: task|to ?do|reminder|goal
    service      :: service
    message      :: message|text|content|comments?|body|feedback|caption|review|instructions?|sentence|post
                 |tweet|notes?|description|details|bio|summary|input|requirements|additional info
    reason       :: reason|purpose|cause|problem|complaint
    query        :: query|question|prompt|search|phrase|term|keyword
    region       :: region|state|province|county|area|territory|habitat|environment|jurisdiction
    country      :: country|countries|nation|nationality
    city         :: city|cities|town|location|locations|place|destination|origin|departure|arrival|from|to
                 |pickup|drop ?off|where|source|site
    title        :: title|project|playlist|campaign|label|album|name
    """
)
_NUMBER_KINDS = _table(
    r"""
    year         :: year
    latitude     :: lat|latitude
    longitude    :: lon|lng|long|longitude
    age          :: ages?
    percent      :: percent|percentage|rate|ratio|discount|probability|tax|tip|humidity|brightness|volume
                 |threshold|confidence
    money        :: price|amount|budget|cost|fee|salary|income|payment|balance|revenue|expenses?|deposit|loan
                 |bid|wage|total|coverage|premium|bill|investment|principal|value of|spend|money|fare
    temperature  :: temperature|temp
    id           :: id|code|number|identifier|isbn|zip
    count        :: guests?|people|persons?|party size|passengers?|adults?|children|kids|travell?ers|tickets?
                 |seats?|quantity|qty|count|rooms?|nights?|days|copies|items|players|participants|limit|num
                 |number of|how many|size|weeks|months|hours|bedrooms|stars|rating|results|attendees|page|units
    duration     :: duration|minutes?|seconds?|timeout|term|length of
    measure      :: weight|height|width|depth|length|distance|speed|area|mass|radius|capacity|altitude|pressure
                 |volume|force|power|load
    """
)
_EXAMPLES = re.compile(
    r"\(?\b(?:e\.\s?g\.?|eg\.|for example|for instance|such as|example(?:s)?(?: are| is)?\s*:)[,:]?\s*", re.IGNORECASE
)
_QUOTED = re.compile(r"['\"“`‘]([^'\"”`’]{1,60})['\"”`’]")
_UNIT = re.compile(
    r"(?:\b(?:in|of|unit:?)\s+(?:the\s+)?|\((?:in )?)(m/s|meters per second|miles per hour|kilometers per hour"
    r"|seconds|minutes|hours|days|weeks|months|years|kilometers|km/h|km|miles|meters|kilograms|kg|pounds"
    r"|degrees|celsius|fahrenheit|percent|percentage|liters|newtons|joules|volts|amperes|ohms|metres|kilometres"
    r"|centimeters|cm|inches|feet|grams|watts|hectares|acres|mph|nights)(?![\w/])"
)
_UNIT_NAME = re.compile(
    r"(?:^| )(seconds|minutes|hours|days|weeks|months|years|km|miles|meters|cm|kg|grams|hectares|nights|percent)$"
)
_PLACEHOLDER = re.compile(r"YYYY|MM|DD/|HH:|^(?:specific|any|your|the name|xxx)\b|<|\bID\b|\bnumber$", re.IGNORECASE)
_FORMATS = {"email": "email", "uri": "url", "url": "url", "uuid": "uuid", "ipv4": "ip", "hostname": "url"}
_ABBREVIATED = {
    "num": "number of", "no": "number of", "nb": "number of", "n": "number of", "qty": "quantity", "max": "maximum",
    "min": "minimum", "id": "ID", "ids": "IDs", "dob": "date of birth", "temp": "temperature", "lat": "latitude",
    "lon": "longitude", "lng": "longitude", "addr": "address", "dest": "destination", "url": "URL", "ip": "IP",
    "src": "source",
    "dst": "destination", "desc": "description", "pct": "percentage", "amt": "amount", "lang": "language",
}  # fmt: skip


@lru_cache(maxsize=65536)
def _kind(kind: str, form: str, name: str, description: str) -> str:
    if kind in ("integer", "number"):
        return _first(_NUMBER_KINDS, name, description) or "number"
    if form in ("date", "time", "date-time"):
        return {"date-time": "datetime"}.get(form, form)
    bare = re.sub(r" (?:name|title|type|category|names)$", "", name)
    if name == "room type":
        return "plan"  # a suite is no place
    return (
        _FORMATS.get(form)
        or (_named(_STRING_KINDS, bare) if bare != name and name not in _WHOLE_NAMES else None)
        or _first(_STRING_KINDS, name, _noun_phrase(description))
        or "thing"
    )


def kind_of(parameter: Parameter) -> str:
    """Its kind: `choice`, `boolean`, `list`, a key of `words.WORDS`, or what its generator is named by."""
    if parameter.type == "array":
        return "list"
    if parameter.type == "boolean" and set(parameter.choices) == {True, False}:
        return "boolean"
    if parameter.choices:
        return "choice"
    return _open_kind(parameter)


def sense_of(parameter: Parameter) -> str:
    """The kind that a closed parameter would have if it were open: a `choice` of rooms is a `room`."""
    return _open_kind(parameter) if kind_of(parameter) == "choice" else kind_of(parameter)


def _open_kind(parameter: Parameter) -> str:
    form = str(parameter.schema.get("format") or "")
    kind = "string" if parameter.choices and parameter.type == "array" else parameter.type
    return _kind(kind, form, spoken_name(parameter), head(parameter.description).lower())


def spoken_name(parameter: Parameter) -> str:
    """The words of its name; a leaf such as `recipient.name` says nothing without what it belongs to."""
    path = parameter.name.split(".")
    words = identifier_words(path[-1])
    if len(path) > 1 and words in ("name", "id", "type", "value", "number", "code", "date", "time", "title", "label"):
        return f"{identifier_words(path[-2])} {words}"
    return words


def item_of(parameter: Parameter) -> Parameter:
    """The parameter that one item of an array is."""
    items = parameter.schema.get("items")
    name = parameter.name.rsplit(".", 1)[-1]
    singular = name[:-1] if name.endswith("s") and not name.endswith("ss") else name
    spec: dict[str, Any] = dict(items) if isinstance(items, dict) else {"type": "string"}
    spec.setdefault("type", "string")
    spec.setdefault("description", parameter.description)
    return Parameter(singular, spec)


def label(parameter: Parameter) -> str:
    """Its name as people would say it: `num_guests` is "number of guests", `patient_id` "patient ID"."""
    name = spoken_name(parameter)
    for pattern, form in _RENAMED:
        name = pattern.sub(form, name)
    words = name.split()
    if len(words) > 1 and _UNIT_NAME.search(name) and parameter.type in ("integer", "number"):
        words = words[:-1]
    said = [_ABBREVIATED.get(word, word) for word in words]
    if len(said) > 1 and said[-1] == "number of":
        said[-1] = "number"
    return " ".join(said)


_PLACES = r"(city|location|airport|station|address|town|place|country)"
_RENAMED = (
    (re.compile(rf"^from {_PLACES}$"), r"departure \1"),
    (re.compile(rf"^to {_PLACES}$"), r"destination \1"),
    (re.compile(r"^from (currency|unit|language)$"), r"source \1"),
    (re.compile(r"^to (currency|unit|language)$"), r"target \1"),
    (re.compile(r"^(check) ?(in|out)$"), r"\1-\2 date"),
    (re.compile(r"^due$"), "due date"),
    (re.compile(r"^(?:to|recipient email)$"), "recipient"),
)


def described(parameter: Parameter) -> str:
    """What its description calls it, without article and unit; empty where that is no short noun phrase.

    "The initial velocity of the car in m/s." is "initial velocity of the car".
    """
    words = re.split(_AFTER_NOUN, head(parameter.description))[0].strip(" ,.:")
    bare = _ARTICLES.sub("", words)
    short = 1 <= len(bare.split()) <= 5 and re.fullmatch(r"[A-Za-z][A-Za-z' -]+", bare)
    if not short or _NO_NOUN.match(bare) or (bare == words and bare.split()[0].lower() in VERBS):
        return ""
    first = bare.split(" ", 1)[0]
    return bare if len(first) > 1 and not first[1:].islower() else bare[0].lower() + bare[1:]


_ARTICLES = re.compile(r"^(?:(?:the|an?|your|optional|desired|specific|given) )+", re.IGNORECASE)
_AFTER_NOUN = (
    r",| (?:for|to|in|on|at|from|that|which|where|whose|with|by|you|used|being|is|are|as|per|when|if|or|between|after"
    r"|should|whether|must|since|until|and|who|whom|against|into|within|under|over|about) "
)
_NO_NOUN = re.compile(
    r"(?:whether|if|when|where|what|which|who|how|any|only|a|in|of|for|to|at|by|from"
    r"|additional|filter|determines|specifies|list of|use|max|min"
    r"|name of|array of|set|type|format|optional|default|true|false|this|number)\b",
    re.IGNORECASE,
)


def head(description: str) -> str:
    """A description up to its examples, its first bracket or the end of its first sentence."""
    cut = _EXAMPLES.split(description)[0]
    return re.split(r"[(\[;]|\.\s|\.$", cut)[0].strip(" ,.:")


def unit_of(parameter: Parameter) -> str:
    """The unit its numbers are in, where name, description or schema say so; else empty."""
    name = identifier_words(parameter.name.split(".")[-1])
    found = _UNIT_NAME.search(name) or _UNIT.search(parameter.description.lower())
    unit = found[1] if found else ""
    return {"percentage": "percent", "celsius": "degrees", "fahrenheit": "degrees"}.get(unit, unit)


@lru_cache(maxsize=65536)
def _described_examples(description: str) -> tuple[str, ...]:
    found = _EXAMPLES.search(description)
    if not found:
        return ()
    rest = description[found.end() :]
    if quoted := _QUOTED.findall(rest):
        return tuple(text.strip(" ,") for text in quoted if text.strip(" ,"))
    rest = re.split(r"\)|;|\.\s|\.$", rest)[0]
    items = [item.strip(" .,'\"") for item in re.split(r",\s+(?:and |or )?|\s+or\s+|\s+and\s+|,(?!\d{3})", rest)]
    good = [item for item in items if item and len(item.split()) <= 5 and not re.search(r"\betc\b|\.\.\.", item)]
    return tuple(good)


def examples_of(parameter: Parameter) -> tuple[str, ...]:
    """Values that schema or description name as examples, as text."""
    schema = parameter.schema
    out: list[str] = []
    for key in ("examples", "example", "example_values"):
        value = schema.get(key)
        values = value if isinstance(value, list) else [] if value is None else [value]
        out.extend(str(item) for item in values if isinstance(item, str | int | float) and not isinstance(item, bool))
    out.extend(_described_examples(parameter.description))
    if not out and (quoted := _QUOTED.findall(parameter.description)) and len(quoted) > 1:
        out.extend(text.strip() for text in quoted if text.strip())
    return tuple(text for text in dict.fromkeys(out) if not _PLACEHOLDER.search(text))


_WHOLE_NAMES = frozenset(
    ("user name", "first name", "last name", "full name", "customer name", "guest name", "client name")
)
_VAGUE = frozenset(
    ("id", "title", "message", "plan", "size", "level", "file", "status", "token", "time", "style", "range", "task")
)


def _noun_phrase(description: str) -> str:
    """What a description says that its parameter is: "The name of the city" is "name"."""
    return re.split(r" (?:of|for|to|in|on|at|from|that|which|where|whose|with|by|you|used|being|is|are) ", description)[
        0
    ]


def _first(table: tuple[tuple[str, re.Pattern[str]], ...], name: str, description: str) -> str | None:
    """The kind that the name tells; else the first that the description tells, if it tells one clearly."""
    clear = (kind for kind, pattern in table if kind not in _VAGUE and pattern.search(description))
    return _named(table, name) or next(clear, None)


def _named(table: tuple[tuple[str, re.Pattern[str]], ...], name: str) -> str | None:
    """The kind whose cue ends last in the name, since a head noun comes last."""
    found = [
        (match.end(), match.end() - match.start(), -rank, kind)
        for rank, (kind, pattern) in enumerate(table)
        for match in pattern.finditer(name)
    ]
    return max(found)[3] if found else None
