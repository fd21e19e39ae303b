"""How a value is tied to a sentence: by the preposition of its kind or role, by its name, or as a yes or no."""

from __future__ import annotations

import re

from trm_agent.synthesis.cues import described, item_of, kind_of, label, sense_of
from trm_agent.synthesis.draws import Draws
from trm_agent.synthesis.tasks import article
from trm_agent.synthesis.values import Given
from trm_agent.synthesis.words import VERBS
from trm_agent.text.nouns import is_plural
from trm_agent.types import Parameter, ToolSchema, identifier_words

NATURAL: dict[str, tuple[str, ...]] = {
    "city": ("in {v}", "in {v}", "in {v}", "for {v}", "near {v}", "around {v}"),
    "region": ("in {v}", "for {v}", "across {v}"),
    "country": ("in {v}", "for {v}", "in {v}"),
    "year": ("in {v}", "for {v}", "for the year {v}"),
    "month": ("in {v}", "for {v}"),
    "season": ("in {v}", "for {v}"),
    "weekday": ("on {v}", "for {v}"),
    "time_of_day": ("in the {v}",),
    "person": ("for {v}", "for {v}"),
    "email": ("with email {v}", "with the email {v}", "to {v}"),
    "language": ("in {v}", "in {v}"),
    "currency": ("in {v}", "in {v}"),
    "duration": ("for {v}", "for {v}", "over {v}"),
    "frequency": ("{v}",),
    "money": ("for {v}", "of {v}", "with {a} of {v}"),
    "age": ("for a {v} year old", "aged {v}", "age {v}", "for someone aged {v}"),
    "percent": ("at {a} of {v}", "with {a} of {v}", "with {v} {n}", "at {v} {n}"),
    "topic": ("about {v}", "on {v}", "about {v}"),
    "query": ('for "{v}"', "for {v}", "about {v}"),
    "company": ("for {v}", "at {v}", "from {v}"),
    "artist": ("by {v}",),
    "genre": ("in the {v} genre", "of genre {v}"),
    "product": ("for {v}", "for the {v}", "of {v}"),
    "ticker": ("for {v}", "of {v}"),
    "hotel": ("at {v}", "at the {v}"),
    "restaurant": ("at {v}",),
    "room": ("in the {v}", "for the {v}"),
    "platform": ("on {v}", "for {v}"),
    "disease": ("for {v}", "with {v}"),
    "drug": ("for {v}", "of {v}"),
    "animal": ("for {v}", "of the {v}"),
    "food": ("for {v}", "with {v}"),
    "title": ("called {v}", "named {v}", 'called "{v}"', "titled {v}"),
    "song": ("{v}", '"{v}"', "called {v}"),
    "movie": ("{v}", '"{v}"', "for {v}"),
    "book": ('"{v}"', "for {v}"),
    "message": ('saying "{v}"', 'with the {n} "{v}"', '"{v}"', "that says {v}"),
    "reason": ("because of {v}", "due to {v}"),
    "audience": ("for {v}",),
    "department": ("in {v}", "for the {v} department"),
    "industry": ("in {v}", "in the {v} industry"),
    "event": ("for {v}", "for the {v}"),
    "task": ('to "{v}"', "to {v}"),
    "material": ("made of {v}", "in {v}"),
    "color": ("in {v}",),
    "style": ("in a {v} style",),
    "payment": ("with {v}", "paying by {v}"),
    "address": ("at {v}", "to {v}"),
    "phone": ("at {v}", "on {v}", "with phone number {v}"),
    "temperature": ("to {v}", "at {v}"),
    "cuisine": ("with {v} food", "serving {v}"),
    "sport": ("for {v}", "in {v}"),
    "team": ("for {v}", "of {v}"),
    "vehicle": ("for a {v}", "for my {v}"),
    "device": ("for the {v}", "on the {v}"),
    "weather": ("in {v} weather",),
    "plan": ("on the {v} plan",),
    "image": ("from {v}", "of {v}", "for {v}"),
    "file": ("from {v}", "using {v}", "in {v}"),
    "url": ("from {v}", "at {v}"),
}
"""Kind → how a value of it follows a request, where nothing else of its kind can be meant; {n} is its name."""

_OWN = frozenset(
    ("person", "id", "email", "phone", "address", "money", "age", "username", "company", "city", "message")
)
_CLOSED_SENSES = frozenset(("room", "currency", "language", "color", "season", "month", "weekday", "platform", "city"))

