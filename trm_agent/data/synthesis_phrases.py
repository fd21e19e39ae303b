"""How people ask for a tool and give values: sentences with a mark for every value.

A mark is one private-use character; noise (case, punctuation, typos) leaves marks alone, and the conversation puts
the values in last. So every value stands in the message as its words are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trm_agent.data.synthesis_cues import head, kind_of, label
from trm_agent.data.synthesis_values import Said
from trm_agent.data.synthesis_words import INFO_VERBS, MASS_NOUNS, STOP_WORDS, VERBS
from trm_agent.types import Parameter, ToolSchema, identifier_words

MARK = 0xE000


@dataclass(frozen=True)
class Given:
    """A value given for a parameter, and the mark that stands for its words."""

    parameter: Parameter
    said: Said
    mark: str

    @property
    def shown(self) -> str:
        """The mark, its unit after it."""
        return f"{self.mark} {self.said.unit}" if self.said.unit else self.mark


@dataclass(frozen=True)
class Style:
    """How one user types.

    Attributes:
        lower: No capitals, in values neither.
        bare: No full stop or question mark at the end.
        typos: Chance of one typo in a message.
    """

    lower: bool = False
    bare: bool = False
    typos: float = 0.0

    @classmethod
    def draw(cls, rng: random.Random) -> Style:
        lower = rng.random() < 0.22
        return cls(lower, rng.random() < (0.8 if lower else 0.15), 0.15 if rng.random() < 0.15 else 0.0)


Pick = Callable[[Sequence[str]], str]


class Phrases:
    """Draws wordings for one conversation."""

    def __init__(self, rng: random.Random, style: Style) -> None:
        self.rng, self.style = rng, style

    def pick(self, options: Sequence[str]) -> str:
        return self.rng.choice(options)

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def request(self, tool: ToolSchema, given: Sequence[Given], opener: str = "") -> str:
        """A request for a tool that gives some values."""
        verb, thing, given = self._task(tool, list(given))
        if self.chance(0.07) and thing and all(kind_of(g.parameter) != "boolean" for g in given):
            return self._terse(verb, thing, given)
        inline, sentences = self._share_out(tool, given)
        task = f"{verb} {thing}".strip()
        frame = self._frame(verb, thing)
        lead = []
        if sentences and self.chance(0.25):
            lead, sentences = sentences[:1], sentences[1:]
        body = frame.format(task=task, thing=thing or task, more=f" {self._joined(inline)}" if inline else "")
        parts = [f"{opener} {body}".strip() if not lead else body, *sentences]
        text = " ".join(_sentence(part) for part in [*lead, *parts])
        return f"{opener} {text}".strip() if lead and opener else text

    def clause(self, tool: ToolSchema, given: Sequence[Given]) -> str:
        """A request that can follow "and also": imperative, on one line."""
        verb, thing, given = self._task(tool, list(given))
        inline = [self.attach(g, self._alone(g, tool)) for g in given]
        return f"{verb} {thing} {self._joined(inline)}".strip()

    def _task(self, tool: ToolSchema, given: list[Given]) -> tuple[str, str, list[Given]]:
        """Verb, what follows it, and the values that are not in it yet."""
        if tool.description and self.chance(0.6):
            verb, thing, rest = self._described(tool, given)
            if verb:
                return verb, thing, rest
        words = identifier_words(tool.name).split()
        told = base_form(tool.description.split()[0]) if tool.description.strip() else ""
        is_verb = words[0] in VERBS or words[0] == told
        verb, rest_words = (words[0], words[1:]) if is_verb else (told if told in VERBS else "get", words)
        if rest_words[:1] in (["for"], ["up"], ["in"], ["out"], ["on"], ["off"]) and words[0] in VERBS:
            verb, rest_words = f"{verb} {rest_words[0]}", rest_words[1:]
        return self._synonym(verb), self._noun(verb, " ".join(rest_words)), given

    def _described(self, tool: ToolSchema, given: list[Given]) -> tuple[str, str, list[Given]]:
        """From the description's first sentence, with values in the place of what stands for them."""
        words = head(tool.description).split()
        if not 2 <= len(words) <= 22 or base_form(words[0]) not in VERBS:
            return "", "", given
        verb = base_form(words[0])
        text = " ".join([lowered(words[1]), *words[2:]])
        rest = []
        for g in given:
            place = (
                self._place(text, g) if kind_of(g.parameter) not in ("boolean", "list") and self.chance(0.8) else None
            )
            if place:
                text = place
            else:
                rest.append(g)
        if max(map(ord, text)) >= MARK:
            text = self._cut_after_marks(text)
        elif self.chance(0.75 if rest else 0.4):
            whole = text
            text = re.split(
                r" (?:for|of|in|on|at|from|by|based|given|using|with|within|between|to|that|which|about|during) "
                r"(?:a|an|the|any|each|given|specific|specified|certain|particular|your|one|some|two)\b",
                text,
                maxsplit=1,
            )[0]
            if not _content(text) & _content(identifier_words(tool.name)):
                text = whole
        text = re.sub(r"\b(?:a|an|the) (?:specific|specified|given|particular|certain) ", "the ", text)
        return self._synonym(verb), text.strip(" ,"), rest

    def _place(self, text: str, g: Given) -> str | None:
        """The text with the value where its noun stands after a preposition: "for a patient" → "for patient P12"."""
        words = identifier_words(g.parameter.name.split(".")[-1]).split()
        tail = words[-1]
        noun = (
            " ".join(words[:-1])
            if tail in ("id", "name", "number", "code", "title") and len(words) > 1
            else " ".join(words)
        )
        pattern = (
            r"(?P<prep>\b(?:for|in|of|on|at|from|to|by|with|about|between|near|into|a|an|the) )"
            r"(?:(?:a|an|the|any|your|this|some|another|specific|specified|given|particular|certain) )*"
            rf"(?:[a-z-]+ )?{re.escape(noun)}(?:'s)?(?: (?:name|id|ID|number))?(?=$|[ ,])"
        )
        found = re.search(pattern, text)
        if not found or chr(MARK) <= max(found[0]):
            return None
        prep = found["prep"] if found["prep"].strip() not in ("a", "an", "the") else ""
        shown = g.shown
        if tail in ("id", "number", "code") and len(words) > 1:
            shown = self.pick((f"{noun} {shown}", f"{noun} {label(g.parameter).split()[-1]} {shown}", shown))
        elif tail in ("name", "title") and self.chance(0.4):
            shown = self.pick((f"the {noun} {shown}", f"{noun} {shown}"))
        return f"{text[: found.start()]}{prep}{shown}{text[found.end() :]}"

    def _cut_after_marks(self, text: str) -> str:
        last = max(i for i, sign in enumerate(text) if ord(sign) >= MARK)
        tail = re.split(
            r",| (?:for|in|of|on|at|from|by|based|given|using|with|within|that|which|to|and) ", text[last + 1 :]
        )[0]
        return text[: last + 1] + tail

    def _synonym(self, verb: str) -> str:
        others = {
            "get": ("get", "get", "find", "pull up", "look up", "get me", "show me", "give me", "tell me"),
            "retrieve": ("retrieve", "get", "find", "pull up", "look up", "get me", "show me", "give me"),
            "fetch": ("fetch", "get", "grab", "get me"),
            "provide": ("provide", "give me", "get me"),
            "display": ("display", "show me"),
            "show": ("show", "show me"),
            "list": ("list", "show me", "give me"),
            "find": ("find", "find me", "look for", "search for"),
            "search": ("search for", "look for", "find"),
            "calculate": ("calculate", "work out", "figure out", "compute", "calculate"),
            "compute": ("compute", "calculate", "work out"),
            "create": ("create", "make", "set up", "create"),
            "book": ("book", "reserve", "book me"),
            "reserve": ("reserve", "book"),
            "purchase": ("purchase", "buy"),
            "delete": ("delete", "remove", "get rid of"),
            "update": ("update", "change", "update"),
            "modify": ("modify", "change"),
            "analyze": ("analyze", "analyze", "analyse"),
            "determine": ("determine", "find out", "figure out"),
            "generate": ("generate", "create", "make"),
            "check": ("check", "check", "look up"),
            "schedule": ("schedule", "set up", "plan"),
        }
        return self.pick(others.get(verb, (verb,)))

    def _noun(self, verb: str, words: str) -> str:
        """An object with an article."""
        words = re.sub(r"\binfo\b", "information", words)
        if not words or words.split()[0] in ("a", "an", "the", "all", "my", "your", "this", "any", "by", "for", "to"):
            return words
        last = re.split(r" (?:by|for|of|from|in|to|with|on|at) ", words)[0].split()[-1]
        if last in MASS_NOUNS or (last.endswith("s") and not last.endswith(("ss", "us", "is"))):
            return self.pick((words, f"the {words}", f"the {words}", f"some {words}"))
        if verb in INFO_VERBS or verb in ("calculate", "compute", "track", "update", "delete", "cancel", "analyze"):
            return self.pick((f"the {words}", f"the {words}", f"the {words}", words))
        article = _article(words)
        return self.pick((f"{article} {words}", f"{article} {words}", f"the {words}", words))

    def _frame(self, verb: str, thing: str) -> str:
        frames = [
            "{task}{more}", "{task}{more}", "please {task}{more}", "{task}{more}, please", "can you {task}{more}?",
            "can you {task}{more}?", "could you {task}{more}?", "could you please {task}{more}?",
            "I want to {task}{more}", "I'd like to {task}{more}", "I would like to {task}{more}",
            "I need to {task}{more}",
            "I need you to {task}{more}", "I want you to {task}{more}", "would you {task}{more} for me?",
            "help me {task}{more}", "hey, {task}{more}", "{task}{more} please", "hi, can you {task}{more}?",
            "I'm trying to {task}{more}", "is it possible to {task}{more}?", "can I {task}{more}?",
            "let's {task}{more}",
            "hi there, I'd like to {task}{more}", "would it be possible to {task}{more}?",
        ]  # fmt: skip
        first = verb.split()[0]
        if verb.endswith(" me"):
            frames = [f for f in frames if not re.search(r"\bto \{task|can I|let's|help me|for me", f)]
        if thing and (
            first in INFO_VERBS or verb in ("give me", "pull up", "look up", "calculate", "compute", "work out")
        ):
            plural = thing.split()[-1].endswith("s")
            be = "are" if plural else "is"
            frames += [
                f"what {be} {{thing}}{{more}}?", f"what {be} {{thing}}{{more}}?", "I need {thing}{more}",
                "I'd like to know {thing}{more}", "show me {thing}{more}", "I'm looking for {thing}{more}",
                "do you have {thing}{more}?", "I want {thing}{more}", "tell me {thing}{more}", "give me {thing}{more}",
                "can I see {thing}{more}?", f"do you know what {{thing}} {be}{{more}}?", "I want to know {thing}{more}",
                "could you tell me {thing}{more}?", "can I have {thing}{more}?", "{thing}{more}?", "{thing}{more}",
            ]  # fmt: skip
        return self.pick(frames)

    def _terse(self, verb: str, thing: str, given: Sequence[Given]) -> str:
        """A list of keywords: "weather forecast, city: Rome"."""
        bare = re.sub(r"^(?:a|an|the|some) ", "", thing)
        parts = [f"{label(g.parameter)}: {g.shown}" for g in given]
        if not parts:
            return bare if verb.split()[0] in INFO_VERBS else f"{verb} {bare}"
        start = bare if verb.split()[0] in INFO_VERBS or verb.endswith(" me") else f"{verb} {bare}"
        return self.pick(
            (f"{start}, {', '.join(parts)}", f"{start}. {', '.join(parts)}", f"{start} - {'; '.join(parts)}")
        )

    def _share_out(self, tool: ToolSchema, given: Sequence[Given]) -> tuple[list[str], list[str]]:
        """Which values go into the request's own sentence, and which get sentences of their own."""
        most = self.rng.choice((1, 2, 2, 3, 3, 4))
        order = list(given)
        if self.chance(0.5):
            self.rng.shuffle(order)
        inline = [g for g in order[:most] if not (kind_of(g.parameter) == "message" and len(g.said.text) > 25)]
        rest = [g for g in order if g not in inline]
        sentences = []
        while rest:
            if len(rest) > 1 and self.chance(0.4):
                a, b = rest[:2]
                rest = rest[2:]
                sentences.append(f"{self.statement(a)} and {lowered(self.statement(b))}")
            else:
                sentences.append(self.statement(rest.pop(0)))
        return [self.attach(g, self._alone(g, tool)) for g in inline], sentences

    def _joined(self, parts: Sequence[str]) -> str:
        if len(parts) > 1 and self.chance(0.35):
            return f"{' '.join(parts[:-1])}{self.pick((' and ', ', '))}{parts[-1]}"
        return " ".join(parts)

    def _alone(self, g: Given, tool: ToolSchema) -> bool:
        """Whether no other parameter of the tool is of its kind, so that the value needs no name beside it."""
        kind = kind_of(g.parameter)
        alike = _family(kind)
        return kind not in ("choice", "thing", "number") and (
            sum(_family(kind_of(p)) == alike for p in tool.parameters) == 1
        )

    def attach(self, g: Given, alone: bool) -> str:
        """A value as part of a sentence."""
        kind, name, shown = kind_of(g.parameter), label(g.parameter), g.shown
        if kind == "boolean":
            return self.flag(g)
        named = self._named(g)
        role = role_of(g.parameter)
        if role and self.chance(0.8):
            return self.pick([f"{word} {shown}" for word in role])
        if not alone or self.chance(0.12):
            return self.pick(named)
        text = g.said.text.lower()
        if kind in ("date", "datetime"):
            if re.match(r"today|tomorrow|next|this|in \d|the day after", text):
                return shown
            return f"on {shown}"
        if kind == "time":
            return shown if text.startswith(("at", "half", "quarter")) and self.chance(0.3) else f"at {shown}"
        if kind == "period":
            return (
                shown
                if re.match(r"last|next|this|yesterday|past", text)
                else self.pick((f"for {shown}", f"in {shown}", f"over {shown}"))
            )
        if kind == "id":
            noun = name.rsplit(" ", 1)[0] if " " in name else "it"
            return self.pick([*named, f"for {noun} {shown}", f"for {shown}", f"of {noun} {shown}"])
        words: dict[str, tuple[str, ...]] = {
            "city": ("in {v}", "in {v}", "for {v}", "in {v}", "near {v}", "around {v}"),
            "region": ("in {v}", "for {v}", "across {v}"),
            "country": ("in {v}", "for {v}", "in {v}"),
            "year": ("in {v}", "for {v}", "for the year {v}"),
            "month": ("in {v}", "for {v}"),
            "season": ("in {v}", "for {v}"),
            "weekday": ("on {v}", "for {v}"),
            "time_of_day": ("in the {v}",),
            "person": ("for {v}", "for {v}"),
            "email": ("to {v}", "at {v}", "for {v}"),
            "language": ("in {v}", "in {v}"),
            "currency": ("in {v}", "in {v}"),
            "duration": ("for {v}", "over {v}"),
            "frequency": ("{v}",),
            "money": ("for {v}", "of {v}", "with a {n} of {v}"),
            "age": ("for a {v} year old", "aged {v}", "age {v}", "for someone aged {v}"),
            "percent": ("at a {n} of {v}", "with a {n} of {v}", "with {v} {n}"),
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
            "animal": ("for a {v}", "of the {v}"),
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
            "count": ("for {v}", "with {v} {n}"),
            "material": ("made of {v}", "in {v}"),
            "color": ("in {v}",),
            "style": ("in a {v} style",),
            "payment": ("with {v}", "paying by {v}"),
            "address": ("at {v}", "to {v}"),
            "phone": ("at {v}", "on {v}"),
        }  # fmt: skip
        natural = words.get(kind, ())
        if kind == "count" and not g.said.unit:
            noun = name.removeprefix("number of ")
            natural = ("for {v}",) if noun in ("guests", "people", "party size") else ()
            if noun.endswith("s") and noun.replace(" ", "").isalpha() and g.said.text not in ("one", "1"):
                natural = (*natural, f"for {{v}} {noun}", f"with {{v}} {noun}")
        elif kind == "count":
            natural = ("for {v}", "with {v}")
        options = [form.format(v=shown, n=name) for form in natural]
        return self.pick(options) if options and self.chance(0.8) else self.pick(named)

    def _named(self, g: Given) -> list[str]:
        name, v = label(g.parameter), g.shown
        quoted = (
            f'"{v}"' if isinstance(g.said.value, str) and kind_of(g.parameter) not in ("date", "time", "choice") else v
        )
        article = _article(name)
        return [
            f"with {name} {v}", f"with {name} {v}", f"with {article} {name} of {v}", f"with the {name} set to {v}",
            f"using {v} as the {name}", f"where the {name} is {v}", f"{name} {v}", f"with {name} {quoted}",
            f"for {name} {v}", f"with {v} as {name}", f"({name}: {v})", f"and {v} for the {name}",
        ]  # fmt: skip

    def statement(self, g: Given) -> str:
        """A value as a sentence of its own."""
        kind, name, v = kind_of(g.parameter), label(g.parameter), g.shown
        if kind == "boolean":
            return self.flag_sentence(g)
        options = [
            f"the {name} is {v}", f"the {name} is {v}", f"{name}: {v}", f"the {name} should be {v}",
            f"use {v} as the {name}",
            f"{name} is {v}", f"my {name} is {v}", f"make the {name} {v}", f"for the {name}, use {v}", f"{name} = {v}",
        ]  # fmt: skip
        if kind == "message":
            options = [
                f'the {name} is "{v}"',
                f"{name}: {v}",
                f'{name}: "{v}"',
                f'it should say "{v}"',
                f"the {name}: {v}",
            ]
        elif role := role_of(g.parameter):
            options += [f"it's {word} {v}" for word in role]
        elif kind == "age":
            options += [f"I am {v}", f"I'm {v} years old", f"age {v}"]
        elif kind == "city":
            options += [f"it's in {v}", f"it's for {v}"]
        elif kind == "money":
            options += [f"my {name} is {v}", f"the {name} is {v}"]
        return self.pick(options)

    def flag(self, g: Given) -> str:
        """A yes or no as part of a sentence."""
        form, words = flag_words(g.parameter)
        if g.said.value:
            options = {
                "with": (f"with {words}", f"including {words}", f"with {words} included", f"{words} included"),
                "do": (f"and {words}", f"and please {words}"),
                "on": (f"with {words} on", f"with {words} enabled", f"and turn on {words}"),
                "be": (f"and make it {words}", f"that is {words}", f"({words})"),
                "thing": (f"with {words}", f"with {words} on", f"with {words} set to true", f"and {words}: yes"),
            }
        else:
            options = {
                "with": (f"without {words}", f"no {words}", f"excluding {words}", f"without {words}"),
                "do": (f"but don't {words}", f"and do not {words}"),
                "on": (f"with {words} off", f"with {words} disabled", f"without {words}"),
                "be": (f"that is not {words}", f"but not {words}", f"and not {words}"),
                "thing": (f"without {words}", f"with {words} off", f"with {words} set to false", f"and {words}: no"),
            }
        return self.pick(options[form])

    def flag_sentence(self, g: Given) -> str:
        """A yes or no as a sentence."""
        form, words = flag_words(g.parameter)
        if g.said.value:
            options = {
                "with": (f"include {words}", f"I want {words}", f"with {words} please", f"and yes, {words} too"),
                "do": (f"please {words}", f"also {words}"),
                "on": (f"turn {words} on", f"enable {words}", f"{words} should be on"),
                "be": (f"it should be {words}", f"it's {words}", f"make it {words}"),
                "thing": (f"I want {words}", f"{words}: yes", f"set {words} to true", f"{words} should be on"),
            }
        else:
            options = {
                "with": (f"no {words} please", f"I don't need {words}", f"leave out {words}", f"without {words}"),
                "do": (f"don't {words}", f"there's no need to {words}"),
                "on": (f"turn {words} off", f"keep {words} off", f"{words} should be off"),
                "be": (f"it's not {words}", f"it doesn't have to be {words}", f"it should not be {words}"),
                "thing": (f"no {words}", f"{words}: no", f"set {words} to false", f"I don't want {words}"),
            }
        return self.pick(options[form])

    def finish(self, text: str) -> str:
        """The user's habits: case, end of the sentence, a typo. Marks stay as they are."""
        text = re.sub(r"\s+", " ", text).strip()
        text = re.sub(r" ([,.?!])", r"\1", text)
        capital = re.sub(r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), text)
        text = text.lower() if self.style.lower else capital
        if self.style.bare:
            text = text.rstrip(".?") if chr(MARK) > text[-2:-1] or text[-1:] == "." else text
        elif text[-1:] not in ".?!" and self.chance(0.6):
            text += "."
        if self.style.typos and self.chance(self.style.typos):
            text = self._typo(text)
        return text

    def _typo(self, text: str) -> str:
        places = [m.start() for m in re.finditer(r"(?<=[a-z])[a-z](?=[a-z])", text)]
        if not places:
            return text
        at = self.rng.choice(places)
        kind = self.rng.randrange(3)
        if kind == 0:
            return text[:at] + text[at + 1 :]
        if kind == 1:
            return text[:at] + text[at] + text[at:]
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