_ROLES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?:source|from|original|input) (?:language|currency|unit)", ("from",)),
        (r"(?:target|to|output|destination) (?:language|currency|unit)", ("to", "into")),
        (
            r"origin(?: \w+)?|from|from \w+|source (?:location|city|station)"
            r"|departure (?:city|location|airport|station)|start(?:ing)? (?:location|point|address)"
            r"|pick ?up(?: location| point| address| place)?|sender(?: name| email)?|payer",
            ("from",),
        ),
        (
            r"destination(?: (?!date)\w+)?|to|to \w+|arrival (?:city|location|airport|station)"
            r"|end(?:ing)? (?:location|point|address)|drop ?off(?: location| point| address| place)?"
            r"|recipients?(?: name| email)?|receiver|payee",
            ("to",),
        ),
        (r"check ?in(?: date)?|start date|from date|date from|start(?:ing)? time|start", ("from", "starting")),
        (r"check ?out(?: date)?|end date|to date|date to|return date|end(?:ing)? time|end", ("until", "till")),
        (r"deadline|due date|due|execution date", ("by",)),
        (r"author|artist|director|composer|singer|band", ("by",)),
        (r"(?:max|maximum)(?: price| budget| cost| amount)|price limit|budget", ("under", "for at most", "up to")),
        (r"(?:min|minimum)(?: price| budget| cost| amount)", ("over", "for at least")),
    )
)


def role_of(parameter: Parameter) -> tuple[str, ...]:
    """The prepositions that tell its role apart from others of its kind: from, to, until, by."""
    if kind_of(parameter) in ("choice", "boolean", "list", "id", "file", "image"):
        return ()
    name = identifier_words(parameter.name.split(".")[-1])
    words = next((words for pattern, words in _ROLES if pattern.fullmatch(name)), ())
    dated = kind_of(parameter) in ("date", "datetime", "time", "period")
    return ("from",) if dated and words == ("from",) else ("until", "till") if dated and words == ("to",) else words


def flag_words(parameter: Parameter) -> tuple[str, str]:
    """How a yes-or-no parameter is spoken of, and its words.

    Returns:
        `with` breakfast, `do` notify the owner, `on` (a thing that is on or off), `be` urgent, `only` direct ones,
        `power` (whatever the tool is about is on or off), or `thing`.
    """
    words = identifier_words(parameter.name.split(".")[-1])
    if words in ("on", "off", "power", "state", "enabled", "active", "turn on", "is on", "power on", "switch"):
        return ("power", "off" if words == "off" else "on")
    for form, pattern in _FLAG_PREFIXES:
        if found := re.match(pattern, words):
            return form, words[found.end() :]
    for form, pattern in _FLAG_ENDINGS:
        if found := re.search(pattern, words):
            return form, words[: found.start()]
    several = len(words.split()) > 1 or words in ("notify", "repeat", "shuffle")
    if words.split()[0] in VERBS and several:
        return "do", words
    return ("be", words) if _ADJECTIVE.fullmatch(words) else ("thing", words)


_FLAG_PREFIXES = (
    ("with", r"(?:include|includes|including|with|has|have|want|wants|need|needs|require|requires|add) "),
    ("on", r"(?:enable|enabled|use|allow|activate|turn on) "),
    ("only", r"only "),
    ("be", r"(?:is|be|are|should be) "),
)
_FLAG_ENDINGS = (
    ("with", r" (?:included|needed|required|wanted)$"),
    ("on", r" (?:enabled|on|mode|activated)$"),
    ("only", r" only$"),
)
_ADJECTIVE = re.compile(
    r"\w+(?:able|ible|ed|ive|ous|ent|al|ic|ful|less|ing)|urgent|express|private|public|round trip|direct|nonstop"
)

_YES_INLINE = {
    "with": ("with {w}", "including {w}", "with {w} included", "with {w}"),
    "do": ("and {w}", "and please {w}", "and also {w}"),
    "on": ("with {w} on", "with {w} enabled", "with {w}"),
    "only": ("{w} only", "only {w}", "just {w} ones"),
    "be": ("and make it {w}", "that is {w}", "({w})"),
    "power": ("and turn it on", "and switch it on", "turned on", "(on)"),
    "thing": ("with {w}", "with {w}", "with {w} on", "and {w}: yes"),
}
_NO_INLINE = {
    "with": ("without {w}", "with no {w}", "excluding {w}", "without {w}"),
    "do": ("but don't {w}", "and do not {w}", "without having to {w}"),
    "on": ("with {w} off", "with {w} disabled", "without {w}"),
    "only": ("not only {w}", "not just {w} ones"),
    "be": ("that is not {w}", "but not {w}", "and not {w}"),
    "power": ("and turn it off", "and switch it off", "turned off", "(off)"),
    "thing": ("without {w}", "with no {w}", "with {w} off", "and {w}: no"),
}
_YES_SENTENCE = {
    "with": ("include {w}", "I want {w}", "with {w} please", "{w} should be included"),
    "do": ("please {w}", "also {w}"),
    "on": ("turn {w} on", "enable {w}", "{w} should be on", "use {w}"),
    "only": ("only {w} please", "just {w} ones", "{w} only"),
    "be": ("it should be {w}", "it's {w}", "make it {w}"),
    "power": ("turn it on", "switch it on", "it should be on", "on please"),
    "thing": ("I want {w}", "{w}: yes", "{w}, yes", "with {w}"),
}
_NO_SENTENCE = {
    "with": ("no {w} please", "I don't need {w}", "leave out {w}", "without {w}"),
    "do": ("don't {w}", "there's no need to {w}", "please don't {w}"),
    "on": ("turn {w} off", "keep {w} off", "{w} should be off", "don't use {w}"),
    "only": ("it doesn't have to be {w}", "not only {w}"),
    "be": ("it's not {w}", "it doesn't have to be {w}", "it should not be {w}"),
    "power": ("turn it off", "switch it off", "it should be off", "off please"),
    "thing": ("no {w}", "{w}: no", "I don't want {w}", "without {w}"),
}