_ROLES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), words)
    for pattern, words in (
        (r"(?:source|from|original|input) (?:language|currency|unit)", ("from",)),
        (r"(?:target|to|output|destination) (?:language|currency|unit)", ("to", "into")),
        (
            r"origin|from|source location|departure (?:city|location|airport|station)"
            r"|start(?:ing)? (?:location|point)|pick ?up(?: location| point| address)?",
            ("from",),
        ),
        (
            r"destination|to|arrival (?:city|location|airport|station)|end(?:ing)? (?:location|point)"
            r"|drop ?off(?: location| point| address)?|recipients?|receiver",
            ("to",),
        ),
        (r"check ?in date|start date|from date|date from|start(?:ing)? time|start", ("from", "starting")),
        (r"check ?out date|end date|to date|date to|return date|end(?:ing)? time|end", ("until", "till")),
        (r"deadline|due date|due", ("by",)),
        (r"author|artist|director|composer|singer|band", ("by",)),
        (r"(?:max|maximum)(?: price| budget| cost| amount)|price limit", ("under", "for at most", "up to")),
        (r"(?:min|minimum)(?: price| budget| cost| amount)", ("over", "for at least")),
    )
)  # fmt: skip


def role_of(parameter: Parameter) -> tuple[str, ...]:
    """The prepositions that tell its role apart from others of its kind: from, to, until, by."""
    name = identifier_words(parameter.name.split(".")[-1])
    if kind_of(parameter) in ("choice", "boolean", "list", "id", "file", "image"):
        return ()
    return next((words for pattern, words in _ROLES if pattern.fullmatch(name)), ())