class Attachments(Draws):
    """Draws wordings for values."""

    def attach(self, g: Given, alone: bool) -> str:
        """A value as part of a sentence.

        Args:
            g: The value.
            alone: Nothing else of its kind can be meant, so that it needs no name beside it.
        """
        kind = kind_of(g.parameter)
        if kind == "boolean":
            return self.flag(g)
        role = role_of(g.parameter)
        if role and self.chance(0.85):
            return self.pick([f"{word} {g.shown}" for word in role])
        if not alone or self.chance(0.1):
            return self._named(g)
        if kind in ("date", "datetime", "time", "period"):
            return self._when(g, kind)
        if kind == "id":
            return self._numbered(g)
        options = self._natural(g, sense_of(g.parameter))
        return self.pick(options) if options and self.chance(0.9) else self._named(g)

    def name_of(self, parameter: Parameter) -> str:
        """What it is called: the words of its name, or as often those of its description, if they are few."""
        words = described(parameter)
        return words if words and self.chance(0.5) else label(parameter)

    def statement(self, g: Given) -> str:
        """A value as a sentence of its own."""
        kind, name, v = kind_of(g.parameter), self.name_of(g.parameter), beside_name(g)
        if kind == "boolean":
            return self.flag_sentence(g)
        head_noun = name.split(" of ")[0] if not name.startswith("number of") else "number"
        be = "are" if head_noun.endswith("s") and not head_noun.endswith(("ss", "us", "is")) else "is"
        options = [
            f"the {name} {be} {v}", f"the {name} {be} {v}", f"{name}: {v}", f"the {name} should be {v}",
            f"use {v} as the {name}", f"{name} {be} {v}", f"make the {name} {v}",
            f"for the {name}, use {v}", f"{name} = {v}",
        ]  # fmt: skip
        if kind in _OWN:
            options += [f"my {name} {be} {v}"] * 2
        if kind == "message":
            options = [f'the {name} {be} "{v}"', f"{name}: {v}", f'{name}: "{v}"', f'it should say "{v}"']
        elif kind in ("count", "duration") and g.said.unit:
            options = [form.format(v=g.shown) for form in ("it's for {v}", "{v}", "make it {v}", "it should be {v}")]
        elif role := role_of(g.parameter):
            options += [f"it's {word} {v}" for word in role] * 2
        elif kind == "age":
            options += [f"I am {v}", f"I'm {v} years old", f"age {v}"]
        elif kind == "city":
            options += [f"it's in {v}", f"it's for {v}"]
        return self.pick(options)

    def flag(self, g: Given) -> str:
        """A yes or no as part of a sentence."""
        form, words = flag_words(g.parameter)
        yes = g.said.value is not (words == "off" and form == "power")
        return self.pick((_YES_INLINE if yes else _NO_INLINE)[form]).format(w=words)

    def flag_sentence(self, g: Given) -> str:
        """A yes or no as a sentence."""
        form, words = flag_words(g.parameter)
        yes = g.said.value is not (words == "off" and form == "power")
        return self.pick((_YES_SENTENCE if yes else _NO_SENTENCE)[form]).format(w=words)

    def _named(self, g: Given) -> str:
        name, v = self.name_of(g.parameter), beside_name(g)
        if len(name) == 1:
            return self.pick((f"with {name} = {v}", f"where {name} is {v}", f"with {name}={v}", f"for {name} = {v}"))
        text = isinstance(g.said.value, str) and kind_of(g.parameter) not in ("date", "time", "choice", "datetime")
        quoted = f'"{v}"' if text else v
        options = [
            f"with {name} {v}", f"with {name} {v}", f"with {one(name)} of {v}", f"with {v} as the {name}",
            f"with the {name} set to {v}", f"using {v} as the {name}", f"where the {name} is {v}", f"{name} {v}",
            f"with {name} {quoted}", f"for {name} {v}", f"with the {name} {v}", f"({name}: {v})",
        ]  # fmt: skip
        return self.pick(options)

    def _when(self, g: Given, kind: str) -> str:
        text = g.said.text.lower()
        if kind == "period":
            bare = re.match(r"last|next|this|yesterday|past", text)
            return g.shown if bare else self.pick((f"for {g.shown}", f"in {g.shown}", f"over {g.shown}"))
        if kind == "time":
            return f"at {g.shown}"
        said_alone = re.match(r"today|tomorrow|next|this|in \d|the day after", text) or (
            text[:1].isdigit() and ":" in text[:3]
        )
        return (
            self.pick((g.shown, g.shown, f"for {g.shown}"))
            if said_alone
            else self.pick((f"on {g.shown}",) * 3 + (g.shown,))
        )

    def _numbered(self, g: Given) -> str:
        name, v = label(g.parameter), g.shown
        noun = name.rsplit(" ", 1)[0] if " " in name else ""
        options = [f"with {name} {v}", f"for {name} {v}", f"{name} {v}", f"with the {name} {v}"]
        return self.pick([*options, f"for {noun} {v}", f"of {noun} {v}"] if noun else [*options, f"for {v}"])

    def _natural(self, g: Given, sense: str) -> list[str]:
        kind, name = kind_of(g.parameter), label(g.parameter)
        if kind == "choice":
            if name.split()[-1] in ("mode", "class") and isinstance(g.said.value, str):
                return [f"in {g.shown} {name.split()[-1]}"]
            if sense == "unit" or name in ("unit", "units"):
                return [f"in {g.shown}"]
            if sense not in _CLOSED_SENSES:
                return []
        if kind == "count":
            return self._counted(g)
        if kind == "list":
            return self._several(g)
        forms = NATURAL.get(sense, ())
        return [form.format(v=g.shown, n=name, a=one(name)) for form in forms]

    def _several(self, g: Given) -> list[str]:
        """A list, as one thing of its kind would be said, or numbers of which something is worked out."""
        item = item_of(g.parameter)
        if item.type in ("integer", "number"):
            return [f"of {g.mark}", f"of {g.mark}", f"for {g.mark}", f"for the {label(g.parameter)} {g.mark}"]
        forms = [form for form in NATURAL.get(sense_of(item), ()) if re.fullmatch(r"[a-z ]*\{v\}", form)]
        return [form.format(v=g.mark) for form in forms if form != "{v}"]

    def _counted(self, g: Given) -> list[str]:
        if g.said.unit:
            return [f"for {g.shown}", f"for {g.shown}", f"with {g.shown}"]
        noun = label(g.parameter).removeprefix("number of ")
        people = noun in ("guests", "people", "party size", "persons", "passengers", "travelers")
        plural = noun.endswith("s") and noun.replace(" ", "").isalpha() and g.said.text not in ("one", "1")
        named = [f"for {g.shown} {noun}", f"with {g.shown} {noun}"] if plural else []
        return [*named, *([f"for {g.shown}"] if people else [])]


def alone(g: Given, tool: ToolSchema) -> bool:
    """Whether no other parameter of the tool is of its kind, so that the value needs no name beside it."""
    sense = sense_of(g.parameter)
    closed = kind_of(g.parameter) == "choice" and sense not in _CLOSED_SENSES and sense != "unit"
    if label(g.parameter).split()[-1] in ("mode", "class"):
        return True
    unclear = closed or sense in ("thing", "number")
    return not unclear and sum(_family(sense_of(p)) == _family(sense) for p in tool.parameters) == 1


def beside_name(g: Given) -> str:
    """The mark, with its unit unless the name beside it ends in that."""
    return g.mark if g.said.unit and label(g.parameter).endswith(g.said.unit) else g.shown


def one(name: str) -> str:
    """Its article before it, unless it is a plural: "a mass", "an angle", "days"."""
    return name if is_plural(name.split()[-1]) else f"{article(name)} {name}"


def _family(kind: str) -> str:
    alike = {"region": "place", "city": "place", "country": "place", "datetime": "date", "period": "date"}
    return alike.get(kind, kind)