def _family(kind: str) -> str:
    return {"region": "place", "city": "place", "country": "place", "datetime": "date", "period": "date"}.get(
        kind, kind
    )


_FLAG_PREFIXES = (
    ("with", r"(?:include|includes|including|with|has|have|want|wants|need|needs|require|requires|add) "),
    ("on", r"(?:enable|enabled|use|allow|activate|turn on) "),
    ("be", r"(?:is|be|are|should be) "),
)


def flag_words(parameter: Parameter) -> tuple[str, str]:
    """How a yes-or-no parameter is spoken of: `with` breakfast, `do` notify the owner, `on`, `be` urgent, `thing`."""
    words = identifier_words(parameter.name.split(".")[-1])
    for form, pattern in _FLAG_PREFIXES:
        if found := re.match(pattern, words):
            return form, words[found.end() :]
    if words.split()[0] in VERBS and (len(words.split()) > 1 or words in ("notify", "repeat", "shuffle")):
        return "do", words
    if re.fullmatch(
        r"\w+(?:able|ible|ed|ive|ous|ent|al|ic|ful|less)|urgent|express|private|public|round trip|direct|nonstop", words
    ):
        return "be", words
    return (
        ("on", words.removesuffix(" enabled").removesuffix(" on"))
        if words.endswith((" enabled", " on"))
        else ("thing", words)
    )


def lowered(text: str) -> str:
    """With a small first letter, unless it is I, an abbreviation or a mark."""
    first = text.split(" ", 1)[0]
    if not text or first in ("I", "I'm", "I'd") or (len(first) > 1 and not first[1:2].islower()):
        return text
    return text[0].lower() + text[1:]


def base_form(word: str) -> str:
    """`Retrieves` → `retrieve`."""
    word = word.lower().strip(",.:")
    if word in VERBS:
        return word
    for ending, instead in (("ies", "y"), ("es", "e"), ("es", ""), ("s", "")):
        if word.endswith(ending) and word[: -len(ending)] + instead in VERBS:
            return word[: -len(ending)] + instead
    return word


def _article(words: str) -> str:
    vowel = words[0].lower() in "aeiou" and not re.match(r"us|uni|eu|one|ut", words.lower())
    return "an" if vowel else "a"


def _content(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z0-9]+", text.lower())} - STOP_WORDS


def _sentence(text: str) -> str:
    return text if text[-1:] in ".?!" else f"{text}."
